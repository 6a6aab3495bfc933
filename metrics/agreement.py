"""How far two graders agree on the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from calibench.metrics.arrays import one_thread
from calibench.metrics.bootstrap import partition
from calibench.metrics.estimate import Estimate
from calibench.metrics.grader_errors import CONVENTIONS, INTERVALS, grader_errors
from calibench.results.judging import CLASSES, GraderAgreement

if TYPE_CHECKING:
    import pandas as pd

CONVENTION = "of answers of which both say correct, incorrect or abstained; " + "; ".join(
    f"{name}: {CONVENTIONS[name]}, 95 % interval: {INTERVALS[name].how}" for name in ("agreement", "kappa")
)


@one_thread()
def agreements(rows: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> Iterator[GraderAgreement]:
    """Of each task and protocol, own grader and judge.

    Args:
        rows: of `RunFile.judged`, one per answer that both saw.
        seed: of the bootstrap.
        resamples: of it.
    """
    for (task, protocol, judge), of_task in rows.groupby(["task", "protocol", "judge"], sort=True):
        table = of_task.groupby(["outcome", "judged"]).size()
        counts: dict[str, dict[str, int]] = {}
        for (own, judged), n in table.items():
            counts.setdefault(str(own), {})[str(judged)] = int(n)
        used = of_task[of_task["outcome"].isin(CLASSES) & of_task["judged"].isin(CLASSES)]
        agreement, kappa = _with_intervals(used, seed, resamples)
        yield GraderAgreement(
            task=str(task),
            protocol=str(protocol),
            grader=", ".join(sorted(of_task["grader"].unique())),
            judge=str(judge),
            counts=counts,
            n_used=len(used),
            n_total=len(of_task),
            agreement=agreement[0],
            agreement_low=agreement[1],
            agreement_high=agreement[2],
            kappa=kappa[0],
            kappa_low=kappa[1],
            kappa_high=kappa[2],
            convention=CONVENTION,
        )


_Numbers = tuple[float | None, float | None, float | None]
"""Value and ends of the interval."""


def _with_intervals(used: pd.DataFrame, seed: int, resamples: int) -> tuple[_Numbers, _Numbers]:
    """Agreement and kappa."""
    codes = {name: place for place, name in enumerate(CLASSES)}
    own, judged = (used[name].map(codes).to_numpy(dtype=int) for name in ("outcome", "judged"))
    cluster, _ = partition(used["cluster"], used["question_id"])
    rng = np.random.default_rng(seed)
    found = grader_errors(own, judged, cluster, len(CLASSES), rng=rng, resamples=resamples).estimates
    return _numbers("agreement", found["agreement"]), _numbers("kappa", found["kappa"])


def _numbers(name: str, found: Estimate) -> _Numbers:
    if np.isnan(found.value):
        return None, None, None
    low, high = INTERVALS[name].ends(found) or (None, None)
    return found.value, low, high
