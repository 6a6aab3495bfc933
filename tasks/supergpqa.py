"""SuperGPQA: graduate-level questions of 285 disciplines with up to ten options.

Du et al. 2025, "SuperGPQA: Scaling LLM Evaluation across 285 Graduate Disciplines" (arXiv 2502.14739). Options stand in
the published order. Levels 1, 2 and 3 are the publisher's easy, middle and hard. The loader is tested on rows of this
project's own in the published form: see `tests/tasks/rows`.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Hub, Source, open_rows, text_field
from calibench.tasks.grading.option import GRADER, grade_option

LETTERS = tuple("ABCDEFGHIJ")
_LEVELS = {"easy": 1, "middle": 2, "hard": 3}

SOURCE = Source(
    task="supergpqa",
    file="supergpqa/SuperGPQA-all.jsonl",
    layout="lines",
    sha256=None,
    publisher="m-a-p/SuperGPQA on the hub, SuperGPQA-all.jsonl",
    hub=Hub("m-a-p/SuperGPQA", None, "train"),
)


def lettered_options(row: dict, field: str, place: str) -> tuple[tuple[str, ...], str]:
    """The texts in a row's `options`, and the letter of one of them in the field of that name."""
    options, letter = row.get("options"), row.get(field)
    if not isinstance(options, list) or not 2 <= len(options) <= len(LETTERS):
        raise DataError(f"{place}: expected 2 to {len(LETTERS)} texts in 'options', found {options!r:.80}")
    if letter not in LETTERS[: len(options)]:
        raise DataError(f"{place}: expected the letter of an option in {field!r}, found {letter!r:.80}")
    return tuple(map(str, options)), letter


def to_question(row: dict, place: str) -> Question:
    choices, letter = lettered_options(row, "answer_letter", place)
    level = row.get("difficulty")
    if not isinstance(level, str) or level not in _LEVELS:
        raise DataError(f"{place}: expected {', '.join(_LEVELS)} in 'difficulty', found {level!r:.80}")
    return Question(
        task="supergpqa",
        question_id=text_field(row, "uuid", place),
        text=text_field(row, "question", place),
        choices=choices,
        gold=(letter,),
        domain="science",
        subject=text_field(row, "discipline", place),
        level=_LEVELS[level],
        split="test",
    )


TASK = Task(
    name="supergpqa",
    domain="science",
    description="Graduate-level questions, answered by the letter of one of up to ten options (26,529 questions)",
    instruction="Think step by step. The answer is the letter of one option.",
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    grade=lambda question, answer_text: grade_option(question.choices, question.gold, answer_text),
    grader=GRADER,
    gold_text=lambda question: [f"Answer: {question.gold[0]}", f"Answer: ({question.gold[0]})"],
    wrong_text=lambda question: f"Answer: {'B' if question.gold == ('A',) else 'A'}",
    labels=LETTERS,
    levels=tuple(_LEVELS.values()),
)
