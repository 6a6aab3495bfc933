"""Estimates: means, differences and intervals, whatever the number is of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibench.metrics.bootstrap import logit_interval, percentile_interval, wilson_interval
from calibench.metrics.estimate import BOOTSTRAP, INVERSION, LOGIT, WILSON, Estimate, Parts, absolute, mean
from calibench.metrics.inversion import absolute_sum_interval


def estimate(seed: int, *, parts: bool = False, clusters: int | None = 80) -> Estimate:
    """Of a share, or of the absolute sum of ten gaps, with 200 resamples."""
    rng = np.random.default_rng(seed)
    if not parts:
        value = rng.uniform(0.2, 0.8)
        return Estimate(value, value + 0.05 * rng.standard_normal(200), None, 100, 120, clusters)
    gaps = 0.02 * rng.standard_normal(10)
    noisy = gaps + 0.01 * rng.standard_normal((200, 10))
    return Estimate(np.abs(gaps).sum(), np.abs(noisy).sum(axis=1), Parts(gaps, noisy), 100, 120, clusters)


seeds = st.integers(0, 1000)


@given(seeds, st.booleans())
def test_the_mean_of_one_is_itself(seed, parts):
    one = estimate(seed, parts=parts)
    found = mean([one])
    assert (found.value, found.n_used, found.n_total) == (one.value, one.n_used, one.n_total)
    assert np.array_equal(found.replicates, one.replicates)
    assert not parts or all(np.array_equal(a, b) for a, b in zip(found.parts[:2], one.parts[:2], strict=True))
    assert not parts or not np.any(found.parts.one_sided)


@given(seeds, st.booleans(), st.randoms())
def test_the_mean_does_not_depend_on_the_order_of_tasks(seed, parts, random):
    tasks = [estimate(seed + i, parts=parts) for i in range(4)]
    interval = INVERSION if parts else BOOTSTRAP
    expected, found = mean(tasks), mean(random.sample(tasks, 4))
    assert found.value == pytest.approx(expected.value)
    assert interval.ends(found) == pytest.approx(interval.ends(expected))


def test_the_mean_of_absolute_sums_is_the_absolute_sum_of_their_parts_side_by_side():
    both = mean([estimate(1, parts=True), estimate(2, parts=True)])
    assert np.abs(both.parts.observed).sum() == pytest.approx(both.value)
    assert np.abs(both.parts.replicates).sum(axis=1) == pytest.approx(both.replicates)


def test_a_mean_with_one_undefined_is_undefined():
    assert np.isnan(mean([estimate(0), Estimate(np.nan, np.full(200, np.nan))]).value)


def test_without_resamples_there_are_none_in_the_mean():
    assert mean([Estimate(0.5), estimate(0)]).replicates is None


@given(seeds)
def test_a_number_does_not_differ_from_itself(seed):
    one = estimate(seed)
    assert BOOTSTRAP.difference([(one, one)]) == (0.0, None)


@given(seeds)
def test_an_absolute_sum_does_not_differ_from_itself_within_its_interval(seed):
    one = estimate(seed, parts=True)
    value, (low, high) = INVERSION.difference([(one, one)])
    assert value == 0.0
    assert low <= 0 <= high


def test_a_difference_is_paired_and_undefined_where_resamples_are():
    a = estimate(3)
    b = a._replace(value=a.value + 0.1, replicates=a.replicates + 0.1 + 1e-3 * np.arange(200))
    found = BOOTSTRAP.difference([(a, b)])
    assert found.value == pytest.approx(0.1)
    assert found.ends == pytest.approx(np.quantile(0.1 + 1e-3 * np.arange(200), [0.025, 0.975]))
    gone = b._replace(replicates=np.where(np.arange(200) < 20, np.nan, b.replicates))
    assert BOOTSTRAP.difference([(a, gone)]) is None


def test_intervals_are_those_of_their_functions():
    share, sums = estimate(5), estimate(5, parts=True)
    assert BOOTSTRAP.ends(share) == percentile_interval(share.replicates)
    assert LOGIT.ends(share) == logit_interval(share.value, share.replicates)
    assert INVERSION.ends(sums) == absolute_sum_interval(*sums.parts)
    assert INVERSION.without_bias(sums)[1:] == INVERSION.ends(sums)
    assert INVERSION.without_bias(sums)[0] < sums.value


@pytest.mark.parametrize(
    ("value", "clusters", "expected"),
    [
        (0.3, 100, wilson_interval(30.0, 100)),  # each row its own cluster
        (1.0, 40, wilson_interval(40.0, 40)),  # all rows agree
        (0.0, 40, wilson_interval(0.0, 40)),
    ],
)
def test_a_share_of_independent_rows_has_the_wilson_interval(value, clusters, expected):
    one = estimate(7, clusters=clusters)._replace(value=value)
    assert WILSON.ends(one) == expected


def test_a_share_of_clustered_rows_and_a_mean_over_tasks_have_the_bootstrap_interval():
    one = estimate(8, clusters=40)
    assert WILSON.ends(one) == percentile_interval(one.replicates)
    assert WILSON.over_tasks() is BOOTSTRAP
    assert LOGIT.over_tasks() is LOGIT


@pytest.mark.parametrize("parts", [True, False])
def test_the_distance_from_zero_is_that_of_the_sum_of_the_parts(parts):
    one = estimate(9, parts=parts)
    gap = one._replace(value=float(one.parts.observed.sum()) if parts else -one.value)
    found = absolute(gap)
    assert found.value == abs(gap.value)
    assert found.parts.observed == pytest.approx([gap.value])
    assert found.parts.replicates.shape == (200, 1)
