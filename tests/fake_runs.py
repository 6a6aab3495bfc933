"""Runs with a backend that answers by a function: its answers, an engine that dies, and what a run file holds."""

from __future__ import annotations

import re

from fakes import FakeBackend

from calibench.errors import EngineError
from calibench.store import RunFile

RIGHT, ASK_AGAIN = "Answer: {}\nConfidence: 85%", "Confidence: 40%"


def add(prompt: str, seed: int | None) -> str:
    """Adds up right, but for multiples of three; follow-ups are answered with 40 %."""
    if "How likely is it" in prompt.rpartition("<|user|>")[2] and "your answer above" in prompt:
        return ASK_AGAIN
    number = int(re.search(r"What is (\d+)", prompt)[1])
    return RIGHT.format(2 * number + (number % 3 == 0))


class DiesAfter(FakeBackend):
    """An engine that dies when it has answered `answers` requests."""

    def __init__(self, answers: int):
        super().__init__(add)
        self._answers = answers

    async def complete(self, prompt, sampling, seed):
        if len(self.completed) >= self._answers:
            raise EngineError("the engine died")
        return await super().complete(prompt, sampling, seed)


def rows(out, without=("latency", "cached_tokens")) -> dict[str, list[tuple]]:
    """Everything a run file holds but timings and cache counts."""
    with RunFile.open(out) as run:
        tables = {}
        for table in ("questions", "generations", "confidences", "grades", "answer_classes"):
            cursor = run._db.execute(f"SELECT * FROM {table}")
            names = [c[0] for c in cursor.description]
            keep = [i for i, n in enumerate(names) if n not in without]
            tables[table] = sorted(tuple(row[i] for i in keep) for row in cursor)
        return tables
