"""Selective answering: what is left of the errors when only the most confident answers are kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics.arrays import checked


def aurc(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Area under the risk-coverage curve: the mean, over k = 1 .. N, of the error rate among the k most confident.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.

    Returns:
        Float in [0, 1]; lower is better; 1 - accuracy when all confidences are equal.

    Undefined: nan when N == 0.
    Conventions: the expectation over all orders of tied rows, so that the order of rows never matters.
    Source: Geifman and El-Yaniv 2017, section 2. Checked against the mean over all orders of ties.
    """
    confidence, correct = checked(confidence, correct)
    _, index = np.unique(-confidence, return_inverse=True)
    risk_of_value = np.bincount(index, ~correct) / np.bincount(index)
    expected_errors = np.cumsum(risk_of_value[np.sort(index)])
    n = len(confidence)
    return float(np.mean(expected_errors / np.arange(1, n + 1))) if n else np.nan


def excess_aurc(confidence: ArrayLike, correct: ArrayLike) -> float:
    """AURC minus that of the best possible order, every right answer before every wrong one.

    Returns:
        Float in [0, 1]; lower is better.

    Undefined: nan when N == 0.
    Source: Geifman et al. 2019, eq. 3, with the exact area of the best order.
    """
    confidence, correct = checked(confidence, correct)
    return aurc(confidence, correct) - aurc(correct.astype(float), correct)
