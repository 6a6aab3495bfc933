"""Solves puzzles from their text alone, by other code and other means than the generators: the check on them.

Formulas are read by a parser, and all assignments are tried at once. A goal of abduction is reached if it is true
whenever all rules are. A sequence is continued by every cycle that explains it, whatever its length.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from itertools import pairwise

_WORDS = {" AND ": "&", " OR ": "|", " IMPLIES ": ">", " IFF ": "=", " XOR ": "^", " => ": ">", "NOT ": "~"}
_FORMULA = re.compile(r"\d+\.? ([A-Z~&|>=^()]+)")
_NAMES = r"([A-Z](?:,? [A-Z])*)"
_TRUE, _FALSE = (re.compile(rf"{word}:? {_NAMES}[.;]") for word in ("[Tt]rue", "false"))
_GOALS = re.compile(rf"Which (?:one )?of {_NAMES}")
_NUMBERS = re.compile(r"(?:Next:|sequence:) ([\d, ]+)")


@functools.lru_cache(maxsize=16)
def formulas_of(text: str) -> tuple[str, ...]:
    """The formulas or rules of a puzzle in either notation, in the compact one."""
    for word, symbol in _WORDS.items():
        text = text.replace(word, symbol)
    return tuple(_FORMULA.findall(text))


def known_of(text: str) -> dict[str, bool]:
    """The atoms that a puzzle of abduction says are known, with their values."""
    found = {value: pattern.search(text) for value, pattern in ((True, _TRUE), (False, _FALSE))}
    return {atom: value for value, names in found.items() if names for atom in re.findall("[A-Z]", names[1])}


def goals_of(text: str) -> list[str]:
    """The goals of a puzzle of abduction."""
    named = _GOALS.search(text)
    return re.findall("[A-Z]", named[1]) if named else []


def numbers_of(text: str) -> list[int]:
    """The sequence of a puzzle of induction."""
    shown = _NUMBERS.search(text)
    return [int(number) for number in re.findall(r"\d+", shown[1])] if shown else []


def solve_deduction(text: str) -> str | None:
    """The only assignment that makes all formulas true; None if there is none, or more than one."""
    formulas = formulas_of(text)
    atoms = sorted(set(re.findall("[A-Z]", "".join(formulas))))
    columns = columns_of(len(atoms))
    named = dict(zip(atoms, columns, strict=True))
    left = (1 << (1 << len(atoms))) - 1
    everything = left
    for formula in formulas:
        left &= table_of(formula, named, everything)
    if left.bit_count() != 1:
        return None
    return "".join("T" if left & column else "F" for column in columns)


def solve_abduction(text: str) -> str | None:
    """The only goal that is true whenever all rules are; None if there is none, or more than one."""
    rules, known, goals = formulas_of(text), known_of(text), goals_of(text)
    atoms = sorted(set(re.findall("[A-Z]", "".join(rules))) - known.keys())
    everything = (1 << (1 << len(atoms))) - 1
    named = dict(zip(atoms, columns_of(len(atoms)), strict=True))
    named |= {atom: everything if value else 0 for atom, value in known.items()}
    left = everything
    for rule in rules:
        left &= table_of(rule, named, everything)
    reached = [goal for goal in goals if not left & ~named[goal]]
    return reached[0] if left and len(reached) == 1 and not set(goals) & known.keys() else None


def solve_induction(text: str) -> str | None:
    """What every cycle of steps that is seen twice gives as the next number; None if they differ, or there is none."""
    numbers = numbers_of(text)
    steps = list(pairwise(numbers))
    found = set()
    for length in range(1, len(steps) // 2 + 1):
        places = [steps[start::length] for start in range(length)]
        if all(_explaining(pairs) for pairs in places):
            found |= {
                numbers[-1] + amount if sign == "+" else numbers[-1] * amount
                for sign, amount in _explaining(places[len(steps) % length])
            }
    return str(found.pop()) if len(found) == 1 else None


def _explaining(pairs: Sequence[tuple[int, int]]) -> list[tuple[str, int]]:
    """The steps that lead from the first to the second number of each pair."""
    a, b = pairs[0]
    sums = [("+", b - a)] if all(d - c == b - a for c, d in pairs) else []
    products = [("*", m) for m in (2, 3, 4) if all(d == c * m for c, d in pairs)]
    return [*sums, *products]


SOLVERS = {"deduction": solve_deduction, "induction": solve_induction, "abduction": solve_abduction}
"""family -> (text of a puzzle, in either notation) -> its answer; None where it has not exactly one."""


@functools.cache
def columns_of(n: int) -> tuple[int, ...]:
    """Truth tables of `n` variables: bit `row` of column i is bit i of `row`."""
    rows = 1 << n
    halves = (b"\x00" * (1 << i) + b"\xff" * (1 << i) for i in range(max(0, n - 3)))
    patterns = [b"\xaa", b"\xcc", b"\xf0", *halves][:n]
    size = max(1, rows // 8)
    return tuple(int.from_bytes(p * (size // len(p)), "little") & ((1 << rows) - 1) for p in patterns)


def table_of(formula: str, named: dict[str, int], everything: int) -> int:
    """The truth table of a formula in the compact notation; `named` has those of its atoms."""
    table, end = _read(formula, 0, named, everything)
    assert end == len(formula), f"{formula}: not a formula"
    return table


def _read(formula: str, start: int, named: dict[str, int], everything: int) -> tuple[int, int]:
    """The table of the expression that starts there, and where it ends."""
    left, place = _operand(formula, start, named, everything)
    if place == len(formula) or formula[place] == ")":
        return left, place
    right, end = _operand(formula, place + 1, named, everything)
    match formula[place]:
        case "&":
            return left & right, end
        case "|":
            return left | right, end
        case ">":
            return (everything ^ left) | right, end
        case "^":
            return left ^ right, end
        case "=":
            return everything ^ left ^ right, end
        case symbol:
            raise AssertionError(f"{formula}: {symbol!r} is no operator")


def _operand(formula: str, start: int, named: dict[str, int], everything: int) -> tuple[int, int]:
    if formula[start] == "~":
        table, end = _operand(formula, start + 1, named, everything)
        return everything ^ table, end
    if formula[start] == "(":
        table, end = _read(formula, start + 1, named, everything)
        return table, end + 1
    return named[formula[start]], start + 1
