"""The noise floor against exact expectations and known values."""

from math import comb

import numpy as np
import pytest

from calibench.metrics.noise import noise_floor, simulate_calibrated, within_cluster_correlation


def floor(confidence, cluster=None, correlation=0.0, simulations=4000):
    confidence = np.asarray(confidence, dtype=float)
    cluster = np.arange(len(confidence)) if cluster is None else cluster
    rng = np.random.default_rng(0)
    return noise_floor(
        confidence, simulate_calibrated(confidence, cluster, correlation, simulations=simulations, rng=rng)
    )


def test_floor_of_one_value_is_the_mean_absolute_deviation_of_a_binomial():
    exact = sum(comb(20, k) * 0.7**k * 0.3 ** (20 - k) * abs(k / 20 - 0.7) for k in range(21))
    # Spread of one simulation .06: standard error .001.
    assert floor([0.7] * 20) == pytest.approx(exact, abs=0.004)


def test_floor_at_benchmark_sizes():
    """Eight distinct values as in a published simulation: about .06 at 100 questions and .026 at 500."""
    values = np.random.default_rng(1).choice([0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0], 500)
    assert floor(values[:100], simulations=1000) == pytest.approx(0.06, abs=0.03)
    assert floor(values, simulations=1000) == pytest.approx(floor(values[:100], simulations=1000) / 5**0.5, abs=0.008)


def test_certain_and_impossible_answers_have_no_noise():
    assert floor([0.0, 1.0, 1.0]) == 0.0


def test_wholly_correlated_draws_count_as_one():
    confidence, cluster = np.full(80, 0.8), np.repeat(np.arange(10), 8)
    assert floor(confidence, cluster, correlation=1.0) == pytest.approx(floor([0.8] * 10), abs=0.006)
    assert floor(confidence, cluster, correlation=0.0) == pytest.approx(floor([0.8] * 80), abs=0.003)


def test_simulated_draws_have_the_correlation_and_the_mean_asked_for():
    rng = np.random.default_rng(2)
    pairs = np.repeat(np.arange(1), 2)
    right = simulate_calibrated(np.array([0.65, 0.65]), pairs, 0.3, simulations=20_000, rng=rng)[:, 6]
    # Var(sum of 2) = 2 p (1 - p) (1 + correlation).
    assert right.mean() == pytest.approx(1.3, abs=0.02)
    assert right.var() == pytest.approx(2 * 0.65 * 0.35 * 1.3, abs=0.02)


def test_correlation_is_recovered():
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(3000), 4)
    shared = rng.random(12_000) < 0.4**0.5
    uniform = np.where(shared, rng.random(3000)[cluster], rng.random(12_000))
    confidence = rng.choice([0.5, 0.8], 12_000)
    assert within_cluster_correlation(confidence, uniform < 0.7, cluster) == pytest.approx(0.4, abs=0.04)


def test_correlation_is_zero_without_pairs_or_without_variation():
    assert within_cluster_correlation([0.5, 0.5], [True, False], np.array([0, 1])) == 0.0
    assert within_cluster_correlation([0.5, 0.5], [True, True], np.array([0, 0])) == 0.0


def test_no_rows_is_undefined():
    assert np.isnan(noise_floor(np.array([]), np.zeros((5, 10))))
