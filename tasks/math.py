r"""MATH: 5,000 competition problems, seven subjects, five levels.

Hendrycks et al. 2021, "Measuring Mathematical Problem Solving With the MATH Dataset" (arXiv 2103.03874), its test
split. The gold answer is what the last `\boxed{}` of the published solution holds. Graded by Math-Verify; the paper
compares normalised texts, which is stricter. A few problems are of no known level. The loader is tested on rows of this
project's own in the published form: see `tests/tasks/rows`.
"""

from __future__ import annotations

import re

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.data import Hub, Source, content_id, open_rows, text_field, with_training
from calibench.tasks.math500 import TASK as MATH500

_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?:\{|(?P<bare>[^\s{$]+))")
_LEVEL = re.compile(r"Level (?P<level>[1-5?])")
_SUBJECTS = (
    "algebra",
    "counting_and_probability",
    "geometry",
    "intermediate_algebra",
    "number_theory",
    "prealgebra",
    "precalculus",
)

SOURCE = Source(
    task="math",
    file="math/test.jsonl",
    layout="lines",
    sha256=None,
    publisher="https://github.com/hendrycks/math, and EleutherAI/hendrycks_math on the hub",
    hub=Hub("EleutherAI/hendrycks_math", _SUBJECTS, "test"),
)


def to_question(row: dict, place: str, split: str = "test") -> Question:
    level = _LEVEL.fullmatch(text_field(row, "level", place))
    if not level:
        raise DataError(f"{place}: expected 'Level 1' to 'Level 5' in 'level', found {row['level']!r:.80}")
    text, solution = text_field(row, "problem", place), text_field(row, "solution", place)
    gold = last_boxed(solution)
    if not gold:
        raise DataError(f"{place}: expected a \\boxed answer in 'solution', found {solution!r:.80}")
    return Question(
        task="math",
        question_id=content_id(text, solution),
        text=text,
        gold=(gold,),
        domain="math",
        subject=text_field(row, "type", place),
        level=None if level["level"] == "?" else int(level["level"]),
        split=split,
    )


def last_boxed(solution: str) -> str | None:
    r"""What the last `\boxed{}` of a text holds; None if there is none, or it does not end."""
    boxes = list(_BOX.finditer(solution))
    if not boxes or boxes[-1]["bare"]:
        return boxes[-1]["bare"] if boxes else None
    depth, start = 1, boxes[-1].end()
    for mark in re.finditer(r"(?<!\\)[{}]", solution[start:]):
        depth += 1 if mark[0] == "{" else -1
        if not depth:
            return solution[start : start + mark.start()].strip() or None
    return None


TASK = with_training(
    MATH500._replace(
        name="math",
        description="Competition mathematics, answered by an expression (5,000 questions)",
        open=lambda data: open_rows(SOURCE, data),
        to_question=to_question,
    ),
    SOURCE._replace(file="math/train.jsonl", hub=Hub("EleutherAI/hendrycks_math", _SUBJECTS, "train")),
)
