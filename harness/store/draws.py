"""A run draw by draw, with all that its file holds of each, as a stream."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from calibench.records import Confidence, Draw, Generation, Grade, Question
from calibench.store import RunFile


def draws(run: RunFile) -> Iterator[Draw]:
    """Every draw that is generated or graded, by task, question, protocol and number; one question's are in memory."""
    questions = run.select(Question)
    question: Question | None = None
    kinds = (run.select(kind) for kind in (Generation, Grade, Confidence))
    # Each table lies in the order of its key, and SQLite orders texts as Python does.
    for key, of_draw in groupby(heapq.merge(*kinds, key=_key), key=_key):
        while question is None or (question.task, question.question_id) < key[:2]:
            if (question := next(questions, None)) is None:  # of predictions that were scored from a file
                break
        found: dict[type, Any] = {}
        confidences: dict[str, Confidence] = {}
        for record in of_draw:
            if isinstance(record, Confidence):
                confidences[record.method] = record
            else:
                found[type(record)] = record
        of_key = question if question and (question.task, question.question_id) == key[:2] else None
        yield Draw(*key, of_key, found.get(Generation), found.get(Grade), confidences)


def _key(record: Generation | Grade | Confidence) -> tuple[str, str, str, int]:
    return record.task, record.question_id, record.protocol, record.draw
