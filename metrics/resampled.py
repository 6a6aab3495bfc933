"""What resamples of a sample give: sums from which the replicates of every measure follow.

Where all verdicts of a sample agree, those of every resample do, and a bootstrap sees no doubt in them. There each
resample turns a share of the verdicts that a sample of this size may have missed (`metrics.bootstrap.unseen_share`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy import sparse

from calibench.metrics.arrays import counted, one_thread
from calibench.metrics.bootstrap import draws, draws_of_kinds, unseen_share
from calibench.metrics.calibration import N_BINS, equal_width_bins
from calibench.metrics.estimate import Parts
from calibench.metrics.proper import log_losses
from calibench.metrics.sample import OUTCOMES, POPULATIONS, Sample

_LEVELS = 2000
"""Resamples see at most this many levels of confidence: neighbouring values count as ties, which moves a replicate of
the AUROC by a few 1e-6 and bounds the memory."""
_MANY_CLUSTERS = 100_000
"""Of more clusters than these, those of one kind are counted together, if each has one row and most are alike."""
_COUNTED_TOGETHER = 32
"""Resamples whose counts of levels are in the processor's cache together."""
_TOTALS = ("attempted", "answered", "correct", "scored", "right", "confidence", "squared_error", "log_loss")
_ROWS = len(_TOTALS) + 3 * N_BINS


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
    root_gaps: Parts
    """Square root of that share x that difference; their squares add up to the squared calibration error."""
    bin_accuracy: np.ndarray
    """[R, B]"""
    levels: Levels
    units: np.ndarray
    """Clusters [B] with rows in each bin."""
    unseen: dict[str, np.ndarray]
    """Share [R] of the attempted, answered and scored rows whose kind the sample may not have seen; and what the order
    of `pairs` of a right and a wrong one adds to an AUROC, if it has seen only one: minus where the right ones win."""
    observed: dict[str, float]
    """The `total` of the sample itself."""

    def widened(self, of_bins: Parts) -> Parts:
        """With the noise that gaps have around the population's: in a resample they vary around those of the sample,
        which each bin of C clusters has bent its way, by C / (C - 1) too little in variance."""
        factor = np.sqrt(self.units / np.maximum(self.units - 1, 1))
        return of_bins._replace(replicates=of_bins.observed + (of_bins.replicates - of_bins.observed) * factor)

    def share(self, of: str, per: str) -> np.ndarray:
        """Quotients [R] of two totals of rows, with the doubt that is left where the sample's is 0 or 1."""
        found, missed = self.ratio(of, per), self.unseen[per]
        if self.observed[of] == 0:
            return found + missed
        return found - missed if self.observed[of] == self.observed[per] else found

    def ratio(self, of: str, per: str) -> np.ndarray:
        """Quotients [R] of two totals."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.total[of] / self.total[per]


@one_thread()
def resample(samples: list[Sample], resamples: int, rng: np.random.Generator) -> list[Resampled]:
    """Cluster bootstrap of samples that share their clusters (paired: each resample draws the same ones for all).

    Samples that share the very array of outcomes share what they have not seen of them.
    """
    (unseen,) = rng.spawn(1)  # what they have not seen, without a change to the draws
    normal = {id(s.outcome): unseen.standard_normal(resamples) for s in {id(s.outcome): s for s in samples}.values()}
    missed = [unseen_of(s, clusters_of(s), normal[id(s.outcome)]) for s in samples]
    many = samples[0].weight is not None or samples[0].n_clusters > _MANY_CLUSTERS
    kinds = _kinds(samples) if many else None
    if kinds is None:
        size = np.ones(samples[0].n_clusters)
        chunks = draws(len(size), resamples, rng)
    else:
        kind, size = kinds
        samples = [s._replace(cluster=kind[s.cluster], n_clusters=len(size)) for s in samples]
        chunks = draws_of_kinds(size, resamples, rng)
    tables = [cluster_sums(s) / size for s in samples]
    levels = [_ClusterLevels(s, size, resamples) for s in samples]
    sums: list[list[np.ndarray]] = [[] for _ in samples]
    for counts in chunks:
        for i, (table, level) in enumerate(zip(tables, levels, strict=True)):
            sums[i].append(table @ counts)
            level.count(counts)
    return [
        resampled_of(
            (table * size).sum(axis=1), bins_held(table) @ size, np.concatenate(of_sums, axis=1), level.levels(), unseen
        )
        for table, of_sums, level, unseen in zip(tables, sums, levels, missed, strict=True)
    ]


def clusters_of(sample: Sample) -> dict[str, int]:
    """How many clusters have rows of each population, and scored ones that are `right` or `wrong`."""
    rows = {name: sample.rows(name) for name in POPULATIONS}
    rows |= {"right": rows["scored"] & sample.has("correct"), "wrong": rows["scored"] & sample.has("incorrect")}
    return {name: _n_clusters(sample, of) for name, of in rows.items()}


def unseen_of(sample: Sample, clusters: Mapping[str, int], normal: np.ndarray) -> dict[str, np.ndarray]:
    """`Resampled.unseen`, with one trial per cluster (`clusters_of`)."""
    # If one answer of the other class can turn all its pairs, there are no more trials than the rarer class has.
    pairs = unseen_share(normal, max(min(clusters["right"], clusters["wrong"]), 1))
    scored = sample.rows("scored")
    of_right, of_wrong = (sample.confidence[scored & sample.has(outcome)] for outcome in ("correct", "incorrect"))
    lost = of_right.max(initial=0.0) < of_wrong.min(initial=1.0)
    won = of_right.min(initial=1.0) > of_wrong.max(initial=0.0)
    missed = {name: unseen_share(normal, max(clusters[name], 1)) for name in ("attempted", "answered", "scored")}
    return missed | {"pairs": (int(lost) - won) * pairs}


def _n_clusters(sample: Sample, rows: np.ndarray) -> int:
    if sample.weight is not None:
        return int(sample.weight[rows].sum())
    return int(np.count_nonzero(np.bincount(sample.cluster[rows])))


def _kinds(samples: list[Sample]) -> tuple[np.ndarray, np.ndarray] | None:
    """Kind [C] of each cluster, and how many are of each kind [K]; None unless each has one row and K is far below C.

    Clusters are of one kind if their rows have one outcome and one level of confidence in every sample. Rows with a
    weight are counted together however many kinds they are of: each has a cluster for every row that it stands for.
    """
    weight = samples[0].weight
    kind = np.zeros(samples[0].n_clusters if weight is None else len(weight), dtype=np.int64)
    for s in samples:
        if len(s.cluster) > len(kind) or np.bincount(s.cluster).max() > 1:
            return None
        scored = s.rows("scored")
        row = s.outcome.astype(np.int64)
        row[scored] += len(OUTCOMES) * (1 + _levels(s.confidence[scored])[0])
        held = np.zeros_like(kind)
        held[s.cluster] = 1 + row
        kind = np.unique(kind * (held.max() + 1) + held, return_inverse=True)[1]
    size = counted(kind, weight).astype(np.float64)
    return (kind, size) if weight is not None or 10 * len(size) <= len(kind) else None


def n_levels(n_values: int) -> int:
    """Of so many distinct confidences."""
    return min(n_values, _LEVELS)


def _levels(confidence: np.ndarray) -> tuple[np.ndarray, int]:
    """Level [N] of each confidence, from the lowest on, and their number."""
    values, index = np.unique(confidence, return_inverse=True)
    return index * n_levels(len(values)) // max(len(values), 1), n_levels(len(values))


class _ClusterLevels:
    """Counts right and wrong rows per level of confidence from how often clusters are drawn.

    Args:
        sample: with kinds for clusters where they are counted together.
        size: [C] clusters of each kind.
        resamples: R
    """

    def __init__(self, sample: Sample, size: np.ndarray, resamples: int) -> None:
        scored = sample.rows("scored")
        confidence, cluster, wrong = sample.confidence[scored], sample.cluster[scored], sample.has("incorrect")[scored]
        weight = None if sample.weight is None else sample.weight[scored]
        level, n = _levels(confidence)
        of_level = counted(level, weight, minlength=n)
        self._confidence = counted(level, weight, confidence, n) / np.maximum(of_level, 1)
        # A column per cluster: counts are then read once, in their order, and the sums stay in the processor's cache.
        share = (1 if weight is None else weight) / size[cluster]
        self._rows = sparse.csc_array((share, (level + n * wrong, cluster)), shape=(2 * n, len(size)))
        self._found = np.empty((2 * n, 1 + resamples))
        self._done = 0
        self.count(size[:, None])

    def count(self, counts: np.ndarray) -> None:
        """The next r resamples, in which cluster c is drawn counts[c, r] times; before the first, the sample itself."""
        for start in range(0, counts.shape[1], _COUNTED_TOGETHER):
            part = self._rows @ counts[:, start : start + _COUNTED_TOGETHER]
            self._found[:, self._done : self._done + part.shape[1]] = part
            self._done += part.shape[1]

    def levels(self) -> Levels:
        return Levels(self._confidence, *np.split(self._found, 2))


def agree(sample: Sample) -> bool:
    """Whether all scored rows have one verdict."""
    right = sample.has("correct")[sample.rows("scored")]
    return bool(len(right)) and right.any() == right.all()


def cluster_sums(sample: Sample, alike: bool | None = None) -> np.ndarray:
    """[8 + 3 B, C]: per cluster the `_TOTALS`, then rows, confidence and right answers per bin of the scored rows.

    Where all scored rows have one verdict, the same follows for the other verdict: [2 (8 + 3 B), C]. `alike` says
    whether they have in the sample that this one is a part of; None: it is whole.
    """
    scored, correct = sample.rows("scored"), sample.has("correct")
    right = correct[scored]
    first = _sums_of(sample, scored, correct, right)
    if not (agree(sample) if alike is None else alike):
        return first
    return np.concatenate([first, _sums_of(sample, scored, correct, ~right)])


def _sums_of(sample: Sample, scored: np.ndarray, correct: np.ndarray, right: np.ndarray) -> np.ndarray:
    def weight(rows: np.ndarray) -> np.ndarray | None:
        return None if sample.weight is None else sample.weight[rows]

    confidence, unit = sample.confidence[scored], sample.cluster[scored]
    c, w = sample.n_clusters, weight(scored)
    out = np.empty((_ROWS, c))
    for i, rows in enumerate((sample.rows("attempted"), sample.rows("answered"), correct, scored)):
        out[i] = counted(sample.cluster[rows], weight(rows), minlength=c)
    for i, of in enumerate((right, confidence, (confidence - right) ** 2, log_losses(confidence, right)), start=4):
        out[i] = counted(unit, w, of, c)
    cell = equal_width_bins(confidence) * c + unit
    for i, of_bin in enumerate((None, confidence, right)):
        first = len(_TOTALS) + i * N_BINS
        out[first : first + N_BINS] = counted(cell, w, of_bin, N_BINS * c).reshape(N_BINS, c)
    return out


def bins_held(table: np.ndarray) -> np.ndarray:
    """Whether each cluster has rows in each bin [B, C], from `cluster_sums`, whatever they are divided by."""
    return table[len(_TOTALS) : len(_TOTALS) + N_BINS] > 0


def resampled_of(
    observed: np.ndarray, units: np.ndarray, sums: np.ndarray, levels: Levels, unseen: dict[str, np.ndarray]
) -> Resampled:
    """From the sums of the sample, clusters with rows in each bin [B], and the sums of its resamples [..., R]."""
    observed = observed[:_ROWS]
    alike = len(sums) > _ROWS
    if alike:
        sums = sums[:_ROWS] + unseen["scored"] * (sums[_ROWS:] - sums[:_ROWS])
        levels = _turned(levels, unseen["scored"])
    n, _, right = _bins(sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        gaps = Parts(_gaps(observed[:, None])[0], _gaps(sums), alike)
        root_gaps = Parts(_root_gaps(observed[:, None])[0], _root_gaps(sums), alike)
        return Resampled(
            total=dict(zip(_TOTALS, sums, strict=False)),
            gaps=gaps,
            root_gaps=root_gaps,
            bin_accuracy=(right / n).T,
            levels=levels,
            units=units,
            unseen=unseen,
            observed=dict(zip(_TOTALS, observed.tolist(), strict=False)),
        )


def _turned(levels: Levels, share: np.ndarray) -> Levels:
    """The levels after this share [R] of the rows of each resample has changed its verdict."""
    share = np.r_[0.0, share]
    right, wrong = levels.right * share, levels.wrong * share
    return levels._replace(right=levels.right + wrong - right, wrong=levels.wrong + right - wrong)


def _bins(sums: np.ndarray) -> np.ndarray:
    """Rows, confidence and right answers per bin: [3, B, R]."""
    return sums[len(_TOTALS) :].reshape(3, N_BINS, -1)


def _gaps(sums: np.ndarray) -> np.ndarray:
    """[R, B]"""
    n, confidence, right = _bins(sums)
    return ((confidence - right) / n.sum(axis=0)).T


def _root_gaps(sums: np.ndarray) -> np.ndarray:
    """[R, B]; zero for bins without rows."""
    n, confidence, right = _bins(sums)
    return ((confidence - right) / np.sqrt(np.maximum(n, 1e-300) * n.sum(axis=0))).T
