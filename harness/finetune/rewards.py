"""Rewards: from what became of an answer, and the confidence stated with it, to one number.

Each reward has a value for whatever a model may write. A reply is well formed if an answer can be read from it and,
where a confidence was asked for, a confidence in [0, 1]. One that is not earns the least that the reward can give, so
that leaving the confidence out, or never coming to an answer, pays for no model however often it is wrong. Refusing is
well formed: an answer that is not right.

A reply that could not be graded (outcome `failed`) has no reward.

A recipe may bring a reward of its own: a `Reward` in its module, named `MODULE:NAME`. One that sees how sure the model
was of each token needs no answer at all (`graded=False`), and then none reaches the training.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import NamedTuple

from calibench.errors import InputError, unknown_name
from calibench.records import Outcome

FORMAT_SHARE = 0.1
"""Part of the outcome reward that a well-formed reply earns. Ours."""


class ReplyScores(NamedTuple):
    """How sure the model was of each token that it wrote, the end of the turn included, as it is now and at
    temperature 1. Each has one number per token (nats)."""

    logprobs: tuple[float, ...]
    entropies: tuple[float, ...]
    """Of the whole vocabulary."""
    self_certainties: tuple[float, ...]
    """Divergence of the vocabulary's uniform distribution from the model's, KL(U || p); 0 where it knows nothing."""


class Judged(NamedTuple):
    """What a reward knows of one reply."""

    outcome: Outcome | None
    """None where nothing is graded."""
    confidence: float | None
    """In [0, 1]; None if none was stated, or none that can be read as a probability."""
    asked: bool
    """Whether a confidence was asked for."""
    answered: bool = True
    """Whether an answer is stated, where nothing is graded."""
    scores: ReplyScores | None = None
    """None unless the reward needs them."""

    @property
    def correct(self) -> bool:
        return self.outcome == "correct"

    @property
    def well_formed(self) -> bool:
        answered = self.outcome in ("correct", "incorrect", "abstained") if self.outcome else self.answered
        return answered and (self.confidence is not None or not self.asked)


class Reward(NamedTuple):
    """What a reply is worth."""

    value: Callable[[Judged], float | None]
    graded: bool = True
    """Whether it depends on which answers are right. If not, none is graded, and none needs to be known."""
    token_scores: bool = False
    """Whether it reads `Judged.scores`, which cost a forward pass over each reply."""

    def __call__(self, reply: Judged) -> float | None:
        return self.value(reply)


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


REWARDS = {"outcome": Reward(outcome), "rlcr": Reward(rlcr), "rlcr_code": Reward(rlcr_code)}


def reward(name: str) -> Reward:
    """The reward of that name, or the one that `MODULE:NAME` names.

    Raises:
        InputError: unknown name, or no `Reward` there.
    """
    module, colon, attribute = name.partition(":")
    if not colon and name not in REWARDS:
        raise unknown_name("reward", name, list(REWARDS))
    if not colon:
        return REWARDS[name]
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(f"reward {name}: expected MODULE:NAME of a reward ({error})") from error
    if not isinstance(found, Reward):
        raise InputError(f"reward {name}: expected a calibench.finetune.rewards.Reward, found {type(found).__name__}")
    return found
