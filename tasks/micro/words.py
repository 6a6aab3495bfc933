"""Word problems of one to five steps about somebody's things; from level 4 on, one sentence does not matter."""

from __future__ import annotations

import random

from calibench.tasks.generated import Example, make_task
from calibench.tasks.grading.number import GRADER, grade_number
from calibench.tasks.micro.world import held_out, training_pool

_PEOPLE = (
    *("Ana", "Ben", "Carl", "Dora", "Emil", "Fay", "Gus", "Hana"),
    *("Ivan", "Jill", "Kim", "Leo", "Mia", "Noah", "Olga", "Paul"),
)
_THINGS = ("apples", "books", "coins", "cards", "eggs", "pens", "shells", "stamps", "stones", "toys", "nuts", "keys")
_MORE = ("buys {n} more", "finds {n} more", "gets {n} from a friend", "adds {n}", "wins {n}")
_LESS = ("gives away {n}", "loses {n}", "sells {n}", "drops {n}", "hands {n} to a friend")
_TIMES = {2: ("doubles them", "then has twice as many"), 3: ("triples them", "then has three times as many")}
_PARTS = {2: ("keeps only half",), 3: ("keeps only a third",)}
_MOST = 400


def sample(rng: random.Random, level: int) -> Example:
    """A problem of `level` steps; every intermediate count is a whole number from 1 to 400."""
    person, other = rng.sample(_PEOPLE, 2)
    thing, unrelated = rng.sample(_THINGS, 2)
    count = rng.randint(3, 10 + 10 * level)
    sentences, steps = [f"{person} has {count} {thing}."], []
    for _ in range(level):
        phrase, symbol, n, count_after = _step(rng, count, level)
        sentences.append(f"{person} {phrase}.")
        steps.append(f"{count}{symbol}{n}={count_after}")
        count = count_after
    if level >= 4:
        sentences.insert(rng.randint(1, level), f"{other} has {rng.randint(3, 50)} {unrelated}.")
    sentences.append(f"How many {thing} does {person} have now?")
    subject = f"{level} steps" if level > 1 else "1 step"
    return Example(" ".join(sentences), "; ".join(steps), str(count), level, subject)


def _step(rng: random.Random, count: int, level: int) -> tuple[str, str, int, int]:
    """Phrase, operator, operand and result of one step."""
    largest = 10 + 10 * level
    kinds = ["more"] * 3 + ["less"] * 3 * (count > 3)
    kinds += ["times"] * (count * 3 <= _MOST) + ["part"] * (count % 2 == 0 or count % 3 == 0)
    kind = rng.choice(kinds)
    if kind == "more":
        n = rng.randint(2, largest)
        return rng.choice(_MORE).format(n=n), "+", n, count + n
    if kind == "less":
        n = rng.randint(1, min(count - 1, largest))
        return rng.choice(_LESS).format(n=n), "-", n, count - n
    if kind == "times":
        n = rng.choice((2, 3))
        return rng.choice(_TIMES[n]), "*", n, count * n
    n = rng.choice([n for n in (2, 3) if count % n == 0])
    return rng.choice(_PARTS[n]), "/", n, count // n


TASK = make_task(
    name="micro_words",
    domain="math",
    description="generated word problems of 1 to 5 steps",
    instruction="The answer is an integer.",
    examples=lambda: held_out(sample),
    training=lambda: training_pool(sample),
    grade=grade_number,
    grader=GRADER,
    wrong_answer="-1",
)
