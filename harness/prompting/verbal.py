"""Finds where a text states a confidence in words, as in `Confidence: almost certain`, or by a letter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from calibench.prompting.hedges import Hedge, hedges
from calibench.prompting.labels import LABEL, SENTENCE, left, right
from calibench.prompting.likelihood import speaks_of_the_answer
from calibench.prompting.values import LETTERS, PERCENTAGE, Statement
from calibench.tasks.grading.answer import answer_above

_CLAUSE = re.compile(
    r"(?i)[\s*_\"'`(\[$<]{0,6}(?:\\\w{1,8}\{)?"
    r"(?:(?!\b(?:but|because|since|as|given|due|though|although)\b|, (?!нет\b))[^\n.;<>{}()\"|&]){0,80}+"
)
"""What a label says: to the end of its sentence, its quotes or its tag, or to where it is explained."""
_PERCENTAGE_NEAR = re.compile(rf"(?i)[^\n]{{0,100}}?{PERCENTAGE.pattern.removeprefix('(?i)')}")
_WRONG = re.compile(r"(?i)\b(?:wrong|incorrect|false|mistaken|error)\b")
_I_AM = re.compile(r"(?i)\b(?:i am|i'm|i feel|we are|we're)(?: not)?[ ]\Z")
_SURELY = re.compile(r"(?i).*(?:certain|sure|confident|doubt)")
_IS_RIGHT = re.compile(
    r"(?i)(?:(?!\b(?:wrong|incorrect|not|false)\b|n't)[^.\n]){0,60}?"
    r"\b(?:correct|right)(?: answer| one| option)?(?=[ \t*_]*(?:[.,;!)\n]|\Z))"
)
_LETTER = re.compile(r"[ \t*_\"'`(\[<]{0,6}(?P<letter>[A-E])(?=[ \t*_\"'`)\].,]{0,6}(?:\n|\Z|[(:–]|- |</))")
_IS_CONFIDENCE = re.compile(r"(?i) (?:level of )?(?:confidence|certainty)\b(?! (?:interval|level|band|bound|limit))")


def in_letters(visible: str) -> Iterator[Statement]:
    """Every label that is followed by the letter of a band alone, or by one that is explained."""
    for label in LABEL.finditer(visible):
        if found := _LETTER.match(visible, label.end()):
            letter = Hedge(*found.span("letter"), LETTERS[found["letter"]], "likely")
            yield Statement(left(visible, label.start()), right(visible, letter.end), "labelled", (letter,))


def in_words(visible: str) -> list[Statement]:
    """Every statement in words; one in bare words only where there is no other."""
    return [*_labelled_words(visible), *_words_in_sentences(visible)] or list(_bare_words(visible))


def _labelled_words(visible: str) -> Iterator[Statement]:
    for label in LABEL.finditer(visible):
        words = _words_of_clause(visible, label.end())
        if words and not _PERCENTAGE_NEAR.match(visible, label.end()):
            yield Statement(left(visible, label.start()), right(visible, words[-1].end), "labelled", words)


def _words_in_sentences(visible: str) -> Iterator[Statement]:
    for phrase in SENTENCE.finditer(visible):
        if words := _words_of_clause(visible, phrase.end()):
            yield Statement(left(visible, phrase.start()), right(visible, words[-1].end), "sentence", words)
    for word in hedges(visible):
        if word.kind != "sure" and speaks_of_the_answer(visible, word.start):
            yield Statement(left(visible, word.start), word.end, "sentence", (word,))
            continue
        start = left(visible, word.start)
        mine = word.kind in ("sure", "vague", "low") and _I_AM.search(visible[max(0, word.start - 30) : word.start])
        if said := _IS_RIGHT.match(visible, word.end) or _IS_CONFIDENCE.match(visible, word.end):
            yield Statement(start, said.end(), "sentence", (word,))
        elif mine and _SURELY.match(visible[word.start : word.end]):
            yield Statement(start, word.end, "sentence", (word,))


def _bare_words(visible: str) -> Iterator[Statement]:
    """Words alone on the last line below the answer, or in brackets at its end."""
    end = len(visible.rstrip())
    line = visible.rfind("\n", 0, end) + 1
    above = visible[:line]
    answered = answer_above(above)
    words = tuple(hedges(visible, line, end))
    around = len(words) == 1 and (visible[line : words[0].start], visible[words[0].end : end])
    if around and answered and not re.search(r"\w", "".join(around)):
        yield Statement(line, end, "bare", words)
    elif around and around[0].endswith("(") and re.fullmatch(r"\)[ \t*_.]{0,4}", around[1]):
        yield Statement(words[0].start - 1, words[0].end + 1, "bare", words)


def _words_of_clause(visible: str, start: int) -> tuple[Hedge, ...]:
    """The words that a label or a phrase is followed by; without values if they say how likely an error is."""
    clause = _CLAUSE.match(visible, start)
    end = clause.end() if clause else start
    words = tuple(hedges(visible, start, end))
    wrong = words and _WRONG.search(visible, words[0].end, end)
    return tuple(word._replace(value=None) for word in words) if wrong else words
