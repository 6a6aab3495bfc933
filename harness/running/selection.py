"""Which questions a run asks: all rows of a task's data, or a sample that is nested in every larger one."""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from calibench.errors import DataError, InputError
from calibench.records import Question, TypedDecision
from calibench.tasks.base import Task


class Shard(NamedTuple):
    """One of the parts that a run is split into, so that machines that share nothing can ask one part each.

    The questions that a run asks, in the order of their hashes, are dealt out in turn. So the parts differ by one
    question at most, they are together the run without parts, and a part of a smaller sample is in that of a larger.
    """

    number: int
    """1 .. of."""
    of: int

    @classmethod
    def read(cls, text: str) -> Shard:
        """What `2/16` says.

        Raises:
            InputError: it says something else.
        """
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
        shard = cls(int(found[1]), int(found[2])) if found else None
        if shard is None or not 1 <= shard.number <= shard.of:
            raise InputError(f"--shard: expected I/N with I from 1 to N, as 1/4, found {text!r:.40}")
        return shard

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


class Selection(NamedTuple):
    """The questions of one task that a run asks."""

    task: Task
    fingerprint: str
    origin: str
    note: str | None
    total: int
    """Questions that are asked."""
    whole: int
    """Questions that are asked in all shards together; without shards the total."""
    available: int
    """Questions that the task has."""
    first: Question
    """The first question of the data, chosen or not: its prompt stands for all in a run's identity."""
    chosen: frozenset[str] | None
    """Question ids under `--limit` and `--shard`; None: all."""

    def questions(self, data: str | None) -> Iterator[Question]:
        source = self.task.open(data)
        for place, row in source.rows:
            question = self.task.to_question(row, place)
            if question is not None and (self.chosen is None or question.question_id in self.chosen):
                yield question

    def typed_decisions(self, data: str | None) -> Iterator[TypedDecision]:
        """Of the questions that are typed decisions."""
        if (typed := self.task.typed) is None:
            return
        for place, row in self.task.open(data).rows:
            decision = typed(row, place)
            if self.chosen is None or decision.question_id in self.chosen:
                yield decision


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


def select(task: Task, data: str | None, limit: int | None, shard: Shard | None = None) -> Selection:
    """Reads a task's data once, so that whatever is wrong with it shows before any work, and takes the sample.

    A smaller `limit` selects a subset of a larger one's questions: those with the smallest hash of task and id.

    Args:
        task: has the questions.
        data: folder of original data files; None: the hub.
        limit: questions of all shards together; None: all.
        shard: only this part of them.

    Raises:
        DataError: missing, malformed or empty data, no folder at `data`, or a question id that occurs twice.
    """
    source = task.open(data)
    if data is not None and not Path(data).is_dir():  # a task without files of its own would not notice
        raise DataError(f"--data (or CALIBENCH_DATA): expected a folder of original data files, found none at {data}")
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
        if limit is not None or shard is not None:
            hashes.append((digest, question.question_id))
    if first is None:
        raise DataError(f"{source.origin}: no question for task {task.name}")
    whole = len(seen) if limit is None else min(limit, len(seen))
    chosen = None
    if hashes:
        sample = heapq.nsmallest(whole, hashes)
        dealt = sample if shard is None else sample[shard.number - 1 :: shard.of]
        chosen = frozenset(question_id for _, question_id in dealt)
    total = whole if chosen is None else len(chosen)
    return Selection(task, source.fingerprint, source.origin, source.note, total, whole, len(seen), first, chosen)
