"""AURC by hand and by brute force over the orders of ties."""

import math
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibench.metrics.selective import aurc, excess_aurc


def brute_force(confidence, correct) -> float:
    """The mean over every order of the rows that is sorted by confidence."""
    areas = []
    for order in permutations(range(len(confidence))):
        if all(confidence[i] >= confidence[j] for i, j in pairwise(order)):
            wrong = np.cumsum([not correct[i] for i in order])
            areas.append(np.mean(wrong / np.arange(1, len(order) + 1)))
    return float(np.mean(areas))


def test_hand_value():
    # Errors among the 1, 2, 3, 4 most confident: 0/1, 1/2, 1/3, 2/4. Best order: 0, 0, 1/3, 2/4.
    confidence, correct = [0.9, 0.8, 0.7, 0.6], [True, False, True, False]
    assert aurc(confidence, correct) == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert excess_aurc(confidence, correct) == pytest.approx(1 / 8)


@given(st.lists(st.tuples(st.sampled_from([0.5, 0.8, 0.9]), st.booleans()), min_size=1, max_size=6))
def test_equals_the_mean_over_all_orders_of_ties(rows):
    confidence, correct = zip(*rows, strict=True)
    assert aurc(confidence, correct) == pytest.approx(brute_force(confidence, correct))


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=40), st.randoms())
def test_order_of_rows_and_monotone_maps_change_nothing(rows, random):
    confidence, correct = (np.array(x) for x in zip(*rows, strict=True))
    order = random.sample(range(len(rows)), len(rows))
    value = aurc(confidence / 20, correct)
    assert aurc(confidence[order] / 20, correct[order]) == pytest.approx(value)
    assert aurc((confidence / 20) ** 3, correct) == pytest.approx(value)
    assert -1e-12 <= excess_aurc(confidence / 20, correct) <= value + 1e-12


def test_constant_confidence_gives_the_error_rate():
    assert aurc([0.9] * 4, [True, True, True, False]) == pytest.approx(0.25)


def test_no_rows_is_undefined():
    assert math.isnan(aurc([], []))
    assert math.isnan(excess_aurc([], []))
