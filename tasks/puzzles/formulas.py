"""Propositional formulas: how they are drawn, written, and told apart whatever their atoms are called.

A formula is an atom, which is a letter, or a tuple: `("~", f)`, or an operator of `&|>=^` and two formulas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from calibench.tasks.puzzles.draws import Choices

Formula = str | tuple[Any, ...]
Notation = Literal["long", "compact"]

_SYMBOLS = {
    "compact": {"~": "~", "&": "&", "|": "|", ">": ">", "=": "=", "^": "^"},
    "long": {"~": "NOT ", "&": " AND ", "|": " OR ", ">": " IMPLIES ", "=": " IFF ", "^": " XOR "},
}
_OPERATORS = "&|>=^"


def drawn(draws: Choices, atoms: str, depth: int) -> Formula:
    """A random formula of at most that depth, by the probabilities of Hu et al. 2025 (arXiv 2505.10554).

    Ours: an operator does not join two literals of one atom.
    """
    if depth == 0:
        atom = draws.choice(atoms)
        return ("~", atom) if draws.chance(0.4) else atom
    if draws.chance(0.2):
        return negated(drawn(draws, atoms, depth - 1))
    operator, left = draws.choice(_OPERATORS), drawn(draws, atoms, depth - 1)
    others = atoms.replace(left[-1], "") if len(left) < 3 and isinstance(left[-1], str) else atoms
    return operator, left, drawn(draws, others if depth == 1 else atoms, depth - 1)


def literals(formula: Formula) -> Iterator[tuple[str, bool]]:
    """Each occurrence of an atom, and whether it has no `~` of its own."""
    if isinstance(formula, str):
        yield formula, True
    elif formula[0] == "~" and isinstance(formula[1], str):
        yield formula[1], False
    else:
        for part in formula[1:]:
            yield from literals(part)


def negated(formula: Formula) -> Formula:
    return formula[1] if formula[0] == "~" else ("~", formula)


def written(formula: Formula, notation: Notation) -> str:
    """The formula as text, with brackets around what has an operator and stands inside another formula."""
    if isinstance(formula, str):
        return formula
    symbol = _SYMBOLS[notation][formula[0]]
    parts = [f"({written(p, notation)})" if len(p) == 3 else written(p, notation) for p in formula[1:]]
    return symbol.join(parts) if len(parts) == 2 else symbol + parts[0]


def canonical(formulas: Sequence[Formula], marks: Mapping[str, str]) -> str:
    """A text that is the same for two lists of formulas that differ only in the names of atoms and in their order.

    Each atom gets a number by where it occurs, then by where it occurs beside which numbers, until this tells no more
    of them apart (colour refinement). Now and then two lists that differ otherwise get the same text too.

    Args:
        formulas: in any order; so are the two sides of `&`, `|`, `=` and `^`.
        marks: atom -> what else is said of it; every atom.
    """
    names = dict(marks)
    told_apart, before = len(set(names.values())), 0
    while before < told_apart < len(names):
        seen: dict[str, list[str]] = {atom: [] for atom in names}
        for formula in formulas:
            text = _sorted(formula, names)
            for atom, place in _places(formula, ""):
                seen[atom].append(f"{place} {text}")
        said = {atom: f"{names[atom]} {sorted(places)}" for atom, places in seen.items()}
        numbers = {text: number for number, text in enumerate(sorted(set(said.values())))}
        names = {atom: f"{marks[atom]}{numbers[text]}" for atom, text in said.items()}
        told_apart, before = len(numbers), told_apart
    return f"{sorted(names.values())} {sorted(_sorted(formula, names) for formula in formulas)}"


def _sorted(formula: Formula, names: Mapping[str, str]) -> str:
    if isinstance(formula, str):
        return names[formula]
    if len(formula) == 2:
        return f"~{_sorted(formula[1], names)}"
    left, right = _sorted(formula[1], names), _sorted(formula[2], names)
    if right < left and formula[0] != ">":
        left, right = right, left
    return f"{formula[0]}({left},{right})"


def _places(formula: Formula, path: str) -> Iterator[tuple[str, str]]:
    """Each occurrence of an atom, with the operators above it, and with its side where that matters."""
    if isinstance(formula, str):
        yield formula, path
        return
    for side, part in enumerate(formula[1:]):
        yield from _places(part, f"{path}{formula[0]}{side}" if formula[0] == ">" else path + formula[0])
