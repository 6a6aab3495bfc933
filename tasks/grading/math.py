r"""Grades mathematical expressions with Math-Verify, after a comparison of normalised strings.

The strings come first: they decide words (`\text{east}`), letters of options and anything that is written like the
gold answer, whether or not it can be parsed. Math-Verify (Kydlicek 2024) decides the rest, gold first, as its
equality is not symmetric. It can run for minutes on hostile input and its own time limit needs the main thread: run
this grader in a worker process with a time limit.

Mathematics in plain text and Unicode is read as what it means (`calibench.tasks.grading.notation`). Several boxes in a
row are one answer.

Where no answer is stated, the last formula of the text is the answer, or a text of one line; else the text is
unparsed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from calibench.tasks.base import Verdict
from calibench.tasks.grading.answer import closing_brace, stated, stated_answer, unwrapped
from calibench.tasks.grading.notation import as_latex, as_union, read_in_parts, without_units
from calibench.tasks.grading.refusal import is_refusal

GRADER = "math/6"

_FORMULA = re.compile(r"\$\$?([^$]{1,2000})\$\$?|\\\((.{1,2000}?)\\\)|\\\[(.{1,2000}?)\\\]", re.DOTALL)
_COPULA = re.compile(r"\b(?:is|are|equals)\b")
_SPACING = re.compile(r"\\[,;:! ]|~|\\q?quad\b|\s")
_TEXT = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox|operatorname)\{([^{}]*)\}")
_SYNONYMS = ((re.compile(r"\\[dt]frac"), r"\\frac"), (re.compile(r"\\(?:left|right|displaystyle)(?![a-z])"), ""))
_BARE_FRACTION = re.compile(r"\\frac(?:\{(\w+)\}|(\w))(?:\{(\w+)\}|(\w))")
_RELATION = re.compile(r"\\(?:leq?|geq?|lt|gt)(?![a-z])|[<>]")
_BOX = re.compile(r"\\boxed[ ]?\{")
_BETWEEN_BOXES = re.compile(r"[\s$.,;&\\()\[\]]{0,12}(?:and|or)?[\s$,;\\()\[\]]{0,12}")
_BOXES = 20
_OPTION = re.compile(r"\(([A-Z])\)(?:$|[ .:]+\S)|([A-Z])[).:][ ]+\S")
_BASE = re.compile(r"^-?[\da-zA-Z.]+_\{?(\d{1,2})\}?$")
_ANGLE = re.compile(r"^\\angle([A-Z]{1,3})$")
_VALUE_OF = re.compile(r"^([a-zA-Z])=(?:[^a-zA-Z=]|\\[a-zA-Z]+)*$")
_SMALL = 1e-6
_LONGEST = 2000
"""Characters of an answer; a longer one is no final answer."""


def load_libraries() -> None:
    """Imports Math-Verify and what it imports at its first use."""
    _equal(_readings("1"), _readings("1"))


def grade_math(gold: Sequence[str], answer_text: str) -> Verdict:
    """Whether the answer equals one of the gold expressions.

    Args:
        gold: accepted expressions in LaTeX, without dollar signs.
        answer_text: the text without reasoning and stated confidence.
    """
    answer = _boxes(answer_text) or stated_answer(answer_text) or _unlabelled(answer_text)
    if is_refusal(answer_text):
        return Verdict("abstained", answer)
    if not answer:
        return Verdict("unparsed", None)
    if len(answer) > _LONGEST:
        return Verdict("unparsed", None, f"an answer of {len(answer)} characters")
    if any(_normalised(g) == _normalised(answer) or _letter(g) == _letter(answer) != "" for g in gold):
        return Verdict("correct", answer)
    return _verified(gold, answer)


def _verified(gold: Sequence[str], answer: str) -> Verdict:
    from math_verify import LatexExtractionConfig, parse

    readings = _readings(answer) if gold else []
    for accepted in gold:
        expected = parse(f"${as_latex(accepted)}$", [LatexExtractionConfig()], parsing_timeout=None)
        if all(isinstance(e, str) for e in expected):
            return Verdict("failed", answer, f"Math-Verify cannot parse the gold answer {accepted!r}")
        if _of_other_names(accepted, answer):
            continue
        # Its equality takes an interval for an inequality in one direction only.
        turned = bool(_RELATION.search(as_latex(answer))) and not _RELATION.search(as_latex(accepted))
        if any(_same(expected, reading, turned) for reading in readings):
            return Verdict("correct", answer)
    return Verdict("incorrect", answer)


def _same(expected: list[Any], reading: list[Any], turned: bool) -> bool:
    """Math-Verify's equality; but numbers so small that it takes all of them for 0 must agree by their ratio."""
    from math_verify import verify

    if not (verify(expected, reading, timeout_seconds=None) or (turned and _interval_of(expected, reading))):
        return False
    numbers = [
        [e for e in side if getattr(e, "is_number", False) and getattr(e, "is_real", False)]
        for side in (expected, reading)
    ]
    pairs = [(e, r) for e in numbers[0] for r in numbers[1] if e != 0 and r != 0]
    small = pairs and all(abs(n.evalf(5)) < _SMALL for pair in pairs for n in pair)
    return not small or any(abs((e / r).evalf(20) - 1) < _SMALL for e, r in pairs)


def _of_other_names(gold: str, answer: str) -> bool:
    r"""Whether both are alike but for what Math-Verify does not look at: the base of a number (`101_2`, `101_3`), the
    order of the letters of an angle, or the variable that has the value (`x = 1`, `y = 1`)."""
    both = _normalised(gold), _normalised(answer)
    for named in (_BASE, _ANGLE, _VALUE_OF):
        names = [
            {found[1], found[1][::-1]} if named is _ANGLE else {found[1]}
            for said in both
            if (found := named.search(said))
        ]
        if len(names) == 2 and names[0].isdisjoint(names[1]):
            return True
    return False


def _interval_of(expected: list[Any], reading: list[Any]) -> bool:
    """Whether the gold is an interval, or a union of some, that the answer's inequality describes."""
    from math_verify import verify

    return any(getattr(e, "is_Interval", False) or getattr(e, "is_Union", False) for e in expected) and verify(
        reading, expected, timeout_seconds=None
    )


def _readings(answer: str) -> list[Any]:
    """What Math-Verify makes of the answer: of all of it, as it is and as LaTeX, and of what follows its last `is`."""
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse

    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns that its own time limit is off
    wholes = {answer, unwrapped(_COPULA.split(answer)[-1])}
    rewritten = {as_latex(without_units(whole)) for whole in wholes}
    rewritten |= {union for whole in rewritten if (union := as_union(whole))}
    in_parts = read_in_parts(answer)
    readings = []
    for said in rewritten if in_parts else wholes | rewritten:
        formula = said if _FORMULA.search(said) else f"${said}$"
        readings.append(parse(formula, [LatexExtractionConfig()], parsing_timeout=None))
        if not in_parts and not re.search(r"[\\$]", said):
            readings.append(parse(said, [ExprExtractionConfig()], parsing_timeout=None))
    return [reading for reading in readings if reading]


def _boxes(text: str) -> str | None:
    r"""What several boxes in a row state together: `\boxed{3}, \boxed{5} and \boxed{7}`; None for any other text."""
    boxes = list(_BOX.finditer(text))[-_BOXES:]
    spans = [(box.start(), box.end(), end) for box in boxes if (end := closing_brace(text, box.end())) is not None]
    row = spans[-1:]
    for box in reversed(spans[:-1]):
        if not _BETWEEN_BOXES.fullmatch(text, box[2] + 1, row[0][0]):
            break
        row.insert(0, box)
    said = list(dict.fromkeys(unwrapped(text[start:end]) for _, start, end in row))
    last = stated(text)
    if len(said) < 2 or not last or last.label != row[-1][0]:
        return None
    return ", ".join(said)


def _letter(expression: str) -> str:
    """The letter of an option that the expression is, or starts with before the option's text; else nothing."""
    plain = _TEXT.sub(r"\1", unwrapped(expression)).strip()
    letter = _OPTION.match(plain)
    return (letter[1] or letter[2]).casefold() if letter else ""


def answer_classes(answers: Sequence[str]) -> list[str]:
    """A key for each answer; answers that Math-Verify finds equal, in either direction, share one.

    Its equality is neither symmetric nor transitive, so a class is what a chain of equal answers joins.
    """
    keys = [_normalised(answer)[:_LONGEST] for answer in answers]
    readings = {key: _readings(answer[:_LONGEST]) for key, answer in sorted(zip(keys, answers, strict=True))}
    joined = {key: key for key in readings}
    for a, b in combinations(readings, 2):
        if (
            joined[a] != joined[b]
            and not _of_other_names(a, b)
            and (_equal(readings[a], readings[b]) or _equal(readings[b], readings[a]))
        ):
            left = joined[b]
            joined = {key: joined[a] if of == left else of for key, of in joined.items()}
    return [joined[key] for key in keys]


def _equal(gold: list[Any], answer: list[Any]) -> bool:
    from math_verify import verify

    return any(verify(g, a, timeout_seconds=None) for g in gold for a in answer)


def _unlabelled(text: str) -> str | None:
    formulas = _FORMULA.findall(text[-5 * _LONGEST :])
    if formulas:
        return unwrapped("".join(formulas[-1])) or None
    lines = [line for line in text.splitlines() if line.strip()]
    return unwrapped(lines[0]) or None if len(lines) == 1 else None


def _normalised(expression: str) -> str:
    """Spacing, wrappers and equivalent commands removed; case of words folded."""
    plain = _TEXT.sub(lambda m: m[1].casefold(), unwrapped(expression))
    for pattern, replacement in _SYNONYMS:
        plain = pattern.sub(replacement, plain)
    plain = _BARE_FRACTION.sub(lambda m: f"\\frac{{{m[1] or m[2]}}}{{{m[3] or m[4]}}}", plain)
    plain = _SPACING.sub("", plain).replace("\\$", "").replace("$", "").replace("^\\circ", "").replace("\\%", "%")
    if re.fullmatch(r"\(?[a-zA-Z]\)?", plain):
        return plain.strip("()").casefold()
    return plain.casefold() if re.fullmatch(r"[a-zA-Z]{2,}", plain) else plain
