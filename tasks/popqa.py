"""PopQA: questions about entities of high and low popularity, made from 16 relations of Wikidata.

Mallen et al. 2023, "When Not to Trust Language Models" (arXiv 2212.10511). An answer is right if it equals one of the
accepted names; the paper's measure, that the text contains one, is more lenient.

Several entities can have the same name: the 14,267 rows hold 13,068 distinct texts ("Who was the screenwriter for
Pilot?" 40 times), and a model cannot tell which is meant. All rows are asked, as published; rows with the same text
share a cluster. A row's id is made of its text and its accepted names, which the file and the hub share, and of a
count where rows are equal in both (504 rows): equal rows are exchangeable, so the count depends on no order.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Rows, Task
from calibench.tasks.data import Hub, Source, content_id, open_rows, text_field
from calibench.tasks.grading.alias import GRADER, grade_alias
from calibench.tasks.grading.judge import fact_request

SOURCE = Source(
    task="popqa",
    file="popqa/popqa_test.json",
    layout="array",
    sha256="6928a842b1bdefa1b41b0053e035fb74504aa3729b71e8a268dcaaa42cbfc3ec",
    publisher="https://github.com/shichengf/CorVer, data/popqa_test.json (made from akariasai/PopQA on the hub)",
    hub=Hub("akariasai/PopQA", None, "test"),
)

_RELATIONS = {
    "occupation": "occupation?",
    "place of birth": "In what city was ",
    "genre": "What genre is ",
    "father": "Who is the father of ",
    "mother": "Who is the mother of ",
    "country": "In what country is ",
    "producer": "Who was the producer of ",
    "director": "Who was the director of ",
    "capital of": "the capital of?",
    "screenwriter": "Who was the screenwriter for ",
    "composer": "Who was the composer of ",
    "color": "What color is ",
    "religion": "What is the religion of ",
    "sport": "What sport does ",
    "author": "Who is the author of ",
    "capital": "What is the capital of ",
}
"""Relation -> the words at the start or the end of the question that the publisher makes of it."""


def open_data(data: str | None) -> Rows:
    opened = open_rows(SOURCE, data)
    return opened._replace(rows=_counted(opened.rows))


def to_question(row: dict, place: str) -> Question:
    text = text_field(row, "question", place)
    gold = _accepted(row, place)
    return Question(
        task="popqa",
        question_id=content_id(text, *sorted(set(gold)), *([str(row["copy"])] if row.get("copy") else [])),
        text=text,
        gold=gold,
        domain="fact",
        subject=next((r for r, words in _RELATIONS.items() if text.startswith(words) or text.endswith(words)), None),
        cluster=text,
        split="test",
    )


def _counted(rows: Iterator[tuple[str, dict]]) -> Iterator[tuple[str, dict]]:
    """Adds to each row how many rows equal to it in text and accepted names came before."""
    seen: Counter[str] = Counter()
    for place, row in rows:
        key = content_id(text_field(row, "question", place), *sorted(set(_accepted(row, place))))
        yield place, row | {"copy": seen[key]}
        seen[key] += 1


def _accepted(row: dict, place: str) -> tuple[str, ...]:
    """The accepted names: a list in the original file, a list written as JSON on the hub."""
    names = row.get("aliases", row.get("possible_answers"))
    try:
        names = json.loads(names) if isinstance(names, str) else names
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: expected a JSON list in 'possible_answers', found {names!r:.80}") from error
    if not isinstance(names, list) or not names or not all(isinstance(n, str) and n.strip() for n in names):
        raise DataError(f"{place}: expected a list of names in 'aliases' or 'possible_answers', found {names!r:.80}")
    return tuple(names)


TASK = Task(
    name="popqa",
    domain="fact",
    description="Questions about entities of high and low popularity, answered by a name (14,267 questions)",
    instruction="Answer the question. The answer is a name or a few words.",
    open=open_data,
    to_question=to_question,
    grade=lambda question, answer_text: grade_alias(question.gold, answer_text),
    grader=GRADER,
    gold_text=lambda question: [f"Answer: {gold}" for gold in question.gold],
    wrong_text=lambda question: "Answer: xyzzy",
    judge=fact_request,
)
