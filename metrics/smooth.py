"""Smooth calibration error: confidence against accuracy under a kernel, where ECE cuts bins.

A Gaussian that is reflected at 0 and 1 is a sum of cosines, so that smoothing is a product of coefficients: of a fine
grid by a cosine transform for the value, and of the cosines themselves for resamples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics.arrays import checked, number_of, one_thread
from calibench.metrics.estimate import Parts
from calibench.metrics.resampled import Levels

_GRID = 1000
"""Cells of the grid that confidences are spread on; no width is told apart below one cell."""
_CELLS = 50
"""Parts of resamples: the smoothed excess within cells as wide as the narrowest kernels that benchmarks lead to."""
_NEGLIGIBLE = 6.0
"""Cosines that the kernel damps by more than exp(-6^2 / 2) are left out."""


def smooth_calibration_error(confidence: ArrayLike, correct: ArrayLike, *, weight: np.ndarray | None = None) -> float:
    """Smooth ECE (smECE): the absolute excess of confidence over accuracy, smoothed, and summed over all confidences.

    The kernel is as wide as the error itself: the width is the one fixed point, which no choice of bins can move.

    Args:
        confidence: [N] float in [0, 1].
        correct: [N] bool.
        weight: [N] rows that each stands for; None: one.

    Returns:
        Float in [0, 1]; lower is better. Biased upward near zero, as ECE is.

    Undefined: nan when N == 0.
    Conventions: a Gaussian reflected at 0 and 1; its standard deviation is the error, to 1e-6; a grid of 1,000 cells.
    Source: Blasiok and Nakkiran 2023 (arXiv 2309.12236). Checked against the authors' `relplot`, which searches the
    width in steps of 1/1024, and counts confidences of exactly 0 and 1 half.
    """
    confidence, correct = checked(confidence, correct)
    if not len(confidence):
        return np.nan
    excess = confidence - correct if weight is None else weight * (confidence - correct)
    coefficients = _coefficients(confidence, excess / number_of(confidence, weight))
    return _size(coefficients, _width(coefficients))


@one_thread()
def smooth_parts(levels: Levels) -> Parts:
    """The excess in each of 50 cells under the kernel of the sample itself; the parts of its smooth ECE at that width.

    The width is not chosen again in resamples: the interval is of the population's error at this width, by inverting a
    bootstrap test (`metrics.inversion.absolute_sum_interval`). Percentiles of the bootstrap covered 0 % for calibrated
    confidences.
    """
    confidence, right, wrong = levels
    n = right[:, 0] + wrong[:, 0]
    excess = (confidence * n - right[:, 0]) / max(n.sum(), 1)
    width = _width(_coefficients(confidence, excess))
    order = np.pi * np.arange(1, min(int(_NEGLIGIBLE / (np.pi * max(width, 1 / _GRID))) + 2, _GRID))
    within = np.diff(2 * np.sin(np.linspace(0, 1, _CELLS + 1)[:, None] * order) / order, axis=0)
    damping = np.exp(-((order * width) ** 2) / 2)
    kernel = 1 / _CELLS + within * damping @ np.cos(order[:, None] * confidence)
    rows = np.ones_like(confidence)  # under the cells, so that the rows of each resample are counted on the way
    found = np.vstack([kernel * confidence, rows]) @ wrong + np.vstack([kernel * (confidence - 1), rows]) @ right
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = found[:-1] / found[-1]
    return Parts(parts[:, 0], parts[:, 1:].T)


def _coefficients(confidence: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Cosine coefficients [G] of the excess on the grid, each row's shared by the two nearest cells."""
    from scipy.fft import dct

    place = np.clip(confidence * _GRID - 0.5, 0, _GRID - 1)
    below = np.minimum(place.astype(np.int64), _GRID - 2)
    above = place - below
    on_grid = np.bincount(below, excess * (1 - above), minlength=_GRID)
    on_grid += np.bincount(below + 1, excess * above, minlength=_GRID)
    return dct(on_grid, norm="ortho")


def _size(coefficients: np.ndarray, width: float) -> float:
    """The absolute sum under a kernel of this width."""
    from scipy.fft import idct

    damping = np.exp(-((np.pi * np.arange(_GRID) * width) ** 2) / 2)
    return float(np.abs(idct(coefficients * damping, norm="ortho")).sum())


def _width(coefficients: np.ndarray) -> float:
    """The width that equals the error at that width, which falls as the width rises."""
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if _size(coefficients, middle) > middle else (low, middle)
    return high
