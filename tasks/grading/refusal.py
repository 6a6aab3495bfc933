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
    r"(?:i'?m|i am) (?:not (?:sure|certain|able|aware|familiar)|unable|unaware)|not sure|unable to",
    r"(?:i have )?no idea|i have no information|idk\b",
    rf"i (?:{_CANNOT}|won't) (?:\w+ )?{_TELL}|{_CANNOT} {_TELL}",
    rf"(?:it |(?:this |the )(?:answer |question |problem |claim )?)?{_CANNOT} be {_TOLD}",
    rf"(?:it is |it's )?(?:impossible|not possible) to {_TELL}|(?:it is )?not known",
    r"(?:there is )?(?:not enough|insufficient) (?:info|data|context)|there isn't enough (?:info|data)",
    r"i (?:decline|refuse|abstain|prefer not)|abstain",
    r"(?:unknown|unsure|undetermined|no answer|none given"
    r"|not (?:applicable|available|specified|provided)|n/?a|\?+)(?=\W*$|[ ]?[(,.;])",
    r"(?:(?:很?抱歉|对不起|對不起)[,，、]?)?(?:我们?|我們)?[也并並]?(?:不知道|不清楚|不(?:太)?(?:确定|確定)|不了解"
    r"|(?:无法|無法)(?:确定|確定|回答|判断|判斷|得知)|没有(?:足够|相关)的?信息)",
    r"(?:(?:すみません|申し訳(?:あり|ござい)ません)(?:が)?[、,]?)?(?:私には|私は)?(?:[わ分]か(?:りません|らない)"
    r"|知りません|不明です|(?:お?答え|回答)(?:でき|られ)ません)",
    r"(?:不明|不详|不詳|未知)(?=\W*$)",
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
