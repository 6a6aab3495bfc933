"""Answers whose class is known, which a judge is shown before it is believed: one that gives all of them the same class
would make numbers out of nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from calibench.backends.base import BaseBackend
from calibench.records import Outcome, Question
from calibench.running.verdicts import judged
from calibench.store import RunFile
from calibench.tasks.base import JudgeRequest, Task

_QUESTIONS = 20
"""Whose answers the controls of a judge are."""
_REFUSAL = "I do not know the answer."


_QUOTED = re.compile(r'"([^"]{2,60})"|“([^”]{2,60})”|«([^»]{2,60})»')
_LINKS = frozenset(("a", "an", "and", "da", "de", "del", "der", "di", "du", "la", "le", "of", "the", "van", "von"))
"""Words in lower case that stand within names."""
_STEM = 4
"""First letters that two words share where they may mean the same, as Germany and German."""


class Control(NamedTuple):
    """An answer of which it is known what a judge must say."""

    kind: str
    """The outcome `correct`, `incorrect` or `abstained`; or `repeated`: the question's own words."""
    request: JudgeRequest

    def passes(self, said: Outcome) -> bool:
        """Words of the question are no right answer; whether they are an attempt at one can be seen either way."""
        return said in ("incorrect", "abstained") if self.kind == "repeated" else said == self.kind


def controls(run: RunFile, tasks: Sequence[Task]) -> list[Control]:
    """Of some of the run's questions: an accepted answer, one that another question accepts, a name out of the question
    itself, and a refusal.

    Args:
        run: has the questions.
        tasks: that one judge judges by the same words.
    """
    each = max(_QUESTIONS // len(tasks), 1)
    return [one for task in tasks for one in _of_task(task, list(islice(run.questions(task.name), each)))]


def _of_task(task: Task, questions: Sequence[Question]) -> Iterator[Control]:
    assert task.judge, "of tasks that take a judge"
    questions = [question for question in questions if question.gold]
    for place, question in enumerate(questions):
        yield Control("correct", task.judge(question, task.gold_text(question)[0]))
        other = questions[place - 1]
        if not {name.casefold() for name in question.gold} & {name.casefold() for name in other.gold}:
            yield Control("incorrect", task.judge(question, task.gold_text(other)[0]))
        if name := name_in(question):
            yield Control("repeated", task.judge(question, task.gold_text(replace(question, gold=(name,)))[0]))
        yield Control("abstained", task.judge(question, _REFUSAL))


def name_in(question: Question) -> str | None:
    """What the question quotes, or its longest name: words with a capital, without the first of the question.

    Returns:
        None where there is none, or where a word of it begins as one of an accepted answer does: it may then be right.
    """
    quoted = next((next(filter(None, found.groups())) for found in _QUOTED.finditer(question.text)), None)
    name = quoted or max(_names(question.text), key=len)
    if not name or _stems(name) & {stem for gold in question.gold for stem in _stems(gold)}:
        return None
    return name


def _names(text: str) -> Iterator[str]:
    """Runs of words with a capital; a mark ends one."""
    run: list[str] = []
    for word in text.split()[1:]:
        bare = re.sub(r"^\W+|(['’]s)?\W*$", "", word)
        if bare[:1].isupper() or (run and bare in _LINKS):
            run.append(bare)
            if bare == word:
                continue
        yield _without_links(run)
        run = []
    yield _without_links(run)


def _without_links(run: list[str]) -> str:
    while run and run[-1] in _LINKS:
        run = run[:-1]
    return " ".join(run)


def _stems(name: str) -> set[str]:
    return {word[:_STEM] for word in re.findall(r"\w+", name.casefold()) if word not in _LINKS}


async def tried(backend: BaseBackend, asked: Sequence[Control]) -> dict[str, tuple[int, int]]:
    """Kind -> how many controls of it the judge passes, and how many there are."""
    slots = asyncio.Semaphore(backend.in_flight)

    async def one(request: JudgeRequest) -> Outcome:
        async with slots:
            return (await judged(backend, request)).outcome

    found = await asyncio.gather(*(one(control.request) for control in asked))
    counts: dict[str, tuple[int, int]] = {}
    for control, said in zip(asked, found, strict=True):
        right, n = counts.get(control.kind, (0, 0))
        counts[control.kind] = right + control.passes(said), n + 1
    return counts
