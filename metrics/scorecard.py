"""All numbers of a run: every metric of every task, protocol and method, with interval, counts and convention."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calibench.metrics import noise
from calibench.metrics.bootstrap import absolute_sum_interval, logit_interval, percentile_interval
from calibench.metrics.measures import (
    BOOTSTRAP,
    MAIN,
    MEASURES,
    NO_METHOD,
    Group,
    Measure,
    measures_of,
    metric_row,
    point,
    points,
    with_interval,
)
from calibench.metrics.reliability import CONVENTION as RELIABILITY_CONVENTION
from calibench.metrics.reliability import reliability_bins, share_interval
from calibench.metrics.sample import Replicates, Sample, check, in_order, resample, sample_of
from calibench.records import Metric, Reliability, Scorecard

if TYPE_CHECKING:
    import pandas as pd

_SHARES = {
    "accuracy": ("attempted", "correct"),
    "accuracy_answered": ("answered", "correct"),
    "coverage": ("attempted", "scored"),
}
"""Metrics that are a share: (population, what is counted in it)."""
_NOISE_FLOOR = "ece_noise_floor"
_NOISE_FLOOR_CONVENTION = (
    "mean ece of simulated, perfectly calibrated models with these confidences and the correlation observed within "
    "clusters"
)


class Result(NamedTuple):
    """What the macro average needs of one group."""

    metrics: dict[str, Metric]
    replicates: Replicates | None
    """None without resampling."""


def scorecard(frame: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> Scorecard:
    """All numbers of a run.

    Args:
        frame: one row per generation and method, columns `metrics.sample.COLUMNS`. Generations that no confidence
            method was run on have the method `none`. `value` is a confidence in [0, 1], used where `status` is `ok`;
            `cluster` is None where the question is its own.
        seed: of bootstrap and simulations; the same frame and seed give the same scorecard, in any order of rows.
        resamples: of the bootstrap; 0 gives the values alone, without intervals, noise floor and diagrams.

    Returns:
        Per task, protocol and method: all metrics for the subset `all`, and the `MAIN` ones for each `subject=` and
        `level=` where there are two or more. Then the unweighted mean over tasks (task `macro`) for `all`, and for each
        `domain=` where there are two or more. One reliability diagram per task, protocol and method.

    Raises:
        ValueError: the frame is malformed, see `metrics.sample.check`.
    """
    check(frame)
    metrics: list[Metric] = []
    reliability: list[Reliability] = []
    results: dict[Group, Result] = {}
    domains: dict[str, str] = {}
    for key, rows in in_order(frame).groupby(["task", "protocol", "method"], sort=True):
        domains[key[0]] = rows["domain"].iloc[0]
        sample = sample_of(rows)
        for subset, mask in _subsets(rows):
            group = Group(*key, subset)
            part = sample if subset == "all" else sample.take(mask)
            rng = random_source(seed, group)
            results[group] = result = _evaluate(group, part, resamples, rng)
            if resamples and subset == "all" and group.method != NO_METHOD:
                floor, diagram = _against_chance(group, part, result, resamples, rng)
                result.metrics[floor.metric] = floor
                reliability.append(diagram)
            metrics += result.metrics.values()
    return Scorecard(metrics=(*metrics, *_macro(results, domains)), reliability=tuple(reliability))


def _subsets(rows: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    yield "all", np.ones(len(rows), dtype=bool)
    for column in ("subject", "level"):
        values = sorted(rows[column].dropna().unique())
        for value in values if len(values) > 1 else ():
            text = str(int(value)) if column == "level" else value
            yield f"{column}={text}", (rows[column] == value).to_numpy(dtype=bool)


def _evaluate(group: Group, sample: Sample, resamples: int, rng: np.random.Generator) -> Result:
    wanted = [m for m in measures_of(group.method) if group.subset == "all" or m.name in MAIN]
    metrics = points(group, wanted, sample)
    if not resamples:
        return Result(metrics, None)
    (replicates,) = resample([sample], resamples, rng)
    for name, row in metrics.items():
        if name in MAIN and row.value is not None:
            metrics[name] = with_interval(row, _interval(row, sample, replicates), MEASURES[name].interval)
    return Result(metrics, replicates)


def _interval(row: Metric, sample: Sample, replicates: Replicates) -> tuple[float, float] | None:
    if row.metric not in _SHARES:
        return _resampled_interval(row.metric, row.value, [replicates])
    of, share = _SHARES[row.metric]
    within = sample.rows(of)
    true = (sample.has("correct") if share == "correct" else sample.rows(share))[within]
    return share_interval(true, sample.cluster[within], replicates.values[row.metric])


def _resampled_interval(name: str, value: float, replicates: list[Replicates]) -> tuple[float, float] | None:
    """Interval of the mean over tasks of a metric, from the replicates of each task."""
    if name == "ece":
        return absolute_sum_interval(*mean_gaps(replicates))
    values = np.mean([r.values[name] for r in replicates], axis=0)
    return logit_interval(value, values) if name == "auroc" else percentile_interval(values)


def _against_chance(group: Group, sample: Sample, result: Result, resamples: int, rng) -> tuple[Metric, Reliability]:
    """The noise floor of the ECE and the reliability diagram."""
    used = sample.take(sample.rows("scored"))
    correct = used.has("correct")
    correlation = noise.within_cluster_correlation(used.confidence, correct, used.cluster)
    simulated = noise.simulate_calibrated(used.confidence, used.cluster, correlation, simulations=resamples, rng=rng)
    bins = reliability_bins(
        used.confidence, correct, used.cluster, bin_accuracy=result.replicates.bin_accuracy, simulated=simulated
    )
    floor = Measure(
        _NOISE_FLOOR, "scored", lambda s: noise.noise_floor(s.confidence, simulated), _NOISE_FLOOR_CONVENTION
    )
    counts = {"n_used": len(used.outcome), "n_total": len(sample.outcome)}
    diagram = Reliability(**group._asdict(), **counts, convention=RELIABILITY_CONVENTION, bins=bins)
    return point(group, floor, sample), diagram


def _macro(results: dict[Group, Result], domains: dict[str, str]) -> Iterator[Metric]:
    """The unweighted means over tasks, for all tasks and for each domain."""
    whole = {g: r for g, r in results.items() if g.subset == "all"}
    for protocol, method in sorted({(g.protocol, g.method) for g in whole}):
        tasks = {g.task: r for g, r in whole.items() if (g.protocol, g.method) == (protocol, method)}
        subsets = {"all": list(tasks)}
        present = sorted({domains[t] for t in tasks})
        if len(present) > 1:
            subsets |= {f"domain={d}": [t for t in tasks if domains[t] == d] for d in present}
        for subset, members in subsets.items():
            for name in (*MAIN, _NOISE_FLOOR):
                if name in tasks[members[0]].metrics:
                    yield _mean(Group("macro", protocol, method, subset), name, {t: tasks[t] for t in members})


def mean_gaps(replicates: list[Replicates]) -> tuple[np.ndarray, np.ndarray]:
    """The gaps [T B] whose absolute sum is the mean ECE of T tasks, and their replicates [R, T B]."""
    observed = np.concatenate([r.observed_gaps for r in replicates])
    resampled = np.concatenate([r.gaps for r in replicates], axis=1)
    return observed / len(replicates), resampled / len(replicates)


def _mean(group: Group, name: str, tasks: dict[str, Result]) -> Metric:
    """The mean of a metric over tasks; each task is resampled on its own (stratified bootstrap)."""
    rows = {task: result.metrics[name] for task, result in tasks.items()}
    n_used, n_total = sum(m.n_used for m in rows.values()), sum(m.n_total for m in rows.values())
    of_one = _NOISE_FLOOR_CONVENTION if name == _NOISE_FLOOR else MEASURES[name].convention
    convention = f"unweighted mean over tasks ({', '.join(rows)}); {of_one}"
    undefined = [task for task, m in rows.items() if m.value is None]
    if undefined:
        why = f"undefined for {', '.join(undefined)}"
        return metric_row(group, name, None, n_used, n_total, convention, reason=why)
    value = float(np.mean([m.value for m in rows.values()]))
    row = metric_row(group, name, value, n_used, n_total, convention)
    replicates = [r.replicates for r in tasks.values()]
    if name == _NOISE_FLOOR or None in replicates:
        return row
    interval = _resampled_interval(name, value, replicates)
    how = BOOTSTRAP if name in _SHARES else MEASURES[name].interval
    return with_interval(row, interval, f"{how}, each task resampled on its own")


def random_source(seed: int, group: Group) -> np.random.Generator:
    """Randomness of its own for each group, so that adding a task or a method changes no other number."""
    return np.random.default_rng([seed, zlib.crc32("\n".join(group).encode())])
