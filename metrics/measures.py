"""The measures of a scorecard: which rows enter each, how it is computed, and the convention that decides it.

`point` is the one place where an undefined value (nan) becomes None with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from calibench.metrics import calibration, proper
from calibench.metrics.discrimination import auroc, within_question_discrimination
from calibench.metrics.sample import Sample
from calibench.metrics.selective import aurc, excess_aurc
from calibench.records import Metric


class Group(NamedTuple):
    """Where a number belongs."""

    task: str
    protocol: str
    method: str
    subset: str


class Measure(NamedTuple):
    """One metric of the scorecard."""

    name: str
    population: str
    """The rows that enter, see `Sample.rows`."""
    compute: Callable[[Sample], float]
    """From the sample of just these rows; nan where undefined."""
    convention: str
    undefined: str = ""
    """Why the value is nan although there are rows."""
    interval: str = ""
    """How the 95 % interval is made; empty for measures that have none."""


def _share(*outcomes: str) -> Callable[[Sample], float]:
    return lambda s: float(s.has(*outcomes).mean())


def _of(metric: Callable) -> Callable[[Sample], float]:
    return lambda s: metric(s.confidence, s.has("correct"))


def _imputed(metric: Callable, if_correct: float, if_incorrect: float) -> Callable[[Sample], float]:
    def compute(s: Sample) -> float:
        correct = s.has("correct")
        guess = np.where(correct, if_correct, if_incorrect)
        return metric(np.where(np.isnan(s.confidence), guess, s.confidence), correct)

    return compute


_BINS = "10 equal-width bins (k/10, (k+1)/10], zero in the first; empty bins weigh nothing"
_VALUES = "grouped by distinct confidence (equal to 9 decimals)"
_CONTINUOUS = "the confidences are continuous (neither whole percents nor at most half as many values as rows)"
_ONE_CLASS = "all these answers are correct, or all are incorrect"
_WILSON = "Wilson; cluster bootstrap where a cluster has several rows"
BOOTSTRAP = "percentiles of the cluster bootstrap"
_LOGIT = "normal on the logit scale, standard error by cluster bootstrap"
_INVERSION = (
    "of the population's binned error, by inverting a bootstrap test; widened to hold the value, which noise raises"
)
_SCENARIOS = {
    "worst": (0.0, 1.0, "0 if correct, 1 if incorrect"),
    "best": (1.0, 0.0, "1 if correct, 0 if incorrect"),
    "half": (0.5, 0.5, "0.5"),
}

OUTCOME_MEASURES = (
    Measure("accuracy", "attempted", _share("correct"), "correct / (asked - failed)", interval=_WILSON),
    Measure("accuracy_answered", "answered", _share("correct"), "correct / (correct + incorrect)", interval=_WILSON),
    *(
        Measure(f"{o}_rate", "asked", _share(o), f"{o} / asked")
        for o in ("abstained", "unparsed", "truncated", "failed")
    ),
)
"""Need no confidence."""

CONFIDENCE_MEASURES = (
    Measure(
        "coverage",
        "attempted",
        lambda s: float(s.rows("scored").mean()),
        "(answered and with a confidence) / (asked - failed)",
        interval=_WILSON,
    ),
    Measure("mean_confidence", "scored", lambda s: float(s.confidence.mean()), "mean", interval=BOOTSTRAP),
    Measure("ece", "scored", _of(calibration.expected_calibration_error), _BINS, interval=_INVERSION),
    Measure(
        "ece_equal_mass",
        "scored",
        _of(calibration.equal_mass_calibration_error),
        "10 bins of equal mass; a value is in bin floor(10 (rows below + half of its own rows) / rows)",
    ),
    Measure("ece_per_value", "scored", _of(calibration.per_value_calibration_error), _VALUES, _CONTINUOUS),
    Measure("mce", "scored", _of(calibration.maximum_calibration_error), _BINS),
    Measure("rms_calibration_error", "scored", _of(calibration.rms_calibration_error), _BINS),
    Measure(
        "calibration_error_debiased",
        "scored",
        lambda s: calibration.debiased_squared_calibration_error(s.confidence, s.has("correct"), s.cluster),
        f"squared error, may be negative; {_BINS}; per bin the mean product of confidence - correct over pairs of rows "
        "from two clusters; bins without such pairs are left out",
        "no bin has rows from two clusters",
    ),
    Measure("brier", "scored", _of(proper.brier_score), "mean of (confidence - correct)^2", interval=BOOTSTRAP),
    *(
        Measure(
            f"brier_{part}",
            "scored",
            lambda s, part=part: getattr(proper.brier_decomposition(s.confidence, s.has("correct")), part),
            f"brier = reliability - resolution + uncertainty; {_VALUES}",
            _CONTINUOUS,
        )
        for part in ("reliability", "resolution", "uncertainty")
    ),
    *(
        Measure(
            f"brier_{part}_isotonic",
            "scored",
            lambda s, part=part: getattr(proper.isotonic_decomposition(s.confidence, s.has("correct")), part),
            "brier = reliability - resolution + uncertainty; accuracy at each confidence by isotonic regression (CORP)",
        )
        for part in ("reliability", "resolution")
    ),
    Measure(
        "brier_skill",
        "scored",
        _of(proper.brier_skill_score),
        "1 - brier / (accuracy (1 - accuracy)), accuracy of these rows",
        _ONE_CLASS,
    ),
    Measure(
        "log_loss",
        "scored",
        _of(proper.log_loss),
        f"nats; confidence clipped to [{proper.LOG_LOSS_CLIP}, {1 - proper.LOG_LOSS_CLIP}]",
        interval=BOOTSTRAP,
    ),
    Measure("auroc", "scored", _of(auroc), "correct against incorrect, ties by mid-rank", _ONE_CLASS, _LOGIT),
    Measure(
        "wqd",
        "scored",
        lambda s: within_question_discrimination(s.confidence, s.has("correct"), s.question),
        "correct against incorrect answers to the same question, ties half; over all such pairs",
        "no question has a correct and an incorrect answer",
    ),
    Measure(
        "aurc",
        "scored",
        _of(aurc),
        "mean error rate of the k most confident over k = 1 .. n, expected over orders of ties",
    ),
    Measure("excess_aurc", "scored", _of(excess_aurc), "aurc - aurc with every correct answer first"),
    Measure(
        "signed_gap",
        "scored",
        _of(calibration.signed_gap),
        "mean confidence - accuracy of these rows",
        interval=BOOTSTRAP,
    ),
    Measure(
        "distinct_confidences",
        "scored",
        lambda s: float(calibration.n_distinct(s.confidence)),
        "number of distinct confidences (equal to 9 decimals)",
    ),
    Measure(
        "mode_share", "scored", lambda s: calibration.mode_share(s.confidence), "share of the most frequent confidence"
    ),
    *(
        Measure(
            f"{name}_missing_{scenario}",
            "answered",
            _imputed(metric, if_correct, if_incorrect),
            f"all answered rows; a missing confidence counts as {text}; otherwise as {name}",
            _ONE_CLASS,
        )
        for name, metric in (
            ("ece", calibration.expected_calibration_error),
            ("brier", proper.brier_score),
            ("auroc", auroc),
        )
        for scenario, (if_correct, if_incorrect, text) in _SCENARIOS.items()
    ),
)

NO_METHOD = "none"
"""The method of generations that no confidence method was run on."""
MEASURES = {m.name: m for m in OUTCOME_MEASURES + CONFIDENCE_MEASURES}
MAIN = tuple(m.name for m in MEASURES.values() if m.interval)
"""The metrics that have intervals, are shown for every subset, and are averaged over tasks."""
_POPULATIONS = {
    "asked": "no generation was asked for",
    "attempted": "all generations failed",
    "answered": "no generation was answered",
    "scored": "no answered generation has a confidence",
}


def measures_of(method: str) -> tuple[Measure, ...]:
    """The measures of a confidence method; without one, those that need no confidence."""
    return OUTCOME_MEASURES if method == NO_METHOD else OUTCOME_MEASURES + CONFIDENCE_MEASURES


def points(group: Group, measures: Iterable[Measure], sample: Sample) -> dict[str, Metric]:
    """Metric -> its row, without interval."""
    measures = tuple(measures)
    used = {population: sample.take(sample.rows(population)) for population in {m.population for m in measures}}
    return {m.name: _point(group, m, used[m.population], len(sample.outcome)) for m in measures}


def point(group: Group, measure: Measure, sample: Sample) -> Metric:
    """The metric row of a measure, without interval."""
    return points(group, [measure], sample)[measure.name]


def _point(group: Group, measure: Measure, used: Sample, n_total: int) -> Metric:
    n = len(used.outcome)
    value = measure.compute(used) if n else np.nan
    if np.isnan(value):
        why = measure.undefined if n else _POPULATIONS[measure.population]
        return metric_row(group, measure.name, None, n, n_total, measure.convention, reason=why)
    return metric_row(group, measure.name, value, n, n_total, measure.convention)


def with_interval(metric: Metric, interval: tuple[float, float] | None, how: str) -> Metric:
    """The metric with an interval, if there is one, that always holds its value."""
    if interval is None:
        return metric
    low, high = min(interval[0], metric.value), max(interval[1], metric.value)
    return replace(metric, low=low, high=high, convention=f"{metric.convention}; 95 % interval: {how}")


def metric_row(group: Group, name: str, value, n_used: int, n_total: int, convention: str, reason=None) -> Metric:
    """The metric row of a group, without interval."""
    return Metric(
        **group._asdict(),
        metric=name,
        value=value,
        n_used=n_used,
        n_total=n_total,
        convention=convention,
        reason=reason,
    )
