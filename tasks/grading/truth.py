"""Words for true, false, yes and no in the languages of `calibench.tasks.grading.languages` other than English.

A word counts where it is the whole answer or opens it (`Falsch.`, `Vrai, car ...`), or is what its sentence says at the
end (`Die Aussage ist falsch.`, `该说法是错误的。`). One that is denied (`n'est pas vrai`) means the opposite.
"""

from __future__ import annotations

import re

from calibench.tasks.grading.sieve import Sieved

_TRUE = (
    r"wahr|richtig|korrekt|zutreffend|vraie?s?|exacte?|correcte|verdader[oa]|ciert[oa]|correct[oa]|ver[oa]|corrett[oa]"
    r"|esatt[oa]|verdadeir[oa]|corret[oa]|cert[oa]|верно|верн(?:ый|ая)|правд(?:а|ой)|истин(?:а|но|на)|правильно"
)
_FALSE = (
    r"falsch|unwahr|unrichtig|inkorrekt|unzutreffend|faux|fausse?s?|incorrecte|inexacte?|fals[oa]|incorrect[oa]"
    r"|errat[oa]|scorrett[oa]|sbagliat[oa]|incorret[oa]|errad[oa]|неверно|неправда|неправильно|ложь|лож(?:но|на)"
)
_YES = r"ja|oui|s[iíì]|sim|да"
_NO = r"nein|non|n[ãa]o|нет"
"""`no` of Spanish and Italian is English too, which its own rules read."""
_EASTERN_TRUE = (
    r"正确|正確|属实|屬實|真[实實]|正しい|正解|本当|その通り|맞음|맞습니다|맞아요|맞다|옳습니다|옳다|사실|صحيحة?|صواب|حقيقية?"
    r"|सही|सत्य|सच|गलत नहीं|(?<=[是为為])[对對真]|(?<=[은는이가] )참"
)
_EASTERN_FALSE = (
    r"(?<!不)(?:错误|錯誤)|虚假|虛假|不(?:正确|正確|对|對|属实|屬實|真实|真實)|正しく(?:ない|ありません)|誤り|誤っている"
    r"|間違い|間違っている|거짓|틀림|틀립니다|틀렸습니다|틀리다|(?:참|사실)이 아(?:님|닙니다|니다)"
    r"|옳지 않습니다|맞지 않습니다"
    r"|خطأ|خاطئة?|كاذبة?|غير صحيحة?|गलत(?! नहीं)|ग़लत|असत्य|झूठ|(?:सही|सत्य|सच) नहीं|(?<=[是为為])[错錯假]"
)
_EASTERN_TRUE_ALONE = r"对|對|真|참"
_EASTERN_FALSE_ALONE = r"错|錯|假|偽"
_EASTERN_YES = r"是的?|はい|예|네|نعم|ह(?:ाँ|ां)"
_EASTERN_NO = r"否|不是|いいえ|아니[오요]|لا|नहीं"
_SUFFIX = r"(?:のです|です|である|だ|的|입니다|이다|임)?(?: है| हैं)?"
_OPENING = r"(?i)[^\w]*(?:(?P<no>{})|(?P<yes>{}))(?![\w'’])\s*(?:\Z|[.,;:!*(\n。，、；：！،؛।（]|[-–—] )"
_OPENS = re.compile(
    _OPENING.format(
        f"{_FALSE}|{_NO}|(?:{_EASTERN_FALSE}|{_EASTERN_FALSE_ALONE}|{_EASTERN_NO}){_SUFFIX}",
        f"{_TRUE}|{_YES}|(?:{_EASTERN_TRUE}|{_EASTERN_TRUE_ALONE}|{_EASTERN_YES}){_SUFFIX}",
    )
)
_OPENS_BY_YES = re.compile(_OPENING.format(f"{_NO}|(?:{_EASTERN_NO}){_SUFFIX}", f"{_YES}|(?:{_EASTERN_YES}){_SUFFIX}"))
_CLOSES = Sieved(
    re.compile(
        rf"(?i)(?:(?P<denied>\b(?:no|non|não|n['’]|не) ?)?\b(?:ist|est|es|è|é|это|является|утверждение)"
        rf"(?P<denied_behind> (?:nicht|pas))? (?:(?P<false>{_FALSE})|(?P<true>{_TRUE}))"
        r"|(?P<eastern_denied>不是|并非|並非|ليست? )?"
        rf"(?:(?P<eastern_false>{_EASTERN_FALSE})|(?P<eastern_true>{_EASTERN_TRUE}))"
        rf"{_SUFFIX})[\s.!*。।！]*\Z"
    ),
    ("ist", "es"),
)
_EITHER = re.compile(
    r"(?i)\b(?:ob|si|se|ли|oder|teilweise|teils|ou|parti\w+|parcial\w*|parzial\w*|или|частично|या|आंशिक)\b|还是|還是|或|部分|不完全|是否"
    r"|かどうか|か、|一部|또는|일부|부분|أو |جزئي"
)
"""Of a sentence that does not settle it."""


def yes_said(text: str) -> bool | None:
    """Whether an answer opens with yes or with no in another language; None if with neither, as with words for true.

    Args:
        text: an answer, or a line of one.
    """
    opens = _OPENS_BY_YES.match(text)
    return opens["no"] is None if opens else None


def truth_said(text: str) -> bool | None:
    """Whether an answer says true (or yes) or false (or no) in another language; None if it says neither.

    Args:
        text: an answer, or a line of one.
    """
    if opens := _OPENS.match(text):
        return opens["no"] is None
    closes = _CLOSES.search(text)
    if not closes or _EITHER.search(text):
        return None
    denied = closes["denied"] or closes["denied_behind"] or closes["eastern_denied"]
    return bool(closes["true"] or closes["eastern_true"]) != bool(denied)
