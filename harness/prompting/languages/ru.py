"""What a model is asked in Russian."""

from calibench.prompting.languages.base import Language

LANGUAGE = Language(
    "Russian",
    {
        "Write the final answer {form}.": "Напиши окончательный ответ {form}.",
        'Write the final answer {form} and below it, on a line "Confidence: ...%", how likely it is, from 0% '
        "to 100%, that this answer is correct.": (
            'Напиши окончательный ответ {form}, а под ним, в строке "Уверенность: ...%", насколько вероятно, '
            "от 0% до 100%, что этот ответ верен."
        ),
        'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, that this '
        "answer is correct.": (
            'Под ответом напиши в строке "Уверенность: ...%", насколько вероятно, от 0% до 100%, что этот ответ верен.'
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", the probability, from 0.0 to '
        "1.0, that this answer is correct.": (
            'Напиши окончательный ответ {form}, а под ним, в строке "Уверенность: ...", вероятность, от 0,0 до '
            "1,0, того, что этот ответ верен."
        ),
        'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, that this '
        "answer is correct.": (
            'Под ответом напиши в строке "Уверенность: ..." вероятность, от 0,0 до 1,0, того, что этот ответ верен.'
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, in one of these phrases: {phrases}.": (
            'Напиши окончательный ответ {form}, а под ним, в строке "Уверенность: ...", насколько вероятно, '
            "что этот ответ верен, одним из этих выражений: {phrases}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, in '
        "one of these phrases: {phrases}.": (
            'Под ответом напиши в строке "Уверенность: ...", насколько вероятно, что этот ответ верен, одним '
            "из этих выражений: {phrases}."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how sure you are that this '
        "answer is correct, from 0 (certainly wrong) to 10 (certainly right).": (
            'Напиши окончательный ответ {form}, а под ним, в строке "Уверенность: ...", насколько ты уверен, '
            "что этот ответ верен, от 0 (точно неверен) до 10 (точно верен)."
        ),
        'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
        "from 0 (certainly wrong) to 10 (certainly right).": (
            'Под ответом напиши в строке "Уверенность: ...", насколько ты уверен, что этот ответ верен, от 0 '
            "(точно неверен) до 10 (точно верен)."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, as one of these letters: {bands}.": (
            'Напиши окончательный ответ {form}, а под ним, в строке "Уверенность: ...", насколько вероятно, '
            "что этот ответ верен, одной из этих букв: {bands}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, as '
        "one of these letters: {bands}.": (
            'Под ответом напиши в строке "Уверенность: ...", насколько вероятно, что этот ответ верен, одной '
            "из этих букв: {bands}."
        ),
        "{letter} ({low} to {high}%)": "{letter} (от {low} до {high}%)",
        "Solve it step by step, and put the final answer {form}.": (
            "Реши задачу шаг за шагом и запиши окончательный ответ {form}."
        ),
        "Think step by step. Write your best answer {form}.": (
            "Рассуждай шаг за шагом. Напиши свой лучший ответ {form}."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, how "
        "likely it is, from 0% to 100%, that this answer is correct, such as <confidence>80%</confidence>.": (
            "Рассуждай шаг за шагом. Напиши свой лучший ответ {form}, а затем, между <confidence> и </confidence>, "
            "насколько вероятно, от 0% до 100%, что этот ответ верен, например <confidence>80%</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, that "
        "this answer is correct, such as <confidence>80%</confidence>.": (
            "Под ответом напиши между <confidence> и </confidence>, насколько вероятно, от 0% до 100%, что этот "
            "ответ верен, например <confidence>80%</confidence>."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, the "
        "probability, from 0.0 to 1.0, that this answer is correct, such as <confidence>0.8</confidence>.": (
            "Рассуждай шаг за шагом. Напиши свой лучший ответ {form}, а затем, между <confidence> и </confidence>, "
            "вероятность, от 0,0 до 1,0, того, что этот ответ верен, например <confidence>0,8</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, that "
        "this answer is correct, such as <confidence>0.8</confidence>.": (
            "Под ответом напиши между <confidence> и </confidence> вероятность, от 0,0 до 1,0, того, что этот "
            "ответ верен, например <confidence>0,8</confidence>."
        ),
        "Think first, between <think> and </think>. Then write the final answer {form}, what speaks for and "
        "against it between <analysis> and </analysis>, and between <confidence> and </confidence> the "
        "probability, from 0.0 to 1.0, that this answer is correct.": (
            "Сначала подумай, между <think> и </think>. Затем напиши окончательный ответ {form}, доводы за и "
            "против него между <analysis> и </analysis>, а между <confidence> и </confidence> вероятность, от 0,0 "
            "до 1,0, того, что этот ответ верен."
        ),
        "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
        "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.": (
            "Под ответом напиши доводы за и против него между <analysis> и </analysis>, а между <confidence> и "
            "</confidence> вероятность, от 0,0 до 1,0, того, что этот ответ верен."
        ),
        "Give the 4 most likely answers, the likeliest first. Write each {form} with, on the line below it, "
        '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to 4. '
        "Write nothing below them.": (
            "Назови 4 самых вероятных ответа, начиная с самого вероятного. Напиши каждый {form}, а в строке под "
            'ним "Вероятность 1: ...", вероятность, от 0,0 до 1,0, того, что он верен, и пронумеруй их до 4. Ниже '
            "ничего не пиши."
        ),
        "Reply with {form} and nothing else.": "Ответь {form} и больше ничем.",
        "Reply with the letter of one option and nothing else.": "Ответь буквой одного из вариантов и больше ничем.",
        "Write the final answer {form}. {rule}": "Напиши окончательный ответ {form}. {rule}",
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} points, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Отвечай, только если ты уверен более чем на {t}%, так как неверный ответ стоит {cost} балла, "
            'верный ответ приносит 1 балл, а ответ "Я не знаю" приносит 0 баллов.'
        ),
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} point, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Отвечай, только если ты уверен более чем на {t}%, так как неверный ответ стоит {cost} балл, "
            'верный ответ приносит 1 балл, а ответ "Я не знаю" приносит 0 баллов.'
        ),
        'on a line "Answer: ..."': 'в строке "Ответ: ..."',
        "between <answer> and </answer>": "между <answer> и </answer>",
        'on a line "Guess 1: ..."': 'в строке "Предположение 1: ..."',
        "that letter": "этой буквой",
        "Answer:": "Ответ:",
        "in \\boxed{}": "в \\boxed{}",
        "as one code block that starts with ```python": "одним блоком кода, который начинается с ```python",
        'as "Answer: true" or "Answer: false"': 'как "Ответ: верно" или "Ответ: неверно"',
        'as "Answer: yes" or "Answer: no"': 'как "Ответ: да" или "Ответ: нет"',
        "The answer is a number.": "Ответ — число.",
        "The answer is an integer.": "Ответ — целое число.",
        "The answer is a number or an expression in LaTeX.": "Ответ — число или выражение в LaTeX.",
        "The answer is a name or a few words.": "Ответ — имя, название или несколько слов.",
        "The answer is one word.": "Ответ — одно слово.",
        "The answer is one of the words {labels}.": "Ответ — одно из слов {labels}.",
        "The answer is the letter of one option.": "Ответ — буква одного из вариантов.",
        "Write the Python code that the tests need, with all its imports.": (
            "Напиши код на Python, который нужен тестам, со всеми импортами."
        ),
        "Solve the problem step by step. The answer is a number.": "Реши задачу шаг за шагом. Ответ — число.",
        "Solve the problem step by step. The answer is a number or an expression in LaTeX.": (
            "Реши задачу шаг за шагом. Ответ — число или выражение в LaTeX."
        ),
        "Answer the question. The answer is a name or a few words.": (
            "Ответь на вопрос. Ответ — имя, название или несколько слов."
        ),
        "Think step by step. The answer is the letter of one option.": (
            "Рассуждай шаг за шагом. Ответ — буква одного из вариантов."
        ),
        "Is this claim true or false?": "Верно это утверждение или неверно?",
        "Think step by step whether the answer is yes or no.": "Рассуждай шаг за шагом, каков ответ: да или нет.",
        "The answer is one letter.": "Ответ — одна буква.",
        "The answer is one line of Python: def f(x): return ...": "Ответ — одна строка на Python: def f(x): return ...",
        "Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.": (
            "Укажи T (истина) или F (ложь) для каждой переменной, в алфавитном порядке и без пробелов, например TF "
            "для двух."
        ),
        "Solve the problem step by step. The answer is an integer from 0 to 999.": (
            "Реши задачу шаг за шагом. Ответ — целое число от 0 до 999."
        ),
        "Answer the question. The answer is a name, a number, a date or a few words.": (
            "Ответь на вопрос. Ответ — имя, название, число, дата или несколько слов."
        ),
        "Answer the question in a few words. If it cannot be answered, say that you do not know.": (
            "Ответь на вопрос несколькими словами. Если на него нельзя ответить, скажи, что не знаешь."
        ),
        "Which option is true? The answer is the letter of one option.": (
            "Какой вариант верен? Ответ — буква одного из вариантов."
        ),
        "Write the whole function in Python, with all its imports.": (
            "Напиши всю функцию на Python, со всеми импортами."
        ),
        "Does Wikipedia support or refute this claim?": "Википедия подтверждает или опровергает это утверждение?",
        'as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)': (
            'как "Ответ: SUPPORTS" (утверждение верно) или "Ответ: REFUTES" (утверждение неверно)'
        ),
        "Does the scientific literature support or contradict this claim?": (
            "Научная литература подтверждает это утверждение или противоречит ему?"
        ),
        'as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)': (
            'как "Ответ: SUPPORT" (утверждение верно) или "Ответ: CONTRADICT" (утверждение неверно)'
        ),
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the "
        "request?": "Содержит ли отклик галлюцинации: что-то ложное, непроверяемое или не относящееся к запросу?",
        'as "Answer: yes" (it does) or "Answer: no" (it does not)': (
            'как "Ответ: да" (содержит) или "Ответ: нет" (не содержит)'
        ),
        "true": "верно",
        "false": "неверно",
        "yes": "да",
        "no": "нет",
        "almost certain": "почти наверняка",
        "highly likely": "очень вероятно",
        "very good chance": "очень хорошие шансы",
        "probably": "скорее всего",
        "likely": "вероятно",
        "better than even": "скорее да",
        "about even": "пятьдесят на пятьдесят",
        "probably not": "скорее нет",
        "unlikely": "маловероятно",
        "little chance": "мало шансов",
        "chances are slight": "шансы невелики",
        "highly unlikely": "крайне маловероятно",
        "almost no chance": "почти никаких шансов",
        "How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "
        '"Confidence: ...%".': (
            'Насколько вероятно, от 0% до 100%, что твой ответ выше верен? Ответь одной строкой "Уверенность: ...%".'
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "Верен ли твой ответ выше?\nA) Да\nB) Нет\nОтветь только буквой."
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "Ниже приведены задача и предложенное решение. Подумай, насколько вероятно, что решение верно, и "
            "ответь только этим, в процентах от 0% до 100%, между <confidence> и </confidence>."
        ),
        "Problem:": "Задача:",
        "Proposed solution:": "Предложенное решение:",
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "Ниже приведена задача. Не решай её. Насколько вероятно, от 0% до 100%, что ты ответил бы на неё "
            'верно? Ответь одной строкой "Уверенность: ...%".'
        ),
        "List the 4 most likely answers to the problem: first your answer above, in the same words, then 3 others. "
        'Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, '
        "from 0.0 to 1.0, that it is correct, and number them up to 4. Write nothing else.": (
            "Перечисли 4 самых вероятных ответа на задачу: сначала твой ответ выше, теми же словами, затем 3 "
            'других. Напиши каждый в строке "Предположение 1: ...", а в строке под ним "Вероятность 1: ...", '
            "вероятность, от 0,0 до 1,0, того, что он верен, и пронумеруй их до 4. Больше ничего не пиши."
        ),
        "Suppose that your answer above is wrong. List the 4 other answers to the problem that are most likely to "
        'be right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to '
        "4. Write nothing else.\nBelow are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes"
        "\nB) No\nReply with the letter only.": (
            "Предположи, что твой ответ выше неверен. Перечисли 4 других ответа на задачу, которые тогда вероятнее "
            'всего верны, каждый такой же короткий, как твой ответ: напиши каждый в строке "Предположение 1: ..." '
            "и пронумеруй их до 4. Больше ничего не пиши.\nНиже приведены задача и предложенный ответ. Верен ли "
            "предложенный ответ?\nA) Да\nB) Нет\nОтветь только буквой."
        ),
        "Below are a question and two answers to it. If the first answer is correct, must the second one be "
        "correct too?\nA) Yes\nB) No\nReply with the letter only.": (
            "Ниже приведены вопрос и два ответа на него. Если первый ответ верен, должен ли быть верен и второй?\n"
            "A) Да\nB) Нет\nОтветь только буквой."
        ),
        "Proposed answer:": "Предложенный ответ:",
        "Question:": "Вопрос:",
        "First answer:": "Первый ответ:",
        "Second answer:": "Второй ответ:",
    },
    wordings={
        'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: '
        '...%".': (
            "Какова вероятность, от 0% до 100%, того, что данный тобой ответ верен? Напиши только одну строку, "
            '"Уверенность: ...%".',
            'Насколько ты уверен, от 0% до 100%, что твой ответ правильный? Дай одну строку, "Уверенность: ...%".',
            "Оцени свою уверенность в том, что твой ответ выше верен, от 0% (точно неверен) до 100% (точно верен). "
            'Ответь одной строкой "Уверенность: ...%".',
            "Насколько ты уверен в ответе выше? Укажи шансы, от 0% до 100%, что он верен, в одной строке "
            '"Уверенность: ...%".',
            "Оцени шансы того, что твой ответ верен, в процентах от 0% до 100%. Ответь единственной строкой "
            '"Уверенность: ...%".',
            "Посмотри на свой ответ ещё раз. Насколько вероятно, от 0% до 100%, что он верен? Ответь одной строкой "
            '"Уверенность: ...%".',
            "По шкале от 0% до 100%, насколько ты уверен, что ответ, который ты только что дал, верен? Ответь "
            'только строкой "Уверенность: ...%".',
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "Правилен ли ответ, который ты дал?\nA) Да\nB) Нет\nОтветь только буквой.",
            "Верно ли ты ответил на вопрос?\nA) Да\nB) Нет\nОтветь A или B.",
            "Твой ответ выше:\nA) Верный\nB) Неверный\nОтветь только буквой.",
            "Твой ответ истинный или ложный?\nA) Истинный\nB) Ложный\nОтветь только буквой.",
            "Был бы твой ответ выше засчитан как верный?\nA) Да\nB) Нет\nНапиши только букву.",
            "Ответ выше правильный или неправильный?\nA) Правильный\nB) Неправильный\nОтветь только буквой.",
            "Посмотри на свой ответ ещё раз. Верен ли он?\nA) Да\nB) Нет\nОтветь одной буквой.",
        ),
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "Вот задача, которую тебе не нужно решать. Какова вероятность, от 0% до 100%, того, что твой ответ на "
            'неё был бы верен? Напиши только одну строку, "Уверенность: ...%".',
            "Прочитай задачу ниже, но не работай над ней. Насколько ты уверен, от 0% до 100%, что смог бы ответить "
            'на неё верно? Дай одну строку, "Уверенность: ...%".',
            "Предположи, что тебе задали задачу ниже. Не решая её, укажи шансы, от 0% до 100%, что ты решил бы её "
            'правильно, в одной строке "Уверенность: ...%".',
            "Оцени задачу ниже, не отвечая на неё: насколько вероятно, от 0% до 100%, что ты найдёшь верный ответ? "
            'Ответь одной строкой "Уверенность: ...%".',
            "Оцени, в процентах от 0% до 100%, шансы того, что ты верно ответил бы на следующую задачу. Не отвечай "
            'на неё и напиши единственную строку "Уверенность: ...%".',
            "Ниже дана задача. Прежде чем браться за неё: насколько вероятно, от 0% до 100%, что ты решил бы её "
            'верно? Ответь одной строкой "Уверенность: ...%" и больше ничем.',
            "По шкале от 0% до 100%, насколько ты уверен, что знаешь верный ответ на задачу ниже? Не давай ответа; "
            'ответь только строкой "Уверенность: ...%".',
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "Вот задача и предложенное решение. Насколько вероятно, что решение верно? Ответь только процентом от "
            "0% до 100%, между <confidence> и </confidence>.",
            "Прочитай задачу и предложенное решение ниже. Дай вероятность того, что решение верно, и ничего "
            "больше, в процентах от 0% до 100%, между <confidence> и </confidence>.",
            "Ниже ты найдёшь задачу и решение, которое кто-то предложил. Оцени, насколько можно быть уверенным, "
            "что оно верно, и напиши только это, от 0% до 100%, между <confidence> и </confidence>.",
            "Рассмотри следующие задачу и предложенное решение. Оцени шансы того, что решение правильное, и ответь "
            "только этим, в процентах от 0% до 100%, между <confidence> и </confidence>.",
            "Ниже даны задача и предложенное решение. Проверь решение и скажи, насколько вероятно, что оно верно: "
            "только процент от 0% до 100%, между <confidence> и </confidence>.",
            "Подумай о предложенном решении задачи ниже. Какова вероятность того, что оно верно? Ответь лишь "
            "процентом от 0% до 100%, между <confidence> и </confidence>.",
            "Оцени предложенное решение следующей задачи. Укажи свою уверенность в том, что оно верно, и только "
            "её, в процентах от 0% до 100%, между <confidence> и </confidence>.",
        ),
    },
)
