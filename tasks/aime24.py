"""AIME 2024: the 30 problems of the American Invitational Mathematics Examination I and II, answered by 0 to 999.

Graded as exact numbers, so that `073`, as the examination writes its answers, is 73. The loader is tested on rows of
this project's own in the published form: see `tests/tasks/rows`.
"""

from __future__ import annotations

import re

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Hub, Source, content_id, open_rows, text_field
from calibench.tasks.grading.number import GRADER, grade_number

_ANSWER = re.compile(r"0*(\d{1,3})(?:\.0)?(?:\^\{?\\circ\}?)?")
"""An integer from 0 to 999; one of 2025 is published as an angle in degrees."""


def aime_task(name: str, year: int, source: Source) -> Task:
    """The task of one year: rows have the fields `problem` and `answer`, in every year."""

    def to_question(row: dict, place: str) -> Question:
        text = text_field(row, "problem", place)
        answer = _ANSWER.fullmatch(str(row.get("answer", "")).strip())
        if not answer:
            raise DataError(f"{place}: expected an integer from 0 to 999 in 'answer', found {row.get('answer')!r:.80}")
        return Question(
            task=name, question_id=content_id(text), text=text, gold=(answer[1],), domain="math", split="test"
        )

    return Task(
        name=name,
        domain="math",
        description=f"Competition mathematics of {year}, answered by an integer from 0 to 999 (30 questions)",
        instruction="Solve the problem step by step. The answer is an integer from 0 to 999.",
        answer_form="in \\boxed{}",
        open=lambda data: open_rows(source, data),
        to_question=to_question,
        grade=lambda question, answer_text: grade_number(question.gold, answer_text),
        grader=GRADER,
        gold_text=lambda question: [f"Answer: {question.gold[0]}", f"Answer: {question.gold[0]:0>3}"],
        wrong_text=lambda question: f"Answer: {int(question.gold[0]) + 1}",
    )


SOURCE = Source(
    task="aime24",
    file="aime24/train.jsonl",
    layout="lines",
    sha256=None,
    publisher="HuggingFaceH4/aime_2024 on the hub, its rows saved as JSON Lines",
    hub=Hub("HuggingFaceH4/aime_2024", None, "train"),
)
TASK = aime_task("aime24", 2024, SOURCE)
