"""An automation threshold: the lowest confidence from which on answers are right often enough, with a guarantee.

Each threshold of a fixed grid is a hypothesis, "of the answers at least this confident, too few are right". They are
tested from the highest threshold downwards by the exact binomial test, each at the whole level, until the first one
that cannot be rejected (fixed-sequence testing), so that no correction for the length of the grid is needed. The lowest
threshold that was rejected is the answer.

The answers must be independent of each other and of the same kind as those that the threshold is used on.

Source: Angelopoulos et al. 2021, "Learn then Test", section 3.2 (fixed-sequence testing); Clopper and Pearson 1934.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics.arrays import checked

_FINE = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005)
GRID = np.array(sorted({k / 100 for k in range(101)} | {*_FINE} | {round(1 - fine, 4) for fine in _FINE}, reverse=True))
"""[T] thresholds, falling. Fixed before any label is seen; hundredths, and finer ones near 0 and 1."""
GRID_TEXT = "the hundredths from 1.00 to 0.00, with 1, 2 and 5 thousandths and ten-thousandths from either end"
_TIES = 1e-9
"""Confidences that are below a threshold by no more than this are at it."""
_FEW_ERRORS, _MORE_ERRORS = 1, 8
"""The first test must be able to pass with so many errors: with fewer, one error in the best answers ends the search;
with more, few answers are left for it."""


class Counts(NamedTuple):
    """Answers at or above each threshold of `GRID`."""

    n: np.ndarray
    """[T] int, rising."""
    right: np.ndarray
    """[T] int"""


class Found(NamedTuple):
    """What the search found."""

    threshold: float | None
    """None: at no threshold could it be shown."""
    n: int
    """Answers at or above it; 0 where there is none."""
    right: int


def at_least(confidence: ArrayLike, threshold: ArrayLike) -> np.ndarray:
    """[N] bool: the confidence is at or above the threshold, by the rule of `counts`; not where either is nan."""
    return np.asarray(confidence) >= np.asarray(threshold) - _TIES


def counts(confidence: ArrayLike, correct: ArrayLike) -> Counts:
    """How many answers are at or above each threshold, and how many of them are right.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.
    """
    confidence, correct = checked(confidence, correct)
    order = np.argsort(confidence, kind="stable")
    below = np.searchsorted(confidence[order], GRID - _TIES)
    right = np.concatenate([[0], np.cumsum(correct[order])])
    return Counts(len(confidence) - below, right[-1] - right[below])


def p_values(of: Counts, precision: float) -> np.ndarray:
    """[T] chances of at least so many right answers if each were right with a chance of `precision`; 1 without any.

    One is at most alpha exactly where the lower Clopper-Pearson bound of level 1 - alpha reaches `precision`.
    """
    from scipy.stats import binom

    return binom.sf(of.right - 1, of.n, precision)


def search(of: Counts, precision: float, alpha: float) -> Found:
    """The lowest threshold at or above which a share of at least `precision` of all such answers is right.

    Args:
        of: one answer per independent unit.
        precision: in (0, 1).
        alpha: chance, over samples, that the share is lower than `precision` at the threshold found.

    The first threshold tested is the highest one with `first_n` answers at or above it, which depends on confidences
    alone. The chance holds exactly unless precision is below the target at a higher threshold and rises again below it.
    """
    tested = np.flatnonzero(of.n >= first_n(int(of.n[-1]), precision, alpha))
    passed = p_values(of, precision)[tested] <= alpha
    n_passed = len(passed) if passed.all() else int(np.argmin(passed))
    if n_passed == 0:
        return Found(None, 0, 0)
    last = tested[n_passed - 1]
    return Found(float(GRID[last]), int(of.n[last]), int(of.right[last]))


def first_n(n: int, precision: float, alpha: float) -> int:
    """Answers that the first test must have: a tenth of all n, but as many as pass with one error, and no more than
    pass with eight; where n is too small for that, as many as pass without error."""
    few = answers_needed(_FEW_ERRORS, precision, alpha)
    if n < few:
        return answers_needed(0, precision, alpha)
    return max(few, min(n // 10, answers_needed(_MORE_ERRORS, precision, alpha)))


@functools.cache
def answers_needed(errors: int, precision: float, alpha: float) -> int:
    """The fewest answers that pass the test when so many of them are wrong."""
    from scipy.stats import binom

    low, high = errors, errors + 1
    while binom.cdf(errors, high, 1 - precision) > alpha:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if binom.cdf(errors, middle, 1 - precision) <= alpha else (middle, high)
    return high


def labels_needed(of: Counts, precision: float, alpha: float) -> int:
    """The fewest further answers with which some threshold could pass: those that it lacks if every further one at or
    above it is right, and confidences are spread as they are. Of no answers at all, those that pass without error."""
    if of.n[-1] == 0:
        return answers_needed(0, precision, alpha)
    held = np.unique(np.flatnonzero(of.n > 0)[np.unique(of.n[of.n > 0], return_index=True)[1]])
    lacking = [
        (answers_needed(int(of.n[i] - of.right[i]), precision, alpha) - of.n[i]) * of.n[-1] / of.n[i] for i in held
    ]
    return max(1, int(np.ceil(min(lacking))))


def expected_costs(of: Counts, n: int, error: float, review: float, spent: float = 0.0) -> np.ndarray:
    """Cost [T] of an answer if those at or above a threshold go out and a person checks all others.

    Args:
        of: of the n answers, those with a confidence.
        n: all answers.
        error: cost of a wrong answer that goes out.
        review: cost of a check, which finds every error.
        spent: on each answer, checked or not.
    """
    return ((of.n - of.right) * error + (n - of.n) * review) / n + spent


def exact_interval(right: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Clopper-Pearson interval of a share, n > 0, of level 1 - alpha with both sides together.

    Source: Clopper and Pearson 1934. Checked against scipy.stats.binomtest.
    """
    from scipy.special import betaincinv  # scipy.stats, with the same values, takes a second longer to import

    low = betaincinv(right, n - right + 1, alpha / 2) if right else 0.0
    high = betaincinv(right + 1, n - right, 1 - alpha / 2) if right < n else 1.0
    return float(low), float(high)
