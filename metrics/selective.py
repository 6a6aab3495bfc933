"""Selective answering: what is left of the errors when only the most confident answers are kept.

With a `weight` [N], row i stands for weight[i] rows that are equal; without it, for one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics.arrays import checked, counted, distinct, mean, number_of


def aurc(confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None) -> float:
    """Area under the risk-coverage curve: the mean, over k = 1 .. N, of the error rate among the k most confident.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.

    Returns:
        Float in [0, 1]; lower is better; 1 - accuracy when all confidences are equal.

    Undefined: nan when N == 0.
    Conventions: the expectation over all orders of tied rows, so that the order of rows never matters.
    Source: Geifman and El-Yaniv 2017, section 2. Checked against the mean over all orders of ties.
    """
    n, right = _kept(*checked(confidence, correct), weight)
    if not len(n):
        return np.nan
    # Between two values, n kept answers have a + b n errors, of which the mean over n follows from sums of 1 / n.
    before = np.r_[0, n[:-1]]
    wrong = n - right
    risk = np.diff(wrong, prepend=0) / (n - before)
    areas = (np.r_[0, wrong[:-1]] - risk * before) * np.diff(_harmonic(n), prepend=0) + risk * (n - before)
    return float(areas.sum() / n[-1])


def excess_aurc(confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None) -> float:
    """AURC minus that of the best possible order, every right answer before every wrong one.

    Returns:
        Float in [0, 1]; lower is better.

    Undefined: nan when N == 0.
    Source: Geifman et al. 2019, eq. 3, with the exact area of the best order.
    """
    confidence, correct = checked(confidence, correct)
    return aurc(confidence, correct, weight=weight) - _best_aurc(correct, weight)


def prediction_rejection_ratio(confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None) -> float:
    """PRR: how much of what the best order gains over a random one is gained: (r - aurc) / (r - best aurc), where r is
    the error rate.

    Returns:
        Float, at most 1; 0 is no better than chance, and less is worse.

    Undefined: nan when all answers are right, or all are wrong.
    Source: Malinin and Gales 2021, in the form of LM-Polygraph (mean accuracy over all numbers of kept answers, all of
    them rejected in the end). Checked against its formula.
    """
    confidence, correct = checked(confidence, correct)
    if not correct.any() or correct.all():
        return np.nan
    random = 1 - mean(correct, weight)
    return float((random - aurc(confidence, correct, weight=weight)) / (random - _best_aurc(correct, weight)))


def accuracy_at_coverage(
    confidence: ArrayLike, correct: ArrayLike, coverage: float, *, weight: np.ndarray | None = None
) -> float:
    """Accuracy of this share of the answers, the most confident ones.

    Args:
        coverage: in (0, 1]; where it cuts through equal confidences, the expectation over their order.

    Undefined: nan when N == 0.
    """
    n, right = _kept(*checked(confidence, correct), weight)
    if not len(n):
        return np.nan
    kept = coverage * n[-1]
    return float(np.interp(kept, np.r_[0, n], np.r_[0, right]) / kept)


def coverage_at_accuracy(
    confidence: ArrayLike, correct: ArrayLike, accuracy: float, *, weight: np.ndarray | None = None
) -> float:
    """The largest share of the answers at or above some confidence of which at least `accuracy` is right; 0 if there is
    none. It is chosen on the answers that it is of, so that it promises nothing for others (`metrics.threshold` does).

    Undefined: nan when N == 0.
    """
    n, right = _kept(*checked(confidence, correct), weight)
    if not len(n):
        return np.nan
    return float(n[right >= accuracy * n - 1e-9].max(initial=0) / n[-1])


def average_precision(confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None) -> float:
    """Area under the precision-recall curve of right answers: the mean precision at each right answer, from the most
    confident one on.

    Returns:
        Float in [0, 1]; higher is better; the accuracy when all confidences are equal. For errors, give the negations:
        1 - confidence and ~correct.

    Undefined: nan without a right answer.
    Conventions: a step at each distinct confidence, without interpolation. Checked against scikit-learn's
    `average_precision_score`.
    """
    confidence, correct = checked(confidence, correct)
    level = distinct(confidence).level
    right, wrong = (counted(level, weight, of.astype(np.float64)) for of in (correct, ~correct))
    return float(mean_precision(right, wrong))


def mean_precision(right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Average precision from the (weighted) numbers [L] or [L, R] of right and wrong answers at each distinct value,
    rising; nan without a right answer."""
    above = np.cumsum(right[::-1], axis=0)
    n = above + np.cumsum(wrong[::-1], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (right[::-1] * above / np.maximum(n, 1e-300)).sum(axis=0) / right.sum(axis=0)


def _best_aurc(correct: np.ndarray, weight: np.ndarray | None) -> float:
    """The AURC of the order in which every right answer comes before every wrong one."""
    n = number_of(correct, weight)
    if not n:
        return np.nan
    right = int(counted(correct.astype(np.int64), weight, minlength=2)[1])
    # Of k > right answers, k - right are wrong.
    all_of, of_right = _harmonic(np.array([n, right]))
    return float(n - right - right * (all_of - of_right)) / n


def _harmonic(n: np.ndarray) -> np.ndarray:
    """1 + 1/2 + ... + 1/n, of whole numbers n >= 0."""
    from scipy.special import digamma

    return digamma(n + 1.0) + np.euler_gamma


def _kept(confidence: np.ndarray, correct: np.ndarray, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Answers [L] at or above each distinct confidence, from the highest on, and the right ones among them [L]."""
    index = distinct(confidence).level
    counts, right = (counted(index, weight, of).astype(np.int64) for of in (None, correct))
    return np.cumsum(counts[::-1]), np.cumsum(right[::-1])
