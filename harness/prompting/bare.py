"""Finds a confidence that stands without a label: below the answer, in brackets behind it, or on its line.

Where the answer stands in an earlier turn, the reply is about nothing but the confidence: its one percentage, or its
one number, is the statement. Where a probability was asked for, one may follow the answer on its line: `Paris: 0.9`,
`(A, 0.5)`, `C) Tempo 0.9`. Several candidates with a value each are a statement without a plain value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from calibench.prompting.labels import right
from calibench.prompting.likelihood import SURE, says_wrong
from calibench.prompting.sentences import SCALE, bounded, denied, denied_behind, says_error
from calibench.prompting.values import ABOUT, NUMBER, PERCENT, PERCENTAGE, VALUE, Statement
from calibench.tasks.grading.answer import answer_above, first_label, stated, stated_answer

_LINE = re.compile(rf"(?i)[ \t*_]{{0,4}}{NUMBER}[ ]?{PERCENT}?[ \t*_.]{{0,4}}\Z")
_BRACKET = re.compile(rf"(?i)\((?=(?:(?:{ABOUT})[ ]?)?{NUMBER}[ ]?{PERCENT}\)[ \t*_.。।]{{0,4}}\Z)")
_FRANKLY = (
    r"honestly|to be honest|frankly|ehrlich(?: gesagt)?|offen gesagt|sinceramente|honestamente|honnêtement|franchement"
    r"|onestamente|francamente|честно(?: говоря)?|откровенно(?: говоря)?|说实话|老实说|坦白说"
    r"|正直(?:なところ|に言[うっ]て?と?)?|솔직히(?: 말해| 말하면)?|सच कह(?:ूँ|ूं) तो|ईमानदारी से|بصراحة"
)
_LED = re.compile(
    rf"(?i)(?:(?:{_FRANKLY})[,،、:.?]?"
    rf"|[^\d\n]{{0,40}}(?:\b(?:sure|confident|certain)\b|{SURE})[^\d\n]{{0,20}}(?:[?？؟]|か:))[ ]?"
    rf"(?:(?:to|zu|à|al|all['’]|il|un|на|بنسبة|{ABOUT})[ ]?)?"
    rf"(?={NUMBER}[ ]?{PERCENT}(?:です|입니다|吧|左右| है)?[ \t*_.。।]{{0,4}}\Z)"
)
"""What may lead to a percentage on the last line: `Honestly, 45%`, `How sure am I? 80%`."""
_BEHIND = re.compile(
    rf"(?i)(?P<mark>[:;,]|[ ](?:-|–|—)(?=[ ])|[ ])[ ]{{0,2}}(?P<value>[01]?\.\d{{1,300}}|[01]|{NUMBER}[ ]?{PERCENT})"
    r"[ ]{0,2}\)?[ \t*_.]{0,4}\Z"
)
"""A probability at the end of the line of an answer."""
_NO_NAME = re.compile(r"(?i)\b(?:is|are|was|were|equals|about|than|of|to|by|or|and|page|chapter)\Z|[=<>+*/\d^-]\Z")
_EXPLAINED = re.compile(r"(?i)\s*\n|\s*(?:explanation|note|reason|because|the )")
_ALONE = re.compile(
    rf"(?i)[*_$]{{0,3}}(?:\\boxed\{{)?(?P<value>{NUMBER}[ ]?{PERCENT}?)\}}?[*_$.]{{0,4}}[ \t]*(?:\n[ \t]*\n|\s*\Z)"
)
"""A number that is all of the reply, or of its first paragraph."""
_NUMBER_ALONE = re.compile(rf"(?i)(?<![\w.,/-])(?={NUMBER})")
_LONGEST_LINE = 200
_LONGEST_REPLY = 200


def bare(visible: str, scale: str) -> Iterator[Statement]:
    """The bare statement below or behind an answer, at most one."""
    end = len(visible.rstrip())
    line = visible.rfind("\n", 0, end) + 1
    above = visible[:line]
    answered = answer_above(above) if scale == "probability" else stated_answer(above)
    if answered and _LINE.match(visible, line, end):
        yield _statement(visible, line)
    elif answered and (led := _LED.match(visible, line, end)):
        yield _statement(visible, led.end())
    elif bracket := _BRACKET.search(visible, line, end) or _behind_label(visible):
        yield _statement(visible, bracket.start())
    elif scale == "probability" and first_label(visible) is None:
        yield from _behind_answers(visible)


def bare_reply(visible: str) -> Iterator[Statement]:
    """The statement of a reply to a question that asks for nothing but a confidence, at most one."""
    end = len(visible.rstrip())
    start = len(visible) - len(visible.lstrip())
    if alone := _ALONE.match(visible, start):
        yield _statement(visible, alone.start("value"))
        return
    if end - start > _LONGEST_REPLY:  # it reasons, and its last line concludes
        start = visible.rfind("\n", 0, end) + 1
    declared = None
    numbers = [n for n in PERCENTAGE.finditer(visible, start, end) if not _denied(visible, n)]
    if not numbers and end - start <= _LONGEST_REPLY:
        answer = stated(visible)
        begins = answer.start if answer else end  # it solves the problem again: `Answer: 2`
        declared = SCALE.search(visible, start, begins)
        start = declared.end() if declared else start
        numbers = [n for n in _NUMBER_ALONE.finditer(visible, start, begins) if not _denied(visible, n)]
        numbers = numbers if len(numbers) == 1 or _leads(visible, start, numbers) else []
    values = [value for number in numbers if (value := VALUE.match(visible, number.start()))]
    if values:
        several = len({value["number"] for value in values}) > 1 and not _leads(visible, start, numbers)
        begin, stop = values[0].span()
        unclear = several or says_error(visible, stop) or says_wrong(visible, begin) or bounded(visible, begin)
        top = declared[1] if declared else None
        yield Statement(values[0].start(), right(visible, values[0].end()), "bare", values[0], top, unclear)


def _denied(visible: str, number: re.Match[str]) -> bool:
    value = VALUE.match(visible, number.start())
    return denied(visible, number.start()) or (value is not None and denied_behind(visible, value.end()))


def _leads(visible: str, start: int, numbers: list[re.Match[str]]) -> bool:
    """Whether the reply, which begins at `start`, begins with its first number."""
    return bool(numbers) and not re.search(r"\w", visible[start : numbers[0].start()])


def _behind_label(visible: str) -> re.Match[str] | None:
    """A percentage in brackets at the end of the line that states the answer."""
    answer = stated(visible)
    if not answer or not answer.labelled:
        return None
    end = visible.find("\n", answer.end)
    return _BRACKET.search(visible, max(answer.start, end - _LONGEST_LINE), end) if end >= 0 else None


def _behind_answers(visible: str) -> Iterator[Statement]:
    """A probability behind the answer on the first or the last line that has one."""
    lines = [m for m in re.finditer(r"[^\n]+", visible) if m[0].strip()]
    found = [(m, behind) for m in lines if len(m[0]) <= _LONGEST_LINE and (behind := _behind(m[0]))]
    if not found:
        return
    values = {behind["value"] for _, behind in found}
    first, last = found[0][0] is lines[0], found[-1][0] is lines[-1]
    line, behind = found[-1] if last else found[0]
    if last or (first and _EXPLAINED.match(visible, line.end() + 1)):
        statement = _statement(visible, line.start() + behind.start("value"))
        yield statement._replace(unclear=len(values) > 1)


def _behind(line: str) -> re.Match[str] | None:
    behind = _BEHIND.search(line, max(0, len(line) - 60))
    if not behind:
        return None
    name, mark, value = line[: behind.start()].rstrip(), behind["mark"], behind["value"]
    if not re.search(r"[^\W\d]", name) or _NO_NAME.search(name):
        return None
    if mark.strip():
        return behind if "." in value or "%" in value or mark == "," else None
    option = re.match(r"\(?[A-Z][).:]", name)
    plain = len(name.split()) <= 4 and re.fullmatch(r"[^\d=+*/^<>]+", name)
    return behind if "." in value and (option or plain) else None


def _statement(visible: str, start: int) -> Statement:
    value = VALUE.match(visible, start)
    assert value, "it is where one was found"
    return Statement(start, right(visible, value.end()), "bare", value)
