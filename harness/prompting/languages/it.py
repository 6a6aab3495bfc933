"""What a model is asked in Italian."""

from calibench.prompting.languages.base import Language

LANGUAGE = Language(
    "Italian",
    {
        "Write the final answer {form}.": "Scrivi la risposta finale {form}.",
        'Write the final answer {form} and below it, on a line "Confidence: ...%", how likely it is, from 0% '
        "to 100%, that this answer is correct.": (
            'Scrivi la risposta finale {form} e sotto, su una riga "Fiducia: ...%", quanto è probabile, da 0% '
            "a 100%, che questa risposta sia corretta."
        ),
        'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, that this '
        "answer is correct.": (
            'Sotto la risposta, scrivi su una riga "Fiducia: ...%" quanto è probabile, da 0% a 100%, che '
            "questa risposta sia corretta."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", the probability, from 0.0 to '
        "1.0, that this answer is correct.": (
            'Scrivi la risposta finale {form} e sotto, su una riga "Fiducia: ...", la probabilità, da 0,0 a '
            "1,0, che questa risposta sia corretta."
        ),
        'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, that this '
        "answer is correct.": (
            'Sotto la risposta, scrivi su una riga "Fiducia: ..." la probabilità, da 0,0 a 1,0, che questa '
            "risposta sia corretta."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, in one of these phrases: {phrases}.": (
            'Scrivi la risposta finale {form} e sotto, su una riga "Fiducia: ...", quanto è probabile che '
            "questa risposta sia corretta, con una di queste espressioni: {phrases}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, in '
        "one of these phrases: {phrases}.": (
            'Sotto la risposta, scrivi su una riga "Fiducia: ..." quanto è probabile che questa risposta sia '
            "corretta, con una di queste espressioni: {phrases}."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how sure you are that this '
        "answer is correct, from 0 (certainly wrong) to 10 (certainly right).": (
            'Scrivi la risposta finale {form} e sotto, su una riga "Fiducia: ...", quanto sei sicuro che '
            "questa risposta sia corretta, da 0 (sicuramente sbagliata) a 10 (sicuramente giusta)."
        ),
        'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
        "from 0 (certainly wrong) to 10 (certainly right).": (
            'Sotto la risposta, scrivi su una riga "Fiducia: ..." quanto sei sicuro che questa risposta sia '
            "corretta, da 0 (sicuramente sbagliata) a 10 (sicuramente giusta)."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, as one of these letters: {bands}.": (
            'Scrivi la risposta finale {form} e sotto, su una riga "Fiducia: ...", quanto è probabile che '
            "questa risposta sia corretta, con una di queste lettere: {bands}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, as '
        "one of these letters: {bands}.": (
            'Sotto la risposta, scrivi su una riga "Fiducia: ..." quanto è probabile che questa risposta sia '
            "corretta, con una di queste lettere: {bands}."
        ),
        "{letter} ({low} to {high}%)": "{letter} (da {low} a {high}%)",
        "Solve it step by step, and put the final answer {form}.": (
            "Risolvilo passo dopo passo e metti la risposta finale {form}."
        ),
        "Think step by step. Write your best answer {form}.": (
            "Ragiona passo dopo passo. Scrivi la tua risposta migliore {form}."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, how "
        "likely it is, from 0% to 100%, that this answer is correct, such as <confidence>80%</confidence>.": (
            "Ragiona passo dopo passo. Scrivi la tua risposta migliore {form} e poi, tra <confidence> e "
            "</confidence>, quanto è probabile, da 0% a 100%, che questa risposta sia corretta, per esempio "
            "<confidence>80%</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, that "
        "this answer is correct, such as <confidence>80%</confidence>.": (
            "Sotto la risposta, scrivi tra <confidence> e </confidence> quanto è probabile, da 0% a 100%, che "
            "questa risposta sia corretta, per esempio <confidence>80%</confidence>."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, the "
        "probability, from 0.0 to 1.0, that this answer is correct, such as <confidence>0.8</confidence>.": (
            "Ragiona passo dopo passo. Scrivi la tua risposta migliore {form} e poi, tra <confidence> e "
            "</confidence>, la probabilità, da 0,0 a 1,0, che questa risposta sia corretta, per esempio "
            "<confidence>0,8</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, that "
        "this answer is correct, such as <confidence>0.8</confidence>.": (
            "Sotto la risposta, scrivi tra <confidence> e </confidence> la probabilità, da 0,0 a 1,0, che questa "
            "risposta sia corretta, per esempio <confidence>0,8</confidence>."
        ),
        "Think first, between <think> and </think>. Then write the final answer {form}, what speaks for and "
        "against it between <analysis> and </analysis>, and between <confidence> and </confidence> the "
        "probability, from 0.0 to 1.0, that this answer is correct.": (
            "Prima ragiona, tra <think> e </think>. Poi scrivi la risposta finale {form}, ciò che parla a favore e "
            "contro di essa tra <analysis> e </analysis>, e tra <confidence> e </confidence> la probabilità, da "
            "0,0 a 1,0, che questa risposta sia corretta."
        ),
        "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
        "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.": (
            "Sotto la risposta, scrivi ciò che parla a favore e contro di essa tra <analysis> e </analysis>, e tra "
            "<confidence> e </confidence> la probabilità, da 0,0 a 1,0, che questa risposta sia corretta."
        ),
        "Give the 4 most likely answers, the likeliest first. Write each {form} with, on the line below it, "
        '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to 4. '
        "Write nothing below them.": (
            "Dai le 4 risposte più probabili, la più probabile per prima. Scrivi ciascuna {form} e, sulla riga "
            'sotto, "Probabilità 1: ...", la probabilità, da 0,0 a 1,0, che sia corretta, e numerale fino a 4. Non '
            "scrivere nulla sotto."
        ),
        "Reply with {form} and nothing else.": "Rispondi con {form} e nient'altro.",
        "Reply with the letter of one option and nothing else.": "Rispondi con la lettera di un'opzione e nient'altro.",
        "Write the final answer {form}. {rule}": "Scrivi la risposta finale {form}. {rule}",
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} points, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Rispondi solo se sei sicuro più del {t}%, perché una risposta sbagliata costa {cost} punti, una "
            'risposta giusta dà 1 punto e la risposta "Non lo so" dà 0 punti.'
        ),
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} point, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Rispondi solo se sei sicuro più del {t}%, perché una risposta sbagliata costa {cost} punto, una "
            'risposta giusta dà 1 punto e la risposta "Non lo so" dà 0 punti.'
        ),
        'on a line "Answer: ..."': 'su una riga "Risposta: ..."',
        "between <answer> and </answer>": "tra <answer> e </answer>",
        'on a line "Guess 1: ..."': 'su una riga "Ipotesi 1: ..."',
        "that letter": "quella lettera",
        "Answer:": "Risposta:",
        "in \\boxed{}": "in \\boxed{}",
        "as one code block that starts with ```python": "come un unico blocco di codice che inizia con ```python",
        'as "Answer: true" or "Answer: false"': 'come "Risposta: vero" o "Risposta: falso"',
        'as "Answer: yes" or "Answer: no"': 'come "Risposta: sì" o "Risposta: no"',
        "The answer is a number.": "La risposta è un numero.",
        "The answer is an integer.": "La risposta è un numero intero.",
        "The answer is a number or an expression in LaTeX.": "La risposta è un numero o un'espressione in LaTeX.",
        "The answer is a name or a few words.": "La risposta è un nome o poche parole.",
        "The answer is one word.": "La risposta è una sola parola.",
        "The answer is one of the words {labels}.": "La risposta è una delle parole {labels}.",
        "The answer is the letter of one option.": "La risposta è la lettera di un'opzione.",
        "Write the Python code that the tests need, with all its imports.": (
            "Scrivi il codice Python di cui i test hanno bisogno, con tutte le sue importazioni."
        ),
        "Solve the problem step by step. The answer is a number.": (
            "Risolvi il problema passo dopo passo. La risposta è un numero."
        ),
        "Solve the problem step by step. The answer is a number or an expression in LaTeX.": (
            "Risolvi il problema passo dopo passo. La risposta è un numero o un'espressione in LaTeX."
        ),
        "Answer the question. The answer is a name or a few words.": (
            "Rispondi alla domanda. La risposta è un nome o poche parole."
        ),
        "Think step by step. The answer is the letter of one option.": (
            "Ragiona passo dopo passo. La risposta è la lettera di un'opzione."
        ),
        "Is this claim true or false?": "Questa affermazione è vera o falsa?",
        "Think step by step whether the answer is yes or no.": "Ragiona passo dopo passo se la risposta è sì o no.",
        "The answer is one letter.": "La risposta è una sola lettera.",
        "The answer is one line of Python: def f(x): return ...": (
            "La risposta è una riga di Python: def f(x): return ..."
        ),
        "Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.": (
            "Dai T (vero) o F (falso) per ogni variabile, in ordine alfabetico e senza spazi, per esempio TF per due."
        ),
        "Solve the problem step by step. The answer is an integer from 0 to 999.": (
            "Risolvi il problema passo dopo passo. La risposta è un numero intero da 0 a 999."
        ),
        "Answer the question. The answer is a name, a number, a date or a few words.": (
            "Rispondi alla domanda. La risposta è un nome, un numero, una data o poche parole."
        ),
        "Answer the question in a few words. If it cannot be answered, say that you do not know.": (
            "Rispondi alla domanda in poche parole. Se non è possibile rispondere, di' che non lo sai."
        ),
        "Which option is true? The answer is the letter of one option.": (
            "Quale opzione è vera? La risposta è la lettera di un'opzione."
        ),
        "Write the whole function in Python, with all its imports.": (
            "Scrivi l'intera funzione in Python, con tutte le sue importazioni."
        ),
        "Does Wikipedia support or refute this claim?": "Wikipedia conferma o confuta questa affermazione?",
        'as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)': (
            'come "Risposta: SUPPORTS" (l\'affermazione è vera) o "Risposta: REFUTES" (l\'affermazione è falsa)'
        ),
        "Does the scientific literature support or contradict this claim?": (
            "La letteratura scientifica conferma o contraddice questa affermazione?"
        ),
        'as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)': (
            'come "Risposta: SUPPORT" (l\'affermazione è vera) o "Risposta: CONTRADICT" (l\'affermazione è falsa)'
        ),
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the request?": (
            "Il testo prodotto contiene contenuti allucinati: qualcosa di falso, di non verificabile o di non "
            "pertinente alla richiesta?"
        ),
        'as "Answer: yes" (it does) or "Answer: no" (it does not)': (
            'come "Risposta: sì" (ne contiene) o "Risposta: no" (non ne contiene)'
        ),
        "true": "vero",
        "false": "falso",
        "yes": "sì",
        "no": "no",
        "almost certain": "quasi certo",
        "highly likely": "molto probabile",
        "very good chance": "ottime probabilità",
        "probably": "probabilmente",
        "likely": "probabile",
        "better than even": "più probabile che no",
        "about even": "metà e metà",
        "probably not": "probabilmente no",
        "unlikely": "poco probabile",
        "little chance": "poche probabilità",
        "chances are slight": "scarse probabilità",
        "highly unlikely": "molto improbabile",
        "almost no chance": "quasi nessuna possibilità",
        "How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "
        '"Confidence: ...%".': (
            "Quanto è probabile, da 0% a 100%, che la tua risposta qui sopra sia corretta? Rispondi con una "
            'sola riga "Fiducia: ...%".'
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "La tua risposta qui sopra è corretta?\nA) Sì\nB) No\nRispondi solo con la lettera."
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "Di seguito ci sono un problema e una soluzione proposta. Rifletti su quanto è probabile che la "
            "soluzione sia corretta e rispondi solo con questo, in percentuale da 0% a 100%, tra <confidence> "
            "e </confidence>."
        ),
        "Problem:": "Problema:",
        "Proposed solution:": "Soluzione proposta:",
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "Di seguito c'è un problema. Non risolverlo. Quanto è probabile, da 0% a 100%, che tu risponda "
            'correttamente? Rispondi con una sola riga "Fiducia: ...%".'
        ),
        "List the 4 most likely answers to the problem: first your answer above, in the same words, then 3 others. "
        'Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, '
        "from 0.0 to 1.0, that it is correct, and number them up to 4. Write nothing else.": (
            "Elenca le 4 risposte più probabili al problema: prima la tua risposta qui sopra, con le stesse "
            'parole, poi altre 3. Scrivi ciascuna su una riga "Ipotesi 1: ..." e, sulla riga sotto, "Probabilità '
            '1: ...", la probabilità, da 0,0 a 1,0, che sia corretta, e numerale fino a 4. Non scrivere altro.'
        ),
        "Suppose that your answer above is wrong. List the 4 other answers to the problem that are most likely to "
        'be right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to '
        "4. Write nothing else.\nBelow are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes"
        "\nB) No\nReply with the letter only.": (
            "Supponi che la tua risposta qui sopra sia sbagliata. Elenca le altre 4 risposte al problema che in "
            "tal caso sono più probabilmente giuste, ciascuna breve quanto la tua risposta: scrivi ciascuna su una "
            'riga "Ipotesi 1: ..." e numerale fino a 4. Non scrivere altro.\nDi seguito ci sono un problema e una '
            "risposta proposta. La risposta proposta è corretta?\nA) Sì\nB) No\nRispondi solo con la lettera."
        ),
        "Below are a question and two answers to it. If the first answer is correct, must the second one be "
        "correct too?\nA) Yes\nB) No\nReply with the letter only.": (
            "Di seguito ci sono una domanda e due risposte a essa. Se la prima risposta è corretta, deve essere "
            "corretta anche la seconda?\nA) Sì\nB) No\nRispondi solo con la lettera."
        ),
        "Proposed answer:": "Risposta proposta:",
        "Question:": "Domanda:",
        "First answer:": "Prima risposta:",
        "Second answer:": "Seconda risposta:",
    },
    wordings={
        'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: '
        '...%".': (
            "Qual è la probabilità, da 0% a 100%, che la risposta che hai dato sia corretta? Scrivi una sola riga, "
            '"Fiducia: ...%".',
            'Quanto sei sicuro, da 0% a 100%, che la tua risposta sia giusta? Dai una riga, "Fiducia: ...%".',
            "Valuta la tua fiducia che la tua risposta qui sopra sia corretta, da 0% (sicuramente sbagliata) a "
            '100% (sicuramente giusta). Rispondi con una sola riga "Fiducia: ...%".',
            "Quanta fiducia hai nella risposta qui sopra? Indica la possibilità, da 0% a 100%, che sia corretta, "
            'su una riga "Fiducia: ...%".',
            "Stima la possibilità che la tua risposta sia corretta, in percentuale da 0% a 100%. Rispondi con "
            'un\'unica riga "Fiducia: ...%".',
            "Guarda di nuovo la tua risposta. Quanto è verosimile, da 0% a 100%, che sia corretta? Rispondi con "
            'una sola riga "Fiducia: ...%".',
            "Su una scala da 0% a 100%, quanto sei certo che la risposta che hai appena dato sia corretta? "
            'Rispondi solo con la riga "Fiducia: ...%".',
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "La risposta che hai dato è giusta?\nA) Sì\nB) No\nRispondi solo con la lettera.",
            "Hai risposto correttamente alla domanda?\nA) Sì\nB) No\nRispondi con A o B.",
            "La tua risposta qui sopra è:\nA) Corretta\nB) Scorretta\nRispondi solo con la lettera.",
            "La tua risposta è vera o falsa?\nA) Vera\nB) Falsa\nRispondi solo con la lettera.",
            "La tua risposta qui sopra verrebbe valutata come corretta?\nA) Sì\nB) No\nScrivi solo la lettera.",
            "La risposta qui sopra è giusta o sbagliata?\nA) Giusta\nB) Sbagliata\nRispondi solo con la lettera.",
            "Guarda di nuovo la tua risposta. È corretta?\nA) Sì\nB) No\nRispondi con una lettera.",
        ),
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "Ecco un problema che non devi risolvere. Qual è la probabilità, da 0% a 100%, che la tua risposta sia "
            'corretta? Scrivi una sola riga, "Fiducia: ...%".',
            "Leggi il problema qui sotto, ma non svolgerlo. Quanto sei sicuro, da 0% a 100%, che potresti "
            'rispondere correttamente? Dai una riga, "Fiducia: ...%".',
            "Supponi che ti venga posto il problema qui sotto. Senza risolverlo, indica la possibilità, da 0% a "
            '100%, che tu lo faccia giusto, su una riga "Fiducia: ...%".',
            "Giudica il problema qui sotto senza rispondere: da 0% a 100%, quanto è probabile che tu trovi la "
            'risposta corretta? Rispondi con una sola riga "Fiducia: ...%".',
            "Stima, in percentuale da 0% a 100%, la possibilità che tu risponda correttamente al problema "
            'seguente. Non rispondere al problema, e scrivi un\'unica riga "Fiducia: ...%".',
            "Qui sotto è dato un problema. Prima di provarci: quanto è verosimile, da 0% a 100%, che tu lo risolva "
            'correttamente? Rispondi con una sola riga "Fiducia: ...%" e nient\'altro.',
            "Su una scala da 0% a 100%, quanto sei certo di conoscere la risposta corretta al problema qui sotto? "
            'Non dare la risposta; rispondi solo con la riga "Fiducia: ...%".',
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "Ecco un problema e una soluzione proposta. Quanto è probabile che la soluzione sia corretta? Rispondi "
            "solo con una percentuale da 0% a 100%, tra <confidence> e </confidence>.",
            "Leggi il problema e la soluzione proposta qui sotto. Dai la probabilità che la soluzione sia "
            "corretta, e nient'altro, in percentuale da 0% a 100%, tra <confidence> e </confidence>.",
            "Qui sotto trovi un problema e una soluzione che qualcuno ha proposto. Giudica quanto si può essere "
            "sicuri che sia corretta e scrivi solo questo, da 0% a 100%, tra <confidence> e </confidence>.",
            "Considera il problema e la soluzione proposta che seguono. Stima la possibilità che la soluzione sia "
            "giusta e rispondi solo con questo, in percentuale da 0% a 100%, tra <confidence> e </confidence>.",
            "Qui sotto sono dati un problema e una soluzione proposta. Controlla la soluzione e di' quanto è "
            "probabile che sia corretta: solo una percentuale da 0% a 100%, tra <confidence> e </confidence>.",
            "Pensa alla soluzione proposta del problema qui sotto. Quanto è verosimile che sia corretta? Rispondi "
            "soltanto con una percentuale da 0% a 100%, tra <confidence> e </confidence>.",
            "Valuta la soluzione proposta del problema seguente. Indica la tua fiducia che sia corretta, e solo "
            "questa, in percentuale da 0% a 100%, tra <confidence> e </confidence>.",
        ),
    },
)
