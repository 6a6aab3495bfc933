"""Follows worked solutions: each step must be right by the puzzle's text, and the last one gives the answer.

Other code than what writes them. A step that is not right is an `AssertionError` that names it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calibench.tasks.puzzles.solvers import columns_of, formulas_of, goals_of, known_of, numbers_of, table_of


def replay_deduction(text: str, trace: str) -> str:
    """The values that a search arrives at."""
    formulas = formulas_of(text)
    variables = sorted(set(re.findall("[A-Z]", "".join(formulas))))
    known: dict[str, bool] = {}
    suppositions: list[tuple[str, dict[str, bool]]] = []
    refuted = False
    for step in trace.split("; "):
        if match := re.fullmatch(r"(\d+) no", step):
            assert not _possible(formulas[int(match[1]) - 1], known), step
            refuted = True
        elif refuted:
            variable, known = suppositions.pop()
            assert step == f"{variable}=F", step
            known[variable] = False
            refuted = False
        elif match := re.fullmatch(r"([A-Z])=T\?", step):
            assert match[1] not in known, step
            suppositions.append((match[1], dict(known)))
            known[match[1]] = True
        else:
            number, *said = step.split()
            for variable, value in (word.split("=") for word in said):
                assert not _possible(formulas[int(number) - 1], {**known, variable: value == "F"}), step
                known[variable] = value == "T"
    assert all(_possible(formula, known) for formula in formulas), trace
    return "".join("T" if known[variable] else "F" for variable in variables)


def _possible(formula: str, known: dict[str, bool]) -> bool:
    """Whether the formula can be true with these values."""
    unknown = sorted(set(re.findall("[A-Z]", formula)) - known.keys())
    everything = (1 << (1 << len(unknown))) - 1
    named = dict(zip(unknown, columns_of(len(unknown)), strict=True))
    named |= {variable: everything if value else 0 for variable, value in known.items()}
    return table_of(formula, named, everything) != 0


def replay_induction(text: str, trace: str) -> str:
    """The result of the last calculation."""
    numbers = numbers_of(text)
    *seen, last = trace.split("; ")
    steps = [_step(a, b, step) for a, b, step in zip(numbers, numbers[1:], seen, strict=False)]
    assert len(steps) == len(numbers) - 1, trace
    calculation = re.fullmatch(r"(\d+)([-+*])(\d+)=(\d+)", last)
    assert calculation, last
    a, sign, amount, answer = int(calculation[1]), calculation[2], int(calculation[3]), int(calculation[4])
    assert a == numbers[-1], last
    assert answer == {"+": a + amount, "-": a - amount, "*": a * amount}[sign], last
    lengths = (n for n in range(1, len(steps) // 2 + 1) if steps[n:] == steps[:-n])
    assert (sign, amount) == steps[-next(lengths)], last
    return calculation[4]


def _step(a: int, b: int, written: str) -> tuple[str, int]:
    """What leads from a to b, as a calculation on the two says."""
    for sign, start, result in (("+", f"{b}-{a}=", b - a), ("-", f"{a}-{b}=", a - b), ("*", f"{b}/{a}=", b / a)):
        if written == f"{start}{result:g}" and result > 0:
            return sign, int(result)
    raise AssertionError(written)


def replay_abduction(text: str, trace: str) -> str:
    """The goal that a search arrives at."""
    rules, known = formulas_of(text), known_of(text)
    goals = iter(goals_of(text))
    sought: list[tuple[str, set[int]]] = []  # atoms, with the rules to them that are left
    steps = [step.split() for step in trace.split("; ")]
    for atom, *rest in steps:
        if not sought:
            assert atom == next(goals), trace
            sought = [(atom, _leading_to(atom, rules))]
        assert atom == sought[-1][0], (atom, trace)
        if rest == ["no"]:
            assert not sought.pop()[1], (atom, trace)
            continue
        said, needed = rest
        number = int(said)
        sought[-1][1].remove(number)
        left = rules[number - 1].rpartition(">")[0]
        if needed == "yes":
            assert _depends_on(left, known) == "yes", (left, trace)
            assert steps[-1] == [atom, *rest], trace
            return sought[0][0]
        found = _depends_on(left, known)
        if needed == "no":
            assert found == "no" or found in [above for above, _ in sought], (left, trace)
        else:
            assert found == needed, (left, trace)
            sought.append((needed, _leading_to(needed, rules)))
    raise AssertionError(f"no goal is reached: {trace}")


def _leading_to(atom: str, rules: Sequence[str]) -> set[int]:
    return {number for number, rule in enumerate(rules, 1) if rule.endswith(f">{atom}")}


def _depends_on(left: str, known: dict[str, bool]) -> str:
    """`yes` or `no` if what is known decides a left side, else the one atom that it is as true as."""
    if not _possible(left, known):
        return "no"
    if not _possible(f"~({left})", known):
        return "yes"
    for atom in sorted(set(re.findall("[A-Z]", left)) - known.keys()):
        if not _possible(left, {**known, atom: False}) and not _possible(f"~({left})", {**known, atom: True}):
            return atom
    raise AssertionError(f"{left} depends on several atoms")


REPLAYS = {"deduction": replay_deduction, "induction": replay_induction, "abduction": replay_abduction}
"""family -> (text of a puzzle, its worked solution) -> the answer that this leads to."""
