"""What adds up over the parts of a sample that is too large to hold: its sums, and those of its resamples.

A part is a `Sample` without weights that holds whole clusters, numbered in the order of its rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import sparse

from calibench.metrics import noise
from calibench.metrics.arrays import counted, one_thread
from calibench.metrics.calibration import N_BINS, equal_width_bins
from calibench.metrics.histogram import Histogram
from calibench.metrics.measure import Measure, Summed
from calibench.metrics.resampled import (
    Levels,
    Resampled,
    agree,
    bins_held,
    cluster_sums,
    clusters_of,
    n_levels,
    resampled_of,
    unseen_of,
)
from calibench.metrics.sample import Sample

_COUNTS = 2_000_000
"""Counts of clusters in resamples that are held at a time (16 MB)."""


class Tally:
    """Everything but resamples."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self.histogram = Histogram()
        self.sums: dict[str, Any] = {m.name: 0.0 for m in measures if isinstance(m.compute, Summed)}
        """Measure -> what it follows from, of a `Summed` one."""
        self.clusters: dict[str, int] = {}
        """As `clusters_of`."""
        self._summed = [(m.name, m.population, m.compute) for m in measures if isinstance(m.compute, Summed)]
        self._pairs: Any = 0.0

    @one_thread()
    def add(self, part: Sample) -> None:
        self.histogram.add(part.confidence, part.outcome)
        for name, n in clusters_of(part).items():
            self.clusters[name] = self.clusters.get(name, 0) + n
        for name, population, compute in self._summed:
            self.sums[name] = self.sums[name] + compute.sums(part.take(part.rows(population)))
        scored = part.take(part.rows("scored"))
        self._pairs = self._pairs + noise.pair_sums(scored.confidence, scored.has("correct"), scored.cluster)

    def sample(self) -> Sample:
        """The whole, as `Histogram.sample`."""
        return self.histogram.sample()

    def correlation(self) -> float:
        """As `noise.within_cluster_correlation` of the scored rows."""
        whole = self.sample()
        scored = whole.take(whole.rows("scored"))
        bins = equal_width_bins(scored.confidence)
        rows = counted(bins, scored.weight, minlength=N_BINS)
        right = counted(bins, scored.weight, scored.has("correct"), N_BINS)
        return noise.correlation_of(self._pairs, right / np.maximum(rows, 1))


class PartsResampled:
    """Resamples of a sample whose parts come once more, and simulations of a calibrated model.

    How often a resample has the clusters of a part is drawn from the multinomial that is left of it, so that all counts
    together are those of one draw of all clusters.
    """

    def __init__(self, tally: Tally, resamples: int, rng: np.random.Generator, *, simulated: bool) -> None:
        self._histogram, self._rng = tally.histogram, rng
        (unseen,) = rng.spawn(1)
        whole = tally.sample()
        self._unseen = unseen_of(whole, tally.clusters, unseen.standard_normal(resamples))
        self._alike = agree(whole)
        self._clusters_left = tally.clusters["asked"]
        self._left = np.full(resamples, self._clusters_left)
        self._keys = tally.histogram.scored_keys()
        self._n_levels = n_levels(len(self._keys))
        self._whole = whole.take(whole.rows("scored"))
        self._observed: Any = 0.0
        self._units: Any = 0.0
        self._sums: Any = 0.0
        self._found = np.zeros((2 * self._n_levels, resamples))
        n = noise.n_simulations(self._whole.n_rows, resamples) if simulated else 0
        self.simulated = np.zeros((n, N_BINS))
        """Right answers per bin [S, B] of a calibrated model."""
        self._correlation = tally.correlation() if simulated else 0.0

    @staticmethod
    def held(tally: Tally, resamples: int) -> int:
        """Numbers that are held for a sample."""
        return 2 * n_levels(len(tally.histogram.scored_keys())) * (resamples + 1)

    @one_thread()
    def add(self, part: Sample) -> None:
        step = max(_COUNTS // len(self._left), 1)
        for start in range(0, part.n_clusters, step):
            first, last = np.searchsorted(part.cluster, [start, start + step])
            self._add(part.take(np.arange(first, last)))
        if len(self.simulated):
            scored = part.take(part.rows("scored"))
            self.simulated += noise.simulate_calibrated(
                scored.confidence, scored.cluster, self._correlation, simulations=len(self.simulated), rng=self._rng
            )

    def _add(self, part: Sample) -> None:
        counts, table = self._draws(part.n_clusters), cluster_sums(part, self._alike)
        self._observed = self._observed + table.sum(axis=1)
        self._units = self._units + bins_held(table).sum(axis=1)
        self._sums = self._sums + table @ counts
        scored = part.rows("scored")
        level = (
            self._level(self._histogram.key(part.confidence[scored])) + self._n_levels * part.has("incorrect")[scored]
        )
        present, place = np.unique(level, return_inverse=True)
        rows = sparse.csr_array(
            (np.ones(len(place)), (place, part.cluster[scored])), shape=(len(present), part.n_clusters)
        )
        self._found[present] += rows @ counts

    def _level(self, keys: np.ndarray) -> np.ndarray:
        return np.searchsorted(self._keys, keys) * self._n_levels // max(len(self._keys), 1)

    def _draws(self, n_clusters: int) -> np.ndarray:
        """Counts [C, R] of the next clusters."""
        drawn = self._rng.binomial(self._left, n_clusters / self._clusters_left)
        self._left, self._clusters_left = self._left - drawn, self._clusters_left - n_clusters
        place = self._rng.integers(0, n_clusters, size=drawn.sum())
        place += np.repeat(n_clusters * np.arange(len(drawn)), drawn)
        counts = np.bincount(place, minlength=n_clusters * len(drawn)).reshape(len(drawn), n_clusters)
        return np.ascontiguousarray(counts.T, dtype=np.float64)

    def resampled(self) -> Resampled:
        """After all parts."""
        return resampled_of(self._observed, self._units, self._sums, self._levels(), self._unseen)

    def _levels(self) -> Levels:
        whole, n = self._whole, self._n_levels
        values, place = np.unique(whole.confidence, return_inverse=True)
        level = place * n // max(len(values), 1)
        rows = counted(level, whole.weight, minlength=n)
        own = [counted(level, whole.weight, whole.has(outcome), n) for outcome in ("correct", "incorrect")]
        found = np.column_stack([np.concatenate(own), self._found])
        return Levels(counted(level, whole.weight, whole.confidence, n) / np.maximum(rows, 1), *np.split(found, 2))
