"""The study: cells hold what the page needs, numbers are paired and crossed, verdicts follow from rules."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
import warm
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from calibench.errors import DataError, InputError
from calibench.metrics.calibration import expected_calibration_error
from calibench.metrics.discrimination import auroc
from calibench.metrics.recalibration import transferred
from calibench.reports.text import number, signed
from calibench.running.progress import Silent
from calibench.study import cells as study_cells
from calibench.study import family, from_scratch, study
from calibench.study import page as study_page
from calibench.study.cells import Cell, GreedyAnswers, SampledAnswers, decode, encode
from calibench.study.estimates import scored_half, spread
from calibench.study.findings import FINDINGS, verdict
from calibench.study.numbers import Numbers, Side
from calibench.study.page import in_words
from calibench.study.study import Evaluation, Study

ROOT = Path(__file__).resolve().parents[3]
TASKS = {"micro_words": "math", "micro_programs": "code", "micro_facts": "fact"}
N, Q, K = 80, 12, 10
SETTINGS = {
    "evaluation": {
        "draw_questions": Q,
        "draws": K,
        "temperature": 1.0,
        "round_draws": 4,
    },
}


def answers(rng, domain, accuracy, honesty, n=N) -> GreedyAnswers:
    """P(True) goes with the outcome by `honesty`, from 0 (says nothing, and 0.95) to 1."""
    right = rng.random(n) < accuracy
    noise = rng.uniform(0, 1, n)
    p_true = honesty * (0.25 + 0.5 * right + 0.25 * (noise - 0.5)) + (1 - honesty) * (0.9 + 0.1 * noise)
    return GreedyAnswers(
        domain=domain,
        questions=f"ids of {domain}",
        cluster=tuple(i // 2 for i in range(n)) if domain == "fact" else None,
        outcomes="".join("c" if r else "i" for r in right),
        confidence={"stated": encode(np.full(n, 0.95) - 0.05 * (noise > 0.5)), "p_true": encode(p_true)},
    )


def drawn(rng, domain, accuracy, honesty) -> SampledAnswers:
    right = rng.random((Q, K)) < accuracy
    answer = np.where(right, 0, 1 + rng.integers(0, 3, (Q, K)))
    p_true = np.where(right, 0.5 + honesty * 0.4, 0.5) + rng.uniform(-0.05, 0.05, (Q, K))
    return SampledAnswers(
        domain=domain,
        questions=f"draw ids of {domain}",
        cluster=None,
        draws=K,
        answer="".join(study_cells.DIGITS[a] for a in answer.ravel()),
        correct="".join("1" if r else "0" for r in right.ravel()),
        confidence={"stated": encode(np.full(Q * K, 0.95)), "p_true": encode(p_true.ravel())},
    )


def cell(kind, seed=0, accuracy=0.6, honesty=0.0, settings=SETTINGS) -> Cell:
    rng = np.random.default_rng([seed, *kind.encode()])
    parts = {task: answers(rng, domain, accuracy, honesty) for task, domain in TASKS.items()}
    return Cell(
        kind=kind,
        seed=seed,
        settings=settings,
        fingerprint=f"sha256:{kind}",
        parent=None,
        bundled=False,
        cpu_seconds={"training": 1800.0, "evaluation": 900.0},
        summary={task: {"stated": {"distinct_confidences": 2.0}} for task in TASKS},
        test=parts,
        draws={task: drawn(rng, domain, accuracy, honesty) for task, domain in TASKS.items()},
        sampled=(),
        rounds=(),
    )


def row_of(page: str, text: str) -> str:
    (row,) = (line for line in page.splitlines() if line.startswith("|") and text in line)
    return row


# -- cells ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=20))
def test_confidences_survive_as_text(values):
    values = np.array([np.nan if v is None else v for v in values], dtype=float)
    found = decode(encode(values))
    assert np.array_equal(np.isnan(found), np.isnan(values))
    assert np.nanmax(np.abs(found - values), initial=0) <= 0.5 / study_cells.UNIT + 1e-12


def test_whole_percents_are_exact_so_that_they_stay_in_their_bins():
    percents = np.arange(101) / 100
    assert np.array_equal(decode(encode(percents)), percents)


def frame(rows) -> pd.DataFrame:
    columns = ["task", "question_id", "draw", "method", "value", "status", "outcome", "answer_class"]
    made = pd.DataFrame(rows, columns=columns)
    return made.assign(domain="math", cluster=made["question_id"])


def test_a_run_becomes_answers_in_the_order_of_ids():
    found = study_cells.answers_of(
        frame([
            ("t", "q2", 0, "stated", 0.9, "ok", "incorrect", "x"),
            ("t", "q2", 0, "p_true", 0.25, "ok", "incorrect", "x"),
            ("t", "q1", 0, "stated", None, "missing", "unparsed", None),
            ("t", "q1", 0, "p_true", None, "missing", "unparsed", None),
            ("t", "q3", 0, "stated", 0.1, "ok", "correct", "y"),
            ("t", "q3", 0, "p_true", 0.5, "ok", "correct", "y"),
        ])
    )["t"]  # fmt: skip
    assert found.outcomes == "uic"
    assert found.cluster is None
    assert decode(found.confidence["stated"]).tolist() == pytest.approx([np.nan, 0.9, 0.1], nan_ok=True)
    assert decode(found.confidence["p_true"]).tolist() == pytest.approx([np.nan, 0.25, 0.5], nan_ok=True)


def test_a_run_becomes_draws_with_classes_within_the_question():
    found = study_cells.draws_of(
        frame([
            ("t", "q1", 0, "stated", 0.9, "ok", "correct", "5"),
            ("t", "q1", 1, "stated", 0.8, "ok", "incorrect", "6"),
            ("t", "q1", 2, "stated", 0.7, "ok", "correct", "5"),
            ("t", "q2", 0, "stated", None, "missing", "truncated", None),
            ("t", "q2", 1, "stated", 0.6, "ok", "incorrect", "6"),
            ("t", "q2", 2, "stated", 0.5, "ok", "incorrect", "9"),
        ])
    )["t"]  # fmt: skip
    assert (found.draws, found.answer, found.correct) == (3, "010-01", "101000")
    assert spread({"t": found}) == {
        "accuracy": 0.3333,
        "distinct_answers": 2.0,
        "stated_mean": 0.7,
        "stated_spread": round(float(np.std([0.9, 0.8, 0.7, 0.6, 0.5])), 4),
        "stated_spread_within": round(float((np.std([0.9, 0.8, 0.7]) + np.std([0.6, 0.5])) / 2), 4),
    }
    assert spread({"t": found}, first=2)["distinct_answers"] == 1.5


def test_a_file_that_is_no_cell_is_named(tmp_path):
    (tmp_path / "seed0-sft.json").write_text('{"kind": "sft"}')
    with pytest.raises(DataError, match=r"seed0-sft\.json.*expected a cell"):
        study_cells.read(tmp_path / "seed0-sft.json")


@pytest.mark.parametrize(
    ("part", "damage", "found"),
    [
        ("test", {"outcomes": "cx"}, "outcomes"),
        ("test", {"cluster": [0]}, "a cluster for each question"),
        ("test", {"confidence": {"stated": "----"}}, "a confidence from 0 to 1 for each answer"),
        ("test", {"confidence": {"stated": "----zzzz"}}, "a confidence from 0 to 1 for each answer"),
        ("test", {"confidence": {"stated": "---------+9"}}, "a confidence from 0 to 1 for each answer"),
        ("draws", {"draws": 3}, "as many answers to each question as draws"),
        ("draws", {"answer": "01!1"}, "as answers their classes"),
        ("draws", {"correct": "0120"}, "1 or 0 for each answer"),
        ("draws", {"confidence": {"stated": "----" * 3}}, "a confidence from 0 to 1 for each answer"),
    ],
)
def test_a_damaged_cell_is_named_with_what_is_wrong(tmp_path, part, damage, found):
    given = {
        "test": {"domain": "math", "questions": "h", "cluster": None, "outcomes": "ci", "confidence": {}},
        "draws": {
            "domain": "math", "questions": "h", "cluster": None, "draws": 2, "answer": "01-1", "correct": "1000",
            "confidence": {},
        },
    }  # fmt: skip
    cell = {
        "kind": "sft", "seed": 0, "settings": {}, "fingerprint": "f", "parent": None, "bundled": False,
        "cpu_seconds": {}, "summary": {}, "sampled": [], "rounds": [],
        **{name: {"t": of | (damage if name == part else {})} for name, of in given.items()},
    }  # fmt: skip
    file = tmp_path / "seed0-sft.json"
    file.write_text(json.dumps(cell))
    with pytest.raises(DataError, match=rf"seed0-sft\.json.*expected a cell.*{found}"):
        study_cells.read(file)


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_are_the_means_over_tasks_of_the_metrics():
    one = cell("epicar", honesty=1.0)
    numbers = Numbers([one], resamples=100)
    right = {task: np.array([letter == "c" for letter in of.outcomes]) for task, of in one.test.items()}
    p_true = {task: decode(of.confidence["p_true"]) for task, of in one.test.items()}
    for metric, function in (("ece", expected_calibration_error), ("auroc", auroc)):
        expected = np.mean([function(p_true[task], right[task]) for task in TASKS])
        assert numbers.estimate(Side("epicar", metric, "p_true")).value == pytest.approx(expected)
    facts = Side("epicar", "accuracy", "stated", ("fact",))
    assert numbers.estimate(facts).value == pytest.approx(right["micro_facts"].mean())
    low, high = numbers.interval(facts)
    assert low < right["micro_facts"].mean() < high


def test_kinds_are_paired_question_by_question():
    one = cell("star")
    numbers = Numbers([one, replace(one, kind="epicar")], resamples=100)
    for metric, method in (("accuracy", "stated"), ("brier", "p_true"), ("majority@10", "none")):
        same = numbers.difference(Side("star", metric, method), Side("epicar", metric, method))
        assert (same.value, same.of_seed, same.interval) == (0, (0,), None)


def test_seeds_that_differ_widen_the_interval():
    alike = [cell("sft", seed, accuracy=0.6) for seed in (0, 1, 2)]
    apart = [cell("sft", seed, accuracy) for seed, accuracy in ((0, 0.3), (1, 0.6), (2, 0.9))]
    widths = []
    for cells in (alike, apart):
        low, high = Numbers(cells, resamples=400).interval(Side("sft", "accuracy", "stated"))
        widths.append(high - low)
    assert widths[1] > 2 * widths[0]


def test_only_shared_seeds_are_compared():
    numbers = Numbers([cell("star", 0), cell("star", 1), cell("epicar", 1), cell("epicar", 2)], resamples=50)
    assert numbers.difference(Side("star", "brier", "p_true"), Side("epicar", "brier", "p_true")).seeds == (1,)
    assert numbers.difference(Side("star", "brier", "p_true"), Side("rl", "brier", "p_true")) is None


def test_an_interval_holds_only_what_is_possible():
    """Student's interval of two seeds that differ is longer than any difference of two shares."""
    cells = [
        cell(kind, seed, honesty=float(kind == "epicar" and seed)) for kind in ("star", "epicar") for seed in (0, 1)
    ]
    found = Numbers(cells, resamples=50).difference(Side("star", "auroc", "p_true"), Side("epicar", "auroc", "p_true"))
    assert found.interval == (-1.0, 1.0)


def test_one_undefined_task_leaves_the_mean_undefined():
    one = cell("base")
    all_wrong = replace(one.test["micro_words"], outcomes="i" * N)
    numbers = Numbers([replace(one, test={**one.test, "micro_words": all_wrong})], resamples=50)
    assert numbers.estimate(Side("base", "auroc", "p_true")) is None
    assert numbers.estimate(Side("base", "auroc", "p_true", ("fact",))) is not None


def test_votes_weighted_by_an_honest_confidence_beat_the_majority():
    numbers = Numbers([cell("epicar", accuracy=0.35, honesty=1.0)], resamples=200)
    gain = numbers.difference(Side("epicar", "majority@10", "none"), Side("epicar", "weighted@10", "p_true"))
    assert gain.interval[0] > 0
    ends = [numbers.estimate(Side("epicar", f"{end}@{K}", "p_true")).value for end in ("best", "least")]
    one = numbers.estimate(Side("epicar", "majority@1", "none")).value
    assert ends[0] > one > ends[1]
    assert numbers.estimate(Side("epicar", "wqd", "p_true")).value == 1.0
    assert numbers.estimate(Side("epicar", "wqd", "stated")).value == 0.5


def test_post_hoc_maps_are_fitted_on_one_half_and_scored_on_the_other():
    """Golden values: `metrics.recalibration` on the same answers, with clusters whole."""
    star = cell("star", accuracy=0.2)
    numbers = Numbers([star], resamples=50)
    assert numbers.estimate(Side("star", "ece", "p_true + as read")).value > 0.6
    assert numbers.estimate(Side("star", "ece", "p_true + platt")).value < 0.25
    facts = star.test["micro_facts"]
    p_true, cluster = decode(facts.confidence["p_true"]), np.array(facts.cluster)
    right = np.array([letter == "c" for letter in facts.outcomes])
    half = scored_half("micro_facts", cluster)
    assert half.sum() == N / 2
    known = p_true[~half], right[~half], cluster[~half]
    for name, mapped in (
        ("as read", p_true[half]),
        ("platt", transferred("platt", known, p_true[half], cluster[half]).confidence),
    ):
        found = numbers.estimate(Side("star", "brier", f"p_true + {name}", ("fact",))).value
        assert found == pytest.approx(np.mean((mapped - right[half]) ** 2), abs=1e-12)


def test_intervals_of_three_seeds_hold_the_mean_over_all_seeds():
    """Accuracies of seeds differ by .1; a bootstrap of three seeds alone would hold .6 in three of four studies."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(100):
        cells = []
        for seed in range(3):
            of_seed = answers(rng, "math", np.clip(rng.normal(0.6, 0.1), 0, 1), 0.0, n=200)
            test = {"micro_words": replace(of_seed, confidence={"stated": of_seed.confidence["stated"]})}
            cells.append(replace(cell("star", seed), test=test, draws={}))
        low, high = Numbers(cells, resamples=100).interval(Side("star", "accuracy", "stated"))
        held.append(low <= 0.6 <= high)
    assert 0.91 <= np.mean(held) <= 0.99


def test_cells_of_other_questions_are_refused():
    other = cell("epicar")
    facts = replace(other.test["micro_facts"], questions="others")
    with pytest.raises(InputError, match="same questions of micro_facts"):
        Numbers([cell("star"), replace(other, test={**other.test, "micro_facts": facts})])


@pytest.mark.parametrize(
    ("expected", "of_seed", "interval", "word"),
    [
        ("lower", (-0.3, -0.2, -0.4), (-0.45, -0.1), "holds"),
        ("lower", (-0.3, 0.01, -0.4), (-0.45, -0.1), "undecided"),  # a seed does not show it
        ("lower", (-0.3, -0.2, -0.4), (-0.6, 0.05), "undecided"),  # nor does the interval
        ("lower", (-0.01, 0.01, 0.0), (-0.015, 0.015), "fails"),
        ("lower", (0.3, 0.2, 0.4), (0.1, 0.45), "fails"),
        ("higher", (0.3, 0.2, 0.4), (0.1, 0.45), "holds"),
        ("higher", (0.3,), None, "undecided"),
        ("not higher", (-0.01, 0.0, 0.01), (-0.03, 0.019), "holds"),
        ("not higher", (0.1, 0.1, 0.1), (0.05, 0.15), "fails"),
        ("not higher", (0.01, 0.01, -0.01), (-0.05, 0.06), "undecided"),
        ("not lower", (-0.1, -0.1, -0.1), (-0.15, -0.05), "fails"),
        ("not lower", (0.0, 0.01, 0.01), (-0.01, 0.08), "holds"),
    ],
)
def test_verdicts(expected, of_seed, interval, word):
    assert verdict(expected, of_seed, interval) == word


def test_a_spread_that_is_halved_is_no_small_change():
    sft, star = cell("sft"), cell("star")
    task = "micro_words"
    narrow = 0.9 + (decode(sft.draws[task].confidence["p_true"]) - 0.7) * 0.01
    halved = 0.9 + (narrow - 0.9) / 2
    cells = [
        replace(c, test={}, draws={task: replace(sft.draws[task], confidence={"p_true": encode(values)})})
        for c, values in ((sft, narrow), (star, halved))
    ]
    cells = [replace(c, test={task: sft.test[task]}) for c in cells]
    found = Numbers(cells, 200).difference(*(Side(k, "spread_within", "p_true") for k in ("sft", "star")))
    assert -0.02 < found.value < 0
    assert found.margin == pytest.approx(-found.value / 5, rel=0.05)
    assert verdict("lower", found.of_seed, found.interval, found.margin) == "holds"
    assert verdict("not lower", found.of_seed, found.interval, found.margin) == "fails"


# -- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    """`full`: three seeds in which EpiCaR knows and STaR does not; `reversed`: the other way round, one seed."""
    out = {}
    for name, seeds, honest in (("full", (0, 1, 2), "epicar"), ("reversed", (0,), "star")):
        cells = [
            cell(kind, seed, honesty=1.0 if kind == honest else 0.0)
            for kind in ("sft", "star", "epicar")
            for seed in seeds
        ]
        folder = tmp_path_factory.mktemp(name)
        out[name] = study_page.write(cells, folder, ["sft", "star", "epicar", "rl"], [0, 1, 2], 200).read_text()
        figures = {path.name for path in (folder / "study").iterdir()}
        assert figures == {"kinds.svg", "votes.svg"}
    return out


CLAIM = "EpiCaR's P(True) has a lower ECE than STaR's |"


def test_verdicts_come_from_the_cells(pages):
    assert "**holds** |" in row_of(pages["full"], CLAIM)
    assert "**fails** (one seed)" in row_of(pages["reversed"], CLAIM)


def test_what_the_design_fixes_gets_no_verdict_and_later_rows_are_called_so():
    page = (Path(__file__).parents[3] / "docs" / "study.md").read_text()
    before, _, rest = page.partition("### Written after the first results")
    after, _, planted = rest.partition("### Fixed by the design")
    planted = planted.partition("\n## ")[0]
    assert planted.count("| planted |") == sum(f.standing == "planted" for f in FINDINGS) == 3
    assert "**" not in planted
    assert "Exploratory" in after
    for finding in FINDINGS:
        of = {"before": before, "after": after, "planted": planted}[finding.standing]
        assert f"| {finding.claim} |" in of
    assert "repaired in the training of epicar alone" in before


def test_the_page_names_what_is_missing(pages):
    assert "**Missing:** rl (seed 0), rl (seed 1), rl (seed 2)." in pages["full"]
    assert "epicar (seed 1)" in pages["reversed"]
    assert "missing: rl" in row_of(pages["full"], "A Brier reward on the percentage (rlcr) costs no accuracy")
    assert "Missing: no seed has both star_math and epicar_math." in pages["full"]


def test_the_page_says_what_its_intervals_are_over(pages):
    assert "over seeds and questions" in pages["full"]
    assert "Student's over 3 seeds" in pages["full"]
    assert "over questions alone" in pages["reversed"]


def test_the_page_shows_differences_by_seed_and_cost(pages):
    cells = [cell(kind, s, honesty=float(kind == "epicar")) for kind in ("star", "epicar") for s in range(3)]
    numbers = Numbers(cells, resamples=50)
    found = numbers.difference(Side("star", "ece", "p_true"), Side("epicar", "ece", "p_true"))
    row = row_of(pages["full"], CLAIM)
    assert ", ".join(signed(d) for d in found.of_seed) in row
    assert signed(found.value) in row
    assert row_of(pages["full"], "| star | 0, 1, 2 |").startswith("| star | 0, 1, 2 | 1.50 | 0.75 |")
    assert "6.8 CPU hours in all" in pages["full"]  # 9 x 2,700 s


def test_the_page_follows_the_spread_from_round_to_round(tmp_path):
    parent, last = cell("sft"), cell("epicar")
    names = spread(last.draws)
    between = tuple(dict.fromkeys(names, value) for value in (0.111, 0.222))
    sampled = ({"draws": 8, "correct": 6, "distinct_answers_per_question": 3.5, "confidence_spread": 0.25}, {}, {})
    page = study_page.write([parent, replace(last, rounds=between, sampled=sampled)], tmp_path, [], [], 50).read_text()
    rounds = [line for line in page.splitlines() if line.startswith("| epicar | ")]
    first = number(spread(parent.draws, first=4)["p_true_spread_within"])
    assert [line for line in rounds if line.startswith("| epicar | 0 | ") and line.endswith(f"{first} |")]
    assert f"| epicar | 1 | {' | '.join(['0.111'] * 8)} |" in rounds
    assert f"| epicar | 2 | {' | '.join(['0.222'] * 8)} |" in rounds
    after = number(spread(last.draws, first=4)["distinct_answers"])
    assert [line for line in rounds if line.startswith("| epicar | 3 | ") and f"| {after} |" in line]
    assert "| epicar | 0 | 1 | 0.750 | 3.500 | — | 0.250 | — |" in rounds
    assert (tmp_path / "study" / "rounds.svg").is_file()

    deleted = replace(last, rounds=(), sampled=sampled)
    page = study_page.write([parent, deleted], tmp_path, [], [], 50).read_text()
    assert "Missing: no self-trained checkpoint and parent of one seed." in page, "round 3 is not round 1"


def test_the_committed_page_is_of_the_committed_cells():
    docs = Path(__file__).parents[3] / "docs"
    page = (docs / "study.md").read_text()
    cells = [study_cells.read(file) for file in (docs / "study" / "cells").iterdir()]
    assert "**Missing:**" not in page
    for one in cells:
        (row,) = (row for row in page.splitlines() if re.match(rf"\| {one.kind} \| {one.seed} \| 0\.\d+ \| 0", row))
        of = one.summary["macro"]
        known = [of[m][name] for m in ("stated", "p_true") for name in ("ece", "auroc")]
        shown = [float(number) for number in re.findall(r"\d\.\d+", row)]
        assert shown == pytest.approx([of["stated"]["accuracy"], *known], abs=0.0006), row  # both are rounded
        assert f"| {in_words(one.kind, one)} |" in page
        assert one.settings == Study(Path(), docs).settings(one.kind), "made by today's settings"


def test_all_rows_of_a_table_have_its_columns(pages):
    for table in re.findall(r"(?:^\|.*\n)+", pages["full"], re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_cells_of_other_settings_are_left_out_and_named(tmp_path):
    other = {"evaluation": {**SETTINGS["evaluation"], "draws": 4}}
    cells = [cell("sft", 0), cell("sft", 1, settings=other)]
    page = study_page.write(cells, tmp_path, ["sft"], [0, 1], 50).read_text()
    assert "**Left out**, because made with other settings or from another parent: seed1-sft." in page


def test_cells_of_another_parent_are_left_out_and_named(tmp_path):
    member = {"recipe": "star", "options": {"draws": 8}, "parent": "sft", "tasks": ["micro"], "limit": 8}
    made = {**SETTINGS, "made_by": {"star": member}}
    star = cell("star", settings=made)
    for parent, named in (("sha256:sft", False), ("sha256:another", True)):
        cells = [cell("sft"), replace(star, parent=parent)]
        page = study_page.write(cells, tmp_path, ["sft", "star"], [0], 50).read_text()
        assert ("another parent: seed0-star." in page) == named
    assert row_of(page, "| sft | 0 | 0.50 | 0.25 |")
    assert "seed1" not in page.partition("seed1-sft.")[2]


# -- the command ------------------------------------------------------------------------------------------------------


def test_a_finished_cell_is_not_made_again_and_another_setting_only_if_asked(monkeypatch, tmp_path):
    made = []

    def make_cell(of, kind, seed, _):
        made.append((kind, seed))
        return cell(kind, seed, settings=of.settings(kind))

    monkeypatch.setattr(study, "make_cell", make_cell)
    monkeypatch.setattr(study, "write_page", lambda *_: None)
    one = Study(tmp_path / "work", tmp_path / "docs")
    study.run(one, ["sft", "star"], [0], Silent())
    study.run(one, ["sft", "star"], [0, 1], Silent())
    assert made == [("sft", 0), ("star", 0), ("sft", 1), ("star", 1)]
    other = one._replace(evaluation=Evaluation(draws=20))
    stages = []
    progress = Silent()
    progress.stage = stages.append
    study.run(other, ["star"], [0], progress)
    assert len(made) == 4
    assert "seed0-star.json: made with other settings" in stages[0]
    (tmp_path / "work/seed0/runs-star").mkdir(parents=True)
    study.run(other, ["star"], [0], progress, again=True)
    assert made[4:] == [("star", 0)]
    assert not (tmp_path / "work/seed0/runs-star").exists()


def test_settings_tell_how_the_checkpoint_and_its_parents_are_made():
    real = Study(Path("work"), Path("docs"))
    changed = family.MEMBERS | {"star": family.MEMBERS["star"]._replace(limit=7)}
    assert real.settings("star") != real._replace(members=changed).settings("star")
    assert real.settings("epicar") == real._replace(members=changed).settings("epicar")
    assert msgspec.json.decode(msgspec.json.encode(real.settings("star"))) == real.settings("star")


def test_the_first_seed_takes_the_bundled_checkpoints_and_trains_none(monkeypatch, tmp_path):
    monkeypatch.setattr(from_scratch, "make", lambda *_: pytest.fail("trained from scratch"))
    of = Study(tmp_path, tmp_path)
    folder = study._checkpoint(of, "sft", study.BUNDLED_SEED, Silent())
    assert (folder / "model.safetensors").is_file()
    with pytest.raises(pytest.fail.Exception, match="trained from scratch"):
        study._checkpoint(of, "sft", study.BUNDLED_SEED + 1, Silent())


def test_cpu_seconds_of_a_stopped_command_are_kept(tmp_path):
    of = Study(tmp_path, tmp_path)
    with contextlib.suppress(KeyboardInterrupt), study._cpu_seconds(of, "rl", 0, "training"):
        sum(range(8_000_000))
        raise KeyboardInterrupt
    first = study._spent(of, "rl", 0)["training"]
    with study._cpu_seconds(of, "rl", 0, "training"):
        subprocess.run([sys.executable, "-c", "sum(range(8_000_000))"], check=True)
    assert study._spent(of, "rl", 0)["training"] > first > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--kinds", "epicarr"], "Did you mean epicar"),
        (["--seeds", "a"], "expected whole numbers"),
        (["--page"], "no cells here yet"),
    ],
)
def test_what_cannot_be_done_is_said(options, message, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["study", "--work", str(tmp_path / "w"), "--out", str(tmp_path / "d"), *options])
    assert study.main() == 2
    assert message in capsys.readouterr().err


@pytest.mark.bench
@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_small_study_makes_real_cells_and_a_page(tmp_path):
    command = ["calibench.study.study", "--small", "--kinds", "epicar", "--work", str(tmp_path)]
    done = warm.run(*command, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    one = study_cells.read(tmp_path / "docs/study/cells/seed0-epicar.json")
    assert set(one.test) == set(one.draws) == {"micro_algebra", "micro_facts", "micro_programs", "micro_words"}
    for of in one.test.values():
        assert len(of.outcomes) == 8
        assert np.isfinite(decode(of.confidence["p_true"])).sum() >= 4
    for of in one.draws.values():
        assert len(of.answer) == len(of.correct) == 3 * 4
    assert one.cpu_seconds["evaluation"] > 0
    share = np.mean([of.outcomes.count("c") / 8 for of in one.test.values()])
    assert one.summary["macro"]["stated"]["accuracy"] == pytest.approx(share, abs=1e-4)
    (sampled,) = one.sampled
    assert sampled["draws"] > 0
    assert one.cpu_seconds["training"] > 0
    page = (tmp_path / "docs" / "study.md").read_text()
    assert "over questions alone" in page
    assert "missing: star_math, epicar_math" in page
    assert f"| epicar | 0 | {number(share)} |" in page

    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "docs/study/cells").iterdir()}
    again = warm.run(*command, "--page", cwd=ROOT)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "docs" / "study.md").read_text() == page
    assert {path: path.stat().st_mtime_ns for path in files} == files
