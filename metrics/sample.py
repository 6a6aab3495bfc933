"""The rows of one task, protocol, method and subset, and what a bootstrap of them gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np

from calibench.metrics.bootstrap import compact, draws, partition
from calibench.metrics.calibration import N_BINS, equal_width_bins
from calibench.metrics.discrimination import ResampledAuroc
from calibench.metrics.proper import log_losses
from calibench.records import Outcome

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = get_args(Outcome)
_KEY = ("task", "protocol", "question_id", "draw", "method")
COLUMNS = (*_KEY, "value", "status", "outcome", "domain", "subject", "level", "cluster")


class Sample(NamedTuple):
    """One row per generation asked for."""

    confidence: np.ndarray
    """[N] float in [0, 1]; nan where the method gave none."""
    outcome: np.ndarray
    """[N] int8, index into `OUTCOMES`."""
    cluster: np.ndarray
    """[N] int in [0, n_clusters)."""
    n_clusters: int
    question: np.ndarray
    """[N] int of at least 0; the draws of a question share it."""

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
        return Sample(self.confidence[rows], self.outcome[rows], cluster, n_clusters, self.question[rows])


def check(frame: pd.DataFrame) -> None:
    """Refuses a frame that `metrics.scorecard.scorecard` cannot score.

    Raises:
        ValueError: a column is missing, a generation occurs twice under a method, an outcome is unknown, or a value is
            not in [0, 1] though its status is ok.
    """
    missing = [c for c in COLUMNS if c not in frame.columns]
    if missing:
        raise ValueError(f"frame: expected the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}")
    twice = frame.duplicated(list(_KEY))
    if twice.any():
        raise ValueError(
            f"frame: expected one row per generation and method; found twice: {frame[twice].iloc[0].to_dict()}"
        )
    unknown = set(frame["outcome"].unique()) - set(OUTCOMES)
    if unknown:
        raise ValueError(f"frame: expected outcomes {', '.join(OUTCOMES)}; found {', '.join(map(repr, unknown))}")
    ok = frame["value"][frame["status"] == "ok"]
    outside = ok[~ok.between(0, 1)]
    if len(outside):
        raise ValueError(f"frame: expected a value in [0, 1] where the status is ok; found {outside.iloc[0]}")


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The `COLUMNS` of a frame, sorted by key, with categories for names: these sort and group as numbers."""
    names = ("task", "protocol", "question_id", "method", "status", "outcome", "domain", "subject")
    coded = frame[list(COLUMNS)].astype(dict.fromkeys(names, "category"))
    return coded.sort_values(["task", "protocol", "method", "question_id", "draw"], kind="stable")


def sample_of(rows: pd.DataFrame) -> Sample:
    """The sample of these rows of a frame, in their order."""
    import pandas as pd

    cluster, n_clusters = partition(rows["cluster"], rows["question_id"])
    value = rows["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    confidence = np.where((rows["status"] == "ok").to_numpy(dtype=bool), value, np.nan)
    outcome = pd.Index(OUTCOMES).get_indexer(rows["outcome"]).astype(np.int8)
    return Sample(confidence, outcome, cluster, n_clusters, pd.factorize(rows["question_id"])[0])


class Replicates(NamedTuple):
    """What R resamples of a sample give. Arrays are nan where a resample leaves a metric undefined."""

    values: dict[str, np.ndarray]
    """Metric -> [R]."""
    observed_gaps: np.ndarray
    """[B]: share of the bin x (mean confidence - accuracy) in the sample itself; their absolute sum is the ECE."""
    gaps: np.ndarray
    """[R, B]: the same in the resamples."""
    bin_accuracy: np.ndarray
    """[R, B]"""


def resample(samples: list[Sample], resamples: int, rng: np.random.Generator) -> list[Replicates]:
    """Cluster bootstrap of samples that share their clusters (paired: each resample draws the same ones for all)."""
    tables = [_cluster_sums(s) for s in samples]
    areas = [_auroc_resampler(s) for s in samples]
    sums, aurocs = [[] for _ in samples], [[] for _ in samples]
    for counts in draws(samples[0].n_clusters, resamples, rng):
        for i, (table, area) in enumerate(zip(tables, areas, strict=True)):
            sums[i].append(table @ counts)
            aurocs[i].append(area(counts))
    return [
        _replicates(table, np.concatenate(s, axis=1), np.concatenate(a))
        for table, s, a in zip(tables, sums, aurocs, strict=True)
    ]


_TOTALS = ("attempted", "answered", "correct", "scored", "right", "confidence", "squared_error", "log_loss")


def _cluster_sums(sample: Sample) -> np.ndarray:
    """[8 + 3 B, C]: per cluster the `_TOTALS`, then rows, confidence and right answers per bin of the scored rows."""
    scored, correct = sample.rows("scored"), sample.has("correct")
    confidence, right, unit = sample.confidence[scored], correct[scored], sample.cluster[scored]
    c = sample.n_clusters
    out = np.empty((len(_TOTALS) + 3 * N_BINS, c))
    for i, rows in enumerate((sample.rows("attempted"), sample.rows("answered"), correct, scored)):
        out[i] = np.bincount(sample.cluster[rows], minlength=c)
    for i, weight in enumerate((right, confidence, (confidence - right) ** 2, log_losses(confidence, right)), start=4):
        out[i] = np.bincount(unit, weight, minlength=c)
    cell = equal_width_bins(confidence) * c + unit
    for i, weight in enumerate((None, confidence, right)):
        first = len(_TOTALS) + i * N_BINS
        out[first : first + N_BINS] = np.bincount(cell, weight, minlength=N_BINS * c).reshape(N_BINS, c)
    return out


def _auroc_resampler(sample: Sample) -> ResampledAuroc:
    scored = sample.rows("scored")
    right = sample.has("correct")[scored]
    return ResampledAuroc(sample.confidence[scored], right, sample.cluster[scored], sample.n_clusters)


def _replicates(table: np.ndarray, sums: np.ndarray, auroc: np.ndarray) -> Replicates:
    """From the cluster sums [8 + 3 B, C] and their resampled totals [8 + 3 B, R]."""
    total = dict(zip(_TOTALS, sums, strict=False))
    n, _, right = _bins(sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_confidence = total["confidence"] / total["scored"]
        values = {
            "accuracy": total["correct"] / total["attempted"],
            "accuracy_answered": total["correct"] / total["answered"],
            "coverage": total["scored"] / total["attempted"],
            "mean_confidence": mean_confidence,
            "signed_gap": mean_confidence - total["right"] / total["scored"],
            "brier": total["squared_error"] / total["scored"],
            "log_loss": total["log_loss"] / total["scored"],
            "auroc": auroc,
        }
        return Replicates(values, _gaps(table.sum(axis=1)[:, None])[0], _gaps(sums), (right / n).T)


def _bins(sums: np.ndarray) -> np.ndarray:
    """Rows, confidence and right answers per bin: [3, B, R]."""
    return sums[len(_TOTALS) :].reshape(3, N_BINS, -1)


def _gaps(sums: np.ndarray) -> np.ndarray:
    """[R, B]"""
    n, confidence, right = _bins(sums)
    return ((confidence - right) / n.sum(axis=0)).T
