"""MMLU-Pro: questions of 14 subjects with up to ten options, made harder than MMLU's.

Wang et al. 2024, "MMLU-Pro: A More Robust and Challenging Multi-Task Language Understanding Benchmark" (arXiv
2406.01574). Options stand in the published order; the paper shows five worked examples before each question, and none
are shown here. The loader is tested on rows of this project's own in the published form: see `tests/tasks/rows`.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.data import Hub, Source, open_rows, text_field
from calibench.tasks.supergpqa import LETTERS, lettered_options
from calibench.tasks.supergpqa import TASK as SUPERGPQA

SOURCE = Source(
    task="mmlu_pro",
    file="mmlu_pro/test.jsonl",
    layout="lines",
    sha256=None,
    publisher="TIGER-Lab/MMLU-Pro on the hub, split test",
    hub=Hub("TIGER-Lab/MMLU-Pro", None, "test"),
)


def to_question(row: dict, place: str) -> Question:
    choices, letter = lettered_options(row, "answer", place)
    index = row.get("answer_index")
    if index != (expected := LETTERS.index(letter)):
        raise DataError(f"{place}: expected {expected} in 'answer_index', as 'answer' is {letter}, found {index!r:.80}")
    if not isinstance(row.get("question_id"), int):
        raise DataError(f"{place}: expected a number in the field 'question_id', found {row.get('question_id')!r:.80}")
    return Question(
        task="mmlu_pro",
        question_id=str(row["question_id"]),
        text=text_field(row, "question", place),
        choices=choices,
        gold=(letter,),
        domain="science",
        subject=text_field(row, "category", place),
        split="test",
    )


TASK = SUPERGPQA._replace(
    name="mmlu_pro",
    description="Questions of 14 subjects, answered by the letter of one of up to ten options (12,032 questions)",
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    levels=(),
)
