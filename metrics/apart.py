"""The scorecard of a run whose rows are read a part at a time: the numbers of `metrics.scorecard`, in memory that does
not grow with the rows.

Where no cluster has several rows, everything follows from how often each confidence and outcome occurs. Else the parts
come twice: for their sums, and for what the resamples have of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from calibench.metrics import noise
from calibench.metrics.histogram import Histogram
from calibench.metrics.measure import Counted, Group, Measure, Summed, estimate, metric
from calibench.metrics.measures import MEASURES, NO_METHOD, NOISE_FLOOR, infos, measures_of
from calibench.metrics.parts import PartsResampled, Tally
from calibench.metrics.resampled import Resampled, resample
from calibench.metrics.sample import POPULATIONS, Sample
from calibench.metrics.scorecard import ScoredGroup, against_chance, curve_of, means, random_source
from calibench.records import Scorecard

_HELD = 30_000_000
"""Numbers that the resamples of several groups hold together (240 MB); of more groups, the parts come more often."""


class Part(NamedTuple):
    """Some rows of a method, of whole clusters."""

    sample: Sample
    """Its clusters are numbered in the order of the rows."""
    subject: np.ndarray
    """[N] of text or None."""
    level: np.ndarray
    """[N] float, nan where there is none."""


class MethodRows(NamedTuple):
    """All rows of a task, protocol and method."""

    task: str
    protocol: str
    method: str
    parts: Callable[[], Iterator[Part]]
    """The same ones each time."""


class ScoredApart(NamedTuple):
    scorecard: Scorecard
    left_out: tuple[str, ...]
    """Metrics of a scorecard that need the rows themselves, or more distinct confidences than are kept apart."""
    histograms: dict[tuple[str, str, str], Histogram]
    """Task, protocol and method -> its confidences."""


def scorecard_apart(
    rows: Iterable[MethodRows], domains: Mapping[str, str], *, seed: int = 0, resamples: int = 1000
) -> ScoredApart:
    """All numbers of a run, as `metrics.scorecard.scorecard`.

    The values are the same, but for the noise floor, which is simulated. So are the intervals, where a method has more
    than 100,000 clusters, of one row each; else they agree as those of two seeds do.

    Args:
        rows: in the order of task, protocol and method.
        domains: task -> its domain.
        seed: of bootstrap and simulations.
        resamples: of the bootstrap.
    """
    found: list[ScoredGroup] = []
    left_out: dict[str, None] = {}
    histograms = {}
    for of_method in rows:
        tallies = _tallies(of_method)
        for group, tally, resampled, simulated in _resampled(of_method, tallies, seed, resamples):
            wanted = [m for m in measures_of(group.method) if group.subset == "all" or m.compared]
            had = [m for m in wanted if _is_had(m, tally)]
            left_out |= dict.fromkeys(m.name for m in wanted if m not in had)
            found.append(_score(group, had, tally, resampled, simulated))
        if tallies:
            histograms[of_method.task, of_method.protocol, of_method.method] = tallies["all"].histogram
    whole = {one.group: one.estimates for one in found if one.group.subset == "all"}
    card = Scorecard(
        metrics=(*(m for one in found for m in one.metrics), *means(whole, dict(domains))),
        reliability=tuple(one.diagram for one in found if one.diagram),
        measures=infos(),
        risk_coverage=tuple(one.curve for one in found if one.curve),
    )
    return ScoredApart(card, tuple(left_out), histograms)


def _tallies(rows: MethodRows) -> dict[str, Tally]:
    """Subset -> its tally, in the order of a scorecard; empty without any row."""
    measures = measures_of(rows.method)
    of_subsets = [m for m in measures if m.compared]
    every = Tally(measures)
    subsets: dict[str, dict[str | float, Tally]] = {"subject": {}, "level": {}}
    empty = True
    for part in rows.parts():
        empty = False
        every.add(part.sample)
        for column, value, held in _subsets(part):
            subsets[column].setdefault(value, Tally(of_subsets)).add(part.sample.take(held))
    if empty:
        return {}
    return {"all": every} | {
        _name(column, value): tallies[value]
        for column, tallies in subsets.items()
        for value in (sorted(tallies) if len(tallies) > 1 else ())
    }


def _subsets(part: Part) -> Iterator[tuple[str, str | float, np.ndarray]]:
    """Column, value and rows of each subset of a part."""
    for value in {value for value in part.subject.tolist() if value is not None}:
        yield "subject", value, np.flatnonzero(part.subject == value)
    for value in np.unique(part.level[~np.isnan(part.level)]).tolist():
        yield "level", value, np.flatnonzero(part.level == value)


def _name(column: str, value: str | float) -> str:
    return f"{column}={value if isinstance(value, str) else int(value)}"


def _resampled(
    rows: MethodRows, tallies: Mapping[str, Tally], seed: int, resamples: int
) -> Iterator[tuple[Group, Tally, Resampled, np.ndarray]]:
    """Each group with its resamples and its simulated right answers [S, B], in the order of the tallies."""
    several = {subset: t for subset, t in tallies.items() if t.sample().n_rows > t.clusters["asked"]}
    waiting = _batches(several, resamples)
    drawn: dict[str, PartsResampled] = {}
    for subset, tally in tallies.items():
        group = Group(rows.task, rows.protocol, rows.method, subset)
        if subset not in several:
            yield group, tally, *_of_kinds(tally.sample(), resamples, random_source(seed, group))
            continue
        if subset not in drawn:
            drawn = _drawn(rows, next(waiting), seed, resamples)
        of_group = drawn.pop(subset)
        yield group, tally, of_group.resampled(), of_group.simulated


def _batches(tallies: Mapping[str, Tally], resamples: int) -> Iterator[dict[str, Tally]]:
    """Those that are resampled together, as many as there is room for."""
    batch: dict[str, Tally] = {}
    held = 0
    for subset, tally in tallies.items():
        needed = PartsResampled.held(tally, resamples)
        if batch and held + needed > _HELD:
            yield batch
            batch, held = {}, 0
        batch[subset] = tally
        held += needed
    yield batch


def _drawn(rows: MethodRows, tallies: Mapping[str, Tally], seed: int, resamples: int) -> dict[str, PartsResampled]:
    place = (rows.task, rows.protocol, rows.method)
    found = {
        subset: PartsResampled(tally, resamples, random_source(seed, Group(*place, subset)), simulated=subset == "all")
        for subset, tally in tallies.items()
    }
    for part in rows.parts():
        if "all" in found:
            found["all"].add(part.sample)
        for column, value, held in _subsets(part):
            if subset := found.get(_name(column, value)):
                subset.add(part.sample.take(held))
    return found


def _of_kinds(sample: Sample, resamples: int, rng: np.random.Generator) -> tuple[Resampled, np.ndarray]:
    """Of rows in clusters of their own."""
    resampled = resample([sample], resamples, rng)[0]
    scored = sample.take(sample.rows("scored"))
    assert scored.weight is not None
    return resampled, noise.simulate_independent(scored.confidence, scored.weight, simulations=resamples, rng=rng)


def _is_had(measure: Measure, tally: Tally) -> bool:
    if isinstance(measure.compute, Counted):
        return tally.histogram.exact or not measure.compute.by_value
    return isinstance(measure.compute, Summed)


def _score(
    group: Group, measures: Sequence[Measure], tally: Tally, resampled: Resampled, simulated: np.ndarray
) -> ScoredGroup:
    sample = tally.sample()
    used = {population: sample.take(sample.rows(population)) for population in POPULATIONS}
    found = {}
    for measure in measures:
        rows, clusters = used[measure.population], tally.clusters[measure.population]
        value = np.nan
        if rows.n_rows:
            compute = measure.compute
            value = compute.of_sums(tally.sums[measure.name]) if isinstance(compute, Summed) else compute(rows)
        found[measure.name] = estimate(measure, value, resampled, rows.n_rows, sample.n_rows, clusters)
    whole = group.subset == "all"
    diagram = curve = None
    if whole and group.method != NO_METHOD:
        found[NOISE_FLOOR.name], diagram = against_chance(group, used["scored"], sample.n_rows, resampled, simulated)
        curve = curve_of(diagram, resampled)
    rows_of = [metric(group, MEASURES[name], e) for name, e in found.items()]
    return ScoredGroup(group, rows_of, found if whole else {}, diagram, curve)
