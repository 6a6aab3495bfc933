r"""Finds the answer that a text states, and tells an answer from a refusal.

An answer is stated by a line `Answer: ...` (also bold, `Final answer`, `Guess`, or with the answer on the next line),
by a JSON field `"answer"`, `<answer>` tags, `####` or `\boxed{}`; the last one counts. Failing those, by a sentence
`the answer is ...`. What to read when nothing is stated differs by kind of answer and is each grader's own rule.
"""

from __future__ import annotations

import re

_LABEL = re.compile(
    r"(?im)^[^\w\n]{0,8}(?:(?:my|the|final|correct|best) ){0,2}(?:answer|guess|答え|回答|解答|答案)(?: is)?[ \t*_]{0,4}"
    r"(?:[:：=]|$)|(?P<json>\"(?:final_)?answer\"[ \t]?:)|(?P<tag><answer>)|####|(?P<box>\\boxed[ ]?\{)"
)
_SENTENCE = re.compile(r"(?i)\banswer (?:is|would be|should be|must be):?[ \t]+([^\n]+?)(?=\.(?:\s|$)|\n|$)")
_JSON_VALUE = re.compile(r'\s{0,4}(?:"((?:[^"\\\n]|\\.)*)"|([^,}\n]*))')
_WRAPPERS = (
    *(("**", "**"), ("__", "__"), ("*", "*"), ("`", "`"), ("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")),
    *(('"', '"'), ("“", "”"), ("'", "'"), ("‘", "’"), ("<", ">")),
)
_CANNOT = "(?:can ?not|can't|could not|couldn't)"
_TELL = "(?:answer|determine|provide|say|tell|know|find|solve|help|verify|identify)"
_TOLD = "(?:answered|determined|said|told|known|found|solved|verified|identified)"
_PREFACE = (
    "sorry|unfortunately|i apologi[sz]e|i(?:'m| am) (?:sorry|afraid)|honestly|as an? [^.,\\n]{1,40}|so|therefore|thus"
)
_REFUSALS = (
    r"i (?:do not|don't|dont) (?:know|have)",
    r"(?:i'?m|i am) (?:not (?:sure|certain|able)|unable)|not sure|unable to",
    r"(?:i have )?no idea|i have no information|idk\b",
    rf"i (?:{_CANNOT}|won't) (?:\w+ )?{_TELL}|{_CANNOT} {_TELL}",
    rf"(?:it |(?:this |the )(?:answer |question |problem |claim )?)?{_CANNOT} be {_TOLD}",
    rf"(?:it is |it's )?(?:impossible|not possible) to {_TELL}|(?:it is )?not known",
    r"(?:there is )?(?:not enough|insufficient) (?:info|data|context)|there isn't enough (?:info|data)",
    r"i (?:decline|refuse|abstain|prefer not)|abstain",
    r"(?:unknown|unsure|undetermined|no answer|none given|n/?a|\?+)(?=\W*$|[ ]?[(,.;])",
    r"わかりません|不知道|不清楚|无法确定",
)
_REFUSAL = re.compile(rf"(?i)\W*(?:(?:{_PREFACE})[,.]?(?: but)? )?(?:{'|'.join(_REFUSALS)})")

_LABELS_TRIED = 20
"""Labels that are looked at for one with an answer behind it; a bound, as each look may read the rest of the text."""


def stated_answer(text: str) -> str | None:
    """The answer that the text states, without markup; None if it states none."""
    span = stated_span(text)
    return text[slice(*span)] if span else None


def stated_span(text: str) -> tuple[int, int] | None:
    """Where the answer that the text states stands, without markup; None if it states none."""
    for label in reversed(list(_LABEL.finditer(text))[-_LABELS_TRIED:]):
        if content := unwrapped(_content(text, label)):
            return _place(text, content, label.end())
    sentences = list(_SENTENCE.finditer(text))
    content = unwrapped(sentences[-1][1]) if sentences else ""
    return _place(text, content, sentences[-1].start(1)) if content else None


def _place(text: str, content: str, start: int) -> tuple[int, int]:
    start = text.index(content, start)
    return start, start + len(content)


def is_refusal(text: str) -> bool:
    """Whether what the text states declines to answer ("I don't know", "cannot be determined").

    Where it states no answer, its first or its last line must decline.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    stated = stated_answer(text)
    places = [stated] if stated else lines[:1] + lines[-1:]
    return any(_REFUSAL.match(place.replace("’", "'")) for place in places)


def unwrapped(text: str) -> str:
    """The text without surrounding markup, quotes and final full stop."""
    while True:
        before = text
        text = text.strip().rstrip(".。,;").strip()
        for left, right in _WRAPPERS:
            inner = text[len(left) : -len(right)]
            if text.startswith(left) and text.endswith(right) and inner and left not in inner and right not in inner:
                text = inner
        if text == before:
            return text.strip("*_`").strip() if text.strip("*_`$ ") else ""


def _content(text: str, label: re.Match[str]) -> str:
    rest = text[label.end() :]
    if label["json"]:
        value = _JSON_VALUE.match(rest)
        return value[1] or value[2] or ""
    if label["tag"]:
        return rest.partition("</answer>")[0]
    if label["box"]:
        return _braced(rest)
    lines = (line.strip() for line in rest.splitlines())
    return next((line for line in lines if line.strip("*_`$\\[]() ")), "")


def _braced(rest: str) -> str:
    """Up to the brace that closes the one before `rest`; all of it if none does."""
    depth = 1
    for brace in re.finditer(r"\\.|[{}]", rest):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return rest[: brace.start()]
    return rest
