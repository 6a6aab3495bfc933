"""A number with what resampling says of it: its mean over tasks, its difference from another, its 95 % interval.

Every number that has an interval is an `Estimate`, whatever it is of; an `Interval` says how its ends are made, once
for each kind of number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from calibench.metrics.bootstrap import LEVEL, logit_interval, percentile_interval, usable, wilson_interval
from calibench.metrics.inversion import (
    absolute_sum_difference,
    absolute_sum_interval,
    squared_sum_interval,
    unbiased_absolute_sum,
)

Ends = tuple[float, float] | None
"""(low, high); None where there is no interval."""


class Parts(NamedTuple):
    """A vector that a number is the sum of, or the absolute sum, as ECE is of the gaps of the bins."""

    observed: np.ndarray
    """[B]"""
    replicates: np.ndarray
    """[R, B]"""
    one_sided: np.ndarray | bool = False
    """For all or [B]. All verdicts agree: the replicates show a doubt in them that can only be on the other side."""

    def sizes(self) -> np.ndarray:
        """Absolute sums [R] of the resamples."""
        return np.abs(self.replicates).sum(axis=1)


class Estimate(NamedTuple):
    """A number, its resamples, and how many rows it is of."""

    value: float
    """nan where it is undefined."""
    replicates: np.ndarray | None = None
    """[R], nan where a resample leaves it undefined; None without resampling."""
    parts: Parts | None = None
    n_used: int = 0
    n_total: int = 0
    n_clusters: int | None = None
    """Independent units among the rows used; None where that is no one number, as of a mean over tasks."""


class DifferenceFound(NamedTuple):
    """A difference of two estimates."""

    value: float
    """Of absolute sums: without the bias of either."""
    ends: Ends
    """None where no resample differs."""


def replicates_of(e: Estimate) -> np.ndarray:
    """[R], of an estimate that was resampled."""
    assert e.replicates is not None
    return e.replicates


def parts_of(e: Estimate) -> Parts:
    """Of an estimate of a number that is a sum of parts."""
    assert e.parts is not None
    return e.parts


def mean(estimates: Sequence[Estimate]) -> Estimate:
    """The unweighted mean, as over tasks, each of which is resampled on its own.

    The parts stand side by side, as their absolute sum is then the mean of the absolute sums.
    """
    replicates = [e.replicates for e in estimates if e.replicates is not None]
    parts = [e.parts for e in estimates if e.parts is not None]
    n = len(estimates)
    return Estimate(
        float(np.mean([e.value for e in estimates])),
        np.mean(replicates, axis=0) if len(replicates) == n else None,
        _mean_parts(parts) if len(parts) == n else None,
        sum(e.n_used for e in estimates),
        sum(e.n_total for e in estimates),
    )


def _mean_parts(parts: list[Parts]) -> Parts:
    observed, replicates = (np.concatenate([p[i] for p in parts], axis=-1) / len(parts) for i in (0, 1))
    return Parts(observed, replicates, np.concatenate([np.broadcast_to(p.one_sided, p.observed.shape) for p in parts]))


def absolute(e: Estimate) -> Estimate:
    """The distance from zero of a number that may be negative, which is biased upward near zero as ECE is."""
    parts = e.parts or Parts(np.array([e.value]), replicates_of(e)[:, None])
    signed = Parts(
        parts.observed.sum(keepdims=True), parts.replicates.sum(axis=1, keepdims=True), bool(np.any(parts.one_sided))
    )
    return e._replace(value=abs(e.value), replicates=np.abs(replicates_of(e)), parts=signed)


class Interval(NamedTuple):
    """How the interval of a number is made."""

    how: str
    """As conventions describe it."""
    ends: Callable[..., Ends]
    """Of an estimate, and of a level, which is 95 % where it is not given."""
    of_mean: Interval | None = None
    """That of a mean over tasks; None: the same."""
    of_parts: bool = False
    """The number is the absolute sum of its parts, and noise raises it: differences are those without this bias."""

    def over_tasks(self) -> Interval:
        return self.of_mean or self

    def without_bias(self, e: Estimate) -> tuple[float, float, float] | None:
        """(value, low, high), the value without the upward bias of an absolute sum; None where there is no interval."""
        ends = self.ends(e)
        if ends is None:
            return None
        return (max(unbiased_absolute_sum(*parts_of(e)[:2])[0], ends[0]) if self.of_parts else e.value, *ends)

    def difference(self, pairs: Sequence[tuple[Estimate, Estimate]]) -> DifferenceFound | None:
        """The mean over tasks of b - a.

        Args:
            pairs: (a, b) of each task, from the same resamples.

        Returns:
            None where more than 5 % of the resamples leave it undefined.
        """
        a, b = (mean([pair[side] for pair in pairs]) for side in (0, 1))
        if self.of_parts:
            found = absolute_sum_difference(parts_of(a), parts_of(b))
            return found and DifferenceFound(found[0], found[1:])
        changes = np.mean([replicates_of(of_b) - replicates_of(of_a) for of_a, of_b in pairs], axis=0)
        return None if usable(changes) is None else DifferenceFound(b.value - a.value, percentile_interval(changes))


def is_wilson(e: Estimate) -> bool:
    """Whether the interval of a share is Wilson's, of independent trials, and needs no resamples."""
    return e.n_clusters is not None and (e.n_clusters == e.n_used or e.value in (0.0, 1.0))


def _share(e: Estimate, level: float = LEVEL) -> Ends:
    """Of a share of rows. Where all rows agree, which a bootstrap cannot doubt, there is one trial per cluster."""
    if is_wilson(e):
        assert e.n_clusters is not None
        return wilson_interval(e.value * e.n_clusters, e.n_clusters, level)
    return percentile_interval(replicates_of(e), level)


BOOTSTRAP = Interval(
    "percentiles of the cluster bootstrap", lambda e, level=LEVEL: percentile_interval(replicates_of(e), level)
)
WILSON = Interval("Wilson; cluster bootstrap where a cluster has several rows", _share, of_mean=BOOTSTRAP)
LOGIT = Interval(
    "normal on the logit scale, standard error by cluster bootstrap; Wilson's where all pairs agree",
    lambda e, level=LEVEL: (
        logit_interval(e.value, replicates_of(e), level) or percentile_interval(replicates_of(e), level)
    ),
)
INVERSION = Interval(
    "of the population's binned error, by inverting a bootstrap test; widened to hold the value, which noise raises",
    lambda e, level=LEVEL: absolute_sum_interval(*parts_of(e), level=level),
    of_parts=True,
)
SQUARED_INVERSION = Interval(
    "of the population's binned squared error, by inverting a bootstrap test",
    lambda e, level=LEVEL: squared_sum_interval(*parts_of(e), level=level),
)
