"""Abduction: rules, some known atoms, and three goals of which exactly one can be reached. Which one?

After Hu et al. 2025 (arXiv 2505.10554): rules whose left side is an expression of AND, OR and NOT, chains of rules that
lead to the goals, links that are broken for the goals out of reach, other rules, cycles, and their numbers by level.
Their released data list the reachable goal among the known atoms; here no goal is ever known.

Ours: what holds is what the rules derive from the known atoms, and it is also what follows from them logically, as NOT
stands before known atoms only and no rule leads to an atom that is known. The chains to the three goals are alike but
for one link, which is never the one next to the goal, so that only following a chain to its end tells them apart: the
broken link needs an atom that is known to be false, or leads in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from calibench.tasks.puzzles.draws import Choices
from calibench.tasks.puzzles.formulas import Formula, Notation, canonical, written


class _Size(NamedTuple):
    depth: tuple[int, int]
    """Rules of each chain, fewest and most."""
    others: tuple[int, int]
    """Rules that lead nowhere."""
    cycle: float
    """Probability that one of them, or a broken link, leads back in its chain."""


SIZES = {
    1: _Size((2, 3), (3, 5), 0.10),
    2: _Size((3, 4), (5, 7), 0.15),
    3: _Size((4, 5), (7, 9), 0.20),
    4: _Size((5, 6), (8, 10), 0.25),
    5: _Size((6, 7), (10, 12), 0.30),
}
GOALS = 3
KNOWN = {"T": 3, "F": 2}
"""Atoms known to be true, and to be false."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Rule = tuple[Formula, str]
"""Left side and the atom that it leads to."""

Literals = Mapping[bool, Sequence[Formula]]
"""Of known atoms, by whether they are true."""


class Abduction(NamedTuple):
    """One puzzle."""

    rules: tuple[Rule, ...]
    true: tuple[str, ...]
    false: tuple[str, ...]
    goals: tuple[str, ...]
    answer: str

    def form(self) -> str:
        atoms = {head for _, head in self.rules}
        marks = dict.fromkeys(atoms, "") | dict.fromkeys(self.true, "T") | dict.fromkeys(self.false, "F")
        return canonical([(">", *rule) for rule in self.rules], marks | dict.fromkeys(self.goals, "G"))

    def text(self, notation: Notation) -> str:
        arrow = ">" if notation == "compact" else " => "
        rules = [
            f"({side}){arrow}{head}" if len(left) == 3 else f"{side}{arrow}{head}"
            for left, head in self.rules
            for side in [written(left, notation)]
        ]
        if notation == "compact":
            numbered = "; ".join(f"{i} {rule}" for i, rule in enumerate(rules, 1))
            known = f"True {' '.join(self.true)}; false {' '.join(self.false)}"
            return f"{known}; {numbered}. Which of {' '.join(self.goals)}?"
        return "\n".join(
            (
                f"Known to be true: {', '.join(self.true)}. Known to be false: {', '.join(self.false)}.",
                "Where the left side of a rule is true, its right side is true too:",
                *(f"{i}. {rule}" for i, rule in enumerate(rules, 1)),
                f"Which one of {', '.join(self.goals)} can be reached, that is, shown to be true by these rules?",
            )
        )

    def trace(self) -> str:
        """The search backward from each goal, until one is reached.

        `B 2 K` says that rule 2 leads to B and needs K, `K 1 yes` that rule 1 leads to K and needs nothing but what is
        known, `K 3 no` that what rule 3 needs is known to be false or is being looked for already, and `K no` that no
        rule is left. What was needed by a rule that fails is looked at no further.
        """
        values = dict.fromkeys(self.true, True) | dict.fromkeys(self.false, False)
        steps: list[str] = []
        next(goal for goal in self.goals if _reach(goal, (), self.rules, values, steps))
        return "; ".join(steps)


def draw(draws: Choices, level: int) -> Abduction:
    """A puzzle."""
    size = SIZES[level]
    depth = draws.between(*size.depth)
    atoms = iter(draws.shuffled(_LETTERS))
    chains = [[next(atoms) for _ in range(depth)] for _ in range(GOALS)]
    known = {sign: [next(atoms) for _ in range(n)] for sign, n in KNOWN.items()}
    literals: Literals = {
        True: [*known["T"], *(("~", atom) for atom in known["F"])],
        False: [*known["F"], *(("~", atom) for atom in known["T"])],
    }
    rules = [
        rule for place, chain in enumerate(chains) for rule in _chain(draws, chain, place > 0, literals, size.cycle)
    ]
    rules += [_other(draws, chains, literals, size.cycle) for _ in range(draws.between(*size.others))]
    goals = draws.shuffled([chain[0] for chain in chains])
    true, false = (tuple(sorted(atoms)) for atoms in known.values())
    return Abduction(tuple(draws.shuffled(rules)), true, false, tuple(goals), chains[0][0])


def _chain(draws: Choices, chain: Sequence[str], broken: bool, literals: Literals, cycle: float) -> Iterator[Rule]:
    """The rules that lead to a goal, `chain[0]`, each from the next atom, and the last one from what is known."""
    in_circle = broken and len(chain) > 2 and draws.chance(cycle)
    break_at = draws.between(1, len(chain) - 1) if broken and not in_circle else None
    for place, head in enumerate(chain[:-1]):
        yield (_blocked if place == break_at else _needing)(draws, chain[place + 1], literals), head
    end: Formula = draws.choice(literals[break_at != len(chain) - 1])
    yield _needing(draws, draws.choice(chain[1:-1]) if in_circle else end, literals), chain[-1]


def _other(draws: Choices, chains: Sequence[Sequence[str]], literals: Literals, cycle: float) -> Rule:
    """A rule that changes nothing: it needs what it leads to, or something false."""
    chain = draws.choice(chains)
    if len(chain) > 2 and draws.chance(cycle):
        start, end = sorted(draws.sample(range(1, len(chain)), 2))
        return _needing(draws, chain[start], literals), chain[end]
    head = draws.choice(chain)
    return _blocked(draws, draws.choice([atom for c in chains for atom in c[1:] if atom != head]), literals), head


def _needing(draws: Choices, literal: Formula, literals: Literals) -> Formula:
    """An expression that is true if the literal is, and only then."""
    yes, no = draws.choice(literals[True]), draws.choice(literals[False])
    match draws.below(5):
        case 0:
            return literal
        case 1:
            return _joined(draws, "&", literal, yes)
        case 2:
            return _joined(draws, "|", literal, no)
        case 3:
            return _joined(draws, "|", _joined(draws, "&", literal, yes), no)
        case _:
            return _joined(draws, "&", _joined(draws, "|", literal, no), yes)


def _blocked(draws: Choices, literal: Formula, literals: Literals) -> Formula:
    """An expression that is false, although the literal stands in it."""
    yes, no, other = draws.choice(literals[True]), draws.choice(literals[False]), draws.choice(literals[False])
    match draws.below(3):
        case 0:
            return _joined(draws, "&", literal, no)
        case 1:
            return _joined(draws, "|", _joined(draws, "&", literal, no), other)
        case _:
            return _joined(draws, "&", _joined(draws, "|", literal, yes), no)


def _joined(draws: Choices, operator: str, one: Formula, other: Formula) -> Formula:
    return (operator, one, other) if draws.chance(0.5) else (operator, other, one)


def _reach(
    atom: str, above: Sequence[str], rules: Sequence[Rule], values: Mapping[str, bool], steps: list[str]
) -> bool:
    """Whether the atom can be reached without those `above`, which are being looked for; adds what was looked at."""
    above = (*above, atom)
    for number, (left, head) in enumerate(rules, 1):
        if head != atom:
            continue
        needed = _left_to_show(left, values)
        if needed in above:
            needed = False
        if isinstance(needed, bool):
            steps.append(f"{atom} {number} {'yes' if needed else 'no'}")
        else:
            steps.append(f"{atom} {number} {needed}")
            needed = _reach(needed, above, rules, values, steps)
        if needed:
            return True
    steps.append(f"{atom} no")
    return False


def _left_to_show(left: Formula, values: Mapping[str, bool]) -> str | bool:
    """Whether a left side is true by what is known, or the one atom that it depends on."""
    if isinstance(left, str):
        return values.get(left, left)
    if left[0] == "~":
        return not values[left[1]]
    sides = [_left_to_show(side, values) for side in left[1:]]
    decides = left[0] == "|"
    if decides in sides:
        return decides
    return next((side for side in sides if isinstance(side, str)), not decides)
