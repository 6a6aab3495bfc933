"""The same answers, asked for their confidence in several wordings: what each gives, and what the wording makes up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calibench.metrics.bootstrap import draws, partition, percentile_interval
from calibench.metrics.estimate import Estimate
from calibench.metrics.measure import Group, estimates, metric
from calibench.metrics.measures import MEASURES
from calibench.metrics.resampled import resample
from calibench.metrics.sample import in_order, sample_of
from calibench.metrics.scorecard import mean_over_tasks, random_source
from calibench.records import WORDING
from calibench.results.wordings import Source, VarianceShare, Wording, Wordings

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ("mean_confidence", "ece", "brier", "auroc")
"""The metrics of each wording."""
CONVENTION = (
    "confidence = mean + question + draw of the question + wording + question and wording + rest, all of them random;"
    " variances by equating mean squares with their expectations, those below 0 set to 0, each over their sum; of the"
    " answers that are right or wrong and have a confidence in every wording. Where no question has two such answers,"
    " the question's share holds the draw, and the rest holds question and wording. Intervals by bootstrap over"
    " questions, of these wordings. Source: Searle, Casella and McCulloch 1992, chapters 4 and 5 (ANOVA estimates)"
)


_Numbers = Mapping[int, Mapping[str, Estimate]]
"""Wording -> metric -> its estimate."""


class _Sums(NamedTuple):
    """Sums of the confidences y[k, w] of each of Q questions, with n answers k and W wordings w."""

    n: np.ndarray
    """[Q]"""
    by_wording: np.ndarray
    """[Q, W]: sums over answers."""
    of_answers: np.ndarray
    """[Q]: sum over answers of (sum over wordings)^2 / W."""
    squares: np.ndarray
    """[Q]: sum of y^2."""


def wordings(frame: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> tuple[Wordings, ...]:
    """Each task, protocol and method that was asked for in two wordings or more; then, of several tasks, their means.

    Args:
        frame: as for `metrics.scorecard.scorecard`, with methods such as `asked#2` for other wordings of `asked`.
        seed: of the bootstrap; the numbers of the first wording are those of the scorecard with this seed.
        resamples: of the bootstrap.
    """
    rows = in_order(frame)
    rows = rows.assign(of=rows["method"].astype(str).str.partition(WORDING)[0])
    found = []
    of_tasks: dict[tuple[str, str], dict[str, _Numbers]] = {}
    for (task, protocol, method), group in rows.groupby(["task", "protocol", "of"], sort=True, observed=True):
        numbered = {_number(name): of for name, of in group.groupby("method", sort=True, observed=True)}
        if len(numbered) < 2:
            continue
        place = Group(task, protocol, method, "all")
        numbers = {number: _estimates(place, numbered[number], seed, resamples) for number in sorted(numbered)}
        of_tasks.setdefault((protocol, method), {})[task] = numbers
        shown = tuple(
            Wording(number=number, text=None, metrics=tuple(metric(place, MEASURES[name], of[name]) for name in SHOWN))
            for number, of in numbers.items()
        )
        table, question, cluster = _complete([numbered[number] for number in sorted(numbered)])
        shares, reason = _shares(table, question, cluster, resamples, random_source(seed, place))
        found.append(
            Wordings(
                task=task, protocol=protocol, method=method, wordings=shown, variances=shares,
                n_questions=len(np.unique(question)), n_answers=len(table), convention=CONVENTION, reason=reason,
            )
        )  # fmt: skip
    return (*found, *_means(of_tasks, found))


def _means(of_tasks: Mapping[tuple[str, str], Mapping[str, _Numbers]], found: Sequence[Wordings]) -> Iterator[Wordings]:
    """Of each protocol and method the unweighted mean over its tasks, where there are several; without variances."""
    for (protocol, method), tasks in of_tasks.items():
        numbers = sorted(set.intersection(*(set(of) for of in tasks.values())))
        if len(tasks) < 2 or len(numbers) < 2:
            continue
        place = Group("macro", protocol, method, "all")
        members = [of for of in found if (of.protocol, of.method) == (protocol, method)]
        yield Wordings(
            task="macro", protocol=protocol, method=method, variances=(), convention=CONVENTION, reason=None,
            n_questions=sum(of.n_questions for of in members), n_answers=sum(of.n_answers for of in members),
            wordings=tuple(
                Wording(
                    number=number, text=None,
                    metrics=tuple(
                        mean_over_tasks(place, MEASURES[name], {task: of[number][name] for task, of in tasks.items()})
                        for name in SHOWN
                    ),
                )
                for number in numbers
            ),
        )  # fmt: skip


def _number(method: str) -> int:
    return int(method.partition(WORDING)[2] or 1)


def _estimates(place: Group, rows: pd.DataFrame, seed: int, resamples: int) -> dict[str, Estimate]:
    """Every wording is resampled with the same questions."""
    sample = sample_of(rows)
    resampled = resample([sample], resamples, random_source(seed, place))[0]
    return estimates([MEASURES[name] for name in SHOWN], sample, resampled)


def _complete(by_wording: list[pd.DataFrame]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidences [N, W] of the answers that have one in every wording, and question and cluster [N] of each."""
    import pandas as pd

    scored = [
        rows[rows["outcome"].isin(["correct", "incorrect"]) & (rows["status"] == "ok")].set_index(
            ["question_id", "draw"]
        )
        for rows in by_wording
    ]
    table = pd.concat([rows["value"] for rows in scored], axis=1, join="inner").sort_index()
    question = pd.factorize(table.index.get_level_values("question_id"))[0]
    cluster, _ = partition(scored[0]["cluster"].reindex(table.index), question)
    return table.to_numpy(dtype=np.float64), question, cluster


def _shares(
    table: np.ndarray, question: np.ndarray, cluster: np.ndarray, resamples: int, rng: np.random.Generator
) -> tuple[tuple[VarianceShare, ...], str | None]:
    n = question.max() + 1 if len(question) else 0
    if n < 2:
        return (), "fewer than two questions have an answer with a confidence in every wording"
    values = variances(table, question)
    total = sum(values.values())
    if total < 1e-15:
        return (), "all confidences are equal"
    of_question = np.zeros(n, dtype=np.int64)
    of_question[question] = cluster
    sums, repeated = _summed(table, question), bool((np.bincount(question) > 1).any())
    replicates: dict[Source, list[np.ndarray]] = {source: [] for source in values}
    for counts in draws(int(cluster.max()) + 1, resamples, rng):
        resampled = _positive(_variances(sums, counts[of_question], repeated))
        with np.errstate(invalid="ignore", divide="ignore"):
            whole = np.sum(list(resampled.values()), axis=0)
            for source, of in resampled.items():
                replicates[source].append(of / whole)
    return tuple(_with_interval(source, value, total, replicates[source]) for source, value in values.items()), None


def _with_interval(source: Source, value: float, total: float, replicates: list[np.ndarray]) -> VarianceShare:
    low, high = percentile_interval(np.concatenate(replicates)) or (None, None)
    return VarianceShare(source=source, variance=value, share=value / total, low=low, high=high)


def variances(table: np.ndarray, question: np.ndarray) -> dict[Source, float]:
    """The variance of confidences by what makes it, at least 0 each; see `CONVENTION`.

    Args:
        table: [N, W], one row per answer, one column per wording; W >= 2.
        question: [N] int from 0 on, that an answer is of; two or more.
    """
    sums = _summed(table, question)
    repeated = bool((sums.n > 1).any())
    return {
        source: float(of[0]) for source, of in _positive(_variances(sums, np.ones((len(sums.n), 1)), repeated)).items()
    }


def _positive(found: dict[Source, np.ndarray]) -> dict[Source, np.ndarray]:
    return {source: np.maximum(of, 0.0) for source, of in found.items()}


def _summed(table: np.ndarray, question: np.ndarray) -> _Sums:
    y = table - table.mean()  # so that little is lost where confidences differ little
    n = np.bincount(question).astype(np.float64)
    by_wording = np.stack([np.bincount(question, column) for column in y.T], axis=1)
    of_answers = np.bincount(question, y.sum(axis=1) ** 2 / y.shape[1])
    return _Sums(n, by_wording, of_answers, np.bincount(question, (y**2).sum(axis=1)))


def _variances(sums: _Sums, counts: np.ndarray, repeated: bool) -> dict[Source, np.ndarray]:
    """[R] each, where question q is there counts[q, r] times; `repeated`: some question has several answers.

    With answers nested in questions and crossed with wordings, the expected mean squares are

        question               e + n0 qw + W d + n0 W q
        draw                   e + W d
        wording                e + n1 qw + N w
        question and wording   e + n0 qw
        rest                   e

    of N answers of Q questions, n1 = sum n^2 / N and n0 = (N - n1) / (Q - 1); both are n if all have n answers.
    """
    w, n_questions, n = sums.by_wording.shape[1], counts.sum(axis=0), sums.n @ counts
    totals = sums.by_wording.T @ counts
    mean = totals.sum(axis=0) ** 2 / (n * w)
    of_questions = (sums.by_wording.sum(axis=1) ** 2 / (sums.n * w)) @ counts
    of_wordings = (totals**2).sum(axis=0) / n
    of_cells = ((sums.by_wording**2).sum(axis=1) / sums.n) @ counts
    with np.errstate(invalid="ignore", divide="ignore"):
        ms_question = (of_questions - mean) / (n_questions - 1)
        ms_wording = (of_wordings - mean) / (w - 1)
        ms_both = (of_cells - of_questions - of_wordings + mean) / ((n_questions - 1) * (w - 1))
        if not repeated:
            return {
                "question": (ms_question - ms_both) / w,
                "wording": (ms_wording - ms_both) / n,
                "rest": ms_both,
            }
        of_answers, squares = sums.of_answers @ counts, sums.squares @ counts
        ms_draw = (of_answers - of_questions) / (n - n_questions)
        rest = (squares - of_answers - of_cells + of_questions) / ((n - n_questions) * (w - 1))
        n1 = sums.n**2 @ counts / n
        n0 = (n - n1) / (n_questions - 1)
        both = (ms_both - rest) / n0
        return {
            "question": (ms_question - ms_draw - ms_both + rest) / (n0 * w),
            "draw": (ms_draw - rest) / w,
            "wording": (ms_wording - rest - n1 * both) / n,
            "question and wording": both,
            "rest": rest,
        }
