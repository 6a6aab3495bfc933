"""What a model is asked in Japanese."""

from calibench.prompting.languages.base import Language

LANGUAGE = Language(
    "Japanese",
    {
        "Write the final answer {form}.": "最終的な答えを{form}書いてください。",
        'Write the final answer {form} and below it, on a line "Confidence: ...%", how likely it is, from 0% '
        "to 100%, that this answer is correct.": (
            "最終的な答えを{form}書き、その下の「確信度：...%」という行に、この答えが正しい可能性を0%から100%で"
            "書いてください。"
        ),
        'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, that this '
        "answer is correct.": (
            "答えの下の「確信度：...%」という行に、この答えが正しい可能性を0%から100%で書いてください。"
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", the probability, from 0.0 to '
        "1.0, that this answer is correct.": (
            "最終的な答えを{form}書き、その下の「確信度：...」という行に、この答えが正しい確率を0.0から1.0で書"
            "いてください。"
        ),
        'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, that this '
        "answer is correct.": (
            "答えの下の「確信度：...」という行に、この答えが正しい確率を0.0から1.0で書いてください。"
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, in one of these phrases: {phrases}.": (
            "最終的な答えを{form}書き、その下の「確信度：...」という行に、この答えが正しい可能性を次の表現の一"
            "つで書いてください：{phrases}。"
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, in '
        "one of these phrases: {phrases}.": (
            "答えの下の「確信度：...」という行に、この答えが正しい可能性を次の表現の一つで書いてください：{phrases}。"
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how sure you are that this '
        "answer is correct, from 0 (certainly wrong) to 10 (certainly right).": (
            "最終的な答えを{form}書き、その下の「確信度：...」という行に、この答えが正しいとどれくらい確信して"
            "いるかを0（確実に誤り）から10（確実に正しい）で書いてください。"
        ),
        'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
        "from 0 (certainly wrong) to 10 (certainly right).": (
            "答えの下の「確信度：...」という行に、この答えが正しいとどれくらい確信しているかを0（確実に誤り）か"
            "ら10（確実に正しい）で書いてください。"
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, as one of these letters: {bands}.": (
            "最終的な答えを{form}書き、その下の「確信度：...」という行に、この答えが正しい可能性を次の文字の一"
            "つで書いてください：{bands}。"
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, as '
        "one of these letters: {bands}.": (
            "答えの下の「確信度：...」という行に、この答えが正しい可能性を次の文字の一つで書いてください：{bands}。"
        ),
        "{letter} ({low} to {high}%)": "{letter}（{low}～{high}%）",
        "Solve it step by step, and put the final answer {form}.": (
            "順を追って解き、最終的な答えを{form}書いてください。"
        ),
        "Think step by step. Write your best answer {form}.": (
            "順を追って考えてください。最良と思う答えを{form}書いてください。"
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, how "
        "likely it is, from 0% to 100%, that this answer is correct, such as <confidence>80%</confidence>.": (
            "順を追って考えてください。最良と思う答えを{form}書き、続いて<confidence>と</confidence>の間に、この答"
            "えが正しい可能性を0%から100%で、たとえば<confidence>80%</confidence>のように書いてください。"
        ),
        "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, that "
        "this answer is correct, such as <confidence>80%</confidence>.": (
            "答えの下に、<confidence>と</confidence>の間に、この答えが正しい可能性を0%から100%で、たとえば"
            "<confidence>80%</confidence>のように書いてください。"
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, the "
        "probability, from 0.0 to 1.0, that this answer is correct, such as <confidence>0.8</confidence>.": (
            "順を追って考えてください。最良と思う答えを{form}書き、続いて<confidence>と</confidence>の間に、この答"
            "えが正しい確率を0.0から1.0で、たとえば<confidence>0.8</confidence>のように書いてください。"
        ),
        "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, that "
        "this answer is correct, such as <confidence>0.8</confidence>.": (
            "答えの下に、<confidence>と</confidence>の間に、この答えが正しい確率を0.0から1.0で、たとえば"
            "<confidence>0.8</confidence>のように書いてください。"
        ),
        "Think first, between <think> and </think>. Then write the final answer {form}, what speaks for and "
        "against it between <analysis> and </analysis>, and between <confidence> and </confidence> the "
        "probability, from 0.0 to 1.0, that this answer is correct.": (
            "まず<think>と</think>の間で考えてください。次に、最終的な答えを{form}書き、それを支持する点と否定する"
            "点を<analysis>と</analysis>の間に、この答えが正しい確率を0.0から1.0で<confidence>と</confidence>の間に"
            "書いてください。"
        ),
        "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
        "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.": (
            "答えの下に、それを支持する点と否定する点を<analysis>と</analysis>の間に、この答えが正しい確率を0.0から"
            "1.0で<confidence>と</confidence>の間に書いてください。"
        ),
        "Give the 4 most likely answers, the likeliest first. Write each {form} with, on the line below it, "
        '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to 4. '
        "Write nothing below them.": (
            "最も可能性の高い4つの答えを、可能性の高い順に挙げてください。それぞれを{form}書き、その下の「確率1："
            "...」という行に、それが正しい確率を0.0から1.0で書き、4まで番号を付けてください。その下には何も書かない"
            "でください。"
        ),
        "Reply with {form} and nothing else.": "{form}だけを答え、ほかには何も書かないでください。",
        "Reply with the letter of one option and nothing else.": (
            "選択肢の文字を一つだけ答え、ほかには何も書かないでください。"
        ),
        "Write the final answer {form}. {rule}": "最終的な答えを{form}書いてください。{rule}",
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} points, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "確信が{t}%を超える場合にだけ答えてください。誤った答えは{cost}点を失い、正しい答えは1点を得て、「"
            "わかりません」という答えは0点です。"
        ),
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} point, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "確信が{t}%を超える場合にだけ答えてください。誤った答えは{cost}点を失い、正しい答えは1点を得て、「"
            "わかりません」という答えは0点です。"
        ),
        'on a line "Answer: ..."': "「答え：...」という行に",
        "between <answer> and </answer>": "<answer>と</answer>の間に",
        'on a line "Guess 1: ..."': "「推測1：...」という行に",
        "that letter": "その文字",
        "Answer:": "答え：",
        "in \\boxed{}": "\\boxed{}の中に",
        "as one code block that starts with ```python": "```pythonで始まる一つのコードブロックとして",
        'as "Answer: true" or "Answer: false"': "「答え：正しい」または「答え：誤り」と",
        'as "Answer: yes" or "Answer: no"': "「答え：はい」または「答え：いいえ」と",
        "The answer is a number.": "答えは数です。",
        "The answer is an integer.": "答えは整数です。",
        "The answer is a number or an expression in LaTeX.": "答えは数またはLaTeXの式です。",
        "The answer is a name or a few words.": "答えは名前または数語です。",
        "The answer is one word.": "答えは一語です。",
        "The answer is one of the words {labels}.": "答えは次の語の一つです：{labels}。",
        "The answer is the letter of one option.": "答えは選択肢の文字です。",
        "Write the Python code that the tests need, with all its imports.": (
            "テストに必要なPythonコードを、すべてのインポートを含めて書いてください。"
        ),
        "Solve the problem step by step. The answer is a number.": "問題を順を追って解いてください。答えは数です。",
        "Solve the problem step by step. The answer is a number or an expression in LaTeX.": (
            "問題を順を追って解いてください。答えは数またはLaTeXの式です。"
        ),
        "Answer the question. The answer is a name or a few words.": (
            "質問に答えてください。答えは名前または数語です。"
        ),
        "Think step by step. The answer is the letter of one option.": (
            "順を追って考えてください。答えは選択肢の文字です。"
        ),
        "Is this claim true or false?": "この主張は正しいですか、誤りですか？",
        "Think step by step whether the answer is yes or no.": (
            "答えが「はい」か「いいえ」か、順を追って考えてください。"
        ),
        "The answer is one letter.": "答えは一文字のアルファベットです。",
        "The answer is one line of Python: def f(x): return ...": "答えはPythonの一行です：def f(x): return ...",
        "Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.": (
            "各変数についてT（真）またはF（偽）を、アルファベット順に空白なしで、たとえば二つならTFのように示してく"
            "ださい。"
        ),
        "Solve the problem step by step. The answer is an integer from 0 to 999.": (
            "問題を順を追って解いてください。答えは0から999までの整数です。"
        ),
        "Answer the question. The answer is a name, a number, a date or a few words.": (
            "質問に答えてください。答えは名前、数、日付または数語です。"
        ),
        "Answer the question in a few words. If it cannot be answered, say that you do not know.": (
            "質問に数語で答えてください。答えられない質問であれば、わからないと言ってください。"
        ),
        "Which option is true? The answer is the letter of one option.": (
            "どの選択肢が真実ですか？答えは選択肢の文字です。"
        ),
        "Write the whole function in Python, with all its imports.": (
            "関数全体をPythonで、すべてのインポートを含めて書いてください。"
        ),
        "Does Wikipedia support or refute this claim?": (
            "ウィキペディアはこの主張を裏付けていますか、それとも否定していますか？"
        ),
        'as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)': (
            "「答え：SUPPORTS」（主張は正しい）または「答え：REFUTES」（主張は誤り）と"
        ),
        "Does the scientific literature support or contradict this claim?": (
            "科学文献はこの主張を裏付けていますか、それとも矛盾していますか？"
        ),
        'as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)': (
            "「答え：SUPPORT」（主張は正しい）または「答え：CONTRADICT」（主張は誤り）と"
        ),
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the request?": (
            "この応答には、幻覚による内容、つまり虚偽の内容、検証できない内容、または依頼と無関係な内容が含まれてい"
            "ますか？"
        ),
        'as "Answer: yes" (it does) or "Answer: no" (it does not)': (
            "「答え：はい」（含まれている）または「答え：いいえ」（含まれていない）と"
        ),
        "true": "正しい",
        "false": "誤り",
        "yes": "はい",
        "no": "いいえ",
        "almost certain": "ほぼ確実",
        "highly likely": "非常に可能性が高い",
        "very good chance": "かなり可能性が高い",
        "probably": "おそらく",
        "likely": "可能性が高い",
        "better than even": "五分以上",
        "about even": "五分五分",
        "probably not": "おそらく違う",
        "unlikely": "可能性が低い",
        "little chance": "見込みは少ない",
        "chances are slight": "見込みはわずか",
        "highly unlikely": "非常に可能性が低い",
        "almost no chance": "ほぼあり得ない",
        "How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "
        '"Confidence: ...%".': (
            "上のあなたの答えが正しい可能性は、0%から100%で、どれくらいですか？「確信度：...%」という一行だけで"
            "答えてください。"
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "上のあなたの答えは正しいですか？\nA) はい\nB) いいえ\n文字だけで答えてください。"
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "以下に問題と解答案があります。解答が正しい可能性がどれくらいかをよく考え、0%から100%の百分率だけを"
            "、<confidence>と</confidence>の間に書いて答えてください。"
        ),
        "Problem:": "問題：",
        "Proposed solution:": "解答案：",
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "以下に問題があります。解かないでください。あなたがこれに正しく答えられる可能性は、0%から100%で、ど"
            "れくらいですか？「確信度：...%」という一行だけで答えてください。"
        ),
        "List the 4 most likely answers to the problem: first your answer above, in the same words, then 3 others. "
        'Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, '
        "from 0.0 to 1.0, that it is correct, and number them up to 4. Write nothing else.": (
            "この問題の最も可能性の高い4つの答えを挙げてください。最初は上のあなたの答えを同じ言葉で、続いてほかの3"
            "つを挙げます。それぞれを「推測1：...」という行に書き、その下の「確率1：...」という行に、それが正しい確"
            "率を0.0から1.0で書き、4まで番号を付けてください。ほかには何も書かないでください。"
        ),
        "Suppose that your answer above is wrong. List the 4 other answers to the problem that are most likely to "
        'be right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to '
        "4. Write nothing else.\nBelow are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes"
        "\nB) No\nReply with the letter only.": (
            "上のあなたの答えが誤りだとします。その場合に正しい可能性が最も高い、この問題のほかの4つの答えを、それ"
            "ぞれあなたの答えと同じくらい短く挙げてください。それぞれを「推測1：...」という行に書き、4まで番号を付"
            "けてください。ほかには何も書かないでください。\n以下に問題と回答案があります。回答案は正しいですか？\n"
            "A) はい\nB) いいえ\n文字だけで答えてください。"
        ),
        "Below are a question and two answers to it. If the first answer is correct, must the second one be "
        "correct too?\nA) Yes\nB) No\nReply with the letter only.": (
            "以下に質問とそれに対する二つの答えがあります。一つ目の答えが正しければ、二つ目の答えも必ず正しいですか"
            "？\nA) はい\nB) いいえ\n文字だけで答えてください。"
        ),
        "Proposed answer:": "回答案：",
        "Question:": "質問：",
        "First answer:": "一つ目の答え：",
        "Second answer:": "二つ目の答え：",
    },
    wordings={
        'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: '
        '...%".': (
            "あなたが出した答えが正しい確率は、0%から100%で、どれくらいですか？「確信度：...%」という一行だけを書い"
            "てください。",
            "あなたの答えが合っていることに、0%から100%で、どれくらい確信がありますか？「確信度：...%」という一行を"
            "示してください。",
            "上のあなたの答えが正しいという確信を、0%（確実に誤り）から100%（確実に正しい）で評価してください。「確"
            "信度：...%」という一行だけで答えてください。",
            "上の答えにどれくらい自信がありますか？それが正しい見込みを、0%から100%で、「確信度：...%」という一行に"
            "書いてください。",
            "あなたの答えが正しい見込みを、0%から100%の百分率で見積もってください。「確信度：...%」というただ一行で"
            "答えてください。",
            "あなたの答えをもう一度見てください。それが正しい可能性は、0%から100%で、どれくらいですか？「確信度："
            "...%」という一行だけで答えてください。",
            "0%から100%の尺度で、たった今あなたが出した答えが正しいことはどれくらい確かですか？「確信度：...%」とい"
            "う行だけで答えてください。",
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "あなたが出した答えは合っていますか？\nA) はい\nB) いいえ\n文字だけで答えてください。",
            "あなたは質問に正しく答えましたか？\nA) はい\nB) いいえ\nAまたはBで答えてください。",
            "上のあなたの答えは：\nA) 正しい\nB) 正しくない\n文字だけで答えてください。",
            "あなたの答えは真ですか、偽ですか？\nA) 真\nB) 偽\n文字だけで答えてください。",
            "上のあなたの答えは正解と採点されますか？\nA) はい\nB) いいえ\n文字だけを書いてください。",
            "上の答えは正しいですか、間違っていますか？\nA) 正しい\nB) 間違っている\n文字だけで答えてください。",
            "あなたの答えをもう一度見てください。それは正しいですか？\nA) はい\nB) いいえ\n一文字で答えてください。",
        ),
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "ここに、解かなくてよい問題があります。これに対するあなたの答えが正しくなる確率は、0%から100%で、どれく"
            "らいですか？「確信度：...%」という一行だけを書いてください。",
            "以下の問題を読み、しかし取り組まないでください。これに正しく答えられることに、0%から100%で、どれくらい"
            "確信がありますか？「確信度：...%」という一行を示してください。",
            "以下の問題を出されたとします。解かずに、正解できる見込みを、0%から100%で、「確信度：...%」という一行に"
            "書いてください。",
            "以下の問題を、答えずに判断してください。あなたが正しい答えを見つける可能性は、0%から100%で、どれくらい"
            "ですか？「確信度：...%」という一行だけで答えてください。",
            "次の問題にあなたが正しく答えられる見込みを、0%から100%の百分率で見積もってください。問題には答えず、「"
            "確信度：...%」というただ一行を書いてください。",
            "以下に問題が示されています。取り組む前に答えてください。これを正しく解ける可能性は、0%から100%で、どれ"
            "くらいですか？「確信度：...%」という一行だけで答え、ほかには何も書かないでください。",
            "0%から100%の尺度で、以下の問題の正しい答えを知っていることはどれくらい確かですか？問題の答えは示さず、"
            "「確信度：...%」という行だけで答えてください。",
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "ここに問題と解答案があります。解答が正しい可能性はどれくらいですか？0%から100%の百分率だけを、"
            "<confidence>と</confidence>の間に書いて答えてください。",
            "以下の問題と解答案を読んでください。解答が正しい確率だけを、0%から100%の百分率で、<confidence>と"
            "</confidence>の間に書いてください。",
            "以下に問題と、ある人が提案した解答があります。それが正しいとどれくらい確信できるかを判断し、それだけを"
            "0%から100%で、<confidence>と</confidence>の間に書いてください。",
            "次の問題と解答案を検討してください。解答が合っている見込みを見積もり、それだけを0%から100%の百分率で、"
            "<confidence>と</confidence>の間に書いて答えてください。",
            "以下に問題と解答案が示されています。解答を確認し、それが正しい可能性がどれくらいかを、0%から100%の百分"
            "率だけで、<confidence>と</confidence>の間に書いてください。",
            "以下の問題の解答案について考えてください。それが正しい可能性はどれくらいですか？0%から100%の百分率のみ"
            "を、<confidence>と</confidence>の間に書いて答えてください。",
            "次の問題の解答案を評価してください。それが正しいというあなたの確信を、それだけを、0%から100%の百分率で"
            "、<confidence>と</confidence>の間に書いてください。",
        ),
    },
)
