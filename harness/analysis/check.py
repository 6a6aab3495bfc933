"""Is a policy still kept? Labelled answers against its promise, by a test that may be looked at after each batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibench.analysis import policy as policies
from calibench.analysis.answers import ANSWERED, Answers
from calibench.analysis.apply import at_threshold
from calibench.errors import InputError
from calibench.results.decisions import Checked, DriftTest, Policy, ThresholdRule
from calibench.store import RunFile

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
"""Chance of a false alarm, over all looks at all rules."""


def from_options(
    policy: str | Path | Policy, labelled: Sequence[str | Path | RunFile], columns: Mapping[str, Any]
) -> Checked:
    """As `check`, of a policy or its file, and of runs or files whose `columns` are fields of `ColumnOptions`.

    Raises:
        InputError: nothing labelled is given, or something cannot be read.
    """
    if not labelled:
        raise InputError("check: expected at least one run or file of labelled answers, found none")
    told = policies.opened(policy)
    return check(told, [policies.answers_for(told, of, columns, labelled=True) for of in labelled])


def check(policy: Policy, labelled: Sequence[Answers], *, alpha: float = ALPHA) -> Checked:
    """Tests whether the precision of what the policy automates has fallen below its target.

    The test goes through the answers in their order, and may be repeated after every batch: give all labelled answers
    so far, in the order in which they were labelled. Of a question's answers the first one counts.

    Args:
        policy: says what is automated.
        labelled: each of `policy.answers_for`.
        alpha: chance of a false alarm.
    """
    import pandas as pd

    from calibench.metrics.drift import CONVENTION

    rows = pd.concat([_in_order(policy, of) for of in labelled], ignore_index=True)
    rows = rows.drop_duplicates(["task", "unit"])
    tests = tuple(_test(rule, policy, rows, alpha / len(policy.rules)) for rule in policy.rules)
    return Checked(
        policy=policy.name,
        precision=policy.precision,
        alpha=alpha,
        drifted=any(test.found_after is not None for test in tests),
        tests=tests,
        convention=CONVENTION,
        notes=tuple(
            dict.fromkeys(
                note for of in labelled for note in (*of.notes, *policies.unstated(policy, of, labelled=True))
            )
        ),
    )


def _in_order(policy: Policy, of: Answers) -> pd.DataFrame:
    """`task`, `unit` (what is independent), `automated` and `right` of each answer that did not fail."""
    frame = of.frame.assign(
        unit=of.frame["cluster"].fillna(of.frame["question_id"]).astype(str),
        automated=of.having() & at_threshold(policy, of.frame) & of.frame["outcome"].isin(ANSWERED),
        right=of.frame["outcome"] == "correct",
    )
    return frame[frame["outcome"] != "failed"][["task", "unit", "automated", "right"]]


def _test(rule: ThresholdRule, policy: Policy, rows: pd.DataFrame, alpha: float) -> DriftTest:
    import numpy as np

    from calibench.metrics.drift import capital

    mine = rows if rule.task == policies.ALL else rows[rows["task"] == rule.task]
    right = mine["right"][mine["automated"]].to_numpy(dtype=bool)
    after = capital(right, policy.precision)
    reached = np.flatnonzero(after >= 1 / alpha)
    return DriftTest(
        task=rule.task,
        threshold=rule.threshold,
        n=len(mine),
        n_automated=len(right),
        n_right=int(right.sum()),
        precision=float(right.mean()) if len(right) else None,
        evidence=float(max(after, default=1.0)),
        limit=1 / alpha,
        found_after=int(reached[0]) + 1 if len(reached) else None,
    )
