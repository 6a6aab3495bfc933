"""What a model is asked in Hindi."""

from calibench.prompting.languages.base import Language

LANGUAGE = Language(
    "Hindi",
    {
        "Write the final answer {form}.": "अंतिम उत्तर {form} लिखें।",
        'Write the final answer {form} and below it, on a line "Confidence: ...%", how likely it is, from 0% '
        "to 100%, that this answer is correct.": (
            'अंतिम उत्तर {form} लिखें, और उसके नीचे "विश्वास: ...%" पंक्ति में लिखें कि इस उत्तर के सही होने की '
            "संभावना 0% से 100% तक कितनी है।"
        ),
        'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, that this '
        "answer is correct.": (
            'उत्तर के नीचे "विश्वास: ...%" पंक्ति में लिखें कि इस उत्तर के सही होने की संभावना 0% से 100% तक कितनी है।'
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", the probability, from 0.0 to '
        "1.0, that this answer is correct.": (
            'अंतिम उत्तर {form} लिखें, और उसके नीचे "विश्वास: ..." पंक्ति में इस उत्तर के सही होने की प्रायिकता 0.0 से 1.0 तक लिखें।'
        ),
        'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, that this '
        "answer is correct.": ('उत्तर के नीचे "विश्वास: ..." पंक्ति में इस उत्तर के सही होने की प्रायिकता 0.0 से 1.0 तक लिखें।'),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, in one of these phrases: {phrases}.": (
            'अंतिम उत्तर {form} लिखें, और उसके नीचे "विश्वास: ..." पंक्ति में इनमें से एक शब्द से लिखें कि इस उत्तर '
            "के सही होने की कितनी संभावना है: {phrases}।"
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, in '
        "one of these phrases: {phrases}.": (
            'उत्तर के नीचे "विश्वास: ..." पंक्ति में इनमें से एक शब्द से लिखें कि इस उत्तर के सही होने की कितनी संभावना है: {phrases}।'
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how sure you are that this '
        "answer is correct, from 0 (certainly wrong) to 10 (certainly right).": (
            'अंतिम उत्तर {form} लिखें, और उसके नीचे "विश्वास: ..." पंक्ति में लिखें कि आपको इस उत्तर के सही होने '
            "का कितना यकीन है, 0 (निश्चित रूप से गलत) से 10 (निश्चित रूप से सही) तक।"
        ),
        'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
        "from 0 (certainly wrong) to 10 (certainly right).": (
            'उत्तर के नीचे "विश्वास: ..." पंक्ति में लिखें कि आपको इस उत्तर के सही होने का कितना यकीन है, 0 '
            "(निश्चित रूप से गलत) से 10 (निश्चित रूप से सही) तक।"
        ),
        'Write the final answer {form} and below it, on a line "Confidence: ...", how likely it is that this '
        "answer is correct, as one of these letters: {bands}.": (
            'अंतिम उत्तर {form} लिखें, और उसके नीचे "विश्वास: ..." पंक्ति में इनमें से एक अक्षर से लिखें कि इस '
            "उत्तर के सही होने की कितनी संभावना है: {bands}।"
        ),
        'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, as '
        "one of these letters: {bands}.": (
            'उत्तर के नीचे "विश्वास: ..." पंक्ति में इनमें से एक अक्षर से लिखें कि इस उत्तर के सही होने की कितनी संभावना है: {bands}।'
        ),
        "{letter} ({low} to {high}%)": "{letter} ({low} से {high}%)",
        "Solve it step by step, and put the final answer {form}.": ("इसे चरण दर चरण हल करें, और अंतिम उत्तर {form} लिखें।"),
        "Think step by step. Write your best answer {form}.": "चरण दर चरण सोचें। अपना सबसे अच्छा उत्तर {form} लिखें।",
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, how "
        "likely it is, from 0% to 100%, that this answer is correct, such as <confidence>80%</confidence>.": (
            "चरण दर चरण सोचें। अपना सबसे अच्छा उत्तर {form} लिखें, और फिर <confidence> और </confidence> के बीच "
            "लिखें कि इस उत्तर के सही होने की संभावना 0% से 100% तक कितनी है, जैसे <confidence>80%</confidence>।"
        ),
        "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, that "
        "this answer is correct, such as <confidence>80%</confidence>.": (
            "उत्तर के नीचे, <confidence> और </confidence> के बीच लिखें कि इस उत्तर के सही होने की संभावना 0% से "
            "100% तक कितनी है, जैसे <confidence>80%</confidence>।"
        ),
        "Think step by step. Write your best answer {form}, and then, between <confidence> and </confidence>, the "
        "probability, from 0.0 to 1.0, that this answer is correct, such as <confidence>0.8</confidence>.": (
            "चरण दर चरण सोचें। अपना सबसे अच्छा उत्तर {form} लिखें, और फिर <confidence> और </confidence> के बीच इस "
            "उत्तर के सही होने की प्रायिकता 0.0 से 1.0 तक लिखें, जैसे <confidence>0.8</confidence>।"
        ),
        "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, that "
        "this answer is correct, such as <confidence>0.8</confidence>.": (
            "उत्तर के नीचे, <confidence> और </confidence> के बीच इस उत्तर के सही होने की प्रायिकता 0.0 से 1.0 तक "
            "लिखें, जैसे <confidence>0.8</confidence>।"
        ),
        "Think first, between <think> and </think>. Then write the final answer {form}, what speaks for and "
        "against it between <analysis> and </analysis>, and between <confidence> and </confidence> the "
        "probability, from 0.0 to 1.0, that this answer is correct.": (
            "पहले <think> और </think> के बीच सोचें। फिर अंतिम उत्तर {form} लिखें, उसके पक्ष और विपक्ष की बातें "
            "<analysis> और </analysis> के बीच, और इस उत्तर के सही होने की प्रायिकता 0.0 से 1.0 तक <confidence> और "
            "</confidence> के बीच लिखें।"
        ),
        "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
        "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.": (
            "उत्तर के नीचे, उसके पक्ष और विपक्ष की बातें <analysis> और </analysis> के बीच, और इस उत्तर के सही होने "
            "की प्रायिकता 0.0 से 1.0 तक <confidence> और </confidence> के बीच लिखें।"
        ),
        "Give the 4 most likely answers, the likeliest first. Write each {form} with, on the line below it, "
        '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to 4. '
        "Write nothing below them.": (
            "4 सबसे संभावित उत्तर दें, सबसे संभावित उत्तर पहले। हर उत्तर {form} लिखें, और उसके नीचे की पंक्ति में "
            '"संभावना 1: ..." में उसके सही होने की प्रायिकता 0.0 से 1.0 तक लिखें, और उन्हें 4 तक क्रमांक दें। उनके '
            "नीचे कुछ न लिखें।"
        ),
        "Reply with {form} and nothing else.": "केवल {form} लिखें और कुछ नहीं।",
        "Reply with the letter of one option and nothing else.": "केवल एक विकल्प का अक्षर लिखें और कुछ नहीं।",
        "Write the final answer {form}. {rule}": "अंतिम उत्तर {form} लिखें। {rule}",
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} points, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "केवल तभी उत्तर दें जब आप {t}% से अधिक आश्वस्त हों, क्योंकि गलत उत्तर पर {cost} अंक कटते हैं, सही उत्तर "
            'पर 1 अंक मिलता है, और "मुझे नहीं पता" उत्तर पर 0 अंक मिलते हैं।'
        ),
        "Answer only if you are more than {t}% confident, since a wrong answer costs {cost} point, a right "
        'answer earns 1 point, and the answer "I don\'t know" earns 0 points.': (
            "केवल तभी उत्तर दें जब आप {t}% से अधिक आश्वस्त हों, क्योंकि गलत उत्तर पर {cost} अंक कटता है, सही उत्तर "
            'पर 1 अंक मिलता है, और "मुझे नहीं पता" उत्तर पर 0 अंक मिलते हैं।'
        ),
        'on a line "Answer: ..."': '"उत्तर: ..." पंक्ति में',
        "between <answer> and </answer>": "<answer> और </answer> के बीच",
        'on a line "Guess 1: ..."': '"अनुमान 1: ..." पंक्ति में',
        "that letter": "वही अक्षर",
        "Answer:": "उत्तर:",
        "in \\boxed{}": "\\boxed{} में",
        "as one code block that starts with ```python": "```python से शुरू होने वाले एक कोड ब्लॉक के रूप में",
        'as "Answer: true" or "Answer: false"': '"उत्तर: सही" या "उत्तर: गलत" के रूप में',
        'as "Answer: yes" or "Answer: no"': '"उत्तर: हाँ" या "उत्तर: नहीं" के रूप में',
        "The answer is a number.": "उत्तर एक संख्या है।",
        "The answer is an integer.": "उत्तर एक पूर्णांक है।",
        "The answer is a number or an expression in LaTeX.": "उत्तर एक संख्या या LaTeX में एक व्यंजक है।",
        "The answer is a name or a few words.": "उत्तर एक नाम या कुछ शब्द हैं।",
        "The answer is one word.": "उत्तर एक शब्द है।",
        "The answer is one of the words {labels}.": "उत्तर इन शब्दों में से एक है: {labels}।",
        "The answer is the letter of one option.": "उत्तर एक विकल्प का अक्षर है।",
        "Write the Python code that the tests need, with all its imports.": (
            "वह पायथन कोड लिखें जिसकी परीक्षणों को आवश्यकता है, सभी इम्पोर्ट के साथ।"
        ),
        "Solve the problem step by step. The answer is a number.": "समस्या को चरण दर चरण हल करें। उत्तर एक संख्या है।",
        "Solve the problem step by step. The answer is a number or an expression in LaTeX.": (
            "समस्या को चरण दर चरण हल करें। उत्तर एक संख्या या LaTeX में एक व्यंजक है।"
        ),
        "Answer the question. The answer is a name or a few words.": "प्रश्न का उत्तर दें। उत्तर एक नाम या कुछ शब्द हैं।",
        "Think step by step. The answer is the letter of one option.": "चरण दर चरण सोचें। उत्तर एक विकल्प का अक्षर है।",
        "Is this claim true or false?": "क्या यह दावा सही है या गलत?",
        "Think step by step whether the answer is yes or no.": "चरण दर चरण सोचें कि उत्तर हाँ है या नहीं।",
        "The answer is one letter.": "उत्तर एक अक्षर है।",
        "The answer is one line of Python: def f(x): return ...": "उत्तर पायथन की एक पंक्ति है: def f(x): return ...",
        "Give T or F for each variable, in alphabetical order and without spaces, such as TF for two.": (
            "हर चर के लिए T (सत्य) या F (असत्य) दें, वर्णक्रम में और बिना रिक्त स्थान के, जैसे दो के लिए TF।"
        ),
        "Solve the problem step by step. The answer is an integer from 0 to 999.": (
            "समस्या को चरण दर चरण हल करें। उत्तर 0 से 999 तक का एक पूर्णांक है।"
        ),
        "Answer the question. The answer is a name, a number, a date or a few words.": (
            "प्रश्न का उत्तर दें। उत्तर एक नाम, एक संख्या, एक तिथि या कुछ शब्द हैं।"
        ),
        "Answer the question in a few words. If it cannot be answered, say that you do not know.": (
            "प्रश्न का उत्तर कुछ शब्दों में दें। यदि उसका उत्तर नहीं दिया जा सकता, तो कहें कि आपको नहीं पता।"
        ),
        "Which option is true? The answer is the letter of one option.": (
            "कौन सा विकल्प सत्य है? उत्तर एक विकल्प का अक्षर है।"
        ),
        "Write the whole function in Python, with all its imports.": ("पूरा फ़ंक्शन पायथन में लिखें, सभी इम्पोर्ट के साथ।"),
        "Does Wikipedia support or refute this claim?": "क्या विकिपीडिया इस दावे का समर्थन करता है या खंडन?",
        'as "Answer: SUPPORTS" (the claim is true) or "Answer: REFUTES" (the claim is false)': (
            '"उत्तर: SUPPORTS" (दावा सही है) या "उत्तर: REFUTES" (दावा गलत है) के रूप में'
        ),
        "Does the scientific literature support or contradict this claim?": (
            "क्या वैज्ञानिक साहित्य इस दावे का समर्थन करता है या इसका विरोध करता है?"
        ),
        'as "Answer: SUPPORT" (the claim is true) or "Answer: CONTRADICT" (the claim is false)': (
            '"उत्तर: SUPPORT" (दावा सही है) या "उत्तर: CONTRADICT" (दावा गलत है) के रूप में'
        ),
        "Does the response contain hallucinated content: something false, unverifiable or irrelevant to the "
        "request?": "क्या इस प्रतिक्रिया में मनगढ़ंत सामग्री है: कुछ ऐसा जो झूठा, असत्यापनीय या अनुरोध से असंबंधित हो?",
        'as "Answer: yes" (it does) or "Answer: no" (it does not)': ('"उत्तर: हाँ" (है) या "उत्तर: नहीं" (नहीं है) के रूप में'),
        "true": "सही",
        "false": "गलत",
        "yes": "हाँ",
        "no": "नहीं",
        "almost certain": "लगभग निश्चित",
        "highly likely": "बहुत अधिक संभावना",
        "very good chance": "अच्छी संभावना",
        "probably": "संभवतः",
        "likely": "संभावना है",
        "better than even": "आधे से अधिक संभावना",
        "about even": "आधा आधा",
        "probably not": "शायद नहीं",
        "unlikely": "कम संभावना",
        "little chance": "थोड़ी संभावना",
        "chances are slight": "मामूली संभावना",
        "highly unlikely": "बहुत कम संभावना",
        "almost no chance": "लगभग असंभव",
        "How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "
        '"Confidence: ...%".': (
            'ऊपर दिए गए आपके उत्तर के सही होने की संभावना 0% से 100% तक कितनी है? केवल एक पंक्ति "विश्वास: ...%" में उत्तर दें।'
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "क्या ऊपर दिया गया आपका उत्तर सही है?\nA) हाँ\nB) नहीं\nकेवल अक्षर में उत्तर दें।"
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "नीचे एक समस्या और एक प्रस्तावित हल दिया गया है। सोचें कि हल के सही होने की कितनी संभावना है, और केवल "
            "वही, 0% से 100% तक प्रतिशत में, <confidence> और </confidence> के बीच लिखकर उत्तर दें।"
        ),
        "Problem:": "समस्या:",
        "Proposed solution:": "प्रस्तावित हल:",
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "नीचे एक समस्या दी गई है। इसे हल न करें। 0% से 100% तक कितनी संभावना है कि आप इसका सही उत्तर देंगे? "
            'केवल एक पंक्ति "विश्वास: ...%" में उत्तर दें।'
        ),
        "List the 4 most likely answers to the problem: first your answer above, in the same words, then 3 others. "
        'Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, '
        "from 0.0 to 1.0, that it is correct, and number them up to 4. Write nothing else.": (
            "समस्या के 4 सबसे संभावित उत्तर लिखें: पहले ऊपर दिया गया अपना उत्तर, उन्हीं शब्दों में, फिर 3 अन्य। हर "
            'उत्तर "अनुमान 1: ..." पंक्ति में लिखें, और उसके नीचे की पंक्ति में "संभावना 1: ..." में उसके सही होने '
            "की प्रायिकता 0.0 से 1.0 तक लिखें, और उन्हें 4 तक क्रमांक दें। और कुछ न लिखें।"
        ),
        "Suppose that your answer above is wrong. List the 4 other answers to the problem that are most likely to "
        'be right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to '
        "4. Write nothing else.\nBelow are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes"
        "\nB) No\nReply with the letter only.": (
            "मान लें कि ऊपर दिया गया आपका उत्तर गलत है। समस्या के वे 4 अन्य उत्तर लिखें जिनके तब सही होने की सबसे "
            'अधिक संभावना है, हर एक आपके उत्तर जितना छोटा: हर उत्तर "अनुमान 1: ..." पंक्ति में लिखें, और उन्हें 4 '
            "तक क्रमांक दें। और कुछ न लिखें।\nनीचे एक समस्या और एक प्रस्तावित उत्तर दिया गया है। क्या प्रस्तावित "
            "उत्तर सही है?\nA) हाँ\nB) नहीं\nकेवल अक्षर में उत्तर दें।"
        ),
        "Below are a question and two answers to it. If the first answer is correct, must the second one be "
        "correct too?\nA) Yes\nB) No\nReply with the letter only.": (
            "नीचे एक प्रश्न और उसके दो उत्तर दिए गए हैं। यदि पहला उत्तर सही है, तो क्या दूसरा उत्तर भी अवश्य सही "
            "होगा?\nA) हाँ\nB) नहीं\nकेवल अक्षर में उत्तर दें।"
        ),
        "Proposed answer:": "प्रस्तावित उत्तर:",
        "Question:": "प्रश्न:",
        "First answer:": "पहला उत्तर:",
        "Second answer:": "दूसरा उत्तर:",
    },
    wordings={
        'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: '
        '...%".': (
            'आपने जो उत्तर दिया, उसके सही होने की प्रायिकता 0% से 100% तक कितनी है? केवल एक पंक्ति लिखें, "विश्वास: ...%"।',
            'आपको 0% से 100% तक कितना यकीन है कि आपका उत्तर ठीक है? एक पंक्ति दें, "विश्वास: ...%"।',
            "ऊपर दिए गए आपके उत्तर के सही होने पर अपने विश्वास को 0% (निश्चित रूप से गलत) से 100% (निश्चित रूप से "
            'सही) तक आँकें। एक पंक्ति "विश्वास: ...%" में उत्तर दें।',
            'ऊपर दिए गए उत्तर पर आपको कितना भरोसा है? उसके सही होने का अवसर 0% से 100% तक, एक पंक्ति "विश्वास: ...%" में बताएँ।',
            'अपने उत्तर के सही होने के अवसर का 0% से 100% तक प्रतिशत में अनुमान लगाएँ। केवल एक ही पंक्ति "विश्वास: ...%" में उत्तर दें।',
            'अपने उत्तर को फिर से देखें। उसके सही होने की संभावना 0% से 100% तक कितनी है? एक पंक्ति "विश्वास: ...%" में उत्तर दें।',
            '0% से 100% के पैमाने पर, आप कितने निश्चित हैं कि आपका अभी दिया गया उत्तर सही है? केवल "विश्वास: ...%" पंक्ति में उत्तर दें।',
        ),
        "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only.": (
            "क्या आपका दिया हुआ उत्तर ठीक है?\nA) हाँ\nB) नहीं\nकेवल अक्षर में उत्तर दें।",
            "क्या आपने प्रश्न का सही उत्तर दिया?\nA) हाँ\nB) नहीं\nA या B में उत्तर दें।",
            "ऊपर दिया गया आपका उत्तर है:\nA) सही\nB) सही नहीं\nकेवल अक्षर में उत्तर दें।",
            "आपका उत्तर सत्य है या असत्य?\nA) सत्य\nB) असत्य\nकेवल अक्षर में उत्तर दें।",
            "क्या ऊपर दिए गए आपके उत्तर को सही माना जाएगा?\nA) हाँ\nB) नहीं\nकेवल अक्षर लिखें।",
            "ऊपर दिया गया उत्तर सही है या गलत?\nA) सही\nB) गलत\nकेवल अक्षर में उत्तर दें।",
            "अपने उत्तर को फिर से देखें। क्या वह सही है?\nA) हाँ\nB) नहीं\nएक अक्षर में उत्तर दें।",
        ),
        "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it "
        'correctly? Reply with one line "Confidence: ...%".': (
            "यहाँ एक समस्या है जिसे आपको हल नहीं करना है। इसके आपके उत्तर के सही होने की प्रायिकता 0% से 100% तक "
            'कितनी है? केवल एक पंक्ति लिखें, "विश्वास: ...%"।',
            "नीचे दी गई समस्या पढ़ें, पर उस पर काम न करें। आपको 0% से 100% तक कितना यकीन है कि आप उसका सही उत्तर "
            'दे सकते हैं? एक पंक्ति दें, "विश्वास: ...%"।',
            "मान लें कि आपसे नीचे दी गई समस्या पूछी जाए। उसे हल किए बिना, 0% से 100% तक बताएँ कि आपके उसे सही करने "
            'का कितना अवसर है, एक पंक्ति "विश्वास: ...%" में।',
            "नीचे दी गई समस्या का उत्तर दिए बिना उसे आँकें: 0% से 100% तक, आपके सही उत्तर पाने की संभावना कितनी "
            'है? एक पंक्ति "विश्वास: ...%" में उत्तर दें।',
            "0% से 100% तक प्रतिशत में अनुमान लगाएँ कि आपके अगली समस्या का सही उत्तर देने का कितना अवसर है। उसका "
            'उत्तर न दें, और केवल एक ही पंक्ति "विश्वास: ...%" लिखें।',
            "नीचे एक समस्या दी गई है। उसे हल करने के प्रयास से पहले: 0% से 100% तक, आपके उसे सही हल करने की "
            'संभावना कितनी है? केवल एक पंक्ति "विश्वास: ...%" में उत्तर दें, और कुछ नहीं।',
            "0% से 100% के पैमाने पर, आप कितने निश्चित हैं कि आप नीचे दी गई समस्या का सही उत्तर जानते हैं? उत्तर न "
            'दें; केवल "विश्वास: ...%" पंक्ति लिखें।',
        ),
        "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and "
        "reply only with that, as a percentage from 0% to 100%, between <confidence> and </confidence>.": (
            "यहाँ एक समस्या और एक प्रस्तावित हल है। हल के सही होने की कितनी संभावना है? केवल 0% से 100% तक प्रतिशत "
            "में, <confidence> और </confidence> के बीच उत्तर दें।",
            "नीचे दी गई समस्या और प्रस्तावित हल पढ़ें। हल के सही होने की प्रायिकता, और कुछ नहीं, 0% से 100% तक "
            "प्रतिशत में, <confidence> और </confidence> के बीच दें।",
            "नीचे एक समस्या और किसी का सुझाया हुआ हल है। आँकें कि उसके सही होने का कितना यकीन किया जा सकता है, और "
            "केवल वही, 0% से 100% तक, <confidence> और </confidence> के बीच लिखें।",
            "आगे दी गई समस्या और प्रस्तावित हल पर विचार करें। हल के ठीक होने के अवसर का अनुमान लगाएँ, और केवल वही, "
            "0% से 100% तक प्रतिशत में, <confidence> और </confidence> के बीच लिखकर उत्तर दें।",
            "नीचे एक समस्या और एक प्रस्तावित हल दिए गए हैं। हल की जाँच करें और बताएँ कि उसके सही होने की कितनी "
            "संभावना है: केवल 0% से 100% तक एक प्रतिशत, <confidence> और </confidence> के बीच।",
            "नीचे दी गई समस्या के प्रस्तावित हल के बारे में सोचें। उसके सही होने की संभावना कितनी है? केवल 0% से "
            "100% तक एक प्रतिशत से, <confidence> और </confidence> के बीच उत्तर दें।",
            "अगली समस्या के प्रस्तावित हल का मूल्यांकन करें। उसके सही होने पर अपना विश्वास, और केवल वही, 0% से "
            "100% तक प्रतिशत में, <confidence> और </confidence> के बीच बताएँ।",
        ),
    },
)
