"""Tells an answer from a refusal to give one, in twelve languages.

A refusal begins a clause ("Sorry, I don't know", "Without more details, I cannot answer"). It is none where an answer
goes with it ("I'm not sure, but I think it is Paris", "Paris, but I cannot verify it"), nor where its words are the
capitals of a title. The phrases are those of `calibench.tasks.grading.refusal_phrases`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from calibench.tasks.grading import refusal_eastern, refusal_germanic, refusal_romance
from calibench.tasks.grading.answer import stated_answer
from calibench.tasks.grading.refusal_phrases import fold, pattern

_LANGUAGES = (*refusal_germanic.PHRASES, *refusal_romance.PHRASES, *refusal_eastern.PHRASES)
_LONGEST = 500
"""Characters of a line that are looked at."""
_SAYING = re.compile(r"[^\W\d_]|\?")
"""What every refusal has: words, or a question mark alone."""
_CLAUSES = 12
"""Clauses of a sentence that may begin with a refusal."""
_STOP = "[.!?。।؟\n]"
_SENTENCE_END = re.compile(
    rf"(?:(?<!{_STOP})|(?<=\d\.))(?:(?<!\d)\.|[!?。।؟\n])"
    rf"(?:{_STOP}*+(?=\s|[^\x00-\x7f]|\W*+\Z)|{_STOP}*[。।؟\n])"
)
"""Stops in a row, but for a point within a number, with the end, a blank or another script behind one of them."""
_CLAUSE = re.compile(r"\A|[,;:،、][ ]?|[ ](?:-|so|and|und|et|y|e|и)[ ]")
_TITLE = re.compile(r"\W*(?:[A-Z][\w']* ){2,}(?:[a-z]{1,4} ){0,2}[A-Z]\w*\W*\Z")


def _any(part: str) -> str:
    """One alternative for each phrase of that part of the tables."""
    found = (getattr(language, part) for language in _LANGUAGES)
    return pattern("|".join(one for each in found for one in (each if isinstance(each, tuple) else [each])))


class Patterns(NamedTuple):
    """Patterns of all languages."""

    says: re.Pattern[str]
    says_or_doubts: re.Pattern[str]
    bare: re.Pattern[str]
    preface_alone: re.Pattern[str]
    may_answer: re.Pattern[str]
    helps: re.Pattern[str]


@cache
def patterns() -> Patterns:
    """Made when they are first needed: it takes longer than to start a command that grades nothing."""
    but = rf"(?<![a-zа-я])(?:{_any('but')})(?![a-zа-я])"
    preface = rf"(?:{_any('prefaces')})(?![a-zа-я])"
    # Without a comma: "Senza ulteriori informazioni non posso dare una risposta".
    condition = r"(?:without|given|based on|ohne|sans|sin|senza|sem|без)(?: [^\s,]+){1,6}? "
    before = rf"(?:\W*+{preface}){{0,3}}(?P<but>\W*+{but})?(?:\W*+{preface})?\W*+(?:{condition})?"
    return Patterns(
        says=re.compile(rf"{before}(?:{_any('says')})"),
        says_or_doubts=re.compile(rf"{before}(?:{_any('says')}|{_any('doubts')})"),
        bare=re.compile(rf"\W*+(?:{_any('bare')})(?:\W*+\Z|[ ]?[(,.;])|[^\w?]*\?\W*\Z"),
        preface_alone=re.compile(rf"(?:\W*+{preface})+\W*+"),
        may_answer=re.compile(rf"{but}|(?<![a-zа-я])(?:{_any('answers')})"),
        helps=re.compile(rf"[\s,、]*(?:{_any('helps')})"),
    )


def is_refusal(text: str) -> bool:
    """Whether what the text states declines to answer ("I don't know", "cannot be determined").

    Where it states no answer, its first or its last line must decline.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    stated = stated_answer(text)
    places = [stated] if stated else list(dict.fromkeys(lines[:1] + lines[-1:]))
    return any(_declines(place[:_LONGEST]) for place in places if _SAYING.search(place))


@lru_cache(1024)  # of the answers to a few questions, or with a few labels, most were there before
def _declines(place: str) -> bool:
    folded = fold(place)
    if patterns().bare.match(folded):
        return not _answers(folded)
    if _TITLE.match(place):
        return False
    start, first = 0, True
    for end in [*(m.start() for m in _SENTENCE_END.finditer(folded)), len(folded)]:
        sentence, rest = folded[start:end], folded[end:]
        found = _declining(sentence, first)
        if found:
            return not (_answers(sentence[found.end() :] + rest) or _answered_before(sentence, found))
        first = first and (not sentence.strip() or bool(patterns().preface_alone.fullmatch(sentence)))
        start = end + 1
    return False


def _declining(sentence: str, first: bool) -> re.Match[str] | None:
    """The first clause that declines; behind another sentence, a doubt says nothing of the answer before it."""
    said = patterns().says_or_doubts if first else patterns().says
    for clause in list(_CLAUSE.finditer(sentence))[:_CLAUSES]:
        if found := said.match(sentence, clause.end()):
            return found
    return None


def _answered_before(sentence: str, found: re.Match[str]) -> bool:
    """Whether the clause takes something back that stands before it: "Paris, but I cannot verify it"."""
    return bool(found["but"] and sentence[: found.start()].strip())


def _answers(rest: str) -> bool:
    """Whether what follows a refusal gives an answer after all."""
    for opening in patterns().may_answer.finditer(rest):
        if not (patterns().helps.match(rest, opening.end()) or patterns().says_or_doubts.match(rest, opening.end())):
            return True
    return False
