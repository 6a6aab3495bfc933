"""Saying and doing: whether a model that is told how sure to be before it answers does what its confidences say."""

from __future__ import annotations

from calibench.records import Record


class Estimated(Record, kw_only=True, frozen=True):
    """A number with its 95 % interval."""

    value: float | None
    """None where it is undefined."""
    low: float | None
    """None where there is no interval."""
    high: float | None


class TargetNumbers(Record, kw_only=True, frozen=True):
    """One task under one confidence target t, against one method's confidences without a target.

    A right answer earns 1, a wrong one costs t / (1 - t), all else is worth 0. Generations that failed, with the
    target or without, are left out.
    """

    task: str
    """A task's name, or `macro` for the unweighted mean over tasks; counts are then sums."""
    protocol: str
    """Under which the confidences were asked for."""
    method: str
    target: float
    """In (0, 1)."""
    answered: Estimated
    """Share that is answered where the target is told."""
    accuracy: Estimated
    """Share of right ones among these answers."""
    utility: Estimated
    """Earned per generation where the target is told."""
    utility_by_confidence: Estimated
    """Earned without a target by giving the answers alone whose confidence is above it."""
    difference: Estimated
    """utility - utility_by_confidence."""
    best_utility: float
    """Earned by the best threshold of the confidences, which is chosen on these very answers."""
    best_threshold: float | None
    """Answers above it are given; None: all are, or it is one of each task."""
    best_answered: float
    """Share of the generations whose answer it gives."""
    agreement: Estimated
    """Share of generations that are answered if the confidence without a target is above it, and declined if not."""
    answers_unsure: int
    """Answered with a confidence that is not above the target."""
    declines_sure: int
    """Declined with a confidence above the target."""
    n_agreement: int
    """Generations that are answered or declined and have a confidence."""
    n: int
    """Generations."""
    n_questions: int
    convention: str
