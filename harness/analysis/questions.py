"""Which question an answer of an imported log belongs to, and what grades it.

Nothing is guessed: a question is found by the publisher's row, by its id, or by its text, and the gold of the log
stands where the log alone has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_uppercase
from typing import NamedTuple

from msgspec.structs import replace

from calibench import tasks
from calibench.errors import DataError, InputError
from calibench.exchange.readers.base import Logged
from calibench.grading import sandbox, table
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import content_id

_GENERATED = ("micro", "puzzles", "puzzles_compact")
_WINDOW = 24
"""Characters of a question's beginning that it is looked for by."""


class Posed(NamedTuple):
    """A question, and the task that grades its answers."""

    question: Question
    task: Task | None
    """None: the verdict is the log's."""


class QuestionLookup:
    """Finds the questions of a log's answers.

    Args:
        task: what the user says the questions are of; None: what the log says, where that is a task here.
        data: folder of publishers' files; None: a task's data are opened only where nothing else gives the gold.
        grader: of `calibench.grading.table.GRADERS`, for answers of no task that is known here; None: none.
        labels: the possible answers, for the grader `choice`.
    """

    def __init__(
        self, task: str | None = None, data: str | None = None, grader: str | None = None, labels: str | None = None
    ):
        if task is not None:
            tasks.load(task)
        self._task = task
        self._data = data
        # Loaded before any worker starts, which then knows it too.
        self._grader = table.grading_task(grader, labels) if grader else None
        self._by_letter = table.grading_task("option", None)
        self._names: dict[str, str | None] = {}
        self._tasks: dict[str, Task] = {}
        self._indexes: dict[str, _Index] = {}
        self._generated = {*tasks.expand(list(_GENERATED))}

    def of(self, logged: Logged, *, verdicts: bool = False) -> Posed | None:
        """The question of an answer; None where the task leaves its row out by design.

        Args:
            logged: the answer.
            verdicts: leave the grading to the log.

        Raises:
            DataError: it is none of the task's questions, or nothing says what is right.
        """
        if logged.asked is not None:
            return Posed(logged.asked, None if verdicts else self._load(logged.asked.task))
        if logged.task not in self._names:
            self._names[logged.task] = self._task or _named(logged.task)
        name = self._names[logged.task]
        if name is not None:
            found, known = self._of_task(self._load(name), logged)
            if known:
                return None if found is None else Posed(found, None if verdicts else self._load(name))
            if self._task:
                raise DataError(
                    f"{logged.place}: expected a question of task {name}, found one with neither its row, id or text"
                    " nor an accepted answer in the log; --data names the folder of its published file"
                )
        question = _as_logged(logged, logged.task)
        grader = self._grader or (self._by_letter if logged.likelihoods and logged.gold else None)
        if verdicts or grader is None:
            return Posed(question, None)
        graded = table.posed(grader, question.text, logged.gold, logged.choices, logged.place)
        return Posed(replace(question, gold=graded.gold, choices=logged.choices and graded.choices), grader)

    def _load(self, name: str) -> Task:
        if name not in self._tasks:
            self._tasks[name] = tasks.load(name)
            if self._tasks[name].finish:
                sandbox.require()
        return self._tasks[name]

    def _of_task(self, task: Task, logged: Logged) -> tuple[Question | None, bool]:
        """The question, None if it is left out by design; and whether it is one of the task's at all."""
        if logged.row is not None:
            try:
                return task.to_question(dict(logged.row), logged.place), True
            except DataError:
                pass  # the log's rows are not the publisher's
        if self._data is not None or task.name in self._generated or not logged.gold:
            found = self._index(task).find(logged)
            return found, found is not None
        as_logged = replace(_as_logged(logged, task.name), domain=task.domain, gold=_gold(logged, task))
        return as_logged, True

    def _index(self, task: Task) -> _Index:
        if task.name not in self._indexes:
            self._indexes[task.name] = _Index(self._rows(task))
        return self._indexes[task.name]

    def _rows(self, task: Task) -> Iterator[Question]:
        for place, row in task.open(self._data).rows:
            if question := task.to_question(row, place):
                yield question


class _Index:
    """The questions of a task, by id and by where a text holds one of them."""

    def __init__(self, questions: Iterator[Question]):
        self._by_id: dict[str, Question] = {}
        self._by_text: dict[str, list[Question]] = {}
        self._by_start: dict[str, list[Question]] = {}
        for question in questions:
            self._by_id[question.question_id] = question
            self._by_text.setdefault(question.text, []).append(question)
            self._by_start.setdefault(question.text[:_WINDOW], []).append(question)
        self._lengths = sorted({len(start) for start in self._by_start}, reverse=True)

    def find(self, logged: Logged) -> Question | None:
        """By id, by the whole text, or as the last question that the prompt holds; None where that is not one alone."""
        if logged.sample in self._by_id:
            return self._by_id[logged.sample]
        for text in (logged.question, logged.prompt):
            if text and len(same := self._by_text.get(text.strip(), [])) == 1:
                return same[0]
        held = self._last_in(logged.prompt or logged.question or "")
        return held[0] if len(held) == 1 else None

    def _last_in(self, prompt: str) -> list[Question]:
        """The longest of those that begin last: few-shot examples stand before the question."""
        for start in range(len(prompt) - 1, -1, -1):
            for length in self._lengths:
                found = self._by_start.get(prompt[start : start + length], ())
                held = [question for question in found if prompt.startswith(question.text, start)]
                if held:
                    longest = max(len(question.text) for question in held)
                    return [question for question in held if len(question.text) == longest]
        return []


def _named(task: str) -> str | None:
    """The task here that a log's name is that of."""
    name = task.rpartition("/")[2].removeprefix("lm_eval:")
    return name if name in tasks.names() else None


def _as_logged(logged: Logged, name: str) -> Question:
    """The question with what the log has of it."""
    text = logged.question or logged.prompt
    identifier = logged.sample or (content_id(text) if text else None)
    if identifier is None:
        raise DataError(f"{logged.place}: expected an id or the text of the question, found neither")
    return Question(
        task=name,
        question_id=identifier,
        text=text or "",
        choices=logged.choices,
        gold=logged.gold,
        domain="other",
        split="test",
    )


def _gold(logged: Logged, task: Task) -> tuple[str, ...]:
    """As graders of options take it: by letter."""
    if not logged.choices or not task.labels:
        return logged.gold
    letters = dict(zip(logged.choices, ascii_uppercase, strict=False))
    return tuple(letters.get(gold, gold) for gold in logged.gold)


def require_verdict(logged: Logged) -> None:
    """For an answer that nothing here grades.

    Raises:
        InputError: the log does not say whether it is right either.
    """
    if logged.verdict is None and logged.error is None:
        raise InputError(
            f"{logged.place}: nothing says whether this answer to {logged.task} is right. Name what grades it:"
            " --task NAME for a task of calibench, or --grader NAME where the log has accepted answers"
        )
