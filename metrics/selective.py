"""Selective answering: what is left of the errors when only the most confident answers are kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics.arrays import checked, distinct


def aurc(confidence: ArrayLike, correct: ArrayLike) -> float:
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
    confidence, correct = checked(confidence, correct)
    _, index, counts = distinct(confidence)
    risk_of_value = np.bincount(index, ~correct) / counts
    return _area(np.cumsum(np.repeat(risk_of_value[::-1], counts[::-1])))


def excess_aurc(confidence: ArrayLike, correct: ArrayLike) -> float:
    """AURC minus that of the best possible order, every right answer before every wrong one.

    Returns:
        Float in [0, 1]; lower is better.

    Undefined: nan when N == 0.
    Source: Geifman et al. 2019, eq. 3, with the exact area of the best order.
    """
    confidence, correct = checked(confidence, correct)
    return aurc(confidence, correct) - _best_aurc(correct)


def prediction_rejection_ratio(confidence: ArrayLike, correct: ArrayLike) -> float:
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
    random = 1 - correct.mean()
    return float((random - aurc(confidence, correct)) / (random - _best_aurc(correct)))


def accuracy_at_coverage(confidence: ArrayLike, correct: ArrayLike, coverage: float) -> float:
    """Accuracy of this share of the answers, the most confident ones.

    Args:
        coverage: in (0, 1]; where it cuts through equal confidences, the expectation over their order.

    Undefined: nan when N == 0.
    """
    n, right = _kept(*checked(confidence, correct))
    if not len(n):
        return np.nan
    kept = coverage * n[-1]
    return float(np.interp(kept, np.r_[0, n], np.r_[0, right]) / kept)


def coverage_at_accuracy(confidence: ArrayLike, correct: ArrayLike, accuracy: float) -> float:
    """The largest share of the answers at or above some confidence of which at least `accuracy` is right; 0 if there is
    none. It is chosen on the answers that it is of, so that it promises nothing for others (`metrics.threshold` does).

    Undefined: nan when N == 0.
    """
    n, right = _kept(*checked(confidence, correct))
    if not len(n):
        return np.nan
    return float(n[right >= accuracy * n - 1e-9].max(initial=0) / n[-1])


def average_precision(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Area under the precision-recall curve of right answers: the mean precision at each right answer, from the most
    confident one on.

    Returns:
        Float in [0, 1]; higher is better; the accuracy when all confidences are equal. For errors, give the negations:
        1 - confidence and ~correct.

    Undefined: nan without a right answer.
    Conventions: a step at each distinct confidence, without interpolation. Checked against scikit-learn's
    `average_precision_score`.
    """
    n, right = _kept(*checked(confidence, correct))
    if not len(n) or not right[-1]:
        return np.nan
    return float((np.diff(right, prepend=0) * right / n).sum() / right[-1])


def _best_aurc(correct: np.ndarray) -> float:
    """The AURC of the order in which every right answer comes before every wrong one."""
    return _area(np.maximum(np.arange(1, len(correct) + 1) - np.count_nonzero(correct), 0))


def _area(errors: np.ndarray) -> float:
    """Mean error rate of the k most confident, over all k, from the errors [N] among them."""
    return float(np.mean(errors / np.arange(1, len(errors) + 1))) if len(errors) else np.nan


def _kept(confidence: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Answers [L] at or above each distinct confidence, from the highest on, and the right ones among them [L]."""
    _, index, counts = distinct(confidence)
    right = np.bincount(index, correct, minlength=len(counts)).astype(np.int64)
    return np.cumsum(counts[::-1]), np.cumsum(right[::-1])
