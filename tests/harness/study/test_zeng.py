"""What the study's page says of instruct, sft and rl as Zeng et al. do: by hand, and beside scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from sklearn.metrics import average_precision_score

from calibench.metrics.calibration import expected_calibration_error
from calibench.metrics.discrimination import auroc
from calibench.metrics.proper import brier_score
from calibench.reports.text import number
from calibench.study.cells import Cell, GreedyAnswers, decode, encode, read
from calibench.study.numbers import Numbers, Side
from calibench.study.zeng import as_zeng, by_all_and_some

KINDS = ("instruct", "sft", "rl")
DOCS = Path(__file__).resolve().parents[3] / "docs"


def cell(kind: str, tasks: dict[str, tuple[str, list[float | None]]], seed: int = 0) -> Cell:
    """With the outcomes and stated confidences of each task."""
    test = {
        task: GreedyAnswers(
            domain="fact",
            questions=f"ids of {task}",
            cluster=None,
            outcomes=outcomes,
            confidence={"stated": encode(np.array(stated, dtype=float))},
        )
        for task, (outcomes, stated) in tasks.items()
    }
    return Cell(
        kind=kind, seed=seed, settings={}, fingerprint="", parent=None, bundled=False, cpu_seconds={}, summary={},
        test=test, draws={}, sampled=(), rounds=(),
    )  # fmt: skip


def many(seed: int, n: int = 60) -> tuple[str, list[float | None]]:
    rng = np.random.default_rng(seed)
    right = rng.random(n) < 0.6
    return "".join("c" if r else "i" for r in right), list(np.round(0.5 + 0.2 * right + 0.3 * rng.random(n), 1))


def section(cells: list[Cell]) -> str:
    return "\n\n".join(as_zeng(Numbers(cells, resamples=50)))


def rows_of(text: str, start: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith(f"| {start} | ")]


def test_auprc_is_scikit_learns_mean_over_tasks_with_an_interval():
    tasks = {"a": many(1), "b": many(2)}
    numbers = Numbers([cell("sft", tasks)], resamples=200)
    for metric, of_errors in (("auprc_correct", False), ("auprc_incorrect", True)):
        expected = np.mean([
            average_precision_score(
                [(letter == "i") == of_errors for letter in outcomes],
                [1 - c if of_errors else c for c in stated],
            )
            for outcomes, stated in tasks.values()
        ])  # fmt: skip
        side = Side("sft", metric, "stated")
        assert numbers.estimate(side).value == pytest.approx(expected)
        low, high = numbers.interval(side)
        assert 0 < expected - low < 0.2
        assert 0 < high - expected < 0.2


def test_the_committed_section_is_of_the_committed_cells():
    page = (DOCS / "study.md").read_text().partition("## As Zeng et al. report it")[2].partition("\n## ")[0]
    for kind in KINDS:
        held = [of for s in range(3) for of in read(DOCS / "study/cells" / f"seed{s}-{kind}.json").test.values()]
        precisions = []
        for of in held:
            stated, outcomes = decode(of.confidence["stated"]), np.array(list(of.outcomes))
            scored = np.isin(outcomes, ["c", "i"]) & ~np.isnan(stated)
            right, given = outcomes[scored] == "c", stated[scored]
            precisions.append([average_precision_score(right, given), average_precision_score(~right, 1 - given)])
        (shown,) = (row for row in rows_of(page, "mean over tasks") if row[1] == kind)
        assert [cell.split()[0] for cell in shown[3:]] == [number(mean) for mean in np.mean(precisions, axis=0)]
        (counts,) = rows_of(page, kind)
        letters = "".join(of.outcomes for of in held)
        assert counts[1:3] == [f"{letters.count(letter):,}" for letter in "ci"]


def test_auprc_of_errors_is_a_dash_where_a_seed_has_none():
    cells = [cell(kind, {"a": many(s)}, seed=s) for kind in KINDS for s in (0, 1)]
    flawless = ("c" * 60, many(1)[1])
    cells[1] = cell("instruct", {"a": flawless}, seed=1)
    first, *others = rows_of(section(cells), "mean over tasks")
    assert first[-1] == "—"
    assert first[-2] != "—"
    assert all("—" not in row for row in others)


#                 by all   by some     by none
OUTCOMES = {
    "instruct": "cici" + "aau" + "a",
    "sft": "ccii" + "iic" + "u",
    "rl": "ccci" + "iii" + "t",
}
STATED = [0.9, 0.6, 0.8, 0.7, 0.9, 0.9, 0.9, None]


def some_apart(seed: int = 0) -> list[Cell]:
    return [cell(kind, dict.fromkeys(("a", "b"), (OUTCOMES[kind], STATED)), seed) for kind in KINDS]


def test_questions_are_split_by_who_answered_them():
    by_all, by_some = by_all_and_some(Numbers(some_apart(), resamples=20))
    assert by_all.number == {(0, "a"): 4, (0, "b"): 4}
    assert by_some.number == {(0, "a"): 3, (0, "b"): 3}
    found = {
        (name, kind): [Numbers(part.cells, 20).estimate(Side(kind, m, "stated")) for m in ("accuracy", "brier")]
        for name, part in (("all", by_all), ("some", by_some))
        for kind in KINDS
    }
    accuracies = {key: accuracy.value for key, (accuracy, _) in found.items()}
    assert accuracies == pytest.approx({
        ("all", "instruct"): 2 / 4, ("all", "sft"): 2 / 4, ("all", "rl"): 3 / 4,
        ("some", "instruct"): 0, ("some", "sft"): 1 / 3, ("some", "rl"): 0,
    })  # fmt: skip
    assert found["all", "rl"][1].value == pytest.approx((0.1**2 + 0.4**2 + 0.2**2 + 0.7**2) / 4)
    assert found["some", "rl"][1].value == pytest.approx(0.9**2)
    assert found["some", "instruct"][1] is None


def test_the_page_shows_the_split_and_what_was_answered():
    text = section(some_apart())
    assert (
        "of 16 questions of all seeds, all three kinds answered 8 with a stated confidence, and only some of them 6."
        in text
    )
    some = rows_of(text, "by some")
    assert [(kind, accuracy.split()[0]) for _, kind, accuracy, *_ in some] == [
        ("instruct", "0.000"), ("sft", "0.333"), ("rl", "0.000"),
    ]  # fmt: skip
    assert some[0][3:] == ["—"] * 3
    assert [row[1] for row in rows_of(text, "by all")] == list(KINDS)
    header, counts = rows_of(text, "Kind")[0], rows_of(text, "instruct")[0]
    assert dict(zip(header[1:], counts[1:], strict=True)) == {
        "Correct": "4", "Incorrect": "4", "Abstained": "6", "Echoed": "0", "Unparsed": "2", "Truncated": "0",
        "Failed": "0", "No confidence": "0",
    }  # fmt: skip


def test_an_answer_without_a_stated_confidence_is_counted_and_not_shared():
    """One question of one task of two is too little for a mean over tasks: words take the table's place."""
    outcomes, stated = many(0)
    cells = [cell(kind, {"a": (outcomes, stated), "b": many(1)}) for kind in KINDS]
    cells[2] = cell("rl", {"a": (outcomes, [None, *stated[1:]]), "b": many(1)})
    text = section(cells)
    assert "answered 119 with a stated confidence, and only some of them 1." in text
    assert rows_of(text, "rl")[0][-1] == "1"
    assert not rows_of(text, "by all")
    confidence, right = np.array(stated), np.array([letter == "c" for letter in outcomes])
    measures = (lambda _, right: right.mean(), expected_calibration_error, brier_score, auroc)
    changes = [abs(of(confidence, right) - of(confidence[1:], right[1:])) / 2 for of in measures]
    assert f"differs by more than {number(max(changes))} from" in text


def test_without_one_of_the_kinds_the_section_says_so():
    text = section([cell("sft", {"a": many(0)}), replace(cell("rl", {"a": many(1)}), seed=1)])
    assert "Missing: no seed has all of instruct, sft, rl." in text
    assert "###" not in text
