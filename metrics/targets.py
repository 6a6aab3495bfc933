"""Confidence targets: what a model does that is told how sure to be before it answers, and what it says it should do.

Source: Kalai, Nachum, Vempala and Zhang 2025 (arXiv 2509.04664): a model that knows when it is right gives, at each
announced target, the answers alone whose chance to be right is above it ("behavioral calibration").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from calibench.metrics.bootstrap import draws, partition, percentile_interval
from calibench.metrics.measure import Group
from calibench.metrics.scorecard import random_source
from calibench.records import TARGET
from calibench.results.targets import Estimated, TargetNumbers

if TYPE_CHECKING:
    import pandas as pd

_Found = tuple[TargetNumbers, dict[str, np.ndarray]]
"""The numbers of a task, and the replicates [R] of those that have an interval."""
CONVENTION = (
    "right 1, wrong -t / (1 - t), all else 0, per generation; draws paired by number; intervals: percentiles of the"
    " cluster bootstrap"
)
_DRAW = ["question_id", "draw"]
_BEST = ("best_utility", "best_answered")
_COUNTS = ("answers_unsure", "declines_sure", "n_agreement", "n", "n_questions")


def targets(frame: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> tuple[TargetNumbers, ...]:
    """Every target of every task, against every method of the other protocols, on the draws that both have; then, of
    several tasks, their means.

    Args:
        frame: as for `metrics.scorecard.scorecard`; protocols such as `target_0.75` tell a target.
        seed: of the bootstrap.
        resamples: of the bootstrap.
    """
    told = frame["protocol"].str.startswith(TARGET)
    doing = dict(iter(frame[told].drop_duplicates(["task", "protocol", *_DRAW]).groupby(["task", "protocol"])))
    in_order = sorted((float(name.removeprefix(TARGET)), task, name) for task, name in doing)
    said = frame[~told & (frame["method"] != "none")].groupby(["task", "protocol", "method"], sort=True)
    found: list[_Found] = []
    for (of, protocol, method), saying in said if in_order else ():
        for t, task, name in in_order:
            both = doing[task, name].merge(saying, on=["task", *_DRAW], suffixes=("", "_said")).sort_values(_DRAW)
            both = both[(both["outcome"] != "failed") & (both["outcome_said"] != "failed")]
            if task == of and len(both):
                found.append(_numbers(Group(task, protocol, method, "all"), t, both, seed, resamples))
    return (*(of for of, _ in found), *_means(found))


def _means(found: Sequence[_Found]) -> Iterator[TargetNumbers]:
    """Of each protocol, method and target the unweighted mean over its tasks, where there are several."""
    for protocol, method, t in sorted({(of.protocol, of.method, of.target) for of, _ in found}):
        members = [
            (of, replicates) for of, replicates in found if (of.protocol, of.method, of.target) == (protocol, method, t)
        ]
        if len(members) < 2:
            continue
        of_tasks = [of for of, _ in members]
        means: dict[str, Any] = {
            name: _with_ends(
                _mean([getattr(of, name).value for of in of_tasks]),
                np.mean([replicates[name] for _, replicates in members], axis=0),
            )
            for name in members[0][1]
        }
        means |= {name: float(np.mean([getattr(of, name) for of in of_tasks])) for name in _BEST}
        means |= {name: sum(getattr(of, name) for of in of_tasks) for name in _COUNTS}
        yield replace(
            of_tasks[0],
            task="macro",
            best_threshold=None,
            convention=f"unweighted mean over tasks, each resampled on its own; {CONVENTION}",
            **means,
        )


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if len(defined) == len(values) else None


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


def _numbers(group: Group, t: float, both: pd.DataFrame, seed: int, resamples: int) -> _Found:
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
    values = {name: float(of.sum() / per.sum()) if per.any() else None for name, (of, per) in shares.items()}
    replicates = {name: _resampled(of, per, cluster, counts) for name, (of, per) in shares.items()}
    numbers = TargetNumbers(
        task=group.task,
        protocol=group.protocol,
        method=group.method,
        target=t,
        **{name: _with_ends(values[name], replicates[name]) for name in shares},
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
    return numbers, replicates


def _resampled(of: np.ndarray, per: np.ndarray, cluster: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Sum over sum of two vectors [N] in each resample [R], from how often each cluster was drawn [C, R]."""
    of, per = (np.bincount(cluster, vector, minlength=len(counts)) for vector in (of, per))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (of @ counts) / (per @ counts)


def _with_ends(value: float | None, replicates: np.ndarray) -> Estimated:
    low, high = percentile_interval(replicates) or (None, None)
    return Estimated(value=value, low=low, high=high)
