"""What a comparison can see: against scipy's distribution, and by simulation with the very test of `compare`."""

from __future__ import annotations

import numpy as np
import pytest
from promises import AGREEMENT, MODELS, realised_power
from scipy.stats import nct, t

from calibench.metrics.measures import MEASURES
from calibench.metrics.plan import Planner, simulated
from calibench.metrics.power import ALPHA, detectable, questions_needed


@pytest.mark.parametrize(
    ("n", "level", "power"), [(20, 0.05, 0.8), (150, 0.05, 0.8), (150, 0.05 / 22, 0.9), (5000, 0.05, 0.5)]
)
def test_the_detectable_difference_is_found_with_the_power_by_scipys_distribution(n, level, power):
    error = 0.01
    least = detectable(error, n, level, power)
    critical = t.ppf(1 - level / 2, n - 1)
    assert nct.sf(critical, n - 1, least / error) == pytest.approx(power, abs=1e-6)


def test_questions_needed_are_those_of_the_textbook():
    # G*Power 3.1, paired t test, two-sided, effect sizes .5 and .2, power .8
    assert [questions_needed(1 / d, 1) for d in (0.5, 0.2)] == [34, 199]


def test_too_few_questions_see_nothing_whatever_the_difference():
    # Of five questions a sign-flip test gives at least 1/16, of six 1/32.
    assert detectable(1e-9, 5) is None
    assert detectable(0.1, 6) is not None
    assert questions_needed(1e-9, 1.0) == 6


def test_a_hopeless_difference_has_no_number_of_questions():
    assert questions_needed(1e3, 1e-6) is None


def test_more_questions_see_smaller_differences():
    seen = [detectable(1 / np.sqrt(n), n) for n in (10, 30, 100, 1000)]
    assert seen == sorted(seen, reverse=True)


def test_the_power_that_was_planned_is_realised():
    """At the full size, 1,000 comparisons of every kind: docs/power.md. Of 200, 0.8 is known to 0.03."""
    assert 0.71 < realised_power("auroc", 8, 0.6, 200, seed=1).found < 0.89


def test_small_comparisons_of_ece_are_planned_by_trials():
    """By simulation 158 questions find it in 63 %, 204 in 81 % (docs/power.md)."""
    pilot = simulated(MODELS["ece"], 1000, 1, 0.6, AGREEMENT[1], np.random.default_rng(0))
    planner = Planner(MEASURES["ece"], pilot, [np.zeros(1000, dtype=int)] * 2)
    assert 175 < planner.questions(planner.noise, 1, 0.1, ALPHA, 0.8) < 240
    assert questions_needed(planner.noise.deviation(1), 0.1) < 170


def test_what_the_pilot_is_too_small_to_try_is_planned_without_trials():
    pilot = simulated(MODELS["ece"], 200, 1, 0.6, AGREEMENT[1], np.random.default_rng(0))
    planner = Planner(MEASURES["ece"], pilot, [np.zeros(200, dtype=int)] * 2)
    without = questions_needed(planner.noise.deviation(1), 0.1)
    assert without > 100
    assert planner.questions(planner.noise, 1, 0.1, ALPHA, 0.8) == without
