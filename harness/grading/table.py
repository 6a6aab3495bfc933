"""Grades the answers of a table, each against the gold of its row, in worker processes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from string import ascii_uppercase
from typing import Any, NamedTuple

from calibench import tasks
from calibench.errors import unknown_name
from calibench.grading.pool import GRADER_SECONDS, GradingPool
from calibench.records import Question
from calibench.tasks.base import Task, Verdict
from calibench.tasks.grading.answer import stated_answer
from calibench.tasks.user import Description

_QUESTION, _GOLD, _CHOICES = " question", "gold", " choices"
"""Names of columns that no user's column has."""
GRADERS = ("number", "math", "choice", "alias", "option")
_WAITING = 2_000
"""Answers that wait for a worker at a time."""


class AnswerRow(NamedTuple):
    """One answer and its gold, as they stand in the table."""

    answer: str
    gold: Any
    """One accepted answer, or a list of them; a text may be a JSON list."""
    choices: Any = None
    """The options, as a list; None: none are known."""


def grade(
    rows: Iterable[AnswerRow], grader: str, place: str, gold: str, labels: str | None = None
) -> tuple[list[Verdict], str]:
    """The verdict of every row, and the name and version of the grader.

    Args:
        rows: in the table's order.
        grader: of `GRADERS`. Without options, `option` compares letters.
        place: the file, for messages.
        gold: the column's name, for messages.
        labels: the possible answers of `choice`, separated by commas.

    Raises:
        InputError: an unknown grader, or a gold that it cannot use; rows are counted from 1.
    """
    name = _reference(grader, gold, labels)
    task = tasks.load(name)
    found: dict[str, Future[Verdict]] = {}
    keys = []
    waiting: deque[Future[Verdict]] = deque()
    with GradingPool(os.cpu_count() or 1, GRADER_SECONDS, [name]) as pool:
        for number, row in enumerate(rows, 1):
            keys.append(key := repr(row))
            if key in found:
                continue
            cells = {_QUESTION: key, gold: row.gold, _CHOICES: row.choices or list(ascii_uppercase)}
            question = task.to_question(cells, f"{place}, row {number:,}")
            assert question, "every row of a user's file is a question"
            found[key] = pool.submit(name, question, _stated(row.answer))
            waiting.append(found[key])
            while len(waiting) > _WAITING:
                waiting.popleft().result()
        for verdict in waiting:
            verdict.result()
    return [found[key].result() for key in keys], task.grader


def grading_task(grader: str, labels: str | None) -> Task:
    """A task of no questions of its own, which grades those of others by their gold.

    Args:
        grader: of `GRADERS`.
        labels: the possible answers of `choice`, separated by commas.

    Raises:
        InputError: an unknown grader.
    """
    return tasks.load(_reference(grader, _GOLD, labels))


def posed(task: Task, text: str, gold: Sequence[str], choices: Sequence[str], place: str) -> Question:
    """A question as a task of `grading_task` grades it.

    Args:
        task: that of `grading_task`.
        text: what is asked.
        gold: accepted answers; of options their letters or texts.
        choices: the options; empty: none are known, and letters are compared.
        place: for messages.

    Raises:
        InputError: the grader cannot use this gold.
    """
    cells = {
        _QUESTION: text.strip() or "not known",
        _GOLD: list(gold),
        _CHOICES: list(choices) or list(ascii_uppercase),
    }
    question = task.to_question(cells, place)
    assert question, "every row of a user's file is a question"
    return question


def _reference(grader: str, gold: str, labels: str | None) -> str:
    if grader not in GRADERS:
        raise unknown_name("grader", grader, list(GRADERS))
    lettered = grader == "option"
    described = Description(
        f"grader {grader}.csv",  # no name of a task, of which there is one called math
        grader="choice" if lettered else grader,
        question=_QUESTION,
        answer=gold,
        choices=_CHOICES if lettered else None,
        labels=labels,
    )
    return f"file:{described.reference()}"


def _stated(answer: str) -> str:
    """The answer as graders read one that is stated: a cell of one line is an answer, and not a text that holds one."""
    alone = "\n" not in answer.strip() and answer.strip() and stated_answer(answer) is None
    return f"Answer: {answer.strip()}" if alone else answer
