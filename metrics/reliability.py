"""The data of a reliability diagram: per bin the accuracy with its interval, and where chance alone would put it."""

from __future__ import annotations

import numpy as np

from calibench.metrics.arrays import counted, mean, number_of
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
    units: np.ndarray,
    *,
    bin_accuracy: np.ndarray,
    simulated: np.ndarray,
    weight: np.ndarray | None = None,
) -> tuple[ReliabilityBin, ...]:
    """The ten bins, empty ones included.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.
        units: [10] clusters with rows in each bin; rows of one cluster are not independent.
        bin_accuracy: [R, 10] float, cluster bootstrap of the accuracy in each bin; nan where a resample has no rows.
        simulated: [S, 10], from `metrics.noise.simulate_calibrated`.
        weight: [N] rows that each stands for; None: one.
    """
    bins = equal_width_bins(confidence)
    found = []
    for k in range(N_BINS):
        held = bins == k
        of_bin = None if weight is None else weight[held]
        found.append(
            _bin(k, confidence[held], correct[held], of_bin, int(units[k]), bin_accuracy[:, k], simulated[:, k])
        )
    return tuple(found)


def _bin(
    k: int,
    confidence: np.ndarray,
    correct: np.ndarray,
    weight: np.ndarray | None,
    n_clusters: int,
    bin_accuracy: np.ndarray,
    simulated: np.ndarray,
) -> ReliabilityBin:
    n, right = number_of(confidence, weight), int(counted(correct.astype(np.int64), weight, minlength=2)[1])
    edges = {"low": k / N_BINS, "high": (k + 1) / N_BINS}
    if n == 0:
        return ReliabilityBin(
            n=0, n_correct=0, n_incorrect=0, confidence=None, accuracy=None, accuracy_low=None, accuracy_high=None,
            noise_low=None, noise_high=None, **edges,
        )  # fmt: skip
    share = Estimate(right / n, bin_accuracy, n_used=n, n_clusters=n_clusters)
    low, high = WILSON.ends(share) or (None, None)
    noise_low, noise_high = np.quantile(simulated, [0.025, 0.975]) / n
    return ReliabilityBin(
        n=n,
        confidence=float(mean(confidence, weight)),
        accuracy=right / n,
        accuracy_low=low,
        accuracy_high=high,
        noise_low=float(noise_low),
        noise_high=float(noise_high),
        n_correct=right,
        n_incorrect=n - right,
        **edges,
    )
