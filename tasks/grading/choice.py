"""Grades answers that are one of a few labels.

A label counts if it is the only one that the answer opens with ("True.", "Yes, because ...") or mentions ("The claim is
incorrect"); "not true" mentions false where there are two labels. Asides in brackets do not count. An
answer that hedges or mentions several labels ("partly true", "true or false"), or asks for one ("whether it is true"),
is unparsed, and one that only judges a quoted refusal (`The answer "I don't know" is true`) is that refusal. Words for
true, false, yes and no may be in other languages (`tasks.grading.truth`). Lettered options have a grader of their own,
`tasks.grading.option`.

Where no answer is stated, the text's first line is read if it starts with a label or with what it says of the claim
("This statement is false. ..."), then its last line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from calibench.records import Question
from calibench.tasks.base import Verdict
from calibench.tasks.grading.answer import stated_answer
from calibench.tasks.grading.refusal import is_refusal
from calibench.tasks.grading.truth import truth_said, yes_said

GRADER = "choice/10"


class Label(NamedTuple):
    name: str
    synonyms: tuple[str, ...] = ()
    """Mean the same wherever they stand, in lower case."""
    openers: tuple[str, ...] = ()
    """Mean the same as the first word of an answer; elsewhere they say too many other things."""
    truth: bool | None = None
    """True or False for a label that is what words for true and yes, or false and no, of other languages mean."""
    yes: bool | None = None
    """The same, where those for yes and no alone do."""


TRUE_FALSE = (
    Label("true", ("correct", "accurate"), ("yes", "right", "t", "yep", "yeah"), True),
    Label("false", ("incorrect", "inaccurate", "untrue", "wrong"), ("no", "f", "nope", "nah"), False),
)

YES_NO = (
    Label("yes", (), ("true", "correct", "y", "yep", "yeah"), True),
    Label("no", (), ("false", "incorrect", "n", "nope", "nah"), False),
)

_LABELS = "(?:true|false|correct|incorrect|accurate)"
_HEDGE = re.compile(
    r"(?i)\b(?:partly|partially|partial|half|mostly|somewhat|both|neither|either|maybe|depends"
    rf"|(?:opposite|reverse|contrary) is|would be {_LABELS}"
    rf"|{_LABELS} (?:only|in part|to (?:some|a certain) (?:extent|degree)|for (?:some|most)))\b"
)
_ASKED = re.compile(r"(?i)\b(?:whether|(?:determine|know|see|say|sure|tell|verify) if)\b")
_ASIDE = re.compile(r"\s\([^()]*(?:\)|$)")
_NOT = r"(?P<not>(?:\bnot|n't)(?: \w+)? |\bnon-)?"
_NO_DETERMINER = r"(?! \w)"
"""Behind `no`: before another word ("no doubt") it denies that word, and is no answer."""


def by_label(labels_of: Callable[[Question], Sequence[Label]]) -> dict[str, Any]:
    """Grader, gold and wrong answers of a `Task` whose answers are labels; argument: question -> its labels."""

    def wrong(question: Question) -> str:
        return f"Answer: {next(label.name for label in labels_of(question) if label.name not in question.gold)}"

    return {
        "grade": lambda question, answer_text: grade_choice(labels_of(question), question.gold, answer_text),
        "grader": GRADER,
        "gold_text": lambda question: [f"Answer: {gold}" for gold in question.gold],
        "wrong_text": wrong,
    }


_OF_THE_CLAIM = re.compile(
    r"(?i)\W*(?:the|this|that) (?:claim|statement|sentence|assertion)\b[^.\n]{0,300}?"
    r"\b(?:is|was) (?P<said>(?:not )?\w+)(?=[.,;:!]|\Z| (?:because|since|as)\b)"
)
_NO_GOES_ON = re.compile(r"(?i)\W*no\s+[^\W\d]")
"""As in Spanish `no lo sé`, whose first word is no answer."""


_QUOTED = re.compile(
    r"(?i)\W*?(?:(?:(?:the|my|final|correct|best) ){0,2}answer )?"
    r"[\"“'‘](?P<said>[^\"“”\n]{1,80})[\"”'’] is (?:not )?\w+\W*"
)
"""A judgement of an answer that is quoted."""


def grade_choice(labels: Sequence[Label], gold: Sequence[str], answer_text: str) -> Verdict:
    """Whether the answer gives an accepted label.

    Args:
        labels: the labels that can be given.
        gold: names of the accepted ones.
        answer_text: the text without reasoning and stated confidence.
    """
    stated = stated_answer(answer_text)
    quoted = _QUOTED.fullmatch(stated or answer_text)
    if quoted and is_refusal(quoted["said"]):
        return Verdict("abstained", quoted["said"])
    given = _of_other_language(labels, stated or answer_text)
    given = given or (_label(labels, stated) if stated else _unlabelled(labels, answer_text))
    if given and not (_NO_GOES_ON.match(stated or answer_text) and is_refusal(stated or answer_text)):
        return Verdict("correct" if given in gold else "incorrect", given)
    if is_refusal(answer_text):
        return Verdict("abstained", stated)
    return Verdict("unparsed", None, f"no single label in {stated[:80]!r}" if stated else None)


def _of_other_language(labels: Sequence[Label], text: str) -> str | None:
    """The label that the first line, or else the last one, says in a language other than English."""
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines[:1] + lines[-1:]:
        truth, yes = truth_said(line), yes_said(line)
        for label in labels:
            if (truth is not None and label.truth is truth) or (yes is not None and label.yes is yes):
                return label.name
    return None


def _unlabelled(labels: Sequence[Label], text: str) -> str | None:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    claim = _OF_THE_CLAIM.match(lines[0])
    opened = _first_word(labels, lines[0]) or (claim and _label(labels, claim["said"]))
    return opened or _label(labels, lines[-1])


def _label(labels: Sequence[Label], text: str) -> str | None:
    text = _ASIDE.sub("", text.replace("’", "'"))
    first = _first_word(labels, text)
    given = {*_mentioned(labels, text), *([first] if first else [])}
    unsettled = _HEDGE.search(text) or (not first and _ASKED.search(text))
    return given.pop() if len(given) == 1 and not unsettled else None


def _first_word(labels: Sequence[Label], text: str) -> str | None:
    start = re.search(r"\w+", text)
    openers = {
        word: label.name for label in labels for word in (label.name.casefold(), *label.synonyms, *label.openers)
    }
    return openers.get(start[0].casefold()) if start else None


def _mentioned(labels: Sequence[Label], text: str) -> Iterator[str]:
    """The labels that the text mentions; the other one of two where it denies one."""
    for label in labels:
        others = [other.name for other in labels if other != label]
        for word in (label.name, *label.synonyms):
            if word.isascii() and text.isascii() and word.lower() not in text.lower():
                continue
            end = _NO_DETERMINER if word == "no" else ""
            for mention in re.finditer(rf"(?i){_NOT}\b{re.escape(word)}\b{end}", text):
                if not mention["not"]:
                    yield label.name
                elif len(others) == 1:
                    yield others[0]
