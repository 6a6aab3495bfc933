"""GSM8K: grade-school word problems with one number as the answer.

Cobbe et al. 2021, "Training Verifiers to Solve Math Word Problems" (arXiv 2110.14168). The gold answer follows `####
` in the published solution. Compared as exact numbers; the reference implementation compares the strings after `####
`.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Hub, Source, content_id, open_rows, text_field, with_training
from calibench.tasks.grading.number import GRADER, grade_number, read_number

SOURCE = Source(
    task="gsm8k",
    file="gsm8k/test.jsonl",
    layout="lines",
    sha256="3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
    publisher="https://github.com/openai/grade-school-math, grade_school_math/data/test.jsonl",
    hub=Hub("openai/gsm8k", "main", "test"),
)


TRAINING = SOURCE._replace(
    file="gsm8k/train.jsonl",
    sha256="17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465",
    publisher="https://github.com/openai/grade-school-math, grade_school_math/data/train.jsonl",
    hub=Hub("openai/gsm8k", "main", "train"),
)


def to_question(row: dict, place: str, split: str = "test") -> Question:
    text = text_field(row, "question", place)
    _, mark, gold = text_field(row, "answer", place).rpartition("#### ")
    if not mark or read_number(gold) is None:
        raise DataError(f"{place}: expected a solution that ends in '#### NUMBER', found {row['answer'][-80:]!r}")
    return Question(
        task="gsm8k", question_id=content_id(text), text=text, gold=(gold.strip(),), domain="math", split=split
    )


TASK = Task(
    name="gsm8k",
    domain="math",
    description="Grade-school word problems, answered by a number (1,319 questions)",
    instruction="Solve the problem step by step. The answer is a number.",
    answer_form="in \\boxed{}",
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    grade=lambda question, answer_text: grade_number(question.gold, answer_text),
    grader=GRADER,
    gold_text=lambda question: [f"Answer: {gold}" for gold in question.gold],
    wrong_text=lambda question: f"Answer: {(read_number(question.gold[0]) or 0) + 1}",
)
TASK = with_training(TASK, TRAINING)
