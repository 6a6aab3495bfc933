"""What a model is asked in Arabic."""

from calibench.prompting.languages.base import Language

LANGUAGE = Language(
    "Arabic",
    {
        "Write the final answer {form}.": "اكتب الإجابة النهائية {form}.",
        'Write the final answer {form} and below it, on a line "Confidence: ...%", how likely it is, from 0% '
        "to 100%, that this answer is correct.": (
            'اكتب الإجابة النهائية {form}، وتحتها في سطر "الثقة: ...%" مدى احتمال أن تكون هذه الإجابة صحيحة، '
            "من 0% إلى 100%."
        ),
        'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, that this '
        "answer is correct.": (
            'تحت الإجابة، اكتب في سطر "الثقة: ...%" مدى احتمال أن تكون هذه الإجابة صحيحة، من 0% إلى 100%.'
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", the probability, from 0.0 to '
        "1.0, that this answer is correct.": (
            'اكتب الإجابة النهائية {form}، وتحتها في سطر "الثقة: ..." احتمال أن تكون هذه الإجابة صحيحة، من 0.0 إلى 1.0.'
        ),
        'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, that this '
        "answer is correct.": (
            'تحت الإجابة، اكتب في سطر "الثقة: ..." احتمال أن تكون هذه الإجابة صحيحة، من 0.0 إلى 1.0.'
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, in one of these phrases: {phrases}.": (
            'اكتب الإجابة النهائية {form}، وتحتها في سطر "الثقة: ..." مدى احتمال أن تكون هذه الإجابة صحيحة، '
            "بإحدى هذه العبارات: {phrases}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, in '
        "one of these phrases: {phrases}.": (
            'تحت الإجابة، اكتب في سطر "الثقة: ..." مدى احتمال أن تكون هذه الإجابة صحيحة، بإحدى هذه العبارات: {phrases}.'
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how sure you are that this '
        "answer is correct, from 0 (certainly wrong) to 10 (certainly right).": (
            'اكتب الإجابة النهائية {form}، وتحتها في سطر "الثقة: ..." مدى تأكدك من صحة هذه الإجابة، من 0 '
            "(خاطئة حتما) إلى 10 (صحيحة حتما)."
        ),
        'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
        "from 0 (certainly wrong) to 10 (certainly right).": (
            'تحت الإجابة، اكتب في سطر "الثقة: ..." مدى تأكدك من صحة هذه الإجابة، من 0 (خاطئة حتما) إلى 10 (صحيحة حتما).'
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, as one of these letters: {bands}.": (
            'اكتب الإجابة النهائية {form}، وتحتها في سطر "الثقة: ..." مدى احتمال أن تكون هذه الإجابة صحيحة، '
            "بأحد هذه الحروف: {bands}."
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, as '
        "one of these letters: {bands}.": (
            'تحت الإجابة، اكتب في سطر "الثقة: ..." مدى احتمال أن تكون هذه الإجابة صحيحة، بأحد هذه الحروف: {bands}.'
        ),
        "{letter} ({low} to {high}%)": "{letter} (من {low} إلى {high}%)",
        "Solve it step by step, and put the final answer {form}.": (
            "حل المسألة خطوة بخطوة، وضع الإجابة النهائية {form}."
        ),
        "Think step by step. Write your best answer {form}.": "فكر خطوة بخطوة. اكتب أفضل إجابة لديك {form}.",
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, how "
        "likely it is, from 0% to 100%, that this answer is correct, such as <confidence>80%</confidence>.": (
            "فكر خطوة بخطوة. اكتب أفضل إجابة لديك {form}، ثم بين <confidence> و </confidence> مدى احتمال أن تكون "
            "هذه الإجابة صحيحة، من 0% إلى 100%، مثل <confidence>80%</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, that "
        "this answer is correct, such as <confidence>80%</confidence>.": (
            "تحت الإجابة، اكتب بين <confidence> و </confidence> مدى احتمال أن تكون هذه الإجابة صحيحة، من 0% إلى "
            "100%، مثل <confidence>80%</confidence>."
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, the "
        "probability, from 0.0 to 1.0, that this answer is correct, such as <confidence>0.8</confidence>.": (
            "فكر خطوة بخطوة. اكتب أفضل إجابة لديك {form}، ثم بين <confidence> و </confidence> احتمال أن تكون هذه "
            "الإجابة صحيحة، من 0.0 إلى 1.0، مثل <confidence>0.8</confidence>."
        ),
        "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, that "
        "this answer is correct, such as <confidence>0.8</confidence>.": (
            "تحت الإجابة، اكتب بين <confidence> و </confidence> احتمال أن تكون هذه الإجابة صحيحة، من 0.0 إلى 1.0، "
            "مثل <confidence>0.8</confidence>."
        ),
        "Think first, between <think> and </think>. Then write the final answer {form}, what speaks for and "
        "against it between <analysis> and </analysis>, and between <confidence> and </confidence> the "
        "probability, from 0.0 to 1.0, that this answer is correct.": (
            "فكر أولا بين <think> و </think>. ثم اكتب الإجابة النهائية {form}، وما يؤيدها وما يعارضها بين "
            "<analysis> و </analysis>، وبين <confidence> و </confidence> احتمال أن تكون هذه الإجابة صحيحة، من 0.0 "
            "إلى 1.0."
        ),
        "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
        "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.": (
            "تحت الإجابة، اكتب ما يؤيدها وما يعارضها بين <analysis> و </analysis>، وبين <confidence> و "
            "</confidence> احتمال أن تكون هذه الإجابة صحيحة، من 0.0 إلى 1.0."
        ),
        "Give the 4 most likely answers, the likeliest first. Write each {form} with, on the line below it, "
        '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to 4. '
        "Write nothing below them.": (
            "اذكر الإجابات الأربع الأكثر احتمالا، بدءا بالأكثر احتمالا. اكتب كل إجابة {form}، وفي السطر الذي تحتها "
            '"الاحتمال 1: ..." احتمال أن تكون صحيحة، من 0.0 إلى 1.0، ورقمها حتى 4. لا تكتب شيئا تحتها.'
        ),
        "Reply with {form} and nothing else.": "أجب {form} ولا تكتب شيئا آخر.",
        "Reply with the letter of one option and nothing else.": "أجب بحرف أحد الخيارات ولا تكتب شيئا آخر.",
        "Write the final answer {form}. {rule}": "اكتب الإجابة النهائية {form}. {rule}",
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} points, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "أجب فقط إذا كنت متأكدا بأكثر من {t}%، لأن الإجابة الخاطئة تكلف {cost} نقطة، والإجابة الصحيحة تكسب "
            'نقطة واحدة، والإجابة "لا أعرف" تكسب 0 نقطة.'
        ),
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} point, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "أجب فقط إذا كنت متأكدا بأكثر من {t}%، لأن الإجابة الخاطئة تكلف {cost} نقطة، والإجابة الصحيحة تكسب "
            'نقطة واحدة، والإجابة "لا أعرف" تكسب 0 نقطة.'
        ),
        'on a line "Answer: ..."': 'في سطر "الإجابة: ..."',
        "between <answer> and </answer>": "بين <answer> و </answer>",
        'on a line "Guess 1: ..."': 'في سطر "التخمين 1: ..."',
        "that letter": "بذلك الحرف",
        "Answer:": "الإجابة:",
        "in \\boxed{}": "داخل \\boxed{}",
        "as one code block that starts with ```python": "ككتلة برمجية واحدة تبدأ بـ ```python",
        'as "Answer: true" or "Answer: false"': 'بالشكل "الإجابة: صحيح" أو "الإجابة: خطأ"',
        'as "Answer: yes" or "Answer: no"': 'بالشكل "الإجابة: نعم" أو "الإجابة: لا"',
        "The answer is a number.": "الإجابة عدد.",
        "The answer is an integer.": "الإجابة عدد صحيح.",
        "The answer is a number or an expression in LaTeX.": "الإجابة عدد أو عبارة رياضية بصيغة LaTeX.",
        "The answer is a name or a few words.": "الإجابة اسم أو بضع كلمات.",
        "The answer is one word.": "الإجابة كلمة واحدة.",
        "The answer is one of the words {labels}.": "الإجابة إحدى الكلمات {labels}.",
        "The answer is the letter of one option.": "الإجابة هي حرف أحد الخيارات.",
        "Write the Python code that the tests need, with all its imports.": (
            "اكتب شيفرة Python التي تحتاجها الاختبارات، مع جميع عمليات الاستيراد."
        ),
        "Solve the problem step by step. The answer is a number.": "حل المسألة خطوة بخطوة. الإجابة عدد.",
        "Solve the problem step by step. The answer is a number or an expression in LaTeX.": (
            "حل المسألة خطوة بخطوة. الإجابة عدد أو عبارة رياضية بصيغة LaTeX."
        ),
        "Answer the question. The answer is a name or a few words.": "أجب عن السؤال. الإجابة اسم أو بضع كلمات.",
        "Think step by step. The answer is the letter of one option.": ("فكر خطوة بخطوة. الإجابة هي حرف أحد الخيارات."),
        "Is this claim true or false?": "هل هذه العبارة صحيحة أم خاطئة؟",
        "Think step by step whether the answer is yes or no.": "فكر خطوة بخطوة هل الإجابة نعم أم لا.",
        "The answer is one letter.": "الإجابة حرف لاتيني واحد.",
        "The answer is one line of Python: def f(x): return ...": "الإجابة سطر واحد بلغة Python: def f(x): return ...",
        "Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.": (
            "اذكر T (صواب) أو F (خطأ) لكل متغير، بالترتيب الأبجدي وبلا مسافات، مثل TF لمتغيرين."
        ),
        "Solve the problem step by step. The answer is an integer from 0 to 999.": (
            "حل المسألة خطوة بخطوة. الإجابة عدد صحيح من 0 إلى 999."
        ),
        "Answer the question. The answer is a name, a number, a date or a few words.": (
            "أجب عن السؤال. الإجابة اسم أو عدد أو تاريخ أو بضع كلمات."
        ),
        "Answer the question in a few words. If it cannot be answered, say that you do not know.": (
            "أجب عن السؤال ببضع كلمات. إذا تعذرت الإجابة عنه، فقل إنك لا تعرف."
        ),
        "Which option is true? The answer is the letter of one option.": "أي خيار صحيح؟ الإجابة هي حرف أحد الخيارات.",
        "Write the whole function in Python, with all its imports.": (
            "اكتب الدالة كاملة بلغة Python، مع جميع عمليات الاستيراد."
        ),
        "Does Wikipedia support or refute this claim?": "هل تؤيد ويكيبيديا هذه العبارة أم تدحضها؟",
        'as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)': (
            'بالشكل "الإجابة: SUPPORTS" (العبارة صحيحة) أو "الإجابة: REFUTES" (العبارة خاطئة)'
        ),
        "Does the scientific literature support or contradict this claim?": (
            "هل تؤيد الأدبيات العلمية هذه العبارة أم تناقضها؟"
        ),
        'as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)': (
            'بالشكل "الإجابة: SUPPORT" (العبارة صحيحة) أو "الإجابة: CONTRADICT" (العبارة خاطئة)'
        ),
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the "
        "request?": "هل يحتوي الرد على هلوسة: شيء خاطئ أو لا يمكن التحقق منه أو لا صلة له بالطلب؟",
        'as "Answer: yes" (it does) or "Answer: no" (it does not)': (
            'بالشكل "الإجابة: نعم" (يحتوي) أو "الإجابة: لا" (لا يحتوي)'
        ),
        "true": "صحيح",
        "false": "خطأ",
        "yes": "نعم",
        "no": "لا",
        "almost certain": "شبه مؤكد",
        "highly likely": "محتمل جدا",
        "very good chance": "فرصة جيدة جدا",
        "probably": "على الأرجح",
        "likely": "محتمل",
        "better than even": "أكثر احتمالا من عدمه",
        "about even": "مناصفة",
        "probably not": "على الأرجح لا",
        "unlikely": "غير محتمل",
        "little chance": "فرصة قليلة",
        "chances are slight": "فرصة ضئيلة",
        "highly unlikely": "غير محتمل جدا",
        "almost no chance": "شبه مستحيل",
        "How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "
        '"Confidence: ...%".': (
            'ما مدى احتمال أن تكون إجابتك أعلاه صحيحة، من 0% إلى 100%؟ أجب بسطر واحد "الثقة: ...%".'
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "هل إجابتك أعلاه صحيحة؟\nA) نعم\nB) لا\nأجب بالحرف فقط."
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "فيما يلي مسألة وحل مقترح. فكر في مدى احتمال أن يكون الحل صحيحا، وأجب بذلك فقط، كنسبة مئوية من 0% "
            "إلى 100%، بين <confidence> و </confidence>."
        ),
        "Problem:": "المسألة:",
        "Proposed solution:": "الحل المقترح:",
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "فيما يلي مسألة. لا تحلها. ما مدى احتمال أن تجيب عنها إجابة صحيحة، من 0% إلى 100%؟ أجب بسطر واحد "
            '"الثقة: ...%".'
        ),
        "List the 4 most likely answers to the problem: first your answer above, in the same words, then 3 others. "
        'Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, '
        "from 0.0 to 1.0, that it is correct, and number them up to 4. Write nothing else.": (
            "اذكر الإجابات الأربع الأكثر احتمالا للمسألة: أولا إجابتك أعلاه بالكلمات نفسها، ثم 3 إجابات أخرى. اكتب "
            'كل إجابة في سطر "التخمين 1: ..."، وفي السطر الذي تحتها "الاحتمال 1: ..." احتمال أن تكون صحيحة، من 0.0 '
            "إلى 1.0، ورقمها حتى 4. لا تكتب شيئا آخر."
        ),
        "Suppose that your answer above is wrong. List the 4 other answers to the problem that are most likely to "
        'be right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to '
        "4. Write nothing else.\nBelow are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes"
        "\nB) No\nReply with the letter only.": (
            "افترض أن إجابتك أعلاه خاطئة. اذكر الإجابات الأربع الأخرى للمسألة التي يرجح عندئذ أن تكون صحيحة، على "
            'أن تكون كل منها قصيرة مثل إجابتك: اكتب كل إجابة في سطر "التخمين 1: ..."، ورقمها حتى 4. لا تكتب شيئا '
            "آخر.\nفيما يلي مسألة وإجابة مقترحة. هل الإجابة المقترحة صحيحة؟\nA) نعم\nB) لا\nأجب بالحرف فقط."
        ),
        "Below are a question and two answers to it. If the first answer is correct, must the second one be "
        "correct too?\nA) Yes\nB) No\nReply with the letter only.": (
            "فيما يلي سؤال وإجابتان عنه. إذا كانت الإجابة الأولى صحيحة، فهل يلزم أن تكون الثانية صحيحة أيضا؟\nA) "
            "نعم\nB) لا\nأجب بالحرف فقط."
        ),
        "Proposed answer:": "الإجابة المقترحة:",
        "Question:": "السؤال:",
        "First answer:": "الإجابة الأولى:",
        "Second answer:": "الإجابة الثانية:",
    },
    wordings={
        'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: '
        '...%".': (
            'ما احتمال أن تكون الإجابة التي قدمتها صحيحة، من 0% إلى 100%؟ اكتب سطرا واحدا فقط، "الثقة: ...%".',
            'إلى أي مدى أنت متأكد، من 0% إلى 100%، من أن إجابتك صحيحة؟ أعط سطرا واحدا، "الثقة: ...%".',
            'قيّم ثقتك في أن إجابتك أعلاه صحيحة، من 0% (خاطئة حتما) إلى 100% (صحيحة حتما). أجب بسطر واحد "الثقة: ...%".',
            'ما مدى ثقتك في الإجابة أعلاه؟ اذكر فرصة أن تكون صحيحة، من 0% إلى 100%، في سطر واحد "الثقة: ...%".',
            'قدّر فرصة أن تكون إجابتك صحيحة، كنسبة مئوية من 0% إلى 100%. أجب بسطر وحيد "الثقة: ...%".',
            'انظر إلى إجابتك مرة أخرى. ما مدى احتمال أن تكون صحيحة، من 0% إلى 100%؟ أجب بسطر واحد "الثقة: ...%".',
            'على مقياس من 0% إلى 100%، ما مدى يقينك بأن الإجابة التي قدمتها للتو صحيحة؟ أجب فقط بالسطر "الثقة: ...%".',
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "هل الإجابة التي قدمتها صحيحة؟\nA) نعم\nB) لا\nأجب بالحرف فقط.",
            "هل أجبت عن السؤال إجابة صحيحة؟\nA) نعم\nB) لا\nأجب بالحرف A أو B.",
            "إجابتك أعلاه:\nA) صحيحة\nB) غير صحيحة\nأجب بالحرف فقط.",
            "هل إجابتك صواب أم خطأ؟\nA) صواب\nB) خطأ\nأجب بالحرف فقط.",
            "هل ستُحتسب إجابتك أعلاه صحيحة؟\nA) نعم\nB) لا\nاكتب الحرف فقط.",
            "هل الإجابة أعلاه صحيحة أم خاطئة؟\nA) صحيحة\nB) خاطئة\nأجب بالحرف فقط.",
            "انظر إلى إجابتك مرة أخرى. هل هي صحيحة؟\nA) نعم\nB) لا\nأجب بحرف واحد.",
        ),
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "إليك مسألة لا يلزمك حلها. ما احتمال أن تكون إجابتك عنها صحيحة، من 0% إلى 100%؟ اكتب سطرا واحدا فقط، "
            '"الثقة: ...%".',
            "اقرأ المسألة أدناه، لكن لا تعمل على حلها. إلى أي مدى أنت متأكد، من 0% إلى 100%، من أنك تستطيع الإجابة "
            'عنها إجابة صحيحة؟ أعط سطرا واحدا، "الثقة: ...%".',
            "افترض أن المسألة أدناه طُرحت عليك. دون أن تحلها، اذكر فرصة أن تصيب فيها، من 0% إلى 100%، في سطر واحد "
            '"الثقة: ...%".',
            "احكم على المسألة أدناه دون أن تجيب عنها: ما مدى احتمال أن تجد الإجابة الصحيحة، من 0% إلى 100%؟ أجب "
            'بسطر واحد "الثقة: ...%".',
            "قدّر، كنسبة مئوية من 0% إلى 100%، فرصة أن تجيب عن المسألة التالية إجابة صحيحة. لا تجب عنها، واكتب "
            'سطرا وحيدا "الثقة: ...%".',
            "فيما يلي مسألة. قبل أن تحاول حلها: ما مدى احتمال أن تحلها حلا صحيحا، من 0% إلى 100%؟ أجب بسطر واحد "
            '"الثقة: ...%" ولا تكتب شيئا آخر.',
            "على مقياس من 0% إلى 100%، ما مدى يقينك بأنك تعرف الإجابة الصحيحة للمسألة أدناه؟ لا تذكر الإجابة؛ أجب "
            'فقط بالسطر "الثقة: ...%".',
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "إليك مسألة وحل مقترح. ما مدى احتمال أن يكون الحل صحيحا؟ أجب فقط بنسبة مئوية من 0% إلى 100%، بين "
            "<confidence> و </confidence>.",
            "اقرأ المسألة والحل المقترح أدناه. أعط احتمال أن يكون الحل صحيحا، ولا شيء غيره، كنسبة مئوية من 0% إلى "
            "100%، بين <confidence> و </confidence>.",
            "تجد أدناه مسألة وحلا اقترحه أحدهم. احكم إلى أي مدى يمكن التأكد من صحته، واكتب ذلك فقط، من 0% إلى "
            "100%، بين <confidence> و </confidence>.",
            "تأمل المسألة والحل المقترح التاليين. قدّر فرصة أن يكون الحل صائبا، وأجب بذلك وحده، كنسبة مئوية من 0% "
            "إلى 100%، بين <confidence> و </confidence>.",
            "فيما يلي مسألة وحل مقترح لها. تحقق من الحل وقل ما مدى احتمال أن يكون صحيحا: نسبة مئوية فقط من 0% إلى "
            "100%، بين <confidence> و </confidence>.",
            "فكر في الحل المقترح للمسألة أدناه. ما احتمال أن يكون صحيحا؟ أجب بنسبة مئوية فحسب من 0% إلى 100%، بين "
            "<confidence> و </confidence>.",
            "قيّم الحل المقترح للمسألة التالية. اذكر ثقتك في أنه صحيح، وذلك فقط، كنسبة مئوية من 0% إلى 100%، بين "
            "<confidence> و </confidence>.",
        ),
    },
)
