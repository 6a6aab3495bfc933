"""How many questions, with how many draws each, tell two models apart.

The noise of a difference has two parts: what differs from question to question, which only more questions average out,
and what differs from draw to draw of one question, which more draws average out as well. Both come from the standard
error that the test of `metrics.compare` has on a pilot: with all its draws, and with one at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from calibench.metrics.compare import Tested, difference_test, paired
from calibench.metrics.measure import Measure
from calibench.metrics.power import questions_needed
from calibench.metrics.sample import OUTCOMES, Sample

RESAMPLES = 8000
"""So many that a plan's number of questions varies by some 3 % from seed to seed."""
_LONE_DRAWS = 8
"""So many draws are looked at alone."""
_TRIALS, _TRIAL_RESAMPLES = 200, 200
_SMALLEST_TRIAL = 20
"""Questions; each further size is the root of two as many."""


class Assumed(NamedTuple):
    """A model as it is assumed to be. Its confidences are spread evenly around their mean."""

    accuracy: float
    gap: float = 0.0
    """Mean confidence - accuracy, the same at every confidence unless `slope` is not 1."""
    slope: float = 1.0
    """How much more often an answer is right where the confidence is higher by 1."""


class Trial(NamedTuple):
    """Comparisons of so many questions each, drawn from a pilot. Of a binned error whose bins hold few answers, neither
    the difference nor its standard error is what many questions make of it."""

    questions: int
    differences: np.ndarray
    """[R], as they are judged, less that of the whole pilot, on the side of that."""
    errors: np.ndarray
    """[R], their standard errors."""

    def excess(self, difference: float, scale: float, level: float) -> float:
        """By how many of its standard deviations the statistic of a true difference lies above the critical value.

        Args:
            difference: greater than 0.
            scale: noise of the comparison that is planned, as a multiple of the pilot's.
            level: of the test.
        """
        from scipy.special import stdtrit

        bias = self.differences.mean()
        statistic = (difference + bias + scale * (self.differences - bias)) / (scale * self.errors)
        return float((statistic.mean() - stdtrit(self.questions - 1, 1 - level / 2)) / statistic.std())


class Noise(NamedTuple):
    """Variance of a difference, times the number of questions, in its two parts."""

    between: float
    """From question to question."""
    within: float
    """From draw to draw of one question, with one draw each."""

    def deviation(self, draws: int) -> float:
        """The difference's standard error with so many draws, times the root of the number of questions."""
        return float(np.sqrt(self.between + self.within / draws))

    def correlated(self, correlation: float) -> Noise:
        """Of two models on the same questions, from those of two models on different ones.

        Args:
            correlation: of what the questions contribute to the metric in the two models, draws averaged out.
        """
        return self._replace(between=self.between * (1 - correlation))


def simulated(
    models: tuple[Assumed, Assumed], questions: int, draws: int, correlation: float, agreement: float,
    rng: np.random.Generator,
) -> list[Sample]:  # fmt: skip
    """Answers of two models to the same questions.

    Confidence and correctness each follow a Gaussian copula, independent of each other but for the model's slope.

    Args:
        correlation: of two models' answers to a question, where the draws of each agree, in [0, 1).
        agreement: correlation of two draws of a model for one question, in [0, 1].
    """
    from scipy.special import ndtr

    # So correlated are the normals whose signs are correlated as asked for (Sheppard 1899).
    shared, same = (np.sin(np.pi / 2 * r) for r in (correlation, agreement))
    common = rng.normal(size=(2, questions, 1))
    samples = []
    question = np.repeat(np.arange(questions), draws)
    for model in models:
        own, noise = rng.normal(size=common.shape), rng.normal(size=(2, questions, draws))
        effect = np.sqrt(shared) * common + np.sqrt(1 - shared) * own
        place, luck = ndtr(np.sqrt(same) * effect + np.sqrt(1 - same) * noise)
        middle = model.accuracy + model.gap
        reach = min(0.3, middle, 1 - middle, model.accuracy / model.slope, (1 - model.accuracy) / model.slope)
        confidence = (middle + reach * (2 * place - 1)).round(2)
        right = luck < model.accuracy + model.slope * (confidence - middle)
        outcome = np.where(right, OUTCOMES.index("correct"), OUTCOMES.index("incorrect")).astype(np.int8)
        samples.append(Sample(confidence.ravel(), outcome.ravel(), question, questions, question))
    return samples


def noise_of(measure: Measure, pilot: list[Sample], draws: list[np.ndarray], seed: int = 0) -> Noise | None:
    """The noise of the difference of two models, or of one model and another like it on other questions.

    Args:
        measure: one that has an interval.
        pilot: of two runs, on the same clusters; or of one.
        draws: of each run, the place [N] of each row among the draws of its question, from 0 on.

    Returns:
        None where the difference, or its standard error, is undefined. With a single draw, all of it is `between`.
    """
    pair = _apart(pilot[0]) if len(pilot) == 1 else pilot
    places = draws * 2 if len(draws) == 1 else draws
    n_clusters = pilot[0].n_clusters
    rng = np.random.default_rng(seed)
    whole = _variance(measure, pair, RESAMPLES, rng)
    k = int(min(place.max() for place in places)) + 1
    if whole is None or k == 1:
        return None if whole is None else Noise(whole * n_clusters, 0.0)
    alone = min(k, _LONE_DRAWS)
    single = [
        _variance(
            measure, [_only(s, place == i) for s, place in zip(pair, places, strict=True)], RESAMPLES // alone, rng
        )
        for i in range(alone)
    ]
    defined = [v for v in single if v is not None]
    if not defined:
        return None
    within = max((float(np.mean(defined)) - whole) * k / (k - 1), 0.0)
    return Noise(max(whole - within / k, 0.0) * n_clusters, within * n_clusters)


class Planner:
    """Plans comparisons from a pilot: of two runs, on the same clusters; or of one, and another like it on other ones.

    Args:
        measure: one that has an interval.
        pilot: one or two samples.
        places: of each, the place [N] of each row among the draws of its question, from 0 on.
    """

    def __init__(self, measure: Measure, pilot: list[Sample], places: list[np.ndarray]) -> None:
        self.noise = noise_of(measure, pilot, places)
        """None where it is undefined."""
        self._measure, self._pilot = measure, pilot
        self._draws = 1 + min(int(place.max()) for place in places)
        self._trials: dict[int, Trial | None] = {}

    def questions(self, planned: Noise, draws: int, difference: float, level: float, power: float) -> int | None:
        """The fewest clusters of which the test finds a true difference with a chance of `power`.

        Args:
            planned: noise of the models that are to be compared: the pilot's, or what is assumed from it.
            draws: per question.
            difference: greater than 0.
            level, power: as of `metrics.power.questions_needed`.
        """
        from scipy.special import ndtri

        assert self.noise
        deviation = planned.deviation(draws)
        needed = questions_needed(deviation, difference, level, power)
        if needed is None or not (self._measure.interval and self._measure.interval.of_parts):
            return needed
        scale = deviation / self.noise.deviation(self._draws)
        return self._tried(needed, lambda one: one.excess(difference, scale, level) - ndtri(power)) or needed

    def _tried(self, expected: int, enough: Callable[[Trial], float]) -> int | None:
        """The questions by trials, interpolated between two sizes, from the expected one on; None where the pilot has
        less than twice as many."""
        last = int(2 * np.log2(max(self._pilot[0].n_clusters // 2, 1) / _SMALLEST_TRIAL))
        i = max(round(2 * np.log2(expected / _SMALLEST_TRIAL)), 0)
        found: dict[int, tuple[int, float]] = {}
        while 0 <= i <= last:
            size = round(_SMALLEST_TRIAL * 2 ** (i / 2))
            if size not in self._trials:
                self._trials[size] = _trial(self._measure, self._pilot, size)
            one = self._trials[size]
            if one is None:
                return None
            found[i] = size, enough(one)
            step = 1 if found[i][1] < 0 else -1
            if i + step in found:
                sizes, values = zip(*sorted((found[i], found[i + step])), strict=True)
                return round(float(np.exp(np.interp(0.0, values, np.log(sizes)))))
            i += step
        return None


def _trial(measure: Measure, pilot: list[Sample], questions: int) -> Trial | None:
    """Comparisons of so many questions, drawn with replacement; None where half of them are undefined."""
    rng = np.random.default_rng(questions)
    whole = _tested(measure, _apart(pilot[0]) if len(pilot) == 1 else pilot, _TRIAL_RESAMPLES, rng)
    tested = [_tested(measure, _drawn(pilot, questions, rng), _TRIAL_RESAMPLES, rng) for _ in range(_TRIALS)]
    found = np.array([(each.judged.difference, each.error) for each in tested if each is not None])
    if whole is None or len(found) < _TRIALS / 2:
        return None
    side = -1.0 if whole.judged.difference < 0 else 1.0
    return Trial(questions, side * (found[:, 0] - whole.judged.difference), found[:, 1])


def _drawn(pilot: list[Sample], n: int, rng: np.random.Generator) -> list[Sample]:
    """So many clusters, with replacement; of one sample, two such."""
    if len(pilot) == 1:
        own, other = (_drawn(pilot * 2, n, rng)[0]._replace(n_clusters=2 * n) for _ in range(2))
        return [own, other._replace(cluster=other.cluster + n)]
    clusters = rng.integers(pilot[0].n_clusters, size=n)
    samples = []
    for of in pilot:
        order = np.argsort(of.cluster, kind="stable")
        sizes = np.bincount(of.cluster, minlength=of.n_clusters)
        first = np.cumsum(sizes) - sizes
        cluster = np.repeat(np.arange(n), sizes[clusters])
        within = np.arange(len(cluster)) - np.repeat(np.cumsum(sizes[clusters]) - sizes[clusters], sizes[clusters])
        rows = order[np.repeat(first[clusters], sizes[clusters]) + within]
        samples.append(Sample(of.confidence[rows], of.outcome[rows], cluster, n, of.question[rows]))
    return samples


def _apart(sample: Sample) -> list[Sample]:
    """The sample, and the same on other clusters."""
    n = sample.n_clusters
    return [sample._replace(cluster=sample.cluster + n * i, n_clusters=2 * n) for i in (0, 1)]


def _only(sample: Sample, rows: np.ndarray) -> Sample:
    """These rows, on the clusters of all."""
    return Sample(
        sample.confidence[rows], sample.outcome[rows], sample.cluster[rows], sample.n_clusters, sample.question[rows]
    )


def _variance(measure: Measure, pair: list[Sample], resamples: int, rng: np.random.Generator) -> float | None:
    tested = _tested(measure, pair, resamples, rng)
    return None if tested is None else tested.error**2


def _tested(measure: Measure, pair: list[Sample], resamples: int, rng: np.random.Generator) -> Tested | None:
    """The test of the difference; None where that, or its standard error, is undefined."""
    of_a, of_b = (of[measure.name] for of in paired([measure], pair, resamples, rng))
    if np.isnan(of_a.value) or np.isnan(of_b.value):
        return None
    return difference_test(measure, [(of_a, of_b)], pair[0].n_clusters)
