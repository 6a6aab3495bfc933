"""Abstention between runs: how each does on what all of them attempt, and on what only some of them do.

A model that declines less attempts more, and whether it should is seen in what it attempts beyond the others. Source:
Zeng et al. 2025 (arXiv 2504.06564), table 3. A run attempts a question's draw where its answer is right or wrong,
whatever was read of its confidence, and declines it where it abstains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from calibench.metrics.measures import MEASURES, NO_METHOD
from calibench.metrics.scorecard import scorecard
from calibench.records import MeasureInfo, Metric, Scorecard

if TYPE_CHECKING:
    import pandas as pd

BY_ALL, BY_SOME = "attempted=by all", "attempted=by some"
SHOWN = ("accuracy_answered", "mean_confidence", "ece", "brier", "auroc")
"""Of either kind of answers."""
ATTEMPT_RATE, DECLINED_KNOWN = "attempt_rate", "declined_known"
_WORDS = {BY_ALL: "of the draws that every run attempted", BY_SOME: "of the draws that not every run attempted"}
_CONVENTIONS = {
    ATTEMPT_RATE: "(correct + incorrect) / draws that all runs have and that failed in none",
    DECLINED_KNOWN: "of the draws that the run declined, those that another run got right",
}
_DRAW = ["task", "protocol", "question_id", "draw"]


def attempts(frames: Mapping[str, pd.DataFrame], *, seed: int = 0, resamples: int = 1000) -> dict[str, Scorecard]:
    """What each run attempts, and how it does there.

    Args:
        frames: name of the run -> its frame as for `metrics.scorecard.scorecard`; at least two.
        seed: of the bootstrap.
        resamples: of the bootstrap.

    Returns:
        Run -> metrics of every task and protocol in which some run declined a draw that another attempted, and their
        means over tasks: `SHOWN` for the subsets `BY_ALL` and `BY_SOME` by method; `attempt_rate` and `declined_known`
        for `all`, under the method `none`. Empty if there is no such task. Only draws that all runs have count, and
        none that failed in one.
    """
    outcomes = _outcomes(frames)
    if outcomes.empty:
        return {}
    attempted, right = outcomes.isin(("correct", "incorrect")), outcomes == "correct"
    by_all = attempted.all(axis=1)
    found = {}
    for name, frame in frames.items():
        place = frame.set_index(_DRAW).index
        shared = frame[place.isin(outcomes.index)]
        of = shared.set_index(_DRAW).index
        metrics: list[Metric] = []
        for subset, rows in ((BY_ALL, by_all), (BY_SOME, attempted[name] & ~by_all)):
            part = shared[of.isin(outcomes.index[rows.to_numpy()])]
            metrics += _metrics(part, SHOWN, subset, seed, resamples)
        others = right.drop(columns=name).any(axis=1)
        declined = outcomes[name] == "abstained"
        metrics += _share(shared, attempted[name], ATTEMPT_RATE, seed, resamples)
        metrics += _share(shared, others[declined], DECLINED_KNOWN, seed, resamples)
        found[name] = Scorecard(metrics=tuple(metrics), reliability=(), measures=tuple(_infos()))
    return found


def _outcomes(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The outcome of each draw that all runs have (rows) in each run (columns), where the runs' attempts differ."""
    import pandas as pd

    columns = [frame.drop_duplicates(_DRAW).set_index(_DRAW)["outcome"] for frame in frames.values()]
    table = pd.concat(columns, axis=1, join="inner", keys=list(frames)).astype(str)
    table = table[~(table == "failed").any(axis=1)]
    declined = (table == "abstained").any(axis=1) & table.isin(("correct", "incorrect")).any(axis=1)
    return table[declined.groupby(level=["task", "protocol"]).transform("any").astype(bool)] if len(table) else table


def _metrics(rows: pd.DataFrame, names: tuple[str, ...], subset: str, seed: int, resamples: int) -> list[Metric]:
    if rows.empty:
        return []
    return [
        replace(m, subset=subset, convention=f"{m.convention}; {_WORDS[subset]}")
        for m in scorecard(rows, seed=seed, resamples=resamples).metrics
        if m.subset == "all" and m.metric in names
    ]


def _share(shared: pd.DataFrame, holds: pd.Series, name: str, seed: int, resamples: int) -> list[Metric]:
    """The share of draws for which something holds: the accuracy of rows that are right where it does."""
    rows = shared.drop_duplicates(_DRAW)
    at = holds.reindex(rows.set_index(_DRAW).index)
    rows = rows.assign(
        method=NO_METHOD,
        value=np.nan,
        status="missing",
        outcome=np.where(at == True, "correct", "incorrect"),  # noqa: E712
    )[at.notna().to_numpy()]
    if rows.empty:
        return []
    return [
        replace(m, metric=name, convention=m.convention.replace(MEASURES["accuracy"].convention, _CONVENTIONS[name]))
        for m in scorecard(rows, seed=seed, resamples=resamples).metrics
        if m.subset == "all" and m.metric == "accuracy"
    ]


def _infos() -> Iterator[MeasureInfo]:
    yield from (MEASURES[name].info for name in SHOWN)
    for name in (ATTEMPT_RATE, DECLINED_KNOWN):
        yield replace(MEASURES["accuracy"].info, metric=name, title=name.replace("_", " ").capitalize(), better=None)
