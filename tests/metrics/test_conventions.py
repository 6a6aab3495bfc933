"""Conventions by name: each against what the original itself computed, and published numbers under their publisher's.

`tests/golden/conventions.py` made the values and says of which versions; all but those of 32 bits are held to 1e-12.
"""

from __future__ import annotations

import gzip
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibench.metrics.conventions import CONVENTIONS, scores

GOLDEN = Path(__file__).parents[1] / "golden"
VALUES = json.loads((GOLDEN / "conventions.json").read_text())
OF_32_BITS = {"torchmetrics": 2e-6, "guo": 1e-7, "drop-zero": 1e-7, "drop-zero-mixed": 1e-7}
"""They sum in 32 bits, torchmetrics one value after the other."""
OF_THIS_PROJECT = {"right-closed", "left-closed"}


def frame_of(case: pd.Series, confidence: pd.Series, correct: pd.Series) -> pd.DataFrame:
    """A scorecard's frame with a task for each case, and the rows of each in their order."""
    return pd.DataFrame(
        {
            "task": case,
            "protocol": "stated",
            "question_id": [f"{i:07}" for i in range(len(case))],
            "draw": 0,
            "method": "stated",
            "value": confidence,
            "status": np.where(confidence.isna(), "missing", "ok"),
            "outcome": np.where(correct == 1, "correct", "incorrect"),
            "domain": "other",
            "subject": None,
            "level": None,
            "cluster": None,
        }
    )


def numbers(frame: pd.DataFrame, name: str) -> dict[tuple[str, str], float | None]:
    return {(m.task, m.metric): m.value for m in scores(frame, [name])[name]}


@pytest.fixture(scope="module")
def golden() -> pd.DataFrame:
    data = pd.read_csv(GOLDEN / "conventions.csv")
    return frame_of(data["case"], data["confidence"], data["correct"])


@pytest.mark.parametrize("name", VALUES)
def test_a_convention_gives_what_the_original_gives(golden, name):
    """On ties, edges, zeros and ones, in 32 and 64 bits; on few rows, on one value, and with missing confidences."""
    found = numbers(golden, name)
    for case, value in VALUES[name].items():
        expected = value if value is None else pytest.approx(value, abs=OF_32_BITS.get(name, 1e-12))
        assert found[case, CONVENTIONS[name].metric] == expected, case


def test_every_convention_is_held_to_something():
    assert CONVENTIONS.keys() == VALUES.keys() | OF_THIS_PROJECT
    assert all(len({*cases}) == 6 for cases in VALUES.values())


@pytest.mark.parametrize(("name", "shift"), [("right-closed", -1), ("left-closed", 0)])
def test_bins_by_the_decimals_that_are_written(golden, name, shift):
    """The definition in exact fractions: k/10 itself is in the bin below, or above, whatever its floating point."""
    rows = golden[golden["task"] == "stated"]
    gaps = [Fraction(0)] * 10
    for value, outcome in zip(rows["value"], rows["outcome"], strict=True):
        tenths = Fraction(str(value)) * 10
        index = int(tenths) + (shift if tenths.denominator == 1 else 0)
        gaps[min(max(index, 0), 9)] += Fraction(str(value)) - (outcome == "correct")
    expected = float(sum(map(abs, gaps)) / len(rows))
    assert numbers(golden, name)["stated", "ece"] == pytest.approx(expected, abs=1e-12)


def test_who_scores_a_missing_confidence(rows):
    """By hand: .9 and right, .5 and wrong, none and wrong, .7 but no answer, and a failure."""
    frame = rows([(0.9, "correct"), (0.5, "incorrect"), (None, "incorrect"), (0.7, "unparsed"), (None, "failed")])
    left_out, zero, one = (numbers(frame, name) for name in ("netcal", "rlcr", "hle_fixed"))
    assert left_out["sums", "accuracy"] == 1 / 2
    assert left_out["sums", "brier"] == pytest.approx((0.01 + 0.25) / 2)
    assert zero["sums", "accuracy"] == one["sums", "accuracy"] == 1 / 4
    assert zero["sums", "brier"] == pytest.approx((0.01 + 0.25 + 0 + 0.49) / 4)
    assert one["sums", "brier"] == pytest.approx((0.01 + 0.25 + 1 + 0.49) / 4)
    assert (zero["sums", "auroc"], one["sums", "auroc"]) == (1, pytest.approx(2 / 3))
    assert zero["macro", "mean_confidence"] == pytest.approx(2.1 / 4)
    assert {m.n_used for m in scores(frame, ["rlcr"])["rlcr"] if m.task == "sums"} == {4}


def test_what_the_original_cannot_say_has_a_reason(rows):
    frame = rows([(0.9, "correct")] * 150)
    (error,) = (m for m in scores(frame, ["hle"])["hle"] if m.metric == "rms_calibration_error" and m.task == "sums")
    assert error.value is None
    assert "fewer than 200 rows" in error.reason
    zeros = rows([(0.0, "correct")] * 5)
    assert numbers(zeros, "drop-zero")["sums", "ece"] is None


PUBLISHERS = {"RLCR": "rlcr", "rows with both": "drop-zero", "output cell": "drop-zero-mixed"}
"""What tells a case's publisher and program -> the convention."""


def publisher_of(case: dict) -> str:
    (name,) = (name for words, name in PUBLISHERS.items() if words in case["id"] + case["note"])
    return name


@pytest.mark.data
def test_every_published_number_is_recomputed_under_its_publishers_convention(benchmark_data):
    """55 cases of two publishers, one of which has two programs, with edges of 32 bits."""
    with gzip.open(benchmark_data / "recorded" / "calibration_cases.jsonl.gz", "rt") as file:
        cases = {case["id"]: case for case in map(json.loads, file)}
    columns = ("case", "confidence", "correct")
    table = {
        name: pd.concat(
            pd.DataFrame({"case": case["id"], "confidence": case["confidence"], "correct": case["correct"]})
            for case in cases.values()
            if publisher_of(case) == name
        ).reset_index()
        for name in PUBLISHERS.values()
    }
    compared = 0
    for name, rows in table.items():
        found = numbers(frame_of(*(rows[column] for column in columns)), name)
        counts = rows["case"].value_counts()
        for case in rows["case"].unique():
            published = dict(cases[case]["published"])
            assert published.pop("n", counts[case]) == counts[case]
            # The notebook prints six decimals; the other program of its publisher sums in 32 bits.
            exact = {"rlcr": 1e-12, "drop-zero": 1.5e-7, "drop-zero-mixed": 6e-7}[name]
            for metric, value in published.items():
                tolerance = 1e-12 if name == "drop-zero" and metric != "ece" else exact
                assert found[case, metric] == pytest.approx(value, abs=tolerance), (case, metric)
                compared += 1
    assert compared == 15 * 5 + 40 * 3
