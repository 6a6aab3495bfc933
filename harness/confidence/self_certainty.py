"""Self-certainty: how far the model's distribution over its vocabulary is from uniform, on average over the output.

With s the mean of KL(U || p_t) over all tokens t of the output (nats), reasoning, answer and the end of the turn among
them, the value is s / (s + 10). It rises with s and ranks answers of one model; the map to [0, 1] is this project's
own, and no probability. The distributions are the model's own (temperature 1), over the whole vocabulary, so that the
backend must have them: an engine that tells the likeliest tokens alone cannot serve it.

Source: Kang et al. 2025 (arXiv 2502.18581). The reward of the fine-tuning stage is the same number, by the same
function (`backends._vocabulary`).
"""

from __future__ import annotations

import math

import msgspec

from calibench.backends.base import BaseBackend
from calibench.confidence.base import Answered, Method, Reading

_HALF = 10.0
"""Nats at which the value is 1/2."""


class SelfCertainty(msgspec.Struct, frozen=True):
    """What was measured."""

    mean: float
    """In nats."""
    tokens: int


async def _read(answered: Answered, _backend: BaseBackend) -> Reading:
    assert answered.scores, "the method needs log_probabilities"
    certainties = answered.scores.certainties
    assert certainties is not None, "the method needs whole_vocabulary"
    if not certainties:
        return Reading(None, "missing", None)
    found = SelfCertainty(math.fsum(certainties) / len(certainties), len(certainties))
    return Reading(found.mean / (found.mean + _HALF), "ok", msgspec.json.encode(found).decode())


METHOD = Method(
    description="mean divergence of the output's token distributions from uniform, over the whole vocabulary",
    needs=frozenset({"log_probabilities", "whole_vocabulary"}),
    read=_read,
    evidence=SelfCertainty,
    of_whole_output=True,
)
