"""The one check that every metric runs first on its arguments."""

from __future__ import annotations

import numpy as np


def checked(confidence, correct) -> tuple[np.ndarray, np.ndarray]:
    """Confidence as float64 [N] and correct as bool [N].

    Raises:
        ValueError: shapes differ or are not [N]; a confidence is not finite or outside [0, 1]; correct is not 0 or 1.
    """
    confidence, correct = np.asarray(confidence, dtype=np.float64), np.asarray(correct)
    if confidence.ndim != 1 or confidence.shape != correct.shape:
        raise ValueError(f"confidence and correct: expected [N] twice, found {confidence.shape} and {correct.shape}")
    outside = ~((confidence >= 0) & (confidence <= 1))
    if outside.any():
        raise ValueError(f"confidence: expected values in [0, 1], found {confidence[outside][0]}")
    if correct.dtype != bool and not np.isin(correct, (0, 1)).all():
        raise ValueError(f"correct: expected booleans, found {correct[~np.isin(correct, (0, 1))][0]}")
    return confidence, correct.astype(bool)
