"""All numbers of a run: every metric of every task, protocol and method, with interval, counts and convention."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from calibench.metrics import noise, risk
from calibench.metrics.arrays import one_thread
from calibench.metrics.estimate import Estimate, mean
from calibench.metrics.measure import Group, Measure, estimates, mean_metric, metric
from calibench.metrics.measures import MEASURES, NO_METHOD, NOISE_FLOOR, infos, main, measures_of
from calibench.metrics.reliability import CONVENTION as RELIABILITY_CONVENTION
from calibench.metrics.reliability import reliability_bins
from calibench.metrics.resampled import Resampled, resample
from calibench.metrics.sample import Sample, check, in_order, sample_of
from calibench.records import Metric, Reliability, RiskCoverage, Scorecard

if TYPE_CHECKING:
    import pandas as pd

Estimates = dict[str, Estimate]
"""Metric -> its estimate."""
Found = TypeVar("Found")


class ScoredGroup(NamedTuple):
    """All numbers of a group."""

    group: Group
    metrics: list[Metric]
    estimates: Estimates
    """Of a whole task; empty for its parts, whose resamples nobody needs again."""
    diagram: Reliability | None
    curve: RiskCoverage | None


_THREADS = 2
"""Groups that are scored at a time: numpy does most of it without Python's lock. More would hold more resamples."""


def scorecard(frame: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> Scorecard:
    """All numbers of a run.

    Args:
        frame: one row per generation and method, columns `metrics.sample.COLUMNS`. Generations that no confidence
            method was run on have the method `none`. `value` is a confidence in [0, 1], used where `status` is `ok`;
            `cluster` is None where the question is its own.
        seed: of bootstrap and simulations; the same frame and seed give the same scorecard, in any order of rows.
        resamples: of the bootstrap; 0 gives the values alone, without intervals, noise floor and diagrams.

    Returns:
        Per task, protocol and method: all metrics for the subset `all`, and those with intervals for each `subject=`
        and `level=` where there are two or more. Then the unweighted mean over tasks (task `macro`) for `all`, and for
        each `domain=` where there are two or more. One reliability diagram and one risk-coverage curve per task,
        protocol and method.

    Raises:
        ValueError: the frame is malformed, see `metrics.sample.check`.
    """
    rows = in_order(check(frame))
    found = _of_each(_groups(rows), lambda group, part: _score(group, part, seed, resamples))
    whole = {one.group: one.estimates for one in found if one.group.subset == "all"}
    first = rows.drop_duplicates("task")
    return Scorecard(
        metrics=(
            *(m for one in found for m in one.metrics),
            *means(whole, dict(zip(first["task"], first["domain"], strict=True))),
        ),
        reliability=tuple(one.diagram for one in found if one.diagram),
        measures=infos(),
        risk_coverage=tuple(one.curve for one in found if one.curve),
    )


def subset_diagrams(frame: pd.DataFrame, *, seed: int = 0, resamples: int = 200) -> list[Reliability]:
    """A reliability diagram for each `subject=` and `level=` of a scorecard in which an answer has a confidence.

    Args:
        frame: as of `scorecard`.
        seed: likewise.
        resamples: of intervals and noise bands; these are for small figures.
    """
    if all(frame[column].nunique() < 2 for column in ("subject", "level")):
        return []

    def diagram(group: Group, part: Sample) -> Reliability | None:
        if not part.rows("scored").any():
            return None
        rng = random_source(seed, group)
        return _against_chance(group, part, resample([part], resamples, rng)[0], resamples, rng)[1]

    groups = _groups(in_order(frame[frame["method"] != NO_METHOD]))
    return [d for d in _of_each((g for g in groups if g[0].subset != "all"), diagram) if d]


def _groups(rows: pd.DataFrame) -> Iterator[tuple[Group, Sample, np.ndarray]]:
    """Each group, with the sample of its task, protocol and method and which rows [N] of that are its own."""
    for (task, protocol, method), of_method in rows.groupby(["task", "protocol", "method"], sort=True):
        sample = sample_of(of_method)
        for subset, mask in _subsets(of_method):
            yield Group(task, protocol, method, subset), sample, mask


def _of_each(
    groups: Iterable[tuple[Group, Sample, np.ndarray]], function: Callable[[Group, Sample], Found]
) -> list[Found]:
    """What a function of a group and its sample returns of each, in their order."""

    def of(given: tuple[Group, Sample, np.ndarray]) -> Found:
        group, sample, rows = given
        return function(group, sample if group.subset == "all" else sample.take(rows))

    every = list(groups)
    if len(every) < 2:  # a thread of its own has memory of its own, which is slower to get
        return [of(each) for each in every]
    with one_thread(), ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(of, every))


def _subsets(rows: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    yield "all", np.ones(len(rows), dtype=bool)
    for column in ("subject", "level"):
        values = sorted(rows[column].dropna().unique())
        for value in values if len(values) > 1 else ():
            text = str(int(value)) if column == "level" else value
            yield f"{column}={text}", (rows[column] == value).to_numpy(dtype=bool)


def _score(group: Group, sample: Sample, seed: int, resamples: int) -> ScoredGroup:
    whole = group.subset == "all"
    rng = random_source(seed, group)
    resampled = resample([sample], resamples, rng)[0] if resamples else None
    wanted = [m for m in measures_of(group.method) if whole or m.compared]
    found = estimates(wanted, sample, resampled)
    diagram = curve = None
    if whole and resampled is not None and group.method != NO_METHOD:
        found[NOISE_FLOOR.name], diagram = _against_chance(group, sample, resampled, resamples, rng)
        curve = curve_of(diagram, resampled)
    rows = [metric(group, MEASURES[name], e) for name, e in found.items()]
    return ScoredGroup(group, rows, found if whole else {}, diagram, curve)


def _against_chance(
    group: Group, sample: Sample, resampled: Resampled, resamples: int, rng: np.random.Generator
) -> tuple[Estimate, Reliability]:
    """The noise floor of the ECE and the reliability diagram."""
    used = sample.take(sample.rows("scored"))
    correlation = noise.within_cluster_correlation(used.confidence, used.has("correct"), used.cluster)
    simulated = noise.simulate_calibrated(used.confidence, used.cluster, correlation, simulations=resamples, rng=rng)
    return against_chance(group, used, sample.n_rows, resampled, simulated)


def against_chance(
    group: Group, used: Sample, n_total: int, resampled: Resampled, simulated: np.ndarray
) -> tuple[Estimate, Reliability]:
    """The noise floor of the ECE and the reliability diagram, of the scored rows and simulated right answers [R, B]."""
    bins = reliability_bins(
        used.confidence,
        used.has("correct"),
        resampled.units,
        bin_accuracy=resampled.bin_accuracy,
        simulated=simulated,
        weight=used.weight,
    )
    n_used = used.n_rows
    diagram = Reliability(
        **group._asdict(), n_used=n_used, n_total=n_total, convention=RELIABILITY_CONVENTION, bins=bins
    )
    floor = NOISE_FLOOR.compute((used.confidence, simulated, used.weight))
    return Estimate(floor, n_used=n_used, n_total=n_total), diagram


def curve_of(diagram: Reliability, resampled: Resampled) -> RiskCoverage:
    """The risk-coverage curve of the answers of a diagram."""
    place = {name: getattr(diagram, name) for name in (*Group._fields, "n_used", "n_total")}
    return RiskCoverage(**place, convention=risk.CONVENTION, points=risk.risk_coverage(resampled.levels))


def means(whole: dict[Group, Estimates], domains: dict[str, str]) -> Iterator[Metric]:
    """The unweighted means over tasks, for all tasks and for each domain."""
    for protocol, method in sorted({(g.protocol, g.method) for g in whole}):
        tasks = {g.task: e for g, e in whole.items() if (g.protocol, g.method) == (protocol, method)}
        subsets = {"all": list(tasks)}
        present = sorted({domains[t] for t in tasks})
        if len(present) > 1:
            subsets |= {f"domain={d}": [t for t in tasks if domains[t] == d] for d in present}
        for subset, members in subsets.items():
            for name in (*main(), NOISE_FLOOR.name):
                if name in tasks[members[0]]:
                    group = Group("macro", protocol, method, subset)
                    yield mean_over_tasks(group, MEASURES[name], {t: tasks[t][name] for t in members})


def mean_over_tasks(group: Group, measure: Measure, tasks: dict[str, Estimate]) -> Metric:
    """The mean of a metric over tasks; each task is resampled on its own (stratified bootstrap)."""
    undefined = [task for task, e in tasks.items() if np.isnan(e.value)]
    return mean_metric(
        group,
        measure,
        mean(list(tasks.values())),
        convention=f"unweighted mean over tasks ({', '.join(tasks)}); {measure.convention}",
        reason=f"undefined for {', '.join(undefined)}",
    )


def random_source(seed: int, group: Group) -> np.random.Generator:
    """Randomness of its own for each group, so that adding a task or a method changes no other number."""
    return np.random.default_rng([seed, zlib.crc32("\n".join(group).encode())])
