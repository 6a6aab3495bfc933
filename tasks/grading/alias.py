"""Grades short answers against a list of accepted names.

An answer is right if, normalised, it *equals* an accepted name. Normalising (after SQuAD and TriviaQA): compatibility
characters, case and accents folded, punctuation but decimal points removed, hyphens and slashes as spaces, articles
removed. Where the accepted answer is a date or a number, it is also compared by value: `May 29, 1988` is `29 May 1988`,
and `1.5 million` is `1,500,000`; the only date of an answer counts, and may say more than is asked for.

A sentence is reduced before comparing: to what precedes a bracket or the first full stop, and to what follows its
first `is`, `was`, `are`, `were` ("George Rankin was a politician" gives "politician") or its hedge ("probably Paris").
A longer answer that merely contains an accepted name ("a politician and lawyer") is incorrect, since counting it would
reward lists of guesses; the detail says so.

Where no answer is stated, a text of one line is the answer and a longer one is unparsed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from calibench.tasks.base import Verdict
from calibench.tasks.grading.answer import stated_answer, unwrapped
from calibench.tasks.grading.quantity import dates, read_date, read_quantity
from calibench.tasks.grading.refusal import is_refusal

GRADER = "alias/6"

_COPULA = re.compile(
    r"(?i)^.{0,200}?(?:\b(?:is|was|are|were)\b|\b(?:it|that|he|she|there|this)['’]s\b"
    r"|\b(?:it|that|this) (?:would|should|must|has to|will) be\b)(.+)$",
    re.DOTALL,
)
_POLITE = re.compile(r"(?<=[\u3040-\u9fff])(?:です|でした|である)。?\Z")
_TITLE = re.compile(r"(?i)\A(?:dr|mr|mrs|ms|prof|professor|sir|dame)\.? (?=\S+ \S)")
"""Before a name of two words or more."""
_PREPOSITION = re.compile(r"(?i)^\s*(?:\w+ed |born |written |made )?(?:in|by|at|from|as)\s(.+)$", re.DOTALL)
_HEDGE = re.compile(
    r"(?i)\A(?:i(?:['’]m| am) not (?:\w+ )?(?:sure|certain),? but )?"
    r"(?:(?:i (?:think|believe|guess)|it(?:['’]s| is) called|(?:my|the) best guess is)(?: it(?:['’]s| is))? )?"
    r"(?:(?:probably|(?:most )?likely|perhaps|maybe|possibly|definitely|certainly) )?(?=\S)"
)
"""Words before a name that say how sure the model is of it."""
_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_LONGEST = 200
"""Characters of an answer that is looked at for a date."""
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def grade_alias(gold: Sequence[str], answer_text: str) -> Verdict:
    """Whether the answer equals one of the accepted names.

    Args:
        gold: accepted names.
        answer_text: the text without reasoning and stated confidence.
    """
    answer = stated_answer(answer_text)
    if answer is None:
        lines = [line for line in answer_text.splitlines() if line.strip()]
        answer = unwrapped(lines[0]) if len(lines) == 1 else None
    accepted = {normalised(g) for g in gold}
    if answer and (accepted & {normalised(a) for a in _readings(answer)} or any(_same_value(g, answer) for g in gold)):
        return Verdict("correct", answer)
    if is_refusal(answer_text):
        return Verdict("abstained", answer)
    if not answer or not normalised(answer):
        return Verdict("unparsed", None)
    words = f" {normalised(answer)} "
    contains = next((g for g in gold if f" {normalised(g)} " in words), None)
    return Verdict("incorrect", answer, f"contains the accepted {contains!r}" if contains else None)


def answer_classes(answers: Sequence[str]) -> list[str]:
    """A key for each answer: its shortest reading, as a date, a number with its unit, or a normalised name.

    Two names of one thing are two classes.
    """
    return [_class(list(_readings(answer))[-1]) for answer in answers]


def _class(answer: str) -> str:
    quantity = read_quantity(answer)
    value = read_date(answer) or (quantity and (str(quantity.value), quantity.unit or normalised(quantity.counted)))
    return normalised(answer) if value is None else repr(value)


def _same_value(gold: str, answer: str) -> bool:
    """Whether gold and answer are the same date, or the same number in no other unit."""
    expected, number = read_date(gold), read_quantity(gold)
    if expected and len(answer) <= _LONGEST:
        found = set(dates(answer))
        if len(found) == 1 and found.pop().fits(expected):
            return True
    if not number or (number.counted and not number.unit):
        return False
    given = [quantity for reading in _readings(answer) if (quantity := read_quantity(reading))]
    fitting = [q for q in given if q.value == number.value and (not number.unit or q.unit in ("", number.unit))]
    return any(not q.counted or q.counted.islower() for q in fitting)  # "7 Up" is a name


def normalised(text: str) -> str:
    """The form in which names are compared; the text itself, folded, if it is nothing but punctuation and articles."""
    folded = unicodedata.normalize("NFKD", text).casefold().strip()
    folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    words = "".join(" " if c in "/_" or unicodedata.category(c) == "Pd" else c for c in folded.replace("&", " and "))
    words = _POINT.sub("\ue000", words)
    words = "".join(c for c in words if c == "#" or not unicodedata.category(c).startswith("P")).replace("\ue000", ".")
    return " ".join(_ARTICLE.sub(" ", words).split()) or " ".join(words.split()) or folded


def _readings(answer: str) -> Iterator[str]:
    """The answer, and the shorter answers that it may be a sentence around."""
    plain = _POLITE.sub("", _TITLE.sub("", answer))
    for whole in (answer, plain, _HEDGE.sub("", plain), re.split(r"\s[(\[]|\.\s", plain, maxsplit=1)[0]):
        yield whole
        said = _COPULA.match(whole)
        for part in (whole, said[1]) if said else (whole,):
            yield part
            if placed := _PREPOSITION.match(part):
                yield placed[1]
