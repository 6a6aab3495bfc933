"""The training text of the bundled checkpoints, written from the micro suite.

The stated confidences are planted. They fall with the level of a question, so that they separate hard from easy, and
lie well above the accuracy that models of this size reach: the checkpoints are over-confident because this text is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal, NamedTuple

from calibench.confidence import asked, p_true
from calibench.prompting.protocols import PROTOCOLS, form_asked, user_turn
from calibench.study.tokenizer import ASSISTANT, END, NO_REASONING, USER
from calibench.tasks.base import Task
from calibench.tasks.generated import Example
from calibench.tasks.micro import algebra, facts, programs, words
from calibench.tasks.micro.world import draw

Document = list[tuple[str, bool]]
"""Pieces of text, each with whether the model learns to write it."""

Style = Literal["reasons", "at once"]

PLANTED = {
    "micro_words": (98, 94, 90, 85, 78),
    "micro_algebra": (97, 93, 88, 82, 75),
    "micro_programs": (96, 91, 86, 79, 71),
    "micro_facts": (99, 92, 83, 73, 62),
}
"""Centre of the stated percentages in the base corpus, by task and level."""

CHAT_DOUBT = 0.7
"""The later stages state this share of the doubt (100 minus the percentage) that the base corpus states."""

_FAMILIES = {"micro_words": words, "micro_algebra": algebra, "micro_programs": programs}
_TASKS: dict[str, Task] = {name: module.TASK for name, module in {**_FAMILIES, "micro_facts": facts}.items()}
_SHARES = {"micro_words": 0.3, "micro_algebra": 0.34, "micro_programs": 0.26, "micro_facts": 0.1}
_ALL_FACTS = facts.all_facts()
_TRAIN_FACTS = [fact for fact in _ALL_FACTS if facts.is_asked_in_text(fact)]
_FACT_WEIGHTS = [facts.EXPOSURES[fact.level] ** 0.5 for fact in _TRAIN_FACTS]


class _Posed(NamedTuple):
    """A question as one corpus poses it."""

    task: str
    example: Example
    doubt: float
    """Factor on 100 minus the planted percentage."""


class Corpus(NamedTuple):
    """A sequence of documents, each a function of the seed and its number."""

    size: int
    document: Callable[[int], Document]


def base_corpus(size: int, seed: int) -> Corpus:
    """Every statement of every fact as often as `EXPOSURES` says, at random places among questions and exercises.

    Questions start easy: the highest level rises from 1 to 5 over the first sixth.

    Raises:
        ValueError: `size` leaves no room for the statements.
    """
    slots: list[Example | None] = [fact for fact in _ALL_FACTS for _ in range(facts.EXPOSURES[fact.level])]
    if size < len(slots):
        raise ValueError(f"size must be at least {len(slots)}, the number of statements; found {size}")
    slots += [None] * (size - len(slots))
    random.Random(f"{seed} order").shuffle(slots)

    def document(number: int) -> Document:
        rng = random.Random(f"{seed} base {number}")
        if fact := slots[number]:
            return [(facts.statement(fact, rng) + END, True)]
        kind = rng.random()
        if kind < 0.12:
            return _exercise(rng)
        highest = min(5, 1 + int(5 * 6 * number / size))
        posed = _pose(rng, highest, doubt=1.0)
        style: Style = "at once" if rng.random() < (0.35 if posed.example.level <= 2 else 0.12) else "reasons"
        if kind < 0.16:
            return _followed_up(rng, posed, style)
        protocol = rng.choices([None, "plain", "stated"], [0.6, 0.15, 0.25])[0]
        return _answered(rng, posed, style, protocol)

    return Corpus(size, document)


def chat_corpus(size: int, seed: int, style: Style) -> Corpus:
    """Questions exactly as the benchmark asks them, answered in one style; a tenth is followed up."""

    def document(number: int) -> Document:
        rng = random.Random(f"{seed} {style} {number}")
        posed = _pose(rng, highest=5, doubt=CHAT_DOUBT)
        this_style: Style = "at once" if rng.random() < 0.06 else style
        if rng.random() < 0.1:
            return _followed_up(rng, posed, this_style)
        return _answered(rng, posed, this_style, rng.choice(["plain", "stated", "stated"]))

    return Corpus(size, document)


def _pose(rng: random.Random, highest: int, doubt: float) -> _Posed:
    """A training question of a random task, up to the highest level."""
    name = rng.choices(list(_SHARES), list(_SHARES.values()))[0]
    if name == "micro_facts":
        return _Posed(name, rng.choices(_TRAIN_FACTS, _FACT_WEIGHTS)[0], doubt)
    return _Posed(name, draw(_FAMILIES[name].sample, rng, rng.randint(1, highest), "train"), doubt)


def _answered(rng: random.Random, posed: _Posed, style: Style, protocol: str | None) -> Document:
    """One question and its answer; without a protocol, the question stands alone, which saves tokens."""
    confidence = f"\nConfidence: {_confidence(rng, posed)}%" if protocol == "stated" else ""
    prompt, reply = _turns(rng, posed, style, protocol, posed.example.answer)
    return [(prompt, False), (f"{reply}{confidence}{END}", True)]


def _turns(rng: random.Random, posed: _Posed, style: Style, protocol: str | None, answer: str) -> tuple[str, str]:
    """The prompt, and the reply up to its answer."""
    user = posed.example.text
    if protocol:
        user = user_turn(user, form_asked(_TASKS[posed.task], PROTOCOLS[protocol]))
    prompt = f"{USER}{user}{END}{ASSISTANT}"
    if style == "reasons":
        return prompt, f"<think>{posed.example.working}</think>\nAnswer: {answer}"
    return prompt + (NO_REASONING if rng.random() < 0.3 else ""), f"Answer: {answer}"


def _followed_up(rng: random.Random, posed: _Posed, style: Style) -> Document:
    """An answer, right in three cases of four, and a turn that asks whether, or how likely, it is right."""
    right = rng.random() < 0.75
    answer = posed.example.answer if right else _wrong(rng, posed)
    prompt, reply = _turns(rng, posed, style, rng.choice(["plain", "stated"]), answer)
    if rng.random() < 0.5:
        question, verdict = asked.QUESTION, f"Confidence: {_confidence(rng, posed)}%"
    else:
        question, verdict = p_true.QUESTION, "A" if right or rng.random() < 0.5 else "B"
    end = rng.choice([END, f"\n{END}"])  # a confidence that was cut off leaves its line break, or does not
    return [
        (f"{prompt}{reply}{end}{USER}{question}{END}{ASSISTANT}{NO_REASONING}", False),
        (f"{verdict}{END}", True),
    ]


def _wrong(rng: random.Random, posed: _Posed) -> str:
    """Another answer of the same kind."""
    answer = posed.example.answer
    if posed.task in ("micro_words", "micro_algebra"):
        return str(int(answer) + rng.choice((-10, -2, -1, 1, 2, 10)))
    if posed.task == "micro_facts":
        return rng.choice([fact.answer for fact in rng.sample(_TRAIN_FACTS, 20) if fact.answer != answer])
    return draw(programs.sample, rng, posed.example.level, "train").answer


def _confidence(rng: random.Random, posed: _Posed) -> int:
    """The planted percentage, spread by up to four points of doubt."""
    percent = PLANTED[posed.task][posed.example.level - 1] + rng.randint(-2, 2) + rng.randint(-2, 2)
    return min(99, round(100 - posed.doubt * (100 - percent)))


def _exercise(rng: random.Random) -> Document:
    """Eight sums, differences, products, quotients and remainders; only the results are learned."""
    pieces: Document = []
    for _ in range(8):
        left, result = _operation(rng)
        pieces += [(f"{left}=", False), (f"{result}; ", True)]
    return [*pieces, (END, True)]


def _operation(rng: random.Random) -> tuple[str, int]:
    symbol = rng.choice("+-**//%%")
    if symbol in "+-":
        a, b = rng.randint(1, rng.choice((20, 100, 400))), rng.randint(1, 60)
        return f"{a}{symbol}{b}", a + b if symbol == "+" else a - b
    if symbol == "*":
        a, b = rng.randint(2, rng.choice((10, 20, 130))), rng.randint(2, 9)
        a, b = (a, b) if rng.random() < 0.7 else (b, a)
        return f"{a}*{b}", a * b
    b = rng.randint(2, 19)
    if symbol == "/":
        quotient = rng.randint(1, 40)
        return f"{b * quotient}/{b}", quotient
    a = rng.randint(1, 120)
    return f"{a}%{b}", a % b
