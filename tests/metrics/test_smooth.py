"""Smooth ECE against the authors' package, hand values, and its parts in resamples."""

import math

import numpy as np
import pytest

from calibench.metrics.calibration import expected_calibration_error, signed_gap
from calibench.metrics.measure import estimates
from calibench.metrics.measures import MEASURES
from calibench.metrics.resampled import resample
from calibench.metrics.sample import Sample
from calibench.metrics.smooth import smooth_calibration_error, smooth_parts


def answers(kind: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(12)
    match kind:
        case "over-confident":
            confidence = rng.beta(5, 2, n)
            accuracy = confidence - 0.15
        case "calibrated":
            accuracy = confidence = rng.beta(2, 2, n)
        case "steps":
            confidence = rng.choice([0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95], n)
            accuracy = np.where(confidence > 0.65, confidence - 0.2, confidence + 0.1)
        case "curved":
            confidence = rng.random(n)
            accuracy = confidence**2
    return confidence, rng.random(n) < accuracy


@pytest.mark.parametrize(
    ("kind", "n", "expected"),
    [
        # relplot 1.0.3: relplot.smECE(confidence, correct.astype(float)), which is exact to its step of 1/1024.
        ("over-confident", 500, 0.12584498986075715),
        ("calibrated", 1319, 0.028982423485432323),
        ("steps", 300, 0.161168838689438),
        ("curved", 5000, 0.16366959987308494),
    ],
)
def test_equals_the_authors_package(kind, n, expected):
    assert smooth_calibration_error(*answers(kind, n)) == pytest.approx(expected, abs=1 / 1024)


@pytest.mark.parametrize("confidence", [0.0, 0.7, 1.0])
def test_one_confidence_has_the_distance_from_the_accuracy(confidence):
    correct = np.arange(200) < 80
    found = smooth_calibration_error(np.full(200, confidence), correct)
    assert found == pytest.approx(abs(confidence - 0.4), abs=1e-9)


def test_errors_of_one_sign_add_up_whatever_the_width():
    confidence = np.random.default_rng(0).choice([0.6, 0.8, 0.9, 1.0], 400)
    correct = np.random.default_rng(1).random(400) < 0.2
    expected = signed_gap(confidence, correct)
    assert smooth_calibration_error(confidence, correct) == pytest.approx(expected, abs=1e-6)


def test_a_confidence_that_moves_over_the_edge_of_a_bin_changes_little():
    """Right answers just above 0.5 and wrong ones just below it are calibrated to smoothing, and far off in bins."""
    correct = np.arange(1000) % 2 == 0
    joint, apart = np.full(1000, 0.5), np.where(correct, 0.501, 0.5)
    assert expected_calibration_error(apart, correct) - expected_calibration_error(joint, correct) > 0.4
    assert smooth_calibration_error(apart, correct) - smooth_calibration_error(joint, correct) < 0.02


def test_no_rows_are_undefined():
    assert math.isnan(smooth_calibration_error([], []))


def sample_of(confidence: np.ndarray, correct: np.ndarray) -> Sample:
    n = len(confidence)
    return Sample(confidence, np.where(correct, 0, 1), np.arange(n), n, np.arange(n))


@pytest.mark.parametrize("kind", ["over-confident", "calibrated", "steps"])
def test_parts_add_up_to_the_error_and_resamples_scatter_around_them(kind):
    confidence, correct = answers(kind, 600)
    (resampled,) = resample([sample_of(confidence, correct)], 300, np.random.default_rng(0))
    parts = smooth_parts(resampled.levels)
    assert np.abs(parts.observed).sum() == pytest.approx(smooth_calibration_error(confidence, correct), abs=1e-3)
    assert parts.observed.sum() == pytest.approx(signed_gap(confidence, correct), abs=1e-9)
    errors = parts.replicates.std(axis=0) / np.sqrt(300)
    assert (np.abs(parts.replicates.mean(axis=0) - parts.observed) < 5 * errors + 1e-12).all()


def test_the_interval_of_calibrated_confidences_reaches_zero_and_that_of_others_does_not():
    low = {}
    for kind in ("calibrated", "over-confident"):
        confidence, correct = answers(kind, 600)
        measure, sample = MEASURES["smooth_ece"], sample_of(confidence, correct)
        (resampled,) = resample([sample], 300, np.random.default_rng(0))
        low[kind], _ = measure.interval.ends(estimates([measure], sample, resampled)["smooth_ece"])
    assert low["calibrated"] == pytest.approx(0, abs=1e-9)
    assert low["over-confident"] > 0.05
