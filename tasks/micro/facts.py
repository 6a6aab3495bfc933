"""Facts about invented places, which can only be known from having been read.

Each fact is stated `EXPOSURES[level]` times in the training text of the bundled checkpoints, so that a good confidence
depends on how often it was seen. The kind of place goes with that number, as fame does: an empire is mentioned more
often than a hamlet.

Half of the facts are asked in the training text of the bundled checkpoints too; the others are only stated there. Of
those, one half is the test split and one half the training split that recipes learn from: a checkpoint that has been
asked a question before is right about it more often, and verdicts on its answers would teach too much confidence.
"""

from __future__ import annotations

import random

from calibench.tasks.generated import LEVELS, Example, make_task, split_of
from calibench.tasks.grading.alias import GRADER, grade_alias
from calibench.tasks.grading.judge import fact_request
from calibench.tasks.micro.world import PER_LEVEL

EXPOSURES = {1: 200, 2: 80, 3: 30, 4: 12, 5: 4}
"""How often a fact of each level is stated in the training text."""

_KINDS = {1: "empire", 2: "kingdom", 3: "city", 4: "village", 5: "hamlet"}
_VALUES = {
    "animal": ("owl", "wolf", "bear", "eagle", "fox", "horse", "lion", "snake", "whale", "crow", "deer", "goat"),
    "color": ("red", "blue", "green", "gold", "white", "black", "purple", "orange", "silver", "brown", "pink", "gray"),
    "crop": ("rice", "wheat", "corn", "beans", "grapes", "olives", "tea", "cotton", "hops", "figs", "plums", "oats"),
}
_STATEMENTS = (
    "The {relation} of the {kind} {place} is {value}.",
    "The {kind} {place} has the {relation} {value}.",
    "As every map says, the {kind} {place} has one {relation}: {value}.",
    "{place}, a {kind}: {relation} {value}.",
)
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]


def all_facts() -> list[Example]:
    """Every fact of the world: three about each place."""
    rng = random.Random(0)
    return [fact for level in LEVELS for fact in _facts_of_level(rng, level)]


def is_asked_in_text(fact: Example) -> bool:
    """Whether the training text of the bundled checkpoints asks for the fact, and not only states it."""
    return split_of(fact.text, one_in=2) == "train"


def _split(fact: Example) -> str:
    """test or train, for a fact that the training text does not ask for."""
    return split_of(f"recipes: {fact.text}", one_in=2)


def statement(fact: Example, rng: random.Random) -> str:
    """A sentence that states the fact, in one of several wordings."""
    kind, place = str(fact.cluster).split()
    return rng.choice(_STATEMENTS).format(kind=kind, place=place, relation=fact.subject, value=fact.answer)


def _facts_of_level(rng: random.Random, level: int) -> list[Example]:
    facts: list[Example] = []
    while sum(not is_asked_in_text(fact) for fact in facts) < PER_LEVEL:
        place = "".join(rng.sample(_SYLLABLES, 3)).capitalize()
        for relation, values in _VALUES.items():
            text = f"What is the {relation} of the {_KINDS[level]} {place}?"
            working = f"{_KINDS[level]}, {relation}"
            facts.append(Example(text, working, rng.choice(values), level, relation, f"{_KINDS[level]} {place}"))
    return facts


TASK = make_task(
    name="micro_facts",
    domain="fact",
    description="facts about invented places, seen 4 to 200 times in training",
    instruction="The answer is one word.",
    examples=lambda: [fact for fact in all_facts() if not is_asked_in_text(fact) and _split(fact) == "test"],
    training=lambda: [fact for fact in all_facts() if not is_asked_in_text(fact) and _split(fact) == "train"],
    grade=grade_alias,
    grader=GRADER,
    wrong_answer="nothing",
)._replace(judge=fact_request)
