"""What a measure is, and how its estimates and the rows of metric tables are made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from calibench.metrics.estimate import Estimate, Interval, Parts
from calibench.metrics.resampled import Resampled
from calibench.metrics.sample import Sample
from calibench.records import Better, MeasureInfo, Metric

_POPULATIONS = {
    "asked": "no generation was asked for",
    "attempted": "all generations failed",
    "answered": "no generation was answered",
    "scored": "no answered generation has a confidence",
}


class Group(NamedTuple):
    """Where a number belongs."""

    task: str
    protocol: str
    method: str
    subset: str


@dataclass(frozen=True)
class Counted:
    """A number that follows from how often each confidence and outcome occurs, whichever answers they are of."""

    of: Callable[[Sample], Any]
    """Heeds the `weight` of the sample."""
    by_value: bool = False
    """It asks which confidences are equal, and is not to be had where near ones are counted together."""

    def __call__(self, sample: Sample) -> Any:
        return self.of(sample)


@dataclass(frozen=True)
class Summed:
    """A number that follows from sums over clusters."""

    sums: Callable[[Sample], np.ndarray]
    """Add up over samples that share no cluster, and have no weight."""
    of_sums: Callable[[np.ndarray], float]

    def __call__(self, sample: Sample) -> float:
        return self.of_sums(self.sums(sample))


class Measure(NamedTuple):
    """A kind of number."""

    name: str
    population: str
    """The rows that enter, see `Sample.rows`; of votes: `questions`."""
    compute: Callable[..., Any]
    """From the `Sample` of just these rows to a float, nan where undefined; of votes: to an `Estimate`. Shards that
    stay apart have only the numbers that are `Counted` or `Summed`."""
    convention: str
    """The definition that decides the number."""
    undefined: str = ""
    """Why the value is nan although there are rows."""
    heading: str = ""
    """Of tables, where it is not the name in words."""
    meaning: str = ""
    """A sentence beside figures of it; pages draw only measures that have one."""
    better: Better | None = None
    """None: it is not judged."""
    range: tuple[float, float] = (0.0, 1.0)
    """Least and greatest value that is possible; what may be negative is shown with its sign."""
    place: int | None = None
    """Among the columns of the main tables, from the left, equal ones in the order of rows; None: it is not there."""
    interval: Interval | None = None
    """None: it has none."""
    main: bool = True
    """Measures with an interval are compared, unless this is false."""
    replicates: Callable[[Resampled], np.ndarray] | None = None
    """Its values [R] in resamples; None: the absolute sums of the parts, if there are any."""
    parts: Callable[[Resampled], Parts] | None = None
    """The vector that it is the sum of, or the absolute sum."""

    @property
    def title(self) -> str:
        return self.heading or self.name.replace("_", " ").capitalize()

    @property
    def compared(self) -> bool:
        """Whether it is a number of every subset, is averaged over tasks, and is compared between runs."""
        return self.interval is not None and self.main

    @property
    def info(self) -> MeasureInfo:
        return MeasureInfo(
            metric=self.name,
            title=self.title,
            meaning=self.meaning or None,
            better=self.better,
            of_confidences=self.population == "scored",
            signed=self.range[0] < 0,
            place=self.place,
            interval=self.compared,
        )


def estimates(measures: Iterable[Measure], sample: Sample, resampled: Resampled | None = None) -> dict[str, Estimate]:
    """Metric -> its estimate; with replicates where there are resamples and the measure has an interval."""
    measures = tuple(measures)
    used = {population: sample.take(sample.rows(population)) for population in {m.population for m in measures}}
    return {m.name: _estimate(m, used[m.population], len(sample.outcome), resampled) for m in measures}


def _estimate(measure: Measure, used: Sample, n_total: int, resampled: Resampled | None) -> Estimate:
    value = measure.compute(used) if used.n_rows else np.nan
    return estimate(measure, value, resampled, used.n_rows, n_total, used.n_clusters)


def estimate(
    measure: Measure, value: float, resampled: Resampled | None, n_used: int, n_total: int, n_clusters: int
) -> Estimate:
    """The estimate of a value; with replicates where there are resamples and the measure has an interval."""
    replicates = parts = None
    if resampled is not None:
        parts = measure.parts(resampled) if measure.parts else None
        replicates = measure.replicates(resampled) if measure.replicates else None if parts is None else parts.sizes()
        if measure.interval and replicates is None:
            raise ValueError(f"measure {measure.name}: an interval needs replicates or parts")
    return Estimate(value, replicates, parts, n_used, n_total, n_clusters)


def metric(group: Group, measure: Measure, e: Estimate, *, convention: str = "", reason: str = "") -> Metric:
    """The row of a number, with its interval if it has one.

    Args:
        convention: in the place of the measure's own.
        reason: why the value is undefined, if it is, in the place of the measure's own.
    """
    why = reason or (measure.undefined if e.n_used else _POPULATIONS.get(measure.population, measure.undefined))
    return metric_row(group, measure.name, e, convention or measure.convention, measure.interval, why)


def mean_metric(group: Group, measure: Measure, e: Estimate, *, convention: str, reason: str) -> Metric:
    """The row of a mean over tasks, as `metric` of a task."""
    interval = measure.interval and measure.interval.over_tasks()
    interval = interval and interval._replace(how=f"{interval.how}, each task resampled on its own")
    return metric_row(group, measure.name, e, convention, interval, reason)


def metric_row(
    group: Group, name: str, e: Estimate, convention: str, interval: Interval | None = None, reason: str = ""
) -> Metric:
    """The row of a number. Its interval, if there is one, always holds the value."""
    place: dict[str, Any] = {**group._asdict(), "metric": name, "n_used": e.n_used, "n_total": e.n_total}
    if np.isnan(e.value):
        return Metric(**place, value=None, convention=convention, reason=reason)
    ends = interval.ends(e) if interval and e.replicates is not None else None
    low, high = (min(ends[0], e.value), max(ends[1], e.value)) if ends else (None, None)
    if interval and ends:
        convention = f"{convention}; 95 % interval: {interval.how}"
    return Metric(**place, value=e.value, low=low, high=high, convention=convention)
