"""The graders, one file per kind of answer; a grader's name starts with that of its file, as `number/1`.

A file may also say when two answers say the same, by a function `answer_classes` of the extracted answers alone: it is
given no question, so neither gold nor tests can enter. It is pure, and may be as slow as the grader.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.util import find_spec


def answer_classes(grader: str, answers: Sequence[str]) -> list[str]:
    """A key for each answer, equal where two answers say the same; by the grader's rule, else by `same_text`."""
    name = grader.partition("/")[0]
    known = name.isidentifier() and find_spec(f"{__name__}.{name}")
    rule = getattr(importlib.import_module(f"{__name__}.{name}"), "answer_classes", None) if known else None
    return (rule or same_text)(answers)


def same_text(answers: Sequence[str]) -> list[str]:
    """The rule of labels, letters and unknown graders: answers that differ only in case and spacing are the same."""
    return [" ".join(answer.split()).casefold() for answer in answers]
