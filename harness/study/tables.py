"""Cells of the study page's tables, and the words in its headings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from calibench.metrics.estimate import Ends
from calibench.reports.text import UNDEFINED, interval, number, signed
from calibench.study.estimates import measure_of, measures
from calibench.study.numbers import Numbers, SeedDifference, Side

METHODS = {"stated": "stated", "p_true": "P(True)", "sequence_probability": "sequence probability"}
DOMAINS = {"math": "math (words, algebra)", "code": "programs", "fact": "facts"}
HEADINGS = {name: measure_of(name).title for name in (*(m.name for m in measures()), "wqd")}
"""Metric -> heading of its column."""
CHANGES = tuple(name for name in HEADINGS if measure_of(name).better)
"""The metrics whose differences are shown."""
JUDGED = tuple(name for name in CHANGES if name not in ("accuracy", "signed_gap", "wqd"))
"""Those of confidences alone, which are better at one end."""


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def value(numbers: Numbers, side: Side) -> str:
    found = numbers.estimate(side)
    return UNDEFINED if found is None else _with_interval(number(found.value), numbers.interval(side))


def point(numbers: Numbers, side: Side, seeds: Sequence[int]) -> str:
    found = numbers.estimate(side, seeds)
    return number(None if found is None else found.value)


def change(found: SeedDifference | None) -> str:
    return UNDEFINED if found is None else _with_interval(signed(found.value), found.interval)


def _with_interval(text: str, ends: Ends) -> str:
    return f"{text} {interval(*ends)}" if ends else text
