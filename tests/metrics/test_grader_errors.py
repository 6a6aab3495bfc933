"""Two graders of the same answers."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from calibench.metrics.bootstrap import wilson_interval
from calibench.metrics.grader_errors import INTERVALS, grader_errors


def of(table, repeat=1, resamples=400):
    """Of a table [K, K] of answers, each `repeat` times in its cluster."""
    cells = np.repeat(np.arange(table.size), table.ravel())
    first, second = np.repeat(np.divmod(cells, len(table)), repeat, axis=1)
    cluster = np.repeat(np.arange(len(cells)), repeat)
    return grader_errors(first, second, cluster, len(table), rng=np.random.default_rng(0), resamples=resamples)


def ends(found, name):
    return INTERVALS[name].ends(found.estimates[name])


def test_of_a_table_that_is_worked_by_hand():
    """20 + 15 of 50 agree; by chance .6 x .5 + .4 x .5 do: kappa is (.7 - .5) / .5."""
    found = of(np.array([[20, 5], [10, 15]]))
    value = {name: e.value for name, e in found.estimates.items()}
    assert value == pytest.approx({"agreement": 0.7, "kappa": 0.4, "sensitivity": 20 / 30, "specificity": 15 / 20})
    assert found.table.tolist() == [[20, 5], [10, 15]]
    assert ends(found, "sensitivity") == pytest.approx(wilson_interval(20, 30))
    low, high = ends(found, "kappa")
    # Fleiss, Cohen and Everitt 1969: the standard error of this kappa is .128.
    assert (high - low) / (2 * 1.96) == pytest.approx(0.128, rel=0.1)


def test_kappa_of_three_grades_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    first = rng.integers(0, 3, 300)
    second = np.where(rng.random(300) < 0.7, first, rng.integers(0, 3, 300))
    found = grader_errors(first, second, np.arange(300), 3, rng=rng, resamples=10)
    assert found.estimates["kappa"].value == pytest.approx(cohen_kappa_score(first, second))


def test_draws_of_a_question_say_no_more_than_one():
    table = np.array([[20, 5], [10, 15]])
    once, often = of(table), of(table, repeat=5)
    for name in ("agreement", "kappa", "sensitivity"):
        (low, high), (other_low, other_high) = ends(once, name), ends(often, name)
        assert other_high - other_low == pytest.approx(high - low, rel=0.15), name


def test_where_all_agree_some_may_have_been_missed():
    found = of(np.array([[30, 0], [0, 10]]))
    assert found.estimates["kappa"].value == 1
    low, high = ends(found, "kappa")
    assert (low, high) == (pytest.approx(1 - 0.088 / (2 * 0.75 * 0.25), abs=0.1), pytest.approx(1, abs=0.01))
    assert ends(found, "agreement")[0] == pytest.approx(wilson_interval(40, 40)[0])
    assert ends(of(np.array([[9, 0], [0, 1]])), "kappa") is None  # a third of the resamples have one grade alone


def test_what_has_no_meaning_is_undefined():
    alike = of(np.array([[5, 0], [0, 0]])).estimates
    assert np.isnan(alike["kappa"].value)
    assert np.isnan(alike["specificity"].value)
    nothing = grader_errors([], [], [], 2, rng=np.random.default_rng(0))
    assert all(np.isnan(e.value) for e in nothing.estimates.values())
