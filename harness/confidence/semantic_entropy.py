"""Semantic entropy: how much the answers of a question's draws are spread over classes that say the same.

With p_c the share of the K draws in class c, H = -sum p_c ln p_c, and the value is 1 - H / ln K: 1 where all draws
answer the same, 0 where no two do. All draws of a question that have an answer get the same value. It ranks
questions, and is no probability that an answer is right.

A draw without an answer agrees with none, so each is a class of its own, and has no confidence itself. Draws that
failed do not count.

Source: Kuhn, Gal and Farquhar 2023 (arXiv 2302.09664), and Farquhar et al. 2024 (Nature 630, 625-630), whose discrete
form this is: shares are counted, and not weighed by the probabilities of the texts. Their classes come from a model's
judgement of entailment; ours from the rules of the graders.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import msgspec

from calibench.confidence.base import Method, Reading
from calibench.records import Generation


class Dispersion(msgspec.Struct, frozen=True):
    """What an entropy was made of."""

    entropy: float
    """In nats."""
    classes: int
    """Those of draws without an answer among them."""
    draws: int


def entropy(sizes: Sequence[int]) -> float:
    """Of classes of these sizes, in nats."""
    n = sum(sizes)
    return math.log(n) - math.fsum(size * math.log(size) for size in sizes) / n


def _read_draws(draws: Sequence[Generation], classes: Sequence[int | None]) -> list[Reading]:
    n, sizes = len(draws), Counter(classes)
    nothing = Reading(None, "missing", None)
    if n < 2:
        return [nothing] * n
    alone = sizes.pop(None, 0)
    all_sizes = [*sizes.values(), *[1] * alone]
    found = Dispersion(entropy(all_sizes), len(all_sizes), n)
    value = min(max(1 - found.entropy / math.log(n), 0.0), 1.0)  # within rounding
    reading = Reading(value, "ok", msgspec.json.encode(found).decode())
    return [nothing if one is None else reading for one in classes]


METHOD = Method(
    description="1 - entropy of the draws' answers / its maximum (needs --draws)",
    needs=frozenset(),
    read_draws=_read_draws,
    evidence=Dispersion,
)
