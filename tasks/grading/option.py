"""Grades answers that pick one of a question's lettered options.

An option is picked by its letter ("B", "(b)", "Option B", "B) Paris", "B because ...") or by its own text ("Paris"). A
lone letter is always the letter, also where an option's text is a letter. Several letters, or a letter with the text of
another option, are unparsed; so is a text that merely resembles an option.

Where no answer is stated, the text's first line is read if it starts with a letter or is an option, then its last line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from string import ascii_uppercase

from tasks.base import Verdict
from tasks.grading.answer import is_refusal, stated_answer

GRADER = "option/1"

_NAME = "(?i:option|choice|letter|answer)"
_START = re.compile(
    rf"(?P<named>(?:(?i:the|my|correct|right|best|final) ){{0,3}}{_NAME}(?i: is)?:? )?"
    r"[(\[{]?(?P<letter>[A-Za-z])(?P<mark>[)\]}][.:]?|[.:,;/&+])?(?![A-Za-z0-9'])(?P<rest>.*)",
    re.DOTALL,
)
_GOES_ON = re.compile(r" (?:is|because|since|or|and|-|–|—) ")
"""Behind a capital without a mark: it is the letter of an option, not an article or a pronoun."""
_ANOTHER = re.compile(r"\s*(?:,|;|/|&|\+|\bor\b|\band\b)\s*(?:(?:or|and|(?i:option)) )?[(\[]?(?!I [a-z])([A-Z])\b")
_MENTION = re.compile(
    rf"(?:{_NAME}|choose|pick|select|with|is):? [(\[]?([A-Z])(?=[).,:;\]]|\W*$| is\b| because\b)|[(\[]([A-Z])[)\]]"
)
_DENIAL = re.compile(r"(?i)\b(?:not|neither|either|both|except|wrong|incorrect|rather)\b|n't\b")
_MARKUP = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\{([^{}]*)\}|[*_`$]")


def grade_option(choices: Sequence[str], gold: Sequence[str], answer_text: str) -> Verdict:
    """Whether the answer picks an accepted option; the verdict's answer is its letter.

    Args:
        choices: texts of the options, at most 26; the first is A.
        gold: letters of the accepted ones.
        answer_text: the text without reasoning and stated confidence.
    """
    options = dict(zip(ascii_uppercase, map(_plain, choices), strict=False))
    stated = stated_answer(answer_text)
    places = [stated] if stated else [line for line in answer_text.splitlines() if line.strip()] or [""]
    picked = _picked(options, places[0]) or _picked(options, places[-1]) or _mentioned(options, places[-1])
    if picked:
        return Verdict("correct" if picked in gold else "incorrect", picked)
    if is_refusal(answer_text):
        return Verdict("abstained", stated)
    return Verdict("unparsed", None, f"no single option in {stated[:80]!r}" if stated else None)


def _picked(options: dict[str, str], text: str) -> str | None:
    """The letter of the option that the text is, or starts with."""
    text = _plain(text)
    if _folded(text).upper() in options:
        return _folded(text).upper()
    same = [letter for letter, option in options.items() if _folded(option) == _folded(text)]
    if same:
        return same[0] if len(same) == 1 else None
    start = _START.fullmatch(text)
    return _started(options, start) if start and start["letter"].upper() in options else None


def _started(options: dict[str, str], start: re.Match[str]) -> str | None:
    letter, mark, rest = start["letter"].upper(), start["mark"] or "", start["rest"]
    own = _folded(rest) == _folded(options[letter])
    if start["letter"].islower():
        is_letter = mark[:1] in (")", "]", "}") if mark else not rest.strip()
    else:
        is_letter = bool(start["named"] or mark or own or not rest.strip() or _GOES_ON.match(rest))
    another = _ANOTHER.match(mark + rest) or _ANOTHER.match(rest.strip().removeprefix(options[letter]))
    contradicted = any(_folded(rest) == _folded(option) for other, option in options.items() if other != letter)
    return letter if is_letter and not another and (own or not contradicted) else None


def _mentioned(options: dict[str, str], text: str) -> str | None:
    """The letter of the only option that the text names on its way."""
    text = _plain(text)
    letters = {letter for pair in _MENTION.findall(text) for letter in pair if letter}
    return letters.pop() if len(letters) == 1 and letters <= options.keys() and not _DENIAL.search(text) else None


def _plain(text: str) -> str:
    """The text without markup, in compatibility characters, with one kind of quote and single spaces."""
    text = _MARKUP.sub(r"\1", unicodedata.normalize("NFKC", text))
    return " ".join(text.replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"').split())


def _folded(text: str) -> str:
    return text.casefold().strip(" .,;:!()[]{}\"'。")
