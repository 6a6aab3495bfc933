"""The graders, one file per kind of answer; a grader's name starts with that of its file, as `number/1`.

A file may also say when two answers say the same, by a function `answer_classes` of the extracted answers alone: it is
given no question, so neither gold nor tests can enter. It is pure, and may be as slow as the grader. A file whose
grader imports large libraries when it is first called loads them by a function `load_libraries`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any


def answer_classes(grader: str, answers: Sequence[str]) -> list[str]:
    """A key for each answer, equal where two answers say the same; by the grader's rule, else by `same_text`."""
    return (_of_file(grader, "answer_classes") or same_text)(answers)


@functools.cache
def load_libraries(grader: str) -> None:
    """Imports and compiles what the grader would when it is first called, so that no answer's time pays for it."""
    importlib.import_module(f"{__name__}.refusal").patterns()  # which imports this package
    if load := _of_file(grader, "load_libraries"):
        load()


def _of_file(grader: str, function: str) -> Any:
    """The function of the grader's file; None if there is no such file, or it has none."""
    name = grader.partition("/")[0]
    known = name.isidentifier() and find_spec(f"{__name__}.{name}")
    return getattr(importlib.import_module(f"{__name__}.{name}"), function, None) if known else None


def same_text(answers: Sequence[str]) -> list[str]:
    """The rule of labels, letters and unknown graders: answers that differ only in case and spacing are the same."""
    return [" ".join(answer.split()).casefold() for answer in answers]
