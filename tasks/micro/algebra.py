"""Algebra: expressions, linear equations, remainders and greatest common divisors, each at five levels."""

from __future__ import annotations

import random

from calibench.tasks.generated import Example, make_task
from calibench.tasks.grading.number import GRADER, grade_number
from calibench.tasks.micro.world import held_out, training_pool


def sample(rng: random.Random, level: int) -> Example:
    """A problem of a random subject; the level sets the number of steps, or the size of the numbers."""
    subject = rng.choice(list(_SUBJECTS))
    text, working, answer = _SUBJECTS[subject](rng, level)
    return Example(text, working, str(answer), level, subject)


def _expression(rng: random.Random, level: int) -> tuple[str, str, int]:
    """`level` operations, joined from left to right: products first, then sums of them."""
    total, steps = rng.randint(2, 40), []
    text, atomic = str(total), True
    for _ in range(level):
        symbol = rng.choice("+-*" if total <= 60 else "+-")
        n = rng.randint(2, 9) if symbol == "*" else rng.randint(2, 40)
        after = {"+": total + n, "-": total - n, "*": total * n}[symbol]
        steps.append(f"{total}{symbol}{n}={after}")
        text = f"{text} {symbol} {n}" if atomic or symbol != "*" else f"({text}) {symbol} {n}"
        total, atomic = after, symbol == "*"
    return f"What is {text}?", "; ".join(steps), total


def _equation(rng: random.Random, level: int) -> tuple[str, str, int]:
    x, a, b = rng.randint(2, 5 + 5 * level), rng.randint(2, 9), rng.randint(1, 30)
    solved = f"x={a * x}/{a}={x}"
    if level == 1:
        return f"Solve x + {b} = {x + b} for x.", f"x={x + b}-{b}={x}", x
    if level == 2:
        return f"Solve {a}x = {a * x} for x.", solved, x
    right = a * x + b
    if level == 3:
        return f"Solve {a}x + {b} = {right} for x.", f"{right}-{b}={a * x}; {solved}", x
    if level == 4:
        text = f"Solve {a}(x + {b}) = {a * (x + b)} for x."
        return text, f"{a * (x + b)}/{a}={x + b}; x={x + b}-{b}={x}", x
    c = rng.randint(1, 9)
    moved = f"{a + c}x-{c}x={a}x" if c > 1 else f"{a + 1}x-x={a}x"
    text = f"Solve {a + c}x + {b} = {c if c > 1 else ''}x + {right} for x."
    return text, f"{moved}; {right}-{b}={a * x}; {solved}", x


def _remainder(rng: random.Random, level: int) -> tuple[str, str, int]:
    divisor = rng.randint(2, 9) if level < 4 else rng.randint(11, 19)
    n = rng.randint(divisor, divisor * (4, 10, 19, 10, 29)[level - 1])
    times = n // divisor
    text = f"What is the remainder when {n} is divided by {divisor}?"
    return text, f"{divisor}*{times}={divisor * times}; {n}-{divisor * times}={n % divisor}", n % divisor


def _common_divisor(rng: random.Random, level: int) -> tuple[str, str, int]:
    """Two different numbers, with the divisions of Euclid's algorithm as working."""
    factor, largest = rng.randint(1, 4 + 4 * level), 2 + 2 * level
    small, large = (factor * n for n in sorted(rng.sample(range(1, largest + 1), 2)))
    text, steps = f"What is the greatest common divisor of {large} and {small}?", []
    while small:
        steps.append(f"{large}%{small}={large % small}")
        large, small = small, large % small
    return text, "; ".join(steps), large


_SUBJECTS = {
    "expression": _expression,
    "equation": _equation,
    "remainder": _remainder,
    "common divisor": _common_divisor,
}

TASK = make_task(
    name="micro_algebra",
    domain="math",
    description="generated expressions, equations, remainders and common divisors",
    instruction="The answer is an integer.",
    examples=lambda: held_out(sample),
    training=lambda: training_pool(sample),
    grade=grade_number,
    grader=GRADER,
    wrong_answer="123456789",
)
