"""How well two graders of the same answers agree, or a grader and a person: their table, agreement, Cohen's kappa, and
the grader's sensitivity and specificity.

Grades are codes 0 .. K-1. Rows of one cluster, as the draws of a question, are resampled together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics.bootstrap import draws, unseen_share
from calibench.metrics.estimate import BOOTSTRAP, WILSON, Estimate, Interval

RESAMPLES = 1000
INTERVALS: Mapping[str, Interval] = {
    "agreement": WILSON, "kappa": BOOTSTRAP, "sensitivity": WILSON, "specificity": WILSON,
}  # fmt: skip


class LabelAgreement(NamedTuple):
    """Of the grades that two graders gave the same answers."""

    table: np.ndarray
    """[K, K] answers: grade of the first, grade of the second."""
    estimates: dict[str, Estimate]
    """`agreement` and `kappa`; and of the first grader, with the second's grades for the truth, `sensitivity` and
    `specificity`. nan where undefined, see `REASONS`; their intervals are those of `INTERVALS`."""


CONVENTIONS: Mapping[str, str] = {
    "agreement": "share of the answers that both grade alike",
    "kappa": "Cohen's kappa: (agreement - expected) / (1 - expected); expected by the shares of each grade of either",
    "sensitivity": "of the answers that are correct by the labels, the share that the grader calls correct",
    "specificity": "of the answers that are not correct by the labels, the share that the grader calls so neither",
}
REASONS: Mapping[str, str] = {
    "agreement": "no answer has both grades",
    "kappa": "both graders gave all answers one and the same grade",
    "sensitivity": "no answer is correct by the labels",
    "specificity": "no answer is anything but correct by the labels",
}


def grader_errors(
    first: ArrayLike,
    second: ArrayLike,
    cluster: ArrayLike,
    n_grades: int,
    *,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> LabelAgreement:
    """How two graders agree.

    Args:
        first: [N] int in [0, K), grades; 0 is `correct`.
        second: [N] likewise; the truth, for sensitivity and specificity.
        cluster: [N] int from 0 to C-1, none left out; rows of one are not independent.
        n_grades: K.
        rng: of the bootstrap over clusters.
        resamples: R of it.

    Source: Cohen 1960. Where all pairs agree, a resample turns the share that a sample of this size may have missed.
    """
    first, second, cluster = (np.asarray(each, dtype=np.int64) for each in (first, second, cluster))
    n_clusters = int(cluster.max(initial=-1)) + 1
    cell = first * n_grades + second
    table = np.bincount(cell, minlength=n_grades**2).reshape(n_grades, n_grades)
    if not n_clusters:
        return LabelAgreement(table, dict.fromkeys(INTERVALS, Estimate(np.nan)))
    of_cluster = np.bincount(cell * n_clusters + cluster, minlength=n_grades**2 * n_clusters).reshape(-1, n_clusters)
    resampled = np.concatenate([of_cluster @ counts for counts in draws(n_clusters, resamples, rng)], axis=1)
    tables = resampled.reshape(n_grades, n_grades, -1)
    missed = unseen_share(rng.standard_normal(resamples), n_clusters)
    kappa, kappas = (_kappa(each.reshape(n_grades, n_grades, -1)) for each in (table, tables))
    if kappa[0] == 1:
        with np.errstate(invalid="ignore", divide="ignore"):  # a resample may have one grade alone, and no kappa
            kappas = kappas - missed / (1 - _by_chance(tables))
    n = len(first)

    def share(of: np.ndarray, per: np.ndarray, rows: np.ndarray) -> Estimate:
        """Of the counts [1 + R] of some rows [N]."""
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = of / per
        return Estimate(float(shares[0]), shares[1:], None, int(rows.sum()), n, len(np.unique(cluster[rows])))

    both = np.concatenate([table[..., None], tables], axis=2)
    every, is_right = np.ones(n, dtype=bool), second == 0
    right, not_right = both[:, 0].sum(axis=0), both[:, 1:].sum(axis=(0, 1))
    return LabelAgreement(table, {
        "agreement": share(np.trace(both), both.sum(axis=(0, 1)), every),
        "kappa": Estimate(float(kappa[0]), kappas, None, n, n, n_clusters),
        "sensitivity": share(both[0, 0], right, is_right),
        "specificity": share(both[1:, 1:].sum(axis=(0, 1)), not_right, ~is_right),
    })  # fmt: skip


def _by_chance(tables: np.ndarray) -> np.ndarray:
    """LabelAgreement [R] that graders of tables [K, K, R] with these shares would have by chance."""
    shares = tables / tables.sum(axis=(0, 1))
    return (shares.sum(axis=0) * shares.sum(axis=1)).sum(axis=0)


def _kappa(tables: np.ndarray) -> np.ndarray:
    """[R]; nan where both gave one and the same grade to all."""
    expected = _by_chance(tables)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected < 1, (np.trace(tables) / tables.sum(axis=(0, 1)) - expected) / (1 - expected), np.nan)
