"""What a model is asked in Spanish."""

from calibench.prompting.languages.base import Language

LANGUAGE = Language(
    "Spanish",
    {
        "Write the final answer {form}.": "Escribe la respuesta final {form}.",
        'Write the final answer {form} and below it, on a line "Confidence: ...%", how likely it is, from 0% '
        "to 100%, that this answer is correct.": (
            'Escribe la respuesta final {form} y debajo, en una línea "Confianza: ...%", cuán probable es, de '
            "0% a 100%, que esta respuesta sea correcta."
        ),
        'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, that this '
        "answer is correct.": (
            'Debajo de la respuesta, escribe en una línea "Confianza: ...%" cuán probable es, de 0% a 100%, '
            "que esta respuesta sea correcta."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", the probability, from 0.0 to '
        "1.0, that this answer is correct.": (
            'Escribe la respuesta final {form} y debajo, en una línea "Confianza: ...", la probabilidad, de '
            "0,0 a 1,0, de que esta respuesta sea correcta."
        ),
        'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, that this '
        "answer is correct.": (
            'Debajo de la respuesta, escribe en una línea "Confianza: ..." la probabilidad, de 0,0 a 1,0, de '
            "que esta respuesta sea correcta."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, in one of these phrases: {phrases}.": (
            'Escribe la respuesta final {form} y debajo, en una línea "Confianza: ...", cuán probable es que '
            "esta respuesta sea correcta, con una de estas expresiones: {phrases}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, in '
        "one of these phrases: {phrases}.": (
            'Debajo de la respuesta, escribe en una línea "Confianza: ..." cuán probable es que esta respuesta '
            "sea correcta, con una de estas expresiones: {phrases}."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how sure you are that this '
        "answer is correct, from 0 (certainly wrong) to 10 (certainly right).": (
            'Escribe la respuesta final {form} y debajo, en una línea "Confianza: ...", cuán seguro estás de '
            "que esta respuesta es correcta, de 0 (seguramente falsa) a 10 (seguramente correcta)."
        ),
        'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
        "from 0 (certainly wrong) to 10 (certainly right).": (
            'Debajo de la respuesta, escribe en una línea "Confianza: ..." cuán seguro estás de que esta '
            "respuesta es correcta, de 0 (seguramente falsa) a 10 (seguramente correcta)."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, as one of these letters: {bands}.": (
            'Escribe la respuesta final {form} y debajo, en una línea "Confianza: ...", cuán probable es que '
            "esta respuesta sea correcta, con una de estas letras: {bands}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, as '
        "one of these letters: {bands}.": (
            'Debajo de la respuesta, escribe en una línea "Confianza: ..." cuán probable es que esta respuesta '
            "sea correcta, con una de estas letras: {bands}."
        ),
        "{letter} ({low} to {high}%)": "{letter} ({low} a {high}%)",
        "Solve it step by step, and put the final answer {form}.": (
            "Resuélvelo paso a paso y pon la respuesta final {form}."
        ),
        "Think step by step. Write your best answer {form}.": "Piensa paso a paso. Escribe tu mejor respuesta {form}.",
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, how "
        "likely it is, from 0% to 100%, that this answer is correct, such as <confidence>80%</confidence>.": (
            "Piensa paso a paso. Escribe tu mejor respuesta {form} y luego, entre <confidence> y </confidence>, "
            "cuán probable es, de 0% a 100%, que esta respuesta sea correcta, por ejemplo "
            "<confidence>80%</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, that "
        "this answer is correct, such as <confidence>80%</confidence>.": (
            "Debajo de la respuesta, escribe entre <confidence> y </confidence> cuán probable es, de 0% a 100%, "
            "que esta respuesta sea correcta, por ejemplo <confidence>80%</confidence>."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, the "
        "probability, from 0.0 to 1.0, that this answer is correct, such as <confidence>0.8</confidence>.": (
            "Piensa paso a paso. Escribe tu mejor respuesta {form} y luego, entre <confidence> y </confidence>, la "
            "probabilidad, de 0,0 a 1,0, de que esta respuesta sea correcta, por ejemplo "
            "<confidence>0,8</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, that "
        "this answer is correct, such as <confidence>0.8</confidence>.": (
            "Debajo de la respuesta, escribe entre <confidence> y </confidence> la probabilidad, de 0,0 a 1,0, de "
            "que esta respuesta sea correcta, por ejemplo <confidence>0,8</confidence>."
        ),
        "Think first, between <think> and </think>. Then write the final answer {form}, what speaks for and "
        "against it between <analysis> and </analysis>, and between <confidence> and </confidence> the "
        "probability, from 0.0 to 1.0, that this answer is correct.": (
            "Piensa primero, entre <think> y </think>. Escribe después la respuesta final {form}, lo que habla a "
            "favor y en contra de ella entre <analysis> y </analysis>, y entre <confidence> y </confidence> la "
            "probabilidad, de 0,0 a 1,0, de que esta respuesta sea correcta."
        ),
        "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
        "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.": (
            "Debajo de la respuesta, escribe lo que habla a favor y en contra de ella entre <analysis> y "
            "</analysis>, y entre <confidence> y </confidence> la probabilidad, de 0,0 a 1,0, de que esta "
            "respuesta sea correcta."
        ),
        "Give the 4 most likely answers, the likeliest first. Write each {form} with, on the line below it, "
        '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to 4. '
        "Write nothing below them.": (
            "Da las 4 respuestas más probables, la más probable primero. Escribe cada una {form} y, en la línea de "
            'debajo, "Probabilidad 1: ...", la probabilidad, de 0,0 a 1,0, de que sea correcta, y numéralas hasta '
            "4. No escribas nada debajo."
        ),
        "Reply with {form} and nothing else.": "Responde con {form} y nada más.",
        "Reply with the letter of one option and nothing else.": "Responde con la letra de una opción y nada más.",
        "Write the final answer {form}. {rule}": "Escribe la respuesta final {form}. {rule}",
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} points, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Responde solo si estás seguro en más de un {t}%, porque una respuesta incorrecta cuesta {cost} "
            'puntos, una respuesta correcta da 1 punto y la respuesta "No lo sé" da 0 puntos.'
        ),
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} point, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Responde solo si estás seguro en más de un {t}%, porque una respuesta incorrecta cuesta {cost} "
            'punto, una respuesta correcta da 1 punto y la respuesta "No lo sé" da 0 puntos.'
        ),
        'on a line "Answer: ..."': 'en una línea "Respuesta: ..."',
        "between <answer> and </answer>": "entre <answer> y </answer>",
        'on a line "Guess 1: ..."': 'en una línea "Conjetura 1: ..."',
        "that letter": "esa letra",
        "Answer:": "Respuesta:",
        "in \\boxed{}": "en \\boxed{}",
        "as one code block that starts with ```python": "como un único bloque de código que empieza por ```python",
        'as "Answer: true" or "Answer: false"': 'como "Respuesta: verdadero" o "Respuesta: falso"',
        'as "Answer: yes" or "Answer: no"': 'como "Respuesta: sí" o "Respuesta: no"',
        "The answer is a number.": "La respuesta es un número.",
        "The answer is an integer.": "La respuesta es un número entero.",
        "The answer is a number or an expression in LaTeX.": "La respuesta es un número o una expresión en LaTeX.",
        "The answer is a name or a few words.": "La respuesta es un nombre o unas pocas palabras.",
        "The answer is one word.": "La respuesta es una sola palabra.",
        "The answer is one of the words {labels}.": "La respuesta es una de las palabras {labels}.",
        "The answer is the letter of one option.": "La respuesta es la letra de una opción.",
        "Write the Python code that the tests need, with all its imports.": (
            "Escribe el código de Python que las pruebas necesitan, con todas sus importaciones."
        ),
        "Solve the problem step by step. The answer is a number.": (
            "Resuelve el problema paso a paso. La respuesta es un número."
        ),
        "Solve the problem step by step. The answer is a number or an expression in LaTeX.": (
            "Resuelve el problema paso a paso. La respuesta es un número o una expresión en LaTeX."
        ),
        "Answer the question. The answer is a name or a few words.": (
            "Responde a la pregunta. La respuesta es un nombre o unas pocas palabras."
        ),
        "Think step by step. The answer is the letter of one option.": (
            "Piensa paso a paso. La respuesta es la letra de una opción."
        ),
        "Is this claim true or false?": "¿Es esta afirmación verdadera o falsa?",
        "Think step by step whether the answer is yes or no.": "Piensa paso a paso si la respuesta es sí o no.",
        "The answer is one letter.": "La respuesta es una sola letra.",
        "The answer is one line of Python: def f(x): return ...": (
            "La respuesta es una línea de Python: def f(x): return ..."
        ),
        "Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.": (
            "Da T (verdadero) o F (falso) para cada variable, en orden alfabético y sin espacios, por ejemplo TF "
            "para dos."
        ),
        "Solve the problem step by step. The answer is an integer from 0 to 999.": (
            "Resuelve el problema paso a paso. La respuesta es un número entero de 0 a 999."
        ),
        "Answer the question. The answer is a name, a number, a date or a few words.": (
            "Responde a la pregunta. La respuesta es un nombre, un número, una fecha o unas pocas palabras."
        ),
        "Answer the question in a few words. If it cannot be answered, say that you do not know.": (
            "Responde a la pregunta en pocas palabras. Si no se puede responder, di que no lo sabes."
        ),
        "Which option is true? The answer is the letter of one option.": (
            "¿Qué opción es verdadera? La respuesta es la letra de una opción."
        ),
        "Write the whole function in Python, with all its imports.": (
            "Escribe la función completa en Python, con todas sus importaciones."
        ),
        "Does Wikipedia support or refute this claim?": "¿Wikipedia respalda o refuta esta afirmación?",
        'as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)': (
            'como "Respuesta: SUPPORTS" (la afirmación es verdadera) o "Respuesta: REFUTES" (la afirmación es falsa)'
        ),
        "Does the scientific literature support or contradict this claim?": (
            "¿La literatura científica respalda o contradice esta afirmación?"
        ),
        'as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)': (
            'como "Respuesta: SUPPORT" (la afirmación es verdadera) o "Respuesta: CONTRADICT" (la afirmación es falsa)'
        ),
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the request?": (
            "¿Contiene la contestación contenido alucinado: algo falso, imposible de verificar o irrelevante para "
            "la petición?"
        ),
        'as "Answer: yes" (it does) or "Answer: no" (it does not)': (
            'como "Respuesta: sí" (lo contiene) o "Respuesta: no" (no lo contiene)'
        ),
        "true": "verdadero",
        "false": "falso",
        "yes": "sí",
        "no": "no",
        "almost certain": "casi seguro",
        "highly likely": "muy probable",
        "very good chance": "muy buenas posibilidades",
        "probably": "probablemente",
        "likely": "probable",
        "better than even": "más probable que improbable",
        "about even": "mitad y mitad",
        "probably not": "probablemente no",
        "unlikely": "poco probable",
        "little chance": "pocas posibilidades",
        "chances are slight": "escasas posibilidades",
        "highly unlikely": "muy poco probable",
        "almost no chance": "casi ninguna posibilidad",
        "How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "
        '"Confidence: ...%".': (
            "¿Cuán probable es, de 0% a 100%, que tu respuesta anterior sea correcta? Responde con una sola "
            'línea "Confianza: ...%".'
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "¿Es correcta tu respuesta anterior?\nA) Sí\nB) No\nResponde solo con la letra."
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "A continuación hay un problema y una solución propuesta. Reflexiona sobre cuán probable es que la "
            "solución sea correcta y responde solo con eso, como porcentaje de 0% a 100%, entre <confidence> y "
            "</confidence>."
        ),
        "Problem:": "Problema:",
        "Proposed solution:": "Solución propuesta:",
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "A continuación hay un problema. No lo resuelvas. ¿Cuán probable es, de 0% a 100%, que lo "
            'respondieras correctamente? Responde con una sola línea "Confianza: ...%".'
        ),
        "List the 4 most likely answers to the problem: first your answer above, in the same words, then 3 others. "
        'Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, '
        "from 0.0 to 1.0, that it is correct, and number them up to 4. Write nothing else.": (
            "Enumera las 4 respuestas más probables al problema: primero tu respuesta anterior, con las mismas "
            'palabras, y luego otras 3. Escribe cada una en una línea "Conjetura 1: ..." y, en la línea de debajo, '
            '"Probabilidad 1: ...", la probabilidad, de 0,0 a 1,0, de que sea correcta, y numéralas hasta 4. No '
            "escribas nada más."
        ),
        "Suppose that your answer above is wrong. List the 4 other answers to the problem that are most likely to "
        'be right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to '
        "4. Write nothing else.\nBelow are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes"
        "\nB) No\nReply with the letter only.": (
            "Supón que tu respuesta anterior es incorrecta. Enumera las otras 4 respuestas al problema que en ese "
            "caso tienen más probabilidad de ser correctas, cada una tan breve como tu respuesta: escribe cada una "
            'en una línea "Conjetura 1: ..." y numéralas hasta 4. No escribas nada más.\nA continuación hay un '
            "problema y una respuesta propuesta. ¿Es correcta la respuesta propuesta?\nA) Sí\nB) No\nResponde solo "
            "con la letra."
        ),
        "Below are a question and two answers to it. If the first answer is correct, must the second one be "
        "correct too?\nA) Yes\nB) No\nReply with the letter only.": (
            "A continuación hay una pregunta y dos respuestas a ella. Si la primera respuesta es correcta, ¿tiene "
            "que ser correcta también la segunda?\nA) Sí\nB) No\nResponde solo con la letra."
        ),
        "Proposed answer:": "Respuesta propuesta:",
        "Question:": "Pregunta:",
        "First answer:": "Primera respuesta:",
        "Second answer:": "Segunda respuesta:",
    },
    wordings={
        'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: '
        '...%".': (
            "¿Cuál es la probabilidad, de 0% a 100%, de que la respuesta que diste sea correcta? Escribe solo una "
            'línea, "Confianza: ...%".',
            '¿Qué tan seguro estás, de 0% a 100%, de que tu respuesta es correcta? Da una línea, "Confianza: ...%".',
            "Valora tu confianza en que tu respuesta anterior es correcta, de 0% (seguramente falsa) a 100% "
            '(seguramente correcta). Responde con una sola línea "Confianza: ...%".',
            "¿Cuánta confianza tienes en la respuesta anterior? Indica la posibilidad, de 0% a 100%, de que sea "
            'correcta, en una línea "Confianza: ...%".',
            "Estima la posibilidad de que tu respuesta sea correcta, como porcentaje de 0% a 100%. Contesta con "
            'una única línea "Confianza: ...%".',
            "Vuelve a mirar tu respuesta. ¿Cuán probable es, de 0% a 100%, que sea correcta? Responde con una sola "
            'línea "Confianza: ...%".',
            "En una escala de 0% a 100%, ¿qué certeza tienes de que la respuesta que acabas de dar es correcta? "
            'Responde solo con la línea "Confianza: ...%".',
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "¿Es correcta la respuesta que diste?\nA) Sí\nB) No\nContesta solo con la letra.",
            "¿Respondiste correctamente a la pregunta?\nA) Sí\nB) No\nResponde con A o B.",
            "Tu respuesta anterior es:\nA) Correcta\nB) Incorrecta\nResponde solo con la letra.",
            "¿Tu respuesta es verdadera o falsa?\nA) Verdadera\nB) Falsa\nResponde solo con la letra.",
            "¿Se calificaría tu respuesta anterior como correcta?\nA) Sí\nB) No\nEscribe solo la letra.",
            "¿La respuesta anterior es acertada o errónea?\nA) Acertada\nB) Errónea\nResponde solo con la letra.",
            "Vuelve a mirar tu respuesta. ¿Es correcta?\nA) Sí\nB) No\nResponde con una letra.",
        ),
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "Aquí hay un problema que no tienes que resolver. ¿Cuál es la probabilidad, de 0% a 100%, de que tu "
            'respuesta a él fuera correcta? Escribe solo una línea, "Confianza: ...%".',
            "Lee el problema que sigue, pero no trabajes en él. ¿Qué tan seguro estás, de 0% a 100%, de que "
            'podrías responderlo correctamente? Da una línea, "Confianza: ...%".',
            "Supón que te plantearan el problema que sigue. Sin resolverlo, indica la posibilidad, de 0% a 100%, "
            'de que lo acertaras, en una línea "Confianza: ...%".',
            "Juzga el problema que sigue sin responderlo: de 0% a 100%, ¿cuán probable es que encuentres la "
            'respuesta correcta? Responde con una sola línea "Confianza: ...%".',
            "Estima, como porcentaje de 0% a 100%, la posibilidad de que respondieras correctamente al problema "
            'siguiente. No lo respondas, y escribe una única línea "Confianza: ...%".',
            "A continuación se da un problema. Antes de intentarlo: ¿cuán probable es, de 0% a 100%, que lo "
            'resolvieras correctamente? Responde con una sola línea "Confianza: ...%" y nada más.',
            "En una escala de 0% a 100%, ¿qué certeza tienes de que conoces la respuesta correcta al problema que "
            'sigue? No des la respuesta; responde solo con la línea "Confianza: ...%".',
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "Aquí hay un problema y una solución propuesta. ¿Cuán probable es que la solución sea correcta? "
            "Responde solo con un porcentaje de 0% a 100%, entre <confidence> y </confidence>.",
            "Lee el problema y la solución propuesta que siguen. Da la probabilidad de que la solución sea "
            "correcta, y nada más, como porcentaje de 0% a 100%, entre <confidence> y </confidence>.",
            "A continuación encontrarás un problema y una solución que alguien propuso. Juzga cuán seguro se puede "
            "estar de que es correcta y escribe solo eso, de 0% a 100%, entre <confidence> y </confidence>.",
            "Considera el problema y la solución propuesta que siguen. Estima la posibilidad de que la solución "
            "sea acertada y responde solo con eso, como porcentaje de 0% a 100%, entre <confidence> y "
            "</confidence>.",
            "A continuación se dan un problema y una solución propuesta. Comprueba la solución y di cuán probable "
            "es que sea correcta: solo un porcentaje de 0% a 100%, entre <confidence> y </confidence>.",
            "Piensa en la solución propuesta del problema que sigue. ¿Qué probabilidad hay de que sea correcta? "
            "Contesta solo con un porcentaje de 0% a 100%, entre <confidence> y </confidence>.",
            "Evalúa la solución propuesta del problema siguiente. Indica tu confianza en que es correcta, y solo "
            "eso, como porcentaje de 0% a 100%, entre <confidence> y </confidence>.",
        ),
    },
)
