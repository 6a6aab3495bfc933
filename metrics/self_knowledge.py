"""Self-knowledge: whether a model's confidence knows more than how hard a question is.

A model that is sure of easy questions and unsure of hard ones has a high AUROC without knowing anything of itself.
Three numbers take that away: the AUROC among questions that are equally hard for other runs, its distance from what the
other runs' confidences would have had there, and the distance from a baseline that sees only the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from calibench.metrics.arrays import distinct
from calibench.metrics.bootstrap import draws, partition
from calibench.metrics.discrimination import pairs_won, stratified_auroc
from calibench.metrics.estimate import BOOTSTRAP, LOGIT, Estimate, replicates_of
from calibench.metrics.measure import Group, Measure, metric
from calibench.metrics.measures import MEASURES, NO_METHOD
from calibench.metrics.question_baseline import HOW, Guess, folds, guess, known_of
from calibench.metrics.sample import sample_of
from calibench.metrics.scorecard import mean_over_tasks, random_source
from calibench.records import Metric, Scorecard

if TYPE_CHECKING:
    import pandas as pd

LEAST_RUNS = 3
"""A share of the other runs needs two of them."""
_LEVELS = 2000
"""Confidences that are told apart in resamples."""
_SAME = "answers with a confidence to the questions that all runs answered or tried to"

SELF_KNOWLEDGE = (
    MEASURES["auroc"]._replace(
        compute=lambda areas: areas.whole, convention=f"{MEASURES['auroc'].convention}; of {_SAME}", place=0
    ),
    Measure(
        "auroc_within_difficulty",
        "scored",
        lambda areas: areas.within,
        "AUROC over pairs of a correct and an incorrect answer whose questions are equally hard: the same mean,"
        f" over all other runs, of the share of draws that are correct; not counted again in resamples; of {_SAME}",
        "no two questions that are equally hard have a correct and an incorrect answer",
        heading="AUROC at equal difficulty",
        better="higher",
        place=1,
        interval=LOGIT,
    ),
    Measure(
        "auroc_beyond_others",
        "scored",
        lambda areas: _less(areas.within, areas.others),
        "auroc_within_difficulty - the same of the mean confidence that the other runs gave the question, by the same"
        f" method, which is not averaged again in resamples; of {_SAME}",
        "as auroc_within_difficulty, or no other run has the method",
        heading="Beyond the other runs",
        better="higher",
        range=(-1.0, 1.0),
        place=2,
        interval=BOOTSTRAP,
    ),
    Measure(
        "auroc_of_question",
        "scored",
        lambda areas: areas.question,
        f"AUROC of {HOW}; of {_SAME}",
        "too few questions, all answers correct or all incorrect, or nothing known of the questions",
        heading="AUROC of the question alone",
        place=3,
        interval=LOGIT,
    ),
    Measure(
        "auroc_beyond_question",
        "scored",
        lambda areas: _less(areas.in_folds, areas.question),
        f"AUROC of the confidences - AUROC of {HOW}; of {_SAME}",
        "as auroc_of_question",
        heading="Beyond the question",
        better="higher",
        range=(-1.0, 1.0),
        place=4,
        interval=BOOTSTRAP,
    ),
)
"""Computed from `_Areas`."""


class _Areas(NamedTuple):
    """AUROCs of the answers of one run, task, protocol and method, over all pairs of a right and a wrong one, or over
    those within difficulties or within the folds of the baseline."""

    whole: Estimate
    within: Estimate
    others: Estimate
    """Within difficulties, of the other runs' confidences."""
    question: Estimate
    """Within folds, of the baseline."""
    in_folds: Estimate


def self_knowledge(
    frames: Mapping[str, pd.DataFrame],
    lengths: Mapping[tuple[str, str], int] | None = None,
    *,
    seed: int = 0,
    resamples: int = 1000,
) -> dict[str, Scorecard]:
    """What the confidences of each run know beyond the difficulty of the questions.

    Args:
        frames: name of the run -> its frame as for `metrics.scorecard.scorecard`.
        lengths: (task, question) -> characters of its text; where it is not known, the baseline does without.
        seed: of folds and bootstrap.
        resamples: of the bootstrap over questions, the same ones for all runs of a task and protocol.

    Returns:
        Run -> the metrics `SELF_KNOWLEDGE` of every task and protocol that at least three runs have, by method, and
        their means over tasks. Runs without any are left out.

    A confidence that is made of the share itself gets exactly 0.5 within difficulties. With few other runs and draws,
    questions whose shares agree still differ in difficulty, and any confidence that follows this difference gets more:
    hence the comparison with the confidences of the other runs, which follow it too. Source of this comparison: Binder
    et al. 2024 (arXiv 2410.13787), who ask whether a model predicts itself better than another model predicts it.
    """
    parts: dict[tuple[str, str], dict[str, pd.DataFrame]] = {}
    for name, frame in frames.items():
        for key, rows in frame.groupby(["task", "protocol"]):
            parts.setdefault(key, {})[name] = rows
    found: dict[str, dict[Group, _Areas]] = {name: {} for name in frames}
    for (task, protocol), of_runs in sorted(parts.items()):
        if len(of_runs) >= LEAST_RUNS:
            group = Group(task, protocol, "", "all")
            length = {question: n for (of, question), n in (lengths or {}).items() if of == task}
            for name, method, areas in _of_task(group, of_runs, length, seed, resamples):
                found[name][group._replace(method=method)] = areas
    return {name: _scorecard(of_run) for name, of_run in found.items() if of_run}


def _of_task(
    group: Group, of_runs: Mapping[str, pd.DataFrame], length: Mapping[str, int], seed: int, resamples: int
) -> Iterable[tuple[str, str, _Areas]]:
    import pandas as pd

    right = pd.DataFrame({name: _share_right(rows) for name, rows in of_runs.items()}).dropna()
    methods = [
        (name, method, rows[rows["question_id"].isin(right.index)])
        for name, of_run in of_runs.items()
        for method, rows in of_run.groupby("method")
        if method != NO_METHOD
    ]
    methods = [(name, method, rows) for name, method, rows in methods if len(rows)]
    if not methods:
        return []
    rng = random_source(seed, group)
    units = _units([rows for *_, rows in methods])
    known = known_of(pd.concat([rows for *_, rows in methods]), length)
    fold = folds(units, rng)
    guesses = {name: guess(of_runs[name], known, fold) for name in {name for name, *_ in methods}}
    pairs = [
        _Pairs(rows, right.drop(columns=name).mean(axis=1), _others(name, method, methods), guesses[name], units)
        for name, method, rows in methods
    ]
    chunks: list[list[np.ndarray]] = [[] for _ in pairs]
    for counts in draws(int(units.max()) + 1, resamples, rng):
        for of_pairs, chunk in zip(pairs, chunks, strict=True):
            chunk.append(of_pairs.areas(counts))
    return [
        (name, method, of_pairs.estimates(np.concatenate(chunk, axis=1)))
        for (name, method, _), of_pairs, chunk in zip(methods, pairs, chunks, strict=True)
    ]


def _share_right(rows: pd.DataFrame) -> pd.Series:
    """By question, the share of its draws that are right, of those that did not fail."""
    each = rows[rows["outcome"] != "failed"].drop_duplicates(["question_id", "draw"])
    return (each["outcome"] == "correct").groupby(each["question_id"].astype(str)).mean()


def _others(name: str, method: str, methods: Sequence[tuple[str, str, pd.DataFrame]]) -> pd.Series:
    """By question the mean confidence of the other runs; that of all questions where none gave one."""
    import pandas as pd

    given = [
        rows["value"].where(rows["status"] == "ok").astype(float).groupby(rows["question_id"].astype(str)).mean()
        for other, by, rows in methods
        if other != name and by == method
    ]
    found = pd.concat(given, axis=1).mean(axis=1) if given else pd.Series(dtype=float)
    return found.fillna(found.mean())


def _units(parts: Sequence[pd.DataFrame]) -> pd.Series:
    """The independent unit of each question: its cluster, or itself."""
    import pandas as pd

    questions = pd.concat([rows[["question_id", "cluster"]] for rows in parts]).drop_duplicates("question_id")
    codes, _ = partition(questions["cluster"], questions["question_id"])
    return pd.Series(codes, index=questions["question_id"].astype(str))


# -- pairs and their resamples ----------------------------------------------------------------------------------------


class _Pairs:
    """The answers of one run with a confidence, and the areas over pairs of them.

    Args:
        rows: of the frame.
        difficulty: share of the other runs that are right, by question.
        others: confidence of the other runs, by question.
        guess: what the question alone says.
        units: the independent unit of each question.
    """

    def __init__(
        self, rows: pd.DataFrame, difficulty: pd.Series, others: pd.Series, guess: Guess, units: pd.Series
    ) -> None:
        sample = sample_of(rows)
        scored = sample.rows("scored")
        question = rows["question_id"][scored].astype(str)
        self._n_total = len(sample.outcome)
        self._n_clusters = int(units.max()) + 1
        self._cluster = units[question].to_numpy()
        self._correct = sample.has("correct")[scored]
        confidence, whole = sample.confidence[scored], np.zeros(len(question), dtype=np.int64)
        stratum = distinct(difficulty[question].to_numpy().round(9)).level
        elsewhere = others.reindex(question).to_numpy()
        fold, chance = guess.fold[question].to_numpy(), guess.chance[question].to_numpy()
        self._orders = (
            (confidence, whole),
            (confidence, stratum),
            (elsewhere, stratum),
            (chance, fold),
            (confidence, fold),
        )
        self._tables = [self._table(*order) for order in self._orders]

    def areas(self, counts: np.ndarray) -> np.ndarray:
        """AUROC [5, R] of each of the orders when unit c is drawn counts[c, r] times; nan where it is not known."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.array([_within(table, counts) for table in self._tables])

    def estimates(self, replicates: np.ndarray) -> _Areas:
        """With the replicates [5, R] of `areas`, moved by what rounding to levels does to the areas themselves."""
        values = np.array([
            np.nan if np.isnan(value).any() else stratified_auroc(value, self._correct, stratum)
            for value, stratum in self._orders
        ])  # fmt: skip
        moved = replicates + (values - self.areas(np.ones((self._n_clusters, 1)))[:, 0])[:, None]
        size = len(self._correct), self._n_total, len(np.unique(self._cluster))
        return _Areas(*(
            Estimate(float(value), of, None, *size) for value, of in zip(values, moved, strict=True)
        ))  # fmt: skip

    def _table(self, value: np.ndarray, stratum: np.ndarray) -> list[tuple[sparse.csr_array, sparse.csr_array]]:
        """Per stratum the right and the wrong answers at each level of the value [L, C]; none if one is unknown."""
        if np.isnan(value).any():
            return []
        level, n = distinct(value).level, int(stratum.max(initial=0)) + 1
        most = max(_LEVELS // n, 20)
        if level.max(initial=0) >= most:
            level = level * most // (level.max() + 1)
        found = []
        for one in np.unique(stratum):
            rows = stratum == one
            place = np.unique(level[rows], return_inverse=True)[1]
            shape = (int(place.max()) + 1, self._n_clusters)
            found.append(tuple(
                sparse.csr_array((which[rows].astype(float), (place, self._cluster[rows])), shape=shape)
                for which in (self._correct, ~self._correct)
            ))  # fmt: skip
        return found


def _less(of: Estimate, than: Estimate) -> Estimate:
    """The difference of two areas of the same answers."""
    return of._replace(value=of.value - than.value, replicates=replicates_of(of) - replicates_of(than))


def _within(table: Iterable[tuple[sparse.csr_array, sparse.csr_array]], counts: np.ndarray) -> np.ndarray:
    """AUROC [R] over pairs within the strata."""
    won = pairs = np.zeros(counts.shape[1])
    for right, wrong in ((right @ counts, wrong @ counts) for right, wrong in table):
        won = won + pairs_won(right, wrong)
        pairs = pairs + right.sum(0) * wrong.sum(0)
    return won / pairs


# -- rows -------------------------------------------------------------------------------------------------------------


def _scorecard(of_run: Mapping[Group, _Areas]) -> Scorecard:
    rows: list[Metric] = [
        metric(group, measure, measure.compute(areas)) for group, areas in of_run.items() for measure in SELF_KNOWLEDGE
    ]
    for protocol, method in sorted({(g.protocol, g.method) for g in of_run}):
        tasks = {g.task: areas for g, areas in of_run.items() if (g.protocol, g.method) == (protocol, method)}
        group = Group("macro", protocol, method, "all")
        rows += (
            mean_over_tasks(group, measure, {task: measure.compute(areas) for task, areas in tasks.items()})
            for measure in SELF_KNOWLEDGE
        )
    return Scorecard(metrics=tuple(rows), reliability=(), measures=tuple(m.info for m in SELF_KNOWLEDGE))
