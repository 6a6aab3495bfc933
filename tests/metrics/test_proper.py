"""Proper scores against scikit-learn, hand values and their identities."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from calibench.metrics.proper import (
    LOG_LOSS_CLIP,
    brier_decomposition,
    brier_score,
    brier_skill_score,
    isotonic_decomposition,
    log_loss,
)

percent_rows = st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=60)


def arrays(rows):
    return np.array([p / 100 for p, _ in rows]), np.array([correct for _, correct in rows])


def continuous(n=400, seed=0):
    rng = np.random.default_rng(seed)
    confidence = rng.random(n)
    return confidence, rng.random(n) < confidence**2


def test_brier_and_log_loss_equal_scikit_learn():
    confidence, correct = continuous()
    assert brier_score(confidence, correct) == pytest.approx(sklearn_metrics.brier_score_loss(correct, confidence))
    clipped = np.clip(confidence, LOG_LOSS_CLIP, 1 - LOG_LOSS_CLIP)
    assert log_loss(confidence, correct) == pytest.approx(sklearn_metrics.log_loss(correct, clipped))


def test_hand_values():
    # (0.1^2 + 0.6^2) / 2; the base rate 1/2 has uncertainty 1/4: skill 1 - .185 / .25.
    assert brier_score([0.9, 0.6], [True, False]) == pytest.approx(0.185)
    assert brier_skill_score([0.9, 0.6], [True, False]) == pytest.approx(0.26)
    assert log_loss([0.5, 0.25], [True, False]) == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)


def test_log_loss_clips_certain_errors_to_the_named_constant():
    assert log_loss([1.0], [False]) == pytest.approx(-math.log(LOG_LOSS_CLIP))
    assert log_loss([0.0], [True], clip=0.01) == pytest.approx(-math.log(0.01))


def test_decomposition_by_hand():
    # 0.8 is right 1 of 2, 0.2 right 0 of 2: reliability (.3^2 + .2^2) / 2, resolution .25^2, uncertainty .25 x .75.
    parts = brier_decomposition([0.8, 0.8, 0.2, 0.2], [True, False, False, False])
    assert parts == pytest.approx((0.065, 0.0625, 0.1875))


@given(percent_rows)
def test_parts_add_up_to_the_brier_score(rows):
    confidence, correct = arrays(rows)
    for decompose in (brier_decomposition, isotonic_decomposition):
        parts = decompose(confidence, correct)
        assert parts.reliability - parts.resolution + parts.uncertainty == pytest.approx(
            brier_score(confidence, correct)
        )
        assert min(parts) > -1e-12


def test_exact_decomposition_is_undefined_for_continuous_confidence():
    parts = brier_decomposition(*continuous())
    assert math.isnan(parts.reliability)
    assert math.isnan(parts.resolution)
    assert not any(math.isnan(part) for part in isotonic_decomposition(*continuous()))


def test_isotonic_decomposition_by_pooling_adjacent_violators_by_hand():
    # Right, wrong, right for 0.2, 0.4, 0.9: the first two pool to 1/2: recalibrated score (.25 + .25 + 0) / 3.
    parts = isotonic_decomposition([0.2, 0.4, 0.9], [True, False, True])
    score = (0.64 + 0.16 + 0.01) / 3
    assert parts == pytest.approx((score - 0.5 / 3, 2 / 9 - 0.5 / 3, 2 / 9))


def test_isotonic_resolution_does_not_change_under_monotone_maps():
    confidence, correct = continuous()
    direct, mapped = isotonic_decomposition(confidence, correct), isotonic_decomposition(confidence**3, correct)
    assert direct.resolution == pytest.approx(mapped.resolution)


@given(percent_rows, st.randoms())
@pytest.mark.parametrize("score", [brier_score, log_loss, brier_skill_score])
def test_order_of_rows_and_duplication_change_nothing(score, rows, random):
    value = score(*arrays(rows))
    again = score(*arrays(rows + random.sample(rows, len(rows))))
    assert again == pytest.approx(value, nan_ok=True)


def test_undefined():
    assert math.isnan(brier_score([], []))
    assert math.isnan(log_loss([], []))
    assert math.isnan(brier_skill_score([0.5, 0.7], [True, True]))
    assert all(math.isnan(part) for part in (*brier_decomposition([], []), *isotonic_decomposition([], [])))
