"""Finds where a generation's reasoning begins and ends.

A closing tag ends it and opening tags inside it are text, so that nesting, a repeated opening tag and an
opening tag in the prompt need no counting. A closing tag without an opening makes everything before it reasoning.

What follows an opening tag that is never closed is reasoning, up to an answer (by the rule of
`calibench.tasks.grading.answer`) that nothing but a confidence follows where the model ended its turn by itself: it
forgot the closing tag.
"""

from __future__ import annotations

import re

from calibench.prompting.text import blank
from calibench.tasks.grading.answer import stated

_TAG = re.compile(r"<(/?)(?i:(?:seed:)?(?:think|thinking|thoughts?|reasoning))>|\[(/?)THINK\]|◁(/?)think▷")
_ANALYSIS = re.compile(r"(?is)<analysis>(?:(?!<analysis>).)*</analysis>")
_CONFIDENCE_BEFORE = re.compile(r"(?i)<confidence>[^<\n]{1,30}</confidence>\s{0,3}\Z")
_ONLY_CONFIDENCE = re.compile(r"(?i)\W*(?:<?(?:confidence|probability)\b[^\n]{0,60}\s*\W{0,4}){0,3}")


def reasoning_blocks(text: str, opened: bool, at_limit: bool) -> tuple[list[tuple[int, int]], bool]:
    """Spans of the reasoning, tags included, and whether the last one does not end.

    Args:
        text: the output as decoded.
        opened: the prompt opened the reasoning, so that text starts inside it.
        at_limit: the token limit ended the text.
    """
    blocks: list[tuple[int, int]] = []
    start = 0 if opened else None
    for tag in _TAG.finditer(text):
        closing = any(tag.groups())
        if closing and start is None:
            blocks = [(0, tag.end())]
        elif closing:
            blocks.append((start, tag.end()))
            start = None
        elif start is None:
            start = tag.start()
    if start is None:
        return blocks, False
    final = None if at_limit else _final_answer(text, start)
    return ([*blocks, (start, final)], False) if final is not None else ([*blocks, (start, len(text))], True)


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
