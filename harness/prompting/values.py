"""A value of a confidence as it is written, and what it means.

`%` and `/N` (also `out of N`, or a scale beside the value, as in `Confidence (0-10): 8`) say what a number means; a
bare number means what was asked for; `50/50` and `90/10` are chances for and against. `ambiguous` is what can be meant
in two ways: a bare number above 0 and up to 1 where a percentage was asked for, 0.1 to 1 with a percent sign, a range,
a bound (`over 90%`, `90% or more`), the likelihood of an error. A number outside the scale is `out_of_range`.

Of a score from 0 to 10, a bare number between 0 and 1 is `ambiguous`, as it may be a probability. A letter has the
middle of its band, so that the surest is 0.9.

Words have the values of `calibench.prompting.hedges`. Two words of different values are `ambiguous`, and so is a word
that has no place on the scale ("possible").
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal, NamedTuple

from calibench.prompting.hedges import Hedge
from calibench.records import Status
from calibench.tasks.grading.languages import BOUND as _BOUND
from calibench.tasks.grading.languages import BUT, NOT, NOT_BEHIND, TENTHS, TO
from calibench.tasks.grading.languages import OR_MORE as _OR_MORE_ELSEWHERE
from calibench.tasks.grading.languages import PERCENT as _PERCENT

NUMBER = r"[-+]?(?:\d{1,15}(?:(?:[.,]|\{,\})\d{0,300})?|\.\d{1,300})(?:e[-+]?\d{1,2})?(?!\d|[.,]\d{20})"
PERCENT = rf"(?:(?:\\[,;! ])?\\?%|per ?cent\b|{_PERCENT})"
PERCENTAGE = re.compile(rf"(?i)(?<![\d./-])(?<!\d,)(?={NUMBER}[ ]?{PERCENT})")
ABOUT = (
    "about|around|approximately|approx|roughly|circa|some|約|大約|大约|约|およそ|etwa|ungefähr|rund|environ"
    "|unos|alrededor del?|aproximadamente(?: el| un)?|circa il|cerca del?|около|примерно|약|حوالي|نحو|लगभग|करीब|ca?[.]"
)
BOUND = (
    "[<>≤≥]=?|less than|more than|no more than|no less than|not more than|not less than|greater than|higher than"
    "|lower than|fewer than|at least|at most|at the most|at the least|up to|over|under|above|below|better than"
    f"|between|from|{_BOUND}"
)
"""What makes a number the end of a range."""
_OR_MORE = rf"(?:or|and) (?:more|higher|above|over|greater|better|less|lower|below|under)|{_OR_MORE_ELSEWHERE}"
VALUE = re.compile(
    rf"(?i)(?:[*_\"'`\[({{}}$~≈%\\| \t]|\.{{2,3}}+|…|</?\w{{1,6}}>"
    rf"|boxed|text|{ABOUT}|<(?={NUMBER}[ ]?{PERCENT}?>)){{0,12}}"
    rf"(?:(?:{NOT})[ ]?{NUMBER}[ ]?{PERCENT}?,?[،、]? ?(?:{BUT})[ ]?(?:(?:{ABOUT})[ ]?)?"
    rf"|{NUMBER}[ ]?{PERCENT}?(?:{NOT_BEHIND})[、, ]{{0,2}}(?:(?:{ABOUT})[ ]?)?)?"
    rf"(?P<bound>(?:{BOUND})[ ]?)?(?P<hundredths>百分之)?"
    r"(?:(?P<out_of>10{1,2})(?: में से | 중(?:에서?)? |점 (?:만점에|중에?서?) |点(?:満点)?(?:中|で)|段階(?:中|で)"
    r"|分(?:中|满分)的?))?"
    rf"(?P<number>{NUMBER})(?:[*_>\"'`$]{{0,3}}[ \t]?(?P<percent>{PERCENT})|[ ]?\((?P<restated>{NUMBER})[ ]?%\))?"
    rf"(?:[ \t]?(?:-|–|—|~|〜|～|to\b|or\b|(?:{TO})(?![^\W\d])|->|→|=>"
    rf"|\(?(?:now |then |later )?(?:revised|adjusted|lowered|raised|reduced|updated|changed) to)[ \t]?"
    rf"(?!\d{{1,4}} (?!per|{_PERCENT})[a-z]{{2}})"
    rf"(?P<upper>{NUMBER})[ \t]?{PERCENT}?"
    r"|[ \t]?\(?(?:/|out of|(?(percent)(?!)|in)(?= \d{1,3}(?![\d.,%]|[ ]\w))"
    r"|分?\((?:满分|滿分)为?|of a possible|points? out of|(?:on|in) (?:a|the) scale (?:from|of)(?: [01] ?(?:to|-|–))?)"
    r"[ \t]?(?P<top>\d{1,6})分?\)?"
    r"|[ ](?:von|sur|sobre|de|su|em|из|من)[ ](?P<of>10{1,3})\b|[ ]\(?on an? (?P<points>\d{1,4})[- ]point\b)?"
    rf"(?P<more>\+|[ ]?(?:{_OR_MORE}))?"
)

LETTER_BANDS = {"A": "80 to 100", "B": "60 to 80", "C": "40 to 60", "D": "20 to 40", "E": "0 to 20"}
"""Letter -> the percentages that it stands for."""
LETTERS = {"A": 0.9, "B": 0.7, "C": 0.5, "D": 0.3, "E": 0.1}
"""Letter -> the middle of its band."""
_TOPS = (12, 15, 20, 25, 30, 40, 50, 100, 1000, 10_000)
"""Upper ends of scales that people use, besides those up to 10."""


class Statement(NamedTuple):
    """One place where a confidence is stated."""

    start: int
    end: int
    form: Literal["labelled", "sentence", "bare"]
    value: re.Match[str] | tuple[Hedge, ...] | None
    """Match of `VALUE`, or words; None for a label without either."""
    top: str | None = None
    """Upper end of the scale that is declared beside the value."""
    unclear: bool = False
    """What surrounds the value makes it no plain statement: a bound, an error's likelihood, several values."""


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
    number = decimal(value["restated"] or value["number"])
    upper = decimal(value["upper"]) if value["upper"] else number
    if statement.unclear or upper not in (number, number / 100) or value["bound"] or value["more"]:
        return None, "ambiguous"
    percent = value["percent"] or value["hundredths"]
    top = (
        10
        if value["percent"] in TENTHS
        else 100
        if percent or value["restated"]
        else int(value["top"] or value["out_of"] or value["of"] or value["points"] or statement.top or 0)
    )
    if not top and scale == "percent" and 0 < number <= 1:
        return None, "ambiguous"
    if percent and Decimal("0.1") <= number < 1:
        return None, "ambiguous"  # 0.95% is a probability with a stray sign, or very unlikely
    if value["top"] and not top:
        return None, "out_of_range"
    if value["top"] and number + top == 100 and "/" in value[0]:
        top = 100  # 50/50
    if value["top"] and top > 10 and top not in _TOPS:
        return None, "ambiguous"  # 80/90
    if not top and (scale in ("words", "letters") or (scale == "score" and 0 < number < 1)):
        return None, "ambiguous"
    share = number / (top or {"percent": 100, "probability": 1, "score": 10}[scale])
    return (float(share), "ok") if 0 <= share <= 1 else (None, "out_of_range")


def decimal(number: str) -> Decimal:
    """A comma before exactly three digits groups thousands, unless a zero precedes it; any other is a decimal comma."""
    grouped = re.fullmatch(r"[-+]?[1-9]\d*,\d{3}", number)
    return Decimal(number.replace("{,}", ",").replace(",", "" if grouped else "."))
