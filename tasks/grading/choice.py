"""Grades answers that are one of a few labels.

A label counts if the answer starts with it ("True.", "Yes, because ..."), or else if it is the only one that the answer
mentions ("The claim is incorrect"); "not true" mentions false where there are two labels. An answer that hedges or
mentions several labels ("partly true", "true or false") is unparsed.

Where no answer is stated, the text's first line is read if it starts with a label, then its last line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from tasks.base import Verdict
from tasks.grading.answer import is_refusal, stated_answer

GRADER = "choice/1"


class Label(NamedTuple):
    name: str
    synonyms: tuple[str, ...] = ()
    """Mean the same wherever they stand, in lower case."""
    openers: tuple[str, ...] = ()
    """Mean the same as the first word of an answer; elsewhere they say too many other things."""


TRUE_FALSE = (
    Label("true", ("correct", "accurate"), ("yes", "right", "t")),
    Label("false", ("incorrect", "inaccurate", "untrue", "wrong"), ("no", "f")),
)

_HEDGE = re.compile(r"(?i)\b(?:partly|partially|partial|half|mostly|somewhat|both|neither|either|maybe|depends)\b")


def grade_choice(labels: Sequence[Label], gold: Sequence[str], answer_text: str) -> Verdict:
    """Whether the answer gives an accepted label.

    Args:
        labels: the labels that can be given.
        gold: names of the accepted ones.
        answer_text: the text without reasoning and stated confidence.
    """
    stated = stated_answer(answer_text)
    given = _label(labels, stated) if stated else _unlabelled(labels, answer_text)
    if given:
        return Verdict("correct" if given in gold else "incorrect", given)
    if is_refusal(answer_text):
        return Verdict("abstained", stated)
    return Verdict("unparsed", None, f"no single label in {stated[:80]!r}" if stated else None)


def _unlabelled(labels: Sequence[Label], text: str) -> str | None:
    lines = [line for line in text.splitlines() if line.strip()]
    return (_first_word(labels, lines[0]) or _label(labels, lines[-1])) if lines else None


def _label(labels: Sequence[Label], text: str) -> str | None:
    words = _words(text)
    mentioned = {label: word for label in labels for word in (label.name.casefold(), *label.synonyms) if word in words}
    if _HEDGE.search(text) or len(mentioned) > 1:
        return None
    if first := _first_word(labels, text):
        return first if {label.name for label in mentioned} <= {first} else None
    return next((_unless_negated(labels, label, word, text) for label, word in mentioned.items()), None)


def _first_word(labels: Sequence[Label], text: str) -> str | None:
    start = " ".join(_words(text)[:1])
    openers = {
        word: label.name for label in labels for word in (label.name.casefold(), *label.synonyms, *label.openers)
    }
    return openers.get(start)


def _unless_negated(labels: Sequence[Label], label: Label, word: str, text: str) -> str | None:
    if not re.search(rf"(?i)(?:\bnot|n't)(?: \w+)? {re.escape(word)}\b", text.replace("’", "'")):
        return label.name
    others = [other.name for other in labels if other != label]
    return others[0] if len(others) == 1 else None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
