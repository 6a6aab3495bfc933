"""Votes by number of draws: accuracy and calibration of votes, with intervals.

Several runs are measured on the questions that all of them answered with all their draws, and resampled together, so
that their differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from calibench.metrics import voting
from calibench.metrics.bootstrap import draws, partition
from calibench.metrics.estimate import BOOTSTRAP, Estimate, mean, replicates_of
from calibench.metrics.measure import Group, Measure, metric_row
from calibench.metrics.measures import NO_METHOD
from calibench.metrics.sample import check
from calibench.metrics.scorecard import random_source
from calibench.metrics.vote_measures import (
    BEST,
    EQUALS,
    MAJORITY,
    OF_ALL_DRAWS,
    TEMPERATURE,
    VOTE_MEASURES,
    WEIGHTED,
    WITHIN,
    Ballots,
    Questions,
)
from calibench.records import Metric
from calibench.results import Reach

if TYPE_CHECKING:
    import pandas as pd

MARGIN = 0.02
"""A vote that is worse by less than this reaches the other."""
CLASS = "answer_class"
"""Column with the key of the draw's answer class, None where it has no answer."""


class Key(NamedTuple):
    method: str
    k: int | None
    """None: a number of all draws."""
    metric: str


Table = dict[Key, Estimate]


def votes(
    frames: Mapping[str, pd.DataFrame], *, seed: int = 0, resamples: int = 1000
) -> tuple[dict[str, list[Metric]], list[Reach]]:
    """Votes of each run for every task and protocol that all runs have, then the mean over tasks (task `macro`).

    Args:
        frames: name of the run -> its frame as for `metrics.scorecard.scorecard`, with the column `answer_class`.
        seed: of subsets, folds and bootstrap.
        resamples: of the bootstrap.

    Returns:
        Per run the rows: `VOTE_MEASURES`, for the subsets `k=...` and `all`. And for each run A and other run B,
        whether A's weighted vote with 10 draws (or all, if fewer) reaches B's majority vote with all its draws.

    Raises:
        ValueError: a frame is malformed, or the runs share no question that has all its draws in each.

    Conventions: a question counts where every run has all its draws of it, none failed. Each task is resampled on its
    own.

    Measured coverage of the intervals at nominal 95 %, for simulated runs of 80 and of 250 questions with 4 draws (250
    repetitions each, 200 resamples): majority vote 92 to 93 %, WQD 93 to 96 %; weighted vote and its gain 90 to 95 %
    where confidence is informative (WQD 0.92), and 88 to 89 % with 80 questions where it is hardly so (WQD 0.68), since
    the temperature is not chosen again in resamples.
    """
    for frame in frames.values():
        check(frame)
    groups = {name: dict(iter(frame.groupby(["task", "protocol"]))) for name, frame in frames.items()}
    tables: dict[tuple[str, str], dict[str, Table]] = {}
    for key in sorted(set.intersection(*(set(of) for of in groups.values()))):
        rows = {name: of[key] for name, of in groups.items()}
        task, protocol = key
        own_seed = int(random_source(seed, Group(task, protocol, NO_METHOD, "all")).integers(2**63))
        if found := _tables(rows, own_seed, resamples):
            tables[key] = found
    if not tables:
        raise ValueError(
            "there is no question of which every run has all draws, none of them failed, under one protocol"
        )
    for protocol in sorted({protocol for _, protocol in tables}):
        members = [of for (_, p), of in tables.items() if p == protocol]
        tables["macro", protocol] = {name: _mean_table([of[name] for of in members]) for name in frames}
    for of in tables.values():
        for name, table in of.items():
            of[name] = table | dict(_equals(table))
    metrics = {name: [row for key, of in tables.items() for row in _rows(*key, of[name])] for name in frames}
    return metrics, [reach for key, of in tables.items() for reach in _reaches(*key, of)]


def _tables(rows: Mapping[str, pd.DataFrame], seed: int, resamples: int) -> dict[str, Table]:
    """Of one task and protocol, each run's numbers on the questions that count; empty if there is none."""
    draws_of = {name: of.drop_duplicates(["question_id", "draw"]) for name, of in rows.items()}
    ids = sorted(set.intersection(*(_complete(of) for of in draws_of.values())))
    n_total = max(of["question_id"].nunique() for of in draws_of.values())
    if not ids:
        return {}
    cluster_of = next(iter(draws_of.values())).drop_duplicates("question_id").set_index("question_id")["cluster"]
    cluster, n_clusters = partition(cluster_of.loc[ids].to_numpy(), ids)
    counts = np.concatenate(list(draws(n_clusters, resamples, np.random.default_rng(seed))), axis=1)
    fold = voting.folds(cluster, n_clusters, np.random.default_rng([seed, 0])) if n_clusters > 1 else None
    out = {}
    for i, (name, of) in enumerate(draws_of.items()):
        normal = np.random.default_rng([seed, 1, i]).standard_normal(resamples)
        questions = Questions(cluster, counts, n_total, normal)
        votes, places = _draws(of, ids)
        table = _of_answers(votes, questions, seed)
        for method, of_method in rows[name][rows[name]["method"] != NO_METHOD].groupby("method"):
            weighed = voting.checked(votes._replace(confidence=_confidence(of_method, places)))
            table |= _of_method(weighed, method, questions, fold, seed)
        out[name] = table
    return out


def _complete(rows: pd.DataFrame) -> set[str]:
    """Questions with as many draws as any, none of them failed."""
    known = rows[rows["outcome"] != "failed"].groupby("question_id").size()
    return set(known.index[known == rows.groupby("question_id").size().max()])


def _draws(rows: pd.DataFrame, ids: Sequence[str]) -> tuple[voting.Draws, pd.DataFrame]:
    """The draws [Q, K] of these questions, without confidences, and question and draw of each place [Q x K]."""
    import pandas as pd

    rows = rows.set_index("question_id").loc[list(ids)].reset_index()
    rows = rows.sort_values(["question_id", "draw"], kind="stable")
    votes = (rows["outcome"].isin(("correct", "incorrect")) & rows[CLASS].notna()).to_numpy()
    keys = rows[CLASS].where(votes).to_numpy(dtype=object).reshape(len(ids), -1)
    answer = np.stack([pd.factorize(of_question)[0] for of_question in keys])
    right = ((rows["outcome"] == "correct").to_numpy() & votes).reshape(answer.shape)
    return voting.Draws(answer, right, np.full(answer.shape, np.nan)), rows[["question_id", "draw"]]


def _confidence(rows: pd.DataFrame, places: pd.DataFrame) -> np.ndarray:
    """The confidences [Q, K] of one method; nan where there is none."""
    values = rows["value"].where(rows["status"] == "ok")
    found = places.merge(rows[["question_id", "draw"]].assign(value=values), how="left", on=["question_id", "draw"])
    return found["value"].to_numpy(dtype=float).reshape(places["question_id"].nunique(), -1)


def _members(votes: voting.Draws, seed: int) -> Iterator[tuple[int, np.ndarray]]:
    """(k, subsets of k draws): the same ones for every vote, method and run with as many draws."""
    n_draws = votes.answer.shape[1]
    for k in voting.budgets(n_draws):
        yield k, voting.subsets(n_draws, k, np.random.default_rng([seed, k]))


def _of_answers(votes: voting.Draws, questions: Questions, seed: int) -> Table:
    """The numbers that need no confidence."""
    ballots = {k: Ballots(questions, votes, k, voting.vote(votes, member)) for k, member in _members(votes, seed)}
    return _numbers(NO_METHOD, ballots, (OF_ALL_DRAWS, None), (MAJORITY, ballots))


def _of_method(votes: voting.Draws, method: str, questions: Questions, fold: np.ndarray | None, seed: int) -> Table:
    """The numbers of votes that are weighed by the confidences of a method."""
    members = dict(_members(votes, seed))
    temperature = None
    if fold is not None:
        chosen_on = [member for k, member in members.items() if k in (2, 4, 8, 16, 32, 64, max(members))]
        temperature = voting.temperatures(voting.right_at_temperatures(votes, chosen_on), fold)
    ballots = {
        k: Ballots(
            questions,
            votes,
            k,
            voting.vote(votes, member),
            None if temperature is None else voting.vote(votes, member, temperature),
            temperature,
        )
        for k, member in members.items()
    }
    return _numbers(method, ballots, (WITHIN, None), (BEST, ballots), (TEMPERATURE, None), (WEIGHTED, ballots))


def _numbers(
    method: str, ballots: Mapping[int, Ballots], *stages: tuple[Sequence[Measure], Iterable[int] | None]
) -> Table:
    """Each stage's measures for its numbers of draws; None: of all draws alone."""
    return {
        Key(method, k, measure.name): measure.compute(ballots[max(ballots) if k is None else k])
        for measures, ks in stages
        for k in (ks or (None,))
        for measure in measures
    }


def _mean_table(tables: list[Table]) -> Table:
    """The unweighted means over tasks of what all tasks have."""
    shared = [key for key in tables[0] if all(key in table for table in tables)]
    return {key: mean([table[key] for table in tables]) for key in shared}


def _curve(table: Table, method: str, metric: str) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Numbers of draws [n], values [n] and replicates [n, R]."""
    points = {key.k or 0: e for key, e in table.items() if (key.method, key.metric) == (method, metric)}
    found = list(points.values())
    return list(points), np.array([e.value for e in found]), np.stack([replicates_of(e) for e in found])


def _equals(table: Table) -> Iterator[tuple[Key, Estimate]]:
    """For each weighted vote, the number of majority draws that it equals."""
    ks, accuracy, replicates = _curve(table, NO_METHOD, "majority_accuracy")
    for key, weighted in table.items():
        if key.metric == "weighted_accuracy":
            yield (
                key._replace(metric=EQUALS.name),
                weighted._replace(
                    value=EQUALS.compute(ks, accuracy, weighted.value),
                    replicates=_equal_replicates(ks, replicates, replicates_of(weighted)),
                ),
            )


def _equal_replicates(ks: list[int], curves: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.array([EQUALS.compute(ks, curve, t) for curve, t in zip(curves.T, targets, strict=True)])


def _rows(task: str, protocol: str, table: Table) -> Iterator[Metric]:
    for key, e in table.items():
        measure = VOTE_MEASURES[key.metric]
        convention, reason = measure.convention, measure.undefined
        if task == "macro" and measure is not EQUALS:
            convention, reason = f"unweighted mean over tasks; {convention}", f"undefined for a task: {reason}"
        group = Group(task, protocol, key.method, "all" if key.k is None else f"k={key.k}")
        yield metric_row(group, measure.name, e, convention, measure.interval, reason)


def _reaches(task: str, protocol: str, tables: Mapping[str, Table]) -> Iterator[Reach]:
    for run, other in ((a, b) for a in tables for b in tables if a != b):
        ks, accuracy, _ = _curve(tables[other], NO_METHOD, "majority_accuracy")
        majority = tables[other][Key(NO_METHOD, ks[-1], "majority_accuracy")]
        for key, weighted in tables[run].items():
            n_draws = max(k.k for k in tables[run] if k.k and k.method == key.method)
            if key.metric != "weighted_accuracy" or key.k != min(10, n_draws) or np.isnan(weighted.value):
                continue
            change = BOOTSTRAP.difference([(majority, weighted)])
            low, high = (change and change.ends) or (None, None)
            equal = EQUALS.compute(ks, accuracy, weighted.value)
            yield Reach(
                task=task,
                protocol=protocol,
                method=key.method,
                run=run,
                k=key.k,
                value=weighted.value,
                other=other,
                other_k=ks[-1],
                other_value=float(accuracy[-1]),
                difference=weighted.value - float(accuracy[-1]),
                low=low,
                high=high,
                verdict=_verdict(low, high),
                equals=None if np.isnan(equal) else equal,
                n_questions=weighted.n_used,
                convention=f"paired cluster bootstrap on shared questions; reaches: not worse by {MARGIN} or more; "
                "falls short: worse; not corrected for the number of comparisons",
            )


def _verdict(low: float | None, high: float | None) -> Literal["reaches", "falls short", "undecided"]:
    if low is None or high is None:
        return "undecided"
    return "reaches" if low > -MARGIN else "falls short" if high < 0 else "undecided"
