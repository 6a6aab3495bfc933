"""Confidence targets: what a model does that is told how sure to be before it answers, and what it says it should do.

Source: Kalai, Nachum, Vempala and Zhang 2025 (arXiv 2509.04664): a model that knows when it is right gives, at each
announced target, the answers alone whose chance to be right is above it ("behavioral calibration").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from calibench.metrics.bootstrap import draws, partition, percentile_interval
from calibench.metrics.measure import Group
from calibench.metrics.scorecard import random_source
from calibench.records import TARGET
from calibench.results.targets import Estimated, TargetNumbers

if TYPE_CHECKING:
    import pandas as pd

CONVENTION = (
    "right 1, wrong -t / (1 - t), all else 0, per generation; draws paired by number; intervals: percentiles of the"
    " cluster bootstrap"
)
_DRAW = ["question_id", "draw"]


def targets(frame: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> tuple[TargetNumbers, ...]:
    """Every target of every task, against every method of the other protocols, on the draws that both have.

    Args:
        frame: as for `metrics.scorecard.scorecard`; protocols such as `target_0.75` tell a target.
        seed: of the bootstrap.
        resamples: of the bootstrap.
    """
    told = frame["protocol"].str.startswith(TARGET)
    doing = dict(iter(frame[told].drop_duplicates(["task", "protocol", *_DRAW]).groupby(["task", "protocol"])))
    in_order = sorted((float(name.removeprefix(TARGET)), task, name) for task, name in doing)
    said = frame[~told & (frame["method"] != "none")].groupby(["task", "protocol", "method"], sort=True)
    found = []
    for (of, protocol, method), saying in said if in_order else ():
        for t, task, name in in_order:
            both = doing[task, name].merge(saying, on=["task", *_DRAW], suffixes=("", "_said")).sort_values(_DRAW)
            both = both[(both["outcome"] != "failed") & (both["outcome_said"] != "failed")]
            if task == of and len(both):
                found.append(_numbers(Group(task, protocol, method, "all"), t, both, seed, resamples))
    return tuple(found)


def utilities(outcome: np.ndarray, given: np.ndarray, t: float) -> np.ndarray:
    """What each generation earns [N]: from its outcome, and whether its answer is given [N] bool, under the target."""
    right, wrong = (given & (outcome == of) for of in ("correct", "incorrect"))
    return right - t / (1 - t) * wrong


def best_threshold(confidence: np.ndarray, earned: np.ndarray) -> tuple[float, float | None]:
    """(utility, threshold) of the threshold that earns most if the answers above it are given; None: all are.

    Args:
        confidence: [N], nan where there is none; such an answer is given only if all are.
        earned: [N] by each answer if it is given.
    """
    order = np.argsort(-np.nan_to_num(confidence, nan=-1.0), kind="stable")
    known = confidence[order][: int(np.isfinite(confidence).sum())]
    total = np.concatenate([[0.0], np.cumsum(earned[order])]) / len(earned)
    found: list[tuple[float, float | None]] = [(float(total[-1]), None)]
    found += [(float(total[int((known > value).sum())]), float(value)) for value in np.unique(known)]
    return max(found, key=lambda one: one[0])


def _numbers(group: Group, t: float, both: pd.DataFrame, seed: int, resamples: int) -> TargetNumbers:
    does, says = (both[name].to_numpy(dtype=object) for name in ("outcome", "outcome_said"))
    read = (both["status_said"] == "ok").to_numpy(dtype=bool)
    confidence = np.where(read, both["value_said"].to_numpy(dtype=np.float64, na_value=np.nan), np.nan)
    answers, declines = np.isin(does, ("correct", "incorrect")), does == "abstained"
    sure = np.nan_to_num(confidence, nan=-1.0) > t
    compared, every = (answers | declines) & read, np.ones(len(both), dtype=bool)
    earned, by_confidence = utilities(does, answers, t), utilities(says, sure, t)
    shares = {
        "answered": (answers, every),
        "accuracy": (does == "correct", answers),
        "utility": (earned, every),
        "utility_by_confidence": (by_confidence, every),
        "difference": (earned - by_confidence, every),
        "agreement": (compared & (answers == sure), compared),
    }
    cluster, n_clusters = partition(both["cluster"], both["question_id"])
    rng = random_source(seed, group._replace(subset=f"{TARGET}{t}"))
    counts = np.concatenate(list(draws(n_clusters, resamples, rng)), axis=1)
    best, threshold = best_threshold(confidence, utilities(says, every, t))
    answerable = np.isin(says, ("correct", "incorrect"))
    given = every if threshold is None else np.nan_to_num(confidence, nan=-1.0) > threshold
    return TargetNumbers(
        task=group.task,
        protocol=group.protocol,
        method=group.method,
        target=t,
        **dict(zip(shares, _estimated(list(shares.values()), cluster, counts), strict=True)),
        best_utility=best,
        best_threshold=threshold,
        best_answered=float((given & answerable).mean()),
        answers_unsure=int((compared & answers & ~sure).sum()),
        declines_sure=int((compared & declines & sure).sum()),
        n_agreement=int(compared.sum()),
        n=len(both),
        n_questions=both["question_id"].nunique(),
        convention=CONVENTION,
    )


def _estimated(
    quotients: list[tuple[np.ndarray, np.ndarray]], cluster: np.ndarray, counts: np.ndarray
) -> Iterator[Estimated]:
    """Sum over sum of each pair of vectors [N], with intervals from how often each cluster was drawn [C, R]."""
    for pair in quotients:
        of, per = (np.bincount(cluster, vector, minlength=len(counts)) for vector in pair)
        with np.errstate(invalid="ignore", divide="ignore"):
            replicates = (of @ counts) / (per @ counts)
        low, high = percentile_interval(replicates) or (None, None)
        yield Estimated(value=float(of.sum() / per.sum()) if per.any() else None, low=low, high=high)
