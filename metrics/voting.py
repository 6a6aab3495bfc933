"""Votes among K draws of a question, and how their accuracy and calibration grow with the number of draws.

What a vote of k draws does is the mean over subsets of k of the K draws, without replacement: over all of them where
there are at most `SUBSETS`, else over `SUBSETS` of them at random, the same ones for every vote and question. Ties are
taken in expectation: an answer is chosen at random among the classes that tie, and so is the draw that stands for its
class, since draws of one class may be graded differently (classes are made without gold).

A draw without an answer (abstained, echoed, unparsed, truncated) is asked but does not vote; where no draw votes, there
is no answer, and it is not right. A vote without a confidence counts as one of confidence 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np

from calibench.metrics import discrimination
from calibench.metrics.calibration import N_BINS, equal_width_bins

SUBSETS = 256
"""Enough that all subsets of up to 10 draws are taken."""
FOLDS = 5
TEMPERATURES = (*(10 ** (i / 4 - 2) for i in range(13)), np.inf)
"""From 0.01, where the most confident draw decides, to infinity, the majority vote. The grid is this project's."""
_TIE = 1e-9
"""Sums of weights that differ by less than this share are equal."""
_CELLS = 4_000_000
"""Numbers held at a time (32 MB)."""


class Draws(NamedTuple):
    """K draws of each of Q questions."""

    answer: np.ndarray
    """[Q, K] int: the draw's answer class, 0, 1, ... within each question; -1 if it has no answer."""
    correct: np.ndarray
    """[Q, K] bool; False where there is no answer."""
    confidence: np.ndarray
    """[Q, K] float in [0, 1]; nan where there is none."""

    def take(self, questions: np.ndarray | slice) -> Draws:
        return Draws(*(part[questions] for part in self))

    @property
    def votes(self) -> np.ndarray:
        """[Q, K] bool: the draw has an answer."""
        return self.answer >= 0

    @property
    def trust(self) -> np.ndarray:
        """[Q, K] float: the confidence, 0 where there is none."""
        return np.nan_to_num(self.confidence)


class Voted(NamedTuple):
    """What a vote does with each question, on average over subsets. Its confidence is the winner's share of the draws
    that were asked, or for a weighted vote the share of the votes' weight times the share of draws that vote."""

    right: np.ndarray
    """[Q] chance that the answer is right; no answer is not right."""
    answered: np.ndarray
    """[Q] share of subsets with an answer."""
    squared_error: np.ndarray
    """[Q] mean of (confidence - right or wrong)^2 x answered."""
    bins: np.ndarray
    """[3, B, Q] per bin of the confidence: mean of answered, of confidence and of right."""


def checked(draws: Draws) -> Draws:
    """The draws as arrays.

    Raises:
        ValueError: shapes differ or are not [Q, K], a confidence is outside [0, 1], or a draw is right without answer.
    """
    answer, correct, confidence = (np.asarray(part) for part in draws)
    if answer.ndim != 2 or not answer.shape == correct.shape == confidence.shape:
        raise ValueError(f"draws: expected [Q, K] thrice, found {answer.shape}, {correct.shape}, {confidence.shape}")
    outside = ~np.isnan(confidence) & ~((confidence >= 0) & (confidence <= 1))
    if outside.any():
        raise ValueError(f"confidence: expected values in [0, 1] or nan, found {confidence[outside][0]}")
    if (correct.astype(bool) & (answer < 0)).any():
        raise ValueError("correct: expected False where there is no answer, found True")
    return Draws(answer.astype(np.int64), correct.astype(bool), confidence.astype(np.float64))


def budgets(n_draws: int) -> list[int]:
    """The numbers of draws k at which a curve is computed: every one up to 16, then eight more up to K."""
    beyond = np.linspace(16, n_draws, 9).round().astype(int).tolist() if n_draws > 16 else []
    return sorted({*range(1, min(n_draws, 16) + 1), *beyond})


def subsets(n_draws: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """Membership [S, K], 0 or 1, of subsets of k draws: all of them, or `SUBSETS` at random where there are more."""
    if comb(n_draws, k) <= SUBSETS:
        chosen = np.array(list(combinations(range(n_draws), k)))
    else:
        chosen = rng.permuted(np.tile(np.arange(n_draws), (SUBSETS, 1)), axis=1)[:, :k]
    member = np.zeros((len(chosen), n_draws))
    np.put_along_axis(member, chosen, 1.0, axis=1)
    return member


def vote(draws: Draws, member: np.ndarray, temperature: float | np.ndarray = np.inf) -> Voted:
    """The vote in which draw i has the weight exp(confidence_i / T) within its question.

    Args:
        draws: of Q questions.
        member: [S, K] membership of subsets of one size.
        temperature: T > 0, of all questions or [Q]; infinity is the majority vote.

    Source: Taubenfeld et al. 2025 (CISC, arXiv 2502.06233): the answer with the largest sum of softmax(c / T). What
    happens to ties and to draws without answer or confidence is this project's, see above.
    """
    n_questions = len(draws.answer)
    temperature = np.broadcast_to(temperature, n_questions)
    out = Voted(*(np.empty((*shape, n_questions)) for shape in ((), (), (), (3, N_BINS))))
    for q in _groups(draws, len(member)):
        for whole, part in zip(out, _voted(*_Ballots(draws.take(q), member).count(temperature[q])), strict=True):
            whole[..., q] = part
    return out


def right_at_temperatures(draws: Draws, members: Sequence[np.ndarray]) -> np.ndarray:
    """[T, Q] chance that the vote is right at each of `TEMPERATURES`, averaged over numbers of draws.

    Args:
        draws: of Q questions.
        members: per number of draws, the membership [S, K] of subsets.
    """
    return np.mean([_right_at_temperatures(draws, member) for member in members], axis=0)


def temperatures(right: np.ndarray, fold: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """The temperature [Q] of each question's weighted vote, chosen on the other folds (cross-fitting).

    Of `TEMPERATURES` the one with the highest accuracy on the questions of all other folds, the largest where several
    have it; but infinity, the majority vote, unless that gains more over it there than the standard error of the gain
    (the rule of one standard error, Breiman et al. 1984, for the choice between votes; its use here is this project's).

    Args:
        right: [T, Q] as `right_at_temperatures` gives it; of several tasks, side by side.
        fold: [Q] int, two or more distinct; questions that are not independent share one.
        weight: [Q] of the questions; None: all the same.
    """
    weight = np.ones(len(fold)) if weight is None else weight
    gain = right - right[-1]
    chosen = np.empty(len(fold))
    for held_out in np.unique(fold):
        others = fold != held_out
        share = weight[others] / weight[others].sum()
        mean = gain[:, others] @ share
        best = np.flatnonzero(mean >= mean.max() - _TIE)[-1]
        noise = np.sqrt(((gain[best, others] - mean[best]) ** 2 * share**2).sum())
        chosen[fold == held_out] = TEMPERATURES[best] if mean[best] > noise else np.inf
    return chosen


def folds(cluster: np.ndarray, n_clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Fold [Q] of each question, of at most `FOLDS`; a cluster [Q] is in one fold."""
    return (rng.permutation(n_clusters) % FOLDS)[cluster]


def best_of(draws: Draws, k: int) -> np.ndarray:
    """Chance [Q] that the most confident of k draws is right, over all subsets and orders of ties; exact."""
    key = np.where(draws.votes, draws.trust, -1.0)
    alike = (key[:, :, None] == key[:, None, :]).sum(axis=2)
    below = (key[:, :, None] > key[:, None, :]).sum(axis=2)
    n_draws = draws.answer.shape[1]
    share = np.array([comb(j, k) / comb(n_draws, k) for j in range(n_draws + 1)])
    return (draws.correct * (share[below + alike] - share[below]) / alike).sum(axis=1)


def any_right(draws: Draws, k: int) -> np.ndarray:
    """Chance [Q] that one of k draws is right, over all subsets: 1 - C(wrong, k) / C(K, k).

    Source: Chen et al. 2021 (arXiv 2107.03374), the unbiased estimator of pass@k.
    """
    n_draws = draws.answer.shape[1]
    none = np.array([comb(j, k) / comb(n_draws, k) for j in range(n_draws + 1)])
    return 1 - none[(~draws.correct).sum(axis=1)]


def within_question_pairs(draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a right and a wrong answer of one question, both with a confidence.

    Returns:
        Per question [Q] how many of them have more confidence for the right answer, ties half, and how many there are.
        The sum of the first over the sum of the second is the within-question discrimination (WQD): pooled over pairs.

    Source: Taubenfeld et al. 2025 (CISC); that a tie counts half is this project's.
    """
    usable = draws.votes & ~np.isnan(draws.confidence)
    question, _ = np.nonzero(usable)
    rows = draws.confidence[usable], draws.correct[usable], question
    return discrimination.within_question_pairs(*rows, n_questions=len(usable))


def equal_draws(ks: list[int], accuracy: np.ndarray, target: float) -> float:
    """The number of draws at which a curve first has the accuracy `target`, interpolated linearly.

    Undefined: nan where the target is below the curve's start or above all of it.
    """
    reached = np.flatnonzero(accuracy >= target - 1e-12)
    if len(reached) == 0 or target < accuracy[0] - 1e-12:
        return np.nan
    i = reached[0]
    if i == 0:
        return float(ks[0])
    return float(ks[i - 1] + (ks[i] - ks[i - 1]) * (target - accuracy[i - 1]) / (accuracy[i] - accuracy[i - 1]))


def _right_at_temperatures(draws: Draws, member: np.ndarray) -> np.ndarray:
    """[T, Q] chance that the answer is right at each of `TEMPERATURES`."""
    out = np.empty((len(TEMPERATURES), len(draws.answer)))
    for q in _groups(draws, len(member)):
        ballots = _Ballots(draws.take(q), member)
        out[:, q] = [ballots.count(np.full(len(q), t))[0].mean(axis=0) for t in TEMPERATURES]
    return out


def _groups(draws: Draws, n_subsets: int) -> Iterator[np.ndarray]:
    """Indices of questions that are counted together: with about as many classes, and no more than memory is for."""
    n_classes = draws.answer.max(axis=1) + 1
    size = np.ceil(np.log2(np.maximum(n_classes, 1)))
    for of_size in np.unique(size):
        q = np.flatnonzero(size == of_size)
        at_a_time = max(1, int(_CELLS // (n_subsets * 2**of_size)))
        yield from (q[start : start + at_a_time] for start in range(0, len(q), at_a_time))


class _Ballots:
    """Subsets of the draws of Q questions, sorted by answer class."""

    def __init__(self, draws: Draws, member: np.ndarray) -> None:
        n_classes = max(1, draws.answer.max() + 1)
        self._member = member
        self._in_class = (draws.answer.T[:, None] == np.arange(n_classes)[:, None]).astype(np.float64)  # [K, C, Q]
        # Relative to the question's highest confidence, so that no weight overflows.
        trust = np.where(draws.votes, draws.trust, 0.0)
        self._below_top = (trust - trust.max(axis=1, keepdims=True)).T
        self._n = self._sums(self._in_class)
        self._right = self._sums(self._in_class * draws.correct.T[:, None]) / np.maximum(self._n, 1)
        self._n_votes = self._n.sum(axis=1)

    def count(self, temperature: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Chance that the answer is right, confidence, and whether there is an answer; each [S, Q]."""
        weight = np.exp(self._below_top / temperature)
        score = self._sums(self._in_class * weight[:, None])
        top, answered = score.max(axis=1), self._n_votes > 0
        winner = (self._n > 0) & (score >= top[:, None] * (1 - _TIE))
        right = (winner * self._right).sum(axis=1) / np.maximum(winner.sum(axis=1), 1)
        # One quotient of whole numbers for the majority vote, so that shares on the edge of a bin are exact.
        asked = score.sum(axis=1) * self._member[0].sum()
        return right, top * self._n_votes / np.where(answered, asked, 1.0), answered

    def _sums(self, of: np.ndarray) -> np.ndarray:
        """Sums [S, C, Q] over the draws of each subset, from [K, C, Q]."""
        return np.tensordot(self._member, of, axes=(1, 0))


def _voted(right: np.ndarray, confidence: np.ndarray, answered: np.ndarray) -> Voted:
    n_subsets, n_questions = right.shape
    squared_error = right * (1 - confidence) ** 2 + (1 - right) * confidence**2
    cell = (equal_width_bins(confidence) * n_questions + np.arange(n_questions)).ravel()
    bins = [
        np.bincount(cell, (part * answered).ravel(), minlength=N_BINS * n_questions).reshape(N_BINS, n_questions)
        for part in (np.ones_like(right), confidence, right)
    ]
    return Voted(
        right.mean(axis=0),
        answered.mean(axis=0),
        (squared_error * answered).mean(axis=0),
        np.stack(bins) / n_subsets,
    )
