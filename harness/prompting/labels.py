"""What introduces a confidence: labels and phrases, in the languages of `calibench.tasks.grading.languages`."""

from __future__ import annotations

import re

from calibench.prompting.values import ABOUT
from calibench.tasks.grading.languages import CONFIDENCE, IS, LIKELIHOOD
from calibench.tasks.grading.sieve import Sieved

_SURE = (
    rf"(?:(?:confidence|certainty|{CONFIDENCE}|確信度|信頼度|自信の度合い|自信度|確度|信心(?:度|程度|水平"
    rf"|指数)?|置信(?:度|分数|分數"
    rf"|水平)|可信(?:度|程度)"
    r"|自信(?:程度|水平)?|把握(?:程度|度)?|确信(?:度|程度)|确定(?:度|程度))(?:スコア|レベル|の値|分数|评分|評分"
    r"|得分)?"
    r"(?:[ _\-](?:level|score|rating|estimate|percentage|value|प्रतिशत"
    r"|(?:(?:in|of|my|this|the|final|der|die|meine[rn]?|diese[rn]?|dans|de|la|ma|cette|en|mi|esta|nella|della|mia"
    r"|questa"
    r"|na|da|minha|nesta|desta|в|этом|мо[её]м|правильности|इस|मेरे) ){0,3}"
    r"(?:answer|antwort|réponse|respuesta|risposta|resposta|ответ[ае]?|उत्तर|правильности))){0,2}"
    r"|(?:probability|likelihood|chances?|odds)(?: (?:that|of)|(?= (?:I['’ ]|it['’ ]|correct|right)))"
    r"(?! (?:guess|pick|gett|choos|select|draw))"
    r"(?:(?!guess|random)[^.\n\d:]){1,60}?\b(?:correct|right)(?:ness)?\b(?! answer by))"
)
_WORDS = (
    "onfi", "ertitude", "cert", "sicher", "zuversicht", "gewissheit", "vertrauen", "segurida", "fiducia", "sicurezza",
    "probab", "likelihood", "chance", "odds", "wahrscheinlich", "p(",
)  # fmt: skip
LABEL = Sieved(
    re.compile(
        rf"(?i)(?<![a-zà-ÿа-яё\u0904-\u0939不非불])(?<!</)(?:{_SURE}"
        rf"|(?P<likely>probability|likelihood|確率|概率|機率|{LIKELIHOOD}|\bp\((?:correct|right|true)\)))"
        r"(?:[ \t]?\((?:[^()\n]{0,20}?(?P<top>\d{1,6})%?|[^()\n]{1,20})\)"
        r"|[ ](?:on|in|from) (?:a scale (?:of|from) )?[01] ?(?:-|–|to) ?(?P<scale>\d{1,6}))?"
        r"(?:[ ]?(?:in )?(?:%|percent)(?=[ \t]{0,2}[:=]))?"
        r"(?:[*_\"'`\]]{0,4}[ \t]{0,2}(?:[:=>|≈~】]|->|→|は|(?:大约|大約|约|約)?(?:为|為|是))[*_\"'`]{0,4}[ \t]{0,4}\n?"
        rf"|[ ]?(?:{IS})[ ]{{1,2}}(?=(?:(?:{ABOUT})[ ]?)?[\d~≈])"
        r"|(?<=[\u3040-\u30ff\u4e00-\u9fff])(?=\d)"
        r"|(?P<loose>[ \t]{1,2}(?:[-–—][ \t]{1,2})?(?=[\d*])))"
    ),
    _WORDS,
)
LABEL_ALONE = Sieved(
    re.compile(rf"(?im)^[ \t*_\"'`#>\-•({{<]{{0,8}}{_SURE}[*_\"'`]{{0,4}}[ \t]{{0,4}}(?::[^\n]*$|\Z)"), _WORDS
)
COLUMN = Sieved(
    re.compile(
        rf"(?im)^[ \t]*\|(?P<before>(?:[^\n|]{{0,80}}\|){{0,6}}?)[ \t*_]*{_SURE}[ \t*_]*"
        r"(?:\([^()\n|]{0,20}?(?P<top>\d{1,6})?%?\))?[ \t*_]*\|[^\n]*\n[ \t]*\|[ \t:|-]+\n"
    ),
    _WORDS,
)
"""The head of a table with a column of confidences."""
SENTENCE = Sieved(
    re.compile(
        rf"(?i)(?<![a-z]){_SURE}(?! (?:interval|band|bound|limit))[^.,\n\d]{{0,30}}?"
        r" (?:is|of|at|to be|to|as)(?: only| set at| set to)? "
    ),
    _WORDS,
)
_LEFT = re.compile(
    r"(?i)[ \t*_\"'`#\-•({<]{0,8}"
    r"(?:\b(?:my|overall|final|answer|self|i'm|i am|i feel|there's|there is|it's|it is|this is|the|with|about|around"
    r"|an?|meine?|ma|mon|mi|la mia|il mio|a?minha|o?meu|мо[йя]|제|나의|내|मेरा|मेरी|मेरे)[ _\-]|我的|私の){0,5}\Z"
)
_AFTER_VALUE = re.compile(r"(?i)[ \t]?</(?:confidence|probability)>|[*_\"'`>\])}$\\]{0,6}")


def left(visible: str, start: int) -> int:
    """Start of the markup and small words that belong to a statement whose label starts at `start`."""
    if not start or visible[start - 1] == "\n":
        return start
    window = max(0, start - 40)
    found = _LEFT.search(visible[window:start])
    return window + found.start() if found else start


def right(visible: str, end: int) -> int:
    """End of the markup that belongs to a statement whose value ends at `end`."""
    found = _AFTER_VALUE.match(visible, end)
    return found.end() if found else end
