"""Whatever a model writes is parsed and graded in time that grows no faster than its length.

Each text is one unit again and again, at a length and at four times that length. What is quadratic takes sixteen times
as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from calibench.prompting import protocols
from calibench.prompting.echo import repeats_form
from calibench.prompting.parsing import parse
from calibench.tasks.base import Verdict
from calibench.tasks.grading import alias, choice, code, math, number, option, program

LENGTH = 1_200
"""Of a text of one unit; what is more than one unit is five times as long."""
MOST = 9.0
"""Times as long that a text of four times the length may take."""
FLOOR = 0.03
"""Seconds that the longer text may take in any case: what is measured is noise."""


def _parse(scale: str, finish_reason: str, opened: bool) -> Callable[[str], object]:
    return lambda text: parse(text, reasoning_opened=opened, scale=scale, finish_reason=finish_reason)


READERS: dict[str, Callable[[str], object]] = {
    "parse": _parse("words", "stop", False),
    "parse what is cut": _parse("percent", "length", True),
    "echo": lambda text: repeats_form(text, protocols.PROTOCOLS["stated"].instruction),
    "number": lambda text: number.grade_number(["5"], text),
    "math": lambda text: math.grade_math(["5"], text),
    "alias": lambda text: alias.grade_alias(["Paris"], text),
    "choice": lambda text: choice.grade_choice(choice.TRUE_FALSE, ["true"], text),
    "option": lambda text: option.grade_option(["a", "b", "c"], ["A"], text),
    "option of such a text": lambda text: option.grade_option(["Rome", text, "Paris"], ["B"], f"{text}."),
    "code": lambda text: code.grade_code(["assert f(1) == 1"], text),
    "program": lambda text: program.grade_program(["def f(x): return x"], text),
}
UNITS = {
    "fences and quotes": [
        *("`", "```\n", "~~~\n", "x ```py\nConfidence: 9%\n", "```py\nx\n```\n", "<code>"),
        *("> ```\n", "```python\n", "'", '"', '"""\n', "“"),
    ],
    "brackets and marks": [
        *("{", "}", "(", "( ", "[", "<", "|", "$", "\\", "\\(", "*", "_", "#", "-", "- ", ".", "…", ", ", "?!"),
    ],
    "mathematics": [
        *("\\boxed{", "\\boxed{5} ", "\\boxed{}", "\\boxed{3}, ", "\\frac{", "\\sqrt{", "sqrt(", "\\text{", "1+"),
        *("2 × ", "= ", "^", "3*", "\\[", "√", "½"),
    ],
    "numbers": [
        *("9", "9 ", "1,000,", "1.", ".5", "1/", "1.1,", "A, 0.5\n", "9%", "9% ", "not 9% sure ", "Rome 0.9\n"),
        *("9/10 ", "1", "1 ", "1,", "1 1/", "7 or ", "minus "),
    ],
    "tags": [
        *("<think>", "</think>", "<think>\n</think>\n", "[THINK]", "◁think▷", "<|channel>thought", "<answer>"),
        *("<|start|>assistant<|channel|>analysis<|message|>", "<|end_of_thought|>", "<|END_THINKING|>", "<analysis>"),
        *("<confidence>", "</confidence>", "<confidence>9</confidence>", "<answer></answer>", "<analysis></analysis>"),
        *("<|im_end|>", "<|im_start|>user\n", "[INST]"),
        *("</analysis>", "<analysis>\nAnswer: 5\n<confidence>", "assistant\n"),
    ],
    "labels": [
        *("confidence ", "confidence: ", "Confidence: ..\n", "confidence\n", "confidence is 5 ", "probability that "),
        *("Answer:\n", "Answer: 5\n", '"answer": "', "the answer is ", "A: ", "A) ", "(A) or ", "Problem: ", "user\n"),
        *("A ) ", "with (A) ", "A, ", "the best option ", "'answer': ", "####\n"),
        *("Confidence: 60%\nAnswer: 7\n", "confidence: likely ", "confidence: x not", "Answer: 5\nQuestion: "),
        *("Answer and confidence: ", "question:\n", "確信度"),
        *("信心", "答案是", "可能性", "确定度", "уверенность: ", "답은 ", "उत्तर "),
        *("| Answer | Confidence |\n|---|\n", "| Confidence ", "ich bin zu 9% sicher, ", "antes 9% confianza, ahora "),
    ],
    "words": [
        *("not ", "not very ", "or ", "very likely ", "partly ", "n't ", "no ", "my ", "certain\n"),
        *("non-", "is ", "as a ", "I don't ", "May 1, "),
        *("9% likely ", "over 9% sure and ", "I am sure ", "I don't know, ", "The "),
        *("twenty ", "hundred and ", "May 5, ", "a", "é", "\u0301", "\u200b", "\ufdfa", "中", "😀"),
    ],
    "blanks": [" ", "\n", "\t", "\r\n", " \n", "\u00a0", "\u3000", "\u202f"],
    "programs": [
        *("[BEGIN]", "[DONE]", "def f(x): return x\n", "def ", "import a\n", "a = 1\n", "f(", "@f\n", "    "),
        *("if x:\n", "a = 1; "),
    ],
}  # fmt: skip
LINES = {
    "a fence that is none": lambda n: f"```{'a' * n}`",
    "a fence with blanks": lambda n: f"```{' ' * n}`",
    "a fence in a line": lambda n: f"```py\n{'x ``` ' * (n // 6)}",
    "an answer after": lambda n: f"{' (' * (n // 2)}\nAnswer: 5\nConfidence: 50%",
    "an answer before": lambda n: f"Answer: 5\n{'confidence ' * (n // 11)}",
    "a thought before": lambda n: f"<think>{'Answer: 5 ' * (n // 10)}",
    "labels and blanks": lambda n: f"<think>Answer: 5\nconfidence{' ' * 60}confidence{' ' * 60}confidence{' ' * n}x",
    "an answer of stops": lambda n: f"Answer: {'…' * n}a",
    "a box in a box": lambda n: "\\boxed{" * (n // 8) + "5" + "}" * (n // 8),
    "imports in another block": lambda n: "```py\n{}```\n```py\ndef f(x):\n    return {}\n```".format(
        "".join(f"import a{i}\n" for i in range(n // 20)), " + ".join(f"a{i}" for i in range(n // 20))
    ),
}
TEXTS = {unit: (lambda n, unit=unit: unit * (n // len(unit))) for units in UNITS.values() for unit in units}
TEXTS |= {name: (lambda n, line=line: line(5 * n)) for name, line in LINES.items()}


def seconds(reader: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    reader(text)
    return time.process_time() - start


def growth(reader: Callable[[str], object], text_of: Callable[[int], str]) -> float:
    """How many times as long the longer text takes; 0 if that is next to nothing."""
    long = seconds(reader, text_of(4 * LENGTH))
    return 0.0 if long < FLOOR else long / max(seconds(reader, text_of(LENGTH)), 1e-4)


@pytest.mark.parametrize("reader", READERS)
def test_no_text_takes_more_than_linear_time(reader, monkeypatch):
    # Math-Verify sees no more than some 2,000 characters, for which it may take seconds.
    monkeypatch.setattr(math, "_verified", lambda gold, answer: Verdict("incorrect", answer))
    read = READERS[reader]
    read("Answer: 5")  # imports, and patterns that are made at their first use
    slow = {}
    for name, text_of in TEXTS.items():
        if growth(read, text_of) > MOST:  # another process may have been in the way
            again = min(growth(read, text_of) for _ in range(2))
            slow |= {name: again} if again > MOST else {}
    assert not slow
