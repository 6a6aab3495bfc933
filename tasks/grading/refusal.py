"""Tells an answer from a refusal to give one."""

from __future__ import annotations

import re

from calibench.tasks.grading.answer import stated_answer

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


def is_refusal(text: str) -> bool:
    """Whether what the text states declines to answer ("I don't know", "cannot be determined").

    Where it states no answer, its first or its last line must decline.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    stated = stated_answer(text)
    places = [stated] if stated else lines[:1] + lines[-1:]
    return any(_REFUSAL.match(place.replace("’", "'")) for place in places)
