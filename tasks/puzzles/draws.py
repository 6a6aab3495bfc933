"""Random choices that are the same on every machine and under every version of Python.

Of the generators in Python's `random`, only the sequence of `random()` for a given seed is promised to stay. Everything
here is made of it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


class Choices:
    """A sequence of random choices, set by its seed."""

    def __init__(self, seed: str):
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def below(self, n: int) -> int:
        """One of 0 .. n - 1."""
        return int(self._random() * n)

    def between(self, low: int, high: int) -> int:
        """One of low .. high."""
        return low + self.below(high - low + 1)

    def choice(self, items: Sequence[_T]) -> _T:
        return items[self.below(len(items))]

    def sample(self, items: Sequence[_T], n: int) -> list[_T]:
        """`n` different ones, in random order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(n)]

    def shuffled(self, items: Sequence[_T]) -> list[_T]:
        return self.sample(items, len(items))
