"""Metrics, resamples and a CSV beside the obvious way to get them, in one process: CPU seconds, and their ratio.

torchmetrics and netcal take part where they can be imported; they are no part of the environment.
"""

import csv
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rounds import MEASURED, size
from test_scoring import graded_rows

from calibench.analysis import predictions
from calibench.metrics.calibration import expected_calibration_error
from calibench.metrics.discrimination import auroc
from calibench.metrics.proper import brier_score
from calibench.metrics.scorecard import scorecard

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

TRIES = 3
"""The least of so many is told: what else the machine does can only add."""


def cpu(function: Callable[[], object], tries: int = TRIES) -> float:
    """CPU seconds of all threads."""
    found = []
    for _ in range(tries):
        begin = time.process_time()
        function()
        found.append(time.process_time() - begin)
    return min(found)


def told(what: str, ours: float, others: dict[str, float]) -> None:
    print(f"\n{what}: {ours:.3f} s of CPU")
    for name, seconds in others.items():
        print(f"  {name}: {seconds:.3f} s, {seconds / ours:.1f} times ours")


def answers(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidence and correct [N]: over-confident, a third of the confidences in whole percents."""
    rng = np.random.default_rng(0)
    confidence = rng.random(n)
    confidence[::3] = confidence[::3].round(2)
    return confidence, rng.random(n) < 0.8 * confidence


def looped_ece(confidence: np.ndarray, correct: np.ndarray) -> float:
    """As tutorials write it."""
    total = 0.0
    for k in range(10):
        held = (confidence > k / 10) & (confidence <= (k + 1) / 10)
        if held.any():
            total += held.mean() * abs(confidence[held].mean() - correct[held].mean())
    return total


def with_sklearn(confidence: np.ndarray, correct: np.ndarray) -> tuple[float, float, float]:
    from sklearn.metrics import brier_score_loss, roc_auc_score

    return looped_ece(confidence, correct), brier_score_loss(correct, confidence), roc_auc_score(correct, confidence)


def with_ours(confidence: np.ndarray, correct: np.ndarray) -> tuple[float, float, float]:
    return (
        expected_calibration_error(confidence, correct),
        brier_score(confidence, correct),
        auroc(confidence, correct),
    )


def with_torchmetrics(confidence: np.ndarray, correct: np.ndarray) -> tuple[float, float]:
    import torch
    from torchmetrics.functional.classification import binary_auroc, binary_calibration_error

    p, y = torch.from_numpy(confidence), torch.from_numpy(correct.astype(np.int64))
    return float(binary_calibration_error(p, y, n_bins=10)), float(binary_auroc(p, y))


def with_netcal(confidence: np.ndarray, correct: np.ndarray) -> float:
    from netcal.metrics import ECE

    return float(ECE(10).measure(confidence, correct.astype(np.int64)))


OTHERS = {
    "torchmetrics": ("ECE and AUROC by torchmetrics", with_torchmetrics),
    "netcal": ("ECE by netcal", with_netcal),
}


@pytest.mark.parametrize("n", [size(10_000_000, 10_000)])
def test_ece_brier_and_auroc_of_ten_million_answers(n):
    confidence, correct = answers(n)
    ours = cpu(lambda: with_ours(confidence, correct))
    others = {"a loop over the bins, and scikit-learn": cpu(lambda: with_sklearn(confidence, correct), 1)}
    for module, (name, function) in OTHERS.items():
        if importlib.util.find_spec(module):
            others[name] = cpu(lambda function=function: function(confidence, correct), 1)
    told(f"ECE, Brier and AUROC of {n:,} answers", ours, others)
    np.testing.assert_allclose(
        with_ours(confidence[:5000], correct[:5000]), with_sklearn(confidence[:5000], correct[:5000])
    )
    assert not MEASURED or ours < 5


def test_all_metrics_of_a_million_answers_and_their_resamples():
    frame = graded_rows(1, ("p_true",), size(250_000, 100), 4)
    resamples = size(1000, 10)
    scorecard(frame.head(1000), resamples=10)
    values = cpu(lambda: scorecard(frame, resamples=0))
    told(f"All metrics of {len(frame):,} answers", values, {})
    intervals = cpu(lambda: scorecard(frame, resamples=resamples), 1)
    scored = frame[(frame["status"] == "ok") & frame["outcome"].isin(("correct", "incorrect"))]
    confidence, correct = scored["value"].to_numpy(dtype=float), (scored["outcome"] == "correct").to_numpy(dtype=bool)
    rows_of = list(scored.reset_index(drop=True).groupby("question_id").indices.values())
    rng = np.random.default_rng(0)

    def one_resample() -> None:
        drawn = np.concatenate([rows_of[i] for i in rng.integers(0, len(rows_of), len(rows_of))])
        with_sklearn(confidence[drawn], correct[drawn])

    told(
        f"All metrics of {len(frame):,} answers to {frame['question_id'].nunique():,} questions, {resamples} resamples",
        intervals,
        {
            f"a loop over the resamples, three metrics (one resample, times {resamples})": resamples
            * cpu(one_resample, 2)
        },
    )
    assert not MEASURED or values < 2
    assert not MEASURED or intervals < 30


def test_a_csv_of_a_million_answers_is_read(tmp_path):
    confidence, correct = answers(size(1_000_000, 1000))
    path = tmp_path / "answers.csv"
    ids = [f"q{i // 4}" for i in range(len(confidence))]
    pd.DataFrame({"question": ids, "confidence": confidence, "correct": correct}).to_csv(path, index=False)
    names = predictions.Columns(question="question")

    def cell_by_cell(path: Path) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                row["question"], float(row["confidence"]), row["correct"] == "True"

    ours = cpu(lambda: predictions.read(path, names))
    others = {
        "pandas.read_csv": cpu(lambda: pd.read_csv(path)),
        "csv.DictReader": cpu(lambda: cell_by_cell(path), 1),
    }
    told(f"A CSV of {len(confidence):,} answers, checked and put in order", ours, others)
    assert not MEASURED or ours < 5
