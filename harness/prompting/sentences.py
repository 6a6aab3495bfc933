"""Finds where a sentence states a confidence by a number: `My confidence is 0.9`, `I'm 90% sure`, `a 90% chance that
this is correct`.

A sentence counts if it is about the writer's own answer. It does not where it denies the value ("far from 100% sure",
"no term can be 100% certain", but not "I don't doubt that I'm 90% sure"), speaks of somebody else ("Tom is 80% sure"),
of other options ("5% confident that the others are") or of a guess at random. The likelihood of an error ("a 10% chance
that my answer is wrong") and bounds ("over 90% sure") are statements without a plain value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from calibench.prompting.labels import SENTENCE, left, right
from calibench.prompting.values import ABOUT, BOUND, NUMBER, PERCENT, PERCENTAGE, VALUE, Statement, decimal
from calibench.tasks.grading.languages import DENIAL, PERSON, SURE_BEFORE, SURE_BEHIND, TO
from calibench.tasks.grading.sieve import Sieved

_WINDOW = 80
"""Characters before a value that may belong to its sentence."""
_CLAUSE_START = re.compile(
    r"(?i)[.;:!?\n()。，、]|,(?! (?:zu|dass|что)\b)|\b(?:but|so|and|because|since|as|though|although|yet"
    r"|however|therefore|thus|hence|while)\b"
)
_DENIAL = re.compile(
    r"(?i)\b(?:not|never|nor|no(?! doubt)|nobody|nothing|none|cannot|hardly|without|unable|rather than|instead of"
    r"|short of|far from|(?:hard|difficult|impossible|reluctant|need|needed|required|enough|tempting) to|if|unless"
    r"|(?:I|we|would) (?:doubt|hesitate|deny)|(?:wrong|incorrect|false) to (?:say|claim)"
    rf"|until|nowhere near|less than fully|{DENIAL})\b|n't\b|नहीं|没有|沒有|不|无法|無法|未"
)
_TWICE = re.compile(
    r"(?i)(?:\b(?:not|never|no|nothing|cannot|do not|would not|without)|n't)(?: (?:\w+ ){0,2}?|(?<=n't) ?)"
    r"(?:hesita(?:te|tion|nt)|deny|doubt|unsure|uncertain|unreasonable|unfair|wrong to|problem|afraid|shy|mind"
    r"|exaggerat(?:e|ion)|not to)\b"
)
"""What is denied here speaks against a value itself: "I don't hesitate to say I'm 90% sure"."""
_CONDITION = re.compile(r"(?i)without|if|unless|until")
_I_AM = re.compile(r"(?i)\bI(?:'m| am) (?:(?:about|around|only|still|at least) )?\Z")
_SOMEBODY_ELSE = re.compile(
    r"(?i)(?:\A|[^\w])(?!(?:it|this|that|which|there|here|answer|confidence|certainty|probability|likelihood"
    r"|chance|i|we)\b)"
    rf"(?:[a-z]+(?: (?:is|was|are|were|feels|felt|seems|says))|\w[.)] is|(?:he|she|they|who)'(?:s|re))"
    rf" (?:(?:now|only|also|{ABOUT}) )?\Z"
)
_BOUND_BEFORE = re.compile(
    rf"(?i)(?:(?:\b|(?=[<>≤≥\u3040-\u9fff\uac00-\ud7af])|(?<=[<>≤≥=]))(?:{BOUND})"
    r"(?:[ ](?:than|zu|en|un|el|il|чем|на|auf|à|em))*"
    r"|\bbetween \d{1,3}[ ]?%? and|\d[ ]?%?[ ]?[–—~〜～]"
    rf"|\d[ ]?%?[ ]?(?:to|or|{TO}|und|et|y|e|и|و)(?: (?:el|il|les?|os?|l['’]))?) ?\Z"
)
_NOT_NOW = re.compile(
    r"(?i)\bI (?:was|felt|had been|used to be)(?: (?:only|about|around|maybe|perhaps))? \Z"
    r"|\b(?:are|were) you (?:really )?\Z"
)
"""Before a value that held earlier, or that is asked about."""
_SOMEBODY_ELSE_ELSEWHERE = re.compile(
    r"(?i)\b(?:ist|sind|war|waren)(?: sich)?(?: \w+)? (?:zu )?\Z|\b(?:est|sont|était)(?: en)? \w+ à \Z"
    r"|\bestá\w* \w+ (?:al|en un) \Z"
    r"|\b(?:è|era) \w+ al(?: |l['’])\Z|\bt[eê]m (?:uma )?(?:\w+ )?(?:de )?\Z"
    r"|(?<!\w)(?!(?:я|мы|что|то|бы|не|и|но|так|поэтому|почти|вполне|достаточно|очень|более|примерно|только|лишь"
    r"|полностью)(?!\w))"
    r"[а-яё]+ уверен[аы]? на \Z"
    r"|(?:^|[\n.،,])[ ]*(?!(?:و|ف|ل)?(?:[إأا]نا|[إأ]ن[ين]?ي|شبه|لست|لدي|مدى|هناك|بنسبة)\b)\w+ (?:متأكد|متاكد"
    r"|واثق)ة?ا? بنسبة \Z"
    r"|(?<!मुझ)(?<!मुझे)[ ]को \Z"
    r"|(?:[^\W\d_]{1,8})(?<!私)(?<!僕)(?<!俺)(?<!自分)(?<!答え)(?<!回答)(?<!解答)(?<!正解)(?<!これ)(?<!それ)(?<!に)"
    r"(?<!確信度)(?<!自信)(?<!可能性)(?<!確率)(?<!現時点で)(?<!で)[はが]\Z"
    r"|[^\W\d_]{2,8}(?<!답)(?<!저)(?<!나)(?<!것)(?<!확신)(?<!확신도)(?<!신뢰도)[은는] \Z"
    r"|我的(?!信心|把握|置信|自信|答案|确定|確定|可信)[^\W\d_]{1,6}[有是]?\Z|[他她它][^我，。\n]{0,10}\Z"
    rf"|(?:{PERSON})(?![^\n.。।]*(?<!\w)(?:I|ich|je|yo|estoy|tengo|io|sono|ho|eu|estou|tenho"
    r"|я|мне|و?أنا|मैं|मुझे|나|저|제가)(?!\w))[^\n.。।我私]*\Z"
)
"""Before a value, in the languages whose verb or particle says that it is somebody else's."""
_ASKED = re.compile(r"[^.!?。！？\n]{0,80}[?？؟]")
_OF_THE_ANSWER = re.compile(r"(?i)\b(?:antwort|r[ée]ponse|respuesta|risposta|resposta|das|es)\b|ответ|[إا]جاب|उत्तर|答")
_SURE_AFTER = re.compile(
    r"(?i)しか(?:自信|確信)[がは]?(?:ありません|ない|持てません|持てない)|[ -](?:confident|sure|certain)\b"
    r"| (?:confidence|certainty)\b(?! (?:interval|level|band|bound|limit))"
    r"| (?:chance|probability|likelihood|likely)(?:(?!\b(?:guess|random|pick|gett|choos|select|draw))[^.\n]){1,60}?"
    r"\b(?:correct|right)\b"
    r"|(?:的|の)?(?:概率|機率|几率|幾率|可能性|確率)(?:是|为|為|で)?正(?:确|確|解)"
    rf"|{SURE_BEHIND}"
    r"|(?:的|の|ほどの)?(?:把握|信心|确信|確信|自信|确定|確定)"
)
_SURE_BEFORE = Sieved(
    re.compile(rf"(?i){SURE_BEFORE}\Z"),
    ("segur", "convencid", "sicur", "cert", "sicher", "gewiss", "konfidenz", "zuversicht", "confi", "fiducia"),
)
_I_SAY = re.compile(
    rf"(?i)\bI(?:'d| would|'ll) (?:say|estimate|go with|give (?:it|this|that)|put (?:it|this|that) at)"
    rf"(?: (?:{ABOUT}|an?))?"
    rf"[ ](?={NUMBER}[ ]?{PERCENT}(?:[.,;!)\n]|\Z))"
)
_DENIED_AFTER = re.compile(
    r"(?i) (?:(?:is|are|was) (?:not|never|im|rarely|hard|difficult|unattainable)|can ?not|can't|isn't|would|requires)"
    r"|(?:하지|하진|하지는|이|은|는|하는 것은|하는 건)? ?(?:않|못|없|아니|아닙)|[ ]?नहीं"
    r"|(?:は|が)?(?:ありません|ない|持てません|持てない)"
    r"|(?:がある|する|한다고|していると|しているとは)[^.。\n,，]{0,12}?(?:言え(?:ません|ない)|できません"
    r"|できない|없|않|못)|할 수(?:는|가)? 없"
    r"|[^.;\n]{0,30}? (?:nie|niemals|niemand|kaum)\b"
    r"|(?:して(?:いる|おり)?)?(?:わけで|とは)|[^.;\n]{0,30}?, (?:kann|könnte|würde|will|möchte) ich (?:\w+ )?nicht\b"
)
_DENIED_BEHIND = re.compile(
    r"[^.。।\n,，、:：]{0,40}?(?:नहीं|않|지(?:는|도)? ?못|수 없|わけでは|とは(?:言え|思え))"
    r"|[^.;\n]{0,40}?, (?:kann|könnte|würde|will|möchte) ich (?:\w+ )?nicht\b"
)
_ERROR = re.compile(
    r"(?i) (?:chance|probability|likelihood|risk|possibility|odds|sure|certain|confident|likely|likelihood)\b"
    r"(?:(?!\b(?:claim|statement|sentence|assertion|premise|option|hypothesis|proposition|passage|question|not)\b|n't)"
    r"[^.,;\n\d]){0,40}?\b(?:wrong|incorrect|mistaken|mistakes?|errors?|(?<=answer is )false)\b"
    r"| (?:wrong|incorrect|mistaken|unsure|uncertain)\b"
    r"| (?:sure|certain|confident)(?: that)? (?:the|my|this) answer (?:is not|isn't)\b"
)
_OTHERS = re.compile(
    r"(?i)[^.,;\n\d]{0,40}?\b(?:others|(?:other|remaining|alternative) (?:\w+ )?(?:options?|answers?|choices?)"
    r"|alternatives|options [A-H]\b)"
)
SCALE = re.compile(
    r"(?i)(?:(?:\bscale (?:of|from)|\bskala von|échelle de|escala del?|scala da|шкал[ае] от) [01] ?(?:-|–|to|bis|à"
    r"|al?|до)|(?<!\d)[01] ?(?:から|到|至|에서|से|إلى)) ?(\d{1,6})(?!\d)"
)
_REVISED = re.compile(r"(?i)\b(?:now|only|after(?: \w+)* (?:check|consider|think|review|look)\w*)\b")
_JOINED = re.compile(r"(?i)\b(?:and|while|but|whereas|or|versus)\b")


def in_sentences(visible: str) -> list[Statement]:
    """Every statement of a confidence by a number in a sentence, in the order of the text."""
    found = sorted([*_label_first(visible), *_said(visible), *_value_first(visible)], key=lambda s: s.start)
    return [
        s for s, before in zip(found, [None, *found], strict=False) if not (before and _goes_on(before, s, visible))
    ]


def says_error(visible: str, end: int) -> bool:
    """Whether what follows a value, at `end`, makes it the likelihood of an error."""
    return bool(_ERROR.match(visible, end))


def bounded(visible: str, start: int) -> bool:
    """Whether the value at `start` is the end of a range: "over 90%"."""
    return bool(_BOUND_BEFORE.search(visible[max(0, start - _WINDOW) : start]))


def denied(visible: str, start: int) -> bool:
    """Whether the clause that leads to `start` denies what follows."""
    clause = _TWICE.sub("", _clause_before(visible, start))
    denial = _DENIAL.search(clause)
    # "Without more information I'm 60% sure" has a condition, and states the value all the same.
    return denial is not None and not (_CONDITION.match(denial[0]) and _I_AM.search(clause))


def denied_behind(visible: str, end: int) -> bool:
    """Whether a denial follows a value that ends at `end`, as in languages whose verb stands last."""
    return bool(_DENIED_BEHIND.match(visible, end))


def somebody_else(before: str) -> bool:
    """Whether what stands before a value makes it how sure somebody else is."""
    if _SOMEBODY_ELSE.search(before):
        return True
    found = _SOMEBODY_ELSE_ELSEWHERE.search(before)
    return bool(found) and not _OF_THE_ANSWER.search(_CLAUSE_START.split(before)[-1])


def _label_first(visible: str) -> Iterator[Statement]:
    for phrase in SENTENCE.finditer(visible):
        value = VALUE.match(visible, phrase.end())
        if value and not denied(visible, phrase.start()):
            unclear = says_error(visible, value.end())
            top = scale_before(visible, phrase.start())
            end = right(visible, value.end())
            yield Statement(left(visible, phrase.start()), end, "sentence", value, top, unclear)


def _said(visible: str) -> Iterator[Statement]:
    for phrase in _I_SAY.finditer(visible):
        if value := VALUE.match(visible, phrase.end()):
            yield Statement(phrase.start(), right(visible, value.end()), "sentence", value)


def _value_first(visible: str) -> Iterator[Statement]:
    done = 0
    for number in PERCENTAGE.finditer(visible):
        value = VALUE.match(visible, number.start())
        if number.start() < done or not value:
            continue
        done = value.end() if value["upper"] else done
        after = _SURE_AFTER.match(visible, value.end())
        error = says_error(visible, value.end())
        before = visible[max(0, number.start() - _WINDOW) : number.start()]
        if not (after or error or _SURE_BEFORE.search(before)) or denied(visible, number.start()):
            continue
        end = after.end() if after else value.end()
        if (
            somebody_else(before)
            or _NOT_NOW.search(before)
            or _ASKED.match(visible, end)
            or _DENIED_AFTER.match(visible, end)
            or _OTHERS.match(visible, end)
        ):
            continue
        unclear = error or bounded(visible, number.start())
        yield Statement(left(visible, number.start()), end, "sentence", value, None, unclear)


def _goes_on(before: Statement, after: Statement, visible: str) -> bool:
    """Whether a statement speaks of something else than the one before it: it goes on its sentence, or is its rest."""
    if _is_rest(before, after):
        return True
    between = visible[before.end : after.start]
    return (
        len(between) < 2 * _WINDOW
        and not re.search(r"[.;\n]", between)
        and bool(_JOINED.search(between))
        and not _REVISED.search(between)
    )


def _is_rest(before: Statement, after: Statement) -> bool:
    """Whether the likelihood of an error is what a confidence leaves: "95% sure, a 5% chance of an error"."""
    values = [decimal(s.value["number"]) for s in (before, after) if isinstance(s.value, re.Match)]
    return after.unclear and not before.unclear and len(values) == 2 and sum(values) == 100


def _clause_before(visible: str, start: int) -> str:
    window = visible[max(0, start - _WINDOW) : start]
    return _CLAUSE_START.split(window)[-1]


def scale_before(visible: str, start: int) -> str | None:
    """Upper end of the scale that the sentence declares before a label at `start`: "on a scale of 1-10, ..."."""
    found = SCALE.search(visible[max(0, start - _WINDOW) : start])
    return found[1] if found and re.fullmatch(r"[^.\n]{0,40}", found.string[found.end() :]) else None
