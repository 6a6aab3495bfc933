"""SimpleQA: short questions about facts that have a single answer which does not change.

Wei et al. 2024, "Measuring short-form factuality in large language models" (arXiv 2411.04368). There a language model
says whether an answer is correct, incorrect or not attempted, as the judge of a run does here (`tasks.grading.judge`).
Without one an answer is right if it equals the published one by the rules of `tasks.grading.alias`, and not attempted
(abstained) if it says that it does not know. That takes correct answers in other words for wrong, so that accuracies
are lower than the paper's. The loader is tested on rows of this
project's own in the published form: see `tests/tasks/rows`.
"""

from __future__ import annotations

import ast

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Rows
from calibench.tasks.data import Hub, Source, content_id, open_rows, text_field
from calibench.tasks.triviaqa import TASK as TRIVIAQA

SOURCE = Source(
    task="simpleqa",
    file="simpleqa/simple_qa_test_set.csv",
    layout="csv",
    sha256=None,
    publisher="https://github.com/openai/simple-evals, simple_qa_test_set.csv",
    hub=Hub("basicv8vc/SimpleQA", None, "test"),
)


def to_question(row: dict, place: str) -> Question:
    told = text_field(row, "metadata", place)
    try:
        topic = ast.literal_eval(told)["topic"]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise DataError(f"{place}: expected a dict with a 'topic' in 'metadata', found {told!r:.80}") from error
    return fact("simpleqa", row, place, str(topic))


def fact(task: str, row: dict, place: str, topic: str) -> Question:
    """A row with `problem` and `answer` as a question of the task."""
    text, answer = text_field(row, "problem", place), text_field(row, "answer", place)
    return Question(
        task=task,
        question_id=content_id(text, answer),
        text=text,
        gold=(answer,),
        domain="fact",
        subject=topic,
        split="test",
    )


def noted_rows(source: Source, data: str | None) -> Rows:
    """The rows, and what a reader of their accuracy must know."""
    rows = open_rows(source, data)
    graded = (
        f"{source.task}: only the published answer is right without --judge, where the paper has a judge: accuracies"
        " are lower then"
    )
    return rows._replace(note="; ".join(filter(None, [graded, rows.note])))


TASK = TRIVIAQA._replace(
    name="simpleqa",
    description="Short questions about facts, answered by a name, number or date (4,326 questions)",
    instruction="Answer the question. The answer is a name, a number, a date or a few words.",
    open=lambda data: noted_rows(SOURCE, data),
    to_question=to_question,
)
