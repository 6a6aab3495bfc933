"""SciFact: scientific claims that abstracts of papers support or contradict, asked without the abstracts.

Wadden et al. 2020, "Fact or Fiction: Verifying Scientific Claims" (arXiv 2004.14974), its development set. As in
`fever`, claims without evidence are left out by design: that label says what the retrieved abstracts lack. The paper's
scores also ask for abstracts and sentences, of which there are none here. The loader is tested on rows of this
project's own in the published form: see `tests/tasks/rows`.

Claims with evidence in the same abstract share a cluster: many are written in pairs, one the other's denial.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Source, open_rows, text_field, with_training
from calibench.tasks.grading.choice import Label, by_label

SOURCE = Source(
    task="scifact",
    file="scifact/claims_dev.jsonl",
    layout="lines",
    sha256=None,
    publisher="https://github.com/allenai/scifact, data.tar.gz, claims_dev.jsonl",
    hub=None,
)

LABELS = (
    Label("SUPPORT", ("supports", "supported", "true", "correct", "accurate"), ("yes", "right"), True),
    Label(
        "CONTRADICT",
        ("contradicts", "contradicted", "refuted", "false", "incorrect", "inaccurate"),
        ("no", "wrong"),
        False,
    ),
)


def to_question(row: dict, place: str, split: str = "dev") -> Question | None:
    evidence = row.get("evidence")
    if not isinstance(evidence, dict):
        raise DataError(f"{place}: expected sets of sentences by abstract in 'evidence', found {evidence!r:.80}")
    if not evidence:
        return None
    try:
        found = {part["label"] for parts in evidence.values() for part in parts}
    except (KeyError, TypeError) as error:
        raise DataError(f"{place}: expected a label with each set of sentences, found {evidence!r:.80}") from error
    if len(found) != 1 or not found <= {label.name for label in LABELS}:
        raise DataError(
            f"{place}: expected one of SUPPORT and CONTRADICT in 'evidence', found {sorted(map(str, found))}"
        )
    if not isinstance(row.get("id"), int):
        raise DataError(f"{place}: expected a number in the field 'id', found {row.get('id')!r:.80}")
    return Question(
        task="scifact",
        question_id=str(row["id"]),
        text=text_field(row, "claim", place),
        gold=tuple(found),
        domain="fact",
        cluster=min(evidence),
        split=split,
    )


TASK = with_training(
    Task(
        name="scifact",
        domain="fact",
        description="Scientific claims, answered by SUPPORT or CONTRADICT (188 questions)",
        instruction="Does the scientific literature support or contradict this claim?",
        answer_form='as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)',
        open=lambda data: open_rows(SOURCE, data),
        to_question=to_question,
        **by_label(lambda _question: LABELS),
        labels=tuple(label.name for label in LABELS),
    ),
    SOURCE._replace(file="scifact/claims_train.jsonl"),
)
