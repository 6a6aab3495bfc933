"""Which answers to a question say the same, for every row of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from calibench.grading.pool import GradingPool
from calibench.records import AnswerClass
from calibench.tasks.grading import same_text

if TYPE_CHECKING:
    import pandas as pd

_KEY = ["task", "protocol", "question_id", "draw"]


def answer_classes(
    frame: pd.DataFrame, pool: GradingPool, stored: Sequence[AnswerClass] = ()
) -> tuple[list[str | None], int]:
    """The class of each row's answer, None where it has none, and for how many questions the rule gave up.

    A task and protocol of whose draws all are stored has those classes, which were read without gold. Of others the
    answers that were graded are compared, by the rule of their grader (`tasks.grading.answer_classes`).

    Args:
        frame: rows of `RunFile.frame`.
        pool: where the rules are applied.
        stored: those of the run file.
    """
    import pandas as pd

    found = pd.Series(None, index=frame.index, dtype=object)
    rest = pd.Series(True, index=frame.index)
    if stored:
        known = {(of.task, of.protocol, of.question_id, of.draw): of.answer_class for of in stored}
        places = list(frame[_KEY].itertuples(index=False, name=None))
        has = pd.Series([place in known for place in places], index=frame.index)
        rest = ~has.groupby([frame["task"], frame["protocol"]]).transform("all")
        classes = [None if (of := known.get(place)) is None else str(of) for place in places]
        found = found.where(rest, pd.Series(classes, index=frame.index, dtype=object))
    compared, given_up = _compared(frame[rest], pool)
    found[rest] = pd.Series(compared, index=frame.index[rest], dtype=object)
    return [None if pd.isna(one) else one for one in found], given_up


def _compared(frame: pd.DataFrame, pool: GradingPool) -> tuple[list[str | None], int]:
    """As `answer_classes`, by the answers that were graded."""
    answers = frame[frame["outcome"].isin(("correct", "incorrect")) & frame["answer"].notna()]
    found: dict[tuple[str, ...], str] = {}
    waiting = []
    for key, rows in answers.groupby(["task", "protocol", "question_id"]):
        texts = sorted(set(rows["answer"]))
        if len(texts) > 1:
            waiting.append((key, texts, pool.answer_classes(rows["grader"].iloc[0], texts)))
        else:
            found |= {(*key, text): text for text in texts}
    given_up = 0
    for key, texts, classes in waiting:
        keys = classes.result()
        given_up += keys is None
        found |= {(*key, text): of for text, of in zip(texts, keys or same_text(texts), strict=True)}
    votes = frame.index.isin(answers.index)
    places = zip(*(frame[column] for column in ("task", "protocol", "question_id", "answer")), strict=True)
    return [found[place] if voting else None for place, voting in zip(places, votes, strict=True)], given_up
