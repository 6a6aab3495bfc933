"""What refusals are made of in English and German (see `refusal_phrases`)."""

from __future__ import annotations

from calibench.tasks.grading.refusal_phrases import Phrases

_ADVERBS = (
    r"(?:(?:really|honestly|just|simply|currently|actually|also|therefore|personally|sadly|still|do|even"
    r"|yet) )*"
)
_CANNOT = (
    r"(?:(?:can ?not|can't|could not|couldn't|won't|(?:will|would) not|wouldn't|am not|'m not|are not|aren't|was not)"
    rf" {_ADVERBS}(?:be )?(?:able to )?|(?:am |'m |are |was |will be |feel )?(?:unable|not able|not in a position"
    r"|not qualified|not equipped|incapable) (?:to|of) )"
)
_TELL = (
    r"(?:answer|determine|provide|say|tell|know|solve|help|identify|assist|give|offer|access|speculate|comment|decide"
    r"|conclude|judge|comply|pinpoint|establish|assess|ascertain|discern|respond|reply|make (?:a|an|that) )"
)
_CHECK = (
    r"(?:verify|confirm|recall|remember|find|locate|guess|place|be (?:sure|certain|of (?:help|any help)|definitive))"
)
_INFO = (
    r"(?:info|data|records?\b|knowledge|details?\b|context|clue|idea|access\b|answer\b|memory|source"
    r"|means\b|way (?:to|of))"
)
_DONE = (
    r"(?:answered|determined|said|told|known|found|solved|verified|identified|established|ascertained|confirmed"
    r"|inferred|deduced|calculated|concluded)"
)
_MY = r"(?:my|the|that|this|your|any) (?:\S+ ){0,4}?"
_ENGLISH = Phrases(
    says=(
        rf"(?:i|we) {_ADVERBS}(?:do not|don't|dont|did not|didn't) {_ADVERBS}know\b",
        rf"(?:i|we) {_ADVERBS}(?:do not|don't|dont|did not|didn't) {_ADVERBS}(?:have|possess|hold|see)"
        rf" (?:\S+ ){{0,5}}?{_INFO}",
        rf"(?:i|we)(?:'ve)? {_ADVERBS}(?:have|had|got|possess) (?:got )?(?:\w+ )?(?:no|zero|not enough|insufficient"
        rf"|too little|limited) (?:\S+ ){{0,4}}?{_INFO}",
        rf"(?:i|we) ?{_ADVERBS}{_CANNOT}{_ADVERBS}{_TELL}|{_CANNOT}(?:answer|determine|say|tell|provide)",
        r"(?:absolutely )?(?:no|not an?) (?:idea|clue)\b|idk\b|dunno\b|beats me|search me|i haven't (?:a|the) "
        r"(?:clue|foggiest|faintest|slightest)|your guess is as good",
        rf"(?:(?:it|this|that|(?:the|this|that|your) (?:\S+ ){{1,5}}?) ?)?(?:can ?not|can't|could not|couldn't) be"
        rf" (?:\w+ly )?{_DONE}",
        r"(?:(?:it|this|that)(?: is|'s|'d be| would be) )?(?:\w+ly )?(?:impossible|not possible|difficult|hard"
        r"|too hard"
        r"|unable|not able)(?: for me)? to (?:\w+ly )?(?:answer|determine|say\b|tell\b|know\b|identify|verify"
        r"|establish"
        r"|ascertain)",
        r"there(?:(?: is|'s| are|'re| was| were| seems to be| appears to be) (?:\w+ly )?(?:no|not (?:any|enough"
        r"|sufficient)"
        r"|insufficient|too little|little|limited)| (?:is|are|was|were)n't (?:any|enough|sufficient"
        r"|much)) (?:\S+ ){0,3}?"
        r"(?:info|data\b|records?\b|context|details|way (?:to|of) (?:know|tell|determin)|mention)",
        r"(?:no|not enough|not sufficient|insufficient|inadequate|too little"
        r"|lack of) (?:\S+ ){0,3}?(?:info(?:rmation)?"
        r"|data|context|details?|records?)\b(?! (?:that|to suggest))",
        r"(?:the|this|your) (?:\S+ )?(?:question|problem|text|passage|prompt|context|info\w*|article|document|data)"
        r"(?: \S+){0,3}? (?:(?:does not|doesn't|do not|don't|did not|fails to) (?:\w+ )?(?:provide|contain"
        r"|include|give"
        r"|specify|mention|state|supply|indicate|say|offer|have enough)|(?:is|are) (?:not (?:enough|sufficient)"
        r"|insufficient)|lacks)",
        rf"{_MY}(?:information|info|data|details?|answer|name|date)(?: \S+){{0,4}}? (?:is|are|was|were|isn't|aren't)"
        r" (?:not (?:\w+ )?(?:available|known|provided|given|accessible|specified|public|something|in my)"
        r"|unknown|missing"
        r"|unavailable|unclear|lacking)",
        r"(?:my|the) (?:\w+ )?(?:knowledge|training|data(?:base)?|memory|records?|sources?)(?: \S+){0,3}? (?:does not"
        r"|doesn't|do not|don't|did not|has no|have no|contains? no|lacks?|is limited)",
        r"(?:i|we)(?: would| will|'d|'ll)? (?:need|require) (?:\S+ ){0,3}?(?:info|context|detail|data|clarif"
        r"|specific)",
        r"i (?:must |have to |will |would |'d |'ll |need to |am going to )?(?:\w+ly )?(?:decline|refuse|abstain"
        r"|refrain"
        r"|pass\b)|i'(?:d|ll) (?:\w+ly )?(?:decline|abstain|refrain|pass\b|rather not|prefer not)"
        r"|i (?:\w+ )?(?:would "
        r"|'d )?(?:prefer|rather|choose|opt) (?:not|to not)|abstain|i lack\b|i am declining|(?:i )?prefer not",
        r"(?:it|this|that|this question|the question|the topic)(?: is|'s) (?:\w+ )?(?:beyond|outside|not within"
        r"|not in)"
        r" (?:of )?(?:my|the scope)",
        r"(?:(?:it|this|that)(?: is|'s) )?(?:not known|unknown) to me|(?:it|this|that)(?: is|'s) (?:unclear|not clear"
        r"|unknown|not known|uncertain)",
        r"(?:\S+ ){0,6}?(?:no|not|nothing|nobody|none|\w+n't) (?:\S+ ){0,4}?(?:in my (?:data|knowledge|training"
        r"|records)"
        r"|ring a bell)",
    ),
    doubts=(
        r"(?:i'?m|i am|we are|we're|i was|i feel) (?:\w+ly |also )?(?:not (?:\w+ ){0,2}?(?:sure|certain|aware"
        r"|familiar"
        r"|confident|acquainted|clear|positive)|unsure|uncertain|unaware|unfamiliar)|not (?:\w+ )?(?:sure|certain)\b",
        rf"(?:i|we) ?{_ADVERBS}{_CANNOT}{_ADVERBS}{_CHECK}|(?:unable|not able) to {_CHECK}|{_CANNOT}{_CHECK}",
        rf"(?:i|we) {_ADVERBS}(?:do not|don't|dont|did not|didn't) {_ADVERBS}(?:recall|remember|recogni[sz]e|find)\b",
        r"(?:could|can|would) you (?:please |kindly )?(?:provide|clarify|specify|give me|share|tell me)"
        r"|please (?:provide"
        r"|clarify|specify|share|give me)",
        r"i (?:was|am) unable|i found no|i have never heard|i've never heard|i haven't heard|never heard of",
        r"(?:i have not|i haven't|i've not|i could not|couldn't) (?:\w+ )?(?:found|find|seen|encountered"
        r"|come across)",
    ),
    bare=r"(?:unknown|unclear|unsure|uncertain|undetermined|indeterminate|no answer|none given|no response|idk"
    r"|not (?:applicable"
    r"|available|specified|provided|known|determinable|enough info\w*|stated|given|mentioned)|n/?a|refuse|abstain"
    r"|unanswerable|cannot say|can't say|inconclusive|pass)",
    prefaces=r"(?:i(?:'m| am) (?:\w+ )?(?:sorry|afraid)(?: that| to say)?|sorry|my apologies"
    r"|i (?:\w+ )?apologi[sz]e(?: for"
    r" [^,.]{1,40})?|i regret(?: that)?|unfortunately|regrettably|honestly|frankly|to be honest|hm+|well|so"
    r"|therefore|thus"
    r"|as an? (?:ai|[^.,\n]{1,40}(?:ai|model|assistant|text-based))[^.,\n]{0,30}|actually|i think|okay|ok|at (?:this"
    r" time|present|the moment)|currently|in that case|it seems(?: that)?|it appears(?: that)?|oh"
    r"|thank you[^.,]{0,30})",
    but=r"(?:but|however|although|though|nevertheless)",
    answers=r"(?:i (?:do )?(?:think|believe|guess|suppose|assume|suspect)|(?:would|'d) (?:say|guess|go with)"
    r"|my (?:best "
    r")?(?:guess|estimate|answer)|probably|perhaps|maybe|most likely|possibly|presumably|(?:the )?answer(?: is"
    r"| would be| might be|:)[: ]+\w"
    r"|it (?:is|was|might|could|may|must)(?: have been| be)? (?:probably|likely|possibly))\b",
    helps=r"(?:i can|i could|i'd be|i would be|i will|i'll|i'm happy|i am happy|i'm here|you (?:can|could|may"
    r"|might|should"
    r"|will)|please|feel free|if you|if i|let me|generally|in general|here (?:is|are)|i (?:recommend|suggest"
    r"|advise|hope"
    r"|encourage)|would you|it (?:would|could|might) be (?:helpful|best))",
)

_ICH = r"(?:\S+ ){0,4}?(?:ich (?:%s)|(?:%s) ich)\b"
_ANGABEN = (
    r"(?:\w*info|\w*daten|angab|ahnung|antwort|wissen|kenntnis|zugriff|zugang|hinweis|quelle|aufzeichn|unterlag|idee"
    r"|moglichkeit|eintrag|auskunft|anhaltspunkt|kontext|beleg)"
)
_SAGEN = (
    r"(?:beantwort|antwort|sagen|bestimm|feststell|ermittel|helf|beurteil|geben|raten|identifiz|nenn|mitteil|dienen"
    r"|weiterhelf|spekul|festleg|losen|berechn|entscheid|erteil|bereitstell|auskunft|liefern|machen|wissen)"
)
_GERMAN = Phrases(
    says=(
        _ICH % ((r"weiss|kenne",) * 2) + r"[^.!?,]{0,50}?\b(?:nicht|kein\w{0,2}|nichts)\b",
        _ICH % (("kann|konnte|darf|mochte|will|werde|wurde",) * 2)
        + rf"[^.!?]{{0,70}}?\b(?:nicht|kein\w{{0,2}}|nichts)\b[^.!?]{{0,60}}?{_SAGEN}",
        r"(?:\S+ ){0,5}?(?:ich habe|habe ich|ich verfuge|verfuge ich|ich besitze|besitze ich|mir liegen|liegen mir"
        rf"|mir liegt|liegt mir|ich finde|finde ich)\b[^.!?]{{0,40}}?\b(?:kein\w{{0,2}}|nicht|zu wenig\w?)\b[^.!?]"
        rf"{{0,30}}?{_ANGABEN}",
        r"(?:\S+ ){0,4}?(?:mir fehl\w+|fehl\w+ mir|(?:ist|sind) mir (?:\S+ ){0,2}?(?:nicht|nichts|un)"
        r"|mir (?:\S+ ){0,2}?(?:nicht bekannt|nichts bekannt|unbekannt))",
        rf"(?:(?:es|hier) (?:gibt|liegen|liegt|sind|ist|existier\w+|fehl\w+)"
        rf"|dazu gibt es)\b[^.!?]{{0,30}}?\b(?:kein\w"
        rf"{{0,2}}|nicht|zu wenig\w?|an)\b[^.!?]{{0,30}}?{_ANGABEN}",
        r"(?:\S+ ){0,6}?(?:lasst|lassen) sich\b[^.!?]{0,60}?\bnicht\b[^.!?]{0,40}?(?:bestimm|beantwort"
        r"|feststell|ermittel"
        r"|sagen|beurteil|berechn|klar|uberpruf)",
        r"(?:\S+ ){0,6}?(?:kann|konnen|konnte)(?: \S+){0,5}? nicht(?: \S+){0,5}? (?:bestimmt|beantwortet|ermittelt"
        r"|festgestellt|gesagt|berechnet|beurteilt|geklart)",
        r"(?:es|das) (?:ist|ware) (?:\S+ ){0,3}?(?:unmoglich|nicht moglich|unklar|nicht bekannt|unbekannt|schwer)"
        r"|(?:unmoglich|nicht moglich|schwer) zu",
        r"(?:\S+ ){0,6}?reich\w+(?: \S+){0,3}? nicht aus|(?:\S+ ){0,6}?(?:enthalt|enthalten|liefert"
        r"|gibt)(?: \S+){0,4}?"
        r" (?:kein\w{0,2}|nicht)[^.!?]{0,30}?(?:info|angab|daten)",
        rf"(?:nicht genug|zu wenig|unzureichende|kein\w{{0,2}}|nicht genugend|nicht ausreichend\w{{0,2}}"
        rf"|mangels) (?:\S+ )"
        rf"{{0,2}}?{_ANGABEN}",
        r"(?:(?:in |zu )?mein\w{0,2}) (?:\S+ ){1,5}?(?:nicht|nichts|kein\w{0,2})\b",
        _ICH
        % (("mochte|werde|will|muss",) * 2)
        + r"[^.!?]{0,40}?(?:nicht (?:\w+ )?(?:antworten|raten|beantworten)|nicht"
        r" (?:raten|spekulieren)|ablehnen|passen|verzichten)",
        r"ich (?:lehne|verweigere|verzichte|passe\b)|(?:ich )?(?:brauche|benotige"
        r"|brauchte)(?: ich)? (?:\S+ )?(?:mehr|weitere)"
        r"|ich bin (?:\S+ )?nicht in der lage|(?:\S+ ){0,3}?ubersteigt mein",
    ),
    doubts=(
        r"(?:\S+ ){0,3}?(?:ich bin|bin ich) (?:mir )?(?:\S+ ){0,4}?(?:nicht (?:\S+ )?|un)(?:sicher|gewiss|vertraut)"
        r"|nicht (?:\w+ )?sicher",
        _ICH % (("kann|konnte",) * 2) + r"[^.!?]{0,60}?\b(?:nicht|kein\w{0,2}|nichts)\b[^.!?]{0,60}?(?:uberpruf|verifiz"
        r"|bestatig|finden|prufen|erinner|nachweis|belegen)",
        _ICH % (("erinnere|fand|habe",) * 2) + r"[^.!?]{0,60}?\b(?:nicht|nichts|kein\w{0,2})\b[^.!?]{0,60}?(?:gefunden"
        r"|gehort|erinner|an |$)",
        r"(?:konnen|konnten|konntest|kannst|wurden) (?:sie|du)|bitte (?:geben|nennen|prazisier|erlauter)",
    ),
    bare=r"(?:unbekannt|(?:das )?(?:ist )?nicht (?:bekannt|bestimmbar|feststellbar|verfugbar|angegeben|beantwortbar"
    r"|ermittelbar|spezifiziert|zutreffend)|keine (?:angaben?|antwort)|unbestimmt|unklar|unsicher|ungewiss|k\. ?a"
    r"|weiss (?:ich )?nicht|kann ich nicht (?:sagen|beantworten|beurteilen|uberprufen|bestatigen))",
    prefaces=r"(?:(?:es )?tut mir (?:sehr )?leid|leider|entschuldigung|entschuldigen sie|ehrlich gesagt"
    r"|verzeihung|ich"
    r" (?:bedau[e]?re|furchte)|bedauerlicherweise|nun|hm+|als (?:ki|[^.,]{1,30}modell)\b|aktuell|derzeit"
    r")",
    but=r"(?:aber|jedoch|allerdings|doch)",
    answers=r"(?:ich (?:glaube|denke|vermute|schatze|meine|tippe)|vermutlich|wahrscheinlich|vielleicht"
    r"|moglicherweise|wohl"
    r"|(?:die )?antwort (?:ist|lautet)|meine vermutung)\b",
    helps=r"(?:ich kann ihnen|ich kann dir|sie konnen|du kannst|bitte|wenn sie|gerne|ich empfehle)",
)

PHRASES = (_ENGLISH, _GERMAN)
