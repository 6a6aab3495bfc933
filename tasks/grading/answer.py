r"""What states an answer: the one rule, by which the parser finds where an answer stands and the graders what it says.

An answer is stated by a line `Answer: ...` (also bold, `Final answer`, `Guess`, or with the answer on the next line),
by a field `"answer"` of JSON or a Python dict, `<answer>` tags, `####` or `\boxed{}`; the last one counts. Failing
those, by the cell of a table that a label names, by a sentence `the answer is ...`, by a line `A: ...`, else by
`Result: ...` on the last line. Labels and sentences may be in any of the twelve
languages of `calibench.tasks.grading.languages`.
Nothing inside a program is a statement. What to read when nothing is stated differs by kind of answer and is each
grader's own rule.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from calibench.tasks.grading.blocks import HIDDEN, programs_hidden
from calibench.tasks.grading.languages import ANSWER, ANSWER_IS, CONFIDENCE, RESULT
from calibench.tasks.grading.sieve import Sieved

_FINAL = "(?:我的|私の)?(?:最终|最終|最終的な|最后|最後|正确|正確|正しい)?(?:的)?"
_LABEL = re.compile(
    r"(?im)^[^\w\n]{0,8}(?:\d{1,2}[.)][ *_]{1,3})?(?:(?:(?:my|the|final|correct(?:ed)?|revised|best) ){0,2}"
    r"(?:answer|guess)(?: and confidence)?"
    rf"|{_FINAL}(?:答え|回答|解答|答案|正解)|答|{ANSWER})(?:[ ]?\([^()\n]{{1,20}}\))?(?: is)?[ \t\u00a0\u202f*_]{{0,4}}"
    r"(?:[:：】]|=(?!>)|[-=]>|→|(?<=[ \t*_])[-–—](?=[ \t])|$)"
    rf"|(?P<json>[\"'](?:(?:final[_ ])?answer|{ANSWER}|{_FINAL}(?:答え|回答|解答|答案))[\"'][ \t]?:)"
    r"|(?P<tag><(?:final_)?answer>)|####|(?P<box>\\(?:boxed|fbox)[ ]?\{)"
)
_SENTENCE = Sieved(
    re.compile(
        rf"(?i)(?:\banswer (?:is|would be|should be|must be)"
        rf"|{ANSWER_IS})[ \u00a0\u202f]?:?[ \t]+(?P<said>[^\n]+?)(?=\.(?:\s|$)|\n|$)"
        r"|(?:(?:答え|解答|答案|正解)(?:应该|應該)?(?:は|是|为|為)|(?:정답|답)은|(?:उत्तर"
        r"|जवाब)(?= \S{1,40} है))[:：、，]?[ \t]{0,4}"
        r"(?P<eastern>[^\n。।]+?)(?:です|でした|である|だ|に?となります|입니다\.?|이다\.?| है)?(?=[。।\n]|$)"
    ),
    ("answer ", "antwort", "ponse", "respuesta"),
)
_SHORT = re.compile(r"(?m)^[ \t>*#-]{0,4}A[*_]{0,2}[:：][*_]{0,2}[ \t]+(?P<said>[^\n]+)$")
"""`A: ...`, as in `Q: ... A: ...`, where no `B: ...` makes it the letter of an option."""
_JUDGED = re.compile(
    r"(?i)(?:(?:very|indeed|therefore|probably|likely|also|not) ){0,2}(?:correct|right|incorrect|wrong|confident)\b"
)
"""`the answer is correct` says something about an answer that stands elsewhere, if one does."""
_RESULT = re.compile(
    rf"(?im)^[ \t>*#-]{{0,4}}(?:{RESULT})[*_]{{0,2}}[ ]?[:：][*_]{{0,2}}[ \t]*(?P<said>[^\n]{{1,80}})\s*\Z"
)
_TABLE = re.compile(
    rf"(?im)^[ \t]*\|[ \t*_]*(?:(?:(?:my|the|final) ){{0,2}}answer|{_FINAL}(?:答え|回答|解答|答案)|{ANSWER})[ \t*_]*\|"
    r"(?P<cell>[^|\n]*)\|(?:[^\n]*\n[ \t]*\|[ \t:|-]+\n[ \t]*\|(?P<below>[^|\n]*)\|)?"
)
"""A row `| Answer | Lisbon |`, or the first row below `| Answer | Confidence |`."""
_HEADS = re.compile(rf"(?i)[ \t*_]*(?:confidence|certainty|確信度|信頼度|置信度|信心|把握|{CONFIDENCE})")
_SECOND = re.compile(r"(?m)^[ \t>*#-]{0,4}B[*_]{0,2}[:：]")
_CONFIDENCE_LEFT = re.compile(r"(?i)[\s,;|.(*-]{0,4}\bconfidence\b\W{0,8}\Z")
"""A label without a value at the end of the answer's line, as one that the token limit has cut."""
_PROGRAM = re.compile(HIDDEN)
_JSON_VALUE = re.compile(r"""\s{0,4}(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|([^,}\n]*))""")
_TAG_END = re.compile(r"(?i)</(?:final_)?answer>")
_STYLED = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mbox|boxed|fbox)[ ]?\{([^{}]*)\}")
_WRAPPERS = (
    *(("**", "**"), ("__", "__"), ("*", "*"), ("`", "`"), ("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")),
    *(('"', '"'), ("“", "”"), ("'", "'"), ("‘", "’"), ("<", ">")),
)

_LABELS_TRIED = 20
"""Labels that are looked at for one with an answer behind it; a bound, as each look may read the rest of the text."""


class Stated(NamedTuple):
    """Where an answer is stated. Offsets are those of the text."""

    label: int
    """Where its label starts."""
    start: int
    end: int
    """From `start` to `end`: the answer without markup."""
    close: int | None
    """Where the statement ends: behind its line, tag or box. None if its end is not seen, as the text may be cut."""
    labelled: bool
    """False for a sentence."""


def stated(text: str, lettered: bool = False) -> Stated | None:
    """Where the text states its answer; None if it states none.

    Args:
        text: any text.
        lettered: answers are letters of options, so that a line `A: ...` names one.
    """
    text = programs_hidden(text)
    for label in reversed(list(_LABEL.finditer(text))[-_LABELS_TRIED:]):
        start, end, close = _content(text, label)
        if content := unwrapped(text[start:end]):
            start = text.index(content, start)
            return Stated(label.start(), start, start + len(content), close, labelled=True)
    if found := _in_table(text):
        return found
    said = list(_SENTENCE.finditer(text))
    if not said and not lettered and not _SECOND.search(text):
        said = list(_SHORT.finditer(text))
    said = said or list(_RESULT.finditer(text))
    last = next((s for s in reversed(said) if not _JUDGED.match(s[s.lastgroup or 0])), said[-1] if said else None)
    group = last.lastgroup or 0 if last else 0
    if last and (content := unwrapped(last[group])):
        start = text.index(content, last.start(group))
        return Stated(last.start(), start, start + len(content), None, labelled=False)
    return None


def _in_table(text: str) -> Stated | None:
    """The answer in the last table that has one."""
    for row in reversed(list(_TABLE.finditer(text))[-_LABELS_TRIED:]):
        group = "below" if _HEADS.match(row["cell"]) else "cell"
        if row[group] and (content := unwrapped(row[group])):
            start = text.index(content, row.start(group))
            return Stated(row.start(), start, start + len(content), row.end(), labelled=True)
    return None


def stated_answer(text: str, lettered: bool = False) -> str | None:
    """The answer that the text states, without markup; None if it states none (arguments of `stated`)."""
    found = stated(text, lettered)
    return text[found.start : found.end] if found else None


def first_label(text: str) -> int | None:
    """Where the first label of an answer ends, whatever follows it; None if there is none."""
    label = _LABEL.search(programs_hidden(text))
    return label.end() if label else None


def answer_begins(text: str) -> int:
    """Where the first answer may begin: a label, a sentence or a program; the text's length if there is none."""
    text = programs_hidden(text)
    first = (_LABEL.search(text), _SENTENCE.search(text), _PROGRAM.search(text))
    return min((match.start() for match in first if match), default=len(text))


def answer_above(text: str) -> str | None:
    """The answer that a text states, or all of it where there is no label of an answer."""
    return stated_answer(text) or (text.strip() or None if first_label(text) is None else None)


def unwrapped(text: str) -> str:
    """The text without surrounding markup, quotes and final full stop."""
    if (plain := text.strip()).isalnum():
        return plain
    while True:
        before = text
        text = text.strip().rstrip(".。।,，、،; \t\n").strip()
        if styled := _STYLED.fullmatch(text):
            text = styled[1]
        for left, right in _WRAPPERS:
            inner = text[len(left) : -len(right)]
            if text.startswith(left) and text.endswith(right) and inner and left not in inner and right not in inner:
                text = inner
        if text == before:
            return text.strip("*_`").strip() if text.strip("*_`$ ") else ""


def _content(text: str, label: re.Match[str]) -> tuple[int, int, int | None]:
    """Start and end of what a label states, and where the statement ends (`Stated.close`)."""
    start = label.end()
    if label["json"]:
        value = _JSON_VALUE.match(text, start)
        assert value, "the pattern matches anything"
        return (*value.span(value.lastindex or 0), value.end() if value.end() < len(text) else None)
    if label["tag"]:
        closing = _TAG_END.search(text, start)
        return (start, *closing.span()) if closing else (start, len(text), None)
    if label["box"]:
        brace = closing_brace(text, start)
        return (start, len(text), None) if brace is None else (start, brace, brace + 1)
    while start < len(text):
        line_end = text.find("\n", start)
        close = None if line_end < 0 else line_end
        end = len(text) if close is None else close
        if text[start:end].strip().strip("*_`$\\[]() "):
            confidence = _CONFIDENCE_LEFT.search(text, max(start, end - 40), end)
            return start, confidence.start() if confidence else end, close
        start = end + 1
    return start, start, None


def closing_brace(text: str, start: int) -> int | None:
    """Where the brace closes that was opened before `start`; None if it does not."""
    depth = 1
    for brace in re.compile(r"\\.|[{}]").finditer(text, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.start()
    return None
