"""What a judge and the tasks' own graders say of the same answers, as a table and as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from calibench.records import Outcome
from calibench.reports import text
from calibench.results.judging import GraderAgreement

_JUDGES = ("correct", "incorrect", "abstained", "failed", "unparsed")
"""Outcomes that a judge gives, in the order of the columns."""


def table(found: GraderAgreement) -> tuple[list[str], list[tuple[str, list[int]]]]:
    """The judge's outcomes that occur, and per outcome of the grader how many answers have each of them."""
    columns = [outcome for outcome in _JUDGES if any(of.get(outcome) for of in found.counts.values())]
    rows = [outcome for outcome in get_args(Outcome) if outcome in found.counts]
    return columns, [(row, [found.counts[row].get(column, 0) for column in columns]) for row in rows]


def agreement_text(agreements: Sequence[GraderAgreement]) -> str:
    """A line for each task and protocol."""
    return "\n".join(_lines(agreements))


def _lines(agreements: Sequence[GraderAgreement]) -> Iterator[str]:
    for found in agreements:
        if not found.n_used:
            yield f"{text.clip(found.task, 40)}: none of {found.n_total:,} answers has a class by judge and grader"
            continue
        agreement = _interval(found.agreement, found.agreement_low, found.agreement_high)
        kappa = _interval(found.kappa, found.kappa_low, found.kappa_high)
        yield (
            f"{text.clip(found.task, 40)}: the judge agrees with {found.grader} on {agreement} of {found.n_used:,}"
            f" answers, Cohen's kappa {kappa}"
        )


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    ends = "" if low is None or high is None else f" [{text.number(low)}, {text.number(high)}]"
    return "undefined" if value is None else f"{text.number(value)}{ends}"
