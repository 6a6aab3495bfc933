"""Consistency: the share of a question's draws that answer the same as this one.

Draws without an answer count among the draws and agree with none, so that a model that answers once in eight is not
sure of that answer. They have no confidence themselves. Draws that failed do not count.

Source: Wang et al. 2023 (arXiv 2203.11171), self-consistency, whose vote share is read as a confidence by Lyu et al.
2025 (arXiv 2402.13904), agreement-based.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from calibench.confidence.base import Method, Reading
from calibench.records import Generation


class Agreement(msgspec.Struct, frozen=True):
    """What a share was made of."""

    same: int
    """Draws that answer the same, this one among them."""
    draws: int


def _read_draws(draws: Sequence[Generation], classes: Sequence[int | None]) -> list[Reading]:
    n, sizes = len(draws), Counter(classes)
    if n < 2:
        return [Reading(None, "missing", None)] * n
    of_class = {
        one: Reading(same / n, "ok", msgspec.json.encode(Agreement(same, n)).decode()) for one, same in sizes.items()
    }
    of_class[None] = Reading(None, "missing", None)
    return [of_class[one] for one in classes]


METHOD = Method(
    description="share of the question's draws that answer the same (needs --draws)",
    needs=frozenset(),
    read_draws=_read_draws,
    evidence=Agreement,
)
