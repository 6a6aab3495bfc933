"""What a model is asked in Korean."""

from calibench.prompting.languages.base import Language

LANGUAGE = Language(
    "Korean",
    {
        "Write the final answer {form}.": "최종 답을 {form} 쓰세요.",
        'Write the final answer {form} and below it, on a line "Confidence: ...%", how likely it is, from 0% '
        "to 100%, that this answer is correct.": (
            '최종 답을 {form} 쓰고, 그 아래 "확신도: ...%" 줄에 이 답이 맞을 가능성을 0%에서 100% 사이로 쓰세요.'
        ),
        'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, that this '
        "answer is correct.": '답 아래 "확신도: ...%" 줄에 이 답이 맞을 가능성을 0%에서 100% 사이로 쓰세요.',
        'Write the final answer {form} and below it, on a line "Confidence: ...", the probability, from 0.0 to '
        "1.0, that this answer is correct.": (
            '최종 답을 {form} 쓰고, 그 아래 "확신도: ..." 줄에 이 답이 맞을 확률을 0.0에서 1.0 사이로 쓰세요.'
        ),
        'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, that this '
        "answer is correct.": '답 아래 "확신도: ..." 줄에 이 답이 맞을 확률을 0.0에서 1.0 사이로 쓰세요.',
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, in one of these phrases: {phrases}.": (
            '최종 답을 {form} 쓰고, 그 아래 "확신도: ..." 줄에 이 답이 맞을 가능성을 다음 표현 중 하나로 쓰세요'
            ": {phrases}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, in '
        "one of these phrases: {phrases}.": (
            '답 아래 "확신도: ..." 줄에 이 답이 맞을 가능성을 다음 표현 중 하나로 쓰세요: {phrases}.'
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how sure you are that this '
        "answer is correct, from 0 (certainly wrong) to 10 (certainly right).": (
            '최종 답을 {form} 쓰고, 그 아래 "확신도: ..." 줄에 이 답이 맞다고 얼마나 확신하는지 0(확실히 틀림'
            ")에서 10(확실히 맞음) 사이로 쓰세요."
        ),
        'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
        "from 0 (certainly wrong) to 10 (certainly right).": (
            '답 아래 "확신도: ..." 줄에 이 답이 맞다고 얼마나 확신하는지 0(확실히 틀림)에서 10(확실히 맞음) 사'
            "이로 쓰세요."
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, as one of these letters: {bands}.": (
            '최종 답을 {form} 쓰고, 그 아래 "확신도: ..." 줄에 이 답이 맞을 가능성을 다음 글자 중 하나로 쓰세요'
            ": {bands}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, as '
        "one of these letters: {bands}.": (
            '답 아래 "확신도: ..." 줄에 이 답이 맞을 가능성을 다음 글자 중 하나로 쓰세요: {bands}.'
        ),
        "{letter} ({low} to {high}%)": "{letter} ({low}~{high}%)",
        "Solve it step by step, and put the final answer {form}.": "단계별로 풀고, 최종 답을 {form} 쓰세요.",
        "Think step by step. Write your best answer {form}.": (
            "단계별로 생각하세요. 가장 좋다고 생각하는 답을 {form} 쓰세요."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, how "
        "likely it is, from 0% to 100%, that this answer is correct, such as <confidence>80%</confidence>.": (
            "단계별로 생각하세요. 가장 좋다고 생각하는 답을 {form} 쓰고, 그다음 <confidence>와 </confidence> 사이에"
            " 이 답이 맞을 가능성을 0%에서 100% 사이로, 예를 들어 <confidence>80%</confidence>처럼 쓰세요."
        ),
        "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, that "
        "this answer is correct, such as <confidence>80%</confidence>.": (
            "답 아래에, <confidence>와 </confidence> 사이에 이 답이 맞을 가능성을 0%에서 100% 사이로, 예를 들어 "
            "<confidence>80%</confidence>처럼 쓰세요."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, the "
        "probability, from 0.0 to 1.0, that this answer is correct, such as <confidence>0.8</confidence>.": (
            "단계별로 생각하세요. 가장 좋다고 생각하는 답을 {form} 쓰고, 그다음 <confidence>와 </confidence> 사이에"
            " 이 답이 맞을 확률을 0.0에서 1.0 사이로, 예를 들어 <confidence>0.8</confidence>처럼 쓰세요."
        ),
        "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, that "
        "this answer is correct, such as <confidence>0.8</confidence>.": (
            "답 아래에, <confidence>와 </confidence> 사이에 이 답이 맞을 확률을 0.0에서 1.0 사이로, 예를 들어 "
            "<confidence>0.8</confidence>처럼 쓰세요."
        ),
        "Think first, between <think> and </think>. Then write the final answer {form}, what speaks for and "
        "against it between <analysis> and </analysis>, and between <confidence> and </confidence> the "
        "probability, from 0.0 to 1.0, that this answer is correct.": (
            "먼저 <think>와 </think> 사이에서 생각하세요. 그다음 최종 답을 {form} 쓰고, 그 답을 뒷받침하는 점과 반"
            "박하는 점을 <analysis>와 </analysis> 사이에, 이 답이 맞을 확률을 0.0에서 1.0 사이로 <confidence>와 "
            "</confidence> 사이에 쓰세요."
        ),
        "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
        "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.": (
            "답 아래에, 그 답을 뒷받침하는 점과 반박하는 점을 <analysis>와 </analysis> 사이에, 이 답이 맞을 확률을 "
            "0.0에서 1.0 사이로 <confidence>와 </confidence> 사이에 쓰세요."
        ),
        "Give the 4 most likely answers, the likeliest first. Write each {form} with, on the line below it, "
        '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to 4. '
        "Write nothing below them.": (
            '가장 가능성이 높은 답 4개를 가능성이 높은 순서대로 제시하세요. 각 답을 {form} 쓰고, 그 아래 "확률 1: '
            '..." 줄에 그 답이 맞을 확률을 0.0에서 1.0 사이로 쓰며, 4까지 번호를 매기세요. 그 아래에는 아무것도 쓰'
            "지 마세요."
        ),
        "Reply with {form} and nothing else.": "{form} 답하고 다른 것은 쓰지 마세요.",
        "Reply with the letter of one option and nothing else.": "한 선택지의 글자로만 답하고 다른 것은 쓰지 마세요.",
        "Write the final answer {form}. {rule}": "최종 답을 {form} 쓰세요. {rule}",
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} points, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            '{t}%보다 더 확신할 때만 답하세요. 틀린 답은 {cost}점을 잃고, 맞는 답은 1점을 얻으며, "모르겠습니다'
            '"라는 답은 0점입니다.'
        ),
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} point, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            '{t}%보다 더 확신할 때만 답하세요. 틀린 답은 {cost}점을 잃고, 맞는 답은 1점을 얻으며, "모르겠습니다'
            '"라는 답은 0점입니다.'
        ),
        'on a line "Answer: ..."': '"정답: ..." 줄에',
        "between <answer> and </answer>": "<answer>와 </answer> 사이에",
        'on a line "Guess 1: ..."': '"추측 1: ..." 줄에',
        "that letter": "그 글자로만",
        "Answer:": "정답:",
        "in \\boxed{}": "\\boxed{} 안에",
        "as one code block that starts with ```python": "```python으로 시작하는 하나의 코드 블록으로",
        'as "Answer: true" or "Answer: false"': '"정답: 참" 또는 "정답: 거짓"으로',
        'as "Answer: yes" or "Answer: no"': '"정답: 예" 또는 "정답: 아니요"로',
        "The answer is a number.": "답은 숫자입니다.",
        "The answer is an integer.": "답은 정수입니다.",
        "The answer is a number or an expression in LaTeX.": "답은 숫자 또는 LaTeX 식입니다.",
        "The answer is a name or a few words.": "답은 이름이나 몇 단어입니다.",
        "The answer is one word.": "답은 한 단어입니다.",
        "The answer is one of the words {labels}.": "답은 다음 단어 중 하나입니다: {labels}.",
        "The answer is the letter of one option.": "답은 한 선택지의 글자입니다.",
        "Write the Python code that the tests need, with all its imports.": (
            "테스트에 필요한 파이썬 코드를 모든 임포트와 함께 쓰세요."
        ),
        "Solve the problem step by step. The answer is a number.": "문제를 단계별로 푸세요. 답은 숫자입니다.",
        "Solve the problem step by step. The answer is a number or an expression in LaTeX.": (
            "문제를 단계별로 푸세요. 답은 숫자 또는 LaTeX 식입니다."
        ),
        "Answer the question. The answer is a name or a few words.": "질문에 답하세요. 답은 이름이나 몇 단어입니다.",
        "Think step by step. The answer is the letter of one option.": (
            "단계별로 생각하세요. 답은 한 선택지의 글자입니다."
        ),
        "Is this claim true or false?": "이 주장은 참입니까, 거짓입니까?",
        "Think step by step whether the answer is yes or no.": "답이 예인지 아니요인지 단계별로 생각하세요.",
        "The answer is one letter.": "답은 알파벳 한 글자입니다.",
        "The answer is one line of Python: def f(x): return ...": "답은 파이썬 한 줄입니다: def f(x): return ...",
        "Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.": (
            "각 변수에 대해 T(참) 또는 F(거짓)를 알파벳 순서로 공백 없이 쓰세요. 예를 들어 두 개이면 TF와 같이 쓰세요."
        ),
        "Solve the problem step by step. The answer is an integer from 0 to 999.": (
            "문제를 단계별로 푸세요. 답은 0부터 999까지의 정수입니다."
        ),
        "Answer the question. The answer is a name, a number, a date or a few words.": (
            "질문에 답하세요. 답은 이름, 숫자, 날짜 또는 몇 단어입니다."
        ),
        "Answer the question in a few words. If it cannot be answered, say that you do not know.": (
            "질문에 몇 단어로 답하세요. 답할 수 없는 질문이면 모른다고 말하세요."
        ),
        "Which option is true? The answer is the letter of one option.": (
            "어느 선택지가 사실입니까? 답은 한 선택지의 글자입니다."
        ),
        "Write the whole function in Python, with all its imports.": (
            "함수 전체를 파이썬으로, 모든 임포트와 함께 쓰세요."
        ),
        "Does Wikipedia support or refute this claim?": "위키백과는 이 주장을 뒷받침합니까, 반박합니까?",
        'as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)': (
            '"정답: SUPPORTS"(주장이 참) 또는 "정답: REFUTES"(주장이 거짓)로'
        ),
        "Does the scientific literature support or contradict this claim?": (
            "과학 문헌은 이 주장을 뒷받침합니까, 아니면 이 주장과 모순됩니까?"
        ),
        'as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)': (
            '"정답: SUPPORT"(주장이 참) 또는 "정답: CONTRADICT"(주장이 거짓)로'
        ),
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the "
        "request?": "이 응답에 환각 내용, 즉 거짓이거나 확인할 수 없거나 요청과 무관한 내용이 들어 있습니까?",
        'as "Answer: yes" (it does) or "Answer: no" (it does not)': (
            '"정답: 예"(들어 있음) 또는 "정답: 아니요"(들어 있지 않음)로'
        ),
        "true": "참",
        "false": "거짓",
        "yes": "예",
        "no": "아니요",
        "almost certain": "거의 확실",
        "highly likely": "매우 가능성이 높음",
        "very good chance": "가능성이 꽤 높음",
        "probably": "아마도",
        "likely": "가능성이 높음",
        "better than even": "반반 이상",
        "about even": "반반",
        "probably not": "아마 아닐 것",
        "unlikely": "가능성이 낮음",
        "little chance": "가망이 적음",
        "chances are slight": "가망이 희박함",
        "highly unlikely": "매우 가능성이 낮음",
        "almost no chance": "거의 불가능",
        "How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "
        '"Confidence: ...%".': (
            '위의 답이 맞을 가능성은 0%에서 100% 사이로 얼마입니까? "확신도: ...%" 한 줄로 답하세요.'
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "위의 답이 맞습니까?\nA) 예\nB) 아니요\n글자로만 답하세요."
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "아래에 문제와 제안된 풀이가 있습니다. 풀이가 맞을 가능성이 얼마나 되는지 생각하고, 0%에서 100% 사"
            "이의 백분율로만 <confidence>와 </confidence> 사이에 답하세요."
        ),
        "Problem:": "문제:",
        "Proposed solution:": "제안된 풀이:",
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "아래에 문제가 있습니다. 풀지 마세요. 이 문제에 맞게 답할 가능성은 0%에서 100% 사이로 얼마입니까? "
            '"확신도: ...%" 한 줄로 답하세요.'
        ),
        "List the 4 most likely answers to the problem: first your answer above, in the same words, then 3 others. "
        'Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, '
        "from 0.0 to 1.0, that it is correct, and number them up to 4. Write nothing else.": (
            "이 문제의 가장 가능성이 높은 답 4개를 나열하세요. 먼저 위의 답을 같은 말로 쓰고, 그다음 다른 답 3개를 "
            '쓰세요. 각 답을 "추측 1: ..." 줄에 쓰고, 그 아래 "확률 1: ..." 줄에 그 답이 맞을 확률을 0.0에서 1.0 사'
            "이로 쓰며, 4까지 번호를 매기세요. 다른 것은 쓰지 마세요."
        ),
        "Suppose that your answer above is wrong. List the 4 other answers to the problem that are most likely to "
        'be right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to '
        "4. Write nothing else.\nBelow are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes"
        "\nB) No\nReply with the letter only.": (
            "위의 답이 틀렸다고 가정하세요. 그 경우 맞을 가능성이 가장 높은 이 문제의 다른 답 4개를, 각각 위의 답만"
            '큼 짧게 나열하세요. 각 답을 "추측 1: ..." 줄에 쓰고, 4까지 번호를 매기세요. 다른 것은 쓰지 마세요.\n아'
            "래에 문제와 제안된 답이 있습니다. 제안된 답이 맞습니까?\nA) 예\nB) 아니요\n글자로만 답하세요."
        ),
        "Below are a question and two answers to it. If the first answer is correct, must the second one be "
        "correct too?\nA) Yes\nB) No\nReply with the letter only.": (
            "아래에 질문과 그에 대한 두 개의 답이 있습니다. 첫 번째 답이 맞다면 두 번째 답도 반드시 맞습니까?\nA) "
            "예\nB) 아니요\n글자로만 답하세요."
        ),
        "Proposed answer:": "제안된 답:",
        "Question:": "질문:",
        "First answer:": "첫 번째 답:",
        "Second answer:": "두 번째 답:",
    },
    wordings={
        'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: '
        '...%".': (
            '당신이 제시한 답이 맞을 확률은 0%에서 100% 사이로 얼마입니까? "확신도: ...%" 한 줄만 쓰세요.',
            '당신의 답이 옳다고 0%에서 100% 사이로 얼마나 확신합니까? "확신도: ...%" 한 줄을 쓰세요.',
            '위의 답이 맞다는 확신을 0%(확실히 틀림)에서 100%(확실히 맞음) 사이로 평가하세요. "확신도: ...%" 한 줄'
            "로 답하세요.",
            '위의 답에 얼마나 자신이 있습니까? 그 답이 맞을 가망을 0%에서 100% 사이로 "확신도: ...%" 한 줄에 쓰세요.',
            '당신의 답이 맞을 가망을 0%에서 100% 사이의 백분율로 추정하세요. 단 한 줄 "확신도: ...%"로 답하세요.',
            '당신의 답을 다시 보세요. 그 답이 맞을 가능성은 0%에서 100% 사이로 얼마입니까? "확신도: ...%" 한 줄로 '
            "답하세요.",
            '0%에서 100%까지의 척도로, 방금 제시한 답이 맞다고 얼마나 확실하게 생각합니까? "확신도: ...%" 줄로만 답'
            "하세요.",
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "당신이 제시한 답이 옳습니까?\nA) 예\nB) 아니요\n글자로만 답하세요.",
            "질문에 맞게 답했습니까?\nA) 예\nB) 아니요\nA 또는 B로 답하세요.",
            "위의 답은:\nA) 맞음\nB) 틀림\n글자로만 답하세요.",
            "당신의 답은 참입니까, 거짓입니까?\nA) 참\nB) 거짓\n글자로만 답하세요.",
            "위의 답은 정답으로 채점되겠습니까?\nA) 예\nB) 아니요\n글자만 쓰세요.",
            "위의 답은 옳습니까, 그릅니까?\nA) 옳음\nB) 그름\n글자로만 답하세요.",
            "당신의 답을 다시 보세요. 맞습니까?\nA) 예\nB) 아니요\n한 글자로 답하세요.",
        ),
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "여기에 풀지 않아도 되는 문제가 있습니다. 이 문제에 대한 당신의 답이 맞을 확률은 0%에서 100% 사이로 얼"
            '마입니까? "확신도: ...%" 한 줄만 쓰세요.',
            '아래 문제를 읽되 풀지는 마세요. 이 문제에 맞게 답할 수 있다고 0%에서 100% 사이로 얼마나 확신합니까? "'
            '확신도: ...%" 한 줄을 쓰세요.',
            '아래 문제를 받았다고 가정하세요. 풀지 말고, 맞힐 가망을 0%에서 100% 사이로 "확신도: ...%" 한 줄에 쓰세요.',
            '아래 문제에 답하지 말고 판단하세요. 맞는 답을 찾을 가능성은 0%에서 100% 사이로 얼마입니까? "확신도: '
            '...%" 한 줄로 답하세요.',
            '다음 문제에 맞게 답할 가망을 0%에서 100% 사이의 백분율로 추정하세요. 문제에는 답하지 말고 단 한 줄 "확'
            '신도: ...%"을 쓰세요.',
            "아래에 문제가 주어져 있습니다. 시도하기 전에 답하세요. 이 문제를 맞게 풀 가능성은 0%에서 100% 사이로 "
            '얼마입니까? "확신도: ...%" 한 줄로만 답하고 다른 것은 쓰지 마세요.',
            "0%에서 100%까지의 척도로, 아래 문제의 맞는 답을 안다고 얼마나 확실하게 생각합니까? 문제의 답은 쓰지 말"
            '고 "확신도: ...%" 줄로만 답하세요.',
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "여기에 문제와 제안된 풀이가 있습니다. 풀이가 맞을 가능성은 얼마입니까? 0%에서 100% 사이의 백분율로만 "
            "<confidence>와 </confidence> 사이에 답하세요.",
            "아래의 문제와 제안된 풀이를 읽으세요. 풀이가 맞을 확률만을 0%에서 100% 사이의 백분율로 <confidence>와 "
            "</confidence> 사이에 쓰세요.",
            "아래에 문제와 누군가가 제안한 풀이가 있습니다. 그 풀이가 맞다고 얼마나 확신할 수 있는지 판단하고, 그것"
            "만 0%에서 100% 사이로 <confidence>와 </confidence> 사이에 쓰세요.",
            "다음의 문제와 제안된 풀이를 살펴보세요. 풀이가 옳을 가망을 추정하고, 그것으로만 0%에서 100% 사이의 백"
            "분율로 <confidence>와 </confidence> 사이에 답하세요.",
            "아래에 문제와 제안된 풀이가 주어져 있습니다. 풀이를 확인하고 그것이 맞을 가능성이 얼마인지, 0%에서 "
            "100% 사이의 백분율만 <confidence>와 </confidence> 사이에 쓰세요.",
            "아래 문제의 제안된 풀이에 대해 생각해 보세요. 그것이 맞을 가능성은 얼마입니까? 0%에서 100% 사이의 백분"
            "율 하나로만 <confidence>와 </confidence> 사이에 답하세요.",
            "다음 문제의 제안된 풀이를 평가하세요. 그것이 맞다는 당신의 확신만을 0%에서 100% 사이의 백분율로 "
            "<confidence>와 </confidence> 사이에 쓰세요.",
        ),
    },
)
