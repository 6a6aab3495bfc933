"""What a change is made of: the part of a difference between two runs that goes with which of their answers are right,
and the part that goes with their confidences.

With m(c, y) a metric of the confidences c of one run and the outcomes y of another, on rows that both runs scored, the
difference m(c_B, y_B) - m(c_A, y_A) is the sum of

    by accuracy:   1/2 [m(c_A, y_B) - m(c_A, y_A) + m(c_B, y_B) - m(c_B, y_A)]
    by confidence: 1/2 [m(c_B, y_A) - m(c_A, y_A) + m(c_B, y_B) - m(c_A, y_B)]

the mean over both orders of changing one and then the other: the Shapley value of two players (Shapley 1953; as a
decomposition of differences, Kitagawa 1955).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from calibench.metrics.estimate import Ends, Estimate, mean
from calibench.metrics.measure import Group, estimates
from calibench.metrics.measures import MEASURES, NO_METHOD
from calibench.metrics.resampled import resample
from calibench.metrics.sample import Sample, sample_of
from calibench.metrics.scorecard import random_source
from calibench.results import ChangeSplit

if TYPE_CHECKING:
    import pandas as pd

SPLIT = ("ece", "brier", "signed_gap")
"""The metrics whose differences are split: those that are of confidences and outcomes alike, and are no ranks."""
CONVENTION = (
    "of the rows that both runs scored; mean over both orders of changing outcomes and confidences; 95 % interval: 1.96"
    " standard errors by paired cluster bootstrap"
)
_Parts = dict[str, tuple[Estimate, Estimate]]
"""Metric -> its part by accuracy and its part by confidence."""


def change_splits(
    frames: Mapping[str, pd.DataFrame], pairs: Sequence[tuple[str, str]], *, seed: int = 0, resamples: int = 1000
) -> list[ChangeSplit]:
    """The splits of the differences, B - A, for every task, protocol and method that both runs have, and of the means
    over tasks (task `macro`).

    Args:
        frames: name of the run -> its frame as for `metrics.scorecard.scorecard`.
        pairs: (A, B), names of runs.
        seed: of the bootstrap.
        resamples: of the bootstrap.

    Returns:
        In the order of the pairs. What no row was scored for by both runs is left out.
    """
    by_run = {name: dict(iter(frame.groupby(["task", "protocol", "method"]))) for name, frame in frames.items()}
    return [split for a, b in pairs for split in _of_pair(a, b, by_run[a], by_run[b], seed, resamples)]


def _of_pair(run_a: str, run_b: str, a: dict, b: dict, seed: int, resamples: int) -> list[ChangeSplit]:
    found: dict[Group, _Parts] = {}
    for key in sorted(a.keys() & b.keys()):
        task, protocol, method = key
        group = Group(task, protocol, method, "all")
        both = None if method == NO_METHOD else _both(a[key], b[key])
        if both is not None:
            found[group] = _parts(*both, resamples, random_source(seed, group))
    for protocol, method in dict.fromkeys((g.protocol, g.method) for g in found):
        members = [parts for g, parts in found.items() if (g.protocol, g.method) == (protocol, method)]
        found[Group("macro", protocol, method, "all")] = {
            name: (mean([m[name][0] for m in members]), mean([m[name][1] for m in members])) for name in SPLIT
        }
    return [
        _row(run_a, run_b, group, name, *parts)
        for group, of_metric in sorted(found.items(), key=lambda item: (item[0].protocol, item[0].task == "macro"))
        for name, parts in of_metric.items()
    ]


def _both(a: pd.DataFrame, b: pd.DataFrame) -> tuple[Sample, Sample] | None:
    """The rows that both runs scored, in one order and in the same clusters; None if there are none."""
    key = ["question_id", "draw"]
    shared = a[key].merge(b[key]).sort_values(key)
    of_a, of_b = (sample_of(shared.merge(rows, on=key, how="left")) for rows in (a, b))
    scored = of_a.rows("scored") & of_b.rows("scored")
    if not scored.any():
        return None
    of_a = of_a.take(scored)
    return of_a, of_b.take(scored)._replace(cluster=of_a.cluster, n_clusters=of_a.n_clusters)


def _parts(a: Sample, b: Sample, resamples: int, rng: np.random.Generator) -> _Parts:
    samples = [c._replace(outcome=y.outcome) for c in (a, b) for y in (a, b)]
    measures = [MEASURES[name] for name in SPLIT]
    aa, ab, ba, bb = (
        estimates(measures, sample, resampled)
        for sample, resampled in zip(samples, resample(samples, resamples, rng), strict=True)
    )
    return {
        name: (
            _half_of(ab[name], aa[name], bb[name], ba[name]),
            _half_of(ba[name], aa[name], bb[name], ab[name]),
        )
        for name in SPLIT
    }


def _half_of(to: Estimate, since: Estimate, then_to: Estimate, then_since: Estimate) -> Estimate:
    """The mean of two differences."""
    first, second, third, fourth = (np.asarray(e.replicates) for e in (to, since, then_to, then_since))
    return to._replace(
        value=(to.value - since.value + then_to.value - then_since.value) / 2,
        replicates=(first - second + third - fourth) / 2,
        parts=None,
    )


def _row(run_a: str, run_b: str, group: Group, name: str, accuracy: Estimate, confidence: Estimate) -> ChangeSplit:
    ends = [_ends(part) or (None, None) for part in (accuracy, confidence)]
    return ChangeSplit(
        run_a=run_a, run_b=run_b, task=group.task, protocol=group.protocol, method=group.method, metric=name,
        difference=accuracy.value + confidence.value,
        by_accuracy=accuracy.value, by_accuracy_low=ends[0][0], by_accuracy_high=ends[0][1],
        by_confidence=confidence.value, by_confidence_low=ends[1][0], by_confidence_high=ends[1][1],
        n_used=accuracy.n_used, convention=CONVENTION,
    )  # fmt: skip


def _ends(part: Estimate) -> Ends:
    """None where no resample differs, so that the bootstrap cannot tell how sure the part is."""
    error = float(np.nanstd(np.asarray(part.replicates), ddof=1))
    return (part.value - 1.96 * error, part.value + 1.96 * error) if error > 1e-12 else None
