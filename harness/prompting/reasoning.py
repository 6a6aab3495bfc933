"""Finds where a generation's reasoning begins and ends.

The markup is that of every family of `calibench.prompting.markup`, and what the checkpoint itself declares.

A closing tag of the same family ends it, and opening tags inside it are text, so that nesting, a repeated opening tag
and an opening tag in the prompt need no counting. A closing tag without an opening makes everything before it
reasoning, but for one at the text's end below an answer, which is a stray. A tag in quotes is a word.

What follows an opening tag that is never closed is reasoning, up to an answer (by the rule of
`calibench.tasks.grading.answer`) that nothing but a confidence follows where the model ended its turn by itself: it
forgot the closing tag.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from calibench.prompting.markup import Markup, families, found_tags, tags
from calibench.prompting.text import blank
from calibench.prompting.turns import opening_markup
from calibench.tasks.grading.answer import stated

_QUOTES = ("``", '""', "''", "“”", "‘’")
_ANALYSIS = re.compile(r"(?is)<analysis>(?:(?!<analysis>).)*</analysis>")
_CONFIDENCE_BEFORE = re.compile(r"(?i)<confidence>[^<\n]{1,30}</confidence>\s{0,3}\Z")
_ONLY_CONFIDENCE = re.compile(
    r"(?i)\W*+(?:<?(?:confidence|probability)\b(?:(?!(?:confidence|probability)\b)[^\n]){0,60}+\s*+\W{0,4}+){0,6}+"
)


class Reasoning(NamedTuple):
    """Where the reasoning stands."""

    blocks: list[tuple[int, int]]
    """Its spans, tags included."""
    unclosed: bool
    """The last one does not end."""
    stray: tuple[int, int] | None
    """A closing tag that ends no reasoning."""
    opening: str | None = None
    """The opening tag of the last one, if that does not end and the text has its tag."""


def find_reasoning(text: str, opened: bool, at_limit: bool, declared: Markup | None = None) -> Reasoning:
    """The reasoning of one generation.

    Args:
        text: the output as decoded.
        opened: the prompt opened the reasoning, so that text starts inside it.
        at_limit: the token limit ended the text.
        declared: what the checkpoint says about its markup.
    """
    known = families(declared)
    blocks: list[tuple[int, int]] = []
    start, opening, family, last = 0 if opened else None, None, None, len(text.rstrip())
    for tag in found_tags(text, declared):
        if text[tag.start() - 1 : tag.start()] + text[tag.end() : tag.end() + 1] in _QUOTES:
            continue
        side, _, name = str(tag.lastgroup).partition("_")
        if side == "open":
            if start is None:
                start, opening, family = tag.start(), tag[0], name
        elif start is not None:
            if name == family or (family is None and known[name].unopened != "never"):
                blocks.append((start, tag.end()))
                start = None
        elif known[name].unopened != "anywhere":
            continue
        elif tag.end() == last and (blocks or not opened) and _answers(text, blocks, tag.start()):
            return Reasoning(blocks, False, tag.span())
        else:
            blocks = [(0, tag.end())]
    if start is None:
        return Reasoning(blocks, False, None)
    final = None if at_limit else _final_answer(text, start)
    end = len(text) if final is None else final
    return Reasoning([*blocks, (start, end)], final is None, None, opening)


def _answers(text: str, blocks: list[tuple[int, int]], end: int) -> bool:
    """Whether an answer is stated between the reasoning and `end`."""
    reply = text[blocks[-1][1] if blocks else 0 : end]
    answer = stated(reply[opening_markup(reply) :])
    return answer is not None and answer.labelled


def without_tags(text: str, declared: Markup | None = None) -> str:
    return tags(declared).sub("", text)


def _final_answer(text: str, start: int) -> int | None:
    """Where an answer that ends the text begins, behind `start`."""
    outside = blank(text, [analysis.span() for analysis in _ANALYSIS.finditer(text)])
    final = stated(outside)
    if not final or not final.labelled or final.label < start:
        return None
    if not _ONLY_CONFIDENCE.fullmatch(outside, final.close or len(text)):
        return None
    before = _CONFIDENCE_BEFORE.search(outside, max(start, final.label - 60), final.label)
    return before.start() if before else final.label
