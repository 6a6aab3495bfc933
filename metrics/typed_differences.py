"""Whether runs differ in their typed decisions: paired differences, B - A, of scores of whole distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from calibench.metrics.bootstrap import compact, draws
from calibench.metrics.compare import JudgedChange, difference_test, judge
from calibench.metrics.estimate import Estimate, mean
from calibench.metrics.measure import Group
from calibench.metrics.scorecard import random_source
from calibench.metrics.typed_decisions import MEASURES, Decisions, estimate
from calibench.records import MeasureInfo
from calibench.results import Difference

COMPARED = ("soft_accuracy", "kl_from_gold", "brier_multiclass", "rps")
"""Those of whole distributions that have intervals; accuracy is compared with the other numbers of a run."""
_Pair = tuple[dict[str, Estimate], dict[str, Estimate]]


def infos() -> tuple[MeasureInfo, ...]:
    return tuple(MEASURES[name].info for name in COMPARED)


def differences(
    runs: Mapping[str, Mapping[Group, Decisions]],
    pairs: Sequence[tuple[str, str]],
    *,
    seed: int = 0,
    resamples: int = 1000,
    margin: float = 0.02,
) -> list[Difference]:
    """Differences of every task, protocol and method that both runs of a pair have, on the decisions that both have a
    distribution for, then of the means over tasks (task `macro`).

    Args:
        runs: name of the run -> its decisions.
        pairs: (A, B), names of runs.
        seed: of the bootstrap over clusters, the same in both runs.
        resamples: likewise.
        margin: differences that are smaller do not matter.

    Returns:
        Judged as those of `metrics.compare.compare`; `p_holm` is corrected over all of these.
    """
    changes = []
    for a, b in pairs:
        found = {
            group: _paired(group, runs[a][group], runs[b][group], seed, resamples)
            for group in runs[a]
            if group in runs[b] and np.isin(runs[a][group].question, runs[b][group].question).any()
        }
        of_tasks = {group: [of] for group, of in found.items()}
        for protocol, method in dict.fromkeys((g.protocol, g.method) for g in found):
            of_tasks[Group("macro", protocol, method, "all")] = [
                of for g, of in found.items() if (g.protocol, g.method) == (protocol, method)
            ]
        changes += [_change(a, b, group, m, of, margin) for group, of in of_tasks.items() for m in COMPARED]
    return judge([change for change in changes if change is not None], margin, MEASURES)


def _paired(group: Group, a: Decisions, b: Decisions, seed: int, resamples: int) -> _Pair:
    """Metric -> its estimate, of each of two runs on the questions that they share, resampled together."""
    shared, of_a, of_b = np.intersect1d(a.question, b.question, return_indices=True)
    cluster, n_clusters = compact(a.cluster[of_a])
    both = (
        d.take(rows, len(shared))._replace(cluster=cluster, n_clusters=n_clusters) for d, rows in ((a, of_a), (b, of_b))
    )
    counts = list(draws(n_clusters, resamples, random_source(seed, group)))
    first, second = ({name: estimate(name, d, counts) for name in COMPARED} for d in both)
    return first, second


def _change(run_a: str, run_b: str, group: Group, name: str, of: list[_Pair], margin: float) -> JudgedChange | None:
    """The change of the mean over tasks of a metric; None where it is undefined."""
    measure = MEASURES[name]
    pairs = [(a[name], b[name]) for a, b in of]
    a, b = (mean([pair[side] for pair in pairs]) for side in (0, 1))
    if np.isnan(a.value) or np.isnan(b.value):
        return None
    row = {
        "run_a": run_a, "run_b": run_b, **group._asdict(), "metric": name, "a": a.value, "b": b.value,
        "difference": b.value - a.value, "low": None, "high": None, "n_questions": a.n_used,
        "convention": f"{measure.convention}; paired on shared questions, margin {margin}",
    }  # fmt: skip
    tested = difference_test(measure, pairs, sum(pair[0].n_clusters or 0 for pair in pairs))
    if tested is None:
        return JudgedChange(row)
    row |= {"low": min(tested.shown.low, b.value - a.value), "high": max(tested.shown.high, b.value - a.value)}
    sign = 1 if measure.better == "higher" else -1
    return JudgedChange(row, tested, tested.p_value, sign * tested.judged.difference)
