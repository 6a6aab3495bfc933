"""Ways to guess an answer without solving the puzzle, and how often each is right.

`python -m calibench.tasks.puzzles.shortcuts` prints the tables of docs/puzzles.md. No level of a family may reward a
shortcut by 5 points more than chance.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from calibench.tasks.generated import LEVELS
from calibench.tasks.puzzles import FAMILIES, abduction, deduction, induction
from calibench.tasks.puzzles.draws import Choices
from calibench.tasks.puzzles.solvers import formulas_of, goals_of, known_of, numbers_of

Shortcut = Callable[[str], str]
"""(text of a puzzle, in the compact notation) -> an answer."""

TRIED = {"deduction": 150, "induction": 300, "abduction": 1000}
"""Puzzles per level."""
TOLERANCE = 0.05


def chance(family: str, level: int) -> float:
    """Share of right answers among blind guesses: of values for all variables, of a step that was seen, of a goal."""
    ways = {
        "deduction": 2 ** deduction.SIZES[level].variables,
        "induction": induction.SIZES[level].steps,
        "abduction": abduction.GOALS,
    }
    return 1 / ways[family]


@functools.cache
def scores(family: str, level: int) -> dict[str, float]:
    """Shortcut -> share of the same fresh puzzles that it answers rightly."""
    asked = list(_drawn(family, level, f"{family} {level} asked", TRIED[family]))
    before = Counter(answer for _, answer in _drawn(family, level, f"{family} {level} before", 50))
    most = before.most_common(1)[0][0]
    tried: dict[str, Shortcut] = {**_shortcuts(family, level), "most frequent answer of other puzzles": lambda _: most}
    right = [{name: guess(text) == answer for name, guess in tried.items()} for text, answer in asked]
    return {name: sum(of_one[name] for of_one in right) / len(right) for name in tried}


def _drawn(family: str, level: int, seed: str, count: int) -> Iterator[tuple[str, str]]:
    """Texts and answers."""
    draws = Choices(seed)
    while count:
        if drawn := FAMILIES[family].draw(draws, level):
            count -= 1
            yield drawn.text("compact"), drawn.answer


def _shortcuts(family: str, level: int) -> dict[str, Shortcut]:
    draws = Choices(f"{family} {level} guesses")
    if family == "deduction":
        return _of_deduction(draws)
    return _of_induction(draws, level) if family == "induction" else _of_abduction(draws)


def _of_deduction(draws: Choices) -> dict[str, Shortcut]:
    def valued(text: str, value: Callable[[list[bool]], bool]) -> str:
        """A value for each variable, from the signs that it stands with."""
        found: dict[str, list[bool]] = {}
        for no, atom in re.findall("(~?)([A-Z])", " ".join(formulas_of(text))):
            found.setdefault(atom, []).append(not no)
        return "".join("T" if value(found[atom]) else "F" for atom in sorted(found))

    def given_away(text: str) -> str:
        """What literals and conjunctions of literals say, and for the rest the sign that is most frequent."""
        plain = [f for f in formulas_of(text) if re.fullmatch("~?[A-Z](&~?[A-Z])?", f)]
        said = {atom: "F" if no else "T" for no, atom in re.findall("(~?)([A-Z])", " ".join(plain))}
        rest = valued(text, lambda signs: 2 * sum(signs) >= len(signs))
        return "".join(said.get(atom, value) for atom, value in zip(deduction.LETTERS, rest, strict=False))

    return {
        "random values": lambda text: valued(text, lambda _: draws.chance(0.5)),
        "all true": lambda text: valued(text, lambda _: True),
        "all false": lambda text: valued(text, lambda _: False),
        "the more frequent sign": lambda text: valued(text, lambda signs: 2 * sum(signs) >= len(signs)),
        "the rarer sign": lambda text: valued(text, lambda signs: 2 * sum(signs) < len(signs)),
        "the first sign": lambda text: valued(text, lambda signs: signs[0]),
        "the last sign": lambda text: valued(text, lambda signs: signs[-1]),
        "what plain formulas say, then the more frequent sign": given_away,
    }


def _of_induction(draws: Choices, level: int) -> dict[str, Shortcut]:
    def on(text: str, change: Callable[[list[int], list[int]], float]) -> str:
        """The last number changed by something of the numbers and their differences."""
        numbers = numbers_of(text)
        return str(numbers[-1] + round(change(numbers, [b - a for a, b in pairwise(numbers)])))

    def copied(text: str, choose: Callable[[list[int]], int]) -> str:
        return str(choose(numbers_of(text)))

    return {
        "random number of that size": lambda text: copied(text, lambda n: draws.between(min(n), max(n))),
        "random number shown": lambda text: copied(text, draws.choice),
        "last number": lambda text: copied(text, lambda n: n[-1]),
        "last number but one": lambda text: copied(text, lambda n: n[-2]),
        "first number": lambda text: copied(text, lambda n: n[0]),
        "last difference again": lambda text: on(text, lambda _, steps: steps[-1]),
        "first difference again": lambda text: on(text, lambda _, steps: steps[0]),
        "some difference again": lambda text: on(text, lambda _, steps: draws.choice(steps)),
        "mean difference": lambda text: on(text, lambda _, steps: sum(steps) / len(steps)),
        "last change of differences again": lambda text: on(text, lambda _, s: 2 * s[-1] - s[-2]),
        "last ratio again": lambda text: on(text, lambda n, steps: n[-1] / n[-2] * steps[-1]),
        "cycle one step shorter": lambda text: on(text, lambda _, steps: steps[-level]),
    }


def _of_abduction(draws: Choices) -> dict[str, Shortcut]:
    def best(text: str, value: Callable[[str, list[tuple[int, str]]], float]) -> str:
        """The goal with the highest value, which is of the goal and of the numbers and left sides of its rules."""
        rules = [(n, *rule.rpartition(">")[::2]) for n, rule in enumerate(formulas_of(text))]
        goals = draws.shuffled(goals_of(text))
        return max(goals, key=lambda goal: value(goal, [(n, left) for n, left, head in rules if head == goal]))

    def true_literals(text: str, rules: Sequence[tuple[int, str]]) -> int:
        """Known atoms in the left sides that stand with the sign that makes them true, less the others."""
        known = known_of(text)
        signs = [(no, atom) for _, left in rules for no, atom in re.findall("(~?)([A-Z])", left) if atom in known]
        return sum(1 if known[atom] != bool(no) else -1 for no, atom in signs)

    def heads(text: str) -> Counter[str]:
        return Counter(rule[-1] for rule in formulas_of(text))

    def needed(text: str, rules: Sequence[tuple[int, str]]) -> int:
        """Rules to the atoms that the left sides need."""
        return sum(heads(text)[atom] for _, left in rules for atom in re.findall("[A-Z]", left))

    return {
        "random goal": lambda text: draws.choice(goals_of(text)),
        "first goal": lambda text: goals_of(text)[0],
        "last goal": lambda text: goals_of(text)[-1],
        "first goal of the alphabet": lambda text: min(goals_of(text)),
        "listed among the known": lambda text: best(text, lambda goal, _: goal in known_of(text)),
        "head of the first rule": lambda text: best(text, lambda _, rules: -rules[0][0]),
        "head of the last rule": lambda text: best(text, lambda _, rules: rules[-1][0]),
        "most rules": lambda text: best(text, lambda _, rules: len(rules)),
        "fewest rules": lambda text: best(text, lambda _, rules: -len(rules)),
        "shortest left sides": lambda text: best(text, lambda _, rules: -sum(len(left) for _, left in rules)),
        "longest left sides": lambda text: best(text, lambda _, rules: sum(len(left) for _, left in rules)),
        "most that is known to be true": lambda text: best(text, lambda _, rules: true_literals(text, rules)),
        "least that is known to be true": lambda text: best(text, lambda _, rules: -true_literals(text, rules)),
        "most rules to what is needed": lambda text: best(text, lambda _, rules: needed(text, rules)),
        "fewest rules to what is needed": lambda text: best(text, lambda _, rules: -needed(text, rules)),
    }


def tables(families: Sequence[str] = tuple(FAMILIES)) -> Iterator[str]:
    """The lines of a table per family: chance and each shortcut, in percent by level."""
    for family in families:
        of_levels = {level: scores(family, level) for level in LEVELS}
        yield f"| {family} | " + " | ".join(f"level {level}" for level in LEVELS) + " |"
        yield "|---|" + "---|" * len(LEVELS)
        yield _row("chance", [chance(family, level) for level in LEVELS])
        for name in of_levels[LEVELS[0]]:
            yield _row(name, [of_levels[level][name] for level in LEVELS])
        yield ""


def _row(name: str, shares: Sequence[float]) -> str:
    return f"| {name} | " + " | ".join(f"{100 * share:.1f}" for share in shares) + " |"


if __name__ == "__main__":
    print("\n".join(tables()))
