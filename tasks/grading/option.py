"""Grades answers that pick one of a question's lettered options.

An option is picked by its letter ("B", "(b)", "Option B", "B) Paris", "B because ...") or by its own text ("Paris"). A
lone letter is always the letter, also where an option's text is a letter. Several letters, or a letter with the text of
another option, are unparsed; so is a text that merely resembles an option.

Where no answer is stated, the text's first line is read if it starts with a letter or is an option, then its last line.
Where several lines start with letters, they list the options, and only a letter that the last line names is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from string import ascii_uppercase

from calibench.tasks.base import Verdict
from calibench.tasks.grading.answer import stated_answer
from calibench.tasks.grading.refusal import is_refusal

GRADER = "option/6"

_NAME = "(?i:option|choice|letter|answer|选项|選項|選択肢)"
_START = re.compile(
    rf"(?P<named>(?:(?i:the|my|correct|right|best|final) ){{0,3}}{_NAME}(?i: is)?:? ?"
    r"|(?i:it (?:must|should|has to) be )|(?i:(?:definitely|probably|(?:most )?likely|certainly|clearly|surely) ))?"
    r"[(\[{]?[ ]?(?P<letter>[A-Za-z])(?P<mark>[ ]?[)\]}][.:]?|(?:[ ]:|[.,:;/&+=!?])?(?![A-Za-z0-9']))(?P<rest>.*)",
    re.DOTALL,
)
_GOES_ON = re.compile(r" (?:is|because|since|or|and|=|-|–|—) ")
"""Behind a capital without a mark: it is the letter of an option, not an article or a pronoun."""
_OUT = r"(?:wrong|incorrect|false|impossible|invalid|excluded|eliminated|ruled out|out)\b"
_DISMISSED = re.compile(
    rf"(?i)[ ,]*(?:(?:is|are|was|can be|must be|has been) (?:(?:clearly|also|probably|definitely) )?(?:not\b|{_OUT})"
    rf"|(?:is|ca|wo|does)n't\b|cannot\b|(?:can|does) not\b|{_OUT}\W*\Z)"
)
"""Behind a letter: its option is not the answer."""
_DISMISSAL = re.compile(
    rf"[(]?\b[A-Z]\b[)]?(?:(?:,|,? and|,? or) [(]?[A-Z]\b[)]?){{0,4}} (?:is|are) (?:(?:clearly|also) )?{_OUT}"
)
_AND_ANOTHER = re.compile(
    r"\s*(?:[,;/&+]|\b(?:or|and)\b)\s*(?:(?:or|and|maybe|perhaps|possibly|(?i:option)) ){0,2}[(\[]?(?!I [a-z])[A-Z]\b"
)
_NOT_ANOTHER = re.compile(r"[ ,(]*\b(?:and )?not [(]?[A-Z]\b[)]{0,2}")
_MARKED = re.compile(r"\b([A-Z])[ ]?\)")
_LISTED = re.compile(r"(?m)^\W{0,8}([A-Z])(?:[ ]?[).:]|$)")
_MENTION = re.compile(
    rf"(?:(?:{_NAME}|\b(?i:choose|pick|select|say|with|is|so|therefore|thus)\b)[:,]? ?"
    r"|(?:答案|选项|選項|选择|選択肢|答え|正解)(?:是|为|為|は)|选|選)"
    r"[(\[]?(?<![A-Za-z])([A-Z])(?=[).,:;。\]]|です|\W*$| is\b| because\b)|[(\[][ ]?([A-Z])[ ]?[)\]]"
)
_DENIAL = re.compile(r"(?i)\b(?:not|neither|either|both|except|wrong|incorrect|rather)\b|n't\b")
_LATIN = str.maketrans("АВСЕ", "ABCE")
_CYRILLIC = re.compile("(?<!\\w)[АВСЕ](?!\\w)")
"""Letters that look like those of options, where Russian is written."""
_MARKUP = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\{([^{}]*)\}|[*_`$]")


def grade_option(choices: Sequence[str], gold: Sequence[str], answer_text: str) -> Verdict:
    """Whether the answer picks an accepted option; the verdict's answer is its letter.

    Args:
        choices: texts of the options, at most 26; the first is A.
        gold: letters of the accepted ones.
        answer_text: the text without reasoning and stated confidence.
    """
    options = dict(zip(ascii_uppercase, map(_plain, choices), strict=False))
    stated = stated_answer(answer_text, lettered=True)
    picked = _picked(options, stated) or _mentioned(options, stated) if stated else _unlabelled(options, answer_text)
    if picked:
        return Verdict("correct" if picked in gold else "incorrect", picked)
    if is_refusal(answer_text):
        return Verdict("abstained", stated)
    return Verdict("unparsed", None, f"no single option in {stated[:80]!r}" if stated else None)


def _unlabelled(options: dict[str, str], text: str) -> str | None:
    lines = [line for line in text.splitlines() if line.strip()] or [""]
    if len(set(_LISTED.findall(text))) > 1:
        return _mentioned(options, lines[-1])
    return _picked(options, lines[0]) or _picked(options, lines[-1]) or _mentioned(options, lines[-1])


def _picked(options: dict[str, str], text: str) -> str | None:
    """The letter of the option that the text is, or starts with."""
    text = _plain(text)
    if _folded(text).upper() in options:
        return _folded(text).upper()
    bare = text[1:-1] if re.fullmatch(r"\([^()]*\)", text) else text
    same = [letter for letter, option in options.items() if _folded(option) in (_folded(text), _folded(bare))]
    if same:
        return same[0] if len(same) == 1 else None
    start = _START.fullmatch(text)
    return _started(options, start) if start and start["letter"].upper() in options else None


def _started(options: dict[str, str], start: re.Match[str]) -> str | None:
    letter, mark, rest = start["letter"].upper(), start["mark"] or "", _NOT_ANOTHER.sub("", start["rest"])
    said = _folded(rest).removeprefix("(").removesuffix(")")
    own = said == _folded(options[letter])
    if start["letter"].islower():
        is_letter = mark.strip()[:1] in (")", "]", "}") if mark else not rest.strip()
    else:
        is_letter = bool(start["named"] or mark or own or not rest.strip() or _GOES_ON.match(rest))
    another = _AND_ANOTHER.match(mark + rest) or _AND_ANOTHER.match(rest.strip().removeprefix(options[letter]))
    listed = set(_MARKED.findall(rest)) - {letter}
    contradicted = not own and any(said == _folded(option) for option in options.values())
    return letter if is_letter and not (another or listed or contradicted or _DISMISSED.match(rest)) else None


def _mentioned(options: dict[str, str], text: str) -> str | None:
    """The letter of the only option that the text names on its way."""
    text = _DISMISSAL.sub("", _plain(text))
    letters = {letter for pair in _MENTION.findall(text) for letter in pair if letter}
    rest = _folded(_MENTION.sub("", text))
    if any(rest == _folded(option) for letter, option in options.items() if letter not in letters):
        return None
    return letters.pop() if len(letters) == 1 and letters <= options.keys() and not _DENIAL.search(text) else None


def _plain(text: str) -> str:
    """The text without markup, in compatibility characters, with one kind of quote and single spaces."""
    text = _MARKUP.sub(r"\1", unicodedata.normalize("NFKC", text))
    text = _CYRILLIC.sub(lambda m: m[0].translate(_LATIN), text)
    return " ".join(text.replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"').split())


def _folded(text: str) -> str:
    """The text as it is compared: brackets and marks within it count, as in intervals."""
    return text.casefold().strip(" \"'").rstrip(" .,;:。\"'") or text
