"""Deduction: formulas that exactly one assignment of true and false to their variables makes true. Which one?

After Hu et al. 2025 (arXiv 2505.10554): numbers of variables, depths, and how a formula is drawn. Ours: the number of
formulas grows with the level (theirs is 3 to 6 at each, and only conjunctions fix 12 variables by so few); every
formula rules something out when it is added; at most one formula gives values away, as a literal or a conjunction does;
a puzzle is left out if each variable simply has the sign that it mostly stands with. So that puzzle and search fit into
2,048 tokens, the formulas of level 5 have depth 4 instead of 5, and a search has at most 150 steps.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from calibench.tasks.puzzles.draws import Choices
from calibench.tasks.puzzles.formulas import Formula, Notation, canonical, drawn, literals, written


class _Size(NamedTuple):
    variables: int
    depth: int
    formulas: tuple[int, int]
    """Fewest and most."""


SIZES = {
    1: _Size(4, 1, (3, 6)),
    2: _Size(6, 2, (4, 9)),
    3: _Size(8, 3, (5, 12)),
    4: _Size(10, 4, (6, 15)),
    5: _Size(12, 4, (7, 18)),
}
LONGEST = 150
"""Steps of a search."""
LETTERS = "ABCDEFGHIJKL"


class Deduction(NamedTuple):
    """One puzzle."""

    variables: str
    formulas: tuple[Formula, ...]
    answer: str
    """T or F for each variable."""

    def form(self) -> str:
        return canonical(self.formulas, dict.fromkeys(self.variables, ""))

    def text(self, notation: Notation) -> str:
        numbered = [(i, written(formula, notation)) for i, formula in enumerate(self.formulas, 1)]
        if notation == "compact":
            return f"Solve {'; '.join(f'{i} {formula}' for i, formula in numbered)}."
        return "\n".join(
            (
                f"Exactly one way to make each of the variables {', '.join(self.variables)} true or false "
                "makes all of these formulas true:",
                *(f"{i}. {formula}" for i, formula in numbered),
                "Which variables are true, and which are false?",
            )
        )

    def trace(self) -> str:
        """The search for the values: what each formula forces, by its number; a supposition where nothing is forced.

        `2 B=F C=T` says that formula 2 forces both values, `A=T?` supposes one, and `3 no` that formula 3 cannot be
        true any more, so that the last supposition is turned round and what followed from it forgotten.
        """
        return "; ".join(_search(self))


def draw(draws: Choices, level: int) -> Deduction | None:
    """A puzzle, or None if what was drawn is none."""
    size = SIZES[level]
    variables = LETTERS[: size.variables]
    columns = _columns(variables)
    model = draws.below(1 << size.variables)
    left = columns[""]
    formulas: list[Formula] = []
    gives_away = False
    while left & (left - 1):
        if len(formulas) == size.formulas[1]:
            return None
        formula = drawn(draws, variables, size.depth)
        table = _table(formula, columns)
        says_much = len(formula) < 3 or formula[0] == "&"
        if not table >> model & 1 or left & table == left or (says_much and gives_away):
            continue
        gives_away |= says_much
        formulas.append(formula)
        left &= table
    answer = "".join("FT"[model >> i & 1] for i in range(size.variables))
    if len(formulas) < size.formulas[0] or _shown_by_signs(formulas, dict(zip(variables, answer, strict=True))):
        return None
    puzzle = Deduction(variables, tuple(formulas), answer)
    return puzzle if sum(1 for _ in _search(puzzle)) <= LONGEST else None


def _shown_by_signs(formulas: Sequence[Formula], values: dict[str, str]) -> bool:
    """Whether no variable stands more often with the sign that its value is not."""
    balance = dict.fromkeys(values, 0)
    for formula in formulas:
        for variable, positive in literals(formula):
            balance[variable] += 1 if positive == (values[variable] == "T") else -1
    return min(balance.values()) >= 0


@functools.cache
def _columns(variables: str) -> dict[str, int]:
    """Truth tables of the variables, one bit per assignment, and under "" that of truth itself."""
    rows = 1 << len(variables)
    columns = {"": (1 << rows) - 1}
    for i, variable in enumerate(variables):
        half = 1 << i
        block = ((1 << half) - 1) << half
        while half < rows // 2:
            half *= 2
            block |= block << half
        columns[variable] = block
    return columns


def _table(formula: Formula, columns: dict[str, int]) -> int:
    if isinstance(formula, str):
        return columns[formula]
    left = _table(formula[1], columns)
    if formula[0] == "~":
        return columns[""] ^ left
    right = _table(formula[2], columns)
    if formula[0] == "&":
        return left & right
    if formula[0] == "|":
        return left | right
    if formula[0] == "^":
        return left ^ right
    return columns[""] ^ (left ^ right if formula[0] == "=" else left & ~right)


def _search(puzzle: Deduction) -> Iterator[str]:
    columns = _columns(puzzle.variables)
    tables = [_table(formula, columns) for formula in puzzle.formulas]
    known: dict[str, str] = {}
    suppositions: list[tuple[str, dict[str, str]]] = []
    while True:
        possible = _rows(known, columns)
        refuted = next((i for i, table in enumerate(tables, 1) if not table & possible), None)
        if refuted:
            variable, known = suppositions.pop()
            known[variable] = "F"
            yield f"{refuted} no"
            yield f"{variable}=F"
            continue
        if len(known) == len(puzzle.variables):
            return
        forced = next(_forced(tables, possible, known, columns), None)
        if forced:
            number, values = forced
            known |= values
            yield f"{number} {' '.join(f'{variable}={value}' for variable, value in values.items())}"
        else:
            variable = next(v for v in puzzle.variables if v not in known)
            suppositions.append((variable, dict(known)))
            known[variable] = "T"
            yield f"{variable}=T?"


def _rows(known: dict[str, str], columns: dict[str, int]) -> int:
    """The assignments with these values."""
    rows = columns[""]
    for variable, value in known.items():
        rows &= columns[variable] if value == "T" else ~columns[variable]
    return rows


def _forced(
    tables: Sequence[int], possible: int, known: dict[str, str], columns: dict[str, int]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The formulas that force values of variables that are not known, with these values."""
    for number, table in enumerate(tables, 1):
        rows = table & possible
        values = {}
        for variable, column in columns.items():
            if variable and variable not in known:
                if not rows & column:
                    values[variable] = "F"
                elif not rows & ~column:
                    values[variable] = "T"
        if values:
            yield number, values
