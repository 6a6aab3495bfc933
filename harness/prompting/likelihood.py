"""What the sentence around a value says of it, in the languages of `calibench.tasks.grading.languages` but English.

Their words for likely, right and wrong may stand on both sides of the value: `Mit 80 % Wahrscheinlichkeit ist diese
Antwort richtig`, `这个答案有80%的可能性是正确的`. So a whole sentence is looked at. It states a confidence if it
speaks of a likelihood, of the answer or the writer, and of being right; of being wrong, it states one without a plain
value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from calibench.prompting.labels import left, right
from calibench.prompting.values import PERCENTAGE, VALUE, Statement
from calibench.tasks.grading.languages import DENIAL

_LIKELY = re.compile(
    r"(?i)wahrscheinlich|(?<!\w)probabilit[éà]|(?<!\w)probabilidad|(?<!\w)d[ei] (?:chances?|possibilità)|вероятност"
    r"|шанс|概率|機率|几率|幾率|可能性|確率|확률|가능성|احتمال|संभावना|प्रायिकता|संभाव्यता"
)
_OWN = re.compile(
    r"(?i)antwort|lösung|r[ée]ponse|respuesta|risposta|resposta|ответ|答案|答え|回答|解答|正解|정답|답|[إا]جابت|جواب"
    r"|الإجابة|उत्तर|जवाब|(?<!\w)(?:ich|je|j['’]ai|tengo|acert\w+|ho|sono|tenho|estou|я|मेरे|मैं|मुझे)(?!\w)|我"
    r"|私|思いま"
    r"|제가|저는|나는|내가|أنني"
)
_RIGHT = re.compile(
    r"(?i)(?<!\w)(?:richtig|korrekt|stimmt|zutreffend|zutrifft|recht haben|correcte?s?|justes?|exacte?s?|raison"
    r"|correct[oa]|cierto|ciert[oa]|acert\w+|corrett[oa]|giust[oa]|esatt[oa]|ragione|corret[oa]|cert[oa]"
    r"|вер(?:ен|на|но|ны)"
    r"|правиль\w+|прав|права)(?!\w)|正しい|正解|(?<!不)正[确確]|对的|對的|答[对對]|맞|옳|정답|올바|صحيح|صواب|صحة|सही"
)
_WRONG = re.compile(
    r"(?i)(?<!\w)(?:falsch|fehler\w*|irr\w+|inkorrekt|faux|fausse|incorrect[eoa]?|erron\w+|erreur|tort"
    r"|equivocad[oa]|error"
    r"|sbagliat[oa]|errat[oa]|scorrett[oa]|errore|torto|errad[oa]|incorret[oa]|erro|невер\w+|ошиб\w+|неправ\w+"
    r"|wrong|incorrect|mistaken)(?!\w)|错|錯|[误誤]|不正[确確解]|不对|間違|틀리|틀릴|틀렸|오답|오류|잘못|خاطئ"
    r"|خط[أا]|غير صحيح|गलत|ग़लत|त्रुटि"
)
_ENGLISH_LIKELY = re.compile(r"(?i)\b(?:chance|probability|likelihood|risk|possibility|odds)\b")
_DENIED = re.compile(rf"(?i)(?<!\w)(?:{DENIAL})(?!\w)|没有|沒有|无法|不能|ません|않|없|못하")
_PROBABILITY = re.compile(r"(?<![\d.,])[01][.,]\d{1,6}(?![\d.,]*\d|[ ]?%)")
_SENTENCE_END = re.compile(r"[.!?](?=\s|\Z)|[。！？।؟\n]")
_LONGEST = 200
"""Characters on each side of a value that may belong to its sentence."""


def likelihoods(visible: str) -> Iterator[Statement]:
    """Every statement of how likely the answer is to be right, by the only number of its sentence."""
    if not _LIKELY.search(visible):
        return
    for number in [*PERCENTAGE.finditer(visible), *_PROBABILITY.finditer(visible)]:
        start, end = sentence(visible, number.start())
        said = visible[start:end]
        value = VALUE.match(visible, number.start())
        if not value or not _LIKELY.search(said) or not _OWN.search(said):
            continue
        wrong = _WRONG.search(said)
        if re.search(r"\d", visible[start : number.start()] + visible[value.end() : end]):
            continue
        if wrong or (_RIGHT.search(said) and not _DENIED.search(said)):
            yield Statement(
                left(visible, number.start()), right(visible, value.end()), "sentence", value, None, bool(wrong)
            )


def says_wrong(visible: str, at: int) -> bool:
    """Whether the sentence around `at` is about the likelihood of an error."""
    said = visible[slice(*sentence(visible, at))]
    return bool((_LIKELY.search(said) or _ENGLISH_LIKELY.search(said)) and _WRONG.search(said))


def sentence(visible: str, at: int) -> tuple[int, int]:
    """Where the sentence around `at` starts and ends."""
    before = [found.end() for found in _SENTENCE_END.finditer(visible, max(0, at - _LONGEST), at)]
    after = _SENTENCE_END.search(visible, at, at + _LONGEST)
    return before[-1] if before else max(0, at - _LONGEST), after.start() if after else min(len(visible), at + _LONGEST)
