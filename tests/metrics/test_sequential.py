"""Looks at a growing sample: the levels add up, and the simulation of docs/stopping.md at a smaller size."""

from __future__ import annotations

import json

import numpy as np
import pytest
from intervals import Population, drawn
from sequential import ALIKE, APART, DOCS, METRICS, World, ended, missed, rendered, summarized

from calibench.metrics.bootstrap import skewed_interval
from calibench.metrics.measures import MEASURES
from calibench.metrics.sequential import looks, seen


@pytest.mark.parametrize("total", [1, 49, 50, 51, 200, 1319, 100_000])
def test_looks_are_the_same_for_every_size_and_spend_4_percent_in_all(total):
    found = looks(total)
    assert sum(look.alpha for look in found) == pytest.approx(0.04)
    assert found[-1].questions == total
    assert [look.questions for look in found[:-1]] == [look.questions for look in looks(10**6)[: len(found) - 1]]
    assert [look.alpha for look in looks(total, 4)] == pytest.approx([look.alpha / 4 for look in found])


def test_nothing_is_looked_at_where_there_is_nothing():
    assert looks(0) == []


def test_a_mean_without_skewness_has_students_interval():
    # Of 11 clusters, the 97.5 % point of t with 10 degrees of freedom is 2.228 (any table).
    replicates = np.random.default_rng(0).normal(0.5, 0.1, 400_000)
    error = 0.1 * np.sqrt(11 / 10)
    assert skewed_interval(0.5, replicates, 11) == pytest.approx((0.5 - 2.228 * error, 0.5 + 2.228 * error), abs=3e-3)


def test_rare_large_errors_move_the_upper_end_alone():
    rng = np.random.default_rng(0)
    replicates = rng.gamma(4, 0.05, 200_000)  # skewness 1
    low, high = skewed_interval(0.2, replicates, 10_000, 0.99)
    t = 2.576
    assert low == pytest.approx(0.2 - 0.1 * t, abs=2e-3)
    assert high == pytest.approx(0.2 + 0.1 * (t + (2 * t**2 + 1) / 6), abs=5e-3)


def test_without_variation_there_is_no_interval():
    assert skewed_interval(0.5, np.full(100, 0.5), 20) is None
    assert skewed_interval(0.5, np.array([0.4, 0.6]), 1) is None


def test_an_interval_widens_as_less_is_spent():
    sample = drawn(Population(0.2, 2), 100, np.random.default_rng(0))
    measures = [MEASURES[name] for name in METRICS]
    wide, narrow = (seen(measures, sample, alpha, np.random.default_rng(1)) for alpha in (0.001, 0.05))
    for name in METRICS:
        assert wide[name].low < narrow[name].low < narrow[name].value < narrow[name].high < wide[name].high


def test_few_pairs_that_do_not_differ_are_decided():
    """At the full size, 2,000 pairs: docs/stopping.md. Of 100 pairs at 5 %, more than 10 have a chance of 1 %."""
    rng = np.random.default_rng(7)
    found = [ended(World(ALIKE, 112, 1), rng, ("accuracy", "brier", "auroc")) for _ in range(100)]
    for name in ("accuracy", "brier", "auroc"):
        assert sum(each[name].verdict in ("better", "worse") for each in found) <= 10


def test_pairs_that_differ_are_decided_long_before_the_end():
    rng = np.random.default_rng(7)
    found = [ended(World(APART, 1000, 1), rng, ("accuracy",))["accuracy"] for _ in range(10)]
    assert [each.verdict for each in found] == ["better"] * 10
    assert np.mean([each.questions for each in found]) < 600


def test_looking_again_and_again_at_95_percent_misses_more_often():
    found = missed(Population(0.2, 1), 252, 20)["accuracy"]
    assert found["at the level of the look"] <= found["at 95 %"]
    assert found["at the level of the look"] <= 0.2


def test_the_page_shows_the_figures_and_they_keep_the_promise():
    figures = json.loads((DOCS / "stopping.json").read_text())
    page = (DOCS / "stopping.md").read_text()
    for table in rendered(figures).values():
        assert table in page
    for name, of in figures["pairs"].items():
        for metric in of.values():
            if name.startswith("alike"):
                assert metric["better"] + metric["worse"] <= 0.05
    assert all(row["pairs"] == 2000 for row in figures["pairs"]["alike, 1 draw"].values())
    assert all(figures["pairs"]["apart, 1 draw"][name]["questions"] < 600 for name in ("accuracy", "ece", "signed_gap"))


def test_a_summary_counts_pairs():
    ends = [("better", 50), ("undecided", 200), ("worse", 75), ("better", 75)]
    row = summarized({"pairs": {"alike, 1 draw": {"ece": ends}}, "missed": []})["pairs"]["alike, 1 draw"]["ece"]
    assert row == {"pairs": 4, "better": 0.5, "worse": 0.25, "equivalent": 0.0, "questions": 100.0}
