"""What resamples of a sample give: sums from which the replicates of every measure follow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from calibench.metrics.bootstrap import draws, draws_of_kinds
from calibench.metrics.calibration import N_BINS, equal_width_bins
from calibench.metrics.estimate import Parts
from calibench.metrics.proper import log_losses
from calibench.metrics.sample import OUTCOMES, Sample

_LEVELS = 2000
"""Resamples see at most this many levels of confidence: neighbouring values count as ties, which moves a replicate of
the AUROC by a few 1e-6 and bounds the memory."""
_MANY_CLUSTERS = 100_000
"""Of more clusters than these, those of one kind are counted together, if each has one row and most are alike."""
_TOTALS = ("attempted", "answered", "correct", "scored", "right", "confidence", "squared_error", "log_loss")


class Levels(NamedTuple):
    """How many scored rows of each confidence are right and wrong, in the sample and in its resamples."""

    confidence: np.ndarray
    """[L], rising."""
    right: np.ndarray
    """[L, 1 + R]; the sample itself comes first."""
    wrong: np.ndarray
    """[L, 1 + R]"""


class Resampled(NamedTuple):
    """The sums of R resamples, and what many measures need of them. Quotients are nan where they are undefined."""

    total: dict[str, np.ndarray]
    """[R] each: rows attempted, answered, correct and scored; of the scored rows, how many are `right`, and the sums of
    `confidence`, `squared_error` and `log_loss`."""
    gaps: Parts
    """Share of the bin x (mean confidence - accuracy) of the scored rows, [B] and [R, B]."""
    bin_accuracy: np.ndarray
    """[R, B]"""
    levels: Levels

    def ratio(self, of: str, per: str) -> np.ndarray:
        """Quotients [R] of two totals."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.total[of] / self.total[per]


def resample(samples: list[Sample], resamples: int, rng: np.random.Generator) -> list[Resampled]:
    """Cluster bootstrap of samples that share their clusters (paired: each resample draws the same ones for all)."""
    kinds = _kinds(samples) if samples[0].n_clusters > _MANY_CLUSTERS else None
    if kinds is None:
        size = np.ones(samples[0].n_clusters)
        chunks = draws(len(size), resamples, rng)
    else:
        kind, size = kinds
        samples = [s._replace(cluster=kind[s.cluster], n_clusters=len(size)) for s in samples]
        chunks = draws_of_kinds(size, resamples, rng)
    tables = [_cluster_sums(s) / size for s in samples]
    levels = [_ClusterLevels(s, size) for s in samples]
    sums: list[list[np.ndarray]] = [[] for _ in samples]
    of_levels: list[list[list[np.ndarray]]] = [[] for _ in samples]
    for counts in chunks:
        for i, (table, level) in enumerate(zip(tables, levels, strict=True)):
            sums[i].append(table @ counts)
            of_levels[i].append(level.counted(counts))
    return [
        _resampled((table * size).sum(axis=1), np.concatenate(of_sums, axis=1), level.joined(of_chunks))
        for table, of_sums, level, of_chunks in zip(tables, sums, levels, of_levels, strict=True)
    ]


def _kinds(samples: list[Sample]) -> tuple[np.ndarray, np.ndarray] | None:
    """Kind [C] of each cluster, and how many are of each kind [K]; None unless each has one row and K is far below C.

    Clusters are of one kind if their rows have one outcome and one level of confidence in every sample.
    """
    kind = np.zeros(samples[0].n_clusters, dtype=np.int64)
    for s in samples:
        if len(s.cluster) > len(kind) or np.bincount(s.cluster).max() > 1:
            return None
        scored = s.rows("scored")
        row = s.outcome.astype(np.int64)
        row[scored] += len(OUTCOMES) * (1 + _levels(s.confidence[scored])[0])
        held = np.zeros_like(kind)
        held[s.cluster] = 1 + row
        kind = np.unique(kind * (held.max() + 1) + held, return_inverse=True)[1]
    size = np.bincount(kind).astype(np.float64)
    return (kind, size) if 10 * len(size) <= len(kind) else None


def _levels(confidence: np.ndarray) -> tuple[np.ndarray, int]:
    """Level [N] of each confidence, from the lowest on, and their number."""
    values, index = np.unique(confidence, return_inverse=True)
    n = min(len(values), _LEVELS)
    return index * n // max(len(values), 1), n


class _ClusterLevels:
    """Right and wrong rows per level of confidence and cluster, or on average per cluster of a kind.

    Args:
        sample: with kinds for clusters where they are counted together.
        size: [C] clusters of each kind.
    """

    def __init__(self, sample: Sample, size: np.ndarray) -> None:
        scored = sample.rows("scored")
        confidence, cluster, right = sample.confidence[scored], sample.cluster[scored], sample.has("correct")[scored]
        level, n = _levels(confidence)
        self._confidence = np.bincount(level, confidence, minlength=n) / np.maximum(np.bincount(level, minlength=n), 1)
        self._of_outcome = [
            sparse.csr_array((which / size[cluster], (level, cluster)), shape=(n, len(size)))
            for which in (right, ~right)
        ]
        self._size = size

    def counted(self, counts: np.ndarray) -> list[np.ndarray]:
        """Right and wrong rows [L, r] when cluster c is drawn counts[c, r] times."""
        return [of @ counts for of in self._of_outcome]

    def joined(self, chunks: list[list[np.ndarray]]) -> Levels:
        once = self.counted(self._size[:, None])
        right, wrong = (np.concatenate([once[i], *(chunk[i] for chunk in chunks)], axis=1) for i in (0, 1))
        return Levels(self._confidence, right, wrong)


def _cluster_sums(sample: Sample) -> np.ndarray:
    """[8 + 3 B, C]: per cluster the `_TOTALS`, then rows, confidence and right answers per bin of the scored rows."""
    scored, correct = sample.rows("scored"), sample.has("correct")
    confidence, right, unit = sample.confidence[scored], correct[scored], sample.cluster[scored]
    c = sample.n_clusters
    out = np.empty((len(_TOTALS) + 3 * N_BINS, c))
    for i, rows in enumerate((sample.rows("attempted"), sample.rows("answered"), correct, scored)):
        out[i] = np.bincount(sample.cluster[rows], minlength=c)
    for i, weight in enumerate((right, confidence, (confidence - right) ** 2, log_losses(confidence, right)), start=4):
        out[i] = np.bincount(unit, weight, minlength=c)
    cell = equal_width_bins(confidence) * c + unit
    for i, weight in enumerate((None, confidence, right)):
        first = len(_TOTALS) + i * N_BINS
        out[first : first + N_BINS] = np.bincount(cell, weight, minlength=N_BINS * c).reshape(N_BINS, c)
    return out


def _resampled(observed: np.ndarray, sums: np.ndarray, levels: Levels) -> Resampled:
    """From the totals of the sample [8 + 3 B] and of its resamples [8 + 3 B, R]."""
    n, _, right = _bins(sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        gaps = Parts(_gaps(observed[:, None])[0], _gaps(sums))
        return Resampled(dict(zip(_TOTALS, sums, strict=False)), gaps, (right / n).T, levels)


def _bins(sums: np.ndarray) -> np.ndarray:
    """Rows, confidence and right answers per bin: [3, B, R]."""
    return sums[len(_TOTALS) :].reshape(3, N_BINS, -1)


def _gaps(sums: np.ndarray) -> np.ndarray:
    """[R, B]"""
    n, confidence, right = _bins(sums)
    return ((confidence - right) / n.sum(axis=0)).T
