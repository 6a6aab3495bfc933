"""The rows of one task, protocol, method and subset, and what makes a frame of them right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np

from calibench.metrics.arrays import mean, number_of
from calibench.metrics.bootstrap import compact, partition
from calibench.records import Outcome

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = get_args(Outcome)
POPULATIONS = ("asked", "attempted", "answered", "scored")
_KEY = ("task", "protocol", "question_id", "draw", "method")
COLUMNS = (*_KEY, "value", "status", "outcome", "domain", "subject", "level", "cluster")


class Sample(NamedTuple):
    """One row per generation asked for, or per kind of them."""

    confidence: np.ndarray
    """[N] float in [0, 1]; nan where the method gave none."""
    outcome: np.ndarray
    """[N] int8, index into `OUTCOMES`."""
    cluster: np.ndarray
    """[N] int in [0, n_clusters)."""
    n_clusters: int
    question: np.ndarray
    """[N] int of at least 0; the draws of a question share it."""
    weight: np.ndarray | None = None
    """[N] rows that each stands for, all equal, and each of a cluster and question of its own; None: one."""

    @property
    def n_rows(self) -> int:
        return number_of(self.outcome, self.weight)

    def mean(self, values: np.ndarray) -> float:
        """Of values [N], over all rows that they stand for."""
        return float(mean(values, self.weight))

    def has(self, *outcomes: Outcome) -> np.ndarray:
        """[N] bool: the outcome is one of these."""
        return np.logical_or.reduce([self.outcome == OUTCOMES.index(o) for o in outcomes])

    def rows(self, population: str) -> np.ndarray:
        """[N] bool: the rows of a population.

        asked: all. attempted: not failed. answered: correct or incorrect. scored: answered, with a confidence.
        """
        match population:
            case "asked":
                return np.ones(len(self.outcome), dtype=bool)
            case "attempted":
                return ~self.has("failed")
            case "answered":
                return self.has("correct", "incorrect")
            case "scored":
                return self.has("correct", "incorrect") & ~np.isnan(self.confidence)
        raise ValueError(f"population: expected asked, attempted, answered or scored, found {population!r}")

    def take(self, rows: np.ndarray) -> Sample:
        """The sample of these rows (mask or index), clusters renumbered."""
        cluster, n_clusters = compact(self.cluster[rows])
        weight = None if self.weight is None else self.weight[rows]
        return Sample(self.confidence[rows], self.outcome[rows], cluster, n_clusters, self.question[rows], weight)


def check(frame: pd.DataFrame) -> pd.DataFrame:
    """Refuses a frame that `metrics.scorecard.scorecard` cannot score.

    Returns:
        Its `COLUMNS`, with categories for names: these sort and group as numbers.

    Raises:
        ValueError: a column is missing, a generation occurs twice under a method, an outcome is unknown, or a value is
            not in [0, 1] though its status is ok.
    """
    missing = [c for c in COLUMNS if c not in frame.columns]
    if missing:
        raise ValueError(f"frame: expected the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}")
    coded = _coded(frame)
    twice = coded.duplicated(list(_KEY))
    if twice.any():
        raise ValueError(
            f"frame: expected one row per generation and method; found twice: {frame[twice].iloc[0].to_dict()}"
        )
    unknown = set(coded["outcome"].unique()) - set(OUTCOMES)
    if unknown:
        raise ValueError(f"frame: expected outcomes {', '.join(OUTCOMES)}; found {', '.join(map(repr, unknown))}")
    ok = frame["value"][coded["status"] == "ok"]
    outside = ok[~ok.between(0, 1)]
    if len(outside):
        raise ValueError(f"frame: expected a value in [0, 1] where the status is ok; found {outside.iloc[0]}")
    return coded


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The `COLUMNS` of a frame, or of what `check` made of it, sorted by key, with categories for names."""
    return _coded(frame).sort_values(["task", "protocol", "method", "question_id", "draw"], kind="stable")


def _coded(frame: pd.DataFrame) -> pd.DataFrame:
    names = ("task", "protocol", "question_id", "method", "status", "outcome", "domain", "subject")
    return frame[list(COLUMNS)].astype(dict.fromkeys(names, "category"))


def sample_of(rows: pd.DataFrame) -> Sample:
    """The sample of these rows of a frame, in their order."""
    import pandas as pd

    cluster, n_clusters = partition(rows["cluster"], rows["question_id"])
    value = rows["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    confidence = np.where((rows["status"] == "ok").to_numpy(dtype=bool), value, np.nan)
    outcome = pd.Index(OUTCOMES).get_indexer(rows["outcome"]).astype(np.int8)
    return Sample(confidence, outcome, cluster, n_clusters, pd.factorize(rows["question_id"])[0])
