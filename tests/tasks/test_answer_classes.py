"""When two answers say the same: by each grader's own rule, from the answers alone."""

import inspect

import pytest

from calibench.tasks.grading import answer_classes

SAME = [
    ("number/1", "1,200", "1200"),
    ("number/1", "0.5", "1/2"),
    ("math/1", r"\frac{1}{2}", "0.5"),
    ("math/1", r"\text{East}", "east"),
    ("math/1", "x = 5", "2 + 3"),
    ("alias/1", "The Beatles", "beatles."),
    ("alias/1", "Paris", "It is Paris."),
    ("option/1", "B", "B"),
    ("choice/2", "true", "true"),
    ("program/1", "def f(x): return x+x", "def g(y): return 2*y"),
    ("code/1", "def f(x):\n    'Doubles.'\n    return 2 * x", "def f(x):\n  return 2*x  # twice"),
    ("lm_eval:some_task/1", " Blue  sky", "blue sky"),
]
DIFFERENT = [
    ("number/1", "1200", "1201"),
    ("number/1", "1/3", "0.3333"),
    ("math/1", r"\frac{1}{2}", r"\frac{1}{3}"),
    ("math/1", "(1, 2)", "(2, 1)"),
    ("math/1", "101_2", "101_3"),
    ("math/1", "x = 1", "y = 1"),
    ("alias/1", "Paris", "Lyon"),
    ("alias/1", "United States", "USA"),
    ("option/1", "A", "B"),
    ("program/1", "def f(x): return x*x", "def f(x): return x*2"),
    ("code/1", "def f(x): return 2 * x", "def f(x): return x + x"),
    ("lm_eval:some_task/1", "blue", "green"),
]


@pytest.mark.parametrize(("grader", "one", "other"), SAME)
def test_answers_that_say_the_same_share_a_class(grader, one, other):
    first, second, third = answer_classes(grader, [one, other, one])
    assert first == second == third


@pytest.mark.parametrize(("grader", "one", "other"), DIFFERENT)
def test_answers_that_do_not_are_apart(grader, one, other):
    first, second = answer_classes(grader, [one, other])
    assert first != second


@pytest.mark.parametrize("grader", ["number/1", "math/1", "alias/1", "program/1", "code/1", "option/1", "none/1"])
def test_any_text_has_a_class_and_nothing_else_decides_it(grader):
    hostile = ["", "(" * 50, "\\frac{", "\x00", "def f(x): return f(x)", "9" * 301, "def f(x):\n'" + "\udc80" * 3, "="]
    keys = answer_classes(grader, hostile)
    assert all(isinstance(key, str) for key in keys)
    assert answer_classes(grader, hostile) == keys
    assert list(inspect.signature(answer_classes).parameters) == ["grader", "answers"]


def test_classes_of_expressions_do_not_depend_on_the_order_of_the_answers():
    answers = [r"\frac{1}{2}", "0.5", "50\\%", "1/2", "x = 0.5", "2"]
    partitions = set()
    for order in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [4, 2, 0, 5, 1, 3]):
        keys = answer_classes("math/1", [answers[i] for i in order])
        partitions.add(frozenset(frozenset(i for i, k in zip(order, keys, strict=True) if k == key) for key in keys))
    assert len(partitions) == 1
