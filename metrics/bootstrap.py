"""Uncertainty: resampling of whole clusters, and intervals.

Rows of one question (its draws), and questions of one cluster, are not independent: they are drawn together. Every
resample is a vector of counts, how often each cluster was drawn, so that any metric that is a function of sums follows
from one matrix product.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

LEVEL = 0.95
_ALPHA = (1 - LEVEL) / 2
_CHUNK = 8_000_000
"""Counts held at a time (64 MB)."""
_MAX_UNDEFINED = 0.05
"""An interval is withheld when more than this share of the resamples leaves the metric undefined."""


def partition(cluster, question_id) -> tuple[np.ndarray, int]:
    """The independent units: code [N] of each row's cluster, or of its question where cluster is None, and their number."""
    import pandas as pd

    by_cluster, names = pd.factorize(np.asarray(cluster, dtype=object))
    by_question, _ = pd.factorize(np.asarray(question_id, dtype=object))
    return compact(np.where(by_cluster >= 0, by_cluster, len(names) + by_question))


def compact(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """The same partition with codes 0 .. C-1, and C."""
    units, codes = np.unique(codes, return_inverse=True)
    return codes, len(units)


def draws(n_clusters: int, resamples: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Counts [C, r] of how often each cluster is in each resample, in chunks that add up to `resamples` columns."""
    size = max(1, min(resamples, _CHUNK // n_clusters))
    for start in range(0, resamples, size):
        r = min(size, resamples - start)
        drawn = rng.integers(0, n_clusters, size=(r, n_clusters))
        drawn += n_clusters * np.arange(r)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=r * n_clusters).reshape(r, n_clusters)
        yield np.ascontiguousarray(counts.T, dtype=np.float64)


def percentile_interval(replicates: np.ndarray) -> tuple[float, float] | None:
    """Percentile interval of replicates [R].

    None where it would say more than is known: all replicates agree (the sample is too small or too uniform for the
    bootstrap to see any variation), or more than 5 % of them are undefined (nan).
    """
    defined = replicates[np.isfinite(replicates)]
    too_few = len(defined) < max((1 - _MAX_UNDEFINED) * len(replicates), 1)
    if too_few or np.ptp(defined) < 1e-12:
        return None
    low, high = np.quantile(defined, [_ALPHA, 1 - _ALPHA])
    return float(low), float(high)


def wilson_interval(successes: float, n: float) -> tuple[float, float]:
    """Wilson score interval of a share, for n independent trials, n > 0.

    Source: Wilson 1927. Checked against statsmodels' `proportion_confint`.
    """
    from scipy.stats import norm

    z = norm.ppf(1 - _ALPHA)
    share = successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))


def absolute_sum_interval(estimate: np.ndarray, replicates: np.ndarray) -> tuple[float, float] | None:
    """Interval of sum_b |d_b| for a vector d that is estimated with noise, as ECE is.

    The plug-in value is biased upward where some d_b are near zero, so percentile intervals miss (0 % coverage for a
    calibrated model). Here the test is inverted: for vectors d(t) on a path through the estimate, shrunk or stretched by
    t x variance_b towards or away from zero (the vectors of a given absolute sum that are nearest to the estimate), the
    noise seen in the bootstrap is added, and those sums are kept under which the observed value is not extreme. The
    interval always holds the plug-in value.

    Args:
        estimate: [B] float.
        replicates: [R, B] float, cluster bootstrap of the estimate.

    Returns:
        (low, high), or None if the replicates do not vary.
    """
    noise = replicates - estimate
    variance = noise.var(axis=0)
    if not variance.max(initial=0.0) > 0:
        return None
    observed = np.abs(estimate).sum()
    sign = np.where(estimate < 0, -1.0, 1.0)

    def path(t: float) -> np.ndarray:
        return sign * np.maximum(np.abs(estimate) - t * variance, 0.0)

    def share_at_least(t: float) -> float:
        return np.mean(np.abs(path(t) + noise).sum(axis=1) >= observed - 1e-12)

    varying = variance > 0
    t_zero = (np.abs(estimate[varying]) / variance[varying]).max()
    t_far = -(observed + np.abs(noise).sum(axis=1).max()) / variance.max()
    low = np.abs(path(_bisect(lambda t: share_at_least(t) >= _ALPHA, 0.0, t_zero))).sum()
    high = np.abs(path(_bisect(lambda t: share_at_least(t) > 1 - _ALPHA, t_far, t_zero))).sum()
    return float(min(low, observed)), float(max(high, observed))


def _bisect(holds, low: float, high: float) -> float:
    """The largest t in [low, high] up to which `holds`, given that it holds below and not above some point."""
    if holds(high):
        return high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
