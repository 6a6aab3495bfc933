"""Words for probabilities: the scale that the protocol `stated_words` asks for, and what models write instead of it.

The scale's 13 terms are those of Tian et al. 2023 (arXiv 2305.14975), linguistic elicitation. Its numbers are the
medians of 46 people's answers in the survey "Perceptions of Probability and Numbers" (`probly.csv` in
github.com/zonination/perceptions), where "almost certain" is written "Almost Certainly".

The numbers of all other words, and of all negations, are this project's own. A word that has no place between "almost
no chance" and "almost certain" is read as a statement without a value: "possible" says more than 0 and no more than
that, "not sure" less than 1, "not unlikely" something between. Words of other languages take the number of the English
term that they translate; those that are denied have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from calibench.prompting.languages import base as languages
from calibench.tasks.grading.languages import DENIAL

SCALE = {
    "almost certain": 0.95,
    "highly likely": 0.90,
    "very good chance": 0.80,
    "probably": 0.75,
    "likely": 0.70,
    "better than even": 0.60,
    "about even": 0.50,
    "probably not": 0.265,
    "unlikely": 0.20,
    "little chance": 0.15,
    "chances are slight": 0.10,
    "highly unlikely": 0.05,
    "almost no chance": 0.02,
}


Kind = Literal["likely", "sure", "low", "vague"]


class Hedge(NamedTuple):
    """A phrase that says how likely something is, or how sure somebody is of it."""

    start: int
    end: int
    value: float | None
    """In [0, 1]; None if the phrase has no place on the scale."""
    kind: Kind
    """Whether it calls something likely, somebody sure, something even or less than likely, or nothing definite."""


def _phrases(*rows: tuple[Kind, float | None, str]) -> tuple[tuple[str, Hedge], ...]:
    return tuple((pattern, Hedge(0, 0, value, kind)) for kind, value, pattern in rows)


_VERY = "(?:very|highly|extremely|exceptionally|really|overwhelmingly)"
_FAIRLY = "(?:fairly|pretty|quite|reasonably|relatively|rather)"
_ALMOST = "(?:almost|nearly|virtually|practically|near|next to)"
_WHOLLY = "(?:absolutely|completely|totally|entirely|fully|100 ?%)"
_CHANCE = "(?:chance|chances|probability|likelihood|odds)"
_SURE = "(?:confident|sure)"

# In the order in which they are tried: a longer phrase before the words that it contains.
_PHRASES = _phrases(
    ("low", SCALE["almost no chance"], rf"{_ALMOST} (?:no {_CHANCE}|impossible)|no real {_CHANCE}"),
    ("low", 0.01, rf"no {_CHANCE}|zero {_CHANCE}|impossible|certainly not|definitely not"),
    ("low", SCALE["highly unlikely"], rf"(?:{_VERY}|most) (?:unlikely|improbable)|"
     rf"very (?:little|slim|low) {_CHANCE}"),
    ("low", SCALE["chances are slight"], r"chances are (?:very )?(?:slight|slim|small)|"
     rf"(?:slight|slim|small) {_CHANCE}"),
    ("low", SCALE["little chance"], rf"little {_CHANCE}|low {_CHANCE}|improbable"),
    ("low", SCALE["unlikely"], rf"{_FAIRLY} unlikely|unlikely|doubtful|(?:i|we) doubt"),
    ("low", SCALE["probably not"], r"probably (?:not|wrong|incorrect)|somewhat unlikely"),
    ("low", 0.40, r"less (?:likely )?than (?:even|not|50[/-]50)|worse than even|somewhat less than even"),
    ("likely", SCALE["better than even"], r"better than (?:even|50[/-]50|half)|more (?:likely|probable) than not|"
     rf"somewhat (?:likely|probable)|(?:fair|decent) {_CHANCE}"),
    ("low", SCALE["about even"], rf"about even|even {_CHANCE}|as likely as not|fifty fifty|50[/-]50|toss ?up|"
     r"coin (?:flip|toss)|about half"),
    ("sure", SCALE["almost certain"], rf"{_ALMOST} (?:certain(?:ly|ty)?|sure)|{_VERY} (?:certain|high)"),
    ("sure", 0.99, rf"{_WHOLLY} (?:certain|sure|confident)|certain(?:ly|ty)?\b|definitely|"
     r"(?:no|without(?: a(?:ny)?)?|(?:do not|don't) (?:have (?:any|a) )?|(?:is not|isn't) any) ?doubt|"
     r"(?:cannot|can't|could not|couldn't) be more (?:certain|sure|confident)|"
     r"no reason (?:not to be (?:certain|sure|confident)|to (?:be (?:unsure|uncertain)|doubt))"),
    ("likely", SCALE["very good chance"], rf"(?:very good|high|strong|great) {_CHANCE}|most (?:likely|probably)|"
     rf"{_FAIRLY} (?:likely|probable)"),
    ("likely", SCALE["highly likely"], rf"{_VERY} (?:likely|probable|probably)|very (?:high|strong) {_CHANCE}"),
    ("sure", 0.90, rf"{_VERY} {_SURE}"),
    ("sure", 0.75, rf"{_FAIRLY} (?:{_SURE}|certain|high)"),
    ("sure", 0.60, rf"(?:somewhat|moderately) (?:{_SURE}|certain|high)"),
    ("likely", SCALE["likely"], rf"good {_CHANCE}|likely|probable"),
    ("likely", SCALE["probably"], r"probably|(?:i|we) believe"),
    ("vague", None, r"uncertain|unsure|possibl[ey]|maybe|perhaps|might be|could be|unknown"),
    ("sure", 0.85, rf"{_SURE}|high"),
    ("low", 0.05, rf"{_VERY} low"),
    ("low", 0.20, rf"(?:{_FAIRLY} )?low|unconfident"),
    ("low", 0.50, r"medium|moderate|average"),
)  # fmt: skip
_EASTERN = _phrases(
    ("low", SCALE["almost no chance"], "ほぼあり得ない|ほぼありえない|几乎不可能|幾乎不可能"),
    ("low", SCALE["highly unlikely"], "非常に可能性が低い|可能性は?非常に低い|极不可能|極不可能|"
     "可能性极低|可能性極低"),
    ("low", SCALE["unlikely"], "可能性[がは]低い|ありそうに?ない|不太可能|不大可能|可能性(?:较|較)?低|可能性不大"),
    ("low", SCALE["probably not"], "おそらく(?:違|間違|正しくな)[いう]?|(?:大概|可能|多半)(?:不是|不对|不對"
    "|不正确|不正確)"),
    ("low", 0.20, "高くない|不(?:太|是很|怎么)?高"),
    ("vague", None, "確実で(?:は|も)?ない|不(?:太|是很|完全|能)?(?:确定|確定|肯定)"),
    ("low", SCALE["about even"], "五分五分|半々|一半一半|五五开|五五開"),
    ("sure", SCALE["almost certain"], "ほぼ確実|ほぼ間違いな[いく]|几乎(?:可以)?(?:肯定|确定)|"
     "幾乎(?:可以)?(?:肯定|確定)"),
    ("sure", 0.99, "確実|間違いな[いく]|完全确定|完全確定|肯定|确定"),
    ("likely", SCALE["highly likely"], "非常に可能性が高い|可能性[がは]非常に高い|非常可能|"
     "极有可能|極有可能|很有可能|可能性(?:非常|极|極|很)高"),
    ("likely", SCALE["very good chance"], "かなり可能性が高い|很可能"),
    ("likely", SCALE["likely"], "可能性[がは]高い|可能性(?:较|較)?高|较可能|較可能"),
    ("likely", SCALE["probably"], "おそらく|恐らく|たぶん|多分|大概"),
    ("vague", None, "かもしれない|わからない|也许|也許|或许|或許|可能"),
    ("sure", 0.95, "とても高い|非常に高い|非常高|很高"),
    ("sure", 0.85, "高い|高"),
    ("low", 0.50, "中程度|中くらい|中等|一般|中"),
    ("low", 0.05, "非常に低い|とても低い|非常低|很低"),
    ("low", 0.20, "低い|低"),
)  # fmt: skip

_DEGREE = (
    "sehr|höchst|äußerst|très|extrêmement|fort|muy|sumamente|altamente|molto|estremamente|muito|extremamente"
    "|очень|крайне|весьма"
    "|매우|아주"
)
_WESTERN = _phrases(
    ("low", SCALE["almost no chance"], "(?:so gut wie|fast|nahezu|beinahe) (?:ausgeschlossen|unmöglich)"
     "|kaum eine chance"
     "|(?:presque|quasiment) (?:impossible|aucune chance)|casi (?:imposible|ninguna posibilidad)"
     "|quasi (?:impossibile|nessuna possibilità)|quase (?:impossível|nenhuma chance)"
     "|почти (?:невозможно|никаких шансов)"
     "|거의 (?:불가능|가능성이? 없)|(?:شبه|يكاد يكون) مستحيلا?|लगभग असंभव"),
    ("low", 0.01, "unmöglich|ausgeschlossen|imposible|impossibile|impossível|невозможно|불가능|مستحيل|असंभव"),
    ("low", SCALE["highly unlikely"], rf"(?:{_DEGREE}) (?:unwahrscheinlich|improbables?|improbabile|improvável"
     "|маловероятно|невероятно|가능성이? 낮)"
     "|(?:muy|molto|muito|très) (?:poco|pouco|peu) (?:probables?|probabile|provável)"
     "|(?:من )?غير (?:ال)?محتمل (?:جدا|للغاية)|बहुत (?:कम संभावना|असंभाव्य)"),
    ("low", SCALE["unlikely"], "unwahrscheinlich|improbables?|improbabile|improvável|(?:poco|pouco|peu) (?:probables?"
     "|probabile|provável)|маловероятно|가능성이? 낮|(?:من )?غير (?:ال)?محتمل|कम संभावना|संभावना कम|असंभाव्य"),
    ("low", SCALE["probably not"], "(?:wahrscheinlich|vermutlich) nicht|probablement pas|probablemente no"
     "|probabilmente no|provavelmente não|вероятно,? нет|아마 아닐|(?:على الأرجح|ربما) (?:لا|ليس)|शायद नहीं"),
    ("low", SCALE["about even"], "fünfzig zu fünfzig|(?:etwa )?halbe.halbe|une chance sur deux|mitad y mitad"
     "|metà e metà|meio a meio|пятьдесят на пятьдесят|반반|نصف نصف|مناصفة|पचास पचास|आधा आधा"),
    ("sure", SCALE["almost certain"], "(?:fast|nahezu|beinahe|ziemlich|so gut wie) (?:sicher|gewiss)"
     "|(?:presque|quasiment|quasi) (?:sûre?|certaine?|cert[oa]|sicur[oa])"
     "|(?:casi|quase) (?:segur[oa]|ciert[oa]|cert[oa])"
     "|практически уверена?|почти (?:наверняка|уверена?|точно)|거의 (?:확실|확신)"
     "|(?:شبه|يكاد يكون) (?:مؤكدا?|أكيد)|شبه متأكد|लगभग (?:निश्चित|पक्का|तय)"),
    ("sure", 0.99, "(?:absolut|ganz|völlig|vollkommen) sicher|(?:absolument|tout à fait|totalement) (?:sûre?"
    "|certaine?)"
     "|(?:absolutamente|totalmente|completamente) (?:segur[oa]|cert[oa])"
     "|(?:assolutamente|completamente|totalmente) (?:sicur[oa]|cert[oa])|(?:абсолютно|полностью|совершенно) уверена?"
     "|(?:완전히|절대적으로) 확신|متأكد تماما|(?:पूरी तरह|पूर्णतः) (?:से )?(?:निश्चित|आश्वस्त)"
     "|mit sicherheit|avec certitude|con certeza|com certeza|con certezza|наверняка|틀림없"),
    ("likely", SCALE["highly likely"], rf"(?:{_DEGREE}) (?:wahrscheinlich|probables?|probabile|provável|вероятно"
     "|가능성이? 높)|가능성이? (?:매우|아주) 높|с большой вероятностью|(?:من المحتمل|محتمل) (?:جدا|للغاية)"
     "|बहुत (?:अधिक )?(?:संभावना|संभव)"),
    ("likely", SCALE["very good chance"], "(?:sehr )?gute chancen?|bonnes? chances?|buenas? posibilidades"
     "|buon[ae] (?:probabilità|possibilità)|bo[an]s? chances?|хорошие шансы|가능성이? 꽤 높|فرصة جيدة|अच्छी संभावना"),
    ("likely", SCALE["likely"], "wahrscheinlich|vraisemblable(?:ment)?|probables?|probabile|provável|вероятно"
     "|가능성이? 높|(?:من )?(?:ال)?محتمل|संभावना (?:है|अधिक)|संभाव्य"),
    ("likely", SCALE["probably"], "vermutlich|probablement|sans doute|probablemente|probabilmente|provavelmente"
     "|скорее всего|아마도?|على الأرجح|संभवतः"),
    ("vague", None, "unsicher|ungewiss|vielleicht|möglicherweise|möglich|peut-être|incertaine?|possibles?|quizás?"
     "|tal vez|posible|insegur[oa]|inciert[oa]|forse|possibile|incert[oa]|talvez|possível|возможно|может быть"
     "|не уверена?|불확실|확실하지 않|글쎄|ربما|غير (?:متأكد|مؤكد)|शायद|अनिश्चित|निश्चित नहीं"),
    ("sure", 0.90, rf"(?:{_DEGREE}) (?:sicher|zuversichtlich|sûre?|confiante?|segur[oa]|sicur[oa]|fiducios[oa]"
    "|cert[oa]"
     "|уверена?|확신)|متأكد جدا|बहुत (?:निश्चित|आश्वस्त)"),
    ("sure", 0.95, rf"(?:{_DEGREE}) (?:hoch|élevée?s?|alt[oa]|высок(?:ая|ий|ое)|높[음다])|عالية? جدا"
    "|बहुत (?:उच्च|अधिक)"),
    ("low", 0.05, rf"(?:{_DEGREE}) (?:niedrig|gering|faible|basse?|baj[oa]|bass[oa]|baix[oa]|низк(?:ая|ий|ое)"
    "|낮[음다])"
     "|منخفضة? جدا|बहुत (?:निम्न|कम)"),
    ("sure", 0.85, "hoch|élevée?s?|haute?|alt[oa]|высок(?:ая|ий|ое)|높음|높다|높습니다|عالية?|مرتفعة?|उच्च|अधिक"),
    ("low", 0.20, "niedrig|gering|faible|basse?|baj[oa]|bass[oa]|baix[oa]|низк(?:ая|ий|ое)|낮음|낮다|낮습니다|منخفضة?"
     "|निम्न|कम"),
    ("low", 0.50, "mittel|mittelmäßig|moyenne?|medi[oa]|médi[oa]|средн(?:яя|ий|ее)|보통|중간|متوسطة?|मध्यम"),
    ("sure", 0.85, "sicher|gewiss|zuversichtlich|sûre?|certaine?|confiante?|segur[oa]|sicur[oa]|cert[oa]"
    "|уверена?|확신"
     "|확실|متأكد|واثق|مؤكد|निश्चित|आश्वस्त"),
)  # fmt: skip

_LONGEST = 40
"""Characters of a term of the scale, in any language."""
_NOT = r"\b(?:not|never|hardly|scarcely|far from|by no means)|n't"
_DENIED = (
    rf"(?:(?P<not>{_NOT})(?: (?:think|believe|say(?:ing)?|claim(?:ing)?|call|feel|consider|assert|mean))?(?: that)?"
    r"(?: (?:it|this|that|my answer|the answer|i|we))?(?: (?:is|am|are|feel)|'s|'m|'re)?(?: (?:a|an|much(?: of a)?))?"
    rf"(?P<twice>(?: (?=not|never)|(?=n't))(?:{_NOT}))?"
    r"(?P<degree>(?: (?:very|at all|all that|so|too|particularly|especially|really|that))*) )?"
)


def _alternatives(phrases: tuple[tuple[str, Hedge], ...], offset: int) -> str:
    """A group for each phrase; its words may be joined by hyphens or underscores."""
    joined = (pattern.replace(" ", "[ _-]") for pattern, _ in phrases)
    return "|".join(f"(?P<p{offset + i}>{pattern})" for i, pattern in enumerate(joined))


_DENIED_BEFORE = re.compile(rf"(?i)\b(?:{DENIAL}|no|nada|nessun\w?|ليس\w*|غير)(?: \w+){{0,3}} \Z")
_DENIED_BEHIND = re.compile(r"(?i)\w{0,3}(?:지| (?:않|못|없))|(?: \w+)? नहीं|[ ](?:nicht|pas)\b")


_ALL = (*_PHRASES, *_EASTERN, *_WESTERN)
_ENGLISH = rf"(?<![a-z])(?:{_alternatives(_PHRASES, 0)})(?![a-z])"
_FIRST = rf"(?=[a-z]|50|100|[{''.join(sorted({c for pattern, _ in _EASTERN + _WESTERN for c in pattern if c > '~'}))}])"
"""What a phrase can begin with: looked at first, as most of a long text is something else."""


@cache
def _hedge() -> re.Pattern[str]:
    """Any phrase; made when it is first needed, as that takes a seventh of the time in which a command starts."""
    return re.compile(
        rf"(?i){_FIRST}(?:(?<![a-z])|(?=n't)){_DENIED}(?:{_ENGLISH}|{_alternatives(_EASTERN, len(_PHRASES))}"
        rf"|(?<!\w)(?:{_alternatives(_WESTERN, len(_PHRASES) + len(_EASTERN))})(?![a-zà-ÿа-яё]))"
    )


@cache
def _offered() -> dict[str, str]:
    """Terms of the scale in the languages that it is offered in -> the English term."""
    found: dict[str, str] = {}
    for code in languages.own_codes():
        language = languages.load(code)
        found |= {said.casefold(): term for term in SCALE if (said := language.says(term))}
    return found


_AROUND = re.compile(r"[\s*_\"'`(\[$<]*(.*?)[\s*_\"'`)\]$>.。।!]*", re.DOTALL)


def hedges(text: str, start: int = 0, end: int | None = None) -> Iterator[Hedge]:
    """The phrases in `text[start:end]`, none inside another; offsets are those of the text.

    A text that is a term of the scale in one of the languages that it is offered in has the value of that term.
    """
    alone = _AROUND.fullmatch(text, start, len(text) if end is None else end)
    if alone and len(alone[1]) <= _LONGEST and (term := _offered().get(alone[1].casefold())):
        kind = next(hedge.kind for pattern, hedge in _PHRASES if re.fullmatch(pattern, term))
        yield Hedge(*alone.span(1), SCALE[term], kind)
        return
    for match in _hedge().finditer(text, start, len(text) if end is None else end):
        number = int(str(match.lastgroup).removeprefix("p"))
        hedge = _ALL[number][1]
        western = number >= len(_PHRASES) + len(_EASTERN)
        if western and _denied_in_its_language(text, start, match):
            hedge = hedge._replace(value=None, kind="vague")
        elif match["not"]:
            hedge = _denied(hedge, bool(match["degree"]), bool(match["twice"]))
        yield hedge._replace(start=match.start(), end=match.end())


def _denied_in_its_language(text: str, start: int, match: re.Match[str]) -> bool:
    before = _DENIED_BEFORE.search(text, max(start, match.start() - 40), match.start())
    return before is not None or _DENIED_BEHIND.match(text, match.end()) is not None


def _denied(hedge: Hedge, by_degree: bool, twice: bool) -> Hedge:
    """The phrase behind a negation: "not (very) likely" is unlikely, "not very sure" is low, "not sure" may be most.

    What is denied twice has no place on the scale: "not unlikely", "I can't say it's not likely".
    """
    if not twice and (hedge.kind == "likely" or (hedge.kind == "sure" and by_degree)):
        return hedge._replace(value=SCALE["unlikely"], kind="low")
    return hedge._replace(value=None, kind="vague")
