"""Has precision fallen? An anytime-valid test: it may be looked at after every label, for as long as one likes.

A gambler bets that less than the target share of the automated answers is right. While the target holds, no strategy
makes money in expectation, so that the capital, which starts at 1, ever reaches 1 / alpha with a chance of at most
alpha (Ville's inequality). The capital is spread over several sizes of a fall, and over the time at which it begins:
what is not yet bet is kept, so that a fall after a long good time is found too.

Source: Waudby-Smith and Ramdas 2024 (betting); Shin, Ramdas and Rinaldo 2024 (mixtures over the time of a change).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

ODDS = (1.5, 2.0, 3.0, 6.0)
"""The odds of an error, as a multiple of those at the target, that a quarter of the capital each bets on."""
_MOST = 1e300
"""Capital beyond this is given away, so that no stream overflows."""
CONVENTION = (
    "e-process of likelihood ratios against the target, the mean over odds of an error that are 1.5, 2, 3 and 6 times"
    " as high; over the label at which the fall begins with the weights 1/ln(n + e - 1) - 1/ln(n + e)"
)


def capital(correct: ArrayLike, target: float) -> np.ndarray:
    """The gambler's capital [N] after each label.

    Args:
        correct: [N] bool, the automated answers in the order in which they were labelled.
        target: in (0, 1); where nothing drifted, the chance of being right, given all earlier labels, is not below it.

    Returns:
        A nonnegative supermartingale from 1 where each chance is at least `target`: P(it ever reaches c) <= 1 / c.
    """
    correct = np.asarray(correct, dtype=bool)
    kept = 1 / np.log(np.arange(len(correct) + 1) + np.e)
    started = kept[:-1] - kept[1:]
    total = kept[1:].copy()
    for odds in ODDS:
        wrong = odds * (1 - target) / (target + odds * (1 - target))
        factor = np.where(correct, (1 - wrong) / target, wrong / (1 - target))
        at_work = 0.0
        for i, each in enumerate(factor):
            at_work = min((at_work + started[i]) * each, _MOST)
            total[i] += at_work / len(ODDS)
    return total
