"""A value of a confidence as it is written, and what it means.

`%` and `/N` (also `out of N`, or a scale in brackets as in `Confidence (0-10): 8`) say what a number means; a bare
number means what was asked for. `ambiguous` is what can be meant in two ways: a bare number above 0 and up to 1
where a percentage was asked for, a range, a bound (`over 90%`). A number outside the scale is `out_of_range`.

Words have the values of `calibench.prompting.hedges`. Two words of different values are `ambiguous`, and so is a word
that has no place on the scale ("possible").
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal, NamedTuple

from calibench.prompting.hedges import Hedge
from calibench.records import Status

NUMBER = r"[-+]?(?:\d{1,15}(?:[.,]\d{0,15})?|\.\d{1,15})(?:e[-+]?\d{1,2})?(?!\d)"
PERCENT = r"(?:\\?%|per ?cent\b|パーセント)"
PERCENTAGE = re.compile(rf"(?i)(?<![\d.,/-])(?={NUMBER}[ ]?{PERCENT})")
VALUE = re.compile(
    r"(?i)(?:[*_\"'`\[({}$~≈\\| \t]|</?\w{1,6}>|boxed|text|about|around|approximately|roughly|約|大约|大約|约"
    rf"|<(?={NUMBER}>)){{0,12}}"
    r"(?P<bound>(?:[<>≤≥]=?|less than|more than|at least|at most|over|under|above|below)[ ]?)?"
    rf"(?P<number>{NUMBER})(?:[*_>\"'`$]{{0,3}}[ \t]?(?P<percent>{PERCENT})|[ ]?\((?P<restated>{NUMBER})[ ]?%\))?"
    rf"(?:[ \t]?(?:-|–|—|~|〜|to\b)[ \t]?(?P<upper>{NUMBER})[ \t]?{PERCENT}?"
    r"|[ \t]?(?:/|out of)[ \t]?(?P<top>\d{1,6}))?"
)


class Statement(NamedTuple):
    """One place where a confidence is stated."""

    start: int
    end: int
    form: Literal["labelled", "sentence", "bare"]
    value: re.Match[str] | tuple[Hedge, ...] | None
    """Match of `VALUE`, or words; None for a label without either."""
    top: str | None = None
    """Upper end of the scale that the label itself declares."""


def may_be_cut(statement: Statement, length: int) -> bool:
    """Whether a text of that length that the token limit ended may lack a part of the value."""
    value = statement.value
    if isinstance(value, tuple):
        return value[-1].end == length
    return value is not None and value.end() == length and value[0][-1] in "0123456789.,"


def read(statement: Statement, scale: str) -> tuple[float | None, Status]:
    """The confidence that a statement gives, in [0, 1], where one on `scale` was asked for."""
    value = statement.value
    if value is None:
        return None, "missing"
    if isinstance(value, tuple):
        values = {word.value for word in value}
        return (None, "ambiguous") if len(values) > 1 or None in values else (values.pop(), "ok")
    if value["upper"] or value["bound"]:
        return None, "ambiguous"
    number = _decimal(value["restated"] or value["number"])
    top = 100 if value["percent"] or value["restated"] else int(value["top"] or statement.top or 0)
    if not top and scale == "percent" and 0 < number <= 1:
        return None, "ambiguous"
    if value["top"] and not top:
        return None, "out_of_range"
    if not top and scale == "words":
        return None, "ambiguous"
    share = number / (top or {"percent": 100, "probability": 1}[scale])
    return (float(share), "ok") if 0 <= share <= 1 else (None, "out_of_range")


def _decimal(number: str) -> Decimal:
    """A comma before exactly three digits groups thousands, unless a zero precedes it; any other is a decimal comma."""
    grouped = re.fullmatch(r"[-+]?[1-9]\d*,\d{3}", number)
    return Decimal(number.replace(",", "" if grouped else "."))
