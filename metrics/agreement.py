"""How far two graders agree on the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from calibench.metrics.arrays import one_thread
from calibench.metrics.bootstrap import draws, partition, percentile_interval, wilson_interval
from calibench.results.judging import CLASSES, GraderAgreement

if TYPE_CHECKING:
    import pandas as pd

CONVENTION = (
    "agreement: answers of which both say the same / answers of which both say correct, incorrect or abstained; kappa:"
    " (agreement - chance) / (1 - chance) with chance from both margins (Cohen 1960); 95 % intervals by percentile"
    " bootstrap over questions, that of an agreement of 0 or 1 by Wilson over questions"
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
_UNKNOWN = (None, None)


def _with_intervals(used: pd.DataFrame, seed: int, resamples: int) -> tuple[_Numbers, _Numbers]:
    """GraderAgreement and kappa."""
    if used.empty:
        return (None, *_UNKNOWN), (None, *_UNKNOWN)
    codes = {name: place for place, name in enumerate(CLASSES)}
    own, judged = (used[name].map(codes).to_numpy(dtype=int) for name in ("outcome", "judged"))
    cluster, n_clusters = partition(used["cluster"], used["question_id"])
    cells = np.zeros((n_clusters, len(CLASSES) ** 2))
    np.add.at(cells, (cluster, own * len(CLASSES) + judged), 1.0)
    rng = np.random.default_rng(seed)
    replicates = np.concatenate([counts.T @ cells for counts in draws(n_clusters, resamples, rng)])
    (share,), (kappa,) = (of.tolist() for of in _of_tables(cells.sum(axis=0)[None]))
    of_agreement, of_kappa = map(percentile_interval, _of_tables(replicates))
    if of_agreement is None and share in (0.0, 1.0):
        of_agreement = wilson_interval(round(share * n_clusters), n_clusters)
    if np.isnan(kappa):
        return (share, *(of_agreement or _UNKNOWN)), (None, *_UNKNOWN)
    return (share, *(of_agreement or _UNKNOWN)), (kappa, *(of_kappa or _UNKNOWN))


def _of_tables(tables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """GraderAgreement [R] and Cohen's kappa [R], nan where undefined, of tables [R, classes x classes]."""
    tables = tables.reshape(len(tables), len(CLASSES), len(CLASSES))
    n = tables.sum(axis=(1, 2))
    agreement = np.trace(tables, axis1=1, axis2=2) / n
    chance = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1) / n**2
    with np.errstate(invalid="ignore", divide="ignore"):
        kappa = np.where(np.isclose(chance, 1.0), np.nan, (agreement - chance) / (1 - chance))
    return agreement, kappa
