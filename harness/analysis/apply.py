"""A policy applied: which of these answers may go out, and which a person has to check. Needs no labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from calibench.analysis import policy as policies
from calibench.analysis.answers import Answers
from calibench.files import write_text
from calibench.results.decisions import DecisionCount, Policy
from calibench.store import RunFile

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

AUTOMATE, REVIEW = "automate", "review"


class Applied(NamedTuple):
    """Answers with what becomes of them."""

    frame: pd.DataFrame
    """One row per answer, in the order of the file: `task`, `question_id`, `draw`, `confidence` (nan where there is
    none) and `decision`."""
    counts: tuple[DecisionCount, ...]
    """One per rule of the policy."""
    notes: tuple[str, ...]
    """What a reader must know before the numbers."""

    def rows(self) -> list[dict]:
        """The frame as JSON has it; a missing confidence is None."""
        whole = self.frame.astype({"confidence": object}).where(self.frame["confidence"].notna(), {"confidence": None})
        return whole.to_dict("records")


def from_options(policy: str | Path | Policy, of: str | Path | RunFile, columns: Mapping[str, Any]) -> Applied:
    """As `apply`, of a policy or its file, and of a run or a file whose `columns` are fields of `ColumnOptions`."""
    told = policies.opened(policy)
    return apply(told, policies.answers_for(told, of, columns, labelled=False))


def apply(policy: Policy, found: Answers) -> Applied:
    """Marks each answer `automate` or `review`; whatever has no answer or no confidence is for review.

    Args:
        policy: says from which confidence on.
        found: of `policy.answers_for`.
    """
    import numpy as np

    out = found.having() & at_threshold(policy, found.frame)
    frame = found.frame[["task", "question_id", "draw"]].assign(
        confidence=found.frame["value"].where(found.frame["status"] == "ok"),
        decision=np.where(out, AUTOMATE, REVIEW),
    )
    return Applied(
        frame.reset_index(drop=True),
        tuple(_count(rule.task, rule.threshold, out, found) for rule in policy.rules),
        (*found.notes, *policies.unstated(policy, found)),
    )


def publish(applied: Applied, file: Path) -> Path:
    """Writes a row per answer as CSV; returns the file."""
    from calibench.reports.decide import marked_csv

    write_text(file, marked_csv(applied.frame))
    return file


def at_threshold(policy: Policy, frame: pd.DataFrame) -> np.ndarray:
    """[N] bool: the confidence is at least the threshold of the rule for its task."""
    from calibench.metrics.threshold import at_least

    limits = {rule.task: rule.threshold for rule in policy.rules}
    of_row = frame["task"].map(lambda task: limits.get(task, limits.get(policies.ALL))).astype(float)
    return at_least(frame["value"], of_row)


def _count(task: str, threshold: float | None, out: pd.Series, of: Answers) -> DecisionCount:
    mine = of.frame["task"].isin([task]) if task != policies.ALL else of.frame["task"].notna()
    automate = int((out & mine).sum())
    return DecisionCount(
        task=task,
        threshold=threshold,
        automate=automate,
        review=int(mine.sum()) - automate,
        no_confidence=int((mine & ~of.having()).sum()),
    )
