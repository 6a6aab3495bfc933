"""Thinking budgets: a reasoning is cut after so many tokens, or after a share of it, and the answer is read from there.

The chain is what stands between the marks of a reasoning; in a text without marks, what precedes the answer that it
states, or all of it where it states none.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from calibench.errors import InputError
from calibench.prompting.markup import Markup, tags
from calibench.prompting.parsing import Parsed
from calibench.tasks.grading.answer import stated
from calibench.tasks.grading.blocks import blocks, is_python

_WRITTEN = re.compile(r"(?P<tokens>0|[1-9]\d{0,6})|(?P<percent>[1-9]\d?)[ ]?%")


class Budget(NamedTuple):
    """How much of a chain is kept: tokens, or a share of those that it has."""

    tokens: int | None
    percent: int | None
    """1 to 99."""

    def __str__(self) -> str:
        return f"{self.percent}%" if self.tokens is None else str(self.tokens)

    def kept(self, length: int) -> int:
        """How many of a chain's tokens."""
        return math.floor(length * (self.percent or 0) / 100) if self.tokens is None else min(self.tokens, length)


def budget(text: str) -> Budget:
    """The budget that is written as `256` or as `25%`.

    Raises:
        InputError: it is none.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if not found:
        raise InputError(f"budgets: expected tokens, or a share from 1% to 99%, as 0,256,50%; found {text!r:.40}")
    tokens = found["tokens"]
    return Budget(int(tokens), None) if tokens else Budget(None, int(found["percent"]))


def chain(text: str, parsed: Parsed, markup: Markup | None) -> tuple[int, int] | None:
    """From where to where the reasoning goes, without its marks; in characters. None: no marks, and no answer below.

    Args:
        text: of a generation.
        parsed: its parts.
        markup: what the checkpoint says about its reasoning.
    """
    if not parsed.answer_start:
        return (0, begin) if (begin := _answer_begins(text)) is not None else None
    marks = list(tags(markup).finditer(text, 0, parsed.answer_start))
    opened = marks and str(marks[0].lastgroup).startswith("open_") and not text[: marks[0].start()].strip()
    closed = marks and str(marks[-1].lastgroup).startswith("close_") and marks[-1].end() == parsed.answer_start
    return marks[0].end() if opened else 0, marks[-1].start() if closed else parsed.answer_start


def _answer_begins(text: str) -> int | None:
    programs = [block for block in blocks(text) if is_python(block, text)]
    if programs:
        return programs[-1].start
    answer = stated(text)
    return answer.label if answer else None
