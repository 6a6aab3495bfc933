"""Induction: a sequence whose steps repeat in a cycle. What is the next number?

After Hu et al. 2025 (arXiv 2505.10554): cyclic steps that add, subtract or multiply; the last number is hidden. Their
generator hides a step that has not been seen in 20 to 100 % of its sequences, so lengths and numbers are ours: the
cycle is seen twice before the hidden step, which is as often one step of it as another; its steps are different, so
that the hidden one is not the last one seen; the hidden number is none of those shown.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from calibench.tasks.puzzles.draws import Choices
from calibench.tasks.puzzles.formulas import Notation

Step = tuple[str, int]
"""`+`, `-` or `*`, and the amount."""


class _Size(NamedTuple):
    steps: int
    """Of the cycle."""
    products: int
    """How many of them multiply, at most."""


SIZES = {1: _Size(2, 0), 2: _Size(3, 0), 3: _Size(4, 1), 4: _Size(5, 1), 5: _Size(6, 1)}
STARTS = (1, 50)
AMOUNTS = (1, 20)
"""Of sums and differences."""
FACTORS = (2, 3)
LARGEST = 999
"""The smallest number is 1."""
_SUMS: list[Step] = [(sign, amount) for sign in "+-" for amount in range(AMOUNTS[0], AMOUNTS[1] + 1)]
_PRODUCTS: list[Step] = [("*", factor) for factor in FACTORS]


class Induction(NamedTuple):
    """One puzzle."""

    numbers: tuple[int, ...]
    """Those that are shown."""
    cycle: tuple[Step, ...]
    answer: str

    def form(self) -> str:
        """The cycle, wherever it starts: sequences of one form are parts of each other, or nearly so."""
        turns = [self.cycle[i:] + self.cycle[:i] for i in range(len(self.cycle))]
        return " ".join(f"{sign}{amount}" for sign, amount in min(turns))

    def text(self, notation: Notation) -> str:
        shown = [str(number) for number in self.numbers]
        if notation == "compact":
            return f"Next: {' '.join(shown)}"
        return (
            "Each step of a sequence adds, subtracts or multiplies by a fixed number, and the steps repeat in a cycle."
            f"\nThe sequence: {', '.join(shown)}\nWhat is the next number?"
        )

    def trace(self) -> str:
        """Each step as a calculation on two neighbours, and then the step that is due."""
        steps = []
        for place, (a, b) in enumerate(pairwise(self.numbers)):
            sign, amount = self.cycle[place % len(self.cycle)]
            steps.append({"+": f"{b}-{a}", "-": f"{a}-{b}", "*": f"{b}/{a}"}[sign] + f"={amount}")
        sign, amount = self.cycle[(len(self.numbers) - 1) % len(self.cycle)]
        return "; ".join((*steps, f"{self.numbers[-1]}{sign}{amount}={self.answer}"))


def draw(draws: Choices, level: int) -> Induction | None:
    """A puzzle, or None if what was drawn is none."""
    size = SIZES[level]
    products = draws.below(size.products + 1)
    cycle = draws.shuffled(draws.sample(_SUMS, size.steps - products) + draws.sample(_PRODUCTS, products))
    numbers = [draws.between(*STARTS)]
    for place in range(2 * size.steps + draws.between(1, size.steps)):
        sign, amount = cycle[place % size.steps]
        last = numbers[-1]
        numbers.append({"+": last + amount, "-": last - amount, "*": last * amount}[sign])
    *shown, answer = numbers
    steps = [b - a for a, b in pairwise(numbers)]
    if min(numbers) < 1 or max(numbers) > LARGEST or answer in shown or steps[-1] == steps[-2]:
        return None
    return Induction(tuple(shown), tuple(cycle), str(answer))
