"""Uncertainty: resampling of whole clusters, and intervals.

Rows of one question (its draws), and questions of one cluster, are not independent: they are resampled together. Every
resample is a vector of counts, how often each cluster was drawn, so that any metric that is a function of sums follows
from one matrix product.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.95
"""Of intervals, unless another is asked for."""
_CHUNK = 2_000_000
"""Counts held at a time (16 MB)."""
_IN_CACHE = 100_000
"""Counts made at a time, which stay in the processor's cache meanwhile."""
_MAX_UNDEFINED = 0.05
"""An interval is withheld when more than this share of the resamples leaves the metric undefined."""


def partition(cluster: ArrayLike, question_id: ArrayLike) -> tuple[np.ndarray, int]:
    """Code [N] of each row's independent unit, its cluster or (where that is None) its question, and their number C."""
    import pandas as pd

    by_cluster, names = pd.factorize(pd.Series(cluster))
    by_question, _ = pd.factorize(pd.Series(question_id))
    return compact(np.where(by_cluster >= 0, by_cluster, len(names) + by_question))


def compact(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """The same partition, given by whole numbers from 0 on, with codes 0 .. C-1, and C."""
    held = np.bincount(codes) > 0
    return (np.cumsum(held) - 1)[codes], int(held.sum())


def draws(n_clusters: int, resamples: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Counts [C, r] of how often each cluster is in each resample, in chunks that add up to `resamples` columns."""
    size = max(1, min(resamples, _CHUNK // n_clusters))
    for start in range(0, resamples, size):
        r = min(size, resamples - start)
        counts = np.empty((r, n_clusters))
        step = max(1, _IN_CACHE // n_clusters)
        for some in (counts[i : i + step] for i in range(0, r, step)):
            drawn = rng.integers(0, n_clusters, size=some.shape)
            drawn += n_clusters * np.arange(len(some))[:, None]
            some[:] = np.bincount(drawn.ravel(), minlength=some.size).reshape(some.shape)
        yield np.ascontiguousarray(counts.T)


def draws_of_kinds(size: np.ndarray, resamples: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """As `draws`, of size[k] clusters of kind k that cannot be told apart: counts [K, r] of each kind, one multinomial
    per resample instead of one draw per cluster."""
    step = max(1, min(resamples, _CHUNK // len(size)))
    for start in range(0, resamples, step):
        counts = rng.multinomial(int(size.sum()), size / size.sum(), size=min(step, resamples - start))
        yield np.ascontiguousarray(counts.T, dtype=np.float64)


def usable(replicates: np.ndarray) -> np.ndarray | None:
    """The defined ones of the replicates [R] or [R, B]; None if more than 5 % of the R are undefined (nan)."""
    defined = replicates[np.isfinite(replicates).reshape(len(replicates), -1).all(axis=1)]
    return defined if len(defined) >= max((1 - _MAX_UNDEFINED) * len(replicates), 1) else None


def tail(level: float) -> float:
    """The chance that is left out at each end of an interval of this level."""
    return (1 - level) / 2


def percentile_interval(replicates: np.ndarray, level: float = LEVEL) -> tuple[float, float] | None:
    """Percentile interval of replicates [R].

    None where it would say more than is known: all replicates agree (the sample is too small or too uniform for the
    bootstrap to see any variation), or more than 5 % of them are undefined (nan).
    """
    defined = usable(replicates)
    if defined is None or np.ptp(defined) < 1e-12:
        return None
    low, high = np.quantile(defined, [tail(level), 1 - tail(level)])
    return float(low), float(high)


def logit_interval(value: float, replicates: np.ndarray, level: float = LEVEL) -> tuple[float, float] | None:
    """Interval of a number between 0 and 1: normal on the logit scale, with the standard deviation of replicates [R].

    For AUROC, whose percentile interval is too short in small samples: with 50, 100 and 500 questions of a calibrated
    model it covered 91.4, 91.2 and 95.4 % (500 repetitions), this one 95.8, 94.2 and 95.2 %, at the same width.

    None for a value of 0 or 1, where all replicates agree, or where more than 5 % of them are undefined (nan).

    Source: Pepe 2003, section 5.2 (logit transform of the AUC).
    """
    from scipy.special import expit, logit, ndtri

    defined = usable(replicates)
    if defined is None or np.ptp(defined) < 1e-12 or not 0 < value < 1:
        return None
    half = ndtri(1 - tail(level)) * defined.std() / (value * (1 - value))
    return float(expit(logit(value) - half)), float(expit(logit(value) + half))


def skewed_interval(
    value: float, replicates: np.ndarray, n_clusters: int, level: float = LEVEL
) -> tuple[float, float] | None:
    """Interval of a mean, from spread and skewness of its replicates [R]: for levels that few replicates lie beyond.

    By Student's t, moved outward at the end to which the replicates have their long tail: with rare large errors the
    true mean is rather higher than a symmetric interval says. It is not moved inward at the other end.

    None where all replicates agree, more than 5 % of them are undefined (nan), or there is a single cluster.

    Source: Johnson 1978 and Hall 1992 (the Cornish-Fisher expansion of t).
    """
    from scipy.special import stdtrit

    defined = usable(replicates)
    if defined is None or np.ptp(defined) < 1e-12 or n_clusters < 2:
        return None
    error = defined.std() * np.sqrt(n_clusters / (n_clusters - 1))
    t = stdtrit(n_clusters - 1, 1 - tail(level))
    skewness = (((defined - defined.mean()) / defined.std()) ** 3).mean()
    moved = skewness * (2 * t**2 + 1) / 6
    return float(value - error * (t + max(-moved, 0.0))), float(value + error * (t + max(moved, 0.0)))


def unseen_share(standard_normal: np.ndarray, n: int) -> np.ndarray:
    """What a share that was 0 of n may be, [R], so that resamples of n equal verdicts are not all equal.

    Its percentiles are the ends of Wilson's intervals of 0 of n at all levels: with 0 of 25 its 97.5 % point is .133.

    Args:
        standard_normal: [R] draws.
        n: independent trials, n > 0.
    """
    squared = np.maximum(standard_normal, 0.0) ** 2
    return squared / (n + squared)


def wilson_interval(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Wilson score interval of a share, for n independent trials, n > 0.

    Source: Wilson 1927. Checked against Newcombe 1998, table I.
    """
    from scipy.special import ndtri

    z = ndtri(1 - tail(level))
    share = successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))
