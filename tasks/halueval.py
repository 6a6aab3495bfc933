"""HaluEval, general part: does ChatGPT's response to a user's request contain hallucinated content?

Li et al. 2023, "HaluEval: A Large-Scale Hallucination Evaluation Benchmark for Large Language Models" (arXiv
2305.11747). People judged the responses; hallucinated means unverifiable, false or irrelevant. Scored by accuracy,
as in the paper, whose prompt adds long explanations and examples.

815 of the 4,507 responses are hallucinated (18.1 %), and all are asked: who always answers no is right in 81.9 %, so
read accuracy, Brier score and ECE against that. Ids are made of request and response, as the publisher's are not
unique: two rows have the id "ID".
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Hub, Source, content_id, open_rows, text_field
from calibench.tasks.grading.choice import Label, by_label

SOURCE = Source(
    task="halueval",
    file="halueval/general_data.json",
    layout="lines",
    sha256="73302cd97666b808fb94b5d8a4a2c924049c9484e609017a2f808c4a6d539219",
    publisher="https://github.com/RUCAIBox/HaluEval, data/general_data.json",
    hub=Hub("pminervini/HaluEval", "general", "data"),
)

LABELS = (Label("yes", ("hallucinated",), ("y",), yes=True), Label("no", (), ("n",), yes=False))
"""True and false are no synonyms: they may speak of the response."""


def to_question(row: dict, place: str) -> Question:
    label = text_field(row, "hallucination", place)
    if label not in ("yes", "no"):
        raise DataError(f"{place}: expected 'yes' or 'no' in the field 'hallucination', found {label!r:.80}")
    request, response = text_field(row, "user_query", place), text_field(row, "chatgpt_response", place)
    return Question(
        task="halueval",
        question_id=content_id(request, response),
        text=f"Request:\n{request}\n\nResponse:\n{response}",
        gold=(label,),
        domain="fact",
        split="data",
    )


TASK = Task(
    name="halueval",
    domain="fact",
    description="Responses of a chat model, hallucinated or not, answered by yes or no (4,507 questions)",
    instruction=(
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the request?"
    ),
    answer_form='as "Answer: yes" (it does) or "Answer: no" (it does not)',
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    **by_label(lambda _question: LABELS),
    labels=tuple(label.name for label in LABELS),
)
