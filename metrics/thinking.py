"""Accuracy and calibration by thinking budget, each budget held against the whole reasonings.

The generations of a budget are those of the protocol without it, cut and answered from there, so the differences are
paired by question and resampled together. Source of the question: Zeng et al. 2025 (arXiv 2504.06564, section on the
length of chains), who compare chains of different lengths; forced closing is that of Muennighoff et al. 2025
(arXiv 2501.19393, s1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from calibench.metrics.bootstrap import draws, partition, percentile_interval
from calibench.metrics.compare import compare
from calibench.metrics.measure import Group
from calibench.metrics.scorecard import random_source, scorecard
from calibench.records import BUDGET, Metric
from calibench.results.differences import Difference
from calibench.results.thinking import WHOLE, ThinkingCurve, ThinkingPoint

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = ("accuracy", "mean_confidence", "ece", "brier", "auroc")
_COMPARED = ("accuracy", "mean_confidence", "ece", "brier", "auroc")
_DRAW = ["question_id", "draw"]


def thinking(
    frame: pd.DataFrame, *, seed: int = 0, resamples: int = 1000, margin: float = 0.02
) -> tuple[ThinkingCurve, ...]:
    """The curve of every task and method whose reasonings were cut, and of several tasks that of their mean.

    Args:
        frame: as for `metrics.scorecard.scorecard`, with `reasoning_tokens`, `answer_tokens` and `latency`; protocols
            such as `plain@256` and `plain@25%` are those of `plain`, cut.
        seed: of the bootstrap.
        resamples: of the bootstrap.
        margin: as of `metrics.compare.compare`.
    """
    names = frame["protocol"].unique()
    of_whole: dict[str, list[str]] = {}
    for name in names:
        whole, at, budget = name.partition(BUDGET)
        if at:
            of_whole.setdefault(whole, []).append(budget)
    found: list[ThinkingCurve] = []
    for whole, budgets in sorted(of_whole.items()):
        if whole in names:
            ordered = [*sorted(budgets, key=_place), WHOLE]
            found += _curves(_parts(frame, whole, ordered), whole, seed, resamples, margin)
    return tuple(found)


def _place(budget: str) -> tuple[bool, int]:
    return budget.endswith("%"), int(budget.removesuffix("%"))


def _named(whole: str, budget: str) -> str:
    return whole if budget == WHOLE else f"{whole}{BUDGET}{budget}"


def _parts(frame: pd.DataFrame, whole: str, budgets: list[str]) -> dict[str, pd.DataFrame]:
    """Budget -> its rows, under the name of the whole protocol."""
    by_name = dict(iter(frame.groupby("protocol")))
    return {budget: by_name[_named(whole, budget)].assign(protocol=whole) for budget in budgets}


def _curves(
    parts: Mapping[str, pd.DataFrame], whole: str, seed: int, resamples: int, margin: float
) -> Iterator[ThinkingCurve]:
    differences = _differences(parts, seed, resamples, margin)
    points: dict[tuple[str, str], list[ThinkingPoint]] = {}
    for budget, rows in parts.items():
        card = scorecard(rows, seed=seed, resamples=resamples)
        metrics: dict[tuple[str, str], list[Metric]] = {}
        for metric in card.metrics:
            if metric.subset == "all" and metric.metric in _SHOWN:
                named = replace(metric, protocol=_named(whole, budget))
                metrics.setdefault((metric.task, metric.method), []).append(named)
        lengths = _lengths(rows, whole, budget, seed, resamples)
        several = len(lengths) > 2
        for (task, method), of in metrics.items():
            if task == "macro" and not several:
                continue
            points.setdefault((task, method), []).append(
                ThinkingPoint(
                    budget=budget,
                    protocol=_named(whole, budget),
                    **lengths[task],
                    metrics=tuple(of),
                    differences=tuple(differences.get((budget, task, method), ())),
                )
            )
    for (task, method), of_budgets in points.items():
        yield ThinkingCurve(task=task, protocol=whole, method=method, points=tuple(of_budgets))


def _differences(
    parts: Mapping[str, pd.DataFrame], seed: int, resamples: int, margin: float
) -> dict[tuple[str, str, str], list[Difference]]:
    shared = _on_shared_questions(parts)
    if not shared:
        return {}
    pairs = [(WHOLE, budget) for budget in shared if budget != WHOLE]
    found: dict[tuple[str, str, str], list[Difference]] = {}
    for one in compare(shared, pairs, metrics=_COMPARED, seed=seed, resamples=resamples, margin=margin):
        found.setdefault((one.run_b, one.task, one.method), []).append(one)
    return found


def _on_shared_questions(parts: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The budgets that share a question with the whole generations; with one another none need be shared."""
    keys = {budget: set(map(tuple, rows[["task", "question_id"]].to_numpy())) for budget, rows in parts.items()}
    shared = [budget for budget in parts if budget != WHOLE and keys[budget] & keys[WHOLE]]
    return {budget: parts[budget] for budget in (*shared, WHOLE)} if shared else {}


def _lengths(rows: pd.DataFrame, whole: str, budget: str, seed: int, resamples: int) -> dict[str, dict]:
    """Of each task and of their mean: tokens with their interval, the shares that are cut and truncated, and the
    generations."""
    draws_of = rows[rows["outcome"] != "failed"].drop_duplicates(["task", *_DRAW])
    found: dict[str, dict] = {}
    replicates = []
    for task, of_task in draws_of.groupby("task", sort=True):
        tokens = (of_task["reasoning_tokens"].fillna(0) + of_task["answer_tokens"]).to_numpy(dtype=float)
        truncated = of_task["outcome"] == "truncated"
        cut = truncated if budget == WHOLE else of_task["latency"].notna()
        cluster, n_clusters = partition(of_task["cluster"], of_task["question_id"])
        rng = random_source(seed, Group(str(task), whole, "tokens", "all"))
        counts = np.concatenate(list(draws(n_clusters, resamples, rng)), axis=1)
        replicates.append((np.bincount(cluster, tokens) @ counts) / (np.bincount(cluster) @ counts))
        shares = {"cut": float(cut.mean()), "truncated": float(truncated.mean())}
        found[str(task)] = _length(float(tokens.mean()), replicates[-1], shares, len(of_task))
    if found:
        tokens = np.mean([np.nan if of["tokens"] is None else of["tokens"] for of in found.values()])
        shares = {name: float(np.mean([of[name] for of in found.values()])) for name in ("cut", "truncated")}
        n = sum(of["n"] for of in found.values())
        found["macro"] = _length(float(tokens), np.mean(replicates, axis=0), shares, n)
    return found


def _length(tokens: float, replicates: np.ndarray, shares: Mapping[str, float], n: int) -> dict:
    known = bool(np.isfinite(tokens))
    low, high = (percentile_interval(replicates) if known else None) or (None, None)
    return {"tokens": tokens if known else None, "tokens_low": low, "tokens_high": high, **shares, "n": n}
