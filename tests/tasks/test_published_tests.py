"""Test programs of HumanEval and EvalPlus become asserts that are split, and others that say that they are not."""

from __future__ import annotations

import pytest

from calibench.errors import DataError
from calibench.tasks.grading.asserts import checks
from calibench.tasks.grading.published import statements

LISTS = (
    "inputs = [[1], [-2]]\nresults = {results}\nfor i, (inp, exp) in enumerate(zip(inputs, results)):\n    {check}\n"
)


def test_the_asserts_of_check_are_of_the_function_under_test():
    program = "METADATA = {}\ndef check(candidate):\n    'Doc.'\n    assert candidate(1) == 2, 'no'\n    assert True\n"
    assert statements(program, "f", "row 1") == ("assert f(1) == 2",)


@pytest.mark.parametrize(
    ("results", "check", "values", "wrong"),
    [
        ("[2, 'x']", "assertion(f(*inp), exp, 0)", [2, "x"], [2, "y"]),
        ("[0.5, -1.0]", "assertion(f(*inp), exp, 0)", [0.5 + 1e-7, -1], [0.5 + 2e-6, -1]),
        ("[[0.5], (1.0,)]", "assertion(candidate(*inp), exp, 0)", [[0.5], [1 - 1e-7]], [[0.5], []]),
        ("[2, 3]", "assertion(f(*inp), exp, 0.1)", [2.05, 3], [2.2, 3]),
        ("[{4, 5}, inf]", "assertion(f(*inp), exp, 0)", [{5, 4}, float("inf")], [{4}, float("inf")]),
    ],
)
def test_every_round_of_a_loop_is_an_assert(results: str, check: str, values: list, wrong: list):
    """The rules of `assertion` are those of EvalPlus: equal, or of floats within 1e-06 plus a relative 1e-07."""
    found = checks(statements(LISTS.format(results=results, check=check), "f", "row 1"))
    assert all(check.split for check in found)
    assert [check.holds(value) for check, value in zip(found, values, strict=True)] == [True, True]
    assert not all(check.holds(value) for check, value in zip(found, wrong, strict=True))


def test_another_loop_is_a_function_and_its_assert_is_not_split():
    program = "def check(candidate):\n    import random\n    for _ in range(9):\n        assert candidate(_) == _\n"
    loading, function, check = statements(program, "f", "row 1")
    assert loading == "import random"
    assert "assert f(_) == _" in function
    (found,) = checks([loading, function, check])
    assert not found.split


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("def check(", "row 1: expected a Python program as test"),
        ("def check(candidate):\n    assert True\n", "row 1: expected a test program that asserts something"),
        ("inputs = []\nresults = []\n", "row 1: expected a test program that asserts something"),
    ],
)
def test_a_program_that_asserts_nothing_is_refused(program: str, message: str):
    with pytest.raises(DataError, match=message):
        statements(program, "f", "row 1")
