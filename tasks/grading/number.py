r"""Grades answers that are one number, by exact comparison.

Read: digits with thousands separators (`1,234`, `1 234`, `1'234`, `1.234,50`, `1,00,000`), decimals, fractions, mixed
numbers (also `2½`), signs (also U+2212, a dash, `minus`), LaTeX (`\frac{3}{4}`, `\$`, `\text{}`, `\times 10^3`), units
and words around the number, dollars and cents, `1.5 million`, `1.2k`, `3万`, `2 dozen`, `forty-two`, `two thirds`, and
sums, products and powers (`3*6` is 18, `2^{10}` is 1024).
A percent sign is a unit: 25% is 25. A number is read whole or not at all: never a part of a longer number, a word, a
range, a difference, a root, an expression in x or i, a time of day or a quantity in two units, nor one that is denied
("not 7") or only a part of what is said ("twice 7"). Two alternatives ("7 or 8"), a list ("7, 8") and a bound ("more
than 7") are no answer. Behind a label of a language with decimal commas, `3,5` is 3.5, and `1.200` may be 1.2 or 1200.

In a stated answer with several numbers, the right side of the last `=` counts; then the number that the answer starts
with; then the last one. Where no answer is stated, the last number of the text counts, and the detail says so.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction

from calibench.tasks.base import Verdict
from calibench.tasks.grading.answer import stated_answer
from calibench.tasks.grading.languages import DECIMAL_COMMA, english_number, number_of_words
from calibench.tasks.grading.refusal import is_refusal

GRADER = "number/8"

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_MONOMIAL = r"(?:\d{1,15}(?:\.\d{1,15})?[ijkx]?|[ijx])(?:\^\d{1,3})?"
_REWRITTEN = (
    (re.compile("[ ]?[\u00bc-\u00be\u2150-\u215e]"), lambda m: " " + _fraction(m[0]) + " "),
    (re.compile("[⁻⁰¹²³⁴-⁹]+"), lambda m: "^" + unicodedata.normalize("NFKC", m[0]).replace("−", "-")),
    (re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}|\\[dt]?frac[ ]?(\d)[ ]?(\d)"), r" \1\3/\2\4 "),
    (re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}\b)|\{,\}|\\[,;:! ]|~"), ""),
    (re.compile(r"(?<=\d)['’](?=\d{3}(?!\d))"), ""),
    (
        re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3}){1,4}|\d{1,3}(?: \d{3}){1,4}),(\d{1,2})(?![\d.,])"),
        lambda m: re.sub("[. ]", "", m[1]) + "." + m[2],
    ),
    (
        re.compile(r"(?i)(?<![\d.])(\d{1,9}) dollars?,?(?: and)? (\d{1,2}) cents?\b"),
        lambda m: f"{m[1]}.{int(m[2]):02d} dollars",
    ),
    (re.compile(r"(?<![\d.,])(\d{1,9}),(\d{1,2})(?=[ ]?(?:€|euros?\b|eur\b))", re.IGNORECASE), r"\1.\2"),
    (re.compile(r"(?<![\d.,])\d{1,2}(?:,\d{2}){1,6},\d{3}(?![\d.,]\d)"), lambda m: m[0].replace(",", "")),
    (re.compile(r"(?<=\d) and (?=\d{1,3}[ ]?/[ ]?\d)"), " "),
    (re.compile(r"\\(?:text|mathrm|mathbf|textbf|boxed|mbox)\b\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\^(?:\{\\circ\}|\\circ\b)"), " "),
    (re.compile(r"\\sqrt(?:\[[^\[\]]*\])?(?:\{[^{}]*\})?"), "√1"),
    (re.compile(r"(?i)\b(?:sqrt|(?:log|ln|exp|sin|cos|tan)(?=[ ]?[({\d]))[ ]?\(?"), "√"),
    (re.compile(r"-[ ]?\([ ]?[-−][ ]?(\d[\d.,]{0,20})[ ]?\)"), r"\1"),
    (re.compile(r"(?<=\d)\*\*(?=\d)"), "^"),
    (re.compile(r"(?<=\d)_(?:\{\d{1,2}\}|\d{1,2}(?!\d))"), "^"),
    (re.compile(r"[ ]?(?:\\times|\\cdot|×|\*|x)[ ]?10\^(?:\{([-+]?\d{1,2})\}|([-+]?\d{1,2}))"), r"e\1\2"),
    (re.compile(r"(?<![\w.,^])10\^(?:\{(\d{1,2})\}|(\d{1,2}))(?!\d)"), r"1e\1\2"),
    (re.compile(r"(?<![\w.,^])(\d{1,9})\^(?:\{(\d{1,2})\}|(\d{1,2})(?![\d.]))"), lambda m: _power(m)),
    (re.compile(r"\^\{[^{}]*\}"), "^1"),
    (
        re.compile(
            r"(?i)(?<=[\d)])[ ]?(?:\\times|\\cdot|\*|x(?=[ ]?\d)|times(?=[ ]\d)|multiplied by(?=[ ]\d))[ ]?(?=[\d(])"
        ),
        "×",
    ),
    (
        re.compile(r"(?i)(?<=\d)[ ](?:plus|minus|divided by)[ ](?=\d)"),
        lambda m: {"p": "+", "m": " - "}.get(m[0][1].lower(), "/"),
    ),
    (re.compile(r"(?i)\bof [^=.,;\n]{1,30}? is (?=[-$]?\d)"), "="),
    (re.compile(r"→|⇒|[-=]>|\\(?:to|implies|[rR]ightarrow)\b"), "="),
    (re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3}){2,4}(?![\d.,]?\d)"), lambda m: m[0].replace(".", "")),
    (re.compile(r"\\(?=[$%])|[*_`$£€¥₹]|\\[()\[\]]"), ""),
    (re.compile(r"(?i)(?<!\d )(?<!\d)\b(?:minus|negative)[ ](?=[\d.])"), "-"),
    (re.compile(r"(?<![\w.,)%])(?<!\d )[‐‑‒–—﹣－](?=[ ]?[\d.])"), "-"),
    (re.compile(rf"(?<![\w.^]){_MONOMIAL}(?:[ ]?[-+][ ]?{_MONOMIAL}){{0,20}}(?!\w)"), lambda m: _polynomial(m)),
    (re.compile(rf"(?<=[{_CJK}])(?=[-+.\d])|(?<=\d)(?=[{_CJK}])"), " "),
)
_LONGEST = 300
"""Digits of a power that is worked out."""
_GROUPED = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[ ]\d{3}){1,4}(?![\d/.,]|[ ]?/)")
_INTEGER = r"(?:\d{1,3}(?:,\d{3}){1,99}|\d{1,300})"
_NUMBER = re.compile(
    r"(?<![\w.,/^:√×])(?<!\w[-–—])(?:(?P<sign>[-+])[ ]?)?"
    rf"(?:(?:(?P<whole>\d{{1,9}})[ ])?(?P<top>{_INTEGER})[ ]?/[ ]?(?P<bottom>{_INTEGER})"
    rf"|(?P<decimal>(?:{_INTEGER}(?:\.\d{{0,300}})?|\.\d{{1,300}})(?:e[-+]?\d{{1,2}})?))"
    r"(?![\d/^×]|[-–—.,:]\d|e[-+]?\d|[ ]?(?:√|π|\\pi|sqrt)|\+(?:\W|\Z)"
    r"|[ ](?:in )?base[ ]?\d|[ ]?%[ ]?of[ ]\d)"
    r"(?:[ ](?P<count>hundred|dozen))?"
    r"(?:(?:[ ](?P<scale>thousand|million|billion|trillion|千(?![克米瓦卡升赫帕焦])|[万萬億亿])"
    r"|(?P<kilo>k))(?![a-z]))?",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
"""What most answers are, and no rule reads otherwise."""
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SCALES |= {"千": 10**3, "万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8}
_COUNTS = {"hundred": 100, "dozen": 12}
_SIGNS = str.maketrans("−٫٬", "-.,")
_COMMA = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:\.\d{3})+|\d{1,15})(?:,\d{1,15})?(?![.,]?\d)")
_GOES_ON = re.compile(
    r"(?i)and\b|hundred|thousand|.?illion|hundert|tausend|cent|mil|mila|тысяч|сот|миллион|सौ|हज़?ार|लाख|करोड़|م[ئا]|[أا]لف|dozen"
)
"""A word of a number that is greater than what was read before it."""
_TERM = r"\d{1,15}(?:\.\d{1,15})?"
_OPERATION = re.compile(
    rf"(?<![\w.,/^:√×+-]){_TERM}(?:[ ]?[×+][ ]?{_TERM}){{1,20}}(?![\w.,/^:√×+-]|[ ]?(?:[-/=+√π]|\\pi|sqrt))"
)
_TWO_EQUATIONS = re.compile(r"=[^=]{1,40}\bor\b[^=]{1,40}=")
_BOUND = re.compile(r"(?i)(?:[<>]|(?:strictly )?(?:less|fewer|more|greater|higher|lower) than|over|under|above|below)")
_SECOND = r",?(?: and)? ?\d[\d.]{0,9} ?"
_COMPOUND = re.compile(
    rf"(?i)\d[ ]?(?:(?:hours?|hrs?|h){_SECOND}(?:min|m\b)|(?:minutes?|mins?){_SECOND}s(?:ec)?"
    rf"|days?{_SECOND}h(?:ours?|rs?)?\b|weeks?{_SECOND}days?|years?{_SECOND}months?"
    rf"|(?:minutes?|mins?|m)[ ]?\d{{1,2}}[ ]?s\b|hours?[ ]\d{{1,2}}\Z"
    rf"|(?:feet|foot|ft\.?|'){_SECOND}(?:in|\")|(?:pounds?|lbs?){_SECOND}(?:ounces?|oz))"
)
"""Two numbers that are one quantity, in two units: neither is it."""
_TOLERANCE = re.compile(r"[ ]?(?:±|\+/-|\\pm\b)[ ]?\d")
_DENIED = re.compile(
    r"(?i)(?:(?:\bnot|n't)(?: (?:equal to|equal|be|about|exactly))? "
    r"|\b(?:twice|thrice|double|triple|half(?: of)?|(?:root|square|cube|multiple|factor|power|percent) of) "
    r"|% ?of |\bbase |≠ ?)\Z"
)
"""Before a number that is denied, or that something is done to."""
_LIST = re.compile(r"(?:(?:,|;|,? and|[ ]?&)[ ]?[-+]?\d[\d.]{0,20}){1,20}[.! ]{0,3}")
"""Behind the first number, further ones and nothing else."""
_DASHES = ("-", "‐", "‑", "‒", "–", "—")
_ALTERNATIVE = re.compile(
    r"(?i)(?:[ ][^\W\d]{1,15})?,?[ ]?\(?(?P<word>or|oder|ou|或|または|to|and)(?![a-z])[ ]?(?:(?:maybe|perhaps) )?\Z"
)


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
    number = _read(stated) if stated else _last_number(answer_text)
    if stated and DECIMAL_COMMA.search(answer_text):
        other = _with_decimal_comma(stated)
        number = other if number is None or other in accepted else number
    if number is None:
        return Verdict("unparsed", None, f"no number in the stated answer {stated[:80]!r}" if stated else None)
    return Verdict(
        "correct" if number in accepted else "incorrect",
        _written(number),
        None if stated else "no stated answer: last number of the text",
    )


def _with_decimal_comma(answer: str) -> Fraction | None:
    """The number that an answer gives where a comma stands before decimals and a point between thousands."""
    if not (number := _COMMA.search(answer)):
        return None
    return read_number(answer[: number.start()] + number[0].replace(".", "").replace(",", ".") + answer[number.end() :])


def answer_classes(answers: Sequence[str]) -> list[str]:
    """A key for each answer: the number that it gives, or its text where it gives none."""
    numbers = [_read(answer) for answer in answers]
    return [answer if n is None else str(n) for answer, n in zip(answers, numbers, strict=True)]


def read_number(text: str) -> Fraction | None:
    """The number that a short answer gives; None if it gives none."""
    if _DECIMAL.fullmatch(text):
        return Fraction(text)
    plain = _GROUPED.sub(lambda m: m[0].replace(" ", ""), _plain(text))
    plain = _OPERATION.sub(_result, plain)
    if _TWO_EQUATIONS.search(plain) and len({_value(number) for number in _numbers(plain)}) > 1:
        return None
    right_side = plain.rpartition("=")[2]
    numbers = _numbers(right_side) or _numbers(plain)
    if not numbers or _COMPOUND.search(right_side) or _TOLERANCE.match(right_side, numbers[0].end()):
        return None
    before = numbers[0].string[: numbers[0].start()].strip().lower()
    if _BOUND.fullmatch(before):
        return None
    if before in ("", "either", "from", "between"):
        return None if _has_alternative(numbers, before) else _value(numbers[0])
    return _value(numbers[-1])


def _read(answer: str) -> Fraction | None:
    number = read_number(answer)
    return _in_words(answer) if number is None else number


def _in_words(text: str) -> Fraction | None:
    """The number that the text is in words, in other languages than English up to 100, with up to two words of a unit
    behind it."""
    words = text.strip(" .!*_").split()
    if re.search(r"\d", text) or len(words) > 12:
        return None
    sign = -1 if words and words[0].lower() in ("minus", "negative") else 1
    words = words[1:] if sign < 0 else words
    for end in range(len(words), max(0, len(words) - 3), -1):
        begin, unit = " ".join(words[:end]), words[end:]
        english = english_number(begin)
        value = number_of_words(begin) if english is None else english
        if value is not None:
            return None if any(map(_GOES_ON.match, unit)) else Fraction(sign * value)
    return None


def _numbers(text: str) -> list[re.Match[str]]:
    """The numbers of a text but those that it denies."""
    return [m for m in _NUMBER.finditer(text) if not _DENIED.search(text, max(0, m.start() - 20), m.start())]


def _has_alternative(numbers: list[re.Match[str]], before: str) -> bool:
    """Whether the first number is one of two different ones: "7 or 8", "7 to 8", "between 7 and 8", "7, 8"."""
    if len(numbers) < 2 or _value(numbers[0]) == _value(numbers[1]):
        return False
    if _LIST.fullmatch(numbers[0].string[numbers[0].end() :]):
        return True
    between = numbers[0].string[numbers[0].end() : numbers[1].start()]
    if between.strip() in _DASHES or (numbers[1]["sign"] == "-" and not between.strip()):
        return True  # a range, or a difference that is not worked out
    joined = _ALTERNATIVE.fullmatch(between)
    return joined is not None and (joined["word"].lower() != "and" or before == "between")


def _result(operation: re.Match[str]) -> str:
    """The value of a sum of products, as a number."""
    products = (math.prod(map(Fraction, term.split("×")), start=Fraction(1)) for term in operation[0].split("+"))
    return _written(sum(products, start=Fraction()))


def _last_number(text: str) -> Fraction | None:
    numbers = _numbers(_plain(text))
    return _value(numbers[-1]) if numbers else None


def _plain(text: str) -> str:
    for pattern, replacement in _REWRITTEN:
        text = pattern.sub(replacement, text)
    return unicodedata.normalize("NFKC", text.translate(_SIGNS))


def _polynomial(terms: re.Match[str]) -> str:
    """Nothing that is read where a variable, an `i` or unit vectors are in it; a number, and words like `x` and `i`."""
    said = terms[0]
    return "√1" if re.search(r"\d[ijx]|[ijx]\^|[ijx][ ]?[-+]|[-+][ ]?[ijx]", said) else said


def _power(power: re.Match[str]) -> str:
    base, exponent = int(power[1]), int(power[2] or power[3])
    return str(base**exponent) if exponent * math.log10(max(base, 1)) < _LONGEST else power[0]


def _fraction(sign: str) -> str:
    """A fraction that is one character, as digits."""
    return unicodedata.normalize("NFKC", sign.strip()).replace("\u2044", "/")


def _value(match: re.Match[str]) -> Fraction | None:
    if match["decimal"]:
        value = Fraction(match["decimal"].replace(",", ""))
    else:
        bottom = int(match["bottom"].replace(",", ""))
        if bottom == 0:
            return None
        value = Fraction(int(match["top"].replace(",", "")), bottom) + int(match["whole"] or 0)
    value *= _COUNTS.get((match["count"] or "").lower(), 1)
    value *= 1000 if match["kilo"] else _SCALES.get((match["scale"] or "").lower(), 1)
    return -value if match["sign"] == "-" else value


def _written(number: Fraction) -> str:
    """Shortest exact form: integer, decimal, or fraction where no decimal is exact."""
    if number.denominator == 1:
        return str(number.numerator)
    twos_and_fives = re.fullmatch(r"10*", str(10**12 // number.denominator * number.denominator))
    return str(float(number)) if twos_and_fives else f"{number.numerator}/{number.denominator}"
