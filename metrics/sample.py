"""The rows of one task, protocol, method and subset, and what a bootstrap of them gives."""

from __future__ import annotations

from typing import NamedTuple, get_args

import numpy as np

from harness.records import Outcome
from metrics.bootstrap import compact, draws
from metrics.calibration import N_BINS, equal_width_bins
from metrics.discrimination import ResampledAuroc

OUTCOMES = get_args(Outcome)


class Sample(NamedTuple):
    """One row per generation asked for."""

    confidence: np.ndarray
    """[N] float in [0, 1]; nan where the method gave none."""
    outcome: np.ndarray
    """[N] int, index into `OUTCOMES`."""
    cluster: np.ndarray
    """[N] int in [0, n_clusters)."""
    n_clusters: int

    def has(self, *outcomes: Outcome) -> np.ndarray:
        """[N] bool: the outcome is one of these."""
        return np.isin(self.outcome, [OUTCOMES.index(o) for o in outcomes])

    def rows(self, population: str) -> np.ndarray:
        """[N] bool: the rows of a population.

        asked: all. attempted: not failed. answered: correct or incorrect. scored: answered, with a confidence.
        """
        match population:
            case "asked":
                return np.ones(len(self.outcome), dtype=bool)
            case "attempted":
                return ~self.has("failed")
            case "answered":
                return self.has("correct", "incorrect")
            case "scored":
                return self.has("correct", "incorrect") & ~np.isnan(self.confidence)
        raise ValueError(f"population: expected asked, attempted, answered or scored, found {population!r}")

    def take(self, rows: np.ndarray) -> Sample:
        """The sample of these rows (mask or index), clusters renumbered."""
        cluster, n_clusters = compact(self.cluster[rows])
        return Sample(self.confidence[rows], self.outcome[rows], cluster, n_clusters)


class Replicates(NamedTuple):
    """What R resamples of a sample give. Arrays are nan where a resample leaves a metric undefined."""

    values: dict[str, np.ndarray]
    """Metric -> [R]."""
    gaps: np.ndarray
    """[R, B]: share of the bin x (mean confidence - accuracy); their absolute sum is the ECE."""
    bin_accuracy: np.ndarray
    """[R, B]"""


def bin_gaps(sample: Sample) -> np.ndarray:
    """[B]: share of the bin x (mean confidence - accuracy); their absolute sum is the ECE. nan without scored rows."""
    table = _cluster_sums(sample).sum(axis=1)
    return _statistics(table[:, None]).gaps[0]


def resample(samples: list[Sample], resamples: int, rng: np.random.Generator) -> list[Replicates]:
    """Cluster bootstrap of samples that share their clusters (paired: each resample draws the same ones for all)."""
    n_clusters = samples[0].n_clusters
    tables = [_cluster_sums(s) for s in samples]
    areas = [_auroc_resampler(s) for s in samples]
    sums, aurocs = [[] for _ in samples], [[] for _ in samples]
    for counts in draws(n_clusters, resamples, rng):
        for i, (table, area) in enumerate(zip(tables, areas, strict=True)):
            sums[i].append(table @ counts)
            aurocs[i].append(area(counts))
    out = []
    for s, a in zip(sums, aurocs, strict=True):
        replicates = _statistics(np.concatenate(s, axis=1))
        replicates.values["auroc"] = np.concatenate(a)
        out.append(replicates)
    return out


_TOTALS = ("attempted", "answered", "correct", "scored", "right", "confidence", "squared_error")


def _cluster_sums(sample: Sample) -> np.ndarray:
    """[7 + 3 B, C]: per cluster the `_TOTALS`, then rows, confidence and right answers per bin of the scored rows."""
    scored, correct = sample.rows("scored"), sample.has("correct")
    confidence, right, unit = sample.confidence[scored], correct[scored], sample.cluster[scored]
    c = sample.n_clusters
    out = np.empty((len(_TOTALS) + 3 * N_BINS, c))
    for i, rows in enumerate((sample.rows("attempted"), sample.rows("answered"), correct, scored)):
        out[i] = np.bincount(sample.cluster[rows], minlength=c)
    for i, weight in enumerate((right, confidence, (confidence - right) ** 2), start=4):
        out[i] = np.bincount(unit, weight, minlength=c)
    cell = equal_width_bins(confidence) * c + unit
    for i, weight in enumerate((None, confidence, right)):
        first = len(_TOTALS) + i * N_BINS
        out[first : first + N_BINS] = np.bincount(cell, weight, minlength=N_BINS * c).reshape(N_BINS, c)
    return out


def _auroc_resampler(sample: Sample) -> ResampledAuroc:
    scored = sample.rows("scored")
    right = sample.has("correct")[scored]
    return ResampledAuroc(sample.confidence[scored], right, sample.cluster[scored], sample.n_clusters)


def _statistics(sums: np.ndarray) -> Replicates:
    """The metrics [R] that are functions of the sums [7 + 3 B, R]."""
    total = dict(zip(_TOTALS, sums, strict=False))
    n, confidence, right = sums[len(_TOTALS) :].reshape(3, N_BINS, -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_confidence = total["confidence"] / total["scored"]
        values = {
            "accuracy": total["correct"] / total["attempted"],
            "accuracy_answered": total["correct"] / total["answered"],
            "coverage": total["scored"] / total["attempted"],
            "mean_confidence": mean_confidence,
            "signed_gap": mean_confidence - total["right"] / total["scored"],
            "brier": total["squared_error"] / total["scored"],
        }
        return Replicates(values, ((confidence - right) / total["scored"]).T, (right / n).T)
