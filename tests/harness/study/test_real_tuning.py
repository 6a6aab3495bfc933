"""Tuned real checkpoints: what is planned, what is refused, and what the page made of their cells says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from test_real import asked

from calibench.errors import DataError
from calibench.study import real_tuning, real_tuning_page
from calibench.study.real_cells import RealCell
from calibench.study.real_tuning_page import TASKS, differences, family, verdict

PARENT = "sha256:" + "ab" * 32


def lineage(recipe: str, parent: str = PARENT, right: int = 70) -> dict:
    rows = {"rows": {"answer": right, "yes": right, "no": 90}, "learned_tokens": {"answer": 9000}, "too_long": 0}
    return {
        "recipe": recipe,
        "parents": [{"name": "coder", "fingerprint": parent}],
        "questions": {"training": 64},
        "options": {"schedule": "linear", **real_tuning.SETTINGS},
        "configuration": {"max_tokens": 320},
        "iterations": [{"sampled": {"draws": 256, "correct": right}, "rows": rows, "curve": []}],
    }


def cell(name: str, accuracy: float, made_by: dict | None = None, seed: int = 0) -> RealCell:
    rng = np.random.default_rng(seed)
    return RealCell(
        model=f"coder-{name}" if made_by else "coder",
        weights="sha256:" + name if made_by else PARENT,
        settings={"max_tokens": 512}, cpu_seconds=3600.0, lineage=made_by or {},
        passes={"default": {task: asked(rng, accuracy, ("asked", "p_true")) for task in TASKS}},
    )  # fmt: skip


def cells(distilled: float = 0.2) -> list[RealCell]:
    made = [cell(name, 0.2, lineage(recipe)) for name, recipe in real_tuning.RECIPES.items()]
    return [cell("parent", 0.2), cell("distilled", distilled, lineage("star"), seed=1), *made[1:]]


def test_a_row_of_the_rule_is_judged_by_its_claim_and_corrected_over_the_rule_alone():
    given = [*cells()[:1], cell("distilled", 0.9, lineage("star"), seed=1), cell("epicar", 0.02, lineage("epicar"))]
    named, everything = differences(family(given))
    assert {row.name for row, _ in named} == {"distilled", "epicar"}
    judged = {(row.name, row.task, row.metric): verdict(row, found) for row, found in named}
    assert judged["distilled", "gsm8k", "accuracy"] == "found"
    assert judged["distilled", "creak", "accuracy"] == "the opposite"  # it does not forget
    assert judged["epicar", "mbpp", "accuracy"] == "found"
    assert judged["epicar", "gsm8k", "auroc"] == "too small to tell"
    of_all = {(f.run_b, f.task, f.method, f.metric): f for f in everything}
    assert len(of_all) == len(everything) == 2 * 4 * 2 * len(real_tuning_page.MEASURES)
    smallest = min(found.p_value for _, found in named)
    for row, found in named:
        assert found.p_value == of_all[row.name, row.task, row.method, row.metric].p_value
        if found.p_value == smallest:
            assert found.p_holm == pytest.approx(len(named) * smallest)


def test_the_page_says_what_was_found_and_what_is_not_there_yet(tmp_path):
    real_tuning_page.write(cells(0.9)[:3], tmp_path)
    page = (tmp_path / "real-tuning.md").read_text()
    assert re.search(r"\*\*found\*\*: distilled, gsm8k, p_true accuracy \(\+0\.\d+ \[", page)
    assert "Not made yet: confidence_sft; until then the correction" in page
    assert "256 draws of training questions of GSM8K, 70 of them right" in page
    assert "| epicar | `epicar` | 64 | 70 answer, 70 yes, 90 no | 9000 answer | 1.0 |" in page
    assert "rank 8 and alpha 16" in page


def test_there_is_no_page_before_there_is_something_to_say(tmp_path):
    parent, distilled, *_ = cells()
    half = replace(distilled, passes={"default": {"gsm8k": distilled.passes["default"]["gsm8k"]}})
    for given in ([], [parent], [distilled], [parent, half]):
        with pytest.raises(DataError, match="none yet"):
            real_tuning_page.write(given, tmp_path)
    with pytest.raises(DataError, match="of one parent"):
        real_tuning_page.write([parent, cell("epicar", 0.2, lineage("epicar", "sha256:other"))], tmp_path)
    with pytest.raises(DataError, match="the same draws"):
        real_tuning_page.write([parent, distilled, cell("epicar", 0.2, lineage("epicar", right=9))], tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_plan_is_within_six_cpu_hours_and_grows_with_the_model():
    hours = real_tuning.plan(630_000_000, real_tuning.Extent())
    assert 3 < sum(hours.values()) < 6
    assert {"sampling", "training epicar", "asking the parent"} < hours.keys()
    larger = real_tuning.plan(1_260_000_000, real_tuning.Extent())
    assert larger == pytest.approx({step: 2 * of for step, of in hours.items()})


def test_draws_are_shared_and_those_that_are_there_stay(tmp_path):
    first, other = tmp_path / "first", tmp_path / "other"
    samples = Path("work", "iteration-1", "samples")
    (first / samples).mkdir(parents=True)
    (first / samples / "run.sqlite").write_text("drawn")
    real_tuning.share_draws(first, first)
    real_tuning.share_draws(first, other)
    assert (other / samples / "run.sqlite").read_text() == "drawn"
    (other / samples / "run.sqlite").write_text("continued")
    real_tuning.share_draws(first, other)
    assert (other / samples / "run.sqlite").read_text() == "continued"


@pytest.mark.parametrize("arguments", [[], ["model", "--page", "docs"]])
def test_either_a_model_or_a_page_is_asked_for(arguments, capsys):
    with pytest.raises(SystemExit):
        real_tuning.main(arguments)
    assert "expected either MODEL, or --page DIR" in capsys.readouterr().err


def test_a_folder_without_cells_is_told_in_a_line(tmp_path, capsys):
    assert real_tuning.main(["--cells", str(tmp_path), "--page", str(tmp_path)]) != 0
    assert capsys.readouterr().err.count("\n") == 1
