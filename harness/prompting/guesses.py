"""Reads several guesses with the probability of each: `Guess 1: Paris`, and below it `Probability 1: 0.8`.

Labels may be in any of the languages of `calibench.tasks.grading.languages`.

Source of the form: Tian et al. 2023 (arXiv 2305.14975), verbalized top-k; the words are this project's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from calibench.prompting.values import VALUE, Statement, read
from calibench.records import Status
from calibench.tasks.grading.languages import GUESS, LIKELIHOOD

K = 4
"""Guesses that are asked for: the largest k of the source."""
SCALE = "guesses"
"""Of a protocol that asks for them."""
_LINE = r"(?im)^[ \t>*_#-]{{0,6}}{}[ \t]?(?P<number>\d{{1,2}})[*_]{{0,2}}[ \t]?[:.)][*_ \t]{{0,4}}"
_GUESS = re.compile(_LINE.format(f"(?:G(?:uess)?|{GUESS})") + r"(?P<text>\S[^\n]*?)[*_ \t]*$")
_PROBABILITY = re.compile(_LINE.format(f"(?:P(?:robability)?|確率|[概機]率|{LIKELIHOOD})"))


class ListedGuess(NamedTuple):
    """One of the answers that come into question. Offsets are those of the text."""

    span: tuple[int, int]
    probability: float | None
    """In [0, 1]; None unless status is `ok`."""
    status: Status
    stated: tuple[int, int] | None
    """Where its probability stands, label and value; None if nowhere."""


def guesses(visible: str) -> list[ListedGuess]:
    """The guesses of a text, each with the probability of the same number; of two of one number, the first."""
    probabilities: dict[int, tuple[float | None, Status, tuple[int, int]]] = {}
    for label in _PROBABILITY.finditer(visible):
        value = VALUE.match(visible, label.end())
        end = value.end() if value else label.end()
        found = read(Statement(label.start(), end, "labelled", value), "probability")
        probabilities.setdefault(int(label["number"]), (*found, (label.start(), end)))
    spans: dict[int, tuple[int, int]] = {}
    for guess in _GUESS.finditer(visible):
        spans.setdefault(int(guess["number"]), guess.span("text"))
    nothing: tuple[None, Status, None] = (None, "missing", None)
    return [ListedGuess(span, *probabilities.get(number, nothing)) for number, span in spans.items()]


def likeliest(found: Sequence[ListedGuess]) -> ListedGuess:
    """The guess with the greatest probability, of equal ones the first; without any probability, the first guess."""
    return max(found, key=lambda guess: -1.0 if guess.probability is None else guess.probability)
