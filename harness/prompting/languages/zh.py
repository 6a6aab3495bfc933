"""What a model is asked in Chinese."""

from calibench.prompting.languages.base import Language

LANGUAGE = Language(
    "Chinese",
    {
        "Write the final answer {form}.": "请把最终答案写{form}。",
        'Write the final answer {form} and below it, on a line "Confidence: ...%", how likely it is, from 0% '
        "to 100%, that this answer is correct.": (
            "请把最终答案写{form}，并在下面一行以“置信度：...%”写出这个答案正确的可能性有多大，从0%到100%。"
        ),
        'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, that this '
        "answer is correct.": "请在答案下面一行以“置信度：...%”写出这个答案正确的可能性有多大，从0%到100%。",
        'Write the final answer {form} and below it, on a line "Confidence: ...", the probability, from 0.0 to '
        "1.0, that this answer is correct.": (
            "请把最终答案写{form}，并在下面一行以“置信度：...”写出这个答案正确的概率，从0.0到1.0。"
        ),
        'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, that this '
        "answer is correct.": "请在答案下面一行以“置信度：...”写出这个答案正确的概率，从0.0到1.0。",
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, in one of these phrases: {phrases}.": (
            "请把最终答案写{form}，并在下面一行以“置信度：...”用下列说法之一写出这个答案正确的可能性有多大：{phrases}。"
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, in '
        "one of these phrases: {phrases}.": (
            "请在答案下面一行以“置信度：...”用下列说法之一写出这个答案正确的可能性有多大：{phrases}。"
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how sure you are that this '
        "answer is correct, from 0 (certainly wrong) to 10 (certainly right).": (
            "请把最终答案写{form}，并在下面一行以“置信度：...”写出你对这个答案正确有多大把握，从0（肯定错误）到"
            "10（肯定正确）。"
        ),
        'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
        "from 0 (certainly wrong) to 10 (certainly right).": (
            "请在答案下面一行以“置信度：...”写出你对这个答案正确有多大把握，从0（肯定错误）到10（肯定正确）。"
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, as one of these letters: {bands}.": (
            "请把最终答案写{form}，并在下面一行以“置信度：...”用下列字母之一写出这个答案正确的可能性有多大：{bands}。"
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, as '
        "one of these letters: {bands}.": (
            "请在答案下面一行以“置信度：...”用下列字母之一写出这个答案正确的可能性有多大：{bands}。"
        ),
        "{letter} ({low} to {high}%)": "{letter}（{low}%到{high}%）",
        "Solve it step by step, and put the final answer {form}.": "请一步一步地解答，并把最终答案写{form}。",
        "Think step by step. Write your best answer {form}.": "请一步一步地思考。请把你最好的答案写{form}。",
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, how "
        "likely it is, from 0% to 100%, that this answer is correct, such as <confidence>80%</confidence>.": (
            "请一步一步地思考。请把你最好的答案写{form}，然后在<confidence>和</confidence>之间写出这个答案正确的可"
            "能性有多大，从0%到100%，例如<confidence>80%</confidence>。"
        ),
        "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, that "
        "this answer is correct, such as <confidence>80%</confidence>.": (
            "请在答案下面，在<confidence>和</confidence>之间写出这个答案正确的可能性有多大，从0%到100%，例如"
            "<confidence>80%</confidence>。"
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, the "
        "probability, from 0.0 to 1.0, that this answer is correct, such as <confidence>0.8</confidence>.": (
            "请一步一步地思考。请把你最好的答案写{form}，然后在<confidence>和</confidence>之间写出这个答案正确的概"
            "率，从0.0到1.0，例如<confidence>0.8</confidence>。"
        ),
        "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, that "
        "this answer is correct, such as <confidence>0.8</confidence>.": (
            "请在答案下面，在<confidence>和</confidence>之间写出这个答案正确的概率，从0.0到1.0，例如<confidence>"
            "0.8</confidence>。"
        ),
        "Think first, between <think> and </think>. Then write the final answer {form}, what speaks for and "
        "against it between <analysis> and </analysis>, and between <confidence> and </confidence> the "
        "probability, from 0.0 to 1.0, that this answer is correct.": (
            "请先在<think>和</think>之间思考。然后把最终答案写{form}，在<analysis>和</analysis>之间写出支持和反对它"
            "的理由，并在<confidence>和</confidence>之间写出这个答案正确的概率，从0.0到1.0。"
        ),
        "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
        "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.": (
            "请在答案下面，在<analysis>和</analysis>之间写出支持和反对它的理由，并在<confidence>和</confidence>之间"
            "写出这个答案正确的概率，从0.0到1.0。"
        ),
        "Give the 4 most likely answers, the likeliest first. Write each {form} with, on the line below it, "
        '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to 4. '
        "Write nothing below them.": (
            "请给出最有可能的4个答案，最有可能的排在最前。请把每个答案写{form}，并在下面一行以“概率1：...”写出它正"
            "确的概率，从0.0到1.0，编号到4为止。下面不要再写任何内容。"
        ),
        "Reply with {form} and nothing else.": "请只回答{form}，不要写其他内容。",
        "Reply with the letter of one option and nothing else.": "请只回答一个选项的字母，不要写其他内容。",
        "Write the final answer {form}. {rule}": "请把最终答案写{form}。{rule}",
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} points, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "只有当你的把握超过{t}%时才回答，因为答错扣{cost}分，答对得1分，回答“我不知道”得0分。"
        ),
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} point, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "只有当你的把握超过{t}%时才回答，因为答错扣{cost}分，答对得1分，回答“我不知道”得0分。"
        ),
        'on a line "Answer: ..."': "在“答案：...”一行",
        "between <answer> and </answer>": "在<answer>和</answer>之间",
        'on a line "Guess 1: ..."': "在“猜测1：...”一行",
        "that letter": "那个字母",
        "Answer:": "答案：",
        "in \\boxed{}": "在\\boxed{}里",
        "as one code block that starts with ```python": "成一个以```python开头的代码块",
        'as "Answer: true" or "Answer: false"': "成“答案：正确”或“答案：错误”",
        'as "Answer: yes" or "Answer: no"': "成“答案：是”或“答案：否”",
        "The answer is a number.": "答案是一个数。",
        "The answer is an integer.": "答案是一个整数。",
        "The answer is a number or an expression in LaTeX.": "答案是一个数或一个LaTeX表达式。",
        "The answer is a name or a few words.": "答案是一个名称或几个词。",
        "The answer is one word.": "答案是一个词。",
        "The answer is one of the words {labels}.": "答案是下列词语之一：{labels}。",
        "The answer is the letter of one option.": "答案是一个选项的字母。",
        "Write the Python code that the tests need, with all its imports.": (
            "请写出测试所需的Python代码，包括所有导入。"
        ),
        "Solve the problem step by step. The answer is a number.": "请一步一步地解题。答案是一个数。",
        "Solve the problem step by step. The answer is a number or an expression in LaTeX.": (
            "请一步一步地解题。答案是一个数或一个LaTeX表达式。"
        ),
        "Answer the question. The answer is a name or a few words.": "请回答问题。答案是一个名称或几个词。",
        "Think step by step. The answer is the letter of one option.": "请一步一步地思考。答案是一个选项的字母。",
        "Is this claim true or false?": "这个说法是正确的还是错误的？",
        "Think step by step whether the answer is yes or no.": "请一步一步地思考，答案是“是”还是“否”。",
        "The answer is one letter.": "答案是一个字母。",
        "The answer is one line of Python: def f(x): return ...": "答案是一行Python代码：def f(x): return ...",
        "Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.": (
            "请按字母顺序给出每个变量的T（真）或F（假），不加空格，例如两个变量时写TF。"
        ),
        "Solve the problem step by step. The answer is an integer from 0 to 999.": (
            "请一步一步地解题。答案是一个从0到999的整数。"
        ),
        "Answer the question. The answer is a name, a number, a date or a few words.": (
            "请回答问题。答案是一个名称、一个数、一个日期或几个词。"
        ),
        "Answer the question in a few words. If it cannot be answered, say that you do not know.": (
            "请用几个词回答问题。如果问题无法回答，请说你不知道。"
        ),
        "Which option is true? The answer is the letter of one option.": "哪个选项是真的？答案是一个选项的字母。",
        "Write the whole function in Python, with all its imports.": "请用Python写出整个函数，包括所有导入。",
        "Does Wikipedia support or refute this claim?": "维基百科支持还是反驳这个说法？",
        'as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)': (
            "成“答案：SUPPORTS”（说法正确）或“答案：REFUTES”（说法错误）"
        ),
        "Does the scientific literature support or contradict this claim?": "科学文献支持这个说法还是与之矛盾？",
        'as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)': (
            "成“答案：SUPPORT”（说法正确）或“答案：CONTRADICT”（说法错误）"
        ),
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the "
        "request?": "这个回复是否包含幻觉内容，即虚假的、无法核实的或与请求无关的内容？",
        'as "Answer: yes" (it does) or "Answer: no" (it does not)': "成“答案：是”（包含）或“答案：否”（不包含）",
        "true": "正确",
        "false": "错误",
        "yes": "是",
        "no": "否",
        "almost certain": "几乎肯定",
        "highly likely": "极有可能",
        "very good chance": "很可能",
        "probably": "大概",
        "likely": "可能性较高",
        "better than even": "可能性过半",
        "about even": "一半一半",
        "probably not": "大概不是",
        "unlikely": "不太可能",
        "little chance": "机会不大",
        "chances are slight": "机会很小",
        "highly unlikely": "极不可能",
        "almost no chance": "几乎不可能",
        "How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "
        '"Confidence: ...%".': "你上面的答案正确的可能性有多大，从0%到100%？请只用一行“置信度：...%”回答。",
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "你上面的答案正确吗？\nA) 是\nB) 否\n请只回答字母。"
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "下面是一道题和一个解答。请思考这个解答正确的可能性有多大，并只用从0%到100%的百分数回答，写在"
            "<confidence>和</confidence>之间。"
        ),
        "Problem:": "题目：",
        "Proposed solution:": "解答：",
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "下面是一道题。请不要解答。你能答对它的可能性有多大，从0%到100%？请只用一行“置信度：...%”回答。"
        ),
        "List the 4 most likely answers to the problem: first your answer above, in the same words, then 3 others. "
        'Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, '
        "from 0.0 to 1.0, that it is correct, and number them up to 4. Write nothing else.": (
            "请列出这道题最有可能的4个答案：先是你上面的答案，用同样的话，然后是另外3个。请把每个答案写在“猜测1："
            "...”一行，并在下面一行以“概率1：...”写出它正确的概率，从0.0到1.0，编号到4为止。不要写其他内容。"
        ),
        "Suppose that your answer above is wrong. List the 4 other answers to the problem that are most likely to "
        'be right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to '
        "4. Write nothing else.\nBelow are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes"
        "\nB) No\nReply with the letter only.": (
            "假设你上面的答案是错误的。请列出在这种情况下这道题最有可能正确的另外4个答案，每个都和你的答案一样简短"
            "：把每个答案写在“猜测1：...”一行，编号到4为止。不要写其他内容。\n下面是一道题和一个建议的答案。这个建"
            "议的答案正确吗？\nA) 是\nB) 否\n请只回答字母。"
        ),
        "Below are a question and two answers to it. If the first answer is correct, must the second one be "
        "correct too?\nA) Yes\nB) No\nReply with the letter only.": (
            "下面是一个问题和它的两个答案。如果第一个答案正确，第二个答案是否也一定正确？\nA) 是\nB) 否\n请只回答字母。"
        ),
        "Proposed answer:": "建议的答案：",
        "Question:": "问题：",
        "First answer:": "第一个答案：",
        "Second answer:": "第二个答案：",
    },
    wordings={
        'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: '
        '...%".': (
            "你给出的答案正确的概率是多少，从0%到100%？请只写一行“置信度：...%”。",
            "你有多确定你的答案是对的，从0%到100%？请给出一行“置信度：...%”。",
            "请评估你对上面的答案正确的信心，从0%（肯定错误）到100%（肯定正确）。请只用一行“置信度：...%”回答。",
            "你对上面的答案有多大信心？请在“置信度：...%”一行说明它正确的机会，从0%到100%。",
            "请估计你的答案正确的机会，用从0%到100%的百分数表示。请用单独一行“置信度：...%”回答。",
            "请再看一遍你的答案。它正确的可能性有多大，从0%到100%？请只用一行“置信度：...%”回答。",
            "在0%到100%的范围内，你有多肯定你刚才给出的答案是正确的？请只回答“置信度：...%”这一行。",
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "你给出的答案对吗？\nA) 是\nB) 否\n请只回答字母。",
            "你是否正确地回答了问题？\nA) 是\nB) 否\n请回答A或B。",
            "你上面的答案是：\nA) 正确的\nB) 错误的\n请只回答字母。",
            "你的答案是真还是假？\nA) 真\nB) 假\n请只回答字母。",
            "你上面的答案会被判为正确吗？\nA) 是\nB) 否\n请只写字母。",
            "上面的答案是对还是错？\nA) 对\nB) 错\n请只回答字母。",
            "请再看一遍你的答案。它正确吗？\nA) 是\nB) 否\n请用一个字母回答。",
        ),
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "这里有一道你不必解答的题。你对它的回答会正确的概率是多少，从0%到100%？请只写一行“置信度：...%”。",
            "请阅读下面的题，但不要去做。你有多确定自己能答对它，从0%到100%？请给出一行“置信度：...%”。",
            "假设有人问你下面这道题。请不要解答，在“置信度：...%”一行说明你会做对的机会，从0%到100%。",
            "请判断下面这道题而不作答：你找到正确答案的可能性有多大，从0%到100%？请只用一行“置信度：...%”回答。",
            "请用从0%到100%的百分数估计你会答对下面这道题的机会。请不要作答，写单独一行“置信度：...%”。",
            "下面给出一道题。在你尝试之前：你会正确解答它的可能性有多大，从0%到100%？请只用一行“置信度：...%”回答，"
            "不要写其他内容。",
            "在0%到100%的范围内，你有多肯定自己知道下面这道题的正确答案？请不要给出答案；只回答“置信度：...%”这一行。",
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "这里有一道题和一个解答。这个解答正确的可能性有多大？请只用从0%到100%的百分数回答，写在<confidence>和"
            "</confidence>之间。",
            "请阅读下面的题和解答。请给出这个解答正确的概率，不要写其他内容，用从0%到100%的百分数，写在<confidence>"
            "和</confidence>之间。",
            "下面有一道题和某人提出的解答。请判断可以有多大把握认为它是正确的，并只写这一点，从0%到100%，写在"
            "<confidence>和</confidence>之间。",
            "请考虑下面的题和解答。请估计这个解答正确的机会，并只以此回答，用从0%到100%的百分数，写在<confidence>和"
            "</confidence>之间。",
            "下面给出一道题和一个解答。请检查这个解答，并说明它正确的可能性有多大：只写一个从0%到100%的百分数，写在"
            "<confidence>和</confidence>之间。",
            "请思考下面这道题的解答。它正确的可能性有多大？请只回答一个从0%到100%的百分数，写在<confidence>和"
            "</confidence>之间。",
            "请评价下面这道题的解答。请说明你认为它正确的信心，并且只写这一点，用从0%到100%的百分数，写在"
            "<confidence>和</confidence>之间。",
        ),
    },
)
