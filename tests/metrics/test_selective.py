"""Risk and coverage by hand, by brute force over the orders of ties, and against others' implementations."""

import math
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibench.metrics.selective import (
    accuracy_at_coverage,
    aurc,
    average_precision,
    coverage_at_accuracy,
    excess_aurc,
    mean_precision,
    prediction_rejection_ratio,
)


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
    assert math.isnan(accuracy_at_coverage([], [], 0.5))
    assert math.isnan(coverage_at_accuracy([], [], 0.5))
    assert math.isnan(average_precision([], []))
    assert math.isnan(prediction_rejection_ratio([0.5, 0.6], [True, True]))
    assert math.isnan(average_precision([0.5, 0.6], [False, False]))


ROWS = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=40)


@given(ROWS)
def test_average_precision_is_that_of_scikit_learn(rows):
    from sklearn.metrics import average_precision_score

    confidence, correct = (np.array(x) for x in zip(*rows, strict=True))
    for value, positive in ((confidence / 20, correct), (1 - confidence / 20, ~correct)):
        if positive.any():
            assert average_precision(value, positive) == pytest.approx(average_precision_score(positive, value))


def test_average_precision_of_resamples_is_that_of_the_rows_drawn():
    value, right = np.array([1, 3, 3, 7, 9]) / 10, np.array([False, True, False, True, True])
    _, level = np.unique(value, return_inverse=True)
    times = np.array([[1, 0, 2, 0], [1, 2, 0, 0], [1, 0, 1, 1], [1, 3, 0, 0], [1, 0, 0, 0]])  # [N, R]
    rows = [np.array([times[(level == i) & of].sum(axis=0) for i in range(4)]) for of in (right, ~right)]
    found = mean_precision(*rows)
    drawn = [average_precision(np.repeat(value, t), np.repeat(right, t)) for t in times.T]
    assert found == pytest.approx(drawn, nan_ok=True)
    assert np.isnan(found).tolist() == [False, False, True, True]


@given(st.permutations(range(12)), st.lists(st.booleans(), min_size=12, max_size=12))
def test_prr_is_that_of_lm_polygraph(order, right):
    """Its `PredictionRejectionArea` with all rejected in the end, between a random and the best order; without ties."""

    def rejection_area(uncertainty, quality):
        kept = np.cumsum(np.array(quality)[np.argsort(uncertainty)]) / np.arange(1, len(quality) + 1)
        return kept.sum() / len(quality)

    if len(set(right)) == 2:
        quality, uncertainty = np.array(right, dtype=float), np.array(order, dtype=float)
        random, best = quality.mean(), rejection_area(-quality, quality)
        expected = (rejection_area(uncertainty, quality) - random) / (best - random)
        assert prediction_rejection_ratio(1 - uncertainty / 12, right) == pytest.approx(expected)


@given(st.lists(st.tuples(st.sampled_from([0.5, 0.8, 0.9]), st.booleans()), min_size=1, max_size=6), st.integers(1, 6))
def test_accuracy_at_coverage_is_the_mean_over_all_orders_of_ties(rows, kept):
    confidence, correct = zip(*rows, strict=True)
    kept = min(kept, len(rows))
    orders = [o for o in permutations(range(len(rows))) if all(confidence[i] >= confidence[j] for i, j in pairwise(o))]
    expected = np.mean([[correct[i] for i in order[:kept]] for order in orders])
    assert accuracy_at_coverage(confidence, correct, kept / len(rows)) == pytest.approx(expected)


@given(ROWS, st.sampled_from([0.5, 0.8, 0.95]))
def test_coverage_at_accuracy_is_that_of_a_plain_loop(rows, accuracy):
    confidence, correct = (np.array(x) for x in zip(*rows, strict=True))
    shares = [(confidence >= limit).mean() for limit in confidence if correct[confidence >= limit].mean() >= accuracy]
    assert coverage_at_accuracy(confidence / 20, correct, accuracy) == pytest.approx(max(shares, default=0))


def test_hand_values_at_a_share():
    confidence, correct = [0.9, 0.8, 0.8, 0.6], [True, False, True, False]
    assert accuracy_at_coverage(confidence, correct, 0.5) == pytest.approx(1.5 / 2)
    assert coverage_at_accuracy(confidence, correct, 0.6) == pytest.approx(3 / 4)
    assert coverage_at_accuracy(confidence, [False, True, True, True], 0.9) == 0


def test_the_curve_holds_the_risk_at_each_coverage_with_a_band_around_it():
    import pandas as pd

    from calibench.metrics.scorecard import scorecard

    rng = np.random.default_rng(0)
    confidence = rng.choice([0.6, 0.7, 0.8, 0.9, 1.0], 300)
    correct = rng.random(300) < confidence - 0.05
    frame = pd.DataFrame({
        "task": "t", "protocol": "p", "method": "m", "draw": 0, "question_id": [f"q{i}" for i in range(300)],
        "value": confidence, "status": "ok", "outcome": np.where(correct, "correct", "incorrect"), "domain": "math",
        "subject": None, "level": np.nan, "cluster": None,
    })  # fmt: skip
    (curve,) = scorecard(frame, resamples=200).risk_coverage
    assert (curve.task, curve.n_used, len(curve.points)) == ("t", 300, 20)
    for point in curve.points:
        assert point.risk == pytest.approx(1 - accuracy_at_coverage(confidence, correct, point.coverage))
        assert point.low <= point.risk <= point.high
    assert curve.points[0].risk < curve.points[-1].risk
    assert curve.points[-1].high - curve.points[-1].low == pytest.approx(4 * np.sqrt(0.25 * 0.75 / 300), rel=0.25)
    unanswered = frame.assign(outcome="abstained")
    assert scorecard(unanswered, resamples=20).risk_coverage[0].points == ()
