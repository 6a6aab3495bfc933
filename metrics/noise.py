"""What a perfectly calibrated model would show by chance alone, given the same confidences."""

from __future__ import annotations

import numpy as np

from calibench.metrics.arrays import checked
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
    right = np.empty((min(simulations, max(200, _SIMULATED_ROWS // max(n, 1))), N_BINS))
    for row in right:
        is_right = rng.random(n) < confidence
        if correlation > 0:
            shared = rng.random(n) < np.sqrt(correlation)
            is_right = (shared & (rng.random(n_clusters)[cluster] < confidence)) | (~shared & is_right)
        row[:] = np.bincount(bins, is_right, minlength=N_BINS)
    return right


def noise_floor(confidence: np.ndarray, simulated: np.ndarray) -> float:
    """ECE expected of a perfectly calibrated model with these confidences.

    Args:
        confidence: [N] float in [0, 1].
        simulated: [R, B], from `simulate_calibrated`.

    Returns:
        Float in [0, 1]. An ECE near it is no evidence of miscalibration.

    Undefined: nan when N == 0.
    """
    if not len(confidence):
        return np.nan
    stated = np.bincount(equal_width_bins(confidence), confidence, minlength=N_BINS)
    return float(np.abs(stated - simulated).sum(axis=1).mean() / len(confidence))


def _pair_products(x: np.ndarray, cluster: np.ndarray) -> float:
    """Sum of x_i x_j over ordered pairs of different rows of a cluster."""
    return float((np.bincount(cluster, x) ** 2).sum() - (x**2).sum())
