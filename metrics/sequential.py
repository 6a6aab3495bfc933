"""Looking at a sample while it grows: intervals and tests that may be looked at at every step, and stop the work.

Questions are asked in an order that does not depend on the answers, and looks are made at sizes that are fixed before
any answer: 50 questions, half as many again each time, and all that there are. A look spends a tenth of the chance of
an error that is left, the look at all questions the whole rest. The chances of all looks add up to 4 %, so that the
chance that any of them misses is at most 5 % where none misses by more than a fifth more often than it says, whatever
is measured, however the looks hang together, and whatever is made of them (Bonferroni). It therefore also holds for
ECE, whose estimate is neither a mean nor normal near zero.

Source: alpha spending as in Lan and DeMets 1983, added up instead of integrated over the joint distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from calibench.metrics.bootstrap import skewed_interval, usable
from calibench.metrics.compare import difference_test, paired
from calibench.metrics.estimate import BOOTSTRAP, WILSON, Ends, Estimate, is_wilson, replicates_of
from calibench.metrics.measure import Measure, estimates
from calibench.metrics.power import ALPHA
from calibench.metrics.resampled import resample
from calibench.metrics.sample import Sample

Verdict = Literal["better", "worse", "equivalent", "undecided"]
SHARED = 0.04
"""The chances of an error of all looks together: a fifth of the 5 % that are promised is kept back, as bootstrap
intervals keep small levels only about."""
FIRST, GROWTH, SPENT = 50, 1.5, 0.1
"""Questions of the first look, by how much the next one has more, and the share of the remaining level that it spends.
With fewer than 50 questions, the intervals do not keep levels of half a percent."""
RESAMPLES = 1000
"""Of a look."""


class Look(NamedTuple):
    """A size at which a growing sample is looked at."""

    questions: int
    alpha: float
    """The chance of an error that this look spends."""


class Seen(NamedTuple):
    """A number at a look, or a difference of two."""

    value: float
    """nan where it is undefined."""
    low: float | None
    """Ends of the interval that leaves out the chance that the look spends; None where there is none."""
    high: float | None

    @property
    def reach(self) -> float:
        """From the value to the farther end; infinite where there is no interval."""
        if self.low is None or self.high is None:
            return np.inf
        return max(self.high - self.value, self.value - self.low)


class Change(NamedTuple):
    """A difference at a look."""

    seen: Seen
    """B - A; of the signed gap the difference of the distances from zero."""
    verdict: Verdict
    """Of B against A."""


def looks(total: int, numbers: int = 1) -> list[Look]:
    """All looks at a growing sample.

    Args:
        total: questions that there are, known before the first answer.
        numbers: how many are looked at; they share the 4 % equally.
    """
    found, size, left = [], FIRST, SHARED / numbers
    while size < total:
        found.append(Look(size, SPENT * left))
        left -= SPENT * left
        size = round(GROWTH * size)
    return [*found, Look(total, left)] if total else []


def seen(
    measures: Sequence[Measure], sample: Sample, alpha: float, rng: np.random.Generator, resamples: int = RESAMPLES
) -> dict[str, Seen]:
    """Metric -> what a look at a sample says of it.

    Args:
        measures: those that have intervals.
        sample: of the questions so far.
        alpha: the chance of an error that the look spends on each metric.
        resamples: of the bootstrap.
    """
    (resampled,) = resample([sample], resamples, rng)
    found = estimates(measures, sample, resampled)
    return {m.name: _seen(m, found[m.name], alpha) for m in measures}


def change(
    measure: Measure, pair: Sequence[Sample], alpha: float, margin: float, rng: np.random.Generator, resamples: int
) -> Change:
    """What a look at two runs says of a metric: the test of `metrics.compare`, at the level that the look spends.

    Args:
        measure: one that has an interval.
        pair: the runs' answers to the same questions, on shared clusters.
        alpha: the chance of an error that the look spends on this metric.
        margin: differences that are smaller do not matter.
        resamples: of the bootstrap.
    """
    of_a, of_b = (of[measure.name] for of in paired([measure], list(pair), resamples, rng))
    return judged_change(measure, of_a, of_b, pair[0].n_clusters, alpha, margin)


def judged_change(
    measure: Measure, of_a: Estimate, of_b: Estimate, n_clusters: int, alpha: float, margin: float
) -> Change:
    """As `change`, of estimates from the same resamples."""
    undefined = np.isnan(of_a.value) or np.isnan(of_b.value)
    tested = None if undefined else difference_test(measure, [(of_a, of_b)], n_clusters)
    if tested is None or n_clusters <= _normal(alpha) ** 2:
        return Change(Seen(np.nan, None, None), "undecided")
    value, low, high = tested.judged
    z = _normal(alpha)
    # Student's t for the variance that there is without a difference: where few answers differ, their own is too small.
    t = z * np.sqrt((n_clusters - 1) / (n_clusters - z**2))
    down, up = ((value - end) * side / _normal(ALPHA) for end, side in ((low, 1), (high, -1)))
    if error := _standard_error(measure, of_a, of_b, n_clusters):
        down = up = error
    seen = Seen(value, float(value - t * down), float(value + t * up))
    if -margin < value - seen.reach and value + seen.reach < margin:
        return Change(seen, "equivalent")
    if value - t * down <= 0 <= value + t * up:
        return Change(seen, "undecided")
    return Change(seen, "better" if (value > 0) == (measure.better == "higher") else "worse")


def _normal(alpha: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - alpha / 2))


def _standard_error(measure: Measure, of_a: Estimate, of_b: Estimate, n_clusters: int) -> float | None:
    """From all resamples, where a difference is about normal; None where it is not, or no resample differs.

    The ends of a percentile interval, which `metrics.compare` takes it from, are too rough for small levels.
    """
    if measure.better == "nearer 0" or (measure.interval and measure.interval.of_parts):
        return None
    changes = usable(replicates_of(of_b) - replicates_of(of_a))
    if changes is None or np.ptp(changes) < 1e-12:
        return None
    return float(changes.std() * np.sqrt(n_clusters / (n_clusters - 1)))


def _seen(measure: Measure, e: Estimate, alpha: float) -> Seen:
    ends = None if np.isnan(e.value) else _ends(measure, e, 1 - alpha)
    if ends is None:
        return Seen(e.value, None, None)
    low, high = measure.range
    return Seen(e.value, max(min(ends[0], e.value), low), min(max(ends[1], e.value), high))


def _ends(measure: Measure, e: Estimate, level: float) -> Ends:
    """As a scorecard's, where that can be made at any level; percentiles cannot, and know nothing of few clusters."""
    assert measure.interval, "as all metrics have that a rule can be about"
    assert e.n_clusters is not None, "of one task"
    if measure.interval is BOOTSTRAP or (measure.interval is WILSON and not is_wilson(e)):
        return skewed_interval(e.value, replicates_of(e), e.n_clusters, level)
    return measure.interval.ends(e, level)
