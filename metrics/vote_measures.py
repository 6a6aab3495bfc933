"""The measures of votes: one row each, as those of a scorecard, computed from the ballots of all questions.

Where all votes are right, or none is, a bootstrap sees no doubt in them. There each resample turns a share of the
verdicts that so many questions may have missed, as in scorecards (`metrics.resampled`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from calibench.metrics import voting
from calibench.metrics.bootstrap import unseen_share
from calibench.metrics.estimate import BOOTSTRAP, INVERSION, LOGIT, Estimate, Parts, replicates_of
from calibench.metrics.measure import Measure


class Questions(NamedTuple):
    """The questions, and the resamples of their clusters."""

    cluster: np.ndarray
    """[Q]"""
    counts: np.ndarray
    """[C, R]"""
    n_total: int
    normal: np.ndarray
    """[R] standard normal numbers, a run's own: how far its verdicts are doubted where all of them agree."""

    def ratio(self, of: np.ndarray, per: np.ndarray | float = 1.0) -> Estimate:
        """Sum of [Q] over the sum of [Q]; nan if that is zero."""
        per = np.broadcast_to(per, of.shape)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.float64(of.sum()) / per.sum()
            return self._estimate(value, self._resampled(of) / self._resampled(per), None, per)

    def share(self, of: np.ndarray, per: np.ndarray | float = 1.0) -> Estimate:
        """As `ratio`, of what can only be 0 to 1: with the doubt that is left at either end."""
        found = self.ratio(of, per)
        sign = {0.0: 1.0, 1.0: -1.0}.get(found.value, 0.0)
        return found._replace(replicates=replicates_of(found) + sign * self._unseen(np.broadcast_to(per, of.shape)))

    def brier(self, voted: voting.Voted) -> Estimate:
        """Mean squared error of the votes with an answer."""
        turned = voted.squared_error + self._sign(voted) * (voted.answered - 2 * voted.bins[1].sum(axis=0))
        as_seen, otherwise = (self.ratio(error, voted.answered) for error in (voted.squared_error, turned))
        change = replicates_of(otherwise) - replicates_of(as_seen)
        return as_seen._replace(replicates=replicates_of(as_seen) + self._unseen(voted.answered) * change)

    def ece(self, voted: voting.Voted) -> Estimate:
        """Calibration error of the votes with an answer."""
        bins = voted.bins
        flat = np.stack([self._resampled(row) for row in bins.reshape(-1, bins.shape[-1])])
        n, confidence, right = flat.reshape(3, bins.shape[1], -1)
        if self._sign(voted):
            right = right + self._unseen(voted.answered) * (n - 2 * right)
        total_n, total_confidence, total_right = bins.sum(axis=2)
        with np.errstate(invalid="ignore", divide="ignore"):
            observed = (total_confidence - total_right) / total_n.sum()
            replicates = ((confidence - right) / n.sum(axis=0)).T
        parts = Parts(observed, replicates, bool(self._sign(voted)))
        return self._estimate(np.abs(observed).sum(), parts.sizes(), parts, voted.answered)

    def constant(self, value: float) -> Estimate:
        """A number that is not resampled."""
        return self._estimate(value, np.full(self.counts.shape[1], value), None, np.ones(len(self.cluster)))

    def _unseen(self, per: np.ndarray) -> np.ndarray:
        """Share [R] of the verdicts of these questions [Q] whose kind the sample may not have seen."""
        return unseen_share(self.normal, max(len(np.unique(self.cluster[per > 0])), 1))

    @staticmethod
    def _sign(voted: voting.Voted) -> float:
        """1 where no vote with an answer is right, -1 where all are, 0 where they differ."""
        return 1.0 if not voted.right.any() else -1.0 if np.array_equal(voted.right, voted.answered) else 0.0

    def _resampled(self, of: np.ndarray) -> np.ndarray:
        return np.bincount(self.cluster, of, minlength=len(self.counts)) @ self.counts

    def _estimate(self, value: float, replicates: np.ndarray, parts: Parts | None, per: np.ndarray) -> Estimate:
        return Estimate(float(value), replicates, parts, int((per > 0).sum()), self.n_total)


class Ballots(NamedTuple):
    """What votes of k draws of each question do, k being one number of draws or all of them."""

    questions: Questions
    draws: voting.Draws
    """With the confidences of one method, or without any."""
    k: int
    majority: voting.Voted
    weighted: voting.Voted | None = None
    """None without a confidence, or where no temperature can be chosen."""
    temperature: np.ndarray | None = None
    """[Q]; None likewise."""


_SUBSAMPLED = (
    f"k of the K draws without replacement, all subsets or {voting.SUBSETS} random ones; ties in expectation; "
    "a draw without an answer does not vote; n counts questions"
)
_WEIGHTS = (
    "softmax(confidence / T) within the question, a missing confidence is 0; T from 0.01 to 10 or infinite by accuracy "
    f"over k = 2, 4, 8, ... and K on the other of {voting.FOLDS} folds by question or cluster, not chosen again in "
    "resamples"
)
_BINNED = "10 equal-width bins, over all questions with an answer and all subsets"
_NOT_ANSWERED = "no draw has an answer"
_NO_FOLDS = "T cannot be chosen on other questions: there is only one, or one cluster"
_NO_PAIRS = "no question has a right and a wrong answer that both have a confidence"
_INVERSION = INVERSION._replace(how="by inverting a bootstrap test")


def _row(name: str, compute: Callable[..., Any], convention: str, undefined: str = "", **more: Any) -> Measure:
    return Measure(name, "questions", compute, convention, undefined, **{"interval": BOOTSTRAP, **more})


def _weighted(compute: Callable[[Questions, voting.Voted], Estimate]) -> Callable[[Ballots], Estimate]:
    return lambda b: b.questions.constant(np.nan) if b.weighted is None else compute(b.questions, b.weighted)


def _wqd_by_question(b: Ballots) -> Estimate:
    wins, pairs = voting.within_question_pairs(b.draws)
    return b.questions.share(wins / np.maximum(pairs, 1), pairs > 0)


OF_ALL_DRAWS = (
    _row(
        "vote_share",
        lambda b: b.questions.share(b.draws.votes.mean(axis=1)),
        "share of draws with an answer; n counts questions",
    ),
    _row(
        "distinct_answers",
        lambda b: b.questions.ratio(b.draws.answer.max(axis=1) + 1.0),
        "mean number of answer classes among the K draws of a question; n counts questions",
        range=(0.0, np.inf),
    ),
)
"""Of all draws, whatever their confidences."""
MAJORITY = (
    _row(
        "majority_accuracy",
        lambda b: b.questions.share(b.majority.right),
        f"share of questions whose most frequent answer is right; {_SUBSAMPLED}",
        heading="Majority",
        meaning="Share of questions answered right",
        better="higher",
    ),
    _row(
        "majority_answered",
        lambda b: b.questions.share(b.majority.answered),
        f"share of questions with an answer; {_SUBSAMPLED}",
    ),
    _row(
        "majority_ece",
        lambda b: b.questions.ece(b.majority),
        f"confidence: share of the draws with that answer; {_BINNED}; {_SUBSAMPLED}",
        _NOT_ANSWERED,
        heading="ECE of the vote's share",
        meaning="Calibration error when the share of the vote is taken as confidence",
        better="lower",
        interval=_INVERSION,
    ),
    _row(
        "majority_brier",
        lambda b: b.questions.brier(b.majority),
        f"confidence: share of the draws with that answer; {_SUBSAMPLED}",
        _NOT_ANSWERED,
        heading="Brier score of the vote's share",
        meaning="Squared error of that confidence",
        better="lower",
    ),
    _row(
        "oracle_accuracy",
        lambda b: b.questions.share(voting.any_right(b.draws, b.k)),
        "share of questions with a right draw, 1 - C(wrong, k) / C(K, k) (unbiased pass@k); n counts questions",
        heading="Any right",
        better="higher",
    ),
)
"""Of k draws, whatever their confidences."""
WITHIN = (
    _row(
        "wqd",
        lambda b: b.questions.share(*voting.within_question_pairs(b.draws)),
        "chance that the right one of a right and a wrong answer to one question has more confidence, ties half; "
        "over all such pairs (CISC's definition)",
        _NO_PAIRS,
        heading="WQD",
        better="higher",
        interval=LOGIT,
    ),
    _row(
        "wqd_by_question",
        _wqd_by_question,
        "as wqd, but the mean over questions that have such pairs",
        _NO_PAIRS,
        better="higher",
        interval=LOGIT,
    ),
)
"""Of all draws and the confidences of a method."""
BEST = (
    _row(
        "best_accuracy",
        lambda b: b.questions.share(voting.best_of(b.draws, b.k)),
        "share of questions whose most confident draw is right, exact over subsets and ties; a missing confidence is "
        "0, a draw without an answer comes last; n counts questions",
        heading="Best of K",
        better="higher",
    ),
)
"""Of k draws and the confidences of a method."""
TEMPERATURE = (
    _row(
        "weighted_temperature_inverse",
        lambda b: b.questions.constant(np.nan if b.temperature is None else (1 / b.temperature).mean()),
        "mean of 1 / T over questions; 0 is the majority vote",
        _NO_FOLDS,
        range=(0.0, np.inf),
    ),
)
"""Of all draws."""
WEIGHTED = (
    _row(
        "weighted_accuracy",
        _weighted(lambda q, voted: q.share(voted.right)),
        f"CISC: {_WEIGHTS}; {_SUBSAMPLED}",
        _NO_FOLDS,
        heading="Weighted",
        better="higher",
    ),
    _row(
        "weighted_gain",
        lambda b: _weighted(lambda q, voted: q.ratio(voted.right - b.majority.right))(b),
        f"weighted_accuracy - majority_accuracy on the same subsets; {_SUBSAMPLED}",
        _NO_FOLDS,
        heading="Gain",
        better="higher",
        range=(-1.0, 1.0),
    ),
    _row(
        "weighted_ece",
        _weighted(Questions.ece),
        f"confidence: share of the weight x share of draws that vote; {_BINNED}; {_SUBSAMPLED}",
        f"{_NO_FOLDS}; or {_NOT_ANSWERED}",
        better="lower",
        interval=_INVERSION,
    ),
    _row(
        "weighted_brier",
        _weighted(Questions.brier),
        f"confidence: share of the weight x share of draws that vote; {_SUBSAMPLED}",
        f"{_NO_FOLDS}; or {_NOT_ANSWERED}",
        better="lower",
    ),
)
"""Of k draws and the confidences of a method."""
EQUALS = _row(
    "weighted_equals",
    voting.equal_draws,
    "number of draws at which the majority vote first has the weighted vote's accuracy, interpolated linearly",
    "the weighted vote is below one draw, or above every majority vote of this run",
    heading="Equal draws",
    range=(1.0, np.inf),
)
"""Of the curve of majority votes (numbers of draws, accuracies) and the weighted vote's accuracy, over tasks too."""

VOTE_MEASURES = {m.name: m for m in (*OF_ALL_DRAWS, *MAJORITY, *WITHIN, *BEST, *TEMPERATURE, *WEIGHTED, EQUALS)}
