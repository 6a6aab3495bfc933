"""Calibration errors as other tools and publications compute them, by name.

They differ in who shares a bin and in what a missing confidence counts as. Each is held to values that the original
itself computed, `tests/golden/conventions.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics import calibration, proper
from calibench.metrics.discrimination import auroc
from calibench.metrics.measure import Group, Measure, estimates, metric
from calibench.metrics.measures import NO_METHOD
from calibench.metrics.sample import Sample, in_order, sample_of
from calibench.metrics.scorecard import mean_over_tasks
from calibench.records import Metric

if TYPE_CHECKING:
    import pandas as pd

Bins = Callable[[np.ndarray], np.ndarray]
"""From confidences [N] to the index [N] of the bin of each; -1: it is in no bin."""
Error = Callable[[np.ndarray, np.ndarray], float]
"""From confidences [N] and correct [N] to a calibration error; nan where there is no row in any bin."""


class Convention(NamedTuple):
    """How somebody else computes a calibration error."""

    error: Error
    origin: str
    """Whose it is, with the version that it was held to."""
    words: str
    """The definition."""
    missing: float | None = None
    """What a missing confidence counts as; then every generation that did not fail is scored, and one without an
    answer is wrong. None: only graded answers with a confidence are scored."""
    metric: str = "ece"
    """The metric of a scorecard that it is another form of."""
    undefined: str = ""
    """Why there may be no number although there are rows."""


# -- who shares a bin -------------------------------------------------------------------------------------------------


def _edges(n: int, dtype: type = np.float64) -> np.ndarray:
    """The edges [n + 1] that numpy's and torch's `linspace` give; few of them are exactly k / n."""
    if dtype is np.float64:
        return np.linspace(0, 1, n + 1)
    steps, step = np.arange(n + 1), float(np.float32(1 / n))  # torch counts from either end, and rounds once
    return np.where(steps < (n + 1) // 2, steps * step, 1 - (n - steps) * step).astype(dtype)


def _left_closed(n: int, *, one: str, dtype: type = np.float64) -> Bins:
    """[edge k, edge k + 1). `one`: whether 1 is in the `last` bin, in a bin of its `own`, or in `none`."""
    edges = _edges(n, dtype)

    def bins(confidence: np.ndarray) -> np.ndarray:
        index = np.searchsorted(edges, confidence.astype(dtype), side="right") - 1
        return np.where(index < n, index, {"last": n - 1, "own": n, "none": -1}[one])

    return bins


def _right_closed(n: int, *, zero: str, dtype: type = np.float64, of_edges: type | None = None) -> Bins:
    """(edge k, edge k + 1]. `zero`: whether 0 is in the `first` bin or in `none`. Above 1 there is no bin."""
    edges = _edges(n, of_edges or dtype)

    def bins(confidence: np.ndarray) -> np.ndarray:
        index = np.searchsorted(edges, confidence.astype(dtype), side="left") - 1
        return np.where(index < n, np.maximum(index, 0 if zero == "first" else -1), -1)

    return bins


def _ranks(size: int, *, top: bool) -> Bins:
    """Bins of `size` rows by rank, the last of which holds the rest too; ties in the order of the rows.

    Args:
        size: of fewer rows, without `top`, nothing is in a bin.
        top: whether the last bin counts.
    """

    def bins(confidence: np.ndarray) -> np.ndarray:
        n = max(len(confidence) // size, 1)
        of_rank = np.minimum(np.arange(len(confidence)) // size, n - 1)
        index = np.empty(len(confidence), dtype=np.int64)
        index[np.argsort(confidence, kind="stable")] = of_rank
        return index if top else np.where(index < n - 1, index, -1)

    return bins


def _split_in_ten(confidence: np.ndarray) -> np.ndarray:
    """Edges midway between neighbours of a sorted sample that is split in ten; a value on an edge is below it."""
    parts = np.array_split(np.sort(confidence), min(10, len(confidence)))
    edges = {(low[-1] + high[0]) / 2 for low, high in itertools.pairwise(parts)}
    return np.searchsorted(sorted(edges | {1.0}), confidence, side="left")


def _every_thirtieth(confidence: np.ndarray) -> np.ndarray:
    """Edges at every thirtieth of a sorted sample; a value on an edge is above it."""
    at = np.round(np.linspace(0, len(confidence), 30, endpoint=False)).astype(int)
    return np.digitize(confidence, np.sort(confidence)[np.minimum(at, len(confidence) - 1)][1:])


# -- errors -----------------------------------------------------------------------------------------------------------


def _binned(bins: Bins, *, squared: bool = False, of_kept: bool = False) -> Error:
    """Sum over bins of share x |gap|, or the root of the sum of share x gap².

    Args:
        bins: who shares a bin.
        squared: the latter.
        of_kept: shares are of the rows that are in a bin, not of all rows.
    """

    def error(confidence: np.ndarray, correct: np.ndarray) -> float:
        index = bins(confidence)
        kept = index >= 0
        share, gap = calibration.gaps(confidence[kept], correct[kept], index[kept])
        if not len(gap):
            return np.nan
        of_all = 1.0 if of_kept else float(kept.mean())
        return float(np.sqrt(of_all * share @ gap**2) if squared else of_all * share @ np.abs(gap))

    return error


def _stretched(error: Error) -> Error:
    """Of confidences whose range is stretched to [0, 1]."""

    def stretched(confidence: np.ndarray, correct: np.ndarray) -> float:
        certainty = confidence - 1  # minus the uncertainty
        low, high = certainty.min(), certainty.max()
        scale = 1 / (high - low) if high > low else 1.0
        return error(certainty * scale - low * scale, correct)

    return stretched


def _in_whole_percents(error: Error) -> Error:
    return lambda confidence, correct: error(np.floor(np.round(confidence * 100, 9)) / 100, correct)


def _of_both_classes(error: Error) -> Error:
    """The mean of the error of the confidences in right answers and in wrong ones, each without zeros."""

    def of_both(confidence: np.ndarray, correct: np.ndarray) -> float:
        classes = ((confidence, correct), (1 - confidence, ~correct))
        return float(np.mean([error(c[c > 0], y[c > 0]) if (c > 0).any() else 0.0 for c, y in classes]))

    return of_both


# -- the conventions --------------------------------------------------------------------------------------------------

_TEN = "10 bins of equal width"
_FLOATS = "floating-point edges of linspace, so that 0.3, 0.6 and 0.7 are a bin lower"
_SINGLE = "confidences and edges in 32 bits"
_ONE_CLASS = "all these answers are correct, or none is"
_HUNDREDS = "root mean square over bins of 100 rows by rank, ties in the order of the rows (questions by id)"

CONVENTIONS: dict[str, Convention] = {
    "right-closed": Convention(
        _binned(calibration.equal_width_bins), "this project's `ece`", f"{_TEN} (k/10, (k+1)/10], 0 in the first"
    ),
    "left-closed": Convention(
        _binned(lambda c: np.minimum(np.floor(np.round(c * 10, 9)).astype(np.int64), 9)),
        "this project's, for comparison",
        f"{_TEN} [k/10, (k+1)/10) by the decimals that are written, 1 in the last",
    ),
    "netcal": Convention(
        _binned(_left_closed(10, one="last")), "netcal 1.4.0, ECE", f"{_TEN} [lo, hi), 1 in the last; {_FLOATS}"
    ),
    "torchmetrics": Convention(
        _binned(_left_closed(15, one="own", dtype=np.float32)),
        "torchmetrics 1.9.0, BinaryCalibrationError",
        f"15 bins of equal width [lo, hi), 1 in a bin of its own; {_SINGLE}",
    ),
    "sklearn": Convention(
        _binned(_right_closed(5, zero="first")),
        "scikit-learn 1.9.1, calibration_curve, its points weighed by their rows",
        "5 bins of equal width (lo, hi], 0 in the first",
    ),
    "uqlm": Convention(
        _binned(_right_closed(10, zero="first")),
        "uqlm 0.6.7, evaluate_calibration",
        f"{_TEN} (lo, hi], 0 in the first; floating-point edges of linspace",
    ),
    "relplot": Convention(
        _binned(lambda c: (c / 0.1).astype(np.int64)),
        "relplot 1.0.3, binnedECE",
        f"{_TEN} by the whole part of confidence / 0.1, so that 0.3, 0.6 and 0.7 are a bin lower; 1 in a bin of its"
        " own",
    ),
    "evalscope": Convention(
        _binned(lambda c: np.minimum((c * 10).astype(np.int64), 9)),
        "EvalScope 1.14.1, ece of decisions",
        f"{_TEN} by the whole part of 10 confidence, 1 in the last",
    ),
    "rlcr": Convention(
        _binned(_left_closed(10, one="last")),
        "damanimehul/RLCR @ 8904bed, get_ece",
        f"{_TEN} [lo, hi), 1 in the last; {_FLOATS}",
        missing=0.0,
    ),
    "guo": Convention(
        _binned(_right_closed(15, zero="none", dtype=np.float32)),
        "gpleiss/temperature_scaling @ ce1154e, _ECELoss (Guo et al. 2017)",
        f"15 bins of equal width (lo, hi], 0 in none but among all rows; {_SINGLE}",
        undefined="every confidence is 0, which is in no bin",
    ),
    "drop-zero": Convention(
        _binned(_right_closed(10, zero="none", dtype=np.float32)),
        "Linwei94/LLM-Calibration-Study @ ddc349e, calculate_ece",
        f"{_TEN} (lo, hi], 0 in none but among all rows; {_SINGLE}",
        undefined="every confidence is 0, which is in no bin",
    ),
    "drop-zero-mixed": Convention(
        _binned(_right_closed(10, zero="none", of_edges=np.float32)),
        "Linwei94/LLM-Calibration-Study @ ddc349e, calculate_ece of analysis/calculate_ece_auroc.ipynb",
        f"{_TEN} (lo, hi], 0 in none but among all rows; confidences in 64 bits, edges in 32, so that 0.7 and 0.9"
        " are a bin higher",
        undefined="every confidence is 0, which is in no bin",
    ),
    "drop-one": Convention(
        _binned(_left_closed(10, one="none"), of_kept=True),
        "uncertainty-baselines, as in activatedgeek/calibration-tuning @ 2b7a70b",
        f"{_TEN} [lo, hi), 1 in none and not counted; {_FLOATS}",
        undefined="every confidence is 1, which is in no bin",
    ),
    "lm-polygraph": Convention(
        _stretched(_binned(_right_closed(20, zero="first"))),
        "LM-Polygraph 0.7.0, ECE(normalize=True)",
        "20 bins of equal width (lo, hi], 0 in the first, after the range of the confidences was stretched to [0, 1];"
        " a missing one is an uncertainty of -1e7",
        missing=1e7 + 1,
    ),
    "helm": Convention(
        _binned(_split_in_ten),
        "HELM 0.5.16, ece_10_bin, by uncertainty-calibration 0.1.4",
        "10 bins of about equal mass, with edges midway between neighbours; a value is never split over bins",
    ),
    "ace": Convention(
        _of_both_classes(_binned(_every_thirtieth)),
        "uncertainty-metrics 0.0.81, ace (adaptive calibration error, Nixon et al. 2019)",
        "30 bins of about equal mass; mean over the confidences and their complements, each without zeros",
    ),
    "hle": Convention(
        _binned(_ranks(100, top=False), squared=True),
        "Humanity's Last Exam, by calib_err of hendrycks/outlier-exposure @ e6ede98",
        f"{_HUNDREDS}, without the bin of the highest confidences",
        missing=1.0,
        metric="rms_calibration_error",
        undefined="there are fewer than 200 rows, and the only bin is left out (the original says 0, or fails)",
    ),
    "hle_fixed": Convention(
        _in_whole_percents(_binned(_ranks(100, top=True), squared=True)),
        "inspect_evals 0.28.0, cerr of HLE",
        f"{_HUNDREDS}, all bins; confidences cut to whole percents",
        missing=1.0,
        metric="rms_calibration_error",
    ),
}  # fmt: skip


def scores(frame: pd.DataFrame, names: Iterable[str]) -> dict[str, tuple[Metric, ...]]:
    """The numbers of a run under conventions: on the rows that each scores, its calibration error, and the accuracy,
    mean confidence, Brier score and AUROC that go with it.

    Args:
        frame: as `metrics.scorecard.scorecard` takes it.
        names: keys of `CONVENTIONS`.

    Returns:
        Name -> the numbers of each task, protocol and method, then of the unweighted mean over tasks (task `macro`).
    """
    samples = {
        Group(task, protocol, method, "all"): sample_of(rows)
        for (task, protocol, method), rows in in_order(frame).groupby(["task", "protocol", "method"], sort=True)
        if method != NO_METHOD
    }
    return {name: tuple(_under(CONVENTIONS[name], samples)) for name in names}


def _under(convention: Convention, samples: dict[Group, Sample]) -> Iterator[Metric]:
    measures = _measures(convention)
    found = {group: estimates(measures, sample) for group, sample in samples.items()}
    for group, by_name in found.items():
        yield from (metric(group, m, by_name[m.name]) for m in measures)
    for protocol, method in sorted({(g.protocol, g.method) for g in found}):
        tasks = {g.task: e for g, e in found.items() if (g.protocol, g.method) == (protocol, method)}
        for m in measures:
            group = Group("macro", protocol, method, "all")
            yield mean_over_tasks(group, m, {task: by_name[m.name] for task, by_name in tasks.items()})


def _measures(of: Convention) -> tuple[Measure, ...]:
    """The numbers that a convention gives, as measures of the rows that it scores."""
    if of.missing is None:
        population, rows = "scored", ""
    else:
        population = "attempted"
        rows = (
            "; of all rows that did not fail, those without an answer wrong, a missing confidence as "
            f"{_as_probability(of.missing):g}"
        )

    def filled(s: Sample) -> np.ndarray:
        return s.confidence if of.missing is None else np.where(np.isnan(s.confidence), of.missing, s.confidence)

    def brier(s: Sample) -> float:
        return proper.brier_score(_as_probability(filled(s)), s.has("correct"))

    def area(s: Sample) -> float:
        confidence = filled(s)
        return auroc(confidence / max(confidence.max(), 1.0), s.has("correct"))

    def error(s: Sample) -> float:
        return of.error(filled(s), s.has("correct"))

    return (
        Measure("accuracy", population, lambda s: float(s.has("correct").mean()), f"share correct{rows}"),
        Measure("mean_confidence", population, lambda s: float(_as_probability(filled(s)).mean()), f"mean{rows}"),
        Measure(of.metric, population, error, f"{of.words}{rows}; as {of.origin}", of.undefined),
        Measure("brier", population, brier, f"mean of (confidence - correct)^2{rows}"),
        Measure("auroc", population, area, f"correct against the others, ties by mid-rank{rows}", _ONE_CLASS),
    )


def _as_probability(confidence: ArrayLike) -> np.ndarray:
    """What stands for a missing confidence may be above 1."""
    return np.minimum(confidence, 1.0)
