"""The risk-coverage curve: how many errors are left when only the most confident answers are kept, with a band."""

from __future__ import annotations

import numpy as np

from calibench.metrics.bootstrap import percentile_interval
from calibench.metrics.resampled import Levels
from calibench.records import RiskPoint

COVERAGES = np.arange(1, 21) / 20
CONVENTION = (
    "error rate of the most confident answers, expected over orders of ties; 95 % band: percentiles of the cluster"
    " bootstrap at each coverage"
)


def risk_coverage(levels: Levels) -> tuple[RiskPoint, ...]:
    """The curve at each of the `COVERAGES`; empty without any answer.

    A point has no interval where no resample differs, or more than 5 % of them have no answer.
    """
    wrong = _from_the_top(levels.wrong)
    kept = wrong + _from_the_top(levels.right)
    if not len(levels.confidence) or not kept[-1, 0]:
        return ()
    with np.errstate(invalid="ignore", divide="ignore"):
        risks = np.array([_risks(kept[:, r], wrong[:, r]) for r in range(kept.shape[1])])
    ends = [percentile_interval(of_point) or (None, None) for of_point in risks[1:].T]
    return tuple(
        RiskPoint(coverage=float(coverage), risk=float(risk), low=low, high=high)
        for coverage, risk, (low, high) in zip(COVERAGES, risks[0], ends, strict=True)
    )


def _from_the_top(counts: np.ndarray) -> np.ndarray:
    """Of rows [L, 1 + R] per level, those at or above each level, from the highest on; before them none."""
    return np.concatenate([np.zeros((1, counts.shape[1])), np.cumsum(counts[::-1], axis=0)])


def _risks(kept: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """[C]; nan where nothing is kept."""
    wanted = COVERAGES * kept[-1]
    return np.interp(wanted, kept, wrong) / wanted
