"""Which answers to a question say the same, by the rule of its grader and without looking at the gold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calibench.grading.pool import GradingPool
from calibench.tasks.grading import same_text

if TYPE_CHECKING:
    import pandas as pd


def answer_classes(frame: pd.DataFrame, pool: GradingPool) -> tuple[list[str | None], int]:
    """The class of each row's answer, None where it has none, and for how many questions the rule gave up.

    Args:
        frame: rows of `RunFile.frame`.
        pool: where the rules are applied.
    """
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
