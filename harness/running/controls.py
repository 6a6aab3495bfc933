"""Answers whose class is known, which a judge is shown before it is believed: one that gives all of them the same class
would make numbers out of nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice

from calibench.backends.base import BaseBackend
from calibench.records import Outcome, Question
from calibench.running.verdicts import judged
from calibench.store import RunFile
from calibench.tasks.base import JudgeRequest, Task

_QUESTIONS = 20
"""Whose answers the controls of a judge are."""
_REFUSAL = "I do not know the answer."


def controls(run: RunFile, tasks: Sequence[Task]) -> list[tuple[Outcome, JudgeRequest]]:
    """Of some of the run's questions: an accepted answer, one that another question accepts, and a refusal, each with
    the class that it has.

    Args:
        run: has the questions.
        tasks: that one judge judges by the same words.
    """
    each = max(_QUESTIONS // len(tasks), 1)
    return [one for task in tasks for one in _of_task(task, list(islice(run.questions(task.name), each)))]


def _of_task(task: Task, questions: Sequence[Question]) -> Iterator[tuple[Outcome, JudgeRequest]]:
    assert task.judge, "of tasks that take a judge"
    questions = [question for question in questions if question.gold]
    for place, question in enumerate(questions):
        yield "correct", task.judge(question, task.gold_text(question)[0])
        other = questions[place - 1]
        if not {name.casefold() for name in question.gold} & {name.casefold() for name in other.gold}:
            yield "incorrect", task.judge(question, task.gold_text(other)[0])
        yield "abstained", task.judge(question, _REFUSAL)


async def tried(backend: BaseBackend, asked: Sequence[tuple[Outcome, JudgeRequest]]) -> dict[str, tuple[int, int]]:
    """Class -> how many controls of it the judge grades as they are, and how many there are."""
    slots = asyncio.Semaphore(backend.in_flight)

    async def one(request: JudgeRequest) -> Outcome:
        async with slots:
            return (await judged(backend, request)).outcome

    found = await asyncio.gather(*(one(request) for _, request in asked))
    counts: dict[str, tuple[int, int]] = {}
    for (outcome, _), said in zip(asked, found, strict=True):
        right, n = counts.get(outcome, (0, 0))
        counts[outcome] = right + (said == outcome), n + 1
    return counts
