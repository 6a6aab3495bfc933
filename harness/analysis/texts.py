"""What a report quotes of a run's texts: confident errors, tasks that can hardly be read, and a sample to browse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calibench.records import WORDING
from calibench.results import UNREAD, AnswerSample, GalleryItem, ReadingItem, SampledAnswer, UnreadItem
from calibench.store import RunFile

if TYPE_CHECKING:
    import pandas as pd

_GALLERY_PER_METHOD = 5
_UNREAD_PER_TASK = 3
_MOSTLY = 0.5
"""Share of a task's generations without a readable answer from which on it has examples of them."""
_SAMPLED = 3000
"""Answers of a sample to browse; a page has room for no more texts."""
_DRAW = ["task", "protocol", "question_id", "draw"]


def confident_errors(run: RunFile, frame: pd.DataFrame) -> tuple[GalleryItem, ...]:
    """The most confident errors of each task, protocol and method; ties in the order of question ids."""
    wrong = frame[(frame["outcome"] == "incorrect") & frame["value"].notna()]
    order = wrong.sort_values(
        ["task", "protocol", "method", "value", "question_id", "draw"], ascending=[True, True, True, False, True, True]
    )
    items = []
    for row in order.groupby(["task", "protocol", "method"]).head(_GALLERY_PER_METHOD).itertuples():
        question = run.question(row.task, row.question_id)
        generation = run.draws(row.task, row.question_id, row.protocol)[row.draw]
        items.append(
            GalleryItem(
                task=row.task,
                question_id=row.question_id,
                protocol=row.protocol,
                draw=row.draw,
                method=row.method,
                confidence=row.value,
                question=question.text,
                choices=question.choices,
                gold=question.gold,
                answer=row.answer if isinstance(row.answer, str) else None,
                reasoning=generation.reasoning,
                text=generation.text,
            )
        )
    return tuple(items)


def unread(run: RunFile, frame: pd.DataFrame) -> tuple[UnreadItem, ...]:
    """What was written on the first questions without a readable answer, of each task that mostly has none."""
    items = []
    draws = frame.drop_duplicates(["task", "protocol", "question_id", "draw"])
    for (task, protocol), rows in draws.groupby(["task", "protocol"], sort=True):
        without = rows[rows["outcome"].isin(UNREAD)]
        if len(without) < _MOSTLY * len(rows):
            continue
        for row in without.drop_duplicates("question_id").head(_UNREAD_PER_TASK).itertuples():
            items.append(
                UnreadItem(
                    task=task,
                    question_id=row.question_id,
                    protocol=protocol,
                    draw=row.draw,
                    outcome=row.outcome,
                    question=run.question(task, row.question_id).text,
                    text=run.draws(task, row.question_id, protocol)[row.draw].text,
                )
            )
    return tuple(items)


def sample(run: RunFile, frame: pd.DataFrame) -> AnswerSample:
    """Answers with all that is known of them: of each task, outcome and tenth of the confidence about as many.

    The confidence is that of the first method by name. Which answers of a kind are taken depends on their key alone.
    """
    from pandas.util import hash_pandas_object

    rows = frame[[*_DRAW, "outcome", "value"]].drop_duplicates(_DRAW)  # methods lie by name
    tenth = (rows["value"] * 10).fillna(-1).astype(int).clip(upper=9)
    kind = rows.assign(tenth=tenth).groupby(["task", "protocol", "outcome", "tenth"]).ngroup()
    rows = rows.assign(kind=kind, place=hash_pandas_object(rows[_DRAW], index=False)).sort_values("place")
    turn = rows.groupby("kind").cumcount()
    chosen = rows.assign(turn=turn).sort_values(["turn", "kind"]).head(_SAMPLED)
    items = tuple(_sampled(run, *key) for key in chosen[_DRAW].itertuples(index=False, name=None))
    return AnswerSample(items=items, n_total=len(rows), methods=tuple(sorted({*frame["method"]} - {"none"})))


def _sampled(run: RunFile, task: str, protocol: str, question_id: str, draw: int) -> SampledAnswer:
    question = run.question(task, question_id)
    generation, grade, readings = run.answer(task, question_id, protocol, draw)
    return SampledAnswer(
        task=task,
        question_id=question_id,
        protocol=protocol,
        draw=draw,
        question=question.text,
        choices=question.choices,
        gold=question.gold,
        outcome=grade.outcome,
        answer=grade.answer,
        grader=grade.grader,
        detail=grade.detail,
        reasoning=generation.reasoning,
        text=generation.text,
        tokens=_tokens(generation.reasoning_tokens, generation.answer_tokens),
        readings=tuple(
            ReadingItem(method=reading.method, value=reading.value, status=reading.status, raw=reading.raw)
            for reading in readings
            if WORDING not in reading.method
        ),
    )


def _tokens(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
