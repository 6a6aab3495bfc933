"""StrategyQA: yes or no questions whose steps of reasoning are not named in the question.

Geva et al. 2021, "Did Aristotle Use a Laptop? A Question Answering Benchmark with Implicit Reasoning Strategies" (arXiv
2101.02235). The authors' development set of 229 questions (107 yes), asked without facts or decomposition and scored by
accuracy, as in the paper. The labels of their test set are not public. Questions about one term share a cluster.

Copies on the hub and in BIG-bench split the authors' 2,290 labelled questions differently, so a local file is needed,
and numbers for those are not comparable.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Source, open_rows, text_field, with_training
from calibench.tasks.grading.choice import YES_NO, by_label

SOURCE = Source(
    task="strategyqa",
    file="strategyqa/dev.json",
    layout="array",
    sha256="0d94842ffb022db8fd5ecd2168b785d5cf67f6faf64f665476bad544a3eb9dde",
    publisher="https://github.com/eladsegal/strategyqa, data/strategyqa/dev.json",
    hub=None,
)


TRAINING = SOURCE._replace(
    file="strategyqa/train.json",
    sha256="0f72560b8a6fad3db847d2f1a7524fb087297843bb45a8d3245ffd68cbe0de12",
    publisher="https://github.com/eladsegal/strategyqa, data/strategyqa/train.json",
)


def to_question(row: dict, place: str, split: str = "dev") -> Question:
    answer = row.get("answer")
    if not isinstance(answer, bool):
        raise DataError(f"{place}: expected true or false in the field 'answer', found {answer!r:.80}")
    return Question(
        task="strategyqa",
        question_id=text_field(row, "qid", place),
        text=text_field(row, "question", place),
        gold=("yes" if answer else "no",),
        domain="reasoning",
        cluster=text_field(row, "term", place),
        split=split,
    )


TASK = Task(
    name="strategyqa",
    domain="reasoning",
    description="Questions that take several steps of reasoning, answered by yes or no (229 questions)",
    instruction="Think step by step whether the answer is yes or no.",
    answer_form='as "Answer: yes" or "Answer: no"',
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    **by_label(lambda _question: YES_NO),
    labels=tuple(label.name for label in YES_NO),
)
TASK = with_training(TASK, TRAINING)
