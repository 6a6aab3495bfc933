"""What refusals are made of in French, Spanish, Italian and Portuguese (see `refusal_phrases`)."""

from __future__ import annotations

from calibench.tasks.grading.refusal_phrases import Phrases

_JE = r"(?:\S+ ){0,3}?je (?:ne |n')(?:\w+ )?"
_REPONDRE = (
    r"(?:repond|dire\b|determin|aider|fourni|donner|affirm|identifi|savoir|precis|me prononcer|calcul|resoudre"
    r"|indiquer"
    r"|trancher|conclure|etabli|connaitre|deduire)"
)
_VERIFIER = r"(?:verifi|confirm|trouv|assurer|garanti|devin|me (?:souvenir|rappeler)|retrouver)"
_DONNEES = (
    r"(?:info|donnee|element|trace|source|mention|renseign|detail|contexte|idee|acces|connaissance|reponse|souvenir"
    r"|moyen|precision)"
)
_FRENCH = Phrases(
    says=(
        r"j'(?:en )?ignore|je l'ignore",
        _JE + r"(?:en |le |y )?(?:sais|connais|vois|comprends|saisis)\b[^.!?,]{0,40}?\b(?:pas|rien|aucun\w*|plus)\b",
        _JE + rf"(?:\w+ ){{0,2}}?(?:saurais|puis)\b[^.!?]{{0,40}}?{_REPONDRE}",
        _JE + rf"(?:\w+ )?(?:ai|dispose|possede|detiens|trouve)\b[^.!?]{{0,30}}?\b(?:pas|aucun\w*|rien|guere|plus)\b"
        rf"[^.!?]{{0,40}}?{_DONNEES}",
        _JE + r"(?:\w+ )?(?:peux|pourrai\w*|parviens|reussis|arrive|suis)\b[^.!?]{0,50}?\bpas\b"
        rf"[^.!?]{{0,60}}?{_REPONDRE}",
        r"(?:\S+ ){0,2}?je (?:suis|me (?:trouve|vois)) (?:\w+ )?(?:incapable|dans l'(?:impossibilite|incapacite))",
        rf"(?:il n'y a|il n'existe|il n'est fait|nous n'avons|on n'a|il y a trop peu)\b[^.!?]{{0,30}}?(?:pas"
        rf"|aucun\w*|d)\b"
        rf"[^.!?]{{0,40}}?{_DONNEES}",
        rf"(?:il (?:m')?(?:est|serait|n'est pas|semble)|c'est) (?:\w+ )?(?:impossible|difficile|possible) (?:de"
        rf"|a) (?:\S+ )"
        rf"{{0,2}}?{_REPONDRE}|impossible (?:a|de) (?:\S+ ){{0,2}}?{_REPONDRE}",
        rf"(?:\S+ ){{0,6}}?ne (?:peut|peuvent|saurait|pouvons)\b(?: \S+){{0,5}}? (?:le |la |y |etre )?{_REPONDRE}",
        r"(?:les|la|l'\S+|cette|ces|ce|mes|mon|ma|le) (?:\S+ ){0,6}?ne (?:suffi|permet|contien|fourni|couvr"
        r"|compren|inclu"
        r"|precis|donn|comport)\w*",
        r"(?:pas assez|trop peu|pas suffisamment|manque|insuffisance) d(?:e |')(?:info|donnee|element|contexte"
        r"|precision)",
        r"(?:l'|les )?(?:informations?|donnees|contexte) (?:\w+ )?(?:insuffisant|manquant|(?:non |in)disponible)\w*",
        rf"(?:aucune?|pas la moindre|pas d[e']) ?{_DONNEES}",
        r"je manque d|il me manque|je (?:prefere\w*|choisis|souhaite)(?: de)? (?:ne pas|m'abstenir)|je (?:dois "
        r"|vais )?"
        r"(?:refuse|decline|m'abst|passe\b)|(?:\S+ ){0,4}?(?:m'est|me sont|m'etait) (?:\w+ )?inconnu\w*"
        r"|(?:\S+ ){1,5}?ne me dit rien|(?:cela|ceci|ce sujet|cette question) depasse",
    ),
    doubts=(
        _JE + r"(?:en )?suis (?:\w+ )?pas (?:\w+ ){0,2}?(?:sur|certain|familier|convaincu|familiarise|au courant)\w*"
        r"|pas (?:\w+ )?(?:sur|certain)e?\b",
        _JE + rf"(?:\w+ )?(?:peux|pourrai\w*|parviens|suis|ai|arrive)\b[^.!?]{{0,50}}?\b(?:pas|rien|aucun\w*)\b"
        rf"[^.!?]{{0,60}}?"
        rf"{_VERIFIER}",
        _JE + r"(?:me )?(?:souviens|rappelle|trouve)\b[^.!?]{0,30}?(?:pas|rien|aucun|plus)",
        r"(?:pourriez|pouvez|pourrais|peux)[- ](?:vous|tu)|veuillez|merci de (?:preciser|fournir)|je (?:doute"
        r"|hesite)\b",
    ),
    bare=r"(?:inconnue?s?|non (?:precise|specifie|connu|determine|disponible|renseigne|applicable"
    r"|communique)\w*|indetermin"
    r"\w+|(?:pas|sans) (?:de )?reponse|indisponible|incertaine?|je ne sais pas|aucune idee"
    r"|informations? non disponibles?)",
    prefaces=r"(?:(?:je suis (?:\w+ )?)?desolee?|malheureusement|excusez-moi|je m'excuse|pardon|je (?:le )?regrette"
    r"|franchement|honnetement|helas|en tant qu[e'] ?[^.,]{1,40}|a vrai dire|je crains(?: que| de)?|euh"
    r"|actuellement)",
    but=r"(?:mais(?<=[,.;] mais)|cependant|toutefois|pourtant|neanmoins)",
    answers=r"(?:je (?:crois|pense|dirais|suppose)|probablement|peut-etre|sans doute|vraisemblablement"
    r"|(?:la )?reponse est"
    r"|il s'agit (?:probablement|sans doute))\b",
    helps=r"(?:je peux vous|je peux t|vous pouvez|vous pourriez|n'hesitez|si vous|veuillez|je vous (?:conseille"
    r"|recommande|invite|suggere))",
)

_RESPONDER = (
    r"(?:respond|decir|determin|ayud|proporcion|contest|identific|ofrec|\bdar|saber|afirm|precis|calcul|resolv"
    r"|establec"
    r"|conocer|conclu|deduc|indicar|brind|asegur|asist)"
)
_VERIFICAR = r"(?:verific|confirm|encontr|garantiz|adivin|comprob|recordar|acced|localiz|corrobor)"
_DATOS = (
    r"(?:info|datos?\b|registro|suficiente|documenta|detalle|contexto|idea|acceso|conocimiento|respuesta|certeza"
    r"|constancia|forma de|manera de|fuente)"
)
_SPANISH = Phrases(
    says=(
        r"(?:yo )?no lo se\b|(?:yo )?no (?:me )?se(?= (?:la|el|los|que|quien|cual|cuando|donde|como|cuant\w+"
        r"|exactamente"
        r"|si|nada|mucho|a ciencia|muy|responder|con)\b|\W*$)|(?:yo )?no (?:te |le |lo )?sabria\b",
        r"(?:yo )?no (?:lo |la |los )?(?:conozco|conocemos|sabemos)\b|no me consta",
        rf"(?:yo )?no (?:dispongo|cuento|poseo|tengo|tenemos)\b[^.!?]{{0,40}}?{_DATOS}",
        rf"(?:yo )?no (?:te |le |lo |me )?(?:puedo|podria|podre|logro|consigo|pude|podemos|es posible|se puede"
        rf"|se pueden"
        rf"|puede\w*|resulta posible|seria posible)\b[^.!?]{{0,50}}?{_RESPONDER}",
        rf"no (?:hay|existen?|se (?:dispone|tiene|cuenta|proporcion\w*|especific\w*|menciona|indica|ofrece"
        rf"|encontr\w+))\b"
        rf"[^.!?]{{0,40}}?{_DATOS}|no se (?:sabe|conoce)\b",
        rf"(?:(?:me )?(?:es|resulta|seria) )?(?:imposible|dificil)(?: de)?(?: \S+)? {_RESPONDER}",
        r"(?:yo )?no (?:soy|estoy|me siento) (?:\w+ )?(?:capaz|en condiciones|en posicion|capacitad|autorizad)",
        r"(?:lo )?desconozco|se desconoce|carezco|me falta\w*|faltan? (?:informacion|datos|contexto)"
        r"|(?:no tengo )?(?:ni|la"
        r" menor|la mas minima) idea",
        r"(?:la )?(?:informacion|datos|contexto) (?:\w+ )?(?:insuficiente|no disponible)\w*"
        r"|insuficiente\w* (?:info|datos)",
        r"(?:la|el|los|esta|este) (?:respuesta|pregunta|enunciado|informacion|texto|problema|datos"
        r"|contexto)(?: \S+){0,3}?"
        r" no (?:puede|se puede|esta|proporciona|contiene|ofrece|es (?:posible|suficiente|conocid)"
        r"|son suficientes|bastan"
        r"|incluye|especifica)",
        r"mis? (?:\S+ ){1,5}?no (?:\S+ )?(?:inclu|contien|abarc|cubr|tien|alcanz)\w*",
        r"prefiero (?:no|abstenerme)|preferiria no|me (?:abstengo|niego)|rechazo responder|declino|debo (?:declinar"
        r"|abstenerme)|paso\b|necesit(?:o|aria) (?:\w+ )?(?:mas|informacion)|(?:esto|eso) (?:escapa|esta fuera)",
    ),
    doubts=(
        r"(?:yo )?no (?:estoy|me siento|ando) (?:\w+ )?(?:segur|ciert|familiariz|convencid|al tanto|al corriente)\w*"
        r"|no (?:muy |del todo )?segur[oa]\b",
        rf"(?:yo )?no (?:te |le |lo |me )?(?:puedo|podria|podre|logro|consigo|pude|podemos"
        rf"|he podido)\b[^.!?]{{0,50}}?"
        rf"{_VERIFICAR}",
        r"(?:yo )?no (?:lo |me )?(?:recuerdo|acuerdo|encuentro|encontre|he (?:encontrado|hallado|oido))\b",
        r"(?:podrias?|puedes?|podria usted)(?: \S+)? (?:proporcion|aclar|especific|dar|decir|precis)\w*|por favor",
    ),
    bare=r"(?:desconocid[oa]s?|no (?:especificad|determinad|disponible|conocid|identificad|indicad|determinable"
    r"|consta)\w*"
    r"|sin (?:respuesta|informacion|datos)|indeterminad\w+|no (?:se )?aplica|incierto|no se sabe|ns/?nc)",
    prefaces=r"(?:lo (?:siento|lamento)(?: mucho)?|lamentablemente|desgraciadamente|por desgracia|desafortunadamente"
    r"|disculp[ae]\w*|perdon\w*|como (?:ia\b|una? (?:ia|modelo|intelig)|modelo|inteligencia)[^.,]{0,40}"
    r"|la verdad(?: es"
    r" que)?|sinceramente|honestamente|me temo(?: que)?|lamento(?: que)?|actualmente|pues|bueno)",
    but=r"(?:pero|sin embargo|no obstante|aunque)",
    answers=r"(?:creo|pienso|supongo|diria|probablemente|tal vez|quizas?|posiblemente|seguramente"
    r"|(?:la )?respuesta (?:es"
    r"|seria)|a lo mejor)\b",
    helps=r"(?:puedo ayud|puedes|podrias|puede(?:n)? |si (?:me|quieres|necesitas)|te recomiendo|le recomiendo"
    r"|con gusto)",
)

_RISPONDERE = (
    r"(?:rispond|\bdir[elt]|determin|aiutar|forni|\bdar[elvt]|identific|stabil|afferm|saper|calcol|conoscer"
    r"|dedurr|risolv"
    r"|precis|indicar|assicur)"
)
_DATI = (
    r"(?:info|dati\b|document|tracc|notiz|elementi|contesto|dettagli|idea\b|accesso|conoscen|rispost|abbastanza"
    r"|modo di"
    r"|certezz|fonti)"
)
_ITALIAN = Phrases(
    says=(
        r"(?:io )?non (?:lo |ne |vi |ti |le |mi )?(?:so\b|saprei\b|sappiamo\b)|(?:io )?non (?:lo |la |li )?conosco\b"
        r"|(?:lo )?ignoro\b|boh\b",
        rf"(?:io )?non (?:ne )?(?:ho|dispongo|possiedo|abbiamo|trovo)\b[^.!?]{{0,40}}?{_DATI}",
        rf"(?:io )?non (?:lo |ti |vi |le |la |mi )?(?:posso|potrei|potro|riesco|sono in grado"
        rf"|sono (?:\w+ )?capace|possiamo"
        rf"|si puo|e possibile|e stato possibile|si riesce|puo essere|possono essere"
        rf"|sarei)\b[^.!?]{{0,50}}?{_RISPONDERE}",
        r"(?:io )?non (?:sono|mi sento|sarei) in (?:grado|condizion)",
        rf"non (?:ci sono|c'e|esist\w+|vi sono|si hanno|risultano|e disponibile|sono (?:disponibili|presenti"
        rf"|fornit\w))\b"
        rf"[^.!?]{{0,40}}?{_DATI}",
        rf"(?:(?:mi )?(?:e|sarebbe|risulta) )?(?:impossibile|difficile)(?: da| a)?(?: \S+)? {_RISPONDERE}",
        r"temo di non|nessun[a']? ?(?:idea|info\w*|dato|traccia|notizia)|(?:informazioni|dati|contesto) (?:\w+ )?"
        r"(?:insufficient|non (?:disponibil|sufficient))\w*|insufficient\w (?:info|dati)",
        r"(?:la|il|le|i|questa|questo) (?:risposta|domanda|traccia|testo|problema|informazioni"
        r"|dati)(?: \S+){0,3}? non"
        r" (?:puo|fornisc\w+|contien\w+|e (?:determin|not|disponib|possib)|sono suff|bastano|specifica)",
        r"(?:i miei|le mie|il mio|la mia) (?:\S+ ){1,5}?non\b",
        r"prefer\w+ (?:di )?(?:non|astenermi)|mi (?:astengo|rifiuto|manca\w*)|devo (?:rifiutar|astenermi"
        r"|declinare)|passo\b"
        r"|(?:\S+ ){0,3}?mi e (?:\w+ )?(?:sconosciut|ignot)\w|non si sa\b|avrei bisogno|ho bisogno di (?:piu"
        r"|ulteriori)"
        r"|non (?:intendo|voglio) (?:rispond|indovin|azzard|speculare)",
    ),
    doubts=(
        r"(?:io )?non (?:ne )?(?:sono|mi sento) (?:\w+ )?(?:sicur|cert|familiar|a conoscenza|pratic)\w*"
        r"|non (?:\w+ )?sicur[oa]",
        r"(?:io )?non (?:lo |ti |vi |la |mi )?(?:posso|potrei|riesco|sono in grado"
        r"|ho potuto)\b[^.!?]{0,50}?(?:verific|conferm"
        r"|garant|trovar|ricordar|controllar|indovin|acceder)",
        r"(?:io )?non (?:mi |lo |la )?(?:ricordo|rammento|viene in mente|ho (?:trovato|sentito|mai sentito))\b",
        r"(?:potrest[ei]|puoi|potrebbe)(?: \S+)? (?:forni|chiar|specific|dar|precis|dir)\w*|per favore",
    ),
    bare=r"(?:sconosciut[oaie]|non (?:specificat|not|disponibil|determinat|determinabil|indicat|applicabil|pervenut"
    r"|identificat)\w*|indeterminat\w+|nessuna risposta|ignot[oa]|n\.? ?d|incert[oa]|senza risposta)",
    prefaces=r"(?:mi (?:dispiace|spiace|scuso|rincresce)|scus[aei]\w*|purtroppo|sinceramente|onestamente"
    r"|spiacente|temo(?:"
    r" che)?|in quanto [^.,]{1,40}|come (?:ia\b|un'?a? ?(?:ia|modello|intelli)|modello|intelligenza)[^.,]{0,40}"
    r"|a dire il"
    r" vero|attualmente|beh|allora)",
    but=r"(?:ma|pero|tuttavia|comunque)",
    answers=r"(?:credo|penso|direi|suppongo|forse|probabilmente|magari|presumo|immagino|(?:la )?risposta (?:e"
    r"|sarebbe))\b",
    helps=r"(?:posso aiut|puoi|potresti|puo\b|se (?:mi|vuoi|hai)|ti consiglio|le consiglio|saro felice)",
)

_RESPONDER_PT = (
    r"(?:respond|diz|determin|ajud|fornec|afirm|identific|\bdar\b|saber|calcul|inform|estabelec|conclu|conhec"
    r"|deduz|indicar"
    r"|resolv|opin|precis)"
)
_DADOS = (
    r"(?:info|dados?\b|regist|acesso|conheciment|resposta|detalhe|contexto|element|fonte|documenta|ideia|condic"
    r"|como\b"
    r"|suficiente|evidencia)"
)
_PORTUGUESE = Phrases(
    says=(
        r"(?:eu )?nao (?:o |a |lhe |te |me )?(?:sei|saberia|conheco|sabemos)\b|desconheco",
        rf"(?:eu )?nao (?:faco|tenho|possuo|disponho|detenho|temos|ha|existe\w*|foram?|havia|encontrei|encontro"
        rf"|achei)\b"
        rf"[^.!?]{{0,40}}?{_DADOS}",
        rf"(?:eu )?nao (?:o |lhe |te |me )?(?:posso|consigo|poderia|podemos|poderei|pude|e possivel"
        rf"|seria possivel|foi possivel"
        rf"|pode ser|podem ser|se pode|se consegue|ha como|da para|tem como)\b[^.!?]{{0,50}}?{_RESPONDER_PT}",
        r"nao se (?:sabe|conhece)\b|nao (?:sou|estou) (?:\w+ )?(?:capaz|em condic|apt|autorizad|habilitad)\w*",
        rf"(?:(?:e|seria|torna-se|fica) )?(?:impossivel|dificil)(?: de)?(?: \S+)? {_RESPONDER_PT}",
        r"(?:a|esta|essa|o|os|as|este) (?:resposta|pergunta|enunciado|informac\w+|dados|texto|problema"
        r"|questao)(?: \S+){0,3}?"
        r" nao (?:pode|fornec\w+|sao|e (?:possivel|suficiente|conhecid)|esta|contem|foram|bastam|da\b|inclui)",
        r"(?:a )?(?:informac\w+|dados) (?:\w+ )?(?:insuficiente|nao disponive|indisponive)\w*"
        r"|insuficiente\w* (?:info|dados)"
        r"|falta\w*-me|me falta\w*|faltam? (?:informac|dados)",
        r"(?:os |as |o |a )?(?:meus?|minhas?) (?:\S+ ){1,5}?nao\b",
        r"prefiro (?:nao|abster)|preferiria nao|recuso|me (?:abstenho|recuso)|abstenho-me|devo recusar|passo\b"
        r"|receio (?:que )?"
        r"nao|sem (?:ideia|informac\w+|dados)|preciso de mais|precisaria de|(?:isso|isto) (?:esta fora|foge)"
        r"|nao (?:quero|vou|pretendo) (?:respond|adivinh|especul|chutar)",
    ),
    doubts=(
        r"(?:eu )?nao (?:tenho|estou|me sinto) (?:\w+ )?(?:certez|cert[oa]|segur|familiariz|convict|a par"
        r"|convenc)\w*|nao"
        r" (?:\w+ )?cert[oa]\b",
        r"(?:eu )?nao (?:o |lhe |te |me )?(?:posso|consigo|poderia|pude|consegui)\b[^.!?]{0,50}?(?:verific"
        r"|confirm|garant"
        r"|encontr|adivinh|acess|lembr|localiz|comprov)",
        r"(?:eu )?nao (?:me )?(?:lembro|recordo|encontrei|encontro|achei|ouvi)\b",
        r"(?:pode|poderia|podes)(?: \S+)? (?:fornec|esclarec|especific|dar|inform|precis)\w*|por favor",
    ),
    bare=r"(?:desconhecid[oa]s?|nao (?:especificad|informad|disponive|determinad|identificad|conhecid|aplicave"
    r"|se aplica"
    r"|indicad|consta)\w*|sem (?:resposta|ideia)|indeterminad\w+|incert[oa]|nao sei)",
    prefaces=r"(?:desculp\w+|(?:eu )?sinto muito|infelizmente|lamento|lamentavelmente|pe[cç]o desculpas?|sinceramente"
    r"|honestamente|como (?:ia\b|uma? (?:ia|modelo|intelig)|modelo|inteligencia)[^.,]{0,40}|para ser sincero"
    r"|receio(?: que)?"
    r"|na verdade|atualmente|bem)",
    but=r"(?:mas(?<=[,.] mas)|porem|contudo|no entanto|todavia)",
    answers=r"(?:acho|acredito|penso|creio|diria|talvez|provavelmente|possivelmente|suponho"
    r"|(?:a )?resposta (?:e|seria))\b",
    helps=r"(?:posso ajud|voce pode|podes|pode\b|se (?:voce|quiser|precisar)|recomendo|sugiro)",
)

PHRASES = (_FRENCH, _SPANISH, _ITALIAN, _PORTUGUESE)
