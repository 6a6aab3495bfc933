"""What figures are drawn from: series of points, each of which is a row of the figure's numbers."""

from __future__ import annotations

from typing import Any, Literal

from calibench.records import Record

PlotKind = Literal["reliability", "risk-coverage", "histogram", "length", "budget", "votes", "ladder", "threshold"]


class LengthBin(Record, kw_only=True, frozen=True):
    """Answers of about one length."""

    tokens_low: float
    """The fewest generated tokens of an answer."""
    tokens_high: float
    tokens: float
    """Their mean."""
    n: int
    """Answers that were graded and have a confidence."""
    accuracy: float
    accuracy_low: float | None
    """95 % interval; None if there is none."""
    accuracy_high: float | None
    confidence: float
    """Mean confidence."""
    confidence_low: float | None
    confidence_high: float | None


class BudgetPoint(Record, kw_only=True, frozen=True):
    """A run as it would be, had each generation been stopped at a number of tokens."""

    tokens: int
    """The budget."""
    finished: float
    """Share of the generations that need no more."""
    accuracy: float
    """Share of the generations that need no more and are right."""
    low: float | None
    """95 % interval of the accuracy; None if there is none."""
    high: float | None
    n: int
    """Generations."""


class BudgetCurve(Record, kw_only=True, frozen=True):
    """Accuracy by token budget."""

    protocol: str
    task: str
    points: tuple[BudgetPoint, ...]
    """From the smallest budget up."""


class ThresholdPoint(Record, kw_only=True, frozen=True):
    """What goes out without a person from one confidence on; one answer per question."""

    threshold: float
    share: float
    """Of all questions."""
    precision: float
    """Share of right answers among those that go out."""
    precision_low: float
    """95 % Clopper-Pearson interval, for this threshold alone."""
    precision_high: float
    n: int
    n_right: int


class VotePoint(Record, kw_only=True, frozen=True):
    """Accuracy of a vote of some draws."""

    draws: int
    accuracy: float
    low: float | None
    """95 % interval; None if there is none."""
    high: float | None
    n: int
    """Questions."""


class LadderPoint(Record, kw_only=True, frozen=True):
    """A metric of a whole task, or of the mean over tasks."""

    metric: str
    title: str
    """How the metric is called in headings."""
    value: float
    low: float | None
    """95 % interval; None if there is none."""
    high: float | None
    n: int
    """Generations that entered the number."""


class PlotSeries(Record, kw_only=True, frozen=True):
    """One line, or one panel, of a figure."""

    run: str
    """Name, unique within the figure."""
    protocol: str
    task: str
    """A task's name, or `macro` for the unweighted mean over tasks."""
    method: str
    """`none` where no confidence enters."""
    points: tuple[Any, ...]
    """All of one kind: `ReliabilityBin`, `RiskPoint`, or a record of this module."""


class Plot(Record, kw_only=True, frozen=True):
    """All that a figure shows."""

    kind: PlotKind
    series: tuple[PlotSeries, ...]
    """At least one; those of a ladder in the order of its rows."""
