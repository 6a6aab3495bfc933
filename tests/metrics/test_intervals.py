"""Intervals hold the population's value about as often as they say, and doubt what a sample has not seen.

The whole simulation is `python tests/intervals.py`; its table is in docs/intervals.md.
"""

import json

import numpy as np
import pandas as pd
import pytest
from intervals import DOCS, MEANS, Population, coverage, mean_of_ends, perfect_order, rendered

from calibench.metrics.bootstrap import unseen_share, wilson_interval
from calibench.metrics.compare import compare
from calibench.metrics.scorecard import scorecard


def answers(right: np.ndarray, confidence: np.ndarray) -> pd.DataFrame:
    n = len(right)
    return pd.DataFrame({
        "task": "t", "protocol": "p", "question_id": [f"q{i}" for i in range(n)], "draw": 0, "method": "m",
        "value": confidence, "status": "ok", "outcome": np.where(right, "correct", "incorrect"), "domain": "math",
        "subject": None, "level": None, "cluster": None,
    })  # fmt: skip


CONFIDENCE = np.r_[np.full(20, 0.95), np.full(3, 0.92), 0.99, 1.0]
NONE_RIGHT, ALL_RIGHT = (answers(np.full(25, right), CONFIDENCE) for right in (False, True))


def rows_of(frame: pd.DataFrame) -> dict:
    return {m.metric: m for m in scorecard(frame).metrics if m.task == "t"}


@pytest.mark.parametrize("n", [5, 25, 400])
def test_what_a_share_may_have_missed_has_the_percentiles_of_wilsons_interval(n):
    shares = unseen_share(np.random.default_rng(0).standard_normal(200_000), n)
    assert np.quantile(shares, [0.025, 0.975]) == pytest.approx(wilson_interval(0, n), rel=0.02, abs=1e-9)


def test_with_0_of_25_right_all_that_depends_on_it_has_the_doubt_of_the_accuracy():
    """Up to .133 may be right: the gap reaches down by that, and Brier, which a right answer lowers by 2 c - 1."""
    found = rows_of(NONE_RIGHT)
    doubt = found["accuracy"].high
    assert doubt == pytest.approx(0.133, abs=5e-4)
    mean = CONFIDENCE.mean()
    for name, moved in (("signed_gap", 1.0), ("smooth_ece", 1.0), ("brier", 2 * mean - 1)):
        row = found[name]
        assert row.low == pytest.approx(row.value - doubt * moved, abs=0.02), name
        assert row.high < row.value + 0.02, name
    assert found["ece"].low < found["ece"].value - 0.9 * doubt


def test_with_all_right_an_under_confident_model_may_be_calibrated():
    found = rows_of(ALL_RIGHT)
    assert found["signed_gap"].low < 0 < found["signed_gap"].high
    assert found["ece"].low == 0.0
    assert found["brier"].high > 0.05


@pytest.mark.parametrize("n", [20, 50, 200])
def test_a_gap_that_is_zero_by_luck_has_the_doubt_of_the_accuracy(n):
    found = rows_of(answers(np.arange(n) < 0.9 * n, np.full(n, 0.9)))
    doubt = (found["accuracy"].high - found["accuracy"].low) / 2
    for name in ("ece", "smooth_ece"):
        assert found[name].value == pytest.approx(0.0, abs=1e-9)
        assert doubt < found[name].high < 2.5 * doubt, name


@pytest.mark.parametrize("confidence", [1.0, 0.95])
def test_with_all_right_and_sure_the_errors_reach_as_far_as_the_gap(confidence):
    """25 of 25 right may be .867: sure of all, the model may be over-confident by .133, and its ECE is that."""
    found = rows_of(answers(np.full(25, True), np.full(25, confidence)))
    doubt = confidence - (1 - 0.133)
    for name, reaches in (
        ("signed_gap", doubt), ("ece", doubt), ("smooth_ece", doubt), ("calibration_error_debiased", doubt**2),
    ):  # fmt: skip
        assert found[name].high == pytest.approx(reaches, abs=0.005), name


def test_two_models_that_are_right_25_times_are_not_shown_to_be_alike():
    sure = answers(np.full(25, True), np.ones(25))
    found = {d.metric: d for d in compare({"a": sure, "b": sure.copy()}, [("a", "b")]) if d.task == "t"}
    for name in ("ece", "brier", "signed_gap"):
        assert found[name].verdict == "undecided", name


def test_differences_of_two_runs_carry_the_doubt_of_both():
    same = {d.metric: d for d in compare({"a": NONE_RIGHT, "b": NONE_RIGHT.copy()}, [("a", "b")]) if d.task == "t"}
    assert same["signed_gap"].low == pytest.approx(-0.133, abs=0.03)
    assert same["signed_gap"].high == pytest.approx(0.133, abs=0.03)
    apart = {d.metric: d for d in compare({"a": NONE_RIGHT, "b": ALL_RIGHT}, [("a", "b")]) if d.task == "t"}
    assert (apart["signed_gap"].difference, apart["signed_gap"].verdict) == (-1.0, "better")
    assert apart["signed_gap"].high == pytest.approx(-1 + 0.17, abs=0.03)


def test_the_order_of_the_resamples_does_not_depend_on_what_is_unseen():
    """What is drawn for unseen verdicts comes from a source of its own: the mean confidence has the same interval."""
    assert rows_of(NONE_RIGHT)["mean_confidence"].low == rows_of(ALL_RIGHT)["mean_confidence"].low


def test_a_mean_over_tasks_carries_the_doubt_of_the_one_whose_answers_are_all_right():
    held = mean_of_ends(MEANS["10 of ECE .1, 200 of .1"], 60, np.random.default_rng(1))
    # 52 or fewer of 60 have a chance of 1 % at a coverage of .95. The seed is fixed.
    assert held.of_all > 52 / 60 > held.before


def test_where_all_right_answers_have_more_confidence_auroc_may_be_as_low_as_the_share_of_the_rarer_ones():
    """4 wrong answers below 21 right ones: by Wilson's interval of 0 of 4, up to .49 of the pairs may be lost."""
    right = np.arange(25) >= 4
    for confidence, value in ((np.arange(25) / 25, 1.0), (1 - np.arange(25) / 25, 0.0)):
        row = rows_of(answers(right, confidence))["auroc"]
        assert row.value == value
        assert row.high - row.low == pytest.approx(wilson_interval(0, 4)[1], abs=0.05)
    held = perfect_order(0.9, 0.5, 30, 60, np.random.default_rng(1))
    assert held.of_all > 52 / 60


def test_two_models_of_perfect_order_are_not_shown_to_be_alike():
    right = np.arange(40) >= 10
    perfect = answers(right, np.arange(40) / 40)
    found = {d.metric: d for d in compare({"a": perfect, "b": perfect.copy()}, [("a", "b")]) if d.task == "t"}
    assert found["auroc"].verdict == "undecided"


@pytest.mark.slow
def test_intervals_of_ten_draws_cover_and_those_of_rows_do_not():
    found = coverage(Population(0.02, 10), 100, 60, np.random.default_rng(1), resamples=200)
    # 52 or fewer of 60 have a chance of 1 % at a coverage of .95. The seed is fixed.
    for name in ("accuracy", "brier", "auroc", "signed_gap", "calibration_error_debiased", "ece"):
        assert found[name]["covers"] > 52 / 60, name
    for name in ("accuracy", "brier", "auroc", "signed_gap", "ece"):
        assert found[f"{name} by rows"]["covers"] < 0.85, name


def test_the_page_has_the_table_of_its_figures():
    assert rendered(json.loads((DOCS / "intervals.json").read_text())) in (DOCS / "intervals.md").read_text()
