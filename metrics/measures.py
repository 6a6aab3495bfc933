"""The measures of a scorecard: one row each, which says everything about it.

A measure of one's own is one function and one row here: it then stands in scorecards, pages, comparisons and the study.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from calibench.metrics import calibration, proper
from calibench.metrics.discrimination import area, auroc, discrimination_of, question_sums
from calibench.metrics.estimate import BOOTSTRAP, INVERSION, LOGIT, SQUARED_INVERSION, WILSON
from calibench.metrics.measure import Counted, Measure, Summed
from calibench.metrics.noise import noise_floor
from calibench.metrics.resampled import Resampled
from calibench.metrics.sample import Sample
from calibench.metrics.selective import (
    accuracy_at_coverage,
    aurc,
    average_precision,
    coverage_at_accuracy,
    excess_aurc,
    prediction_rejection_ratio,
)
from calibench.metrics.smooth import smooth_calibration_error, smooth_parts
from calibench.records import Better, MeasureInfo, Outcome

NO_METHOD = "none"
"""The method of generations that no confidence method was run on."""


def _share(*outcomes: Outcome) -> Counted:
    return Counted(lambda s: s.mean(s.has(*outcomes)))


def _shares(of: str, per: str) -> Callable[[Resampled], np.ndarray]:
    return lambda r: r.share(of, per)


def _ratio(of: str, per: str) -> Callable[[Resampled], np.ndarray]:
    return lambda r: r.ratio(of, per)


def _of(metric: Callable, *more: float, by_value: bool = False) -> Counted:
    return Counted(lambda s: metric(s.confidence, s.has("correct"), *more, weight=s.weight), by_value)


def _area(r: Resampled) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return area(r.levels.right[:, 1:], r.levels.wrong[:, 1:]) + r.unseen["pairs"]


def _imputed(metric: Callable, if_correct: float, if_incorrect: float) -> Counted:
    def compute(s: Sample) -> float:
        correct = s.has("correct")
        guess = np.where(correct, if_correct, if_incorrect)
        return metric(np.where(np.isnan(s.confidence), guess, s.confidence), correct, weight=s.weight)

    return Counted(compute)


_BINS = "10 equal-width bins (k/10, (k+1)/10], zero in the first; empty bins weigh nothing"
_VALUES = "grouped by distinct confidence (equal to 9 decimals)"
_CONTINUOUS = "the confidences are continuous (neither whole percents nor at most half as many values as rows)"
_ONE_CLASS = "all these answers are correct, or all are incorrect"
_SCENARIOS = {
    "worst": (0.0, 1.0, "0 if correct, 1 if incorrect"),
    "best": (1.0, 0.0, "1 if correct, 0 if incorrect"),
    "half": (0.5, 0.5, "0.5"),
}

_BETTER_PART: dict[str, Better | None] = {"reliability": "lower", "resolution": "higher", "uncertainty": None}

OUTCOME_MEASURES = (
    Measure(
        "accuracy",
        "attempted",
        _share("correct"),
        "correct / (asked - failed)",
        meaning="Right answers among all that did not fail; higher is better.",
        better="higher",
        place=1,
        interval=WILSON,
        replicates=_shares("correct", "attempted"),
    ),
    Measure(
        "accuracy_answered",
        "answered",
        _share("correct"),
        "correct / (correct + incorrect)",
        better="higher",
        interval=WILSON,
        replicates=_shares("correct", "answered"),
    ),
    *(
        Measure(f"{o}_rate", "asked", _share(o), f"{o} / asked")
        for o in ("abstained", "echoed", "unparsed", "truncated", "failed")
    ),
)
"""Need no confidence."""

CONFIDENCE_MEASURES = (
    Measure(
        "coverage",
        "attempted",
        Counted(lambda s: s.mean(s.rows("scored"))),
        "(answered and with a confidence) / (asked - failed)",
        better="higher",
        place=2,
        interval=WILSON,
        replicates=_shares("scored", "attempted"),
    ),
    Measure(
        "mean_confidence",
        "scored",
        Counted(lambda s: s.mean(s.confidence)),
        "mean",
        place=3,
        interval=BOOTSTRAP,
        replicates=_ratio("confidence", "scored"),
    ),
    Measure(
        "ece",
        "scored",
        _of(calibration.expected_calibration_error),
        _BINS,
        heading="ECE",
        meaning="Distance between confidence and accuracy; lower is better.",
        better="lower",
        place=5,
        interval=INVERSION,
        replicates=lambda r: r.gaps.sizes(),
        parts=lambda r: r.widened(r.gaps),
    ),
    Measure(
        "ece_equal_mass",
        "scored",
        _of(calibration.equal_mass_calibration_error),
        "10 bins of equal mass; a value is in bin floor(10 (rows below + half of its own rows) / rows)",
        better="lower",
    ),
    Measure(
        "ece_per_value",
        "scored",
        _of(calibration.per_value_calibration_error, by_value=True),
        _VALUES,
        _CONTINUOUS,
        better="lower",
    ),
    Measure("mce", "scored", _of(calibration.maximum_calibration_error), _BINS, better="lower"),
    Measure("rms_calibration_error", "scored", _of(calibration.rms_calibration_error), _BINS, better="lower"),
    Measure(
        "calibration_error_debiased",
        "scored",
        Summed(
            lambda s: calibration.bin_sums(s.confidence, s.has("correct"), s.cluster),
            calibration.debiased_squared_error_of,
        ),
        f"squared error, may be negative; {_BINS}; per bin the mean product of confidence - correct over pairs of rows "
        "from two clusters; bins without such pairs are left out",
        "no bin has rows from two clusters",
        better="lower",
        range=(-1.0, 1.0),
        interval=SQUARED_INVERSION,
        main=False,
        replicates=lambda r: (r.root_gaps.replicates**2).sum(axis=1),
        parts=lambda r: r.widened(r.root_gaps),
    ),
    Measure(
        "smooth_ece",
        "scored",
        _of(smooth_calibration_error),
        "confidence - correct, smoothed by a Gaussian reflected at 0 and 1 that is as wide as the error itself",
        heading="Smooth ECE",
        better="lower",
        place=7,
        interval=INVERSION._replace(
            how="of the population's error under this kernel, by inverting a bootstrap test; widened to hold the "
            "value, which noise raises"
        ),
        parts=lambda r: smooth_parts(r.levels)._replace(one_sided=r.gaps.one_sided),
    ),
    Measure(
        "brier",
        "scored",
        _of(proper.brier_score),
        "mean of (confidence - correct)^2",
        meaning="Mean squared error of the confidence; lower is better.",
        better="lower",
        place=7,
        interval=BOOTSTRAP,
        replicates=_ratio("squared_error", "scored"),
    ),
    *(
        Measure(
            f"brier_{part}",
            "scored",
            _of(
                lambda *given, part=part, **more: getattr(proper.brier_decomposition(*given, **more), part),
                by_value=part != "uncertainty",
            ),
            f"brier = reliability - resolution + uncertainty; {_VALUES}",
            _CONTINUOUS,
            better=_BETTER_PART[part],
        )
        for part in ("reliability", "resolution", "uncertainty")
    ),
    *(
        Measure(
            f"brier_{part}_isotonic",
            "scored",
            _of(lambda *given, part=part, **more: getattr(proper.isotonic_decomposition(*given, **more), part)),
            "brier = reliability - resolution + uncertainty; accuracy at each confidence by isotonic regression (CORP)",
            better=_BETTER_PART[part],
        )
        for part in ("reliability", "resolution")
    ),
    Measure(
        "brier_skill",
        "scored",
        _of(proper.brier_skill_score),
        "1 - brier / (accuracy (1 - accuracy)), accuracy of these rows",
        _ONE_CLASS,
        better="higher",
        range=(-np.inf, 1.0),
    ),
    Measure(
        "log_loss",
        "scored",
        _of(proper.log_loss),
        f"nats; confidence clipped to [{proper.LOG_LOSS_CLIP}, {1 - proper.LOG_LOSS_CLIP}]",
        better="lower",
        range=(0.0, np.inf),
        interval=BOOTSTRAP,
        replicates=_ratio("log_loss", "scored"),
    ),
    Measure(
        "auroc",
        "scored",
        _of(auroc),
        "correct against incorrect, ties by mid-rank",
        _ONE_CLASS,
        heading="AUROC",
        meaning="Right answers ranked above wrong ones; 0.5 is chance.",
        better="higher",
        place=8,
        interval=LOGIT,
        replicates=_area,
    ),
    Measure(
        "wqd",
        "scored",
        Summed(lambda s: question_sums(s.confidence, s.has("correct"), s.question), discrimination_of),
        "correct against incorrect answers to the same question, ties half; over all such pairs",
        "no question has a correct and an incorrect answer",
        heading="WQD",
        better="higher",
    ),
    Measure(
        "aurc",
        "scored",
        _of(aurc),
        "mean error rate of the k most confident over k = 1 .. n, expected over orders of ties",
        heading="AURC",
        better="lower",
    ),
    Measure("excess_aurc", "scored", _of(excess_aurc), "aurc - aurc with every correct answer first", better="lower"),
    Measure(
        "prr",
        "scored",
        _of(prediction_rejection_ratio),
        "(error rate - aurc) / (error rate - aurc with every correct answer first)",
        _ONE_CLASS,
        heading="PRR",
        better="higher",
        range=(-np.inf, 1.0),
    ),
    *(
        Measure(
            f"accuracy_at_coverage_{percent}",
            "scored",
            _of(accuracy_at_coverage, percent / 100),
            f"accuracy of the {percent} % of the answers that are most confident, expected over orders of ties",
            better="higher",
        )
        for percent in (50, 80, 90)
    ),
    *(
        Measure(
            f"coverage_at_accuracy_{percent}",
            "scored",
            _of(coverage_at_accuracy, percent / 100),
            f"largest share of the answers at or above some confidence that are right in at least {percent} %",
            better="higher",
        )
        for percent in (80, 90, 95)
    ),
    Measure(
        "auprc_correct",
        "scored",
        _of(average_precision),
        "average precision of correct answers by confidence, a step at each distinct one",
        "none of these answers is correct",
        heading="AUPRC of correct answers",
        better="higher",
    ),
    Measure(
        "auprc_incorrect",
        "scored",
        Counted(lambda s: average_precision(1 - s.confidence, s.has("incorrect"), weight=s.weight)),
        "average precision of incorrect answers by 1 - confidence, a step at each distinct one",
        "none of these answers is incorrect",
        heading="AUPRC of errors",
        better="higher",
    ),
    Measure(
        "signed_gap",
        "scored",
        _of(calibration.signed_gap),
        "mean confidence - accuracy of these rows",
        heading="Gap",
        meaning="Mean confidence minus accuracy; nearer to 0 is better.",
        better="nearer 0",
        range=(-1.0, 1.0),
        place=4,
        interval=BOOTSTRAP,
        replicates=lambda r: r.ratio("confidence", "scored") - r.ratio("right", "scored"),
        parts=lambda r: r.gaps,
    ),
    Measure(
        "distinct_confidences",
        "scored",
        Counted(lambda s: float(calibration.n_distinct(s.confidence)), by_value=True),
        "number of distinct confidences (equal to 9 decimals)",
        range=(0.0, np.inf),
    ),
    Measure(
        "mode_share",
        "scored",
        Counted(lambda s: calibration.mode_share(s.confidence, s.weight), by_value=True),
        "share of the most frequent confidence",
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

NOISE_FLOOR = Measure(
    "ece_noise_floor",
    "scored",
    lambda of: noise_floor(*of),
    "mean ece of simulated, perfectly calibrated models with these confidences and the correlation observed within "
    "clusters",
    heading="Noise floor",
    place=6,
)
"""Of a whole task; computed from confidences [N], simulated right answers per bin [R, B] and the confidences' weight.
Averaged over tasks."""

MEASURES = {m.name: m for m in (*OUTCOME_MEASURES, *CONFIDENCE_MEASURES, NOISE_FLOOR)}


def measures_of(method: str) -> tuple[Measure, ...]:
    """The measures of the answers judged by a confidence method; without one, those that need no confidence."""
    return OUTCOME_MEASURES if method == NO_METHOD else tuple(m for m in MEASURES.values() if m is not NOISE_FLOOR)


def main() -> tuple[str, ...]:
    """The main metrics that have intervals: they are shown for every subset, averaged over tasks, and compared."""
    return tuple(m.name for m in MEASURES.values() if m.compared)


def infos() -> tuple[MeasureInfo, ...]:
    """What readers of a scorecard must know of its metrics."""
    return tuple(m.info for m in MEASURES.values())
