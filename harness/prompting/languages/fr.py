"""What a model is asked in French."""

from calibench.prompting.languages.base import Language

LANGUAGE = Language(
    "French",
    {
        "Write the final answer {form}.": "Écris la réponse finale {form}.",
        'Write the final answer {form} and below it, on a line "Confidence: ...%", how likely it is, from 0% '
        "to 100%, that this answer is correct.": (
            "Écris la réponse finale {form} et, en dessous, sur une ligne « Confiance : ...% », à quel point "
            "il est probable, de 0% à 100%, que cette réponse soit correcte."
        ),
        'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, that this '
        "answer is correct.": (
            "Sous la réponse, écris sur une ligne « Confiance : ...% » à quel point il est probable, de 0% à "
            "100%, que cette réponse soit correcte."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", the probability, from 0.0 to '
        "1.0, that this answer is correct.": (
            "Écris la réponse finale {form} et, en dessous, sur une ligne « Confiance : ... », la probabilité, "
            "de 0,0 à 1,0, que cette réponse soit correcte."
        ),
        'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, that this '
        "answer is correct.": (
            "Sous la réponse, écris sur une ligne « Confiance : ... » la probabilité, de 0,0 à 1,0, que cette "
            "réponse soit correcte."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, in one of these phrases: {phrases}.": (
            "Écris la réponse finale {form} et, en dessous, sur une ligne « Confiance : ... », à quel point il "
            "est probable que cette réponse soit correcte, par l'une de ces expressions : {phrases}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, in '
        "one of these phrases: {phrases}.": (
            "Sous la réponse, écris sur une ligne « Confiance : ... » à quel point il est probable que cette "
            "réponse soit correcte, par l'une de ces expressions : {phrases}."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how sure you are that this '
        "answer is correct, from 0 (certainly wrong) to 10 (certainly right).": (
            "Écris la réponse finale {form} et, en dessous, sur une ligne « Confiance : ... », à quel point tu "
            "es sûr que cette réponse est correcte, de 0 (certainement fausse) à 10 (certainement juste)."
        ),
        'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
        "from 0 (certainly wrong) to 10 (certainly right).": (
            "Sous la réponse, écris sur une ligne « Confiance : ... » à quel point tu es sûr que cette réponse "
            "est correcte, de 0 (certainement fausse) à 10 (certainement juste)."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, as one of these letters: {bands}.": (
            "Écris la réponse finale {form} et, en dessous, sur une ligne « Confiance : ... », à quel point il "
            "est probable que cette réponse soit correcte, par l'une de ces lettres : {bands}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, as '
        "one of these letters: {bands}.": (
            "Sous la réponse, écris sur une ligne « Confiance : ... » à quel point il est probable que cette "
            "réponse soit correcte, par l'une de ces lettres : {bands}."
        ),
        "{letter} ({low} to {high}%)": "{letter} ({low} à {high}%)",
        "Solve it step by step, and put the final answer {form}.": (
            "Résous le problème étape par étape et mets la réponse finale {form}."
        ),
        "Think step by step. Write your best answer {form}.": (
            "Réfléchis étape par étape. Écris ta meilleure réponse {form}."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, how "
        "likely it is, from 0% to 100%, that this answer is correct, such as <confidence>80%</confidence>.": (
            "Réfléchis étape par étape. Écris ta meilleure réponse {form} puis, entre <confidence> et "
            "</confidence>, à quel point il est probable, de 0% à 100%, que cette réponse soit correcte, par "
            "exemple <confidence>80%</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, that "
        "this answer is correct, such as <confidence>80%</confidence>.": (
            "Sous la réponse, écris entre <confidence> et </confidence> à quel point il est probable, de 0% à "
            "100%, que cette réponse soit correcte, par exemple <confidence>80%</confidence>."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, the "
        "probability, from 0.0 to 1.0, that this answer is correct, such as <confidence>0.8</confidence>.": (
            "Réfléchis étape par étape. Écris ta meilleure réponse {form} puis, entre <confidence> et "
            "</confidence>, la probabilité, de 0,0 à 1,0, que cette réponse soit correcte, par exemple "
            "<confidence>0,8</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, that "
        "this answer is correct, such as <confidence>0.8</confidence>.": (
            "Sous la réponse, écris entre <confidence> et </confidence> la probabilité, de 0,0 à 1,0, que cette "
            "réponse soit correcte, par exemple <confidence>0,8</confidence>."
        ),
        "Think first, between <think> and </think>. Then write the final answer {form}, what speaks for and "
        "against it between <analysis> and </analysis>, and between <confidence> and </confidence> the "
        "probability, from 0.0 to 1.0, that this answer is correct.": (
            "Réfléchis d'abord, entre <think> et </think>. Écris ensuite la réponse finale {form}, ce qui parle "
            "pour et contre elle entre <analysis> et </analysis>, et entre <confidence> et </confidence> la "
            "probabilité, de 0,0 à 1,0, que cette réponse soit correcte."
        ),
        "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
        "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.": (
            "Sous la réponse, écris ce qui parle pour et contre elle entre <analysis> et </analysis>, et entre "
            "<confidence> et </confidence> la probabilité, de 0,0 à 1,0, que cette réponse soit correcte."
        ),
        "Give the 4 most likely answers, the likeliest first. Write each {form} with, on the line below it, "
        '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to 4. '
        "Write nothing below them.": (
            "Donne les 4 réponses les plus probables, la plus probable en premier. Écris chacune {form} avec, sur "
            "la ligne en dessous, « Probabilité 1 : ... », la probabilité, de 0,0 à 1,0, qu'elle soit correcte, et "
            "numérote-les jusqu'à 4. N'écris rien en dessous."
        ),
        "Reply with {form} and nothing else.": "Réponds par {form} et rien d'autre.",
        "Reply with the letter of one option and nothing else.": "Réponds par la lettre d'une option et rien d'autre.",
        "Write the final answer {form}. {rule}": "Écris la réponse finale {form}. {rule}",
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} points, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Ne réponds que si tu es sûr à plus de {t}%, car une réponse fausse coûte {cost} points, une "
            "réponse juste rapporte 1 point et la réponse « Je ne sais pas » rapporte 0 point."
        ),
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} point, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Ne réponds que si tu es sûr à plus de {t}%, car une réponse fausse coûte {cost} point, une "
            "réponse juste rapporte 1 point et la réponse « Je ne sais pas » rapporte 0 point."
        ),
        'on a line "Answer: ..."': "sur une ligne « Réponse : ... »",
        "between <answer> and </answer>": "entre <answer> et </answer>",
        'on a line "Guess 1: ..."': "sur une ligne « Hypothèse 1 : ... »",
        "that letter": "cette lettre",
        "Answer:": "Réponse :",
        "in \\boxed{}": "dans \\boxed{}",
        "as one code block that starts with ```python": (
            "sous forme d'un seul bloc de code qui commence par ```python"
        ),
        'as "Answer: true" or "Answer: false"': "sous la forme « Réponse : vrai » ou « Réponse : faux »",
        'as "Answer: yes" or "Answer: no"': "sous la forme « Réponse : oui » ou « Réponse : non »",
        "The answer is a number.": "La réponse est un nombre.",
        "The answer is an integer.": "La réponse est un nombre entier.",
        "The answer is a number or an expression in LaTeX.": "La réponse est un nombre ou une expression en LaTeX.",
        "The answer is a name or a few words.": "La réponse est un nom ou quelques mots.",
        "The answer is one word.": "La réponse est un seul mot.",
        "The answer is one of the words {labels}.": "La réponse est l'un des mots {labels}.",
        "The answer is the letter of one option.": "La réponse est la lettre d'une option.",
        "Write the Python code that the tests need, with all its imports.": (
            "Écris le code Python dont les tests ont besoin, avec tous ses imports."
        ),
        "Solve the problem step by step. The answer is a number.": (
            "Résous le problème étape par étape. La réponse est un nombre."
        ),
        "Solve the problem step by step. The answer is a number or an expression in LaTeX.": (
            "Résous le problème étape par étape. La réponse est un nombre ou une expression en LaTeX."
        ),
        "Answer the question. The answer is a name or a few words.": (
            "Réponds à la question. La réponse est un nom ou quelques mots."
        ),
        "Think step by step. The answer is the letter of one option.": (
            "Réfléchis étape par étape. La réponse est la lettre d'une option."
        ),
        "Is this claim true or false?": "Cette affirmation est-elle vraie ou fausse ?",
        "Think step by step whether the answer is yes or no.": (
            "Réfléchis étape par étape si la réponse est oui ou non."
        ),
        "The answer is one letter.": "La réponse est une seule lettre.",
        "The answer is one line of Python: def f(x): return ...": (
            "La réponse est une ligne de Python : def f(x): return ..."
        ),
        "Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.": (
            "Donne T (vrai) ou F (faux) pour chaque variable, dans l'ordre alphabétique et sans espaces, par "
            "exemple TF pour deux."
        ),
        "Solve the problem step by step. The answer is an integer from 0 to 999.": (
            "Résous le problème étape par étape. La réponse est un nombre entier de 0 à 999."
        ),
        "Answer the question. The answer is a name, a number, a date or a few words.": (
            "Réponds à la question. La réponse est un nom, un nombre, une date ou quelques mots."
        ),
        "Answer the question in a few words. If it cannot be answered, say that you do not know.": (
            "Réponds à la question en quelques mots. S'il est impossible d'y répondre, dis que tu ne sais pas."
        ),
        "Which option is true? The answer is the letter of one option.": (
            "Quelle option est vraie ? La réponse est la lettre d'une option."
        ),
        "Write the whole function in Python, with all its imports.": (
            "Écris la fonction entière en Python, avec tous ses imports."
        ),
        "Does Wikipedia support or refute this claim?": (
            "Wikipédia confirme-t-elle ou réfute-t-elle cette affirmation ?"
        ),
        'as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)': (
            "sous la forme « Réponse : SUPPORTS » (l'affirmation est vraie) ou « Réponse : REFUTES » "
            "(l'affirmation est fausse)"
        ),
        "Does the scientific literature support or contradict this claim?": (
            "La littérature scientifique confirme-t-elle ou contredit-elle cette affirmation ?"
        ),
        'as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)': (
            "sous la forme « Réponse : SUPPORT » (l'affirmation est vraie) ou « Réponse : CONTRADICT » "
            "(l'affirmation est fausse)"
        ),
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the request?": (
            "Le texte produit contient-il un contenu halluciné : quelque chose de faux, d'invérifiable ou sans "
            "rapport avec la demande ?"
        ),
        'as "Answer: yes" (it does) or "Answer: no" (it does not)': (
            "sous la forme « Réponse : oui » (il en contient) ou « Réponse : non » (il n'en contient pas)"
        ),
        "true": "vrai",
        "false": "faux",
        "yes": "oui",
        "no": "non",
        "almost certain": "presque certain",
        "highly likely": "très probable",
        "very good chance": "de très bonnes chances",
        "probably": "probablement",
        "likely": "probable",
        "better than even": "plus probable que non",
        "about even": "une chance sur deux",
        "probably not": "probablement pas",
        "unlikely": "peu probable",
        "little chance": "peu de chances",
        "chances are slight": "de faibles chances",
        "highly unlikely": "très peu probable",
        "almost no chance": "presque aucune chance",
        "How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "
        '"Confidence: ...%".': (
            "À quel point est-il probable, de 0% à 100%, que ta réponse ci-dessus soit correcte ? Réponds par "
            "une seule ligne « Confiance : ...% »."
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "Ta réponse ci-dessus est-elle correcte ?\nA) Oui\nB) Non\nRéponds uniquement par la lettre."
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "Voici un problème et une solution proposée. Réfléchis à la probabilité que la solution soit "
            "correcte, et réponds uniquement par elle, en pourcentage de 0% à 100%, entre <confidence> et "
            "</confidence>."
        ),
        "Problem:": "Problème :",
        "Proposed solution:": "Solution proposée :",
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "Voici un problème. Ne le résous pas. À quel point est-il probable, de 0% à 100%, que tu y "
            "répondes correctement ? Réponds par une seule ligne « Confiance : ...% »."
        ),
        "List the 4 most likely answers to the problem: first your answer above, in the same words, then 3 others. "
        'Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, '
        "from 0.0 to 1.0, that it is correct, and number them up to 4. Write nothing else.": (
            "Donne la liste des 4 réponses les plus probables au problème : d'abord ta réponse ci-dessus, avec les "
            "mêmes mots, puis 3 autres. Écris chacune sur une ligne « Hypothèse 1 : ... » avec, sur la ligne en "
            "dessous, « Probabilité 1 : ... », la probabilité, de 0,0 à 1,0, qu'elle soit correcte, et "
            "numérote-les jusqu'à 4. N'écris rien d'autre."
        ),
        "Suppose that your answer above is wrong. List the 4 other answers to the problem that are most likely to "
        'be right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to '
        "4. Write nothing else.\nBelow are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes"
        "\nB) No\nReply with the letter only.": (
            "Suppose que ta réponse ci-dessus soit fausse. Donne la liste des 4 autres réponses au problème qui "
            "ont alors le plus de chances d'être justes, chacune aussi courte que ta réponse : écris chacune sur "
            "une ligne « Hypothèse 1 : ... » et numérote-les jusqu'à 4. N'écris rien d'autre.\nVoici un problème "
            "et une réponse proposée. La réponse proposée est-elle correcte ?\nA) Oui\nB) Non\nRéponds uniquement "
            "par la lettre."
        ),
        "Below are a question and two answers to it. If the first answer is correct, must the second one be "
        "correct too?\nA) Yes\nB) No\nReply with the letter only.": (
            "Voici une question et deux réponses à celle-ci. Si la première réponse est correcte, la deuxième "
            "doit-elle l'être aussi ?\nA) Oui\nB) Non\nRéponds uniquement par la lettre."
        ),
        "Proposed answer:": "Réponse proposée :",
        "Question:": "Question :",
        "First answer:": "Première réponse :",
        "Second answer:": "Deuxième réponse :",
    },
    wordings={
        'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: '
        '...%".': (
            "Quelle est la probabilité, de 0% à 100%, que la réponse que tu as donnée soit correcte ? Écris une "
            "seule ligne, « Confiance : ...% ».",
            "À quel point es-tu sûr, de 0% à 100%, que ta réponse est juste ? Donne une ligne, « Confiance : ...% ».",
            "Évalue ta confiance dans le fait que ta réponse ci-dessus est correcte, de 0% (certainement fausse) à "
            "100% (certainement juste). Réponds par une seule ligne « Confiance : ...% ».",
            "Quelle confiance as-tu dans la réponse ci-dessus ? Indique les chances, de 0% à 100%, qu'elle soit "
            "correcte, sur une ligne « Confiance : ...% ».",
            "Estime les chances que ta réponse soit correcte, en pourcentage de 0% à 100%. Réponds par une ligne "
            "unique « Confiance : ...% ».",
            "Regarde encore une fois ta réponse. À quel point est-il vraisemblable, de 0% à 100%, qu'elle soit "
            "correcte ? Réponds par une seule ligne « Confiance : ...% ».",
            "Sur une échelle de 0% à 100%, à quel point es-tu certain que la réponse que tu viens de donner est "
            "correcte ? Réponds uniquement par la ligne « Confiance : ...% ».",
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "La réponse que tu as donnée est-elle juste ?\nA) Oui\nB) Non\nRéponds uniquement par la lettre.",
            "As-tu répondu correctement à la question ?\nA) Oui\nB) Non\nRéponds par A ou B.",
            "Ta réponse ci-dessus est :\nA) Correcte\nB) Incorrecte\nRéponds uniquement par la lettre.",
            "Ta réponse est-elle vraie ou fausse ?\nA) Vraie\nB) Fausse\nRéponds uniquement par la lettre.",
            "Ta réponse ci-dessus serait-elle notée comme correcte ?\nA) Oui\nB) Non\nÉcris uniquement la lettre.",
            "La réponse ci-dessus est-elle juste ou fausse ?\nA) Juste\nB) Fausse\nRéponds uniquement par la lettre.",
            "Regarde encore une fois ta réponse. Est-elle correcte ?\nA) Oui\nB) Non\nRéponds par une lettre.",
        ),
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "Voici un problème que tu n'as pas à résoudre. Quelle est la probabilité, de 0% à 100%, que ta réponse "
            "soit correcte ? Écris une seule ligne, « Confiance : ...% ».",
            "Lis le problème ci-dessous, mais ne le traite pas. À quel point es-tu sûr, de 0% à 100%, que tu "
            "pourrais y répondre correctement ? Donne une ligne, « Confiance : ...% ».",
            "Suppose qu'on te pose le problème ci-dessous. Sans le résoudre, indique les chances, de 0% à 100%, "
            "que tu le réussisses, sur une ligne « Confiance : ...% ».",
            "Juge le problème ci-dessous sans y répondre : de 0% à 100%, à quel point est-il probable que tu "
            "trouves la bonne réponse ? Réponds par une seule ligne « Confiance : ...% ».",
            "Estime, en pourcentage de 0% à 100%, les chances que tu répondes correctement au problème suivant. "
            "N'y réponds pas, et écris une ligne unique « Confiance : ...% ».",
            "Un problème est donné ci-dessous. Avant d'essayer : à quel point est-il vraisemblable, de 0% à 100%, "
            "que tu le résolves correctement ? Réponds par une seule ligne « Confiance : ...% », et rien d'autre.",
            "Sur une échelle de 0% à 100%, à quel point es-tu certain de connaître la bonne réponse au problème "
            "ci-dessous ? Ne donne pas la réponse ; réponds uniquement par la ligne « Confiance : ...% ».",
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "Voici un problème et une solution proposée. À quel point est-il probable que la solution soit "
            "correcte ? Réponds uniquement par un pourcentage de 0% à 100%, entre <confidence> et </confidence>.",
            "Lis le problème et la solution proposée ci-dessous. Donne la probabilité que la solution soit "
            "correcte, et rien d'autre, en pourcentage de 0% à 100%, entre <confidence> et </confidence>.",
            "Tu trouves ci-dessous un problème et une solution que quelqu'un a proposée. Juge à quel point on peut "
            "être sûr qu'elle est correcte, et écris seulement cela, de 0% à 100%, entre <confidence> et "
            "</confidence>.",
            "Considère le problème et la solution proposée qui suivent. Estime les chances que la solution soit "
            "juste, et réponds uniquement par cela, en pourcentage de 0% à 100%, entre <confidence> et "
            "</confidence>.",
            "Un problème et une solution proposée sont donnés ci-dessous. Vérifie la solution et dis à quel point "
            "il est probable qu'elle soit correcte : seulement un pourcentage de 0% à 100%, entre <confidence> et "
            "</confidence>.",
            "Réfléchis à la solution proposée du problème ci-dessous. Quelle est la vraisemblance qu'elle soit "
            "correcte ? Réponds seulement par un pourcentage de 0% à 100%, entre <confidence> et </confidence>.",
            "Évalue la solution proposée du problème suivant. Indique ta confiance dans le fait qu'elle est "
            "correcte, et seulement cela, en pourcentage de 0% à 100%, entre <confidence> et </confidence>.",
        ),
    },
)
