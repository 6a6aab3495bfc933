"""What a person's labels of some answers say: how good the grader is, and the numbers without its errors."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from calibench.records import Metric, Record

Estimator = Literal["rectified", "inverted"]
Label = Literal["correct", "incorrect", "not attempted"]


class LabelCount(Record, kw_only=True, frozen=True):
    """How many answers have both this grade and this label."""

    task: str
    protocol: str
    grade: Label
    """By the grader; whatever it found no answer in is `not attempted`."""
    label: Label
    """By the person."""
    n: Annotated[int, Meta(ge=0)]


class CorrectedNumber(Record, kw_only=True, frozen=True):
    """A number of a run as its grader has it, and without the grader's errors."""

    graded: Metric
    """As the scorecard has it."""
    corrected: Metric
    """What it would be if the person had labelled every answer; of ECE without the upward bias of noise."""


class Labelled(Record, kw_only=True, frozen=True):
    """A run held against labels."""

    name: str
    """Of the run."""
    labels: Annotated[int, Meta(ge=1)]
    """Answers that have one."""
    file: str
    """Name of the table that holds them."""
    of: str | None
    """Name of the run whose answers are labelled; None: it is this one, of which they are a random sample."""
    estimator: Estimator
    graders: dict[str, str]
    """Task -> its grader."""
    counts: tuple[LabelCount, ...]
    agreement: tuple[Metric, ...]
    """`agreement`, `kappa`, `sensitivity` and `specificity` of the grader, for each task and protocol of the labels."""
    numbers: tuple[CorrectedNumber, ...]
    """`accuracy`, `signed_gap`, `ece`, `brier` and `auroc` for each task, protocol and method; without a method,
    `accuracy` alone."""
    notes: tuple[str, ...]
