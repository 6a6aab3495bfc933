"""Finds where a text states a confidence.

Forms, strongest first; within the strongest form found, the last statement counts:

1. labelled: `Confidence: 85%`, `**Confidence:** 9/10`, `<confidence>80</confidence>`, `"confidence": 0.8`;
2. in a sentence: `My confidence is 0.9`, `I'm 90% sure`, `a 90% chance that this is correct`;
3. bare: a number alone on the last line below the answer, `Answer: 18 (95%)`; where a probability was asked for,
   also `Paris: 0.9`.

Labels and numbers in words may be in the languages of `calibench.tasks.grading.languages`, and digits in other scripts.
Words (`almost certain`, `not very likely`) and letters are read where they were asked for, and nowhere else. A number
there counts if it says what it means (`85%`, `9/10`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from calibench.prompting.bare import bare, bare_reply
from calibench.prompting.labels import COLUMN, LABEL, LABEL_ALONE, left, right
from calibench.prompting.likelihood import in_whole_sentences
from calibench.prompting.sentences import denied, in_sentences, says_error, scale_before
from calibench.prompting.text import words_as_digits
from calibench.prompting.values import NUMBER, PERCENT, PERCENTAGE, VALUE, Statement
from calibench.prompting.verbal import in_letters, in_words
from calibench.tasks.grading.answer import answer_begins

_WORDS_BEFORE_VALUE = re.compile(r"[^\n\d]{1,40}")
_ROW = re.compile(r"[ \t]*\|[^\n]*\n?")
_LIST = re.compile(r"\d{1,3}[.)][ \t]+\S")
_WITH_ANSWER = re.compile(
    rf"(?i)answer(?:,? and|,|[ ]?&)[ ]confidence[^:\n]{{0,60}}:[^\n]{{1,200}}?[,;][ ]{{0,2}}"
    rf"(?={NUMBER}[ ]?{PERCENT}?[ \t*_.]{{0,4}}(?:\n|\Z))"
)
"""`Answer and Confidence (0-100): 18, 85%` (Xiong et al. 2024, arXiv 2306.13063)."""
_OF_SOMETHING_ELSE = re.compile(
    r"(?i)(?:answer(?:,? and|,|[ ]?&)|\b(?:error|failure|guess|guessing|mistake)|عدم|오류|오답|틀릴|실패"
    r"|(?:गलती|ग़लती|त्रुटि|होने) (?:की|का))[ ]\Z"
    r"|(?:错误?|錯誤?|不正确|不正確|不对|誤り?|間違い?|間違っている|正しくない)[的の]?\Z"
)
_OF_ONE_PART = re.compile(
    rf"(?i)[ ](?:for|on|in|if)\b[^\n.;]{{1,80}}?[,;][ ](?:and |but )?(?={NUMBER}[ ]?{PERCENT}[ ](?:for|on|in|if)\b)"
)
"""`90% for the first part, 60% for the second`."""


def statements(visible: str, scale: str, answered_before: bool = False) -> list[Statement]:
    """Every statement of a confidence, in the order of the text.

    Args:
        visible: the text in plain characters, with everything left blank that can hold no statement.
        scale: how a confidence was asked for, see `calibench.prompting.protocols.Protocol`.
        answered_before: the answer stands in an earlier turn, and the text is about its confidence alone.
    """
    visible = words_as_digits(visible)
    found = [*_labelled(visible, scale), *_with_answer(visible), *_in_tables(visible), *in_sentences(visible)]
    found += in_whole_sentences(visible, answered_before)
    if scale == "words":
        found += in_words(visible)
    if scale == "letters":
        found += in_letters(visible)
    found = found or list(bare_reply(visible) if answered_before else bare(visible, scale))
    found = found or [Statement(m.start(), m.end(), "labelled", None) for m in LABEL_ALONE.finditer(visible)]
    return sorted(found, key=lambda s: s.start)


def strongest(found: list[Statement]) -> Statement | None:
    labelled = [s for s in found if s.form == "labelled"]
    return (labelled or found)[-1] if found else None


def _labelled(visible: str, scale: str) -> Iterator[Statement]:
    for label in LABEL.finditer(visible):
        start = left(visible, label.start())
        value = VALUE.match(visible, label.end()) or _percentage_on_line(visible, label.end())
        if not value or (label["loose"] and start and visible[start - 1] != "\n"):
            continue
        if visible[label.end() - 1] == "\n" and _LIST.match(visible, label.end()):
            continue  # the heading of a list: `Reasons for my confidence:`
        if _OF_SOMETHING_ELSE.search(visible[max(0, label.start() - 16) : label.start()]):
            continue
        # Some questions ask for a probability: where a percentage of confidence was asked for, it must stand below the
        # answer and be a percentage to count as one.
        if label["likely"] and scale == "percent" and not (value["percent"] and answer_begins(visible) < start):
            continue
        top = label["top"] or label["scale"] or scale_before(visible, label.start())
        unclear = (
            says_error(visible, value.end())
            or _one_of_several(visible, label.end(), value)
            or bool(_OF_ONE_PART.match(visible, value.end()))
        )
        yield Statement(start, right(visible, value.end()), "labelled", value, top, unclear)


def _in_tables(visible: str) -> Iterator[Statement]:
    """The cell below the heading of a table's column of confidences; of several rows, none says which answer counts."""
    for heading in COLUMN.finditer(visible):
        row = _ROW.match(visible, heading.end())
        cells = list(re.finditer(r"[^|\n]+", row[0])) if row else []
        column = heading["before"].count("|")
        value = VALUE.match(visible, heading.end() + cells[column].start()) if column < len(cells) else None
        if value and row:
            several = _ROW.match(visible, row.end()) is not None
            yield Statement(value.start(), right(visible, value.end()), "labelled", value, heading["top"], several)


def _percentage_on_line(visible: str, start: int) -> re.Match[str] | None:
    """A percentage that follows words, as in `Confidence: very high (95%)`."""
    words = _WORDS_BEFORE_VALUE.match(visible, start)
    number = PERCENTAGE.match(visible, words.end()) if words else None
    return VALUE.match(visible, number.end()) if number and not denied(visible, number.end()) else None


def _one_of_several(visible: str, start: int, value: re.Match[str]) -> bool:
    """Whether a value behind words shares its sentence with another percentage: "100% sure of the method, so 80%"."""
    if value.start() == start:
        return False
    rest = re.split(r"[\n.;]", visible[value.end() : value.end() + 200], maxsplit=1)[0]
    others = (VALUE.match(rest, number.start()) for number in PERCENTAGE.finditer(rest))
    return any(other and other["number"] != value["number"] for other in others)


def _with_answer(visible: str) -> Iterator[Statement]:
    for both in _WITH_ANSWER.finditer(visible):
        value = VALUE.match(visible, both.end())
        assert value, "the pattern looks ahead to one"
        yield Statement(both.end(), right(visible, value.end()), "labelled", value)
