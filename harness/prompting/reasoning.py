"""Finds where a generation's reasoning begins and ends.

Known markup: `<think>` and its kin, `[THINK]`, gpt-oss's channels (also as they are left when special tokens are taken
away: `analysis...assistantfinal...`), and that of Cohere, Gemma, Granite, Kimi and OpenThinker.

A closing tag ends it and opening tags inside it are text, so that nesting, a repeated opening tag and an
opening tag in the prompt need no counting. A closing tag without an opening makes everything before it reasoning, but
for one at the text's end below an answer, which is a stray. A tag in quotes is a word.

What follows an opening tag that is never closed is reasoning, up to an answer (by the rule of
`calibench.tasks.grading.answer`) that nothing but a confidence follows where the model ended its turn by itself: it
forgot the closing tag.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from calibench.prompting.text import blank
from calibench.tasks.grading.answer import stated

_NAME = r"(?i:(?:(?:seed:|mm:|ifm\|)?think(?:ing|_fast(?:er)?)?|thoughts?|reasoning))"
_TAG = re.compile(
    rf"(?P<close></{_NAME}>|\[/THINK\]|◁/think▷|<\|END_THINKING\|>|<\|end_of_thought\|>"
    r"|<\|close\|>[ ]?think[ ]?<\|sep\|>|<channel\|>"
    r"|(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final[^<\n]{0,40}<\|message\|>|assistantfinal(?=\S)"
    r"|(?P<response>Here(?:'s| is) my response:))"
    rf"|<{_NAME}>|\[THINK\]|◁think▷|<\|START_THINKING\|>|<\|begin_of_thought\|>|<\|open\|>[ ]?think[ ]?<\|sep\|>"
    r"|<\|channel>thought|(?:<\|start\|>assistant)?<\|channel\|>analysis[^<\n]{0,40}<\|message\|>|\Aanalysis(?=[A-Z\d(\\])"
    r"|(?P<thought>\A\s{0,8}Here(?:'s| is) my thought process:)"
)
_QUOTES = ("``", '""', "''", "“”", "‘’")
_ANALYSIS = re.compile(r"(?is)<analysis>(?:(?!<analysis>).)*</analysis>")
_CONFIDENCE_BEFORE = re.compile(r"(?i)<confidence>[^<\n]{1,30}</confidence>\s{0,3}\Z")
_ONLY_CONFIDENCE = re.compile(r"(?i)\W*(?:<?(?:confidence|probability)\b[^\n]{0,60}\s*\W{0,4}){0,3}")


class Reasoning(NamedTuple):
    """Where the reasoning stands."""

    blocks: list[tuple[int, int]]
    """Its spans, tags included."""
    unclosed: bool
    """The last one does not end."""
    stray: tuple[int, int] | None
    """A closing tag that ends no reasoning."""


def find_reasoning(text: str, opened: bool, at_limit: bool) -> Reasoning:
    """The reasoning of one generation.

    Args:
        text: the output as decoded.
        opened: the prompt opened the reasoning, so that text starts inside it.
        at_limit: the token limit ended the text.
    """
    blocks: list[tuple[int, int]] = []
    start, granite, last = 0 if opened else None, False, len(text.rstrip())
    for tag in _TAG.finditer(text):
        if text[tag.start() - 1 : tag.start()] + text[tag.end() : tag.end() + 1] in _QUOTES:
            continue
        if tag["response"] and not granite:
            continue
        if tag["close"] is None:
            if start is None:
                start, granite = tag.start(), tag["thought"] is not None
        elif start is not None:
            blocks.append((start, tag.end()))
            start = None
        elif tag.end() == last and (blocks or not opened) and _answers(text, blocks, tag.start()):
            return Reasoning(blocks, False, tag.span())
        else:
            blocks = [(0, tag.end())]
    if start is None:
        return Reasoning(blocks, False, None)
    final = None if at_limit else _final_answer(text, start)
    return Reasoning([*blocks, (start, len(text) if final is None else final)], final is None, None)


def _answers(text: str, blocks: list[tuple[int, int]], end: int) -> bool:
    """Whether an answer is stated between the reasoning and `end`."""
    answer = stated(text[blocks[-1][1] if blocks else 0 : end])
    return answer is not None and answer.labelled


def without_tags(text: str) -> str:
    return _TAG.sub("", text)


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
