"""Many texts that a worker parses and grades in one go: what becomes of each is what becomes of it alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from calibench.grading.pool import GradingPool, TextToRead
from calibench.prompting.parsing import parse
from calibench.records import MACHINE, Question
from calibench.tasks.base import Verdict

GRADER = """
import os, signal
from calibench.records import Question
from calibench.tasks.base import Rows, Task, Verdict

def grade(question, answer_text):
    said = answer_text.removeprefix("Answer: ")
    if said == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if said == "raise":
        raise ValueError("no such answer")
    while said == "loop":
        pass
    return Verdict("correct" if said in question.gold else "incorrect", said)

TASK = Task(
    name="strict", domain="math", description="", instruction="", open=lambda data: Rows((), "", ""),
    to_question=lambda row, place: None, grade=grade, grader="strict/1", gold_text=lambda question: [],
    wrong_text=lambda question: "",
)
"""
HOW = {"reasoning_opened": False, "scale": "percent", "finish_reason": "length"}


@pytest.fixture
def task(tmp_path: Path) -> str:
    (tmp_path / "strict.py").write_text(GRADER)
    return f"file:{tmp_path / 'strict.py'}"


def asked(task: str | None, text: str) -> TextToRead:
    question = Question(task=task or "x", question_id="q", text="?", gold=("1",), domain="math", split="test")
    return TextToRead(text, HOW, task, question)


def read(task: str, *texts: TextToRead, seconds: float = 60) -> list[Verdict | None]:
    with GradingPool(2, seconds, [task]) as pool:
        found = asyncio.run(pool.read(texts))
    assert [parsed for parsed, _ in found] == [parse(each.text, **each.how) for each in texts]
    return [verdict for _, verdict in found]


def test_each_is_parsed_and_graded_and_none_that_is_cut_or_that_nothing_grades(task):
    texts = [asked(task, f"Answer: {said}\nConfidence: 9%\n") for said in (1, 2)]
    texts += [asked(task, "Answer: 1"), asked(None, "Answer: 1\nConfidence: 9%\n")]
    assert read(task, *texts) == [("correct", "1", None), ("incorrect", "2", None), None, None]


@pytest.mark.parametrize(
    ("said", "seconds", "detail"),
    [
        ("die", 60, f"{MACHINE}grading worker died twice (signal 9)"),
        ("loop", 0.2, f"{MACHINE}grader out of time twice (0.2 s of processor time)"),
        ("raise", 60, "task strict (strict.py, line 11): ValueError: no such answer"),
    ],
)
def test_one_that_a_grader_fails_on_costs_no_other_its_verdict(task, said, seconds, detail):
    texts = [asked(task, f"Answer: {each}\nConfidence: 9%\n") for each in (1, said, 2)]
    found = read(task, *texts, seconds=seconds)
    assert found == [("correct", "1", None), ("failed", None, detail), ("incorrect", "2", None)]
