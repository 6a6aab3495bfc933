"""Which questions a run asks: all rows of a task's data, or a sample that is nested in every larger one."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from typing import NamedTuple

from calibench.errors import DataError, InputError
from calibench.records import Question
from calibench.tasks.base import Task


class Selection(NamedTuple):
    """The questions of one task that a run asks."""

    task: Task
    fingerprint: str
    origin: str
    note: str | None
    total: int
    """Questions that are asked."""
    available: int
    """Questions that the task has."""
    first: Question
    """The first question of the data, chosen or not: its prompt stands for all in a run's identity."""
    chosen: frozenset[str] | None
    """Question ids under `--limit`; None: all."""

    def questions(self, data: str | None) -> Iterator[Question]:
        source = self.task.open(data)
        for place, row in source.rows:
            question = self.task.to_question(row, place)
            if question is not None and (self.chosen is None or question.question_id in self.chosen):
                yield question


def split_of(task: Task, split: str) -> Task:
    """The task over its `test` or `train` split.

    Raises:
        InputError: it has no training split.
    """
    if split == "test":
        return task
    if task.training is None:
        raise InputError(
            f"task {task.name} has no training split; a file of your own can be one (--task-file, --train-file)"
        )
    return task.training


def place_of(task: str, question_id: str) -> bytes:
    """A question's place in the order in which a task's questions are chosen: a hash, so that no answer moves it."""
    return hashlib.sha256(f"{task}\0{question_id}".encode()).digest()


def select(task: Task, data: str | None, limit: int | None) -> Selection:
    """Reads a task's data once, so that whatever is wrong with it shows before any work, and takes the sample.

    A smaller `limit` selects a subset of a larger one's questions: those with the smallest hash of task and id.

    Raises:
        DataError: missing, malformed or empty data, or a question id that occurs twice.
    """
    source = task.open(data)
    first = None
    seen: set[bytes] = set()
    hashes: list[tuple[bytes, str]] = []
    for place, row in source.rows:
        question = task.to_question(row, place)
        if question is None:
            continue
        first = first or question
        digest = place_of(task.name, question.question_id)
        if digest in seen:
            raise DataError(f"{place}: question id {question.question_id!r} occurs twice in task {task.name}")
        seen.add(digest)
        if limit is not None:
            hashes.append((digest, question.question_id))
    if first is None:
        raise DataError(f"{source.origin}: no question for task {task.name}")
    chosen = None if limit is None else frozenset(question_id for _, question_id in heapq.nsmallest(limit, hashes))
    asked = len(chosen or seen)
    return Selection(task, source.fingerprint, source.origin, source.note, asked, len(seen), first, chosen)
