"""Labels, numbers in words and digits of twelve languages, against a table that is split by the texts' hashes.

The rules were written on the texts whose SHA-256 begins with an even byte. Of the others only counts were looked at.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from calibench.prompting.parsing import parse
from calibench.tasks.grading.answer import stated_answer
from calibench.tasks.grading.languages import number_of_words

TABLE = Path(__file__).parent / "cases/languages.tsv"
ROWS = [line.replace("\\n", "\n").split("\t") for line in TABLE.read_text().splitlines()[1:]]


def is_held_out(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


def is_read(text: str, answer: str, confidence: str) -> bool:
    parsed = parse(text, reasoning_opened=False, scale="percent", finish_reason="stop")
    expected = None if confidence == "-" else pytest.approx(float(confidence))
    return (stated_answer(parsed.answer_text), parsed.confidence) == (answer, expected)


@pytest.mark.parametrize("held_out", [False, True])
def test_answers_and_confidences_are_read(held_out: bool):
    rows = [row for row in ROWS if is_held_out(row[1].replace("\n", "\\n")) == held_out]
    missed = [row for row in rows if not is_read(*row[1:])]
    assert len(rows) > 150
    assert len(missed) <= 0.03 * len(rows), missed


@pytest.mark.parametrize("language", sorted({row[0] for row in ROWS}))
def test_every_language_is_read(language: str):
    rows = [row for row in ROWS if row[0] == language]
    missed = [row for row in rows if not is_read(*row[1:])]
    assert len(rows) >= 30
    assert len(missed) <= 0.07 * len(rows), missed


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("eighty-five", 85),
        ("siebenundzwanzig", 27),
        ("soixante et onze", 71),
        ("quatre-vingt-dix-neuf", 99),
        ("veintidós", 22),
        ("novantotto", 98),
        ("trinta e um", 31),
        ("сорок два", 42),
        ("九十九", 99),
        ("육십일", 61),
        ("خمسة وأربعون", 45),
        ("निन्यानवे", 99),
        ("elephant", None),
        ("", None),
    ],
)
def test_numbers_in_words(words: str, number: int | None):
    assert number_of_words(words) == number


VERBAL = [line.split("\t") for line in (TABLE.parent / "verbal.tsv").read_text().splitlines()[1:]]


@pytest.mark.parametrize("language", sorted({row[0] for row in VERBAL}))
def test_words_for_confidences_are_read_where_words_were_asked_for(language: str):
    rows = [(text, confidence) for spoken, text, confidence in VERBAL if spoken == language]
    missed = []
    for text, confidence in rows:
        parsed = parse(f"Answer: 4\n{text}", reasoning_opened=False, scale="words", finish_reason="stop")
        if parsed.confidence != (None if confidence == "-" else float(confidence)):
            missed.append((text, parsed.confidence))
    assert len(rows) >= 10
    assert not missed


@pytest.mark.parametrize(
    "text",
    ["The fort is vero similar to a forte.", "Probabile cause aside, sim racing is a sure bet for Certo Inc.",
     "A casi of muy and non sequitur", "Ja Rule, Sicher and Quasimodo"],
)  # fmt: skip
def test_english_with_such_words_in_it_states_no_confidence(text: str):
    for scale in ("words", "percent"):
        parsed = parse(f"{text}\nAnswer: 4", reasoning_opened=False, scale=scale, finish_reason="stop")
        assert (parsed.confidence, parsed.status) == (None, "missing")
