"""Finds the fenced code blocks of a text, and hides the programs in them from whatever looks for statements.

A block starts with a line of three or more backticks or tildes, or at a line's end with backticks and `python`; the
language may also stand on the line below the fence. It ends with a line that starts with as many of them, or at the end
of a program's line with backticks; a fence that is set in further within a docstring belongs to the docstring. A block
may lack its end. A line `Confidence: 90%` at the end of a program is no part of it, and a program that lacks its end
ends there.

The form of the MBPP paper, `[BEGIN]` and `[DONE]`, is left to the grader of programs.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import NamedTuple

_OPEN = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}+|~{3,}+)[ \t]*+(?P<language>[\w+.-]*+)(?P<info>[^`\n]*+)\n?\Z")
_OPEN_BEHIND = re.compile(r"(?i)[^`\n]{0,400}\S[ \t]{0,4}(?P<fence>```)[ \t]{0,4}(?P<language>py\w{0,8})[ \t]*\n?\Z")
_CLOSE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)")
_CLOSE_BEHIND = re.compile(r"(?i)(?<=[^`])```(?=[ \t]*(?:\n?\Z|[*_]{0,2}confidence))")
_LANGUAGE_BELOW = re.compile(r"(?i)[ \t]*(py(?:thon3?)?)[ \t]*\n")
"""The language on the line below the fence: no statement of a program, which would only name something."""
_NAMES_LANGUAGE = re.compile(r"[ \t]*[A-Za-z][\w+.-]*[ \t]*")
_QUOTES = re.compile(r'"""|\'\'\'')
_STATEMENT = re.compile(r"(?m)^(?:def|class|import|from) ")
_CONFIDENCE = re.compile(
    r"(?i)[ \t>*_#-]{0,4}<?(?:(?:my|overall) )?confidence\b[^\n:：=>]{0,30}[*_]{0,2}[:：>][^\n]{0,20}\d[^\n]{0,24}\n?\Z"
)
_UNCLOSED = 4
"""Blocks without an end that are looked for: a bound, as each look reads the rest of the text."""
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
    """The fenced blocks of a text, in its order; found in time linear in its length."""
    if "```" not in text and "~~~" not in text:
        return []
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    starts = [0, *accumulate(map(len, lines))]
    found: list[Block] = []
    i = unclosed = 0
    while i < len(lines) and unclosed < _UNCLOSED:
        if opening := _OPEN.match(lines[i]) or _OPEN_BEHIND.match(lines[i]):
            block, i = _block(lines, starts, i, opening)
            found.append(block)
            unclosed += not block.closed
        else:
            i += 1
    return found


def is_python(block: Block, text: str) -> bool:
    """Whether the block holds a program: it says that it is Python, or does not say, and defines or imports a name."""
    code = text[slice(*block.code)]
    if block.language.startswith("py"):
        return not code.lstrip().startswith("{")  # a dict is data
    return bool(not block.language and _STATEMENT.search(code))


def programs_hidden(text: str) -> str:
    """The text with as many signs that no pattern matches in place of each program."""
    text = text.replace(HIDDEN, "\ufffd")  # what the model wrote hides nothing
    if not (found := blocks(text)):
        return text
    parts, done = [], 0
    for block in found:
        if is_python(block, text):
            start, end = block.code
            end -= text.endswith("\n", start, end)  # the line end before the closing fence stays
            parts += [text[done:start], HIDDEN * (end - start)]
            done = end
    return "".join([*parts, text[done:]])


def _block(lines: list[str], starts: list[int], first: int, opening: re.Match[str]) -> tuple[Block, int]:
    """The block that line `first` opens, and the next line that may open another."""
    language, indent = opening["language"].lower(), opening.groupdict().get("indent") or ""
    content = first + 1
    if not language and content < len(lines) and (below := _LANGUAGE_BELOW.fullmatch(lines[content])):
        language, content = below[1].lower(), content + 1
    program, start = language.startswith("py") or not language, (starts[first], starts[content])
    quote, confidence, trailing = "", None, None
    for i in range(content, len(lines)):
        close = _CLOSE.match(lines[i])
        if close and close["fence"].startswith(opening["fence"]) and not (quote and len(close["indent"]) > len(indent)):
            code = (start[1], starts[i if trailing is None else trailing])
            if _NAMES_LANGUAGE.fullmatch(close["info"]):  # the next block opens before this one was closed
                return Block(start[0], starts[i], code, language, True), i
            return Block(start[0], starts[i] + close.end("fence"), code, language, True), i + 1
        close = _CLOSE_BEHIND.search(lines[i]) if program and not quote else None
        if close and "#" not in lines[i][: close.start()]:
            code = (start[1], starts[i] + close.start())
            return Block(start[0], starts[i] + close.end(), code, language, True), i + 1
        quote = _quote_after(lines[i], quote)
        if program and not quote and _CONFIDENCE.match(lines[i]):
            confidence = i if confidence is None else confidence
            trailing = i if trailing is None else trailing
        elif lines[i].strip():
            trailing = None
    end = len(lines) if confidence is None else confidence
    return Block(start[0], starts[end], (start[1], starts[end]), language, False), end


def _quote_after(line: str, quote: str) -> str:
    """The triple quote that is open behind the line, if one is; `quote` is open before it."""
    for mark in _QUOTES.findall(line):
        quote = mark if not quote else "" if mark == quote else quote
    return quote
