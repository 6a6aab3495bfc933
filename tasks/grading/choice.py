"""Grades answers that are one of a few labels.

A label counts if the answer starts with it or with one of its synonyms ("True.", "Yes, because ...", "Correct"), or
else if it is the only label whose own name the answer mentions ("The claim is false"); "not true" mentions false
where there are two labels. An answer that hedges or mentions several labels ("partly true", "true or false") is
unparsed.

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
    """Count only as the first word of an answer: elsewhere they say too many other things."""


TRUE_FALSE = (
    Label("true", ("yes", "correct", "right", "accurate", "t")),
    Label("false", ("no", "incorrect", "wrong", "inaccurate", "untrue", "f")),
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
    if is_refusal(stated or answer_text):
        return Verdict("abstained", stated)
    return Verdict("unparsed", None, f"no single label in {stated[:80]!r}" if stated else None)


def _unlabelled(labels: Sequence[Label], text: str) -> str | None:
    lines = [line for line in text.splitlines() if line.strip()]
    return (_first_word(labels, lines[0]) or _label(labels, lines[-1])) if lines else None


def _label(labels: Sequence[Label], text: str) -> str | None:
    words = _words(text)
    mentioned = {label.name for label in labels if label.name.casefold() in words}
    if _HEDGE.search(text) or len(mentioned) > 1:
        return None
    if first := _first_word(labels, text):
        return first if mentioned <= {first} else None
    return _unless_negated(labels, mentioned.pop(), text) if mentioned else None


def _first_word(labels: Sequence[Label], text: str) -> str | None:
    start = " ".join(_words(text)[:1])
    return next((label.name for label in labels if start in (label.name.casefold(), *label.synonyms)), None)


def _unless_negated(labels: Sequence[Label], name: str, text: str) -> str | None:
    if not re.search(rf"(?i)(?:\bnot|n't)(?: \w+)? {re.escape(name)}\b", text.replace("’", "'")):
        return name
    others = [label.name for label in labels if label.name != name]
    return others[0] if len(others) == 1 else None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
