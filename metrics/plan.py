"""How many questions, with how many draws each, tell two models apart.

The noise of a difference has two parts: what differs from question to question, which only more questions average out,
and what differs from draw to draw of one question, which more draws average out as well. Both come from the standard
error that the test of `metrics.compare` has on a pilot: with all its draws, and with one at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from calibench.metrics.compare import difference_test, paired
from calibench.metrics.measure import Measure
from calibench.metrics.sample import OUTCOMES, Sample

RESAMPLES = 8000
"""So many that a plan's number of questions varies by some 3 % from seed to seed."""
_LONE_DRAWS = 8
"""So many draws are looked at alone."""


class Assumed(NamedTuple):
    """A model as it is assumed to be. Its confidences are spread evenly around their mean."""

    accuracy: float
    gap: float = 0.0
    """Mean confidence - accuracy, the same at every confidence unless `slope` is not 1."""
    slope: float = 1.0
    """How much more often an answer is right where the confidence is higher by 1."""


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
    of_a, of_b = (of[measure.name] for of in paired([measure], pair, resamples, rng))
    if np.isnan(of_a.value) or np.isnan(of_b.value):
        return None
    tested = difference_test(measure, [(of_a, of_b)], pair[0].n_clusters)
    return None if tested is None else tested.error**2
