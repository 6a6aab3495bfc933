"""Finds where a text states a confidence.

Forms, strongest first; within the strongest form found, the last statement counts:

1. labelled: `Confidence: 85%`, `**Confidence:** 9/10`, `<confidence>80</confidence>`, `"confidence": 0.8`;
2. in a sentence: `My confidence is 0.9`, `I'm 90% sure`, `a 90% chance that this is correct`;
3. bare: a number alone on the last line below the answer, `Answer: 18 (95%)`; where a probability was asked for,
   also `Paris: 0.9`.

Digits and signs may be full-width. Words (`almost certain`, `not very likely`) are read where words were asked for, and
nowhere else. A number there counts if it says what it means (`85%`, `9/10`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from calibench.prompting.labels import LABEL, LABEL_ALONE, SENTENCE, left, right
from calibench.prompting.values import NUMBER, PERCENT, PERCENTAGE, VALUE, Statement
from calibench.prompting.verbal import in_words
from calibench.tasks.grading.answer import answer_above, answer_begins, first_label, stated_answer

_WORDS_BEFORE_VALUE = re.compile(r"[^\n\d]{1,40}")
_SURE_AFTER = re.compile(
    r"(?i)[ -](?:confident|sure|certain)\b| (?:confidence|certainty)\b(?! (?:interval|level|band|bound|limit))"
    r"| (?:chance|probability|likelihood|likely)[^.\n]{1,60}?(?:correct|right)\b"
)
_NEGATED = re.compile(r"(?i)(?:\bnot|n't|never)[ \w]{0,12}\Z")
_BARE_LINE = re.compile(rf"(?i)[ \t*_]{{0,4}}{NUMBER}[ ]?{PERCENT}?[ \t*_.]{{0,4}}\Z")
_BARE_BRACKET = re.compile(rf"(?i)\((?={NUMBER}[ ]?{PERCENT}\)[ \t*_.]{{0,4}}\Z)")
_BARE_TAIL = re.compile(r"[:;,](?=[ ]{0,2}[01]?\.\d{1,15}\Z)")


def statements(visible: str, scale: str) -> list[Statement]:
    """Every statement of a confidence, in the order of the text."""
    found = [*_labelled(visible, scale), *_in_sentences(visible)]
    if scale == "words":
        found += in_words(visible)
    found = found or list(_bare(visible, scale))
    found = found or [Statement(m.start(), m.end(), "labelled", None) for m in LABEL_ALONE.finditer(visible)]
    return sorted(found, key=lambda s: s.start)


def strongest(found: list[Statement]) -> Statement | None:
    labelled = [s for s in found if s.form == "labelled"]
    return (labelled or found or [None])[-1]


def _labelled(visible: str, scale: str) -> Iterator[Statement]:
    answered = answer_begins(visible)
    for label in LABEL.finditer(visible):
        start = left(visible, label.start())
        value = VALUE.match(visible, label.end()) or _percentage_on_line(visible, label.end())
        if not value or (label["loose"] and start and visible[start - 1] != "\n"):
            continue
        # Some questions ask for a probability: where a percentage of confidence was asked for, it must stand below the
        # answer and be a percentage to count as one.
        if label["likely"] and scale == "percent" and not (value["percent"] and answered < start):
            continue
        yield Statement(start, right(visible, value.end()), "labelled", value, label["top"])


def _percentage_on_line(visible: str, start: int) -> re.Match[str] | None:
    """A percentage that follows words, as in `Confidence: very high (95%)`."""
    words = _WORDS_BEFORE_VALUE.match(visible, start)
    number = PERCENTAGE.match(visible, words.end()) if words else None
    return VALUE.match(visible, number.end()) if number and not _NEGATED.search(words[0]) else None


def _in_sentences(visible: str) -> Iterator[Statement]:
    for phrase in SENTENCE.finditer(visible):
        if value := VALUE.match(visible, phrase.end()):
            end = right(visible, value.end())
            yield Statement(left(visible, phrase.start()), end, "sentence", value)
    for number in PERCENTAGE.finditer(visible):
        value = VALUE.match(visible, number.start())
        after = _SURE_AFTER.match(visible, value.end())
        if after and not _NEGATED.search(visible[max(0, number.start() - 20) : number.start()]):
            yield Statement(left(visible, number.start()), after.end(), "sentence", value)


def _bare(visible: str, scale: str) -> Iterator[Statement]:
    end = len(visible.rstrip())
    line = visible.rfind("\n", 0, end) + 1
    above = visible[:line]
    answered = answer_above(above) if scale == "probability" else stated_answer(above)
    if answered and _BARE_LINE.match(visible, line, end):
        start = line
    elif bracket := _BARE_BRACKET.search(visible, line, end):
        start = bracket.start()
    elif scale == "probability" and first_label(visible) is None and (tail := _BARE_TAIL.search(visible, line, end)):
        start = tail.end()
    else:
        return
    value = VALUE.match(visible, start)
    yield Statement(start, right(visible, value.end()), "bare", value)
