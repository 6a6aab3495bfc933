"""Thinking budgets: what the same reasonings are worth where they are cut at each of several budgets."""

from __future__ import annotations

from calibench.records import BUDGET, Metric, Record
from calibench.results.differences import Difference

WHOLE = "all"
"""The budget that cuts nothing."""


def is_whole(protocol: str) -> bool:
    """Whether the answers of a protocol of that name are of whole reasonings, and not as a budget cuts them."""
    return BUDGET not in protocol


class ThinkingPoint(Record, kw_only=True, frozen=True):
    """The answers behind the reasonings as one budget cuts them."""

    budget: str
    """Tokens, as `256`, a share, as `25%`, or `all`."""
    protocol: str
    """Of these answers, as `plain@256`."""
    tokens: float | None
    """Mean generated tokens that an answer has, reasoning included; None if they are not known."""
    tokens_low: float | None
    """95 % interval; None if there is none."""
    tokens_high: float | None
    cut: float
    """Share of the generations that the budget cuts; of `all`, that the token limit does."""
    truncated: float
    """Share of the generations whose answer is not complete: the room behind the cut ended, or the token limit came
    before the budget."""
    n: int
    """Generations that did not fail."""
    metrics: tuple[Metric, ...]
    """Accuracy, and, of answers with a confidence, its mean, ECE, Brier score and AUROC."""
    differences: tuple[Difference, ...]
    """Of this budget (B) against `all` (A), on the same questions; Holm-corrected over all budgets, methods and tasks.
    Empty for `all`."""


class ThinkingCurve(Record, kw_only=True, frozen=True):
    """One task and method by thinking budget."""

    task: str
    """A task's name, or `macro` for the unweighted mean over tasks."""
    protocol: str
    """Of the whole generations."""
    method: str
    """`none` where no confidence was asked for."""
    points: tuple[ThinkingPoint, ...]
    """By tokens, then by shares, each from the smallest up; then `all`."""
