"""Discrimination: whether right answers get more confidence than wrong ones, whatever the confidences mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics.arrays import checked, counted, distinct, one_thread

_LEVELS = 16
"""So many are summed up together."""


def auroc(confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None) -> float:
    """Area under the ROC curve: the chance that a right answer has more confidence than a wrong one, ties half.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.
        weight: [N] rows that each stands for; None: one.

    Returns:
        Float in [0, 1]; higher is better; 0.5 when all confidences are equal.

    Undefined: nan when all answers are right or all are wrong.
    Conventions: exact comparison of floats; ties by mid-rank, so the order of rows never matters.
    Source: Hanley and McNeil 1982 (Mann-Whitney). Checked against scikit-learn's `roc_auc_score`.
    """
    confidence, correct = checked(confidence, correct)
    level = distinct(confidence).level
    right, wrong = (counted(level, weight, of.astype(np.float64)) for of in (correct, ~correct))
    return float(area(right, wrong)) if right.any() and wrong.any() else np.nan


def stratified_auroc(confidence: ArrayLike, correct: ArrayLike, stratum: ArrayLike) -> float:
    """AUROC within strata: the chance that a right answer has more confidence than a wrong one beside it, ties half.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.
        stratum: [N] int of at least 0.

    Returns:
        Float in [0, 1], over all pairs of a right and a wrong answer in one stratum, so that a stratum weighs as many
        pairs as it has; higher is better; 0.5 when confidence depends on the stratum alone.

    Undefined: nan when no stratum has both a right and a wrong answer.
    Source: Janes and Pepe 2009 (covariate-adjusted ROC); weights by pairs, as in van Elteren's stratified rank test.
    """
    return discrimination_of(question_sums(*checked(confidence, correct), np.asarray(stratum, dtype=np.int64)))


def within_question_discrimination(confidence: ArrayLike, correct: ArrayLike, question: ArrayLike) -> float:
    """WQD: `stratified_auroc` by question, whose rows are its draws: whether confidence separates draws.

    Source: Taubenfeld et al. 2025 (CISC, arXiv 2502.06233); that a tie counts half is this project's.
    """
    return stratified_auroc(confidence, correct, question)


def question_sums(confidence: np.ndarray, correct: np.ndarray, question: np.ndarray) -> np.ndarray:
    """[2]: pairs of a right and a wrong answer to one question that the right one wins, ties half, and all of them.

    They add up over samples that share no question.
    """
    return np.array([of.sum() for of in within_question_pairs(confidence, correct, question)])


def discrimination_of(sums: np.ndarray) -> float:
    """`within_question_discrimination` from `question_sums`."""
    wins, pairs = sums
    return float(wins / pairs) if pairs else np.nan


def within_question_pairs(
    confidence: np.ndarray, correct: np.ndarray, question: np.ndarray, n_questions: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Per question [Q] the pairs of a right and a wrong answer that the right one wins, ties half, and all of them.

    Q is `n_questions`, or more if a question has a higher number.
    """
    level = distinct(confidence).level
    n_levels = level.max(initial=0) + 1
    place = question * n_levels + level
    wrong, right, of = np.sort(place[~correct]), place[correct], question[correct]
    first, last = np.searchsorted(wrong, of * n_levels), np.searchsorted(wrong, (of + 1) * n_levels)
    won = (np.searchsorted(wrong, right, "left") + np.searchsorted(wrong, right, "right")) / 2 - first
    size = max(n_questions, question.max(initial=-1) + 1)
    return np.bincount(of, won, minlength=size), np.bincount(of, last - first, minlength=size)


def area(right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """AUROC from the (weighted) numbers [L] or [L, R] of right and wrong answers at each distinct value, rising."""
    return pairs_won(right, wrong) / (right.sum(0) * wrong.sum(0))


def pairs_won(right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Pairs of a right and a wrong answer that the right one wins, ties half."""
    if right.ndim == 1:
        return (right * (np.cumsum(wrong) - wrong / 2)).sum()
    below, won = np.zeros(right.shape[1]), np.zeros(right.shape[1])
    beaten = np.tri(_LEVELS) - np.eye(_LEVELS) / 2  # by a product, as a cumulative sum down the columns is slow
    with one_thread():
        for start in range(0, len(right), _LEVELS):
            wrongs = wrong[start : start + _LEVELS]
            lost = beaten[: len(wrongs), : len(wrongs)] @ wrongs
            lost += below
            lost *= right[start : start + _LEVELS]
            won += lost.sum(axis=0)
            below += wrongs.sum(axis=0)
    return won
