"""Rewards: from what became of an answer, and the confidence stated with it, to one number.

Each reward has a value for whatever a model may write. A reply is well formed if an answer can be read from it and,
where a confidence was asked for, a confidence in [0, 1]. One that is not earns the least that the reward can give, so
that leaving the confidence out, or never coming to an answer, pays for no model however often it is wrong. Refusing is
well formed: an answer that is not right.

A reply that could not be graded (outcome `failed`) has no reward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from calibench.errors import unknown_name
from calibench.records import Outcome

FORMAT_SHARE = 0.1
"""Part of the outcome reward that a well-formed reply earns. Ours."""


class Judged(NamedTuple):
    """What a reward knows of one reply."""

    outcome: Outcome
    confidence: float | None
    """In [0, 1]; None if none was stated, or none that can be read as a probability."""
    asked: bool
    """Whether a confidence was asked for."""

    @property
    def correct(self) -> bool:
        return self.outcome == "correct"

    @property
    def well_formed(self) -> bool:
        answered = self.outcome in ("correct", "incorrect", "abstained")
        return answered and (self.confidence is not None or not self.asked)


Reward = Callable[[Judged], float | None]


def outcome(reply: Judged) -> float | None:
    """`1 - FORMAT_SHARE` for a right answer and `FORMAT_SHARE` for a well-formed reply; in [0, 1].

    The confidence's value does not matter. A right answer whose confidence is missing keeps its first part: what is
    trained is whether answers are right.
    """
    if reply.outcome == "failed":
        return None
    return (1 - FORMAT_SHARE) * reply.correct + FORMAT_SHARE * reply.well_formed


def rlcr(reply: Judged) -> float | None:
    """Correctness and Brier score: 1[correct] - (q - 1[correct])^2 of the stated confidence q; in [-1, 1].

    At an accuracy p, its expectation is largest at q = p, and there it grows with p. A malformed reply earns -1.

    Source: Damani et al. 2025 (arXiv 2507.16806), RLCR; the value of malformed replies is ours.
    """
    if reply.outcome == "failed":
        return None
    if not reply.well_formed or reply.confidence is None:
        return -1.0
    return reply.correct - (reply.confidence - reply.correct) ** 2


def rlcr_code(reply: Judged) -> float | None:
    """The reward of RLCR's published code: half each for format, accuracy and 1 - Brier score; in [0, 1.5].

    The latter two are zero if the format is bad. For well-formed replies it is 1 + `rlcr` / 2.
    """
    if reply.outcome == "failed":
        return None
    if not reply.well_formed or reply.confidence is None:
        return 0.0
    return 0.5 + 0.5 * reply.correct + 0.5 * (1 - (reply.confidence - reply.correct) ** 2)


REWARDS: dict[str, Reward] = {"outcome": outcome, "rlcr": rlcr, "rlcr_code": rlcr_code}


def reward(name: str) -> Reward:
    """The reward of that name.

    Raises:
        InputError: unknown name.
    """
    if name not in REWARDS:
        raise unknown_name("reward", name, list(REWARDS))
    return REWARDS[name]
