"""What a perfectly calibrated model would show by chance alone, given the same confidences."""

from __future__ import annotations

import numpy as np

from calibench.metrics.arrays import checked, counted, number_of
from calibench.metrics.bootstrap import compact
from calibench.metrics.calibration import N_BINS, equal_width_bins

_SIMULATED_ROWS = 100_000_000
"""Large samples are simulated less often (at least 200 times): their noise is small and its mean soon known."""


def within_cluster_correlation(confidence: np.ndarray, correct: np.ndarray, cluster: np.ndarray) -> float:
    """Correlation of being right between two rows of a cluster, given their confidence bins.

    The mean product of e = correct - accuracy of the bin over pairs of a cluster, over the mean product of its standard
    deviations.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.
        cluster: [N] int in [0, C).

    Returns:
        Float in [0, 1]; 0 without pairs.
    """
    confidence, correct = checked(confidence, correct)
    bins = equal_width_bins(confidence)
    accuracy = (np.bincount(bins, correct) / np.maximum(np.bincount(bins), 1))[bins]
    products = _pair_products(correct - accuracy, cluster)
    deviations = _pair_products(np.sqrt(accuracy * (1 - accuracy)), cluster)
    return float(np.clip(products / deviations, 0.0, 1.0)) if deviations > 1e-9 else 0.0


def pair_sums(confidence: np.ndarray, correct: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """[2 B + 1, 2 B]: what `correlation_of` needs of rows, as of `within_cluster_correlation`.

    Of the clusters of several rows, v being a cluster's rows in each bin and its right ones in each bin: the sum of
    v v', and the sum of v. They add up over samples that share no cluster.
    """
    several = np.flatnonzero((np.bincount(cluster) > 1)[cluster])
    unit, n_units = compact(cluster[several])
    cell = equal_width_bins(confidence[several]) * n_units + unit
    v = np.concatenate(
        [np.bincount(cell, of, minlength=N_BINS * n_units).reshape(N_BINS, n_units) for of in (None, correct[several])]
    )
    return np.vstack([v @ v.T, v.sum(axis=1)])


def correlation_of(sums: np.ndarray, accuracy: np.ndarray) -> float:
    """`within_cluster_correlation` from `pair_sums` and the accuracy [B] of each bin."""
    both, (n, right) = sums[:-1], sums[-1].reshape(2, N_BINS)
    error, deviation = np.r_[-accuracy, np.ones(N_BINS)], np.r_[np.sqrt(accuracy * (1 - accuracy)), np.zeros(N_BINS)]
    products = error @ both @ error - right @ (1 - accuracy) ** 2 - (n - right) @ accuracy**2
    deviations = deviation @ both @ deviation - n @ (accuracy * (1 - accuracy))
    return float(np.clip(products / deviations, 0.0, 1.0)) if deviations > 1e-9 else 0.0


def simulate_calibrated(
    confidence: np.ndarray, cluster: np.ndarray, correlation: float, *, simulations: int, rng: np.random.Generator
) -> np.ndarray:
    """Right answers per bin [R, B] of a model whose every confidence is its chance of being right.

    A row takes its uniform from its cluster with chance sqrt(correlation), else its own, which keeps each chance exact
    and gives pairs of equal confidence that correlation.

    Args:
        confidence: [N] float in [0, 1].
        cluster: [N] int in [0, C).
        correlation: in [0, 1], see `within_cluster_correlation`.
        simulations: R; fewer for more than 100,000 rows, but at least 200 (or `simulations`, if that is less).
        rng: source of randomness.
    """
    n, n_clusters, bins = len(confidence), cluster.max(initial=-1) + 1, equal_width_bins(confidence)
    right = np.empty((n_simulations(n, simulations), N_BINS))
    for row in right:
        is_right = rng.random(n) < confidence
        if correlation > 0:
            shared = rng.random(n) < np.sqrt(correlation)
            is_right = (shared & (rng.random(n_clusters)[cluster] < confidence)) | (~shared & is_right)
        row[:] = np.bincount(bins, is_right, minlength=N_BINS)
    return right


def n_simulations(n: int, simulations: int) -> int:
    """How often a sample of n rows is simulated, of as many times as are asked for."""
    return min(simulations, max(200, _SIMULATED_ROWS // max(n, 1)))


def simulate_independent(
    confidence: np.ndarray, weight: np.ndarray, *, simulations: int, rng: np.random.Generator
) -> np.ndarray:
    """As `simulate_calibrated` of rows in clusters of their own, of which each given one stands for `weight` [N]."""
    bins = equal_width_bins(confidence)
    right = np.empty((n_simulations(number_of(confidence, weight), simulations), N_BINS))
    for row in right:
        row[:] = np.bincount(bins, rng.binomial(weight, confidence), minlength=N_BINS)
    return right


def noise_floor(confidence: np.ndarray, simulated: np.ndarray, weight: np.ndarray | None = None) -> float:
    """ECE expected of a perfectly calibrated model with these confidences.

    Args:
        confidence: [N] float in [0, 1].
        simulated: [R, B], from `simulate_calibrated`.
        weight: [N] rows that each stands for; None: one.

    Returns:
        Float in [0, 1]. An ECE near it is no evidence of miscalibration.

    Undefined: nan when N == 0.
    """
    if not len(confidence):
        return np.nan
    stated = counted(equal_width_bins(confidence), weight, confidence, N_BINS)
    return float(np.abs(stated - simulated).sum(axis=1).mean() / number_of(confidence, weight))


def _pair_products(x: np.ndarray, cluster: np.ndarray) -> float:
    """Sum of x_i x_j over ordered pairs of different rows of a cluster."""
    return float((np.bincount(cluster, x) ** 2).sum() - (x**2).sum())
