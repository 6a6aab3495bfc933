"""MATH-500: 500 competition problems of MATH, seven subjects, five levels.

Hendrycks et al. 2021 (arXiv 2103.03874); the 500 are the test split of Lightman et al. 2023, "Let's Verify Step by
Step" (arXiv 2305.20050). Graded by Math-Verify.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Hub, Source, open_rows, text_field
from calibench.tasks.grading.math import GRADER, grade_math

SOURCE = Source(
    task="math500",
    file="math500/test.jsonl",
    layout="lines",
    sha256="35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132",
    publisher="https://github.com/openai/prm800k, prm800k/math_splits/test.jsonl",
    hub=Hub("HuggingFaceH4/MATH-500", None, "test"),
)


def to_question(row: dict, place: str) -> Question:
    level = row.get("level")
    if not isinstance(level, int) or not 1 <= level <= 5:
        raise DataError(f"{place}: expected a level from 1 to 5, found {level!r:.80}")
    return Question(
        task="math500",
        question_id=text_field(row, "unique_id", place),
        text=text_field(row, "problem", place),
        gold=(text_field(row, "answer", place),),
        domain="math",
        subject=text_field(row, "subject", place),
        level=level,
        split="test",
    )


TASK = Task(
    name="math500",
    domain="math",
    description="Competition mathematics, answered by an expression (500 questions)",
    instruction="Solve the problem step by step. The answer is a number or an expression in LaTeX.",
    answer_form="in \\boxed{}",
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    grade=lambda question, answer_text: grade_math(question.gold, answer_text),
    grader=GRADER,
    gold_text=lambda question: [f"Answer: ${gold}$" for gold in question.gold],
    wrong_text=lambda question: "Answer: $987654321.5$",
    levels=(1, 2, 3, 4, 5),
)
