"""Texts in plain characters, and with parts left blank: offsets stay those of the text."""

from __future__ import annotations

import re

from calibench.tasks.grading.languages import DIGITS, number_of_words, number_words_before
from calibench.tasks.grading.languages import PERCENT as _PERCENT

# One character for one character, so that offsets stay those of the text.
PLAIN = DIGITS | str.maketrans("％：．，／＝（）－−＜＞’\u00a0\u202f\u2009", "%:.,/=()--<>'   ")


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


_UNIT = re.compile(rf"(?i)(?<=[^\s\d!-/:-@\[-`{{-~])[ ]?(?:%|per ?cent\b|{_PERCENT})")
_LABELLED_WORDS = re.compile(r"(?m)[:：=][ \t*_]{0,4}(?P<words>[^\W\d][^\n:：=\d]{0,38}?)[ \t*_.。।]{0,4}$")
_HUNDREDTHS = re.compile(r"百分之(?P<words>[零〇一二三四五六七八九十百]{1,4})")


def words_as_digits(visible: str) -> str:
    """The text with numbers in words before a percent sign, or alone behind a label, in as many digits: `000085%`."""
    if visible.isascii() and not _UNIT.search(visible) and not _LABELLED_WORDS.search(visible):
        return visible
    found: dict[int, tuple[int, str]] = {}
    for match in _HUNDREDTHS.finditer(visible):
        if (value := number_of_words(match["words"])) is not None:
            found[match.start()] = (match.end(), f"{value}%")
    for match in _UNIT.finditer(visible):
        if words := number_words_before(visible, match.start()):
            found[words[0]] = (match.end(), f"{words[1]}%")
    for match in _LABELLED_WORDS.finditer(visible):
        value = number_of_words(match["words"])
        if value is not None and match.start("words") not in found:
            found[match.start("words")] = (match.end("words"), str(value))
    parts, done = [], 0
    for start, (end, digits) in sorted(found.items()):
        if start >= done and len(digits) <= end - start:
            parts += [visible[done:start], digits.rjust(min(end - start, _DIGITS), "0").rjust(end - start)]
            done = end
    return "".join([*parts, visible[done:]])


_DIGITS = 12
"""Of a number, zeros included; blanks come before them."""
