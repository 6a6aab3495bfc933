"""Calibration errors: how far stated confidence is from the share of answers that are right.

Every binned error is a function of the same two vectors, the share of rows in each bin and the bin's gap
(mean confidence - accuracy); they differ in who shares a bin and in how the gaps are summed. Confidences that a model
writes down are decimals that lie on bin edges, so edges and ties are part of each definition. Empty bins weigh nothing.

Where a metric takes a `weight` [N], row i stands for weight[i] rows that are equal; without it, for one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics.arrays import checked, counted, distinct, mean, number_of, remembered
from calibench.metrics.bootstrap import compact

N_BINS = 10

_DECIMALS = 9
"""Values closer than this many decimals are the same value or lie on the edge: 0.1 + 0.2 is 0.3. It also means that
tiny probabilities count as zero, which moves no calibration error by more than 1e-9."""


@remembered
def equal_width_bins(confidence: np.ndarray, n_bins: int = N_BINS) -> np.ndarray:
    """Bin index [N] of each confidence: bins are (k / n, (k + 1) / n], and zero is in the first."""
    return np.maximum(np.ceil(np.round(confidence * n_bins, _DECIMALS)).astype(np.int64) - 1, 0)


def value_bins(confidence: np.ndarray) -> np.ndarray:
    """Index [N] of each confidence among the distinct values, in rising order."""
    values, index, _ = distinct(confidence)
    return np.cumsum(_differs(values))[index] - 1


def _differs(rising: np.ndarray) -> np.ndarray:
    """Whether each of the rising values [L] differs, after rounding, from the one before it; the first one does."""
    rounded = np.round(rising, _DECIMALS)
    return np.concatenate([[True], rounded[1:] != rounded[:-1]])[: len(rising)]


def equal_mass_bins(confidence: np.ndarray, n_bins: int = N_BINS, weight: np.ndarray | None = None) -> np.ndarray:
    """Bin index [N]: a value, with all its ties, is in the bin where the middle of its range of ranks falls."""
    values = value_bins(confidence)
    counts = counted(values, weight).astype(np.int64)
    twice_middle = 2 * np.cumsum(counts) - counts
    return (n_bins * twice_middle // max(2 * number_of(confidence, weight), 1))[values]


def is_discrete(confidence: np.ndarray, weight: np.ndarray | None = None) -> bool:
    """Whether per-value statistics mean something: whole percents, or at most half as many values as rows."""
    percents = confidence * 100
    whole = np.abs(percents - np.round(percents)).max(initial=0.0) < 1e-7
    return bool(whole or 2 * n_distinct(confidence) <= number_of(confidence, weight))


def n_distinct(confidence: np.ndarray) -> int:
    """Number of distinct confidences (equal to nine decimals is equal)."""
    return int(np.count_nonzero(_differs(distinct(confidence).values)))


def mode_share(confidence: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Share of rows with the most frequent confidence. Undefined: nan when N == 0."""
    if not len(confidence):
        return np.nan
    return float(counted(value_bins(confidence), weight).max() / number_of(confidence, weight))


def gaps(
    confidence: np.ndarray, correct: np.ndarray, bins: np.ndarray, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Share of rows and mean confidence - accuracy of each bin that holds rows; two arrays [B]."""
    n = counted(bins, weight)
    held = n > 0
    excess = counted(bins, weight, confidence) - counted(bins, weight, correct)
    return n[held] / number_of(confidence, weight), excess[held] / n[held]


def expected_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, *, n_bins: int = N_BINS, weight: np.ndarray | None = None
) -> float:
    """Expected calibration error (ECE): sum over bins of share x |mean confidence - accuracy|.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.
        n_bins: bins of equal width.

    Returns:
        Float in [0, 1]; lower is better. Biased upward: see `metrics.noise`.

    Undefined: nan when N == 0.
    Conventions: bins are (k / n, (k + 1) / n], zero is in the first.
    Source: Naeini et al. 2015; Guo et al. 2017, eq. 3. Checked against a plain loop in the test.
    """
    confidence, correct = checked(confidence, correct)
    return _mean_gap(confidence, correct, equal_width_bins(confidence, n_bins), weight)


def equal_mass_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, *, n_bins: int = N_BINS, weight: np.ndarray | None = None
) -> float:
    """ECE over bins that hold about as many rows each; a value is never split over bins.

    Returns:
        Float in [0, 1]; lower is better.

    Undefined: nan when N == 0.
    Conventions: a value belongs to the bin floor(n_bins (rows below + half of its own rows) / N).
    Source: Nixon et al. 2019, section 3 (adaptive calibration error, top label); the rule for ties is this project's.
    """
    confidence, correct = checked(confidence, correct)
    return _mean_gap(confidence, correct, equal_mass_bins(confidence, n_bins, weight), weight)


def per_value_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None
) -> float:
    """ECE with one bin for each distinct confidence: no binning hides gaps of opposite sign.

    Returns:
        Float in [0, 1], at least the ECE of any binning; lower is better.

    Undefined: nan when N == 0, and for continuous confidences (`is_discrete`), where it is |confidence - correct|.
    """
    confidence, correct = checked(confidence, correct)
    if not is_discrete(confidence, weight):
        return np.nan
    return _mean_gap(confidence, correct, value_bins(confidence), weight)


def maximum_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, *, n_bins: int = N_BINS, weight: np.ndarray | None = None
) -> float:
    """Maximum calibration error (MCE): the largest |mean confidence - accuracy| of the bins that hold rows.

    Returns:
        Float in [0, 1]; lower is better. One row in a bin of its own can decide it.

    Undefined: nan when N == 0. Conventions: bins as for ECE.
    Source: Naeini et al. 2015; Guo et al. 2017, eq. 5.
    """
    confidence, correct = checked(confidence, correct)
    _, gap = gaps(confidence, correct, equal_width_bins(confidence, n_bins), weight)
    return float(np.abs(gap).max()) if len(gap) else np.nan


def rms_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, *, n_bins: int = N_BINS, weight: np.ndarray | None = None
) -> float:
    """Root mean square calibration error: sqrt(sum over bins of share x gap^2).

    Returns:
        Float in [0, 1], at least the ECE; lower is better.

    Undefined: nan when N == 0. Conventions: bins as for ECE.
    Source: Hendrycks et al. 2019 (there with equal-mass bins).
    """
    confidence, correct = checked(confidence, correct)
    share, gap = gaps(confidence, correct, equal_width_bins(confidence, n_bins), weight)
    return float(np.sqrt(share @ gap**2)) if len(gap) else np.nan


def debiased_squared_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, cluster: ArrayLike, *, n_bins: int = N_BINS
) -> float:
    """Squared calibration error without the upward bias: sum over bins of share x unbiased estimate of gap^2.

    The estimate is the mean of e_i e_j over pairs of rows of one bin from two clusters, e = confidence - correct. With
    one row per cluster and one confidence per bin it is gap^2 - accuracy (1 - accuracy) / (n - 1).

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.
        cluster: [N] int of at least 0, rows of one cluster are not independent.

    Returns:
        Float; near zero, and negative half of the time, for a calibrated model. Lower is better.

    Undefined: nan when no bin holds rows of two clusters. Bins that do not are left out, and the shares of the others
    add up to one.
    Source: Kumar et al. 2019, section 5 (debiased estimator), extended to clusters.
    """
    return debiased_squared_error_of(
        bin_sums(*checked(confidence, correct), np.asarray(cluster, dtype=np.int64), n_bins=n_bins)
    )


def bin_sums(confidence: np.ndarray, correct: np.ndarray, cluster: np.ndarray, *, n_bins: int = N_BINS) -> np.ndarray:
    """[4, B]: per bin the rows, the sum of e = confidence - correct, and the sums over clusters of the squares of both.

    They add up over samples that share no cluster.
    """
    bins = equal_width_bins(confidence, n_bins)
    error = confidence - correct
    unit, n_units = compact(cluster)
    n, total = np.bincount(bins, minlength=n_bins), np.bincount(bins, error, minlength=n_bins)
    own_pairs, own_products = np.empty(n_bins), np.empty(n_bins)
    for k, held in enumerate(np.split(np.argsort(bins.astype(np.int16), kind="stable"), np.cumsum(n)[:-1])):
        # One at a time, as a table of bins and clusters is ten times the sample.
        own_pairs[k] = (np.bincount(unit[held], minlength=n_units) ** 2).sum()
        own_products[k] = (np.bincount(unit[held], error[held], minlength=n_units) ** 2).sum()
    return np.stack([n, total, own_pairs, own_products])


def debiased_squared_error_of(sums: np.ndarray) -> float:
    """`debiased_squared_calibration_error` from `bin_sums`."""
    n, total, own_pairs, own_products = sums
    pairs, products = n**2 - own_pairs, total**2 - own_products
    usable = pairs > 0
    return float(n[usable] @ (products[usable] / pairs[usable]) / n[usable].sum()) if usable.any() else np.nan


def signed_gap(confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None) -> float:
    """Mean confidence - accuracy: above zero is over-confident, below zero under-confident.

    Undefined: nan when N == 0.
    """
    confidence, correct = checked(confidence, correct)
    return float(mean(confidence, weight) - mean(correct, weight)) if len(confidence) else np.nan


def _mean_gap(confidence: np.ndarray, correct: np.ndarray, bins: np.ndarray, weight: np.ndarray | None) -> float:
    share, gap = gaps(confidence, correct, bins, weight)
    return float(share @ np.abs(gap)) if len(gap) else np.nan
