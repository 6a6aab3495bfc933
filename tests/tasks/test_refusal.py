"""Refusals in twelve languages, and answers that resemble them, against a table that is split by the texts' hashes.

The rules were written on the texts whose SHA-256 begins with an even byte. Of the others only counts were looked at.
"""

from __future__ import annotations

import hashlib
import json
import time
from itertools import islice
from pathlib import Path

import pytest

from calibench import tasks
from calibench.prompting.parsing import parse
from calibench.tasks.grading.refusal import is_refusal

TABLE = Path(__file__).parent / "cases/refusals.tsv"
ROWS = [tuple(line.split("\t")) for line in TABLE.read_text().splitlines()[1:]]
HELD_OUT = {text for _, _, text in ROWS if hashlib.sha256(text.encode()).digest()[0] % 2}
LANGUAGES = {language for language, _, _ in ROWS}


@pytest.mark.parametrize("held_out", [False, True])
def test_refusals_are_found(held_out: bool):
    texts = [text for _, kind, text in ROWS if kind == "refusal" and (text in HELD_OUT) == held_out]
    missed = [text for text in texts if not is_refusal(text)]
    assert len(texts) > 300
    assert len(missed) <= 0.03 * len(texts), missed


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_refusals_that_are_found(language: str):
    texts = [text for of, kind, text in ROWS if kind == "refusal" and of == language]
    missed = [text for text in texts if not is_refusal(text)]
    assert len(texts) >= 50
    assert len(missed) <= 0.06 * len(texts), missed


def test_answers_that_hedge_or_resemble_refusals_are_answers():
    texts = [text for _, kind, text in ROWS if kind == "answer"]
    taken = [text for text in texts if is_refusal(text)]
    assert len(taken) <= 0.05 * len(texts), taken


@pytest.mark.data
@pytest.mark.parametrize("name", ["gsm8k", "math500", "creak", "fever", "popqa", "triviaqa", "strategyqa"])
def test_no_gold_answer_is_a_refusal(name: str, benchmark_data: Path):
    task = tasks.load(name)
    questions = (task.to_question(row, place) for place, row in islice(task.open(str(benchmark_data)).rows, 500))
    golds = [text for question in questions if question for text in task.gold_text(question)]
    refused = [text for text in golds if is_refusal(text)]
    assert len(refused) <= 0.002 * len(golds), refused


@pytest.mark.data
def test_recorded_solutions_are_no_refusals(benchmark_data: Path):
    """One of the 757 answers that a triangle's area cannot be determined."""
    lines = (benchmark_data / "recorded/math_graded.jsonl").read_text().splitlines()
    parsed = [
        parse(json.loads(line)["text"], reasoning_opened=False, scale="percent", finish_reason="stop") for line in lines
    ]
    assert sum(is_refusal(p.answer_text) for p in parsed) <= 1


@pytest.mark.parametrize("unit", ["not ", ", ", "I don't know ", "without ", "不能", "수 없", "नहीं ", "nicht ", ". "])
def test_long_texts_take_little_time(unit: str):
    started = time.process_time()
    is_refusal("Answer: " + unit * 5000)
    assert time.process_time() - started < 2
