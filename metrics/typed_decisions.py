"""Typed decisions: a distribution over the options of each question, held against a gold distribution over them.

A decision is one question about one state. Arrays are [N, K], N decisions with at most K options; behind the options
of a decision that has fewer stand zeros. Probabilities of a row sum to 1. A gold of one option alone is a distribution
too.

Two kinds of number never go by one name: those that hold the likeliest option against the likeliest of gold
(`accuracy`, `ece_10_right`, ...), and those that hold probabilities against gold's probabilities (`kl_from_gold`,
`brier_multiclass`, `rps`, `soft_accuracy`, `ece_soft`, `ece_options`). Where gold itself is unsure, a model that says
exactly what gold says is right more often than it is sure: its divergence and `ece_soft` are 0, its `ece_10_right` is
not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

import numpy as np

from calibench.metrics import calibration
from calibench.metrics.bootstrap import draws
from calibench.metrics.estimate import BOOTSTRAP, WILSON, Estimate
from calibench.metrics.measure import Group, Measure, metric_row
from calibench.metrics.scorecard import mean_over_tasks, random_source
from calibench.records import Metric

KL_CLIP = 1e-9
"""A smaller probability counts as this in the divergence, which would be infinite for 0: the published clip."""
UNIFORM = "uniform"
"""The method that gives every option of a question the same probability."""
_SAME = 1e-9
"""Probabilities of gold that differ by no more are a tie."""


class Decisions(NamedTuple):
    """Decisions of one task, protocol and method."""

    predicted: np.ndarray
    """[N, K]"""
    gold: np.ndarray
    """[N, K]"""
    options: np.ndarray
    """[N] int, how many options each has."""
    kind: np.ndarray
    """[N] text: `choice`, `yes_no` (options: no, yes) or `ordinal` (options from the lowest level on)."""
    question: np.ndarray
    """[N] text, ids; unique."""
    item: np.ndarray
    """[N] int; decisions that ask the same question of different states share it."""
    cluster: np.ndarray
    """[N] int in [0, n_clusters), as of `Sample`."""
    n_clusters: int
    asked: int
    """Decisions asked for, those without a distribution among them."""

    def take(self, rows: np.ndarray, asked: int) -> Decisions:
        """The decisions of these rows (mask or index), of which so many were asked for."""
        return self._replace(
            predicted=self.predicted[rows], gold=self.gold[rows], options=self.options[rows], kind=self.kind[rows],
            question=self.question[rows], item=self.item[rows], cluster=self.cluster[rows], asked=asked,
        )  # fmt: skip

    def uniform(self) -> Decisions:
        """The same decisions, with every option of a question equally likely."""
        exists = np.arange(self.predicted.shape[1]) < self.options[:, None]
        return self._replace(predicted=exists / self.options[:, None])


# -- one number per decision ------------------------------------------------------------------------------------------


def kl_from_gold(d: Decisions) -> np.ndarray:
    """Kullback-Leibler divergence of the prediction from gold [N], sum of g ln(g / p) over options (nats), p at least
    `KL_CLIP`. Of a gold of one option it is the log loss. Source: Kullback and Leibler 1951."""
    positive = d.gold > 0
    ratio = np.where(positive, d.gold, 1.0) / np.maximum(d.predicted, KL_CLIP)
    return np.sum(np.where(positive, d.gold * np.log(np.where(positive, ratio, 1.0)), 0.0), axis=1)


def brier_multiclass(d: Decisions) -> np.ndarray:
    """Sum of (p - g)² over options [N], from 0 to 2. Source: Brier 1950, in his own form, every class counted."""
    return np.sum((d.predicted - d.gold) ** 2, axis=1)


def ranked_probability_score(d: Decisions) -> np.ndarray:
    """Mean over the boundaries between levels of the squared difference of cumulative probabilities [N], from 0 to 1;
    nan where there is a single level. Source: Epstein 1969, Murphy 1971, over K - 1 boundaries."""
    apart = np.cumsum(d.predicted - d.gold, axis=1) ** 2
    inner = np.arange(apart.shape[1]) < d.options[:, None] - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sum(np.where(inner, apart, 0.0), axis=1) / (d.options - 1)


def confidence(d: Decisions) -> np.ndarray:
    """Probability of the likeliest option [N]."""
    return d.predicted.max(axis=1)


def agreement(d: Decisions) -> np.ndarray:
    """Whether the likeliest option, the first of equals, is one of the likeliest of gold [N], 0 or 1."""
    return (soft_agreement(d) >= d.gold.max(axis=1) - _SAME).astype(np.float64)


def soft_agreement(d: Decisions) -> np.ndarray:
    """Gold's probability of the likeliest option, the first of equals [N]."""
    return np.take_along_axis(d.gold, d.predicted.argmax(axis=1)[:, None], axis=1)[:, 0]


# -- calibration errors, one number per convention --------------------------------------------------------------------


class BinConvention(NamedTuple):
    """Who shares a bin, and over which decisions."""

    n_bins: int
    closed: Literal["left", "right"]
    """Left: [k / n, (k + 1) / n), 1 in the last; right: (k / n, (k + 1) / n], 0 in the first."""
    per_question: bool = False
    """The error of each question by itself, all states together, and the mean over questions; False: pooled."""

    @property
    def words(self) -> str:
        edges = "[lo, hi), 1 in the last" if self.closed == "left" else "(lo, hi], 0 in the first"
        scope = "per question, mean over questions" if self.per_question else "all decisions pooled"
        return f"{self.n_bins} bins of equal width {edges}; {scope}"

    def error(self, value: np.ndarray, truth: np.ndarray, item: np.ndarray) -> float:
        """Sum over bins of share x |mean value - mean truth|.

        Args:
            value: [N] in [0, 1].
            truth: [N] in [0, 1], what the values are to agree with on average.
            item: [N] int, the question of each.
        """
        if not len(value):
            return np.nan
        if not self.per_question:
            share, gap = calibration.gaps(value, truth, self._bins(value))
            return float(share @ np.abs(gap))
        pooled = self._replace(per_question=False)
        return float(np.mean([pooled.error(value[of], truth[of], item[of]) for of in _groups(item)]))

    def _bins(self, value: np.ndarray) -> np.ndarray:
        if self.closed == "right":
            return calibration.equal_width_bins(value, self.n_bins)
        # As of the right-closed ones: what is written as an edge lies on it.
        return np.minimum(np.floor(np.round(value * self.n_bins, 9)).astype(np.int64), self.n_bins - 1)


def _groups(item: np.ndarray) -> Iterator[np.ndarray]:
    for one in np.unique(item):
        yield item == one


CONVENTIONS: Mapping[str, BinConvention] = {
    f"ece_{n}_{closed}{'_per_question' if per_question else ''}": BinConvention(n, closed, per_question)
    for per_question in (False, True)
    for n in (10, 15)
    for closed in ("left", "right")
}
"""Metric -> how the error of the likeliest option's probability is binned: each in use somewhere for the same data."""
_OWN = BinConvention(10, "right")


def _top_label(convention: BinConvention) -> Callable[[Decisions], float]:
    return lambda d: convention.error(confidence(d), agreement(d), d.item)


def _soft(d: Decisions) -> float:
    return _OWN.error(confidence(d), soft_agreement(d), d.item)


def _of_options(d: Decisions) -> float:
    exists = np.arange(d.predicted.shape[1]) < d.options[:, None]
    return _OWN.error(d.predicted[exists], d.gold[exists], np.repeat(d.item, d.options))


def _of_yes(d: Decisions) -> float:
    yes = d.kind == "yes_no"
    likeliest = (d.gold[yes, 1] > d.gold[yes, 0]).astype(np.float64) if yes.any() else np.empty(0)
    return BinConvention(10, "left").error(d.predicted[yes, 1], likeliest, d.item[yes])


# -- the measures -----------------------------------------------------------------------------------------------------

_ROWS: Mapping[str, Callable[[Decisions], np.ndarray]] = {
    "accuracy": agreement,
    "soft_accuracy": soft_agreement,
    "kl_from_gold": kl_from_gold,
    "brier_multiclass": brier_multiclass,
    "rps": ranked_probability_score,
}
"""Metric -> its value for each decision [N]; the number is their mean."""
_TOP = "|probability of the likeliest option - share where it is one of gold's likeliest|"


def _mean(name: str) -> Callable[[Decisions], float]:
    return lambda d: float(_ROWS[name](d).mean())


MEASURES: Mapping[str, Measure] = {
    m.name: m
    for m in (
        Measure(
            "accuracy", "decisions", _mean("accuracy"),
            "the likeliest option, the first of equals, is one of gold's likeliest (its ties count as right)",
            better="higher", interval=WILSON,
        ),
        Measure(
            "soft_accuracy", "decisions", _mean("soft_accuracy"),
            "mean of gold's probability of the likeliest option, the first of equals", better="higher",
            interval=BOOTSTRAP,
        ),
        Measure(
            "kl_from_gold", "decisions", _mean("kl_from_gold"),
            f"mean of KL(gold || predicted) in nats, predicted at least {KL_CLIP:g}", heading="KL from gold",
            better="lower", interval=BOOTSTRAP, range=(0.0, float(-np.log(KL_CLIP))),
        ),
        Measure(
            "brier_multiclass", "decisions", _mean("brier_multiclass"),
            "mean of the sum over options of (predicted - gold)², from 0 to 2", heading="Brier, all options",
            better="lower", interval=BOOTSTRAP, range=(0.0, 2.0),
        ),
        Measure(
            "rps", "decisions", _mean("rps"),
            "ordinal questions: mean of the squared differences of cumulative probabilities, over the K - 1 boundaries",
            "no question is ordinal", heading="RPS", better="lower", interval=BOOTSTRAP,
        ),
        Measure(
            "ece_soft", "decisions", _soft,
            f"|probability of the likeliest option - gold's probability of it|; {_OWN.words}",
            heading="ECE against soft gold", better="lower",
        ),
        Measure(
            "ece_options", "decisions", _of_options,
            f"|predicted - gold| of every option of every decision; {_OWN.words}", heading="ECE of all options",
            better="lower",
        ),
        *(
            Measure(name, "decisions", _top_label(of), f"{_TOP}; {of.words}", better="lower")
            for name, of in CONVENTIONS.items()
        ),
        Measure(
            "ece_yes_10_left", "decisions", _of_yes,
            "yes/no questions: |probability of yes - share where it is gold's likelier answer|;"
            f" {BinConvention(10, 'left').words}; as EvalScope 1.14.0", "no question is a yes/no question",
            better="lower",
        ),
    )
}  # fmt: skip
"""Metric -> what it is. Those of `_ROWS` have intervals, by a bootstrap over clusters."""


def scores(groups: Mapping[Group, Decisions], *, seed: int = 0, resamples: int = 1000) -> tuple[Metric, ...]:
    """All numbers of typed decisions.

    Args:
        groups: task, protocol, method and subset `all` -> its decisions.
        seed: of the bootstrap.
        resamples: likewise.

    Returns:
        Of each group, for all decisions and for each kind of several (`kind=...`), all of `MEASURES`; the same of the
        uniform distribution (method `uniform`); then, of two tasks or more, the unweighted mean over tasks.
    """
    found: dict[Group, dict[str, Estimate]] = {}
    for group, decisions in groups.items():
        alike = Group(group.task, group.protocol, UNIFORM, group.subset)
        for of, those in ((group, decisions), (alike, decisions.uniform())):
            if of not in found:
                found |= {part: _estimates(part, d, seed, resamples) for part, d in _parts(of, those)}
    rows = [_row(group, name, e) for group, of in found.items() for name, e in of.items()]
    whole = [group for group in found if group.subset == "all"]
    for protocol, method in dict.fromkeys((g.protocol, g.method) for g in whole):
        tasks = {g.task: found[g] for g in whole if (g.protocol, g.method) == (protocol, method)}
        if len(tasks) > 1:
            macro = Group("macro", protocol, method, "all")
            rows += [
                mean_over_tasks(macro, m, {t: of[name] for t, of in tasks.items()}) for name, m in MEASURES.items()
            ]
    return tuple(rows)


def _parts(group: Group, d: Decisions) -> Iterator[tuple[Group, Decisions]]:
    yield group, d
    kinds = np.unique(d.kind)
    for kind in kinds if len(kinds) > 1 else ():
        rows = d.kind == kind
        yield group._replace(subset=f"kind={kind}"), d.take(rows, int(rows.sum()))


def _estimates(group: Group, d: Decisions, seed: int, resamples: int) -> dict[str, Estimate]:
    """Metric -> its estimate, all resampled with the same clusters."""
    counts = list(draws(d.n_clusters, resamples, random_source(seed, group))) if resamples and len(d.kind) else []
    return {name: estimate(name, d, counts) for name in MEASURES}


def estimate(name: str, d: Decisions, counts: list[np.ndarray]) -> Estimate:
    """A number, with its values in resamples if it has an interval.

    Args:
        name: of `MEASURES`.
        d: the decisions.
        counts: [C, r] how often each cluster is in each resample, as `metrics.bootstrap.draws` gives them.
    """
    used = d.take(d.kind == "ordinal", d.asked) if name == "rps" else d
    n = len(used.kind)
    value = MEASURES[name].compute(used) if n else np.nan
    replicates = None
    if name in _ROWS and counts and n:
        replicates = _ratio(_ROWS[name](used), used.cluster, d.n_clusters, counts)
    return Estimate(value, replicates, None, n, d.asked, len(np.unique(used.cluster)))


def _ratio(values: np.ndarray, cluster: np.ndarray, n_clusters: int, counts: list[np.ndarray]) -> np.ndarray:
    """The means [R] of the values [N] in the resamples; nan where one holds no row."""
    total = np.bincount(cluster, values, minlength=n_clusters)
    rows = np.bincount(cluster, minlength=n_clusters)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.concatenate([(total @ part) / (rows @ part) for part in counts])


def _row(group: Group, name: str, e: Estimate) -> Metric:
    measure = MEASURES[name]
    reason = measure.undefined if e.n_total else "no decision was asked for"
    return metric_row(group, name, e, measure.convention, measure.interval, reason or "no decision has a distribution")
