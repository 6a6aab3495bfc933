"""Texts in plain characters, and with parts left blank: offsets stay those of the text."""

from __future__ import annotations

import re

from calibench.prompting.values import ABOUT
from calibench.tasks.grading.languages import DIGITS, TENTHS, TO, number_of_words, number_words_before
from calibench.tasks.grading.languages import PERCENT as _PERCENT

# One character for one character, so that offsets stay those of the text.
_PLAIN = DIGITS | str.maketrans("％：．，／＝（）－−＜＞’\u00a0\u202f\u2009", "%:.,/=()--<>'   ")


def plain(text: str) -> str:
    """The text in plain characters."""
    return text if text.isascii() else text.translate(_PLAIN)


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
_UNIT_FIRST = re.compile(
    r"(?:百分之|процентов на )"
    r"(?:(?P<words>[零〇一二三四五六七八九十百]{1,4}|[а-я]+(?: [а-я]+)?)|(?P<digits>\d{1,3}(?:\.\d{1,3})?))"
)
_UP_TO = re.compile(r"(?:到|至|[-~〜—])(?:百分之)?(?P<words>[零〇一二三四五六七八九十百]{1,4})")
_FROM = re.compile(rf"(?i)[ ](?:to|or|and|und|et|y|e|и|{TO})[ ]\Z")
_WORD = r"[^\s\d:：।。.,，、|]{1,12}?|\d{1,2}"
_SHARE = re.compile(
    rf"(?im)^[ \t*_]{{0,4}}(?:(?:{ABOUT})[ ]?)?(?:"
    rf"(?P<of>{_WORD})(?: में से |分之|分の|분의 | 중(?:에)? )(?P<part>{_WORD})(?:です|입니다)?"
    rf"|(?P<part_first>{_WORD})(?: chances?)?"
    rf" (?:out of|in|von|sur|de(?: cada)?|su|em(?: cada)?|из|من) (?P<of_last>{_WORD})"
    r")[ \t*_.。।]{0,4}$"
)
"""`Three out of four`, alone on its line."""


def words_as_digits(visible: str) -> str:
    """The text with numbers in words before a percent sign, or alone behind a label, in as many digits: `000085%`."""
    if visible.isascii() and not any(p.search(visible) for p in (_UNIT, _LABELLED_WORDS, _SHARE)):
        return visible
    found: dict[int, tuple[int, str]] = {}
    for match in _UNIT_FIRST.finditer(visible):
        value = match["digits"] or number_of_words(match["words"])
        upper = _UP_TO.match(visible, match.end())
        if upper and (most := number_of_words(upper["words"])):
            found[match.start()] = (upper.end(), f"{value}-{most}%")
        elif value is not None:
            found[match.start()] = (match.end(), f"{value}%")
    for match in _SHARE.finditer(visible):
        part, whole = (_number(match[a] or match[b]) for a, b in (("part", "part_first"), ("of", "of_last")))
        if part is not None and whole and part <= whole <= _MOST_PARTS:
            found[match.start()] = (match.end(), f"{part}/{whole}")
    for match in _UNIT.finditer(visible):
        if words := number_words_before(visible, match.start()):
            start, number = words[0], str(words[1])
            joined = _FROM.search(visible, max(0, start - 8), start)
            if joined and (low := number_words_before(visible, joined.start())):
                start, number = low[0], f"{low[1]}-{number}"
            found[start] = (match.end(), f"{number}{match[0] if match[0] in TENTHS else '%'}")
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


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else number_of_words(text.casefold())


_MOST_PARTS = 20
_DIGITS = 12
"""Of a number, zeros included; blanks come before them."""
