"""Words of twelve languages that say where an answer stands, and numbers in words.

The languages are English, German, French, Spanish, Italian, Portuguese, Russian, Chinese, Japanese, Korean, Arabic and
Hindi. Labels and units are parts of regular expressions, for texts as they are written.
"""

from __future__ import annotations

import re
from fractions import Fraction

from calibench.tasks.grading.refusal_phrases import fold
from calibench.tasks.grading.sieve import Sieved

ANSWER = (
    r"(?:(?:meine|die|finale|endgültige|richtige|korrekte) ){0,2}(?:end)?antwort|(?:(?:ma|la"
    r"|bonne) ){0,2}r[ée]ponse(?: finale| correcte)?"
    r"|(?:(?:mi|la) )?respuesta(?: final| correcta)?|(?:(?:la )?(?:mia )?)risposta(?: finale| corretta)?"
    r"|(?:(?:a )?(?:minha )?)resposta(?: final| correta)?|(?:(?:мой|окончательный|итоговый|правильный) )?ответ"
    r"|(?:(?:최종|제|내|나의) ?)?(?:정답|답변|답안|답|대답)|[إا]جابتي|جوابي|(?:ال)?(?:[إا]جابة|جواب)(?: النهائية"
    r"| النهائي| الصحيحة)?"
    r"|(?:(?:मेरा|अंतिम|सही) )?(?:उत्तर|जवाब)"
)
"""Labels of an answer, besides the English, Chinese and Japanese ones."""
ANSWER_IS = (
    r"\bantwort (?:ist|lautet)|\bist die antwort(?=:)|\bответ(?=:)|\br[ée]ponse(?: finale| correcte)? est"
    r"|\brespuesta(?: final| correcta)? es"
    r"|\brisposta(?: finale| corretta)? è|\bresposta(?: final| correta)? é|(?:उत्तर|जवाब) है(?=:|[ ][^।\n]{1,60}(?:।"
    r"|$))"
    r"|\bответ (?:это"
    r"|равен|-|—|–)"
    r"|(?:الإجابة|الاجابة)(?: النهائية| الصحيحة)? هي|الجواب(?: النهائي| الصحيح)? هو"
)
RESULT = (
    r"(?:final )?result|solution|(?:end)?ergebnis|lösung|résultat|solución|resultado|soluzione|risultato|solução"
    r"|итог|результат|решение"
    r"|结果|結果|해|결과|(?:ال)?(?:نتيجة|حل)|हल|परिणाम"
)
"""What a line may begin with whose rest is the answer where none is labelled."""
DECIMAL_COMMA = Sieved(
    re.compile(r"(?i)\b(?:(?:end)?antwort|r[ée]ponse|respuesta|risposta|resposta|ответ)\b"),
    ("antwort", "ponse", "respuesta", "risposta", "resposta"),
)
"""Labels of the languages that write a comma before decimals."""
PERCENT = (
    r"-?prozent|pour ?cents?|por ?ciento|por ?cien|per ?cento|por ?cento|процент(?:а|ов)?|퍼센트|프로|(?:بال"
    r"|في ?ال)(?:مئة|مائة)"
    r"|प्रतिशत|फ़?ीसदी|फीसदी|パーセント|割(?![一二三四五六七八九\d引合])|成(?=[到至~的左把可信概几機机以是吧，。,.)\s]|\Z)"
)
TENTHS = ("割", "成")
"""Those of `PERCENT` that are a tenth each."""
CONFIDENCE = (
    r"(?:konfidenz|zuversicht|gewissheit|sicherheit|vertrauen(?:swürdigkeit)?)(?:s?(?:wert|grad|niveau|stufe|level))?"
    r"|(?:(?:niveau|degr[ée]|taux|indice|score|pourcentage) de )?(?:confiance|certitude)|(?:(?:nivel|grado|índice"
    r"|puntuación|porcentaje) de )?(?:confianza"
    r"|certidumbre|certeza|seguridad)"
    r"|(?:(?:livello|grado|indice|punteggio|percentuale) di )?(?:confidenza|fiducia|certezza|sicurezza)"
    r"|(?:(?:n[íi]vel|grau|[íi]ndice|pontuação|percentual) de )?(?:confiança|certeza|segurança)|(?:(?:степень"
    r"|уровень|процент"
    r"|оценка) )?(?:уверенност"
    r"|достоверност)[ьи]"
    r"|(?:신뢰|확신|자신|확실)(?:도|감|성)?(?: ?수준| ?정도)?(?: 점수)?"
    r"|(?:(?:مستوى|درجة|نسبة) )?(?:(?:ال)?(?:ثقة|يقين|تأكد)"
    r"|ثقتي)(?: في (?:ال)?[إا]جابة)?"
    r"|(?:आत्म)?विश्वास(?: (?:(?:का )?स्तर|स्कोर))?|निश्चितता|भरोसा"
)
"""Labels of a confidence, besides the English, Chinese and Japanese ones."""
IS = (
    r"ist|beträgt|liegt bei|est(?: de| d'environ)?|es(?: del?)?|è(?: del?| di)?|é(?: de)?|составляет|равна"
    r"|[-–—]|[은는이가]|ه[يو]"
)
"""Between a label and its number."""
_CERTAINTY = (
    r"(?:sicherheit|gewissheit|konfidenz|zuversicht|certitude|confiance|certeza|confianza|confiança|fiducia|confidenza"
    r"|certezza|seguridad|sicurezza|segurança)"
)
SURE_BEHIND = (
    r"[ ](?:sicher|gewiss|überzeugt|zuversichtlich)\b|-?[ ]?iger? (?:sicherheit|gewissheit|überzeugung)"
    rf"|[ ](?:de |di )?(?:{_CERTAINTY}|sûre?|certaine?|confiante?|segur[oa]|sicur[oa]|cert[oa]|convencid[oa])\b"
    rf"|[ ]?уверен"
    r"|[ ]?(?:정도(?:의|로)? ?|의 |만 )?(?:확신|확실|자신)|[ ](?:यकीन|विश्वास|भरोसा|निश्चित|आश्वस्त|सुनिश्चित)"
)
"""What makes a percentage before it a confidence."""
SURE_BEFORE = (
    r"(?<!\w)(?:(?:sûre?|certaine?|confiante?) (?:qu)?['’]?à|(?:segur[oa]|convencid[oa]) (?:al|en un)"
    r"|(?:sicur[oa]|cert[oa])(?: solo)? al(?:l['’])?"
    rf"|sicher zu|{_CERTAINTY} (?:all['’]|mit|del?|di|al|en un|em|à|auf|von)(?: (?:cerca de|circa il|etwa))?"
    r"|уверен[аы]?(?: в (?:\w+ )?ответе)?(?: только| лишь)? на|уверенност[ьи](?: я)?(?: оцениваю)? в"
    r"|(?:متأكد|متاكد|واثق|ثقة)ا?ة? بنسبة|ثقتي(?: بنسبة)?(?: حوالي)?|(?:विश्वास"
    r"|निश्चितता)(?: (?:का )?स्तर)?(?: लगभग)?)[ ]?"
)
"""What makes a percentage behind it a confidence."""
LIKELIHOOD = (
    r"wahrscheinlichkeit|probabilit[éà]|probabilidade?|вероятность(?: правильности| верности)?|(?:정답일 |맞을 )?확률"
    r"|(?:ال)?[اإ]حتمال(?:ية)?|संभावना|प्रायिकता|正[确確]率|正解率|可能性(?=[:：])"
)
"""Labels of the likelihood that an answer is right."""
GUESS = r"vermutung|hypoth[èe]se|conjetura|ipotesi|palpite|предположение|猜[测測]|推測|추측|(?:ال)?تخمين|अनुमान"
"""Labels of a guess that has a number."""
BOUND = (
    r"(?:nicht )?(?:mehr|weniger) als(?: zu)?|allenfalls|bestenfalls|über|unter|mindestens(?: zu)?|höchstens(?: zu)?"
    r"|maximal(?: zu)?|wenigstens(?: zu)?|bis zu|zwischen"
    r"|(?:plus|moins) de|(?:à |tout )?au (?:moins|plus|maximum|minimum)|entre(?: les?| el| os?)?|jusqu['’]à"
    r"|sup[ée]rieure? [àa]l?|inférieure? à"
    r"|(?:más|menos) del?|al menos(?: un| el)?|por lo menos(?: un| el)?|como (?:mínimo|máximo)(?: un| el)?"
    r"|hasta(?: un| el)?|a lo sumo(?: un| el)?|tutt['’]al più(?: il| al| l['’]| all['’])?|quando muito"
    r"|por (?:encima|debajo) del?|più del(?:l['’])?|più di|meno del?(?:l['’])?|oltre(?: il| l['’])?"
    r"|almeno(?: al| il| l['’]| all['’])?"
    r"|al (?:massimo|minimo)(?: il| l['’])?|[tf]ra (?:il|l['’])|fino al(?:l['’])?|mais de|menos de|pelo menos"
    r"|no (?:mínimo|máximo)|ao menos|até"
    r"|acima de|abaixo de|(?:не )?(?:более|больше|менее|меньше)|свыше|выше|ниже|как минимум(?: на)?|минимум|максимум"
    r"|по крайней мере(?: на)?|хотя бы(?: на)?|от|до|между|ب?[أا]كثر من|ب?[أا]قل من|ما لا يقل عن|لا [تي]قل عن"
    r"|[تي]زيد عن"
    r"|أعلى من|بين|لا [تي]تجاوز"
    r"|कम से कम|अधिक से अधिक|अधिकतम|न्यूनतम|ज़्यादा से ज़्यादा|ज्यादा से ज्यादा"
    r"|최소(?:한)?|적어도|최대|많아야|기껏해야|少なくとも|最低(?:でも)?"
    r"|最大(?:でも?)?|多くとも|せいぜい|至少有?|最多有?|顶多|頂多|不?超过|不?超過|不到|低于|低於|高于|高於"
)
"""What makes a number behind it the end of a range."""
OR_MORE = (
    r"oder (?:mehr|weniger|höher)|ou (?:plus|moins|mais|menos)|o (?:más|menos|più|meno)|или (?:более|больше"
    r"|выше|менее|меньше)"
    r"|(?:au|al|pelo) (?:moins|menos)|(?:au )?maximum|como (?:mínimo|máximo)|al (?:massimo|minimo)"
    r"|no (?:mínimo|máximo)|höchstens|mindestens|maximal|almeno|как (?:минимум|максимум)|максимум"
    r"|से (?:अधिक|ज़्यादा|ज्यादा|ऊपर|कम)|이상|이하|초과|미만"
    r"|(?:를|을) 넘"
    r"|以上|以下|未満|を(?:超え|上回|下回)|على (?:الأقل|الأكثر)|[أف]و? ?(?:أكثر|أقل)"
)
"""What makes a number before it the end of a range."""
TO = r"bis|à|al?|до|से|에서|부터|から|到|至|إلى|oder|ou|o|или|か|또는|या|أو|或|और|和|と|[과와]"
"""Between the two ends of a range, or between two values of which either may be meant."""
NOT = r"(?:not(?: quite| fully| entirely)?|nicht|no|pas|non|não|не|ليست?|不是|并非)(?: (?:un|el|il|os)(?= )| l['’])?"
NOT_BEHIND = r"ではなくて?|じゃなくて?|[가이] 아니라|[ ]नहीं,?(?: बल्कि)?"
BUT = (
    r"(?:but|rather|more like|sondern|sino|plutôt|mais|piuttosto|ma|bensì|mas|e sim|а|скорее|بل|而是)(?: (?:rather|only"
    r"|about|eher|nur|más bien|un|el|plutôt|il|piuttosto|sim|скорее|только)(?= )| (?:al)?l['’])*"
)
"""What puts a value in the place of one that is denied: `nicht 90 %, sondern 60 %`."""
DENIAL = (
    r"nicht|kein\w{0,2}|niemand|pas|ne(?! (?:sono|ho)\b)|nadie|nessun\w?|ninguém|никто|jamais|nunca|никогда|niemals"
    r"|non|não|не"
    r"|dudo|doute|dubito|duvido|сомневаюсь|bezwei?fle|أشك|संदेह|لست|ليست?|لا|नहीं|alles andere als|loin d(?:e|['’]être)"
    r"|lejos de|tutt['’]altro che|lontano dal\w*|longe de|далеко"
)
PERSON = (
    r"(?<!\w)(?:friends?|brother|sister|teacher|professor|colleague|neighbou?r|experts?|scientists?|people"
    r"|archaeologists?"
    r"|freund\w*|bruder|schwester|lehrer\w*|kolleg\w+|nachbar\w*|experten|forscher\w*|leute|menschen|archäologen"
    r"|amie?s?|frère|sœur|professeure?s?|collègues?|voisine?s?|experte?s?|gens|chercheurs?|archéologues?"
    r"|amig[oa]s?|hermanas?|hermanos?|profesor\w*|compañer[oa]s?|vecin[oa]s?|expert[oa]s?|gente|arqueólog[oa]s?"
    r"|amic[oiahe]+|fratello|sorella|professor\w*|collegh?[aei]|vicin[oiae]|espert[oi]|gli \w+|archeologi"
    r"|irmãos?|irmãs?|colegas?|vizinh[oa]s?|especialistas?|pessoas|друг|подруга|брат|сестра|учител\w+|коллег\w+"
    r"|сосед\w*|эксперт\w*|уч[её]ны\w+|люди|археолог\w*)(?!\w)"
    r"|(?<!\w)(?:behaupten|geben an|gibt an|dic(?:e|en)|afirman?|disent|affirment?"
    r"|dicono|affermano|diz(?:em)?|afirmam?|говор[яи]т|утвержда[юе]т|считает|считают)(?!\w)"
    r"|कह(?:ते|ता|ती) ह|मानते ह|يقول|يرون|说他们|说她|说他|言って(?:いる|います)"
    r"|老师|老師|同事|朋友|同学|同學|专家|專家|学家|學家|学者|學者|人们|人們|大家|有人|作者|哥哥|姐姐|弟弟|妹妹|爸爸|妈妈|父亲|母亲"
    r"|(?:学者|専門家|友人|先生|教授|同僚|[兄弟姉妹父母彼]|彼女|人々|さん)[はがも]"
    r"|(?:친구|동료|선생님?|교수님?|전문가|학자|사람들?|동생|형|누나|아버지|어머니)(?:들)?(?:은|는|이|가|도)(?= )"
    r"|صديق\w*|[أا]خي|معلم\w*|[أا]ستاذ\w*|زميل\w*|خبراء|علماء|العلماء|الناس"
    r"|(?:भाई|बहन|दोस्त|मित्र|शिक्षक|अध्यापक|प्रोफ़?ेसर|सहकर्मी|विशेषज्ञ\w*|लोग\w*|वैज्ञानिक\w*|पुरातत्व\w*) (?:को"
    r"|का|की|के)"
)
"""Who is not the writer."""
DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९０１２３４５６７８９٪٫", "0123456789" * 4 + "%.")


def _western(small: str, tens: str, join: str, *, flipped: bool = False) -> dict[str, int]:
    """The numbers below 100 of a language that joins tens and ones by `join`.

    Args:
        small: words of 0 to 19.
        tens: words of 20, 30, ... 90.
        flipped: ones stand before tens.
    """
    words = {word: n for n, word in enumerate(small.split())}
    ones = [(word, n) for word, n in words.items() if 0 < n < 10]
    for ten, word in enumerate(tens.split(), 2):
        words[word] = 10 * ten
        for one, n in ones:
            first, second = (one, word) if flipped else (word, one)
            words[first + join + second] = 10 * ten + n
    return words


def _french() -> dict[str, int]:
    small = "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
    below = {word: n for n, word in enumerate(small.split())} | {"dix sept": 17, "dix huit": 18, "dix neuf": 19}
    words = dict(below)
    for ten, base in (("vingt", 20), ("trente", 30), ("quarante", 40), ("cinquante", 50), ("soixante", 60)):
        words |= {ten: base, f"{ten} et un": base + 1} | {
            f"{ten} {w}": base + n for w, n in below.items() if 1 < n < 10
        }
    words |= {"soixante et onze": 71} | {f"soixante {w}": 60 + n for w, n in below.items() if n > 9}
    words |= {"quatre vingts": 80} | {f"quatre vingt {w}": 80 + n for w, n in below.items() if n}
    for ten, base in (("septante", 70), ("huitante", 80), ("octante", 80), ("nonante", 90)):
        words |= {ten: base, f"{ten} et un": base + 1} | {
            f"{ten} {w}": base + n for w, n in below.items() if 1 < n < 10
        }
    return words | {"cent": 100}


def _italian() -> dict[str, int]:
    small = (
        "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici"
        " diciassette diciotto diciannove"
    )
    words = _western(small, "venti trenta quaranta cinquanta sessanta settanta ottanta novanta", "")
    return words | {word[: -len(one) - 1] + one: n for word, n in words.items() for one in ("uno", "otto")
                    if n > 20 and word.endswith(one)} | {"cento": 100}  # fmt: skip


_SPANISH_SMALL = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete"
    " dieciocho diecinueve"
)
_HINDI = (
    "शून्य एक दो तीन चार पांच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस इक्कीस बाईस तेईस"
    " चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस चालीस"
    " इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन"
    " सत्तावन अट्ठावन उनसठ साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर"
    " चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी"
    " नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे सौ"
)
_ARABIC_ONES = "صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة"
_ARABIC_TENS = ("عشر", "ثلاث", "أربع", "خمس", "ست", "سبع", "ثمان", "تسع")


def _arabic() -> dict[str, int]:
    ones = [*enumerate(_ARABIC_ONES.split()), (2, "اثنين"), (8, "ثمان"), (1, "واحدة")]
    words = {word: n for n, word in ones}
    for ten, stem in enumerate(_ARABIC_TENS, 2):
        for ending in ("ون", "ين"):
            words |= {stem + ending: 10 * ten}
            words |= {f"{one} و{stem}{ending}": 10 * ten + n for n, one in ones if 0 < n < 10}
    return words | {"مئة": 100, "مائة": 100, "مية": 100}


_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_GERMAN = (
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn"
    " achtzehn neunzehn"
)
_PORTUGUESE = (
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete dezoito"
    " dezenove"
)
_RUSSIAN = (
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать"
    " пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
)
_VENTI = ("uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve")
_WORDS = {
    fold(word): value
    for words in (
        _western(_ENGLISH, "twenty thirty forty fifty sixty seventy eighty ninety", " "),
        {"hundred": 100, "one hundred": 100, "a hundred": 100, "fourty": 40},
        _western(_GERMAN, "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig", "und", flipped=True),
        {"eins": 1, "hundert": 100, "einhundert": 100},
        _french(),
        _western(_SPANISH_SMALL, "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa", " y "),
        {f"veinti{one}": 20 + n for n, one in enumerate(_VENTI, 1)} | {"cien": 100, "ciento": 100},
        _italian(),
        _western(_PORTUGUESE, "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa", " e "),
        {"cem": 100, "catorze": 14, "dezasseis": 16, "dezassete": 17, "dezanove": 19},
        _western(_RUSSIAN, "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто", " "),
        {"сто": 100, "нуль": 0, "двух": 2, "трёх": 3, "четырёх": 4, "пяти": 5, "шести": 6, "восьми": 8, "десяти": 10},
        {word: n for n, word in enumerate(_HINDI.split())},
        {"छः": 6, "पाँच": 5, "नब्बै": 90, "पंचानवे": 95, "पच्चानवे": 95, "पचहत्तर": 75},
        _arabic(),
    )
    for word, value in words.items()
}
_FIGURES = {c: n for signs in ("零一二三四五六七八九", "영일이삼사오육칠팔구") for n, c in enumerate(signs)} | {"〇": 0}
_EASTERN = re.compile(
    r"(?:(?P<tens>[一二三四五六七八九일이삼사오육칠팔구])?(?P<ten>[十십]))?(?P<one>[零〇一二三四五六七八九영일이삼사오육칠팔구])?"
)
_SIGNS = frozenset((*_FIGURES, *"十百십백"))
"""Of numbers that stand without a blank behind other signs."""
_WORD_START = re.compile(r"(?:\A|(?<=[\s:：=(*\-]))[^\s:：=(*\-]")
_MOST = 5
"""Words of a number below 101: `quatre vingt dix neuf` has four."""


def number_of_words(text: str) -> int | None:
    """The number from 0 to 100 that the text is in words, in any of the languages; None if it is none."""
    if text in ("百", "一百", "백", "일백"):
        return 100
    if text and (eastern := _EASTERN.fullmatch(text)):
        tens = _FIGURES[eastern["tens"]] if eastern["tens"] else 1
        return (10 * tens if eastern["ten"] else 0) + (_FIGURES[eastern["one"]] if eastern["one"] else 0)
    return _WORDS.get(" ".join(fold(text).replace("-", " ").split()))


_SCALE_WORDS = (("billion", 10**9), ("million", 10**6), ("thousand", 10**3), ("hundred", 100), ("dozen", 12))
_MOST_ENGLISH = 16
"""Words of a number in an answer."""
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10,
}  # fmt: skip


def english_number(text: str) -> Fraction | None:
    """The number that English words say, above 100 and fractions too ("one hundred and five", "two and a half")."""
    words = text.lower().replace("-", " ").replace(",", " ").split()
    if not words or len(words) > _MOST_ENGLISH:
        return None
    part = _PARTS.get(words[-1].removesuffix("s")) or _PARTS.get(words[-1])
    if part is None:
        whole = _english_integer(words)
        return None if whole is None else Fraction(whole)
    before, joined, count = " ".join(words[:-1]).rpartition(" and ")
    whole = _english_integer(before.split()) if joined else 0
    ones = 1 if count in ("a", "an", *([""] if part == 2 else [])) else number_of_words(count)
    return None if whole is None or not ones or ones >= 20 else whole + Fraction(ones, part)


def _english_integer(words: list[str]) -> int | None:
    words = words[1:] if words[:1] == ["and"] else words
    for scale, value in _SCALE_WORDS:
        if scale in words:
            at = words.index(scale)
            count = 1 if words[:at] in (["a"], ["an"]) else _english_integer(words[:at])
            rest = _english_integer(words[at + 1 :]) if words[at + 1 :] else 0
            return None if not count or rest is None or rest >= value else count * value + rest
    return number_of_words(" ".join(words))


def number_words_before(text: str, end: int) -> tuple[int, int] | None:
    """Where number words start that end at `end`, and their number; the longest such words count."""
    window = text[max(0, end - 40) : end]
    starts = [word.start() for word in _WORD_START.finditer(window)][-_MOST:]
    starts += [start for start in range(max(0, len(window) - 3), len(window)) if window[start] in _SIGNS]
    for start in starts:
        if (value := number_of_words(window[start:])) is not None:
            return end - len(window) + start, value
    return None
