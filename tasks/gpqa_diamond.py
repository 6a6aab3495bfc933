"""GPQA Diamond: 198 questions of biology, physics and chemistry that experts write and skilled others fail.

Rein et al. 2023, "GPQA: A Graduate-Level Google-Proof Q&A Benchmark" (arXiv 2311.12022). The publisher gives the right
option in a field of its own, so the four are shown in the order of a hash of `SHUFFLE_SEED`, question and option: the
same in every run, on every machine. The order shown is kept in the run file.

The data set is gated, and its publisher asks that its questions be shown nowhere in plain text: keep run files and
reports of it to yourself. The loader is tested on rows of this project's own in the published form: see
`tests/tasks/rows`.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Hub, Source, content_id, open_rows, text_field
from calibench.tasks.grading.option import GRADER, grade_option

SHUFFLE_SEED = "gpqa_diamond/1"
_RIGHT = "Correct Answer"
_WRONG = ("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")

SOURCE = Source(
    task="gpqa_diamond",
    file="gpqa/gpqa_diamond.csv",
    layout="csv",
    sha256=None,
    publisher="https://github.com/idavidrein/gpqa, dataset.zip, or Idavidrein/gpqa on the hub",
    hub=Hub("Idavidrein/gpqa", "gpqa_diamond", "train"),
)


def to_question(row: dict, place: str) -> Question:
    text = text_field(row, "Question", place).strip()
    right, *wrong = (text_field(row, field, place).strip() for field in (_RIGHT, *_WRONG))
    if right in wrong:
        raise DataError(f"{place}: expected four different options, found {right!r:.80} as right and as wrong")
    choices = sorted((right, *wrong), key=lambda option: content_id(SHUFFLE_SEED, text, option))
    return Question(
        task="gpqa_diamond",
        question_id=content_id(text),
        text=text,
        choices=tuple(choices),
        gold=("ABCD"[choices.index(right)],),
        domain="science",
        subject=row.get("High-level domain") or None,
        split="test",
    )


TASK = Task(
    name="gpqa_diamond",
    domain="science",
    description="Graduate-level science, answered by the letter of an option (198 questions)",
    instruction="Think step by step. The answer is the letter of one option.",
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    grade=lambda question, answer_text: grade_option(question.choices, question.gold, answer_text),
    grader=GRADER,
    gold_text=lambda question: [f"Answer: {question.gold[0]}", f"Answer: ({question.gold[0]})"],
    wrong_text=lambda question: f"Answer: {'B' if question.gold == ('A',) else 'A'}",
    labels=tuple("ABCD"),
)
