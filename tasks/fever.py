"""FEVER: claims that Wikipedia supports or refutes, asked without the evidence.

Thorne et al. 2018, "FEVER: a large-scale dataset for Fact Extraction and VERification" (arXiv 1803.05355); the paper's
development set of 9,999 claims. Its 3,333 claims labelled NOT ENOUGH INFO are left out by design: that label says what
a retrieved text lacks, and has no truth that a model could know. The other 6,666 are asked closed-book, half of them
supported, and graded by label accuracy; the paper's FEVER score also asks for the right evidence, of which there is
none here. A model that answers "not enough info" abstains. The confidence asked for is that of the label given.

Claims whose evidence starts on the same Wikipedia page share a cluster (557 of them): they come from the same few
sentences, altered. The 281 rows whose claim occurs more than once agree in it.

The hub has the set as a program, which `datasets` no longer runs, so a local file is needed.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Source, open_rows, text_field
from calibench.tasks.grading.choice import Label, by_label

SOURCE = Source(
    task="fever",
    file="fever/paper_dev.jsonl",
    layout="lines",
    sha256="41158707810008747946bf23471e82df53e77a513524b9e3ec1c2e674ef5ef8c",
    publisher="https://fever.ai, data set FEVER, paper_dev.jsonl",
    hub=None,
)

LABELS = (
    Label("SUPPORTS", ("supported", "true", "correct", "accurate"), ("support", "yes", "right"), True),
    Label("REFUTES", ("refuted", "false", "incorrect", "inaccurate", "untrue"), ("refute", "no", "wrong"), False),
)

_LEFT_OUT = "NOT ENOUGH INFO"


def to_question(row: dict, place: str) -> Question | None:
    label = text_field(row, "label", place)
    if label == _LEFT_OUT:
        return None
    if label not in {known.name for known in LABELS}:
        raise DataError(f"{place}: expected the label SUPPORTS, REFUTES or {_LEFT_OUT}, found {label!r:.80}")
    if not isinstance(row.get("id"), int):
        raise DataError(f"{place}: expected a number in the field 'id', found {row.get('id')!r:.80}")
    return Question(
        task="fever",
        question_id=str(row["id"]),
        text=text_field(row, "claim", place),
        gold=(label,),
        domain="fact",
        cluster=_first_page(row, place),
        split="paper_dev",
    )


def _first_page(row: dict, place: str) -> str:
    """The page of the first sentence of evidence, which is written [annotation, evidence id, page, sentence]."""
    try:
        return row["evidence"][0][0][2]
    except (KeyError, IndexError, TypeError) as error:
        raise DataError(
            f"{place}: expected sets of sentences in the field 'evidence', found {row.get('evidence')!r:.80}"
        ) from error


TASK = Task(
    name="fever",
    domain="fact",
    description="Claims checked against Wikipedia, answered by SUPPORTS or REFUTES (6,666 questions)",
    instruction="Does Wikipedia support or refute this claim?",
    answer_form='as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)',
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    **by_label(lambda _question: LABELS),
    labels=tuple(label.name for label in LABELS),
    broken_gold={
        "129419": "labelled REFUTES, but 37792 and 146011, the same claim with the same evidence page, SUPPORTS; "
        "Janet Leigh was an actress, so a person",
        "519": "the same claim as 54077 with the opposite label; which Civil War is meant is not said",
        "54077": "the same claim as 519 with the opposite label; which Civil War is meant is not said",
    },
)
