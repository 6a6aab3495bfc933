"""Statements of a confidence, and answers, in twelve languages: some two hundred of each, written before the rules.

Every row is a text as models write it; it may state no confidence that can be read, which counts as read where nothing
is. All have been looked at since they were first read: docs/languages.md has what was read before that.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from calibench.prompting.parsing import parse
from calibench.tasks.grading.answer import stated_answer
from calibench.tasks.grading.choice import TRUE_FALSE, grade_choice
from calibench.tasks.grading.number import grade_number

FOLDER = Path(__file__).parent / "cases/statements"
LANGUAGES = sorted(file.stem for file in FOLDER.glob("*.tsv"))


class Row(NamedTuple):
    number: int
    scale: str
    confidence: float | None
    answer: str
    """As stated; `true` and `false` in any words, `=` before a number in any writing; empty: not looked at."""
    text: str


def rows(language: str) -> list[Row]:
    lines = (FOLDER / f"{language}.tsv").read_text().splitlines()[1:]
    parts = [line.split("\t") for line in lines]
    return [
        Row(number, scale, None if value == "-" else float(value), answer, text.replace("\\n", "\n"))
        for number, (scale, value, answer, text) in enumerate(parts, 1)
    ]


def is_read(row: Row) -> bool:
    asked = row.scale == "asked"
    scale = "percent" if asked else row.scale
    parsed = parse(row.text, reasoning_opened=False, scale=scale, finish_reason="stop", answered_before=asked)
    return parsed.confidence == row.confidence and answers(row.answer, parsed.answer_text)


def answers(answer: str, text: str) -> bool:
    if answer in ("true", "false"):
        return grade_choice(TRUE_FALSE, (answer,), text).outcome == "correct"
    if answer.startswith("="):
        return grade_number((answer[1:],), text).outcome == "correct"
    return not answer or stated_answer(text) == answer


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_hundred_statements_are_read(language: str):
    wrong = [row for row in rows(language) if not is_read(row)]
    assert len(rows(language)) >= 220
    assert len(wrong) <= 0.03 * len(rows(language)), "\n".join(map(str, wrong))
    assert all(row.confidence is not None for row in wrong), "a confidence is read where none is stated"
