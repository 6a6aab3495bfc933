"""TruthfulQA: questions that many people answer with a misconception, as multiple choice with one true option (MC1).

Lin et al. 2022, "TruthfulQA: Measuring How Models Mimic Human Falsehoods" (arXiv 2109.07958). The paper scores MC1 by
likelihood: an answer counts if, of all options, the true one has the highest probability given the question, and the
model sees no options. Here it sees 2 to 13 lettered options and picks one, as chat models are usually asked, so numbers
are not comparable with the paper's.

The publisher lists the true option first. Options are shown in the order of a hash of `SHUFFLE_SEED`, question and
option: another one for every question, the same in every run, on every machine and for every published order. The order
shown is kept in the run file.

Questions with the same true option share a cluster: "I have no comment." is that of 56, and a model that prefers it is
right on all of them.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Hub, Source, content_id, open_rows, text_field
from calibench.tasks.grading.option import GRADER, grade_option

SHUFFLE_SEED = "truthfulqa/1"

SOURCE = Source(
    task="truthfulqa",
    file="truthfulqa/v0/mc_task.json",
    layout="array",
    sha256="6eb4125d25750c0145c4be2dce00440736684ab6f74ce6bff2139571cc758954",
    publisher="https://github.com/sylinrl/TruthfulQA, data/v0/mc_task.json",
    hub=Hub("truthfulqa/truthful_qa", "multiple_choice", "validation"),
)


def to_question(row: dict, place: str) -> Question:
    text = text_field(row, "question", place)
    truth = _targets(row, place)
    choices = tuple(sorted(truth, key=lambda option: content_id(SHUFFLE_SEED, text, option)))
    (best,) = (option for option in choices if truth[option] == 1)
    return Question(
        task="truthfulqa",
        question_id=content_id(text),
        text=text,
        choices=choices,
        gold=(_letter(choices.index(best)),),
        domain="fact",
        cluster=best,
        split="validation",
    )


def _targets(row: dict, place: str) -> dict[str, int]:
    """Option -> 1 if true, 0 if not: so in the original file; two lists on the hub."""
    targets = row.get("mc1_targets")
    if isinstance(targets, dict) and targets.keys() == {"choices", "labels"}:
        targets = dict(zip(targets["choices"], targets["labels"], strict=False))
    if not isinstance(targets, dict) or len(targets) < 2 or list(targets.values()).count(1) != 1:
        raise DataError(f"{place}: expected options with one true one in 'mc1_targets', found {targets!r:.80}")
    return targets


def _letter(index: int) -> str:
    return chr(ord("A") + index)


def _gold_text(question: Question) -> list[str]:
    option = question.choices[ord(question.gold[0]) - ord("A")]
    return [f"Answer: {question.gold[0]}", f"Answer: ({question.gold[0]}) {option}", f"Answer: {option}"]


TASK = Task(
    name="truthfulqa",
    domain="fact",
    description="Questions that invite misconceptions, answered by the letter of an option (817 questions)",
    instruction="Which option is true? The answer is the letter of one option.",
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    grade=lambda question, answer_text: grade_option(question.choices, question.gold, answer_text),
    grader=GRADER,
    gold_text=_gold_text,
    wrong_text=lambda question: f"Answer: {'B' if question.gold == ('A',) else 'A'}",
    labels=tuple("ABCDEFGHIJKLM"),
)
