"""Reads short answers that are a date or a number with its unit, so that they are compared by value, not by letters.

Dates: `29 May 1988`, `May 29th, 1988`, `1988-05-29`, `05/29/1988` (month first, unless that cannot be), `29.5.1988`,
`May 1988`, and a year from 1000 to 2100 alone. Numbers: as `calibench.tasks.grading.number` reads them, and in English
words up to the hundreds, with a unit of the table or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from calibench.tasks.grading.number import read_number


class Date(NamedTuple):
    year: int
    month: int | None = None
    day: int | None = None

    def fits(self, gold: Date) -> bool:
        """Whether this date says what `gold` says, or more."""
        return all(mine == theirs for mine, theirs in zip(self, gold, strict=True) if theirs is not None)


class Quantity(NamedTuple):
    value: Fraction
    unit: str
    """Canonical name of a known unit; empty for none."""
    counted: str
    """Words behind the number that are no known unit."""


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:1\d{3}|20\d\d|2100)"
_DATE = re.compile(
    rf"(?i)\b(?:(?P<d1>{_DAY})(?:st|nd|rd|th)?(?: of)? (?P<m1>{_MONTH}),? (?P<y1>{_YEAR})"
    rf"|(?P<m2>{_MONTH}) (?P<d2>{_DAY})(?:st|nd|rd|th)?,? (?P<y2>{_YEAR})"
    rf"|(?P<y3>{_YEAR})-(?P<m3>0?[1-9]|1[0-2])-(?P<d3>{_DAY})"
    rf"|(?P<y6>{_YEAR}),? (?P<m6>{_MONTH}) (?P<d6>{_DAY})"
    rf"|(?P<a4>\d{{1,2}})(?P<mark>[/.])(?P<b4>\d{{1,2}})(?P=mark)(?P<y4>{_YEAR})"
    rf"|(?P<m5>{_MONTH}),?(?: of)? (?P<y5>{_YEAR})|(?<![\d.,/$€£-])(?P<y7>{_YEAR}))(?![\d%]|[.,/-]\d)"
)
_UNITS = {
    "kilometer": ("km", "kilometre"),
    "meter": ("m", "metre"),
    "centimeter": ("cm", "centimetre"),
    "mile": ("mi",),
    "millimeter": ("mm", "millimetre"),
    "foot": ("ft", "feet"),
    "inch": ("in", "inche"),
    "yard": ("yd",),
    "kilogram": ("kg", "kilo"),
    "gram": ("g",),
    "pound": ("lb",),
    "ton": ("tonne",),
    "liter": ("l", "litre"),
    "percent": ("%", "per cent"),
    "dollar": ("usd", "us dollar"),
    "euro": ("eur",),
    "pound sterling": ("gbp",),
    "second": ("sec",),
    "minute": ("min",),
    "hour": ("hr", "h"),
    "day": (),
    "week": (),
    "month": (),
    "year": ("yr",),
    "acre": (),
    "hectare": ("ha",),
    "degree": ("°",),
    "square kilometer": ("km2", "km²", "sq km", "square kilometre"),
    "square mile": ("sq mi",),
    "square meter": ("m2", "m²", "square metre"),
    "mph": ("miles per hour",),
    "people": (),
}
_CANONICAL = {name: unit for unit, names in _UNITS.items() for name in (unit, *names)}
_SIGNS = {"$": "dollar", "€": "euro", "£": "pound sterling"}
_SMALL_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_SMALL = {word: i for i, word in enumerate(_SMALL_WORDS.split())}
_TENS = {
    word: 10 * i
    for i, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_WORD = "|".join((*_SMALL, *_TENS, "hundred", "and"))
_QUANTITY = re.compile(
    r"(?i)(?:about|approximately|around|roughly|exactly|a total of|~|≈)?\s{0,2}(?P<sign>[$€£])?[ ]?"
    r"(?:(?P<digits>[-−]?\d[\d,.]{0,30}(?:[ ]\d{3}){0,4}(?:[ ](?:thousand|million|billion|trillion))?)"
    rf"|(?P<words>(?:{_WORD})(?:[ -](?:{_WORD})\b){{0,5}}\b))"
    r"(?P<unit>[ ]?(?:%|°)|(?:[ -][^\W\d]{1,15}[²2]?){0,3}|[a-z]{1,2}[²2]?)[.!]?"
)


def dates(text: str) -> Iterator[Date]:
    """The dates that a text mentions, in its order."""
    for match in _DATE.finditer(text):
        part = {name[0]: value for name, value in match.groupdict().items() if value and name != "mark"}
        if "a" in part:
            first, second = int(part["a"]), int(part["b"])
            month, day = (second, first) if match["mark"] == "." or first > 12 else (first, second)
            if month <= 12 and 1 <= day <= 31:
                yield Date(int(part["y"]), month, day)
            continue
        written = part.get("m", "")
        named = _MONTHS.index(written[:3].lower()) + 1 if written and not written.isdigit() else None
        numbered = int(written) if written.isdigit() else None
        yield Date(int(part["y"]), numbered or named, int(part["d"]) if "d" in part else None)


def read_date(text: str) -> Date | None:
    """The date that a text is, and nothing else."""
    match = _DATE.fullmatch(text.strip(" .,"))
    return next(dates(match[0]), None) if match else None


def read_quantity(text: str) -> Quantity | None:
    """The number, with its unit, that a text is, and nothing else."""
    match = _QUANTITY.fullmatch(text.strip())
    if not match:
        return None
    value = read_number(match["digits"].rstrip(",.")) if match["digits"] else _in_words(match["words"].lower())
    if value is None:
        return None
    words = match["unit"].strip(" -").lower()
    unit = _CANONICAL.get(words) or _CANONICAL.get(words.removesuffix("s"))
    sign = _SIGNS.get(match["sign"] or "", "")
    return Quantity(value, unit or sign, "" if unit else match["unit"].strip(" -"))


def _in_words(text: str) -> Fraction | None:
    total, last = 0, None
    for word in re.split(r"[ -]", text):
        if word in _SMALL:
            total += _SMALL[word]
        elif word in _TENS:
            total += _TENS[word]
        elif word == "hundred":
            total = 100 * max(total, 1)
        elif word != "and" or last is None:
            return None
        last = word
    return Fraction(total) if last not in (None, "and") else None
