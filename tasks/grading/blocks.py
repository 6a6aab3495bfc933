"""Finds the fenced code blocks of a text, and hides the programs in them from whatever looks for statements.

A block starts with a line of three or more backticks or tildes, ends with a line that starts with the same fence, and
may lack its end. The form of the MBPP paper, `[BEGIN]` and `[DONE]`, is left to the grader of programs.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_FENCED = re.compile(
    r"(?ms)^[ \t]*(?P<fence>```+|~~~+)[ \t]*(?P<language>[\w+.-]*)[^\n]*\n(?P<code>.*?)(?:^[ \t]*(?P=fence)|\Z)"
)
_STATEMENT = re.compile(r"(?m)^(?:def|class|import|from) ")
HIDDEN = "\ufffc"
"""Stands for each character of a program."""


class Block(NamedTuple):
    """One fenced block. Offsets are those of the text."""

    start: int
    end: int
    code: tuple[int, int]
    """Where its content stands, between the lines of the fences."""
    language: str
    """As its first line names it, in lower case; empty if it names none."""
    closed: bool


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a text, in its order."""
    return [
        Block(*match.span(), match.span("code"), match["language"].lower(), match.end() > match.end("code"))
        for match in _FENCED.finditer(text)
    ]


def is_python(block: Block, text: str) -> bool:
    """Whether the block holds a program: it says that it is Python, or does not say, and defines or imports a name."""
    code = text[slice(*block.code)]
    return block.language.startswith("py") or bool(not block.language and _STATEMENT.search(code))


def programs_hidden(text: str) -> str:
    """The text with as many signs that no pattern matches in place of each program."""
    parts, done = [], 0
    for block in blocks(text):
        if is_python(block, text):
            start, end = block.code
            end = max(start, end - block.closed)  # the line end before the closing fence stays
            parts += [text[done:start], HIDDEN * (end - start)]
            done = end
    return "".join([*parts, text[done:]])
