"""AUROC against scikit-learn, hand values and its invariances."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from calibench.metrics.discrimination import auroc, within_question_discrimination

both_classes = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=60).filter(
    lambda rows: len({correct for _, correct in rows}) == 2
)


def arrays(rows):
    return np.array([p / 20 for p, _ in rows]), np.array([correct for _, correct in rows])


@given(both_classes)
def test_equals_scikit_learn_with_ties(rows):
    confidence, correct = arrays(rows)
    assert auroc(confidence, correct) == pytest.approx(roc_auc_score(correct, confidence), abs=1e-12)


@given(both_classes, st.randoms())
def test_only_ranks_matter(rows, random):
    confidence, correct = arrays(rows)
    value = auroc(confidence, correct)
    assert auroc(confidence**3 / 2, correct) == pytest.approx(value, abs=1e-12)
    assert auroc(1 - confidence, correct) == pytest.approx(1 - value, abs=1e-12)
    assert auroc(*arrays(random.sample(rows, len(rows)) + rows)) == pytest.approx(value, abs=1e-12)


def test_hand_values():
    # Pairs (right, wrong): .9 > .8, .9 > .3, .3 < .8, .3 = .3: (1 + 1 + 0 + 1/2) / 4.
    assert auroc([0.9, 0.3, 0.8, 0.3], [True, True, False, False]) == 0.625
    assert auroc([0.7] * 4, [True, False, True, False]) == 0.5


def test_tiny_probabilities_are_told_apart():
    assert auroc([1e-30, 2e-30], [False, True]) == 1.0


@pytest.mark.parametrize("correct", [[True, True], [False, False]])
def test_one_class_is_undefined(correct):
    assert math.isnan(auroc([0.2, 0.9], correct))


def test_no_rows_is_undefined():
    assert math.isnan(auroc([], []))


def looped_wqd(confidence, correct, question) -> float:
    pairs = [
        (c > d) + (c == d) / 2
        for c, right, q in zip(confidence, correct, question, strict=True)
        for d, other, p in zip(confidence, correct, question, strict=True)
        if q == p and right and not other
    ]
    return sum(pairs) / len(pairs) if pairs else np.nan


@given(st.integers(0, 10_000))
def test_wqd_counts_pairs_within_questions_only(seed):
    rng = np.random.default_rng(seed)
    confidence, correct, question = rng.integers(0, 5, 30) / 4, rng.random(30) < 0.5, rng.integers(0, 8, 30)
    found = within_question_discrimination(confidence, correct, question)
    assert found == pytest.approx(looped_wqd(confidence, correct, question), nan_ok=True)


def test_wqd_sees_no_difference_between_questions_and_is_undefined_for_one_draw_each():
    """Right answers have more confidence only because the easy question has: AUROC 6/9 for a WQD of 1/2."""
    confidence, question = [0.9, 0.9, 0.9, 0.1, 0.1, 0.1], [0, 0, 0, 1, 1, 1]
    correct = [True, True, False, False, False, True]
    assert within_question_discrimination(confidence, correct, question) == 0.5
    assert auroc(confidence, correct) == pytest.approx(6 / 9)
    assert np.isnan(within_question_discrimination(confidence, correct, [0, 1, 2, 3, 4, 5]))
    assert np.isnan(within_question_discrimination([], [], []))
