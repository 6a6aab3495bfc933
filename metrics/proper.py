"""Proper scores: a model lowers them on average only by saying what it believes.

With a `weight` [N], row i stands for weight[i] rows that are equal; without it, for one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics.arrays import checked, counted, distinct, mean
from calibench.metrics.calibration import is_discrete, value_bins

LOG_LOSS_CLIP = 0.001
"""A stated 100 % counts as 99.9 % in the log loss. Models often state 0 and 100 %, so this constant decides."""


class Decomposition(NamedTuple):
    """Brier score = reliability - resolution + uncertainty."""

    reliability: float
    """Squared distance of confidence from the accuracy at that confidence; lower is better."""
    resolution: float
    """How far the accuracy at each confidence is from the overall accuracy; higher is better."""
    uncertainty: float
    """Accuracy x (1 - accuracy): the Brier score of always saying the accuracy."""


def brier_score(confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None) -> float:
    """Brier score: mean of (confidence - correct)^2, of the binary event that the answer is right.

    Returns:
        Float in [0, 1]; lower is better; 0.25 for always saying one half.

    Undefined: nan when N == 0.
    Source: Brier 1950, for two classes counted once. Checked against scikit-learn's `brier_score_loss`.
    """
    confidence, correct = checked(confidence, correct)
    return float(mean((confidence - correct) ** 2, weight)) if len(confidence) else np.nan


def brier_decomposition(
    confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None
) -> Decomposition:
    """Exact decomposition of the Brier score over the distinct confidences.

    Undefined: nan when N == 0; reliability and resolution are nan for continuous confidences (`is_discrete`), which
    `isotonic_decomposition` serves.
    Source: Murphy 1973, eq. 7.
    """
    confidence, correct = checked(confidence, correct)
    if not is_discrete(confidence, weight):
        return Decomposition(np.nan, np.nan, _uncertainty(correct, weight))
    values = value_bins(confidence)
    accuracy = counted(values, weight, correct) / counted(values, weight)
    return _decompose(confidence, correct, accuracy[values], weight)


def isotonic_decomposition(
    confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None
) -> Decomposition:
    """CORP decomposition: the accuracy at each confidence is estimated by isotonic regression, without bins.

    Reliability is the score that recalibration in hindsight would save, resolution what the recalibrated confidence
    gains over always saying the accuracy; both are at least 0.

    Undefined: nan when N == 0.
    Source: Dimitriadis, Gneiting, Jordan 2021 (there MCB, DSC, UNC), eq. 4. Isotonic fit by scipy.
    """
    from scipy.optimize import isotonic_regression  # as scikit-learn's, which takes a second longer to import

    confidence, correct = checked(confidence, correct)
    if not len(confidence):
        return Decomposition(np.nan, np.nan, np.nan)
    index = distinct(confidence).level
    n = counted(index, weight)
    accuracy = counted(index, weight, correct) / n
    return _decompose(confidence, correct, isotonic_regression(accuracy, weights=n).x[index], weight)


def brier_skill_score(confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None) -> float:
    """1 - Brier score / uncertainty: the gain over always saying the accuracy.

    Returns:
        Float, at most 1; 0 is no better than the constant, below 0 is worse; higher is better.

    Undefined: nan when all answers are right or all are wrong, or N == 0.
    Source: Murphy 1973, with the sample's own base rate as reference.
    """
    confidence, correct = checked(confidence, correct)
    uncertainty = _uncertainty(correct, weight)
    return 1 - brier_score(confidence, correct, weight=weight) / uncertainty if uncertainty > 0 else np.nan


def log_loss(
    confidence: ArrayLike, correct: ArrayLike, *, clip: float = LOG_LOSS_CLIP, weight: np.ndarray | None = None
) -> float:
    """Log loss: mean of -ln(confidence if correct else 1 - confidence), confidence clipped to [clip, 1 - clip].

    Returns:
        Nats, from 0 up to -ln(clip); lower is better.

    Undefined: nan when N == 0.
    Source: Good 1952. Checked against scikit-learn's `log_loss`.
    """
    confidence, correct = checked(confidence, correct)
    return float(mean(log_losses(confidence, correct, clip), weight)) if len(confidence) else np.nan


def log_losses(confidence: np.ndarray, correct: np.ndarray, clip: float = LOG_LOSS_CLIP) -> np.ndarray:
    """Log loss of each row [N]."""
    clipped = np.clip(confidence, clip, 1 - clip)
    return -np.log(np.where(correct, clipped, 1 - clipped))


def _decompose(
    confidence: np.ndarray, correct: np.ndarray, calibrated: np.ndarray, weight: np.ndarray | None
) -> Decomposition:
    """The decomposition, given the accuracy [N] at each row's confidence."""
    if not len(confidence):
        return Decomposition(np.nan, np.nan, np.nan)
    score, uncertainty = mean((confidence - correct) ** 2, weight), _uncertainty(correct, weight)
    calibrated_score = mean((calibrated - correct) ** 2, weight)
    return Decomposition(float(score - calibrated_score), float(uncertainty - calibrated_score), uncertainty)


def _uncertainty(correct: np.ndarray, weight: np.ndarray | None) -> float:
    accuracy = mean(correct, weight) if len(correct) else np.nan
    return float(accuracy * (1 - accuracy))
