r"""Grades answers that are one number, by exact comparison.

Read: digits with thousands commas, decimals, fractions and mixed numbers, signs (also U+2212), LaTeX (`\frac{3}{4}`,
`\$`, `\text{}`, `\times 10^3`), units and words around the number, `1.5 million`. A percent sign is a unit: 25% is
25. A number is read whole or not at all: never a part of a longer number, a word, a range or a time of day.

In a stated answer with several numbers, the right side of the last `=` counts; then the number that the answer starts
with; then the last one. Where no answer is stated, the last number of the text counts, and the detail says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction

from calibench.tasks.base import Verdict
from calibench.tasks.grading.answer import stated_answer
from calibench.tasks.grading.refusal import is_refusal

GRADER = "number/2"

_LATEX = (
    (re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}|\\[dt]?frac[ ]?(\d)[ ]?(\d)"), r" \1\3/\2\4 "),
    (re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}\b)|\{,\}|\\[,;:! ]|~"), ""),
    (re.compile(r"\\(?:text|mathrm|mathbf|textbf|boxed|mbox)\b\{([^{}]*)\}"), r"\1"),
    (re.compile(r"[ ]?(?:\\times|\\cdot|×|\*)[ ]?10\^(?:\{([-+]?\d{1,2})\}|([-+]?\d{1,2}))"), r"e\1\2"),
    (re.compile(r"\\(?=[$%])|[*_`$£€¥₹]|\\[()\[\]]"), ""),
)
_INTEGER = r"(?:\d{1,3}(?:,\d{3})+|\d{1,300})"
_NUMBER = re.compile(
    r"(?<![\w.,/^:])(?<!\w-)(?:(?P<sign>[-+])[ ]?)?"
    rf"(?:(?:(?P<whole>\d{{1,9}})[ ])?(?P<top>{_INTEGER})[ ]?/[ ]?(?P<bottom>{_INTEGER})"
    rf"|(?P<decimal>(?:{_INTEGER}(?:\.\d{{0,300}})?|\.\d{{1,300}})(?:e[-+]?\d{{1,2}})?))"
    r"(?![\d/^]|[-.,:]\d|e[-+]?\d)"
    r"(?:[ ](?P<scale>thousand|million|billion|trillion)\b)?",
    re.IGNORECASE,
)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def grade_number(gold: Sequence[str], answer_text: str) -> Verdict:
    """Whether the answer equals one of the gold numbers.

    Args:
        gold: accepted numbers, in any of the forms that are read.
        answer_text: the text without reasoning and stated confidence.
    """
    accepted = [read_number(g) for g in gold]
    if None in accepted:
        return Verdict("failed", None, f"gold is not a number: {gold[accepted.index(None)]!r}")
    stated = stated_answer(answer_text)
    if is_refusal(answer_text):
        return Verdict("abstained", stated)
    number = read_number(stated) if stated else _last_number(answer_text)
    if number is None:
        return Verdict("unparsed", None, f"no number in the stated answer {stated[:80]!r}" if stated else None)
    return Verdict(
        "correct" if number in accepted else "incorrect",
        _written(number),
        None if stated else "no stated answer: last number of the text",
    )


def answer_classes(answers: Sequence[str]) -> list[str]:
    """A key for each answer: the number that it gives, or its text where it gives none."""
    numbers = [read_number(answer) for answer in answers]
    return [answer if n is None else str(n) for answer, n in zip(answers, numbers, strict=True)]


def read_number(text: str) -> Fraction | None:
    """The number that a short answer gives; None if it gives none."""
    plain = _plain(text)
    right_side = plain.rpartition("=")[2]
    numbers = list(_NUMBER.finditer(right_side)) or list(_NUMBER.finditer(plain))
    if not numbers:
        return None
    starts = numbers[0].start() == len(right_side) - len(right_side.lstrip())
    return _value(numbers[0] if starts else numbers[-1])


def _last_number(text: str) -> Fraction | None:
    numbers = list(_NUMBER.finditer(_plain(text)))
    return _value(numbers[-1]) if numbers else None


def _plain(text: str) -> str:
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    return unicodedata.normalize("NFKC", text.replace("−", "-"))


def _value(match: re.Match[str]) -> Fraction | None:
    if match["decimal"]:
        value = Fraction(match["decimal"].replace(",", ""))
    else:
        bottom = int(match["bottom"].replace(",", ""))
        if bottom == 0:
            return None
        value = Fraction(int(match["top"].replace(",", "")), bottom) + int(match["whole"] or 0)
    value *= _SCALES.get((match["scale"] or "").lower(), 1)
    return -value if match["sign"] == "-" else value


def _written(number: Fraction) -> str:
    """Shortest exact form: integer, decimal, or fraction where no decimal is exact."""
    if number.denominator == 1:
        return str(number.numerator)
    twos_and_fives = re.fullmatch(r"10*", str(10**12 // number.denominator * number.denominator))
    return str(float(number)) if twos_and_fives else f"{number.numerator}/{number.denominator}"
