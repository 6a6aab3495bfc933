"""The program grader decides by what a function computes, and runs nothing but arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibench.tasks.grading.program import INPUTS, grade_program, outputs

GOLD = ("def f(x): return (x*2)+3",)


def outcome(answer, gold=GOLD):
    return grade_program(gold, answer).outcome


@pytest.mark.parametrize(
    "answer",
    [
        "Answer: def f(x): return x*2+3",
        "def f(n): return 3 + n + n",
        "Answer: def double_plus(value: int) -> int: return 2 * value + 3",
        "```python\ndef f(x):\n    return 2*x + 3\n```",
        "Answer: `def f(x): return x*2+3`",
        "First try def f(x): return x\nAnswer: def f(x): return x*2+3",
        "def f(x): return x*2+3 if x>0 else 3--x*2",
        "def f(x): return max(x*2+3, x*2+2)",
    ],
)
def test_the_same_function_in_any_form_is_correct(answer):
    assert outcome(answer) == "correct"


@pytest.mark.parametrize(
    "answer", ["def f(x): return x*2", "def f(x): return", "def f(x): return x/0", "def f(x): return x**2**9**9"]
)
def test_another_function_is_incorrect(answer):
    assert outcome(answer) == "incorrect"


@pytest.mark.parametrize(
    ("answer", "expected"), [("", "unparsed"), ("Answer: 2x+3", "unparsed"), ("Answer: I don't know", "abstained")]
)
def test_no_function_is_no_wrong_answer(answer, expected):
    assert outcome(answer) == expected


@pytest.mark.parametrize(
    "body",
    [
        "__import__('os').system('true')",
        "x.__class__.__mro__",
        "open('file').read()",
        "[x for x in (1, 2)]",
        "(lambda: x)()",
        "f(x-1)",
        "y",
        "x@x",
        "'a'*10",
        "1.5*x",
        "x<<9999",
        "abs(*[x])",
        "max(x)",
        "abs(x, x)",
        "max(x, 2, key=abs)",
        "(y := x)",
        "+".join("x" * 300),
        "(" * 300 + "x" + ")" * 300,
    ],
)
def test_what_is_not_arithmetic_is_refused_and_never_run(body):
    with pytest.raises(ValueError, match=r"unsupported|no valid|more than|longer|arguments"):
        outputs(f"def f(x): return {body}")
    assert outcome(f"def f(x): return {body}") == "incorrect"


def test_undefined_and_huge_values_are_none():
    assert outputs("def f(x): return 6//x")[INPUTS.index(0)] is None
    assert outputs("def f(x): return x**64")[-1] is None
    assert outputs("def f(x): return 2**-1")[0] is None
    assert outputs("def f(x): return x**x**x")[-1] is None


@given(st.integers(-30, 30), st.integers(1, 30), st.integers(-30, 30))
def test_values_are_those_of_python(a, b, c):
    values = outputs(f"def f(x): return ({a}*x+{c})//{b} if x%{b}>=2 or not x<{c} else abs(x-{b})**2")
    assert values == tuple((a * x + c) // b if x % b >= 2 or not x < c else abs(x - b) ** 2 for x in INPUTS)
