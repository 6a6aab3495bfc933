"""What the four families of the micro suite share: their test questions and those to train on.

A family is a function `sample(rng, level)` that invents one example. A hash of the example's text decides its split, so
training and test questions are disjoint by construction, whoever draws them, in whatever order.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable

from calibench.tasks.generated import LEVELS, Example, first, split_of

PER_LEVEL = 50
"""Test questions per level and task; half as many facts."""
TRAINING_PER_LEVEL = 400
"""Training questions per level and task, or as many as there are."""

Sample = Callable[[random.Random, int], Example]


def draw(sample: Sample, rng: random.Random, level: int, split: str) -> Example:
    """An example of the split; others are drawn again.

    Raises:
        InputError: the level seems to have none.
    """
    what = f"{sample.__module__}, level {level}, split {split}"
    return first(lambda: sample(rng, level), lambda example: split_of(example.text) == split, what)


@functools.cache  # a run reads the questions again while the engine waits for them
def held_out(sample: Sample) -> tuple[Example, ...]:
    """The test questions of a family: always the same ones, `PER_LEVEL` of each level, all of them different.

    Raises:
        InputError: a level has fewer.
    """
    rng = random.Random(0)
    found: dict[str, Example] = {}
    for level in LEVELS:
        what = f"{sample.__module__}, level {level}, {PER_LEVEL} different test questions"
        for _ in range(PER_LEVEL):
            example = first(
                functools.partial(draw, sample, rng, level, "test"), lambda drawn: drawn.text not in found, what
            )
            found[example.text] = example
    return tuple(found.values())


@functools.cache
def training_pool(sample: Sample) -> tuple[Example, ...]:
    """Training questions of a family, all of them different, the same ones always."""
    rng = random.Random(1)
    found: dict[str, Example] = {}
    for level in LEVELS:
        # A level may have fewer questions than are wanted.
        drawn = (draw(sample, rng, level, "train") for _ in range(4 * TRAINING_PER_LEVEL))
        fresh = {example.text: example for example in drawn if example.text not in found}
        found |= dict(itertools.islice(fresh.items(), TRAINING_PER_LEVEL))
    return tuple(found.values())
