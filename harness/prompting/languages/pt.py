"""What a model is asked in Portuguese."""

from calibench.prompting.languages.base import Language

LANGUAGE = Language(
    "Portuguese",
    {
        "Write the final answer {form}.": "Escreva a resposta final {form}.",
        'Write the final answer {form} and below it, on a line "Confidence: ...%", how likely it is, from 0% '
        "to 100%, that this answer is correct.": (
            'Escreva a resposta final {form} e, abaixo, em uma linha "Confiança: ...%", quão provável é, de 0% '
            "a 100%, que esta resposta esteja correta."
        ),
        'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, that this '
        "answer is correct.": (
            'Abaixo da resposta, escreva em uma linha "Confiança: ...%" quão provável é, de 0% a 100%, que '
            "esta resposta esteja correta."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", the probability, from 0.0 to '
        "1.0, that this answer is correct.": (
            'Escreva a resposta final {form} e, abaixo, em uma linha "Confiança: ...", a probabilidade, de 0,0 '
            "a 1,0, de que esta resposta esteja correta."
        ),
        'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, that this '
        "answer is correct.": (
            'Abaixo da resposta, escreva em uma linha "Confiança: ..." a probabilidade, de 0,0 a 1,0, de que '
            "esta resposta esteja correta."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, in one of these phrases: {phrases}.": (
            'Escreva a resposta final {form} e, abaixo, em uma linha "Confiança: ...", quão provável é que '
            "esta resposta esteja correta, com uma destas expressões: {phrases}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, in '
        "one of these phrases: {phrases}.": (
            'Abaixo da resposta, escreva em uma linha "Confiança: ..." quão provável é que esta resposta '
            "esteja correta, com uma destas expressões: {phrases}."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how sure you are that this '
        "answer is correct, from 0 (certainly wrong) to 10 (certainly right).": (
            'Escreva a resposta final {form} e, abaixo, em uma linha "Confiança: ...", quão seguro você está '
            "de que esta resposta está correta, de 0 (certamente errada) a 10 (certamente certa)."
        ),
        'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
        "from 0 (certainly wrong) to 10 (certainly right).": (
            'Abaixo da resposta, escreva em uma linha "Confiança: ..." quão seguro você está de que esta '
            "resposta está correta, de 0 (certamente errada) a 10 (certamente certa)."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, as one of these letters: {bands}.": (
            'Escreva a resposta final {form} e, abaixo, em uma linha "Confiança: ...", quão provável é que '
            "esta resposta esteja correta, com uma destas letras: {bands}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, as '
        "one of these letters: {bands}.": (
            'Abaixo da resposta, escreva em uma linha "Confiança: ..." quão provável é que esta resposta '
            "esteja correta, com uma destas letras: {bands}."
        ),
        "{letter} ({low} to {high}%)": "{letter} ({low} a {high}%)",
        "Solve it step by step, and put the final answer {form}.": (
            "Resolva passo a passo e coloque a resposta final {form}."
        ),
        "Think step by step. Write your best answer {form}.": (
            "Pense passo a passo. Escreva sua melhor resposta {form}."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, how "
        "likely it is, from 0% to 100%, that this answer is correct, such as <confidence>80%</confidence>.": (
            "Pense passo a passo. Escreva sua melhor resposta {form} e depois, entre <confidence> e </confidence>, "
            "quão provável é, de 0% a 100%, que esta resposta esteja correta, por exemplo "
            "<confidence>80%</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, that "
        "this answer is correct, such as <confidence>80%</confidence>.": (
            "Abaixo da resposta, escreva entre <confidence> e </confidence> quão provável é, de 0% a 100%, que "
            "esta resposta esteja correta, por exemplo <confidence>80%</confidence>."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, the "
        "probability, from 0.0 to 1.0, that this answer is correct, such as <confidence>0.8</confidence>.": (
            "Pense passo a passo. Escreva sua melhor resposta {form} e depois, entre <confidence> e </confidence>, "
            "a probabilidade, de 0,0 a 1,0, de que esta resposta esteja correta, por exemplo "
            "<confidence>0,8</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, that "
        "this answer is correct, such as <confidence>0.8</confidence>.": (
            "Abaixo da resposta, escreva entre <confidence> e </confidence> a probabilidade, de 0,0 a 1,0, de que "
            "esta resposta esteja correta, por exemplo <confidence>0,8</confidence>."
        ),
        "Think first, between <think> and </think>. Then write the final answer {form}, what speaks for and "
        "against it between <analysis> and </analysis>, and between <confidence> and </confidence> the "
        "probability, from 0.0 to 1.0, that this answer is correct.": (
            "Pense primeiro, entre <think> e </think>. Depois escreva a resposta final {form}, o que fala a favor "
            "e contra ela entre <analysis> e </analysis>, e entre <confidence> e </confidence> a probabilidade, de "
            "0,0 a 1,0, de que esta resposta esteja correta."
        ),
        "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
        "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.": (
            "Abaixo da resposta, escreva o que fala a favor e contra ela entre <analysis> e </analysis>, e entre "
            "<confidence> e </confidence> a probabilidade, de 0,0 a 1,0, de que esta resposta esteja correta."
        ),
        "Give the 4 most likely answers, the likeliest first. Write each {form} with, on the line below it, "
        '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to 4. '
        "Write nothing below them.": (
            "Dê as 4 respostas mais prováveis, a mais provável primeiro. Escreva cada uma {form} e, na linha "
            'abaixo, "Probabilidade 1: ...", a probabilidade, de 0,0 a 1,0, de que ela esteja correta, e numere-as '
            "até 4. Não escreva nada abaixo delas."
        ),
        "Reply with {form} and nothing else.": "Responda com {form} e nada mais.",
        "Reply with the letter of one option and nothing else.": "Responda com a letra de uma opção e nada mais.",
        "Write the final answer {form}. {rule}": "Escreva a resposta final {form}. {rule}",
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} points, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Responda apenas se tiver mais de {t}% de certeza, pois uma resposta errada custa {cost} pontos, "
            'uma resposta certa vale 1 ponto e a resposta "Não sei" vale 0 pontos.'
        ),
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} point, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "Responda apenas se tiver mais de {t}% de certeza, pois uma resposta errada custa {cost} ponto, "
            'uma resposta certa vale 1 ponto e a resposta "Não sei" vale 0 pontos.'
        ),
        'on a line "Answer: ..."': 'em uma linha "Resposta: ..."',
        "between <answer> and </answer>": "entre <answer> e </answer>",
        'on a line "Guess 1: ..."': 'em uma linha "Palpite 1: ..."',
        "that letter": "essa letra",
        "Answer:": "Resposta:",
        "in \\boxed{}": "em \\boxed{}",
        "as one code block that starts with ```python": "como um único bloco de código que começa com ```python",
        'as "Answer: true" or "Answer: false"': 'como "Resposta: verdadeiro" ou "Resposta: falso"',
        'as "Answer: yes" or "Answer: no"': 'como "Resposta: sim" ou "Resposta: não"',
        "The answer is a number.": "A resposta é um número.",
        "The answer is an integer.": "A resposta é um número inteiro.",
        "The answer is a number or an expression in LaTeX.": "A resposta é um número ou uma expressão em LaTeX.",
        "The answer is a name or a few words.": "A resposta é um nome ou poucas palavras.",
        "The answer is one word.": "A resposta é uma única palavra.",
        "The answer is one of the words {labels}.": "A resposta é uma das palavras {labels}.",
        "The answer is the letter of one option.": "A resposta é a letra de uma opção.",
        "Write the Python code that the tests need, with all its imports.": (
            "Escreva o código Python de que os testes precisam, com todas as importações."
        ),
        "Solve the problem step by step. The answer is a number.": (
            "Resolva o problema passo a passo. A resposta é um número."
        ),
        "Solve the problem step by step. The answer is a number or an expression in LaTeX.": (
            "Resolva o problema passo a passo. A resposta é um número ou uma expressão em LaTeX."
        ),
        "Answer the question. The answer is a name or a few words.": (
            "Responda à pergunta. A resposta é um nome ou poucas palavras."
        ),
        "Think step by step. The answer is the letter of one option.": (
            "Pense passo a passo. A resposta é a letra de uma opção."
        ),
        "Is this claim true or false?": "Esta afirmação é verdadeira ou falsa?",
        "Think step by step whether the answer is yes or no.": "Pense passo a passo se a resposta é sim ou não.",
        "The answer is one letter.": "A resposta é uma única letra.",
        "The answer is one line of Python: def f(x): return ...": (
            "A resposta é uma linha de Python: def f(x): return ..."
        ),
        "Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.": (
            "Dê T (verdadeiro) ou F (falso) para cada variável, em ordem alfabética e sem espaços, por exemplo TF "
            "para duas."
        ),
        "Solve the problem step by step. The answer is an integer from 0 to 999.": (
            "Resolva o problema passo a passo. A resposta é um número inteiro de 0 a 999."
        ),
        "Answer the question. The answer is a name, a number, a date or a few words.": (
            "Responda à pergunta. A resposta é um nome, um número, uma data ou poucas palavras."
        ),
        "Answer the question in a few words. If it cannot be answered, say that you do not know.": (
            "Responda à pergunta em poucas palavras. Se não for possível responder, diga que não sabe."
        ),
        "Which option is true? The answer is the letter of one option.": (
            "Qual opção é verdadeira? A resposta é a letra de uma opção."
        ),
        "Write the whole function in Python, with all its imports.": (
            "Escreva a função inteira em Python, com todas as importações."
        ),
        "Does Wikipedia support or refute this claim?": "A Wikipédia apoia ou refuta esta afirmação?",
        'as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)': (
            'como "Resposta: SUPPORTS" (a afirmação é verdadeira) ou "Resposta: REFUTES" (a afirmação é falsa)'
        ),
        "Does the scientific literature support or contradict this claim?": (
            "A literatura científica apoia ou contradiz esta afirmação?"
        ),
        'as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)': (
            'como "Resposta: SUPPORT" (a afirmação é verdadeira) ou "Resposta: CONTRADICT" (a afirmação é falsa)'
        ),
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the request?": (
            "O texto produzido contém conteúdo alucinado: algo falso, impossível de verificar ou irrelevante para "
            "o pedido?"
        ),
        'as "Answer: yes" (it does) or "Answer: no" (it does not)': (
            'como "Resposta: sim" (contém) ou "Resposta: não" (não contém)'
        ),
        "true": "verdadeiro",
        "false": "falso",
        "yes": "sim",
        "no": "não",
        "almost certain": "quase certo",
        "highly likely": "muito provável",
        "very good chance": "chances muito boas",
        "probably": "provavelmente",
        "likely": "provável",
        "better than even": "mais provável que não",
        "about even": "meio a meio",
        "probably not": "provavelmente não",
        "unlikely": "pouco provável",
        "little chance": "pouca chance",
        "chances are slight": "chances pequenas",
        "highly unlikely": "muito improvável",
        "almost no chance": "quase nenhuma chance",
        "How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "
        '"Confidence: ...%".': (
            "Quão provável é, de 0% a 100%, que sua resposta acima esteja correta? Responda com uma única "
            'linha "Confiança: ...%".'
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "Sua resposta acima está correta?\nA) Sim\nB) Não\nResponda apenas com a letra."
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "Abaixo há um problema e uma solução proposta. Reflita sobre quão provável é que a solução esteja "
            "correta e responda apenas com isso, como porcentagem de 0% a 100%, entre <confidence> e "
            "</confidence>."
        ),
        "Problem:": "Problema:",
        "Proposed solution:": "Solução proposta:",
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "Abaixo há um problema. Não o resolva. Quão provável é, de 0% a 100%, que você o respondesse "
            'corretamente? Responda com uma única linha "Confiança: ...%".'
        ),
        "List the 4 most likely answers to the problem: first your answer above, in the same words, then 3 others. "
        'Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, '
        "from 0.0 to 1.0, that it is correct, and number them up to 4. Write nothing else.": (
            "Liste as 4 respostas mais prováveis para o problema: primeiro sua resposta acima, com as mesmas "
            'palavras, depois outras 3. Escreva cada uma em uma linha "Palpite 1: ..." e, na linha abaixo, '
            '"Probabilidade 1: ...", a probabilidade, de 0,0 a 1,0, de que ela esteja correta, e numere-as até 4. '
            "Não escreva mais nada."
        ),
        "Suppose that your answer above is wrong. List the 4 other answers to the problem that are most likely to "
        'be right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to '
        "4. Write nothing else.\nBelow are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes"
        "\nB) No\nReply with the letter only.": (
            "Suponha que sua resposta acima esteja errada. Liste as outras 4 respostas para o problema que, nesse "
            "caso, têm mais probabilidade de estar certas, cada uma tão curta quanto sua resposta: escreva cada "
            'uma em uma linha "Palpite 1: ..." e numere-as até 4. Não escreva mais nada.\nAbaixo há um problema e '
            "uma resposta proposta. A resposta proposta está correta?\nA) Sim\nB) Não\nResponda apenas com a letra."
        ),
        "Below are a question and two answers to it. If the first answer is correct, must the second one be "
        "correct too?\nA) Yes\nB) No\nReply with the letter only.": (
            "Abaixo há uma pergunta e duas respostas a ela. Se a primeira resposta está correta, a segunda também "
            "tem de estar correta?\nA) Sim\nB) Não\nResponda apenas com a letra."
        ),
        "Proposed answer:": "Resposta proposta:",
        "Question:": "Pergunta:",
        "First answer:": "Primeira resposta:",
        "Second answer:": "Segunda resposta:",
    },
    wordings={
        'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: '
        '...%".': (
            "Qual é a probabilidade, de 0% a 100%, de que a resposta que você deu esteja correta? Escreva apenas "
            'uma linha, "Confiança: ...%".',
            'Quão seguro você está, de 0% a 100%, de que sua resposta está certa? Dê uma linha, "Confiança: ...%".',
            "Avalie sua confiança de que sua resposta acima está correta, de 0% (certamente errada) a 100% "
            '(certamente certa). Responda com uma única linha "Confiança: ...%".',
            "Quanta confiança você tem na resposta acima? Indique a chance, de 0% a 100%, de que ela esteja "
            'correta, em uma linha "Confiança: ...%".',
            "Estime a chance de que sua resposta esteja correta, como porcentagem de 0% a 100%. Responda com uma "
            'só linha "Confiança: ...%".',
            "Olhe de novo para sua resposta. Quão provável é, de 0% a 100%, que ela esteja correta? Responda com "
            'uma única linha "Confiança: ...%".',
            "Em uma escala de 0% a 100%, quanta certeza você tem de que a resposta que acabou de dar está correta? "
            'Responda apenas com a linha "Confiança: ...%".',
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "A resposta que você deu está certa?\nA) Sim\nB) Não\nResponda apenas com a letra.",
            "Você respondeu corretamente à pergunta?\nA) Sim\nB) Não\nResponda com A ou B.",
            "Sua resposta acima está:\nA) Correta\nB) Incorreta\nResponda apenas com a letra.",
            "Sua resposta é verdadeira ou falsa?\nA) Verdadeira\nB) Falsa\nResponda apenas com a letra.",
            "Sua resposta acima seria avaliada como correta?\nA) Sim\nB) Não\nEscreva apenas a letra.",
            "A resposta acima está certa ou errada?\nA) Certa\nB) Errada\nResponda apenas com a letra.",
            "Olhe de novo para sua resposta. Ela está correta?\nA) Sim\nB) Não\nResponda com uma letra.",
        ),
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "Aqui está um problema que você não precisa resolver. Qual é a probabilidade, de 0% a 100%, de que sua "
            'resposta a ele estivesse correta? Escreva apenas uma linha, "Confiança: ...%".',
            "Leia o problema abaixo, mas não trabalhe nele. Quão seguro você está, de 0% a 100%, de que poderia "
            'respondê-lo corretamente? Dê uma linha, "Confiança: ...%".',
            "Suponha que lhe fosse proposto o problema abaixo. Sem resolvê-lo, indique a chance, de 0% a 100%, de "
            'que você o acertasse, em uma linha "Confiança: ...%".',
            "Julgue o problema abaixo sem respondê-lo: de 0% a 100%, quão provável é que você encontre a resposta "
            'correta? Responda com uma única linha "Confiança: ...%".',
            "Estime, como porcentagem de 0% a 100%, a chance de que você respondesse corretamente ao problema a "
            'seguir. Não o responda, e escreva uma só linha "Confiança: ...%".',
            "Um problema é dado abaixo. Antes de tentá-lo: quão provável é, de 0% a 100%, que você o resolvesse "
            'corretamente? Responda com uma única linha "Confiança: ...%" e nada mais.',
            "Em uma escala de 0% a 100%, quanta certeza você tem de que sabe a resposta correta para o problema "
            'abaixo? Não dê a resposta; responda apenas com a linha "Confiança: ...%".',
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "Aqui estão um problema e uma solução proposta. Quão provável é que a solução esteja correta? Responda "
            "apenas com uma porcentagem de 0% a 100%, entre <confidence> e </confidence>.",
            "Leia o problema e a solução proposta abaixo. Dê a probabilidade de que a solução esteja correta, e "
            "nada mais, como porcentagem de 0% a 100%, entre <confidence> e </confidence>.",
            "Abaixo você encontra um problema e uma solução que alguém propôs. Julgue quão seguro se pode estar de "
            "que ela está correta e escreva apenas isso, de 0% a 100%, entre <confidence> e </confidence>.",
            "Considere o problema e a solução proposta que seguem. Estime a chance de que a solução esteja certa e "
            "responda apenas com isso, como porcentagem de 0% a 100%, entre <confidence> e </confidence>.",
            "Um problema e uma solução proposta são dados abaixo. Verifique a solução e diga quão provável é que "
            "esteja correta: apenas uma porcentagem de 0% a 100%, entre <confidence> e </confidence>.",
            "Pense na solução proposta do problema abaixo. Qual é a probabilidade de que ela esteja correta? "
            "Responda somente com uma porcentagem de 0% a 100%, entre <confidence> e </confidence>.",
            "Avalie a solução proposta do problema a seguir. Indique sua confiança de que ela está correta, e "
            "apenas isso, como porcentagem de 0% a 100%, entre <confidence> e </confidence>.",
        ),
    },
)
