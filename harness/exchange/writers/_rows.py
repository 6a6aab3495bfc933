"""A row for each draw, with everything that a run file holds of it but token ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from calibench.exchange.writers.base import RunContent
from calibench.records import Draw

_KEY = {"run": "text", "model": "text", "task": "text", "protocol": "text", "question_id": "text", "draw": "whole"}
_OF_QUESTION = {
    "question": "text", "choices": "texts", "gold": "texts", "tests": "texts", "domain": "text", "subject": "text",
    "level": "whole", "cluster": "text", "split": "text",
}  # fmt: skip
_OF_GENERATION = {
    "reasoning": "text", "output": "text", "finish_reason": "text", "error": "text", "seed": "whole",
    "prompt_tokens": "whole", "cached_tokens": "whole", "reasoning_tokens": "whole", "answer_tokens": "whole",
    "logprob": "number", "latency": "number",
}  # fmt: skip
_OF_GRADE = {"answer": "text", "outcome": "text", "correct": "flag", "grader": "text", "detail": "text"}
_OF_CONFIDENCE = {"confidence": "number", "status": "text", "raw": "text"}
_CALLED = {"question": "text", "output": "text", "confidence": "value"}
"""Column -> field of the record, where they differ."""


def columns(content: RunContent) -> dict[str, str]:
    """Column -> kind of its cells: text, texts (a list), whole, number or flag."""
    of_methods = {f"{part}.{method}": kind for method in content.methods for part, kind in _OF_CONFIDENCE.items()}
    return {**_KEY, **_OF_QUESTION, **_OF_GENERATION, **_OF_GRADE, **of_methods}


def rows(content: RunContent) -> Iterator[dict[str, Any]]:
    """The rows, each with a cell for every column; None where nothing is known."""
    for draw in content.draws():
        yield _row(content, draw)


def _row(content: RunContent, draw: Draw) -> dict[str, Any]:
    row: dict[str, Any] = {
        "run": content.name, "model": content.model, "task": draw.task, "protocol": draw.protocol,
        "question_id": draw.question_id, "draw": draw.draw,
    }  # fmt: skip
    for record, names in (
        (draw.question, _OF_QUESTION), (draw.generation, _OF_GENERATION), (draw.grade, _OF_GRADE),
    ):  # fmt: skip
        row |= {name: getattr(record, _CALLED.get(name, name), None) for name in names}
    if draw.grade is not None:
        # Of what was neither right nor wrong, nothing is said.
        row["correct"] = {"correct": True, "incorrect": False}.get(draw.grade.outcome)
    for method in content.methods:
        reading = draw.confidences.get(method)
        row |= {f"{part}.{method}": getattr(reading, _CALLED.get(part, part), None) for part in _OF_CONFIDENCE}
    return row
