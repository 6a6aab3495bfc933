"""Programs: a function of an integer, described in words or by two of its values; the answer is one line of Python."""

from __future__ import annotations

import random

from calibench.tasks.generated import Example, make_task
from calibench.tasks.grading.program import GRADER, grade_program
from calibench.tasks.micro.world import held_out, training_pool

_OPENINGS = (
    "Write a Python function f of an integer x that {phrase}.",
    "Define f(x), which {phrase}.",
    "What function of x {phrase}?",
    "We need f(x) that {phrase}.",
)
_CONDITIONS = {
    "x is greater than {n}": "x>{n}",
    "x is less than {n}": "x<{n}",
    "x is even": "x%2==0",
    "x is a multiple of {n}": "x%{n}==0",
}


_BY_VALUES = (
    "Write a linear function f of an integer x with f({p})={u} and f({q})={v}.",
    "Define the linear f(x) for which f({p})={u} and f({q})={v}.",
    "Which linear function has f({p})={u} and f({q})={v}?",
)
_SLOPES = {1: (1, 3), 2: (1, 5), 3: (2, 7), 4: (2, 9), 5: (2, 12)}
_OFFSETS = {1: (0, 9), 2: (0, 15), 3: (-9, 20), 4: (-20, 30), 5: (-30, 40)}
_GAPS = {1: (1, 1), 2: (1, 1), 3: (1, 2), 4: (2, 4), 5: (3, 7)}


def sample(rng: random.Random, level: int) -> Example:
    """A function described in words, or in one case of two by two of its values."""
    return _by_values(rng, level) if rng.random() < 0.5 else _in_words(rng, level)


def _by_values(rng: random.Random, level: int) -> Example:
    """A linear function; the level sets the size of the numbers and the gap between the two arguments."""
    slope, offset, p = rng.randint(*_SLOPES[level]), rng.randint(*_OFFSETS[level]), rng.randint(1, 5)
    q = p + rng.randint(*_GAPS[level])
    u, v = slope * p + offset, slope * q + offset
    text = rng.choice(_BY_VALUES).format(p=p, q=q, u=u, v=v)
    steps = [f"{q}-{p}={q - p}", f"{v}-{u}={v - u}".replace("--", "+"), f"{v - u}/{q - p}={slope}"]
    steps += [f"{slope}*{p}={slope * p}", f"{u}-{slope * p}={offset}"]
    expression = f"x*{slope}{offset:+}" if offset else f"x*{slope}"
    return Example(text, "; ".join(steps), f"def f(x): return {expression}", level, "values")


def _in_words(rng: random.Random, level: int) -> Example:
    """`level` steps in a row up to level 3; above, a condition chooses between two rows of `level - 3` steps."""
    if level <= 3:
        phrase, expression, working = _steps(rng, level)
        return _example(rng, phrase, expression, working, level, "steps")
    condition, test = rng.choice(list(_CONDITIONS.items()))
    n = rng.randint(2, 9)
    phrase_if, expression_if, working_if = _steps(rng, level - 3)
    phrase_else, expression_else, working_else = _steps(rng, level - 3)
    test = test.format(n=n)
    return _example(
        rng,
        f"{phrase_if} if {condition.format(n=n)}, otherwise {phrase_else}",
        f"{expression_if} if {test} else {expression_else}",
        f"{test}? {working_if} : {working_else}",
        level,
        "condition",
    )


def _example(rng: random.Random, phrase: str, expression: str, working: str, level: int, subject: str) -> Example:
    text = rng.choice(_OPENINGS).format(phrase=phrase)
    return Example(text, working, f"def f(x): return {expression}", level, subject)


def _steps(rng: random.Random, n_steps: int) -> tuple[str, str, str]:
    """Phrase, expression and working of `n_steps` random steps."""
    expression = "x"
    phrases: list[str] = []
    partial: list[str] = []
    for _ in range(n_steps):
        n = rng.randint(2, 30)
        phrase, template = rng.choice(_STEPS)
        inner = f"({expression})" if partial else "x"
        expression = template.format(x=inner, n=n)
        phrases.append(phrase.format(n=n, it="it" if partial else "x"))
        partial.append(expression)
    return ", then ".join(phrases), expression, "; ".join(partial)


_STEPS = (
    ("adds {n} to {it}", "{x}+{n}"),
    ("subtracts {n} from {it}", "{x}-{n}"),
    ("subtracts {it} from {n}", "{n}-{x}"),
    ("multiplies {it} by {n}", "{x}*{n}"),
    ("doubles {it}", "{x}*2"),
    ("triples {it}", "{x}*3"),
    ("squares {it}", "{x}**2"),
    ("negates {it}", "-{x}"),
    ("takes {it} modulo {n}", "{x}%{n}"),
    ("divides {it} by {n}, rounding down", "{x}//{n}"),
    ("takes the larger of {it} and {n}", "max({x},{n})"),
    ("takes the smaller of {it} and {n}", "min({x},{n})"),
    ("takes the absolute value of {it}", "abs({x})"),
)

TASK = make_task(
    name="micro_programs",
    domain="code",
    description="generated functions of an integer, described in words or by values",
    instruction="The answer is one line of Python: def f(x): return ...",
    examples=lambda: held_out(sample),
    training=lambda: training_pool(sample),
    grade=grade_program,
    grader=GRADER,
    wrong_answer="def f(x): return 987654321",
)
