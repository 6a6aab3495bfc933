"""What a change is made of: the parts add up, each is zero where nothing of its kind changed, and a loop agrees."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibench.metrics.calibration import expected_calibration_error, signed_gap
from calibench.metrics.changes import SPLIT, change_splits
from calibench.metrics.proper import brier_score

LOOP = {"ece": expected_calibration_error, "brier": brier_score, "signed_gap": signed_gap}


def of_runs(rows, a, b, task="sums", **columns):
    frames = {
        name: rows([(c, "correct" if y else "incorrect") for c, y in run], **columns)
        for name, run in (("A", a), ("B", b))
    }
    found = change_splits(frames, [("A", "B")], resamples=200)
    return {split.metric: split for split in found if split.task == task}


RUN = st.lists(
    st.tuples(st.sampled_from([0.05, 0.3, 0.5, 1.0]), st.booleans(), st.sampled_from([0.1, 0.6, 0.95]), st.booleans()),
    min_size=2,
    max_size=30,
)  # fmt: skip


@given(RUN)
def test_the_parts_are_those_of_a_plain_computation_and_add_up(drawn):
    def rows(pairs):
        return pd.DataFrame(
            {
                "task": "sums", "protocol": "stated", "method": "stated", "draw": 0, "domain": "math", "subject": None,
                "level": None, "cluster": None, "status": "ok",
                "question_id": [f"q{i}" for i in range(len(pairs))],
                "value": [c for c, _ in pairs],
                "outcome": [y for _, y in pairs],
            }
        )  # fmt: skip

    found = of_runs(rows, [(ca, ya) for ca, ya, _, _ in drawn], [(cb, yb) for _, _, cb, yb in drawn])
    ca, ya, cb, yb = (np.array(column) for column in zip(*drawn, strict=True))
    for name, metric in LOOP.items():
        split = found[name]
        accuracy = (metric(ca, yb) - metric(ca, ya) + metric(cb, yb) - metric(cb, ya)) / 2
        assert split.by_accuracy == pytest.approx(accuracy, abs=1e-12)
        assert split.difference == pytest.approx(metric(cb, yb) - metric(ca, ya), abs=1e-12)
        assert split.by_accuracy + split.by_confidence == pytest.approx(split.difference, abs=1e-12)


def test_what_did_not_change_has_no_part(rows):
    rng = np.random.default_rng(0)
    right, other = rng.random(200) < 0.4, rng.random(200) < 0.7
    said = rng.random(200).round(1)
    same_confidence = of_runs(rows, list(zip(said, right, strict=True)), list(zip(said, other, strict=True)))
    same_answers = of_runs(
        rows, list(zip(said, right, strict=True)), [(1 - c, y) for c, y in zip(said, right, strict=True)]
    )
    for name in SPLIT:
        assert same_confidence[name].by_confidence == 0
        assert same_confidence[name].by_confidence_low is None
        assert same_answers[name].by_accuracy == 0
    # A model that always says the same is better calibrated by being right more often, and by that alone.
    gap = same_confidence["signed_gap"]
    assert gap.by_accuracy == pytest.approx(right.mean() - other.mean())
    assert gap.by_accuracy_low < gap.by_accuracy < gap.by_accuracy_high < 0


def test_only_answers_that_both_runs_scored_count_and_the_mean_weighs_tasks_alike(rows):
    a = [(0.9, True), (None, True), (0.9, False), (0.5, True)]
    b = [(0.8, True), (0.8, False), (None, False), (0.7, False)]
    assert of_runs(rows, a, b)["brier"].n_used == 2
    frames = {}
    for name, run in (("A", a), ("B", b)):
        parts = [
            rows([(c, "correct" if y else "incorrect") for c, y in side], task=task)
            for task, side in (("long", run), ("short", run[:1]))
        ]
        frames[name] = pd.concat(parts, ignore_index=True)
    found = {s.task: s for s in change_splits(frames, [("A", "B")], resamples=50) if s.metric == "brier"}
    assert found["macro"].difference == pytest.approx((found["long"].difference + found["short"].difference) / 2)


def test_intervals_hold_the_truth_about_as_often_as_they_say(rows):
    """A: 0.8 said, 0.5 right. B: 0.7 said, 0.7 right. Of a confidence above its accuracy the parts are linear."""
    rng, held = np.random.default_rng(1), 0
    for _ in range(100):
        ya, yb = rng.random(100) < 0.5, rng.random(100) < 0.6
        found = of_runs(rows, [(0.8, y) for y in ya], [(0.7, y) for y in yb])["signed_gap"]
        held += found.by_accuracy_low < -0.1 < found.by_accuracy_high
    assert 88 <= held <= 100


def test_runs_without_confidences_have_no_split(rows):
    assert of_runs(rows, [(None, True)] * 3, [(None, False)] * 3, method="none") == {}
