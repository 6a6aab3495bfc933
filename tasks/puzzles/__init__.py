"""Puzzles: three families of generated tasks for the three kinds of inference, each at five levels.

    from calibench.tasks.puzzles import puzzles

    for question, trace in puzzles("deduction", level=2, count=200, split="train", seed=7, notation="compact"):
        question.text, question.gold, question.level       # a Question as a task gives it, and
        trace                                              # a worked solution as text, for a warm start

The same arguments give the same puzzles on every machine and under every version of Python; the two notations write the
same ones. The tasks `deduction`, `induction` and `abduction` ask those of seed 0 in the long notation, `..._compact` in
the compact one.

Puzzles that differ only in names have one canonical form (`Question.cluster` is its hash), and that decides the split:
no test puzzle is a twin of a training puzzle, whatever the seeds. Half of all forms are test puzzles.

Every puzzle is solved from its text by code of its own (`solvers`), and its worked solution followed to the answer
(`replay`), before it is given out. docs/puzzles.md has examples, sizes and what shortcuts score.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, Protocol, get_args

from calibench.errors import InputError, unknown_name
from calibench.records import Question
from calibench.tasks.base import Task, Verdict
from calibench.tasks.generated import LEVELS, Example, first, make_task, split_of
from calibench.tasks.grading import alias, number
from calibench.tasks.puzzles import abduction, deduction, induction
from calibench.tasks.puzzles.draws import Choices
from calibench.tasks.puzzles.formulas import Notation
from calibench.tasks.puzzles.replay import REPLAYS
from calibench.tasks.puzzles.solvers import SOLVERS

Split = Literal["test", "train"]

PER_LEVEL = {"test": 50, "train": 200}
"""Questions per level of a task's splits; as many to train on as Hu et al. 2025 (arXiv 2505.10554) have for 7B."""


class Puzzle(NamedTuple):
    question: Question
    trace: str
    """A worked solution that leads to the answer."""


class Drawn(Protocol):
    """A puzzle of any family, before it is written down."""

    @property
    def answer(self) -> str: ...

    def form(self) -> str:
        """Its canonical form: the same for puzzles that differ only in names and order."""

    def text(self, notation: Notation) -> str: ...

    def trace(self) -> str: ...


class PuzzleFamily(NamedTuple):
    draw: Callable[[Choices, int], Drawn | None]
    """(random choices, level) -> a puzzle, or None if what was drawn is none."""
    description: str
    instruction: str
    grade: Callable[[tuple[str, ...], str], Verdict]
    grader: str
    wrong_answer: str


def puzzles(
    family: str, level: int, count: int, split: Split = "train", seed: int = 0, notation: Notation = "long"
) -> list[Puzzle]:
    """Different puzzles of one family and level.

    Args:
        family: a key of `FAMILIES`.
        level: 1, the easiest, to 5.
        count: how many; of fewer, the first are the same.
        split: `test` or `train`.
        seed: each gives others, of the same split.
        notation: `long` for models that read English, `compact` for those of the micro family.

    Raises:
        InputError: an argument out of range, or more puzzles than there are.
    """
    if family not in FAMILIES:
        raise unknown_name("family of puzzles", family, list(FAMILIES))
    if level not in LEVELS:
        raise InputError(f"{family}: expected a level from {LEVELS[0]} to {LEVELS[-1]}, found {level!r}")
    if count < 1:
        raise InputError(f"{family}: expected a count of 1 or more puzzles, found {count!r}")
    for name, value, known in (("split", split, get_args(Split)), ("notation", notation, get_args(Notation))):
        if value not in known:
            raise InputError(f"{family}: expected {' or '.join(known)} as {name}, found {value!r}")
    asked = task(family, notation)
    to_question = (asked if split == "test" else asked.training or asked).to_question
    return [
        Puzzle(question, example.working)
        for example in _examples(family, level, count, split, seed, notation)
        if (question := to_question(example._asdict(), family))
    ]


@functools.cache
def task(family: str, notation: Notation) -> Task:
    """The task that asks puzzles of a family in one notation."""
    of = FAMILIES[family]
    return make_task(
        name=family if notation == "long" else f"{family}_{notation}",
        domain="reasoning",
        description=of.description + ("" if notation == "long" else f" ({notation} notation)"),
        instruction=of.instruction,
        examples=lambda: _of_all_levels(family, "test", notation),
        training=lambda: _of_all_levels(family, "train", notation),
        grade=of.grade,
        grader=of.grader,
        wrong_answer=of.wrong_answer,
    )


@functools.cache  # a run reads the questions again while the engine waits for them
def _of_all_levels(family: str, split: Split, notation: Notation) -> tuple[Example, ...]:
    return tuple(e for level in LEVELS for e in _examples(family, level, PER_LEVEL[split], split, 0, notation))


def _examples(family: str, level: int, count: int, split: Split, seed: int, notation: Notation) -> Iterator[Example]:
    for drawn, form in _drawn(family, level, count, split, seed):
        text, trace = drawn.text(notation), drawn.trace()
        assert SOLVERS[family](text) == drawn.answer == REPLAYS[family](text, trace), text
        cluster = hashlib.sha256(form.encode()).hexdigest()[:12]
        yield Example(text, trace, drawn.answer, level, f"level {level}", cluster)


@functools.lru_cache(maxsize=32)  # the two notations of a task write the same ones
def _drawn(family: str, level: int, count: int, split: Split, seed: int) -> list[tuple[Drawn, str]]:
    """Different puzzles of the split, with their canonical forms."""
    draws = Choices(f"{family} {level} {split} {seed}")
    what = f"{family}, level {level}, {count:,} different puzzles of the {split} split"
    seen: set[str] = set()

    def draw() -> tuple[Drawn, str] | None:
        drawn = FAMILIES[family].draw(draws, level)
        return (drawn, drawn.form()) if drawn else None

    def wanted(found: tuple[Drawn, str] | None) -> bool:
        return found is not None and split_of(found[1], one_in=2) == split and found[0].text("compact") not in seen

    kept: list[tuple[Drawn, str]] = []
    while len(kept) < count:
        found = first(draw, wanted, what)
        assert found, "None is not wanted"
        kept.append(found)
        seen.add(found[0].text("compact"))
    return kept


def _grade_values(gold: tuple[str, ...], answer_text: str) -> Verdict:
    """Values are also read apart, as words, and with the names of the variables."""
    values = "".join(gold)  # one, or none where only the answer is to be read
    words = ["true" if value == "T" else "false" for value in values]
    ways = ("{value}", "{word}", "{name}={value}", "{name}={word}", "{name} {word}", "{name} is {word}")
    each = list(zip(deduction.LETTERS, values, words, strict=False))
    spaced = (" ".join(way.format(name=n, value=v, word=w) for n, v, w in each) for way in ways)
    return alias.grade_alias((values, *spaced) if values else (), answer_text)


def _grade_goal(gold: tuple[str, ...], answer_text: str) -> Verdict:
    ways = ("{}", "goal {}", "{} is reachable", "{} can be reached")
    return alias.grade_alias([way.format(goal) for goal in gold for way in ways], answer_text)


FAMILIES = {
    "deduction": PuzzleFamily(
        draw=deduction.draw,
        description="Generated formulas: the values of 4 to 12 variables that make all of them true",
        instruction="Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.",
        grade=_grade_values,
        grader=alias.GRADER,
        wrong_answer="T",
    ),
    "induction": PuzzleFamily(
        draw=induction.draw,
        description="Generated sequences: the next number, where 2 to 6 steps repeat",
        instruction="The answer is an integer.",
        grade=number.grade_number,
        grader=number.GRADER,
        wrong_answer="-1",
    ),
    "abduction": PuzzleFamily(
        draw=abduction.draw,
        description="Generated rules: which of three goals they reach from what is known",
        instruction="The answer is one letter.",
        grade=_grade_goal,
        grader=alias.GRADER,
        wrong_answer="none of them",
    ),
}
"""The three families by name."""
