"""Simulations of what thresholds, drift tests and plans promise: how often are the promises broken?

`python tests/promises.py` prints the numbers that docs/decide.md shows, `python tests/promises.py power` those of
docs/power.md; the tests do the same at a smaller size.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

from calibench.metrics import drift, threshold
from calibench.metrics.compare import difference_test, paired
from calibench.metrics.measures import MEASURES
from calibench.metrics.plan import Assumed, Planner, simulated
from calibench.metrics.power import ALPHA

_LOOK_EVERY = 20


class Population(NamedTuple):
    """Questions, and answers to them, that a data set is drawn from."""

    draws: int
    """Answers per question, of which one is used."""
    ceiling: float
    """Chance of a right answer to the easiest questions."""


def true_precision(population: Population, rng: np.random.Generator) -> np.ndarray:
    """Share of right answers [T] at or above each threshold of the grid, in the population."""
    confidence, chance = _chances(population._replace(draws=1), 2_000_000, rng)
    order = np.argsort(confidence[:, 0])
    below = np.searchsorted(confidence[order, 0], threshold.GRID - 1e-9)
    right = np.concatenate([[0.0], np.cumsum(chance[order, 0])])
    return (right[-1] - right[below]) / np.maximum(len(order) - below, 1)


def _chances(population: Population, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Confidences of the draws of n questions, and their chances of being right, [n, K] each.

    A question's draws share its difficulty, which moves confidence and correctness of all of them.
    """
    difficulty = rng.beta(1, 4, (n, 1))
    confidence = np.clip(1 - difficulty + rng.normal(0, 0.05, (n, population.draws)), 0, 1).round(2)
    chance = np.where(difficulty < 0.3, population.ceiling - 0.1 * difficulty, 1 - difficulty)
    return confidence, np.broadcast_to(chance, confidence.shape)


def _answers(population: Population, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Confidence [n] and correctness [n] of one of the draws of each of n questions."""
    confidence, chance = _chances(population, n, rng)
    solved = rng.random((n, 1)) < chance[:, :1]  # a question is solved or not: its draws agree in nine of ten cases
    right = np.where(rng.random(chance.shape) < 0.9, solved, rng.random(chance.shape) < chance)
    one = rng.integers(0, population.draws, n)
    return confidence[np.arange(n), one], right[np.arange(n), one]


def broken(
    population: Population, n: int, repeats: int, rng: np.random.Generator, precision: float = 0.95, level: float = 0.9
) -> tuple[float, float]:
    """Of so many data sets of n questions: the share whose threshold has too low a precision in the population, and the
    share for which a threshold was found."""
    true = dict(zip(threshold.GRID, true_precision(population, rng), strict=True))
    limits = [
        threshold.search(threshold.counts(*_answers(population, n, rng)), precision, 1 - level).threshold
        for _ in range(repeats)
    ]
    found = [limit for limit in limits if limit is not None]
    return sum(true[limit] < precision for limit in found) / repeats, len(found) / repeats


def alarms(
    before: float, good: int, after: float, then: int, repeats: int, rng: np.random.Generator, target: float = 0.95
) -> float:
    """Share of streams with an alarm at one of the looks, every 20 labels and at the end: `good` labels that are right
    with the chance `before`, then `then` labels with the chance `after`."""
    chance = np.r_[np.full(good, before), np.full(then, after)]
    looks = np.r_[np.arange(_LOOK_EVERY - 1, len(chance), _LOOK_EVERY), len(chance) - 1]
    found = (drift.capital(rng.random(len(chance)) < chance, target)[looks] >= 1 / 0.05 for _ in range(repeats))
    return float(np.mean([each.any() for each in found]))


_OVERCONFIDENT = Assumed(accuracy=0.5, gap=0.2)
_LESS_SO, _BLURRED = Assumed(accuracy=0.6, gap=0.1), Assumed(accuracy=0.5, gap=0.2, slope=0.3)
MODELS = {
    "accuracy": (_OVERCONFIDENT, _LESS_SO),
    "brier": (_OVERCONFIDENT, _LESS_SO),
    "ece": (_OVERCONFIDENT, _LESS_SO),
    "auroc": (_OVERCONFIDENT, _BLURRED),
    "signed_gap": (_OVERCONFIDENT, _LESS_SO),
}
"""Metric -> two models that differ in it."""
AGREEMENT = {1: 1.0, 8: 0.5}
"""Draws per question -> how far they agree; a single draw has the whole correlation with the other model's."""


class Realised(NamedTuple):
    """What a plan comes to."""

    difference: float
    """In the population."""
    questions: int
    """That the plan asks for."""
    found: float
    """Share of the comparisons that found the difference, with the right sign."""


def realised_power(
    metric: str, draws: int, correlation: float, repeats: int, seed: int, pilots: int = 1, power: float = 0.8
) -> Realised:
    """Plans a comparison from each of some pilots, of 2,000 questions, then makes it `repeats` times in all, by the
    test that `compare` uses."""
    measure, rng = MEASURES[metric], np.random.default_rng(seed)
    world = MODELS[metric], correlation, AGREEMENT[draws]

    def asked(questions: int, k: int) -> list:
        return simulated(world[0], questions, k, *world[1:], rng)

    true = np.subtract(*(measure.compute(sample) for sample in reversed(asked(2_000_000, 1))))
    if measure.better == "nearer 0":
        true = np.subtract(*(abs(model.gap) for model in reversed(world[0])))
    asked_for, found = [], 0
    for _ in range(pilots):
        planner = Planner(measure, asked(2000, draws), [np.tile(np.arange(draws), 2000)] * 2)
        n = planner.questions(planner.noise, draws, abs(true), ALPHA, power)
        asked_for.append(n)
        for _ in range(repeats // pilots):
            of_a, of_b = (of[metric] for of in paired([measure], asked(n, draws), 1000, rng))
            tested = difference_test(measure, [(of_a, of_b)], n)
            found += tested is not None and tested.p_value < ALPHA and tested.judged.difference * true > 0
    return Realised(float(true), round(np.mean(asked_for)), found / repeats)


def print_power(repeats: int) -> None:
    print("| metric | draws | correlation | difference | questions | found |\n|---|---:|---:|---:|---:|---:|")
    for metric in MODELS:
        for draws in AGREEMENT:
            for correlation in (0.0, 0.6):
                true, n, found = realised_power(metric, draws, correlation, repeats, seed=1, pilots=5)
                print(f"| {metric} | {draws} | {correlation} | {true:+.3f} | {n} | {100 * found:.1f} % |", flush=True)


def print_decide() -> None:
    generator = np.random.default_rng(0)
    for draws in (1, 8):
        for ceiling in (0.955, 0.965):
            for n in (150, 500, 2000):
                shares = broken(Population(draws, ceiling), n, 2000, generator)
                print(f"threshold: K = {draws}, {n} questions, at best {ceiling} right: broken, found:", *shares)
    print("alarms without a fall, 1,000 labels:", alarms(0.95, 1000, 0.95, 0, 2000, generator))
    for good in (0, 300, 1000):
        found = alarms(0.95, good, 0.85, 300, 2000, np.random.default_rng(good))
        print(f"alarms within 300 labels after {good} good ones:", found)


if __name__ == "__main__":
    print_power(1000) if sys.argv[1:] == ["power"] else print_decide()
