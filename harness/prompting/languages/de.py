"""What a model is asked in German."""

from calibench.prompting.languages.base import Language

LANGUAGE = Language(
    "German",
    {
        "Write the final answer {form}.": "Schreibe die endgültige Antwort {form}.",
        'Write the final answer {form} and below it, on a line "Confidence: ...%", how likely it is, from 0% '
        "to 100%, that this answer is correct.": (
            'Schreibe die endgültige Antwort {form} und darunter, in einer Zeile "Konfidenz: ...%", wie '
            "wahrscheinlich es ist, von 0% bis 100%, dass diese Antwort richtig ist."
        ),
        'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, that this '
        "answer is correct.": (
            'Schreibe unter die Antwort, in einer Zeile "Konfidenz: ...%", wie wahrscheinlich es ist, von 0% '
            "bis 100%, dass diese Antwort richtig ist."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", the probability, from 0.0 to '
        "1.0, that this answer is correct.": (
            'Schreibe die endgültige Antwort {form} und darunter, in einer Zeile "Konfidenz: ...", die '
            "Wahrscheinlichkeit, von 0,0 bis 1,0, dass diese Antwort richtig ist."
        ),
        'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, that this '
        "answer is correct.": (
            'Schreibe unter die Antwort, in einer Zeile "Konfidenz: ...", die Wahrscheinlichkeit, von 0,0 bis '
            "1,0, dass diese Antwort richtig ist."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, in one of these phrases: {phrases}.": (
            'Schreibe die endgültige Antwort {form} und darunter, in einer Zeile "Konfidenz: ...", wie '
            "wahrscheinlich es ist, dass diese Antwort richtig ist, mit einem dieser Ausdrücke: {phrases}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, in '
        "one of these phrases: {phrases}.": (
            'Schreibe unter die Antwort, in einer Zeile "Konfidenz: ...", wie wahrscheinlich es ist, dass '
            "diese Antwort richtig ist, mit einem dieser Ausdrücke: {phrases}."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how sure you are that this '
        "answer is correct, from 0 (certainly wrong) to 10 (certainly right).": (
            'Schreibe die endgültige Antwort {form} und darunter, in einer Zeile "Konfidenz: ...", wie sicher '
            "du bist, dass diese Antwort richtig ist, von 0 (sicher falsch) bis 10 (sicher richtig)."
        ),
        'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
        "from 0 (certainly wrong) to 10 (certainly right).": (
            'Schreibe unter die Antwort, in einer Zeile "Konfidenz: ...", wie sicher du bist, dass diese '
            "Antwort richtig ist, von 0 (sicher falsch) bis 10 (sicher richtig)."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, as one of these letters: {bands}.": (
            'Schreibe die endgültige Antwort {form} und darunter, in einer Zeile "Konfidenz: ...", wie '
            "wahrscheinlich es ist, dass diese Antwort richtig ist, als einen dieser Buchstaben: {bands}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, as '
        "one of these letters: {bands}.": (
            'Schreibe unter die Antwort, in einer Zeile "Konfidenz: ...", wie wahrscheinlich es ist, dass '
            "diese Antwort richtig ist, als einen dieser Buchstaben: {bands}."
        ),
        "{letter} ({low} to {high}%)": "{letter} ({low} bis {high}%)",
        "Solve it step by step, and put the final answer {form}.": (
            "Löse die Aufgabe Schritt für Schritt und schreibe die endgültige Antwort {form}."
        ),
        "Think step by step. Write your best answer {form}.": (
            "Denke Schritt für Schritt. Schreibe deine beste Antwort {form}."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, how "
        "likely it is, from 0% to 100%, that this answer is correct, such as <confidence>80%</confidence>.": (
            "Denke Schritt für Schritt. Schreibe deine beste Antwort {form} und dann, zwischen <confidence> und "
            "</confidence>, wie wahrscheinlich es ist, von 0% bis 100%, dass diese Antwort richtig ist, zum "
            "Beispiel <confidence>80%</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, that "
        "this answer is correct, such as <confidence>80%</confidence>.": (
            "Schreibe unter die Antwort, zwischen <confidence> und </confidence>, wie wahrscheinlich es ist, von "
            "0% bis 100%, dass diese Antwort richtig ist, zum Beispiel <confidence>80%</confidence>."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, the "
        "probability, from 0.0 to 1.0, that this answer is correct, such as <confidence>0.8</confidence>.": (
            "Denke Schritt für Schritt. Schreibe deine beste Antwort {form} und dann, zwischen <confidence> und "
            "</confidence>, die Wahrscheinlichkeit, von 0,0 bis 1,0, dass diese Antwort richtig ist, zum Beispiel "
            "<confidence>0,8</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, that "
        "this answer is correct, such as <confidence>0.8</confidence>.": (
            "Schreibe unter die Antwort, zwischen <confidence> und </confidence>, die Wahrscheinlichkeit, von 0,0 "
            "bis 1,0, dass diese Antwort richtig ist, zum Beispiel <confidence>0,8</confidence>."
        ),
        "Think first, between <think> and </think>. Then write the final answer {form}, what speaks for and "
        "against it between <analysis> and </analysis>, and between <confidence> and </confidence> the "
        "probability, from 0.0 to 1.0, that this answer is correct.": (
            "Denke zuerst nach, zwischen <think> und </think>. Schreibe dann die endgültige Antwort {form}, was "
            "für und was gegen sie spricht zwischen <analysis> und </analysis>, und zwischen <confidence> und "
            "</confidence> die Wahrscheinlichkeit, von 0,0 bis 1,0, dass diese Antwort richtig ist."
        ),
        "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
        "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.": (
            "Schreibe unter die Antwort, was für und was gegen sie spricht, zwischen <analysis> und </analysis>, "
            "und zwischen <confidence> und </confidence> die Wahrscheinlichkeit, von 0,0 bis 1,0, dass diese "
            "Antwort richtig ist."
        ),
        "Give the 4 most likely answers, the likeliest first. Write each {form} with, on the line below it, "
        '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to 4. '
        "Write nothing below them.": (
            "Gib die 4 wahrscheinlichsten Antworten an, die wahrscheinlichste zuerst. Schreibe jede {form} und in "
            'die Zeile darunter "Wahrscheinlichkeit 1: ...", die Wahrscheinlichkeit, von 0,0 bis 1,0, dass sie '
            "richtig ist, und nummeriere sie bis 4. Schreibe nichts darunter."
        ),
        "Reply with {form} and nothing else.": "Antworte mit {form} und sonst nichts.",
        "Reply with the letter of one option and nothing else.": (
            "Antworte mit dem Buchstaben einer Option und sonst nichts."
        ),
        "Write the final answer {form}. {rule}": "Schreibe die endgültige Antwort {form}. {rule}",
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} points, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Antworte nur, wenn du dir zu mehr als {t}% sicher bist, denn eine falsche Antwort kostet {cost} "
            'Punkte, eine richtige Antwort bringt 1 Punkt, und die Antwort "Ich weiß es nicht" bringt 0 Punkte.'
        ),
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} point, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Antworte nur, wenn du dir zu mehr als {t}% sicher bist, denn eine falsche Antwort kostet {cost} "
            'Punkt, eine richtige Antwort bringt 1 Punkt, und die Antwort "Ich weiß es nicht" bringt 0 Punkte.'
        ),
        'on a line "Answer: ..."': 'in eine Zeile "Antwort: ..."',
        "between <answer> and </answer>": "zwischen <answer> und </answer>",
        'on a line "Guess 1: ..."': 'in eine Zeile "Vermutung 1: ..."',
        "that letter": "diesem Buchstaben",
        "Answer:": "Antwort:",
        "in \\boxed{}": "in \\boxed{}",
        "as one code block that starts with ```python": "als einen Codeblock, der mit ```python beginnt",
        'as "Answer: true" or "Answer: false"': 'als "Antwort: wahr" oder "Antwort: falsch"',
        'as "Answer: yes" or "Answer: no"': 'als "Antwort: ja" oder "Antwort: nein"',
        "The answer is a number.": "Die Antwort ist eine Zahl.",
        "The answer is an integer.": "Die Antwort ist eine ganze Zahl.",
        "The answer is a number or an expression in LaTeX.": "Die Antwort ist eine Zahl oder ein Ausdruck in LaTeX.",
        "The answer is a name or a few words.": "Die Antwort ist ein Name oder besteht aus wenigen Wörtern.",
        "The answer is one word.": "Die Antwort ist ein Wort.",
        "The answer is one of the words {labels}.": "Die Antwort ist eines der Wörter {labels}.",
        "The answer is the letter of one option.": "Die Antwort ist der Buchstabe einer Option.",
        "Write the Python code that the tests need, with all its imports.": (
            "Schreibe den Python-Code, den die Tests brauchen, mit allen Importen."
        ),
        "Solve the problem step by step. The answer is a number.": (
            "Löse die Aufgabe Schritt für Schritt. Die Antwort ist eine Zahl."
        ),
        "Solve the problem step by step. The answer is a number or an expression in LaTeX.": (
            "Löse die Aufgabe Schritt für Schritt. Die Antwort ist eine Zahl oder ein Ausdruck in LaTeX."
        ),
        "Answer the question. The answer is a name or a few words.": (
            "Beantworte die Frage. Die Antwort ist ein Name oder besteht aus wenigen Wörtern."
        ),
        "Think step by step. The answer is the letter of one option.": (
            "Denke Schritt für Schritt. Die Antwort ist der Buchstabe einer Option."
        ),
        "Is this claim true or false?": "Ist diese Behauptung wahr oder falsch?",
        "Think step by step whether the answer is yes or no.": (
            "Überlege Schritt für Schritt, ob die Antwort ja oder nein ist."
        ),
        "The answer is one letter.": "Die Antwort ist ein Buchstabe.",
        "The answer is one line of Python: def f(x): return ...": (
            "Die Antwort ist eine Zeile Python: def f(x): return ..."
        ),
        "Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.": (
            "Gib für jede Variable T (wahr) oder F (falsch) an, in alphabetischer Reihenfolge und ohne "
            "Leerzeichen, etwa TF für zwei."
        ),
        "Solve the problem step by step. The answer is an integer from 0 to 999.": (
            "Löse die Aufgabe Schritt für Schritt. Die Antwort ist eine ganze Zahl von 0 bis 999."
        ),
        "Answer the question. The answer is a name, a number, a date or a few words.": (
            "Beantworte die Frage. Die Antwort ist ein Name, eine Zahl, ein Datum oder besteht aus wenigen Wörtern."
        ),
        "Answer the question in a few words. If it cannot be answered, say that you do not know.": (
            "Beantworte die Frage mit wenigen Wörtern. Wenn sie nicht beantwortet werden kann, sage, dass du es "
            "nicht weißt."
        ),
        "Which option is true? The answer is the letter of one option.": (
            "Welche Option ist wahr? Die Antwort ist der Buchstabe einer Option."
        ),
        "Write the whole function in Python, with all its imports.": (
            "Schreibe die ganze Funktion in Python, mit allen Importen."
        ),
        "Does Wikipedia support or refute this claim?": "Stützt oder widerlegt Wikipedia diese Behauptung?",
        'as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)': (
            'als "Antwort: SUPPORTS" (die Behauptung ist wahr) oder "Antwort: REFUTES" (die Behauptung ist falsch)'
        ),
        "Does the scientific literature support or contradict this claim?": (
            "Stützt die wissenschaftliche Literatur diese Behauptung, oder widerspricht sie ihr?"
        ),
        'as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)': (
            'als "Antwort: SUPPORT" (die Behauptung ist wahr) oder "Antwort: CONTRADICT" (die Behauptung ist falsch)'
        ),
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the request?": (
            "Enthält die Erwiderung halluzinierte Inhalte: etwas Falsches, nicht Überprüfbares oder für die "
            "Anfrage Belangloses?"
        ),
        'as "Answer: yes" (it does) or "Answer: no" (it does not)': (
            'als "Antwort: ja" (sie enthält welche) oder "Antwort: nein" (sie enthält keine)'
        ),
        "true": "wahr",
        "false": "falsch",
        "yes": "ja",
        "no": "nein",
        "almost certain": "fast sicher",
        "highly likely": "sehr wahrscheinlich",
        "very good chance": "sehr gute Chancen",
        "probably": "vermutlich",
        "likely": "wahrscheinlich",
        "better than even": "eher ja als nein",
        "about even": "etwa fünfzig zu fünfzig",
        "probably not": "wahrscheinlich nicht",
        "unlikely": "unwahrscheinlich",
        "little chance": "wenig Chancen",
        "chances are slight": "geringe Chancen",
        "highly unlikely": "sehr unwahrscheinlich",
        "almost no chance": "so gut wie ausgeschlossen",
        "How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "
        '"Confidence: ...%".': (
            "Wie wahrscheinlich ist es, von 0% bis 100%, dass deine Antwort oben richtig ist? Antworte mit "
            'einer Zeile "Konfidenz: ...%".'
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "Ist deine Antwort oben richtig?\nA) Ja\nB) Nein\nAntworte nur mit dem Buchstaben."
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "Unten stehen eine Aufgabe und ein Lösungsvorschlag. Überlege, wie wahrscheinlich die Lösung "
            "richtig ist, und antworte nur damit, als Prozentsatz von 0% bis 100%, zwischen <confidence> und "
            "</confidence>."
        ),
        "Problem:": "Aufgabe:",
        "Proposed solution:": "Lösungsvorschlag:",
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "Unten steht eine Aufgabe. Löse sie nicht. Wie wahrscheinlich ist es, von 0% bis 100%, dass du sie "
            'richtig beantworten würdest? Antworte mit einer Zeile "Konfidenz: ...%".'
        ),
        "List the 4 most likely answers to the problem: first your answer above, in the same words, then 3 others. "
        'Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, '
        "from 0.0 to 1.0, that it is correct, and number them up to 4. Write nothing else.": (
            "Nenne die 4 wahrscheinlichsten Antworten auf die Aufgabe: zuerst deine Antwort oben, mit denselben "
            'Worten, dann 3 andere. Schreibe jede in eine Zeile "Vermutung 1: ..." und in die Zeile darunter '
            '"Wahrscheinlichkeit 1: ...", die Wahrscheinlichkeit, von 0,0 bis 1,0, dass sie richtig ist, und '
            "nummeriere sie bis 4. Schreibe sonst nichts."
        ),
        "Suppose that your answer above is wrong. List the 4 other answers to the problem that are most likely to "
        'be right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to '
        "4. Write nothing else.\nBelow are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes"
        "\nB) No\nReply with the letter only.": (
            "Nimm an, deine Antwort oben ist falsch. Nenne die 4 anderen Antworten auf die Aufgabe, die dann am "
            "wahrscheinlichsten richtig sind, jede so kurz wie deine Antwort: Schreibe jede in eine Zeile "
            '"Vermutung 1: ..." und nummeriere sie bis 4. Schreibe sonst nichts.\nUnten stehen eine Aufgabe und '
            "ein Antwortvorschlag. Ist die vorgeschlagene Antwort richtig?\nA) Ja\nB) Nein\nAntworte nur mit dem "
            "Buchstaben."
        ),
        "Below are a question and two answers to it. If the first answer is correct, must the second one be "
        "correct too?\nA) Yes\nB) No\nReply with the letter only.": (
            "Unten stehen eine Frage und zwei Antworten darauf. Wenn die erste Antwort richtig ist, muss dann auch "
            "die zweite richtig sein?\nA) Ja\nB) Nein\nAntworte nur mit dem Buchstaben."
        ),
        "Proposed answer:": "Antwortvorschlag:",
        "Question:": "Frage:",
        "First answer:": "Erste Antwort:",
        "Second answer:": "Zweite Antwort:",
    },
    wordings={
        'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: '
        '...%".': (
            "Wie groß ist die Wahrscheinlichkeit, von 0% bis 100%, dass die Antwort, die du gegeben hast, richtig "
            'ist? Schreibe nur eine Zeile, "Konfidenz: ...%".',
            'Wie sicher bist du, von 0% bis 100%, dass deine Antwort stimmt? Gib eine Zeile an, "Konfidenz: ...%".',
            "Bewerte deine Zuversicht, dass deine Antwort oben richtig ist, von 0% (sicher falsch) bis 100% "
            '(sicher richtig). Antworte mit einer Zeile "Konfidenz: ...%".',
            "Wie zuversichtlich bist du bei der Antwort oben? Nenne die Chance, von 0% bis 100%, dass sie richtig "
            'ist, in einer Zeile "Konfidenz: ...%".',
            "Schätze die Chance, dass deine Antwort richtig ist, als Prozentsatz von 0% bis 100%. Antworte mit "
            'einer einzigen Zeile "Konfidenz: ...%".',
            "Sieh dir deine Antwort noch einmal an. Wie wahrscheinlich ist es, von 0% bis 100%, dass sie richtig "
            'ist? Antworte mit einer Zeile "Konfidenz: ...%".',
            "Auf einer Skala von 0% bis 100%: Wie gewiss bist du dir, dass die Antwort, die du gerade gegeben "
            'hast, richtig ist? Antworte nur mit der Zeile "Konfidenz: ...%".',
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "Ist die Antwort, die du gegeben hast, richtig?\nA) Ja\nB) Nein\nAntworte nur mit dem Buchstaben.",
            "Hast du die Frage richtig beantwortet?\nA) Ja\nB) Nein\nAntworte mit A oder B.",
            "Deine Antwort oben ist:\nA) Richtig\nB) Falsch\nAntworte nur mit dem Buchstaben.",
            "Ist deine Antwort wahr oder falsch?\nA) Wahr\nB) Falsch\nAntworte nur mit dem Buchstaben.",
            "Würde deine Antwort oben als richtig gewertet?\nA) Ja\nB) Nein\nSchreibe nur den Buchstaben.",
            "Ist die Antwort oben richtig oder falsch?\nA) Richtig\nB) Falsch\nAntworte nur mit dem Buchstaben.",
            "Sieh dir deine Antwort noch einmal an. Ist sie richtig?\nA) Ja\nB) Nein\nAntworte mit einem Buchstaben.",
        ),
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "Hier ist eine Aufgabe, die du nicht lösen musst. Wie groß ist die Wahrscheinlichkeit, von 0% bis "
            '100%, dass deine Antwort darauf richtig wäre? Schreibe nur eine Zeile, "Konfidenz: ...%".',
            "Lies die Aufgabe unten, aber bearbeite sie nicht. Wie sicher bist du, von 0% bis 100%, dass du sie "
            'richtig beantworten könntest? Gib eine Zeile an, "Konfidenz: ...%".',
            "Stell dir vor, dir würde die Aufgabe unten gestellt. Nenne, ohne sie zu lösen, die Chance, von 0% bis "
            '100%, dass du sie richtig lösen würdest, in einer Zeile "Konfidenz: ...%".',
            "Beurteile die Aufgabe unten, ohne sie zu beantworten: Wie wahrscheinlich ist es, von 0% bis 100%, "
            'dass du die richtige Antwort findest? Antworte mit einer Zeile "Konfidenz: ...%".',
            "Schätze, als Prozentsatz von 0% bis 100%, die Chance, dass du die folgende Aufgabe richtig "
            'beantworten würdest. Beantworte sie nicht, und schreibe eine einzige Zeile "Konfidenz: ...%".',
            "Unten steht eine Aufgabe. Bevor du sie versuchst: Wie wahrscheinlich ist es, von 0% bis 100%, dass du "
            'sie richtig lösen würdest? Antworte mit einer Zeile "Konfidenz: ...%" und sonst nichts.',
            "Auf einer Skala von 0% bis 100%: Wie gewiss bist du dir, dass du die richtige Antwort auf die Aufgabe "
            'unten kennst? Gib die Antwort nicht an; antworte nur mit der Zeile "Konfidenz: ...%".',
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "Hier sind eine Aufgabe und ein Lösungsvorschlag. Wie wahrscheinlich ist es, dass die Lösung richtig "
            "ist? Antworte nur mit einem Prozentsatz von 0% bis 100%, zwischen <confidence> und </confidence>.",
            "Lies die Aufgabe und den Lösungsvorschlag unten. Gib die Wahrscheinlichkeit an, dass die Lösung "
            "richtig ist, und sonst nichts, als Prozentsatz von 0% bis 100%, zwischen <confidence> und "
            "</confidence>.",
            "Unten findest du eine Aufgabe und eine Lösung, die jemand vorgeschlagen hat. Beurteile, wie sicher "
            "man sein kann, dass sie richtig ist, und schreibe nur das, von 0% bis 100%, zwischen <confidence> und "
            "</confidence>.",
            "Betrachte die Aufgabe und den Lösungsvorschlag, die folgen. Schätze die Chance, dass die Lösung "
            "stimmt, und antworte nur damit, als Prozentsatz von 0% bis 100%, zwischen <confidence> und "
            "</confidence>.",
            "Unten sind eine Aufgabe und ein Lösungsvorschlag gegeben. Prüfe die Lösung und sage, wie "
            "wahrscheinlich sie richtig ist: nur ein Prozentsatz von 0% bis 100%, zwischen <confidence> und "
            "</confidence>.",
            "Denke über den Lösungsvorschlag für die Aufgabe unten nach. Wie wahrscheinlich ist es, dass er "
            "richtig ist? Antworte nur mit einem Prozentsatz von 0% bis 100%, zwischen <confidence> und "
            "</confidence>.",
            "Bewerte den Lösungsvorschlag für die folgende Aufgabe. Nenne deine Zuversicht, dass er richtig ist, "
            "und nur diese, als Prozentsatz von 0% bis 100%, zwischen <confidence> und </confidence>.",
        ),
    },
)
