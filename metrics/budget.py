"""Accuracy by token budget: what a run would have got right, had each generation been stopped earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibench.metrics.arrays import one_thread
from calibench.metrics.bootstrap import draws, partition, percentile_interval
from calibench.results.plots import BudgetPoint

if TYPE_CHECKING:
    import pandas as pd

_QUANTILES = np.arange(1, 21) / 20
"""Of the lengths of all generations, at which the budgets are."""


@one_thread()
def by_budget(rows: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> tuple[BudgetPoint, ...]:
    """The share of generations that are finished and right within each budget; a longer one counts as not right.

    Args:
        rows: of one task and protocol, one per generation, with `outcome`, `cluster`, `question_id`, `reasoning_tokens`
            and `answer_tokens`. Those that failed, or whose length is not known, are left out.
        seed: of the bootstrap over questions that the intervals are of.

    Returns:
        From the smallest budget up; empty if no length is known.
    """
    tokens = (rows["reasoning_tokens"].fillna(0) + rows["answer_tokens"]).to_numpy(dtype=float)
    used = np.isfinite(tokens) & (rows["outcome"] != "failed").to_numpy()
    if not used.any():
        return ()
    rows, tokens = rows[used], tokens[used]
    budgets = np.unique(np.quantile(tokens, _QUANTILES, method="inverted_cdf"))
    within = tokens[:, None] <= budgets
    finished = within & (rows["outcome"] != "truncated").to_numpy()[:, None]
    right = within & (rows["outcome"] == "correct").to_numpy()[:, None]
    clusters, n_clusters = partition(rows["cluster"], rows["question_id"])
    n_right = np.zeros((n_clusters, len(budgets)))
    np.add.at(n_right, clusters, right)
    n = np.bincount(clusters, minlength=n_clusters)
    rng = np.random.default_rng(seed)
    replicates = np.concatenate(
        [(counts.T @ n_right) / (counts.T @ n)[:, None] for counts in draws(n_clusters, resamples, rng)]
    )
    ends = [percentile_interval(of_budget) or (None, None) for of_budget in replicates.T]
    return tuple(
        BudgetPoint(tokens=int(budget), finished=float(share), accuracy=float(value), low=low, high=high, n=len(tokens))
        for budget, share, value, (low, high) in zip(budgets, finished.mean(0), right.mean(0), ends, strict=True)
    )
