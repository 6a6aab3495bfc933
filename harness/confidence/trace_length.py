"""Trace length: the shorter the reasoning, the surer; the baseline that other methods have to beat.

With n the characters of the reasoning, or of the whole text where the checkpoint marks none, the value is 1 / (1 + n
/ 4000). It falls with n and ranks answers; the map to [0, 1] is this project's own, and no probability. Characters
and not tokens, which not every backend tells, and which are of another length for every tokenizer.

Source: Devic et al. 2025 (arXiv 2510.10409), who rank answers of reasoning models by the tokens of their traces.
"""

from __future__ import annotations

import msgspec

from calibench.confidence.base import Answered, Method, Reading

_HALF = 4000
"""Characters at which the value is 1/2, about a thousand tokens."""


class TraceLength(msgspec.Struct, frozen=True):
    """What was measured."""

    characters: int


async def _read(answered: Answered, _no_backend: None) -> Reading:
    reasoning = answered.parsed.reasoning
    n = len(answered.written.text if reasoning is None else reasoning)
    return Reading(1 / (1 + n / _HALF), "ok", msgspec.json.encode(TraceLength(n)).decode())


METHOD = Method(
    description="the shorter the reasoning, the surer: a baseline that ranks",
    needs=frozenset(),
    read=_read,
    evidence=TraceLength,
)
