"""Grades short answers against a list of accepted names.

An answer is right if, normalised, it *equals* an accepted name. Normalising (after SQuAD and TriviaQA): compatibility
characters, case and accents folded, punctuation removed, hyphens and slashes as spaces, articles removed.

A sentence is reduced before comparing: to what precedes a bracket or the first full stop, and to what follows its
first `is`, `was`, `are`, `were` ("George Rankin was a politician" gives "politician"). A longer answer that merely
contains an accepted name ("a politician and lawyer") is incorrect, since counting it would reward lists of guesses;
the detail says so.

Where no answer is stated, a text of one line is the answer and a longer one is unparsed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from calibench.tasks.base import Verdict
from calibench.tasks.grading.answer import stated_answer, unwrapped
from calibench.tasks.grading.refusal import is_refusal

GRADER = "alias/2"

_COPULA = re.compile(
    r"(?i)^.{0,200}?(?:\b(?:is|was|are|were)\b|\b(?:it|that|he|she|there|this)['’]s\b)(.+)$", re.DOTALL
)
_PREPOSITION = re.compile(r"(?i)^\s*(?:\w+ed |born |written |made )?(?:in|by|at|from|as)\s(.+)$", re.DOTALL)
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
    if answer and accepted & {normalised(a) for a in _readings(answer)}:
        return Verdict("correct", answer)
    if is_refusal(answer_text):
        return Verdict("abstained", answer)
    if not answer or not normalised(answer):
        return Verdict("unparsed", None)
    words = f" {normalised(answer)} "
    contains = next((g for g in gold if f" {normalised(g)} " in words), None)
    return Verdict("incorrect", answer, f"contains the accepted {contains!r}" if contains else None)


def answer_classes(answers: Sequence[str]) -> list[str]:
    """A key for each answer: its shortest reading, normalised. Two names of one thing are two classes."""
    return [normalised(list(_readings(answer))[-1]) for answer in answers]


def normalised(text: str) -> str:
    """The form in which names are compared; the text itself, folded, if it is nothing but punctuation and articles."""
    folded = unicodedata.normalize("NFKD", text).casefold().strip()
    folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    words = "".join(" " if c in "/_" or unicodedata.category(c) == "Pd" else c for c in folded.replace("&", " and "))
    words = "".join(c for c in words if c == "#" or not unicodedata.category(c).startswith("P"))
    return " ".join(_ARTICLE.sub(" ", words).split()) or " ".join(words.split()) or folded


def _readings(answer: str) -> Iterator[str]:
    """The answer, and the shorter answers that it may be a sentence around."""
    for whole in (answer, re.split(r"\s[(\[]|\.\s", answer, maxsplit=1)[0]):
        yield whole
        said = _COPULA.match(whole)
        for part in (whole, said[1]) if said else (whole,):
            yield part
            if placed := _PREPOSITION.match(part):
                yield placed[1]
