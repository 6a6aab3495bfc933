"""Thresholds by hand, against MAPIE and scipy, and what they promise, by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from promises import Population, broken
from scipy.stats import beta, binom, binomtest

from calibench.metrics import threshold
from calibench.metrics.threshold import GRID, Found, answers_needed, counts, exact_interval, first_n, search

ANSWERS = st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=300)


def spread(n: int, seed: int = 0, best: float = 0.995) -> tuple[np.ndarray, np.ndarray]:
    """n answers whose chance of being right falls with the confidence, from `best` on."""
    rng = np.random.default_rng(seed)
    confidence = rng.beta(6, 1, n).round(2)
    return confidence, rng.random(n) < best - 0.6 * (1 - confidence)


def test_hand_value():
    # 0.95^45 = .0994 and 0.95^44 = .1047: without an error, 45 answers show 95 % at the level 90 %.
    assert answers_needed(0, 0.95, 0.1) == 45
    assert search(counts([0.9] * 45, [True] * 45), 0.95, 0.1) == Found(0.0, 45, 45)
    assert search(counts([0.9] * 44, [True] * 44), 0.95, 0.1) == Found(None, 0, 0)
    wrong = ([0.9] * 45 + [0.5] * 10, [True] * 45 + [False] * 10)
    assert search(counts(*wrong), 0.95, 0.1) == Found(0.51, 45, 45)


def test_a_confidence_on_a_threshold_is_at_it():
    assert counts([0.1 + 0.2, 0.3, 0.7], [True] * 3).n[np.flatnonzero(GRID == 0.3)[0]] == 3
    assert threshold.at_least([0.1 * 3, 0.29, np.nan], 0.3).tolist() == [True, False, False]


@given(st.integers(0, 12), st.sampled_from([0.5, 0.8, 0.95, 0.99]), st.sampled_from([0.01, 0.05, 0.1, 0.4]))
def test_the_answers_needed_are_the_fewest_that_pass(errors, precision, alpha):
    n = answers_needed(errors, precision, alpha)
    assert binom.sf(n - errors - 1, n, precision) <= alpha
    assert n == errors + 1 or binom.sf(n - 1 - errors - 1, n - 1, precision) > alpha


@pytest.mark.parametrize(("right", "n"), [(0, 3), (3, 3), (5, 9), (95, 100)])
def test_the_interval_is_that_of_scipy(right, n):
    expected = binomtest(right, n).proportion_ci(0.95, method="exact")
    assert exact_interval(right, n) == pytest.approx((expected.low, expected.high))


@settings(max_examples=30)
@given(ANSWERS, st.sampled_from([0.6, 0.8, 0.9]), st.sampled_from([0.05, 0.1, 0.3]))
def test_equals_a_plain_loop(answers, precision, alpha):
    """From the highest threshold with enough answers downwards, while Clopper and Pearson's lower bound holds."""
    confidence, right = np.array([a[0] for a in answers]) / 100, np.array([a[1] for a in answers])
    expected = Found(None, 0, 0)
    for limit in sorted(GRID, reverse=True):
        kept = confidence >= limit - 1e-9
        n, k = int(kept.sum()), int(right[kept].sum())
        if n < first_n(len(answers), precision, alpha):
            continue
        if not k or beta.ppf(alpha, k, n - k + 1) < precision:
            break
        expected = Found(float(limit), n, k)
    assert search(counts(confidence, right), precision, alpha) == expected


@pytest.mark.parametrize(("n", "seed"), [(500, 0), (1000, 3), (3000, 2)])
def test_agrees_with_mapie(n, seed):
    """MAPIE 1.6.0: its p-values of binary losses and its fixed-sequence testing, from the same first threshold on."""
    from mapie.risk_control.fwer_control import control_fwer
    from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value

    of = counts(*spread(n, seed))
    tested = np.flatnonzero(of.n >= first_n(n, 0.95, 0.1))
    wrong = np.maximum(1 - of.right[tested] / of.n[tested] - 1e-12, 0)  # it rounds the number of errors up
    p_values = compute_hoeffding_bentkus_p_value(wrong, of.n[tested], 0.05, binary=True)[:, 0]
    passed = control_fwer(p_values, 0.1, "fixed_sequence")
    assert 0 < len(passed) < len(tested)
    assert search(of, 0.95, 0.1).threshold == GRID[tested[passed.max()]]


def test_a_sequence_ends_at_its_first_failure():
    # 0.9: 100 of 100. 0.8: 100 of 110 is too few. 0.7: 600 of 610 would be enough again.
    confidence = np.repeat([0.9, 0.8, 0.7], [100, 10, 500])
    right = np.repeat([True, False, True], [100, 10, 500])
    assert first_n(len(right), 0.95, 0.1) == 77
    assert search(counts(confidence, right), 0.95, 0.1) == Found(0.81, 100, 100)
    assert search(counts(confidence[confidence != 0.8], right[confidence != 0.8]), 0.95, 0.1) == Found(0.0, 600, 600)


def test_labels_needed():
    # 20 of 40 answers at 0.9 are all right: 25 more are lacking there, which are half of the labels.
    of = counts([0.9] * 20 + [0.5] * 20, [True] * 20 + [False] * 20)
    assert threshold.labels_needed(of, 0.95, 0.1) == 50
    assert threshold.labels_needed(counts([], []), 0.95, 0.1) == 45


def test_costs_equal_a_plain_loop():
    confidence, right = spread(500)
    n, error, review, spent = 520, 7.5, 1.25, 0.125
    loop = []
    for limit in GRID:
        total = review * (n - len(confidence)) + spent * n
        for value, is_right in zip(confidence, right, strict=True):
            total += review if value < limit - 1e-9 else 0.0 if is_right else error
        loop.append(total / n)
    found = threshold.expected_costs(counts(confidence, right), n, error, review, spent)
    assert np.abs(found - loop).max() <= 1e-12


@pytest.mark.parametrize("draws", [1, 8])
def test_the_promise_is_broken_no_more_often_than_it_says(draws):
    """At the full size, 2,000 data sets: docs/decide.md. Here the chance of a false failure is below 1e-4."""
    rng = np.random.default_rng(draws)
    share, found = broken(Population(draws, 0.96), 500, 100, rng)
    assert share <= 0.1 + 4 * np.sqrt(0.1 * 0.9 / 100)
    assert found > 0.05
