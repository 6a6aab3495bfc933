"""The data of a reliability diagram: per bin the accuracy with its interval, and where chance alone would put it."""

from __future__ import annotations

import numpy as np

from calibench.metrics.calibration import N_BINS, equal_width_bins
from calibench.metrics.estimate import WILSON, Estimate
from calibench.records import ReliabilityBin

CONVENTION = (
    "10 equal-width bins (k/10, (k+1)/10], zero in the first; rows: answered, with a confidence; 95 % interval of the "
    "accuracy: Wilson where each cluster has one row in the bin (or all rows agree: then n = clusters), else cluster "
    "bootstrap; noise band: central 95 % of the accuracy of a perfectly calibrated model of the same confidences, "
    "simulated"
)


def reliability_bins(
    confidence: np.ndarray,
    correct: np.ndarray,
    cluster: np.ndarray,
    *,
    bin_accuracy: np.ndarray,
    simulated: np.ndarray,
) -> tuple[ReliabilityBin, ...]:
    """The ten bins, empty ones included.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.
        cluster: [N] int, rows of one cluster are not independent.
        bin_accuracy: [R, 10] float, cluster bootstrap of the accuracy in each bin; nan where a resample has no rows.
        simulated: [S, 10], from `metrics.noise.simulate_calibrated`.
    """
    bins = equal_width_bins(confidence)
    return tuple(
        _bin(k, confidence[bins == k], correct[bins == k], cluster[bins == k], bin_accuracy[:, k], simulated[:, k])
        for k in range(N_BINS)
    )


def _bin(
    k: int,
    confidence: np.ndarray,
    correct: np.ndarray,
    cluster: np.ndarray,
    bin_accuracy: np.ndarray,
    simulated: np.ndarray,
) -> ReliabilityBin:
    n, right = len(confidence), int(correct.sum())
    edges = {"low": k / N_BINS, "high": (k + 1) / N_BINS}
    if n == 0:
        return ReliabilityBin(
            n=0, n_correct=0, n_incorrect=0, confidence=None, accuracy=None, accuracy_low=None, accuracy_high=None,
            noise_low=None, noise_high=None, **edges,
        )  # fmt: skip
    share = Estimate(right / n, bin_accuracy, n_used=n, n_clusters=len(np.unique(cluster)))
    low, high = WILSON.ends(share) or (None, None)
    noise_low, noise_high = np.quantile(simulated, [0.025, 0.975]) / n
    return ReliabilityBin(
        n=n,
        confidence=float(confidence.mean()),
        accuracy=right / n,
        accuracy_low=low,
        accuracy_high=high,
        noise_low=float(noise_low),
        noise_high=float(noise_high),
        n_correct=right,
        n_incorrect=n - right,
        **edges,
    )
