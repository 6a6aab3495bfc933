"""Texts in plain characters, and with parts left blank: offsets stay those of the text."""

from __future__ import annotations

import re

# One character for one character, so that offsets stay those of the text.
PLAIN = str.maketrans("０１２３４５６７８９％：．，／＝（）－−＜＞’\u00a0\u202f\u2009", "0123456789%:.,/=()--<>'   ")


def blank(text: str, spans: list[tuple[int, int]]) -> str:
    """Replaces the spans, which may overlap, by as many line ends: offsets stay, and nothing matches across them."""
    parts, done = [], 0
    for start, end in sorted(spans):
        start = max(start, done)
        if start < end:
            parts += [text[done:start], "\n" * (end - start)]
            done = end
    return "".join([*parts, text[done:]])


def unblanked(text: str, visible: str) -> str:
    """The characters of text, and a blank line for all that visible has blanked in a row."""
    return re.sub(
        r"[^\n]+|\n{3,}", lambda seen: "\n\n" if seen[0][0] == "\n" else text[seen.start() : seen.end()], visible
    )
