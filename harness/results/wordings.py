"""What the wording of the question for a confidence does to it: the same answers, asked about in other words."""

from __future__ import annotations

from typing import Literal

from calibench.records import Metric, Record

Source = Literal["question", "draw", "wording", "question and wording", "rest"]


class VarianceShare(Record, kw_only=True, frozen=True):
    """How much of the variance of confidences one thing makes."""

    source: Source
    """`question and wording`: that a wording raises the confidence for some questions more than for others."""
    variance: float
    """At least 0; an estimate below is none."""
    share: float | None
    """Of the sum of all; None if that is 0."""
    low: float | None
    """95 % interval of the share; None where there is none."""
    high: float | None


class Wording(Record, kw_only=True, frozen=True):
    """What one wording gives."""

    number: int
    """From 1, the method's own."""
    text: str | None
    """What is asked; None where it is not known any more."""
    metrics: tuple[Metric, ...]
    """Of the task, by name in the order in which they are shown."""


class Wordings(Record, kw_only=True, frozen=True):
    """The wordings of one task and method."""

    task: str
    """A task's name, or `macro` for the unweighted mean over tasks."""
    protocol: str
    method: str
    wordings: tuple[Wording, ...]
    """Two or more."""
    variances: tuple[VarianceShare, ...]
    """Empty where they are undefined, and of a mean over tasks."""
    n_questions: int
    """Questions that the variances are of."""
    n_answers: int
    """Their answers that have a confidence in every wording."""
    convention: str
    """Of the variances."""
    reason: str | None
    """Why there are none; None otherwise."""
