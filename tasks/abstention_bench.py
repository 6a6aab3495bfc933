"""AbstentionBench: questions that have an answer, and others that cannot be answered, where declining is right.

Kirichenko et al. 2025, "AbstentionBench: Reasoning LLMs Fail on Unanswerable Questions" (arXiv 2506.09038), which
brings twenty sets into one form; its program makes the rows, as JSON lines with `question`, `reference_answers` and
`should_abstain`. Further fields are not read. The loader is tested on rows of this project's own in that form: see
`tests/tasks/rows`.

A question that cannot be answered has no right answer: whatever a model answers is incorrect, and `abstained` is what
it should be. Its subject is `unanswerable`, and `answerable` that of the others, so that the `abstained_rate` of the
two subsets are the paper's recall of abstention and the rate of false abstention. There a language model finds out
whether an answer declines; here it does if it says so in the words of `tasks.grading.refusal`. Questions with an answer
of which no reference is published are left out.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Rows
from calibench.tasks.data import Source, content_id, open_rows, text_field
from calibench.tasks.triviaqa import TASK as TRIVIAQA

SOURCE = Source(
    task="abstention_bench",
    file="abstention_bench/test.jsonl",
    layout="lines",
    sha256=None,
    publisher="https://github.com/facebookresearch/AbstentionBench, whose program makes the rows",
    hub=None,
)
_NOTE = (
    "abstention_bench: accuracy counts what cannot be answered as not right, however it is met; whether a model"
    " declines there, and only there, is the abstained_rate of the subjects unanswerable and answerable"
)


def to_question(row: dict, place: str) -> Question | None:
    unanswerable, names = row.get("should_abstain"), row.get("reference_answers")
    if not isinstance(unanswerable, bool):
        raise DataError(f"{place}: expected true or false in the field 'should_abstain', found {unanswerable!r:.80}")
    if names is not None and not (isinstance(names, list) and all(isinstance(n, str) and n.strip() for n in names)):
        raise DataError(f"{place}: expected a list of answers, or null, in 'reference_answers', found {names!r:.80}")
    if not names and not unanswerable:
        return None
    text = text_field(row, "question", place)
    gold = () if unanswerable else tuple(names or ())
    return Question(
        task="abstention_bench",
        question_id=content_id(text, *gold),
        text=text,
        gold=gold,
        domain="fact",
        subject="unanswerable" if unanswerable else "answerable",
        split="test",
    )


def _rows(data: str | None) -> Rows:
    rows = open_rows(SOURCE, data)
    return rows._replace(note="; ".join(filter(None, [_NOTE, rows.note])))


TASK = TRIVIAQA._replace(
    name="abstention_bench",
    description="Questions of which some cannot be answered, where declining is right (any number of questions)",
    instruction="Answer the question in a few words. If it cannot be answered, say that you do not know.",
    open=_rows,
    to_question=to_question,
    judge=None,  # which goes by accepted answers, and what cannot be answered has none
)
