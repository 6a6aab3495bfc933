"""Calibration errors against values computed by hand and by plain loops."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibench.metrics import calibration
from calibench.metrics.calibration import (
    debiased_squared_calibration_error,
    equal_mass_bins,
    equal_mass_calibration_error,
    equal_width_bins,
    expected_calibration_error,
    is_discrete,
    maximum_calibration_error,
    mode_share,
    n_distinct,
    per_value_calibration_error,
    rms_calibration_error,
    signed_gap,
)

ERRORS = [
    expected_calibration_error,
    equal_mass_calibration_error,
    per_value_calibration_error,
    maximum_calibration_error,
    rms_calibration_error,
]

percent_rows = st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=60)


def arrays(rows):
    return np.array([p / 100 for p, _ in rows]), np.array([correct for _, correct in rows])


def loop_ece(rows: list[tuple[int, bool]]) -> float:
    """ECE in exact fractions from whole percents: the definition, without numpy or floats."""
    total = Fraction(0)
    for k in range(10):
        inside = [(p, c) for p, c in rows if 10 * k < p <= 10 * (k + 1) or (k == 0 and p == 0)]
        total += abs(sum((Fraction(p, 100) - c for p, c in inside), Fraction(0)))
    return float(total / len(rows))


def test_hand_values():
    # Bin (.8, .9]: 0.9 0.9 with one right: gap .4, share 1/2. Bin (.3, .4]: 0.4 right: gap -.6, 1/4. Bin (0, .1]: 0.1
    # wrong: gap .1, 1/4. ECE .2 + .15 + .025; RMS^2 .08 + .09 + .0025; sum of signed .2 - .15 + .025.
    confidence, correct = [0.9, 0.9, 0.4, 0.1], [True, False, True, False]
    assert expected_calibration_error(confidence, correct) == pytest.approx(0.375)
    assert maximum_calibration_error(confidence, correct) == pytest.approx(0.6)
    assert rms_calibration_error(confidence, correct) == pytest.approx(math.sqrt(0.1725))
    assert signed_gap(confidence, correct) == pytest.approx(0.075)


@pytest.mark.parametrize("k", range(1, 11))
def test_decimal_on_an_edge_belongs_to_the_bin_that_it_closes(k):
    assert equal_width_bins(np.array([k / 10])) == [k - 1]
    assert equal_width_bins(np.array([k / 10 + 0.001 if k < 10 else 1.0])) == [min(k, 9)]


@pytest.mark.parametrize(
    ("noisy", "bin_index"), [(0.1 + 0.2, 2), (0.7 - 0.1, 5), (1 - 0.7, 2), (0.1 * 3, 2), (0.7 + 1e-12, 6)]
)
def test_rounding_noise_does_not_move_a_decimal_over_an_edge(noisy, bin_index):
    assert equal_width_bins(np.array([noisy])) == [bin_index]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_decimals_stored_in_fewer_bits_stay_on_their_edges(kind):
    """By hand: 50 right at 0.8 and 50 wrong at 0.75 share the bin (0.7, 0.8], whose gap is 0.775 - 0.5."""
    confidence = np.array([0.8] * 50 + [0.75] * 50, kind)
    assert expected_calibration_error(confidence, [True] * 50 + [False] * 50) == pytest.approx(0.275, abs=1e-12)


def test_zero_and_one_are_counted():
    assert list(equal_width_bins(np.array([0.0, 1e-15, 0.05, 1.0]))) == [0, 0, 0, 9]
    assert expected_calibration_error([0.0, 1.0], [True, False]) == 1.0


@given(percent_rows)
def test_ece_equals_the_exact_loop(rows):
    assert expected_calibration_error(*arrays(rows)) == pytest.approx(loop_ece(rows), abs=1e-12)


@given(percent_rows, st.randoms())
@pytest.mark.parametrize("error", ERRORS)
def test_order_of_rows_and_duplication_change_nothing(error, rows, random):
    shuffled = random.sample(rows, len(rows))
    value = error(*arrays(rows))
    assert error(*arrays(shuffled)) == pytest.approx(value, abs=1e-12)
    assert error(*arrays(rows + shuffled)) == pytest.approx(value, abs=1e-12)


@given(percent_rows)
def test_bounds_and_order_of_the_errors(rows):
    confidence, correct = arrays(rows)
    ece, finer = expected_calibration_error(confidence, correct), per_value_calibration_error(confidence, correct)
    rms, worst = rms_calibration_error(confidence, correct), maximum_calibration_error(confidence, correct)
    assert abs(signed_gap(confidence, correct)) <= ece + 1e-12
    assert ece <= min(finer, rms) + 1e-12
    assert rms <= worst + 1e-12 <= 1 + 2e-12
    assert equal_mass_calibration_error(confidence, correct) <= finer + 1e-12


@given(st.integers(0, 100), st.lists(st.booleans(), min_size=1, max_size=30))
def test_constant_confidence_gives_its_distance_from_the_accuracy(percent, correct):
    distance = abs(percent / 100 - np.mean(correct))
    for error in ERRORS:
        assert error([percent / 100] * len(correct), correct) == pytest.approx(distance, abs=1e-12)


def test_equal_mass_bins_hold_equal_shares_of_distinct_values():
    assert list(np.bincount(equal_mass_bins(np.linspace(0.2, 0.9, 50)))) == [5] * 10


def test_equal_mass_bins_never_split_a_value():
    # 0.9 holds ranks 2 to 10 of 10, the middle is rank 6 of 10: bin floor(10 * 5.5 / 10) = 5.
    assert list(equal_mass_bins(np.array([0.9] * 9 + [0.5]))) == [5] * 9 + [0]


def test_equal_mass_error_by_hand():
    # Two bins of the four rows: 0.2 0.4 (one right, gap -.2) and 0.6 0.8 (none right, gap .7).
    value = equal_mass_calibration_error([0.8, 0.2, 0.6, 0.4], [False, True, False, False], n_bins=2)
    assert value == pytest.approx((0.2 + 0.7) / 2)


def test_per_value_error_sees_what_a_bin_hides():
    # 0.82 is always right and 0.88 right 7 of 10: in the bin (.8, .9] the two gaps cancel.
    confidence, correct = [0.82] * 10 + [0.88] * 10, [True] * 10 + [True] * 7 + [False] * 3
    assert expected_calibration_error(confidence, correct) == pytest.approx(0.0)
    assert per_value_calibration_error(confidence, correct) == pytest.approx(0.18)


def test_per_value_error_joins_values_that_differ_by_rounding_noise():
    assert per_value_calibration_error([0.3, 0.1 + 0.2] * 5, [True, False] * 5) == pytest.approx(0.2)
    assert n_distinct(np.array([0.3, 0.1 + 0.2])) == 1


def test_per_value_error_is_undefined_for_continuous_confidence():
    confidence = np.random.default_rng(0).random(50)
    assert not is_discrete(confidence)
    assert math.isnan(per_value_calibration_error(confidence, confidence > 0.5))


def test_discrete_are_whole_percents_and_values_that_repeat():
    assert is_discrete(np.array([0.07, 0.29, 0.58]))
    assert is_discrete(np.array([1 / 3, 1 / 3, 2 / 3, 2 / 3]))
    assert not is_discrete(np.array([1 / 3, 2 / 3, 1 / 7]))


def test_mode_share():
    assert mode_share(np.array([0.9, 0.9, 0.9, 0.5])) == 0.75


@pytest.mark.parametrize("error", [*ERRORS, signed_gap])
def test_no_rows_is_undefined(error):
    assert math.isnan(error([], []))


def test_one_row():
    assert expected_calibration_error([0.7], [True]) == pytest.approx(0.3)


def test_debiased_error_of_one_value_is_the_textbook_formula():
    # gap^2 - accuracy (1 - accuracy) / (n - 1) for 0.8 with 6 of 10 right: .04 - .24 / 9 (Kumar et al. 2019).
    value = debiased_squared_calibration_error([0.8] * 10, [True] * 6 + [False] * 4, np.arange(10))
    assert value == pytest.approx(0.04 - 0.24 / 9)


def test_debiased_error_equals_a_loop_over_pairs_of_clusters():
    rng = np.random.default_rng(1)
    confidence, correct, cluster = rng.integers(0, 101, 60) / 100, rng.random(60) < 0.5, rng.integers(0, 15, 60)
    error, bins = confidence - correct, equal_width_bins(confidence)
    total, rows = 0.0, 0
    for k in range(10):
        inside = np.flatnonzero(bins == k)
        products = [error[i] * error[j] for i in inside for j in inside if cluster[i] != cluster[j]]
        if products:
            total, rows = total + len(inside) * np.mean(products), rows + len(inside)
    assert debiased_squared_calibration_error(confidence, correct, cluster) == pytest.approx(total / rows)


def test_debiased_error_needs_two_clusters():
    assert math.isnan(debiased_squared_calibration_error([0.8, 0.8], [True, False], np.array([3, 3])))


def test_debiased_error_of_calibrated_models_is_zero_on_average():
    rng = np.random.default_rng(2)
    confidence, clusters = np.repeat([0.6, 0.9], 50), np.arange(100)
    values = [
        debiased_squared_calibration_error(confidence, rng.random(100) < confidence, clusters) for _ in range(2000)
    ]
    # Standard error of the mean: 3e-5 (measured spread .0026 over 2,000 repetitions is 6e-5).
    assert np.mean(values) == pytest.approx(0.0, abs=2.5e-4)
    assert min(values) < 0


@pytest.mark.parametrize(
    ("confidence", "correct", "named"),
    [
        ([1.2], [True], "1.2"),
        ([-0.1], [True], "-0.1"),
        ([float("nan")], [True], "nan"),
        ([0.5, 0.5], [True], "(2,)"),
        ([[0.5]], [[True]], "(1, 1)"),
        ([0.5], [2], "2"),
    ],
)
def test_bad_arguments_are_named(confidence, correct, named):
    with pytest.raises(ValueError, match=r"confidence|correct") as error:
        calibration.expected_calibration_error(confidence, correct)
    assert named in str(error.value)
