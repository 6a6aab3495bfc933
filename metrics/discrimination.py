"""Discrimination: whether right answers get more confidence than wrong ones, whatever the confidences mean."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from metrics.arrays import checked


def auroc(confidence, correct) -> float:
    """Area under the ROC curve: the chance that a right answer has more confidence than a wrong one, ties half.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.

    Returns:
        Float in [0, 1]; higher is better; 0.5 when all confidences are equal.

    Undefined: nan when all answers are right or all are wrong.
    Conventions: exact comparison of floats; ties by mid-rank, so the order of rows never matters.
    Source: Hanley and McNeil 1982 (Mann-Whitney). Checked against scikit-learn's `roc_auc_score`.
    """
    confidence, correct = checked(confidence, correct)
    _, index = np.unique(confidence, return_inverse=True)
    right, wrong = np.bincount(index, correct), np.bincount(index, ~correct)
    return float(_area(right, wrong)) if correct.any() and not correct.all() else np.nan


_RANK_GROUPS = 2000
"""Resamples see at most this many levels of confidence: neighbouring values count as ties, which moves a replicate by
a few 1e-6 and bounds the memory."""


class ResampledAuroc:
    """AUROC of bootstrap resamples that draw whole clusters.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.
        cluster: [N] int in [0, n_clusters).
    """

    def __init__(self, confidence: np.ndarray, correct: np.ndarray, cluster: np.ndarray, n_clusters: int) -> None:
        values, index = np.unique(confidence, return_inverse=True)
        levels = min(len(values), _RANK_GROUPS)
        index = index * levels // max(len(values), 1)
        shape = (levels, n_clusters)
        self._right = sparse.csr_array((correct.astype(float), (index, cluster)), shape=shape)
        self._wrong = sparse.csr_array(((~correct).astype(float), (index, cluster)), shape=shape)

    def __call__(self, counts: np.ndarray) -> np.ndarray:
        """AUROC [r] when cluster c is drawn counts[c, r] times; nan where a resample has one class."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return _area(self._right @ counts, self._wrong @ counts)


def _area(right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """AUROC from the (weighted) numbers of right and wrong answers at each distinct value, rising along axis 0."""
    wrong_below = np.cumsum(wrong, axis=0) - wrong / 2
    return (right * wrong_below).sum(0) / (right.sum(0) * wrong.sum(0))
