"""How two runs differ."""

from __future__ import annotations

from typing import Literal

from calibench.records import MeasureInfo, Record


class Difference(Record, kw_only=True, frozen=True):
    """A metric of run B minus the same metric of run A, paired on the questions that both answered."""

    run_a: str
    """Name of run A, unique within the comparison."""
    run_b: str
    task: str
    protocol: str
    method: str
    subset: str
    metric: str
    a: float | None
    b: float | None
    difference: float | None
    """b - a; None if either is undefined."""
    low: float | None
    """95 % interval of the difference (paired bootstrap over shared questions)."""
    high: float | None
    p_value: float | None
    p_holm: float | None
    """p_value after Holm's correction over all differences of the comparison."""
    verdict: Literal["better", "worse", "equivalent", "undecided"]
    """Of B against A. `equivalent`: the interval lies inside the stated margin, or, of two methods of a run, both give
    every answer the same confidence."""
    n_questions: int
    """Questions shared by both runs."""
    convention: str
    reason: str | None = None
    detectable: float | None = None
    """Of `undecided`: the smallest true difference that would have been found with a chance of 80 %, of the signed gap
    as a difference of its distances from zero; None where these questions could have shown none, and of other
    verdicts."""


class MethodComparison(Record, kw_only=True, frozen=True):
    """The confidence methods of one run held against each other, on the same answers."""

    methods: tuple[str, ...]
    differences: tuple[Difference, ...]
    """Of every two methods, which stand as runs A and B."""
    measures: tuple[MeasureInfo, ...]


class ChangeSplit(Record, kw_only=True, frozen=True):
    """What a difference of run B from run A is made of, on the rows that both scored."""

    run_a: str
    run_b: str
    task: str
    """A task's name, or `macro` for the unweighted mean over tasks."""
    protocol: str
    method: str
    metric: str
    difference: float
    """`by_accuracy` + `by_confidence`."""
    by_accuracy: float
    """What goes with which answers are right."""
    by_accuracy_low: float | None
    """95 % interval; None where no resample differs."""
    by_accuracy_high: float | None
    by_confidence: float
    """What goes with the confidences."""
    by_confidence_low: float | None
    by_confidence_high: float | None
    n_used: int
    """Generations that both runs scored."""
    convention: str


class HeldVerdict(Record, kw_only=True, frozen=True):
    """A difference of two runs, as each wording shows it."""

    run_a: str
    run_b: str
    task: str
    """A task's name, or `macro` for the unweighted mean over tasks."""
    protocol: str
    method: str
    metric: str
    verdict: str
    """Of the method's own wording."""
    holds: int
    """Wordings with this verdict, the own one among them."""
    differences: tuple[Difference, ...]
    """By wording, the method's own first; a wording's p values are corrected over the comparison that it makes."""
