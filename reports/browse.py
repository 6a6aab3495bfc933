"""The browser of answers inside a run's page: what it holds, compressed, and the one script that may run there."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from calibench.reports import text
from calibench.results import AnswerSample, SampledAnswer

MOST_BYTES = 6_000_000
"""Of the compressed answers as they stand in the page, so that the page stays below 10 MB."""
_WIDTHS = {"question": 2000, "reasoning": 3000, "response": 3000, "answer": 600, "choice": 300, "gold": 300, "raw": 300}
"""Characters of a text beyond which its middle is left out."""
_MOST_FORMS = 8
"""Choices, or accepted forms of the right answer, that are shown."""


@cache
def script() -> Markup:
    """The script, as it stands in the page."""
    return Markup(files("calibench.reports").joinpath("templates/browse.js").read_text(encoding="utf-8"))


@cache
def script_source() -> str:
    """What a Content-Security-Policy calls the script: the hash of its text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()}'"


def browser(sample: AnswerSample | None) -> dict[str, Any] | None:
    """What the template needs; None without texts."""
    if sample is None or not sample.items:
        return None
    data, n = _packed(sample)
    return {
        "data": Markup(data),
        "n": n,
        "n_total": sample.n_total,
        "widths": _WIDTHS,
        "script": script(),
    }


def _packed(sample: AnswerSample) -> tuple[str, int]:
    """The first answers of the sample that have room, as base64 of gzip of JSON, and their number."""
    n = len(sample.items)
    while True:
        items = sorted(sample.items[:n], key=lambda item: (item.task, item.protocol, item.question_id, item.draw))
        content = {"methods": [text.visible(m) for m in sample.methods], "items": [_item(item) for item in items]}
        raw = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        packed = base64.b64encode(gzip.compress(raw, 6, mtime=0)).decode()
        if len(packed) <= MOST_BYTES or n == 1:
            return packed, n
        n = max(1, int(0.95 * n * MOST_BYTES / len(packed)))


def _item(item: SampledAnswer) -> dict[str, Any]:
    """As the script reads it. All text is made visible here, and shown as text there."""
    after = item.text.partition(item.reasoning)[2] if item.reasoning else ""
    return {
        "task": text.visible(item.task),
        "protocol": item.protocol,
        "id": text.visible(item.question_id),
        "draw": item.draw,
        "question": _clipped("question", item.question),
        "choices": [_clipped("choice", choice) for choice in item.choices[:_MOST_FORMS]],
        "gold": [_clipped("gold", gold) for gold in item.gold[:_MOST_FORMS]],
        "outcome": item.outcome,
        "answer": _clipped("answer", item.answer),
        "grader": text.visible(item.grader),
        "detail": _clipped("raw", item.detail),
        "reasoning": _clipped("reasoning", item.reasoning),
        "response": _clipped("response", (after or item.text).strip()),
        "tokens": item.tokens,
        "readings": [
            [text.visible(reading.method), reading.value, reading.status, _clipped("raw", reading.raw)]
            for reading in item.readings
        ],
    }


def _clipped(kind: str, value: str | None) -> str | None:
    if value is None:
        return None
    part = text.excerpt(value, _WIDTHS[kind])
    if not part.omitted:
        return text.visible(part.head)
    return text.visible(f"{part.head}\n[… {part.omitted:,} characters left out …]\n{part.tail}")
