"""What the sentence around a value says of it, in the languages of `calibench.tasks.grading.languages` but English.

Their words for likely, sure, right and wrong may stand on both sides of the value: `Mit 80 % Wahrscheinlichkeit ist
diese Antwort richtig`, `这个答案有80%的可能性是正确的`. So a whole sentence is looked at, without what stands before a
`but` or in another clause. It states a confidence if it speaks of a likelihood, of the answer or the writer, and of
being right, or if it says how sure the writer is; of being wrong, it states one without a plain value.

Where it says what the confidence was and what it is now, in any of the languages, the last value counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from calibench.prompting.labels import left, right
from calibench.prompting.sentences import bounded, denied, denied_behind, somebody_else
from calibench.prompting.values import ABOUT, NUMBER, PERCENT, PERCENTAGE, VALUE, Statement
from calibench.tasks.grading.languages import DENIAL

_LIKELY = re.compile(
    r"(?i)wahrscheinlich|(?<!\w)probabilit[éà]|(?<!\w)probabilidad|(?<!\w)d[ei] (?:chances?|possibilità)|вероятност"
    r"|(?<!\w)(?:chancen|chances?|posibilidad(?:es)?|possibilità|possibilidades?)(?!\w)"
    r"|(?<!\w)(?:schätze|estimo|j['’]estime|stimo|оцениваю|risiko|risque|riesgo|rischio|risco|риск)(?!\w)|风险|風險|リスク"
    r"|위험|مخاطرة|जोखिम"
    r"|шанс|概率|機率|几率|幾率|可能|確率|확률|가능성|احتمال|संभावना|प्रायिकता|संभाव्यता"
)
_RIGHT = re.compile(
    r"(?i)(?<!\w)(?:richtig(?:keit)?|korrekt(?:heit)?|stimmt|zutreffend|zutrifft|recht haben|correcte?s?|justes?"
    r"|exacte?s?|raison"
    r"|correct[oa]|cierto|ciert[oa]|acert\w+|corrett[oa]|giust[oa]|esatt[oa]|ragione|corret[oa]|cert[oa]"
    r"|вер(?:ен|на|но|ны)"
    r"|правиль\w+|прав|права)(?!\w)|正しい|正解|(?<!不)正[确確]|对的|對的|答[对對]|合って|맞|옳|정답|올바|صحيح|صواب|صحة"
    r"|صحت|सही"
)
_ME = (
    r"(?<!\w)(?:ich|mir|meine?[rsn]?|je|j['’]\w+|ma|mon|estoy|tengo|estimo|dir[íi]a|diria|dar[íi]a|creo|puedo"
    r"|considero|pienso"
    r"|mi|sono|ho|posso|penso|credo|ritengo|acho|acredito|creio|могу|считаю|думаю|полагаю|оцениваю|stimo|direi|darei"
    r"|mi[ao]|ne|estou|tenho|minha|meu|я|мо[йяейю]+|мне|मेर[ाीे]|मैं|मुझे)(?!\w)|我|私|思いま|見積"
    r"|제가|제 |저는|나는|내가|봅니다|생각합니다|(?<!\w)[إا]?نن?ي(?!\w)|أنا|[أا](?:قدر|ظن|عتقد)|كنت|لست|ثقتي|يمكنني"
)
_MINE = re.compile(rf"(?i){_ME}")
_ANSWER = re.compile(
    r"(?i)antwort|lösung|r[ée]ponse|respuesta|risposta|resposta|ответ|答案|答え|回答|解答|正解|정답|답|[إا]جابت|جواب"
    r"|الإجابة|उत्तर|जवाब"
)
_OWN = re.compile(
    rf"{_ANSWER.pattern}|(?<!\w)(?:acert\w+|das)(?!\w)|{_ME}"
    r"|(?<!\w)(?:que|qu['’]|che) (?:ce |c['’]|elle |il )?(?:sea|est[éáe]|sia|soit|esteja|seja|es|è|é|abbia|tenga"
    r"|tenha|j['’]aie) |इसके"
    rf"|(?:это|она?) (?={_RIGHT.pattern.removeprefix('(?i)')})|(?:صحتها|أنها|بأنها)|맞을|맞다고|正しいと"
)
_WRONG = re.compile(
    r"(?i)(?<!\w)(?:falsch|fehler\w*|irr\w+|geirrt|verrechne\w*|vertan|inkorrekt|faux|fausse|incorrect[eoa]?|erron\w+"
    r"|erreur|tort|tromp\w+|equivo\w+|error|sbagli\w*|errat[oa]|scorrett[oa]|errore|torto|err(?:ad[oa]|ei|ar|aria)"
    r"|incorret[oa]|erro|невер\w+|ошиб\w+|неправ\w+"
    r"|wrong|incorrect|mistaken)(?!\w)|错|錯|[误誤]|不正[確确解]|不对|間違(?!いな)|틀리|틀릴|틀렸|오답|오류|잘못|خاطئ"
    r"|[أا]?خط[أا]|مخطئ|غير صحيح|गलत|ग़लत|त्रुटि"
)
SURE = (
    r"(?:(?<!\w)(?:(?:sicher(?:heit)?|überzeugt|zuversichtlich|gewiss(?:heit)?|konfidenz|vertrauen|tippen|wetten?"
    r"|setzen"
    r"|sûre?|certaine?|confiante?|confiance|certitude|convaincue?|segur[oa]|seguridad|confianza|certeza|convencid[oa]"
    r"|sicur[oa]|sicurezza|cert[oa]|certezza|fiducia|fiducios[oa]|convint[oa]|confiança|segurança"
    r"|уверен[аы]?|уверенност[ьию]+|убежд[её]на?)(?!\w)|(?:واثق|متأكد|متاكد|مقتنع)|(?:ال|ب)?(?:ثقة|ثقتي|يقين)(?!\w)"
    r"|(?:यकीन|आश्वस्त|भरोसा|विश्वास|निश्चित)(?!\w))|間違いな[いく]|把握|信心|[确確][定信]|自信|확신|자신|확실)"
)
_SURELY = re.compile(rf"(?i){SURE}")
_ENGLISH_LIKELY = re.compile(r"(?i)\b(?:chance|probability|likelihood|risk|possibility|odds)\b")
_ABOUT_IT = (_SURELY, _LIKELY, _ENGLISH_LIKELY, re.compile(r"(?i)\b(?:sure|certain|confident|confidence)\b"))
_DENIED = re.compile(
    rf"(?i)(?<!\w)(?:{DENIAL}|no (?:lo )?(?:estoy|tengo|es|está|puedo|podría|diría|creo))(?!\w)|不(?![错錯过過])"
    r"|没有|沒有|无法|不能|ません|않|없|못하|아니|아닙"
)
_GIVES = re.compile(
    r"(?i)(?<!\w)(?:give|gebe|würde|donne|doy|daría|diría|do|darei|direi|dou|daria|diria|даю|дал|أعطي\w*|[أا]قول)(?!\w)"
    r"|给|給|दूँगा|दूंगा|दूँगी|देता|とします|つけ|付け|하겠|주겠|주고"
)
"""What the writer says of a value is about the answer, also behind words for wrong: `likely wrong, I give it 20%`."""
_BUT = (
    r"(?<!\w)(?:but|however|aber|sondern|jedoch|mais|pero|sino|ma|però|mas|porém|но|однако|а|و?لكن\w*|لكن\w+|लेकिन"
    r"|मगर|परंतु)(?!\w)"
    r"|但是?|不过|不過|ですが|ますが|ませんが|けれど|지만|しかし"
)
_SO = re.compile(
    r"(?i)(?<!\w)(?:also|daher|folglich|donc|así que|por (?:lo )?tanto|luego|quindi|perciò|portanto|logo|поэтому|значит"
    r"|لذلك|إذن|इसलिए|अतः)(?!\w)|所以|因此|したがって|だから|따라서|그래서"
)
_CONTRAST = re.compile(rf"(?i){_BUT}")
_CLAUSE = re.compile(
    rf"(?i){_BUT}|: |[,;、，،] ?"
    r"|(?<!\w)(?:dass|que|qu['’](?=\w)|che|что|कि|[إأ]ن(?!ا(?!\w))\w*|بأن\w*|weil|porque|perché"
    rf"|parce)(?!\w)"
)
_LINKED = re.compile(
    r"(?i)(?:(?<!\w)(?:zu|auf|bei|beträgt|ist|to|à|est (?:de|d['’])|all?['’]?|en|un|es (?:de|del)|è (?:di|al"
    r"|del(?:l['’])?)"
    rf"|é(?: de)?|на|составляет|равна|بنسبة|هي|بـ)|{SURE}(?:程度|度)?(?:是|为|為|在|は|が|은|는|이|가)?"
    rf"|[(][^\d()]{{0,15}}"
    rf"|جاب(?:ة|تي)|有|以|打"
    r"|, [^\d,]{0,20})"
    rf"[ ]?(?:(?:un|il|el|l['’]|d['’]|uns|nur|solo|seulement|только|{ABOUT})[ ]?){{0,3}}\Z"
)
"""Before a percentage: what makes it one of how sure somebody is, and not of a discount that they are sure of."""
_SURE_NEXT = re.compile(
    rf"(?i)[ ]?(?:-?iger? |de |di |d['’]|的|の|ほどの|方|darauf |정도(?:의|로)? |의 |만 |तक )?(?:{SURE})"
)
_SHARE = re.compile(
    r"(?i)[ ](?:der|des|aller|de (?:los|las|la|l['’]|nos|mis)|del|dei|degli|delle|d[oae]s?|от|из|من(?! (?:ذلك"
    r"|هذا|هذه|صحة|[أا]ن))|का|के|की)(?!\w)"
    r"(?! (?:certeza|confian\w+|segur\w+|sicur\w+|certezz\w+|fiducia|probab\w+|chances?|possib\w+))"
    r"|的(?!把握|信心|可能|[概機机几幾]|置信|[确確])|の(?!確|自信|可能)"
)
"""Behind a percentage: what it is a share of."""
_ADDED = re.compile(rf"(?i)[,،，、:] ?[^\n\d,]{{0,20}}{NUMBER}[ ]?{PERCENT}\W*")
_PROBABILITY = re.compile(r"(?<![\d.,])[01][.,]\d{1,6}(?![\d.,]*\d|[ ]?%)")
_SENTENCE_END = re.compile(r"[.!?](?=\s|\Z)|[。！？।؟\n]")
_BEFORE = re.compile(
    r"(?i)(?<!\w)(?:at first|initially|earlier|before|was|would have|hätte|aurais|habría|avrei|teria|anfangs|zuerst"
    r"|zunächst|vorher|vorhin|d['’]abord|au début"
    r"|tout à l['’]heure|avant|étais|al principio|antes|primero|estaba|all['’]inizio|prima|ero|no começo|no início"
    r"|primeiro|tinha|сначала|раньше|поначалу|был[аи]?|كنت|पहले|शुरू)(?!\w)|起初|之前|以前|刚才|剛才|最初|一开始|一開始|原本"
    r"|先ほど|初め|さっき|처음|아까|전에"
)
_NOW = re.compile(
    r"(?i)(?<!\w)(?:now|jetzt|inzwischen|mittlerweile|maintenant|désormais|à présent|ahora|ora|adesso|agora|теперь"
    r"|сейчас|الآن|ال[أا]ن|अब)(?!\w)|现在|現在|如今|今は|今では|지금|이제"
)
_DIGIT = re.compile(r"\d")
_LONGEST = 200
"""Characters on each side of a value that may belong to its sentence."""


def in_whole_sentences(visible: str, answered_before: bool) -> Iterator[Statement]:
    """Every statement that a sentence or a clause makes as a whole."""
    percentages = list(PERCENTAGE.finditer(visible))
    for number in [*percentages, *_PROBABILITY.finditer(visible)]:
        around = sentence(visible, number.start())
        if _LIKELY.search(visible, *around):
            yield from _likelihood(visible, number.start())
        if number.re is PERCENTAGE and (_SURELY.search(visible, *around) or _RIGHT.search(visible, *around)):
            yield from _certainty(visible, number.start())
    for before, number in pairwise(percentages):
        if number.start() - before.end() < _LONGEST:
            yield from _correction(visible, before.end(), number.start(), answered_before)


def _likelihood(visible: str, at: int) -> Iterator[Statement]:
    """How likely the answer is to be right, by the only number of its sentence."""
    start, end = _after_contrast(visible, at)
    value = VALUE.match(visible, at)
    if not value or not _LIKELY.search(visible, start, end) or not _OWN.search(visible, start, end):
        return
    wrong = _WRONG.search(visible, start, end)
    if (wrong and _GIVES.search(visible, *_clause(visible, at))) or _others(visible, start, value, end):
        return
    if wrong or (_RIGHT.search(visible, start, end) and not _DENIED.search(visible, start, end)):
        yield _in_sentence(visible, at, value, unclear=bool(wrong))


def _certainty(visible: str, at: int) -> Iterator[Statement]:
    """How sure the writer is, by the only number of its clause."""
    start, end = _clause(visible, at)
    value = VALUE.match(visible, at)
    if not value or not (_is_sure(visible, start, end) or _is_right(visible, start, end)):
        return
    if _DENIED.search(visible, start, end) or _others(visible, start, value, end) or _SHARE.match(visible, value.end()):
        return
    if denied(visible, at) or denied_behind(visible, value.end()) or somebody_else(visible[start:at]):
        return
    if (
        not (
            _LINKED.search(visible[start:at])
            or _SURE_NEXT.match(visible, value.end())
            or _RIGHT.match(visible, value.end() + 1)
        )
        or visible[end : end + 1] in "?？؟"
    ):
        return
    found = _in_sentence(visible, at, value, unclear=bool(_WRONG.search(visible, start, end)))
    # `The answer is Vienna, and I am convinced of it to 90%`: no word of the clause is the answer's.
    joined = re.search(r"[,،、] ?\Z", visible[max(0, start - 2) : start])
    yield found._replace(start=min(start, found.start)) if joined else found


def _is_sure(visible: str, start: int, end: int) -> bool:
    return bool(_SURELY.search(visible, start, end) and _MINE.search(visible, start, end))


def _is_right(visible: str, start: int, end: int) -> bool:
    """Whether a clause of what the writer thinks says that the answer is right: `I think my answer is 80% correct`."""
    thinks = _MINE.search(visible, *sentence(visible, start))
    return bool(thinks and _ANSWER.search(visible, start, end) and _RIGHT.search(visible, start, end))


def _correction(visible: str, before: int, at: int, answered_before: bool) -> Iterator[Statement]:
    """The value at `at`, where its sentence says that one which ends at `before` held earlier."""
    start, end = sentence(visible, before)
    value = VALUE.match(visible, at)
    if not value or at >= end or PERCENTAGE.search(visible, value.end(), end):
        return
    earlier = _BEFORE.search(visible, start, before)
    about = answered_before or any(p.search(visible, start, end) for p in _ABOUT_IT)
    changed = _NOW.search(visible, before, at) or _CONTRAST.search(visible, before, at)
    if about and changed and earlier and not re.search(r":\s", visible[start:before]):
        yield _in_sentence(visible, at, value, unclear=False)


def _others(visible: str, start: int, value: re.Match[str], end: int) -> bool:
    """Whether there are digits from `start` to `end` besides those of the value."""
    return bool(_DIGIT.search(visible, start, value.start()) or _DIGIT.search(visible, value.end(), end))


def speaks_of_the_answer(visible: str, at: int) -> bool:
    """Whether the sentence around `at` is about the answer's being right, and not about its being wrong."""
    said = visible[slice(*_after_contrast(visible, at))]
    return bool(_OWN.search(said) and _RIGHT.search(said) and not _WRONG.search(said) and not _DENIED.search(said))


def says_wrong(visible: str, at: int) -> bool:
    """Whether the sentence around `at` is about the likelihood of an error."""
    if _GIVES.search(visible, *_clause(visible, at)):
        return False
    start, end = _after_contrast(visible, at)
    likely = _LIKELY.search(visible, start, end) or _ENGLISH_LIKELY.search(visible, start, end)
    if likely and _WRONG.search(visible, start, end):
        return True
    start, end = _clause(visible, at)
    return bool(_WRONG.search(visible, start, end)) and not any(p.search(visible, start, end) for p in _ABOUT_IT)


def sentence(visible: str, at: int) -> tuple[int, int]:
    """Where the sentence around `at` starts and ends."""
    before = [found.end() for found in _SENTENCE_END.finditer(visible, max(0, at - _LONGEST), at)]
    after = _SENTENCE_END.search(visible, at, at + _LONGEST)
    return before[-1] if before else max(0, at - _LONGEST), after.start() if after else min(len(visible), at + _LONGEST)


def _after_contrast(visible: str, at: int) -> tuple[int, int]:
    """The sentence around `at` without what stands before its last `but`, and what follows from it."""
    start, end = sentence(visible, at)
    before = list(_CONTRAST.finditer(visible, start, at))
    after = _SO.search(visible, at, end)
    return before[-1].end() if before else start, after.start() if after else end


def _clause(visible: str, at: int) -> tuple[int, int]:
    """The clause around `at`."""
    start, end = sentence(visible, at)
    before = list(_CLAUSE.finditer(visible, start, at))
    after = _CLAUSE.search(visible, at, end)
    added = before and _ADDED.fullmatch(visible, before[-1].start(), end)
    if added and not _SURELY.search(added[0]):
        before.pop()  # `I am almost certain, something like 90%`
    if before:  # a word that joins clauses may be the only one that says whose certainty it is
        start = before[-1].start() if before[-1][0][0].isalpha() else before[-1].end()
    return start, after.start() if after else end


def _in_sentence(visible: str, start: int, value: re.Match[str], *, unclear: bool) -> Statement:
    unclear = unclear or bounded(visible, start)
    return Statement(left(visible, start), right(visible, value.end()), "sentence", value, None, unclear)
