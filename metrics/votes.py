"""What more draws bring: accuracy and calibration of votes as a function of their number, with intervals.

Several runs are measured on the questions that all of them answered with all their draws, and resampled together, so
that their differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calibench.metrics import voting
from calibench.metrics.bootstrap import absolute_sum_interval, draws, logit_interval, partition, percentile_interval
from calibench.metrics.measures import BOOTSTRAP, NO_METHOD, Group, metric_row, with_interval
from calibench.metrics.sample import check
from calibench.metrics.scorecard import random_source
from calibench.records import Metric
from calibench.results import Reach

if TYPE_CHECKING:
    import pandas as pd

MARGIN = 0.02
"""A vote that is worse by less than this reaches the other."""
CLASS = "answer_class"
"""Column with the key of the draw's answer class, None where it has no answer."""

_SUBSAMPLED = (
    f"k of the K draws without replacement, all subsets or {voting.SUBSETS} random ones; ties in expectation; "
    "a draw without an answer does not vote; n counts questions"
)
_WEIGHTS = (
    "softmax(confidence / T) within the question, a missing confidence is 0; T from 0.01 to 10 or infinite by accuracy "
    f"over k = 2, 4, 8, ... and K on the other of {voting.FOLDS} folds by question or cluster, not chosen again in "
    "resamples"
)
_PARTS = ("accuracy", "gain", "ece", "brier")
_BINNED = "10 equal-width bins, over all questions with an answer and all subsets"
_NOT_ANSWERED = "no draw has an answer"
_NO_FOLDS = "T cannot be chosen on other questions: there is only one, or one cluster"
_NO_PAIRS = "no question has a right and a wrong answer that both have a confidence"


class Kind(NamedTuple):
    """A number of this table."""

    convention: str
    undefined: str = ""
    """Why it is nan."""


KINDS = {
    "majority_accuracy": Kind(f"share of questions whose most frequent answer is right; {_SUBSAMPLED}"),
    "majority_answered": Kind(f"share of questions with an answer; {_SUBSAMPLED}", ""),
    "majority_ece": Kind(f"confidence: share of the draws with that answer; {_BINNED}; {_SUBSAMPLED}", _NOT_ANSWERED),
    "majority_brier": Kind(f"confidence: share of the draws with that answer; {_SUBSAMPLED}", _NOT_ANSWERED),
    "oracle_accuracy": Kind(
        "share of questions with a right draw, 1 - C(wrong, k) / C(K, k) (unbiased pass@k); n counts questions"
    ),
    "best_accuracy": Kind(
        "share of questions whose most confident draw is right, exact over subsets and ties; a missing confidence is "
        "0, a draw without an answer comes last; n counts questions"
    ),
    "weighted_accuracy": Kind(f"CISC: {_WEIGHTS}; {_SUBSAMPLED}", _NO_FOLDS),
    "weighted_gain": Kind(f"weighted_accuracy - majority_accuracy on the same subsets; {_SUBSAMPLED}", _NO_FOLDS),
    "weighted_ece": Kind(
        f"confidence: share of the weight x share of draws that vote; {_BINNED}; {_SUBSAMPLED}",
        f"{_NO_FOLDS}; or {_NOT_ANSWERED}",
    ),
    "weighted_brier": Kind(
        f"confidence: share of the weight x share of draws that vote; {_SUBSAMPLED}", f"{_NO_FOLDS}; or {_NOT_ANSWERED}"
    ),
    "weighted_temperature_inverse": Kind("mean of 1 / T over questions; 0 is the majority vote", _NO_FOLDS),
    "weighted_equals": Kind(
        "number of draws at which the majority vote first has the weighted vote's accuracy, interpolated linearly",
        "the weighted vote is below one draw, or above every majority vote of this run",
    ),
    "wqd": Kind(
        "chance that the right one of a right and a wrong answer to one question has more confidence, ties half; "
        "over all such pairs (CISC's definition)",
        _NO_PAIRS,
    ),
    "wqd_by_question": Kind("as wqd, but the mean over questions that have such pairs", _NO_PAIRS),
    "vote_share": Kind("share of draws with an answer; n counts questions"),
    "distinct_answers": Kind("mean number of answer classes among the K draws of a question; n counts questions"),
}


class Key(NamedTuple):
    method: str
    k: int | None
    """None: a number of all draws."""
    metric: str


class Estimate(NamedTuple):
    value: float
    """nan if undefined."""
    replicates: np.ndarray
    """[R], or [R, B] gaps of an ECE."""
    observed: np.ndarray | None
    """Gaps [B] of an ECE."""
    n_used: int
    n_total: int


Table = dict[Key, Estimate]


def votes(
    frames: Mapping[str, pd.DataFrame], *, seed: int = 0, resamples: int = 1000
) -> tuple[dict[str, list[Metric]], list[Reach]]:
    """Votes of each run for every task and protocol that all runs have, then the mean over tasks (task `macro`).

    Args:
        frames: name of the run -> its frame as for `metrics.scorecard.scorecard`, with the column `answer_class`.
        seed: of subsets, folds and bootstrap.
        resamples: of the bootstrap.

    Returns:
        Per run the rows: `KINDS`, for the subsets `k=...` and `all`. And for each run A and other run B, whether A's
        weighted vote with 10 draws (or all, if fewer) reaches B's majority vote with all its draws.

    Raises:
        ValueError: a frame is malformed, or the runs share no question that has all its draws in each.

    Conventions: a question counts where every run has all its draws of it, none failed. Each task is resampled on its
    own.

    Measured coverage of the intervals at nominal 95 %, for simulated runs of 80 and of 250 questions with 4 draws (250
    repetitions each, 200 resamples): majority vote 92 to 93 %, WQD 93 to 96 %; weighted vote and its gain 90 to 95 %
    where confidence tells much (WQD 0.92), and 88 to 89 % with 80 questions where it tells little (WQD 0.68), since
    the temperature is not chosen again in resamples.
    """
    for frame in frames.values():
        check(frame)
    groups = {name: dict(iter(frame.groupby(["task", "protocol"]))) for name, frame in frames.items()}
    tables: dict[tuple[str, str], dict[str, Table]] = {}
    for key in sorted(set.intersection(*(set(of) for of in groups.values()))):
        rows = {name: of[key] for name, of in groups.items()}
        own_seed = int(random_source(seed, Group(*key, NO_METHOD, "all")).integers(2**63))
        if found := _tables(rows, own_seed, resamples):
            tables[key] = found
    if not tables:
        raise ValueError(
            "there is no question of which every run has all draws, none of them failed, under one protocol"
        )
    for protocol in sorted({protocol for _, protocol in tables}):
        members = [of for (_, p), of in tables.items() if p == protocol]
        tables["macro", protocol] = {name: _mean_table([of[name] for of in members]) for name in frames}
    for of in tables.values():
        for name, table in of.items():
            of[name] = table | dict(_equals(table))
    metrics = {name: [row for key, of in tables.items() for row in _rows(*key, of[name])] for name in frames}
    return metrics, [reach for key, of in tables.items() for reach in _reaches(*key, of)]


def _tables(rows: Mapping[str, pd.DataFrame], seed: int, resamples: int) -> dict[str, Table]:
    """Of one task and protocol, each run's numbers on the questions that count; empty if there is none."""
    draws_of = {name: of.drop_duplicates(["question_id", "draw"]) for name, of in rows.items()}
    ids = sorted(set.intersection(*(_complete(of) for of in draws_of.values())))
    n_total = max(of["question_id"].nunique() for of in draws_of.values())
    if not ids:
        return {}
    cluster_of = next(iter(draws_of.values())).drop_duplicates("question_id").set_index("question_id")["cluster"]
    cluster, n_clusters = partition(cluster_of.loc[ids].to_numpy(), ids)
    counts = np.concatenate(list(draws(n_clusters, resamples, np.random.default_rng(seed))), axis=1)
    fold = voting.folds(cluster, n_clusters, np.random.default_rng([seed, 0])) if n_clusters > 1 else None
    sample = _Sample(cluster, counts, n_total)
    out = {}
    for name, of in draws_of.items():
        votes, places = _draws(of, ids)
        table = _majority_numbers(votes, sample, seed)
        for method, of_method in rows[name][rows[name]["method"] != NO_METHOD].groupby("method"):
            weighed = voting.checked(votes._replace(confidence=_confidence(of_method, places)))
            table |= _methods_numbers(weighed, method, sample, fold, seed)
        out[name] = table
    return out


def _complete(rows: pd.DataFrame) -> set[str]:
    """Questions with as many draws as any, none of them failed."""
    known = rows[rows["outcome"] != "failed"].groupby("question_id").size()
    return set(known.index[known == rows.groupby("question_id").size().max()])


def _draws(rows: pd.DataFrame, ids: Sequence[str]) -> tuple[voting.Draws, pd.DataFrame]:
    """The draws [Q, K] of these questions, without confidences, and question and draw of each place [Q x K]."""
    import pandas as pd

    rows = rows.set_index("question_id").loc[list(ids)].reset_index()
    rows = rows.sort_values(["question_id", "draw"], kind="stable")
    votes = (rows["outcome"].isin(("correct", "incorrect")) & rows[CLASS].notna()).to_numpy()
    keys = rows[CLASS].where(votes).to_numpy(dtype=object).reshape(len(ids), -1)
    answer = np.stack([pd.factorize(of_question)[0] for of_question in keys])
    right = ((rows["outcome"] == "correct").to_numpy() & votes).reshape(answer.shape)
    return voting.Draws(answer, right, np.full(answer.shape, np.nan)), rows[["question_id", "draw"]]


def _confidence(rows: pd.DataFrame, places: pd.DataFrame) -> np.ndarray:
    """The confidences [Q, K] of one method; nan where there is none."""
    values = rows["value"].where(rows["status"] == "ok")
    found = places.merge(rows[["question_id", "draw"]].assign(value=values), how="left", on=["question_id", "draw"])
    return found["value"].to_numpy(dtype=float).reshape(places["question_id"].nunique(), -1)


class _Sample(NamedTuple):
    """The questions, and the resamples of their clusters."""

    cluster: np.ndarray
    """[Q]"""
    counts: np.ndarray
    """[C, R]"""
    n_total: int

    def ratio(self, of: np.ndarray, per: np.ndarray | float = 1.0) -> Estimate:
        """Sum of [Q] over the sum of [Q]; nan if that is zero."""
        per = np.broadcast_to(per, of.shape)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.float64(of.sum()) / per.sum()
            return self._estimate(value, self._resampled(of) / self._resampled(per), None, per)

    def ece(self, bins: np.ndarray) -> Estimate:
        """From the sums [3, B, Q] of a vote."""
        flat = np.stack([self._resampled(row) for row in bins.reshape(-1, bins.shape[-1])])
        n, confidence, right = flat.reshape(3, bins.shape[1], -1)
        total_n, total_confidence, total_right = bins.sum(axis=2)
        with np.errstate(invalid="ignore", divide="ignore"):
            observed = (total_confidence - total_right) / total_n.sum()
            replicates = ((confidence - right) / n.sum(axis=0)).T
        return self._estimate(np.abs(observed).sum(), replicates, observed, bins[0].sum(axis=0))

    def constant(self, value: float) -> Estimate:
        """A number that is not resampled."""
        return self._estimate(value, np.full(self.counts.shape[1], value), None, np.ones(len(self.cluster)))

    def _resampled(self, of: np.ndarray) -> np.ndarray:
        return np.bincount(self.cluster, of, minlength=len(self.counts)) @ self.counts

    def _estimate(self, value: float, replicates: np.ndarray, observed: np.ndarray | None, per: np.ndarray) -> Estimate:
        return Estimate(float(value), replicates, observed, int((per > 0).sum()), self.n_total)


def _members(n_draws: int, seed: int) -> Iterator[tuple[int, np.ndarray]]:
    """(k, subsets of k draws): the same ones for every vote, method and run with as many draws."""
    for k in voting.budgets(n_draws):
        yield k, voting.subsets(n_draws, k, np.random.default_rng([seed, k]))


def _majority_numbers(votes: voting.Draws, sample: _Sample, seed: int) -> Table:
    n_draws = votes.answer.shape[1]
    out: dict[tuple[int | None, str], Estimate] = {
        (None, "vote_share"): sample.ratio(votes.votes.mean(axis=1)),
        (None, "distinct_answers"): sample.ratio(votes.answer.max(axis=1) + 1.0),
    }
    for k, member in _members(n_draws, seed):
        voted = voting.vote(votes, member)
        out[k, "majority_accuracy"] = sample.ratio(voted.right)
        out[k, "majority_answered"] = sample.ratio(voted.answered)
        out[k, "majority_ece"] = sample.ece(voted.bins)
        out[k, "majority_brier"] = sample.ratio(voted.squared_error, voted.answered)
        out[k, "oracle_accuracy"] = sample.ratio(voting.any_right(votes, k))
    return {Key(NO_METHOD, k, metric): estimate for (k, metric), estimate in out.items()}


def _methods_numbers(votes: voting.Draws, method: str, sample: _Sample, fold: np.ndarray | None, seed: int) -> Table:
    wins, pairs = voting.within_question_pairs(votes)
    out: dict[tuple[int | None, str], Estimate] = {
        (None, "wqd"): sample.ratio(wins, pairs),
        (None, "wqd_by_question"): sample.ratio(wins / np.maximum(pairs, 1), pairs > 0),
    }
    members = dict(_members(votes.answer.shape[1], seed))
    out |= {(k, "best_accuracy"): sample.ratio(voting.best_of(votes, k)) for k in members}
    if fold is None:
        weighted = [
            (None, "weighted_temperature_inverse"),
            *((k, f"weighted_{name}") for k in members for name in _PARTS),
        ]
        out |= dict.fromkeys(weighted, sample.constant(np.nan))
        return {Key(method, k, metric): estimate for (k, metric), estimate in out.items()}
    chosen_on = [member for k, member in members.items() if k in (2, 4, 8, 16, 32, 64, max(members))]
    temperature = voting.temperatures(votes, chosen_on, fold)
    out[None, "weighted_temperature_inverse"] = sample.constant((1 / temperature).mean())
    for k, member in members.items():
        majority, voted = voting.vote(votes, member), voting.vote(votes, member, temperature)
        out[k, "weighted_accuracy"] = sample.ratio(voted.right)
        out[k, "weighted_gain"] = sample.ratio(voted.right - majority.right)
        out[k, "weighted_ece"] = sample.ece(voted.bins)
        out[k, "weighted_brier"] = sample.ratio(voted.squared_error, voted.answered)
    return {Key(method, k, metric): estimate for (k, metric), estimate in out.items()}


def _mean_table(tables: list[Table]) -> Table:
    """The unweighted means over tasks of what all tasks have."""
    shared = [key for key in tables[0] if all(key in table for table in tables)]
    return {key: _mean([table[key] for table in tables]) for key in shared}


def _mean(estimates: list[Estimate]) -> Estimate:
    n_used, n_total = sum(e.n_used for e in estimates), sum(e.n_total for e in estimates)
    value = float(np.mean([e.value for e in estimates]))
    if np.isnan(value):  # an ECE that is undefined for one task has no gaps there to join with the others'
        return Estimate(value, np.full(len(estimates[0].replicates), np.nan), None, n_used, n_total)
    if estimates[0].observed is None:
        return Estimate(value, np.mean([e.replicates for e in estimates], axis=0), None, n_used, n_total)
    observed = np.concatenate([e.observed for e in estimates]) / len(estimates)
    replicates = np.concatenate([e.replicates for e in estimates], axis=1) / len(estimates)
    return Estimate(value, replicates, observed, n_used, n_total)


def _curve(table: Table, method: str, metric: str) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Numbers of draws [n], values [n] and replicates [n, R]."""
    points = {key.k: e for key, e in table.items() if (key.method, key.metric) == (method, metric)}
    return list(points), np.array([e.value for e in points.values()]), np.stack([e.replicates for e in points.values()])


def _equals(table: Table) -> Iterator[tuple[Key, Estimate]]:
    """For each weighted vote, the number of majority draws that it equals."""
    ks, accuracy, replicates = _curve(table, NO_METHOD, "majority_accuracy")
    for key, weighted in table.items():
        if key.metric == "weighted_accuracy":
            yield (
                key._replace(metric="weighted_equals"),
                weighted._replace(
                    value=voting.equal_draws(ks, accuracy, weighted.value),
                    replicates=_equal_replicates(ks, replicates, weighted.replicates),
                ),
            )


def _equal_replicates(ks: list[int], curves: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.array([voting.equal_draws(ks, curve, t) for curve, t in zip(curves.T, targets, strict=True)])


def _rows(task: str, protocol: str, table: Table) -> Iterator[Metric]:
    for key, e in table.items():
        kind = KINDS[key.metric]
        group = Group(task, protocol, key.method, "all" if key.k is None else f"k={key.k}")
        is_mean = task == "macro" and key.metric != "weighted_equals"
        convention = f"unweighted mean over tasks; {kind.convention}" if is_mean else kind.convention
        if np.isnan(e.value):
            reason = f"undefined for a task: {kind.undefined}" if is_mean else kind.undefined
            yield metric_row(group, key.metric, None, e.n_used, e.n_total, convention, reason=reason)
        else:
            row = metric_row(group, key.metric, e.value, e.n_used, e.n_total, convention)
            yield with_interval(row, *_interval(key.metric, e))


def _interval(metric: str, e: Estimate) -> tuple[tuple[float, float] | None, str]:
    if e.observed is not None:
        return absolute_sum_interval(e.observed, e.replicates), "by inverting a bootstrap test"
    if metric.startswith("wqd"):
        return logit_interval(e.value, e.replicates), "normal on the logit scale, standard error by cluster bootstrap"
    return percentile_interval(e.replicates), BOOTSTRAP


def _reaches(task: str, protocol: str, tables: Mapping[str, Table]) -> Iterator[Reach]:
    for run, other in ((a, b) for a in tables for b in tables if a != b):
        ks, accuracy, replicates = _curve(tables[other], NO_METHOD, "majority_accuracy")
        for key, weighted in tables[run].items():
            n_draws = max(k.k for k in tables[run] if k.k and k.method == key.method)
            if key.metric != "weighted_accuracy" or key.k != min(10, n_draws) or np.isnan(weighted.value):
                continue
            interval = percentile_interval(weighted.replicates - replicates[-1])
            low, high = interval or (None, None)
            equal = voting.equal_draws(ks, accuracy, weighted.value)
            yield Reach(
                task=task,
                protocol=protocol,
                method=key.method,
                run=run,
                k=key.k,
                value=weighted.value,
                other=other,
                other_k=ks[-1],
                other_value=float(accuracy[-1]),
                difference=weighted.value - float(accuracy[-1]),
                low=low,
                high=high,
                verdict=_verdict(low, high),
                equals=None if np.isnan(equal) else equal,
                n_questions=weighted.n_used,
                convention=f"paired cluster bootstrap on shared questions; reaches: not worse by {MARGIN} or more; "
                "falls short: worse; not corrected for the number of comparisons",
            )


def _verdict(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "undecided"
    return "reaches" if low > -MARGIN else "falls short" if high < 0 else "undecided"
