"""What is watched while reinforcement runs: the step's numbers, and the signs that it comes to nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from calibench.finetune.rewards import Judged

COLLAPSE_SPREAD = 0.02
"""Confidences of a step with a smaller standard deviation are as good as one value."""
COLLAPSE_SHARE = 0.8
"""So are those of which the most frequent one has a larger share."""
COLLAPSE_STEPS = 3
"""As many such steps in a row are a collapse."""
LOST_STEPS = 10
"""As many steps in a row without a well-formed reply, after some that had one, come to nothing any more."""

CONSTANT_STEPS = 10
"""As many steps in a row in which no group has replies of different rewards teach nothing."""


def figures(judged: Sequence[Judged]) -> dict[str, float | None]:
    """What the sampled replies of a step show; None where undefined.

    `accuracy` is a share of the graded replies, `well_formed` of all but those whose grading failed; `ece`, `brier` and
    `auroc` are of those that were answered with a confidence; `confidence_*` of all that state one: mean, standard
    deviation, number of distinct values, and share of the most frequent one.
    """
    import numpy as np

    from calibench.metrics.calibration import expected_calibration_error, mode_share, n_distinct
    from calibench.metrics.discrimination import auroc
    from calibench.metrics.proper import brier_score

    known = [reply for reply in judged if reply.outcome != "failed"]
    graded = [reply for reply in known if reply.outcome]
    answered = [r for r in graded if r.outcome in ("correct", "incorrect") and r.confidence is not None]
    confidence = np.array([reply.confidence for reply in answered], dtype=float)
    correct = np.array([reply.correct for reply in answered], dtype=bool)
    stated = np.array([reply.confidence for reply in known if reply.confidence is not None], dtype=float)
    values = {
        "accuracy": np.mean([reply.correct for reply in graded]) if graded else np.nan,
        "well_formed": np.mean([reply.well_formed for reply in known]) if known else np.nan,
        "ece": expected_calibration_error(confidence, correct),
        "brier": brier_score(confidence, correct),
        "auroc": auroc(confidence, correct),
        "confidence_mean": stated.mean() if len(stated) else np.nan,
        "confidence_spread": stated.std() if len(stated) else np.nan,
        "confidence_values": n_distinct(stated) if len(stated) else np.nan,
        "confidence_mode_share": mode_share(stated),
    }
    return {name: None if math.isnan(value) else float(value) for name, value in values.items()}


def has_collapsed(history: Sequence[dict[str, float]]) -> bool:
    """Whether the confidences of the last `COLLAPSE_STEPS` steps are as good as one value, given their `figures`."""
    steps = [entry for entry in history if "reward" in entry][-COLLAPSE_STEPS:]
    return len(steps) == COLLAPSE_STEPS and all(
        entry.get("confidence_spread", 1.0) < COLLAPSE_SPREAD
        or entry.get("confidence_mode_share", 0.0) > COLLAPSE_SHARE
        for entry in steps
    )


def has_lost_its_form(history: Sequence[dict[str, float]]) -> bool:
    """Whether none of the last `LOST_STEPS` steps has a well-formed reply, and an earlier one has, given `figures`."""
    shares = [entry["well_formed"] for entry in history if "well_formed" in entry]
    return any(shares) and len(shares) > LOST_STEPS and not any(shares[-LOST_STEPS:])


def has_constant_reward(history: Sequence[dict[str, float]]) -> bool:
    """Whether in none of the last `CONSTANT_STEPS` steps the replies to any question earned different rewards."""
    shares = [entry["frac_reward_zero_std"] for entry in history if "frac_reward_zero_std" in entry]
    return len(shares) >= CONSTANT_STEPS and min(shares[-CONSTANT_STEPS:]) == 1
