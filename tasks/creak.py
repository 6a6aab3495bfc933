"""CREAK: true or false claims about entities that take commonsense reasoning as well as facts.

Onoe et al. 2021, "CREAK: A Dataset for Commonsense Reasoning over Entity Knowledge" (arXiv 2109.01653). The
development set; claims about one entity share a cluster. The confidence asked for is that of the label given, not
that of the claim.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Source, open_rows, text_field, with_training
from calibench.tasks.grading.choice import TRUE_FALSE, by_label

SOURCE = Source(
    task="creak",
    file="creak/dev.json",
    layout="lines",
    sha256="de61800bb7d0c07a9d5b8abdf4c1604db21151bdfcb13a284db112a531bf3455",
    publisher="https://github.com/yasumasaonoe/creak, data/creak/dev.json",
    hub=None,
)


TRAINING = SOURCE._replace(
    file="creak/train.json",
    sha256="f71b4fa370bbbd7f4b5fc32b82231c18f9e68911c00fc513be0075dea9b90d90",
    publisher="https://github.com/yasumasaonoe/creak, data/creak/train.json",
)


def to_question(row: dict, place: str, split: str = "dev") -> Question:
    label = text_field(row, "label", place)
    if label not in ("true", "false"):
        raise DataError(f"{place}: expected the label 'true' or 'false', found {label!r:.80}")
    return Question(
        task="creak",
        question_id=text_field(row, "ex_id", place),
        text=text_field(row, "sentence", place),
        gold=(label,),
        domain="fact",
        cluster=text_field(row, "entity", place),
        split=split,
    )


TASK = Task(
    name="creak",
    domain="fact",
    description="Claims about entities, answered by true or false (1,371 questions)",
    instruction="Is this claim true or false?",
    answer_form='as "Answer: true" or "Answer: false"',
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    **by_label(lambda _question: TRUE_FALSE),
    labels=tuple(label.name for label in TRUE_FALSE),
)
TASK = with_training(TASK, TRAINING)
