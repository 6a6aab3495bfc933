"""Scores of typed decisions: by hand, against other people's programs, and what the uniform distribution gets."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import entropy
from sklearn.metrics import brier_score_loss

from calibench.metrics.measure import Group
from calibench.metrics.typed_decisions import CONVENTIONS, MEASURES, UNIFORM, BinConvention, Decisions, scores
from calibench.metrics.typed_differences import differences

GROUP = Group("t", "decision", "option_probability", "all")
PREDICTED = [
    [0.7, 0.2, 0.1, 0], [0.05, 0.15, 0.3, 0.5], [0.25, 0.25, 0.3, 0.2], [0.1, 0.6, 0.2, 0.1],
    [0.45, 0.35, 0.15, 0.05], [0.02, 0.08, 0.2, 0.7], [0.33, 0.3, 0.27, 0.1], [0.9, 0.06, 0.03, 0.01],
]  # fmt: skip
LEVELS = [0, 2, 2, 1, 1, 3, 3, 0]


def decisions(predicted, gold, kind="ordinal", item=None, cluster=None, asked=None) -> Decisions:
    n = len(predicted)
    most = max(map(len, predicted))
    padded = [np.array([[*row, *[0.0] * (most - len(row))] for row in of], dtype=float) for of in (predicted, gold)]
    cluster = np.arange(n) if cluster is None else np.array(cluster)
    return Decisions(
        *padded, np.array([len(row) for row in predicted]), np.array([kind] * n if isinstance(kind, str) else kind),
        np.array([f"q{i}" for i in range(n)]), np.zeros(n, int) if item is None else np.array(item),
        cluster, int(cluster.max()) + 1, asked or n,
    )  # fmt: skip


def values(d: Decisions, method: str = GROUP.method, subset: str = "all", **given) -> dict[str, float | None]:
    found = scores({GROUP: d}, resamples=0, **given)
    return {m.metric: m.value for m in found if (m.method, m.subset) == (method, subset)}


def one_hot(levels, k=4):
    return np.eye(k)[levels].tolist()


def test_scores_by_hand():
    """Two levels .8, .2 against .5, .5; three levels 0, .5, .5 against .2, .6, .2."""
    found = values(decisions([[0.8, 0.2], [0, 0.5, 0.5]], [[0.5, 0.5], [0.2, 0.6, 0.2]]))
    of_clipped = 0.2 * math.log(0.2 / 1e-9)
    kl = [0.5 * math.log(0.5 / 0.8) + 0.5 * math.log(0.5 / 0.2), of_clipped + 0.6 * math.log(1.2) + 0.2 * math.log(0.4)]
    assert found["kl_from_gold"] == pytest.approx(sum(kl) / 2)
    assert found["brier_multiclass"] == pytest.approx((0.09 + 0.09 + 0.04 + 0.01 + 0.09) / 2)
    assert found["rps"] == pytest.approx((0.09 + (0.04 + 0.09) / 2) / 2)
    assert found["accuracy"] == 1  # a tie of gold counts as right, and of equal predictions the first is the answer
    assert found["soft_accuracy"] == pytest.approx((0.5 + 0.6) / 2)
    assert found["ece_soft"] == pytest.approx((0.3 + 0.1) / 2)  # .8 in (.7, .8] against .5, .5 in (.4, .5] against .6


def test_against_programs_of_others():
    """RPS: scoringrules 0.10.0, `rps_score` over K - 1, and EvalScope 1.14.0, `nrps` of OpenDecisions. ECE: EvalScope
    1.14.0, `ece` of decisions, whose bins are closed to the left; of yes/no questions that of P(yes)."""
    found = values(decisions(PREDICTED, one_hot(LEVELS)))
    assert found["rps"] == pytest.approx(0.10532916666666667)
    assert found["ece_10_left"] == pytest.approx(0.3025)
    assert found["brier_multiclass"] == pytest.approx(brier_score_loss(LEVELS, PREDICTED, scale_by_half=False))
    assert found["kl_from_gold"] == pytest.approx(
        -np.log(np.maximum(np.array(PREDICTED)[range(8), LEVELS], 1e-9)).mean()
    )
    yes = [0.1, 0.35, 0.62, 0.8, 0.97, 0.4]
    of_yes = values(decisions([[1 - p, p] for p in yes], one_hot([0, 1, 1, 1, 1, 0], 2), "yes_no"))
    assert of_yes["ece_yes_10_left"] == pytest.approx(0.2933333333333333)
    gold = np.roll(PREDICTED, 1, axis=1) * 0.9 + 0.025
    assert values(decisions(PREDICTED[1:], gold[1:]))["kl_from_gold"] == pytest.approx(
        entropy(gold[1:], np.array(PREDICTED[1:]), axis=1).mean()
    )


def test_each_convention_is_the_one_that_its_name_says():
    """.6 is right and .65 is wrong in one question, .6 wrong in another. In ten bins closed to the left all three share
    one: |1.85 - 1| / 3. Closed to the right .65 is alone: |1.2 - 1| / 3 + .65 / 3. Fifteen bins have the edge .6 too;
    each of their bins reaches to .666..., so that they say the same. Per question: (|1.25 - 1| / 2 + .6) / 2, or
    ((.4 + .65) / 2 + .6) / 2."""
    d = decisions([[0.6, 0.4], [0.65, 0.35], [0.6, 0.4]], one_hot([0, 1, 1], 2), "choice", item=[0, 0, 1])
    found = values(d)
    pooled, split = 0.85 / 3, 0.85 / 3
    assert found["ece_10_left"] == found["ece_15_left"] == pytest.approx(pooled)
    assert found["ece_10_right"] == found["ece_15_right"] == pytest.approx(split)
    assert found["ece_10_left_per_question"] == pytest.approx((0.125 + 0.6) / 2)
    assert found["ece_10_right_per_question"] == pytest.approx((0.525 + 0.6) / 2)


def test_conventions_differ_where_bins_do():
    """.62 and .68 share a bin of ten, and none of fifteen, which have an edge at 2/3; .6 shares one with .55 only where
    bins are closed to the right."""
    right = one_hot([0, 1], 2)
    apart = values(decisions([[0.62, 0.38], [0.68, 0.32]], right, "choice"))
    assert apart["ece_10_left"] == pytest.approx(abs(1.3 - 1) / 2)
    assert apart["ece_15_left"] == pytest.approx((0.38 + 0.68) / 2)
    on_edge = values(decisions([[0.6, 0.4], [0.55, 0.45]], right, "choice"))
    assert on_edge["ece_10_right"] == pytest.approx(abs(1.15 - 1) / 2)
    assert on_edge["ece_10_left"] == pytest.approx((0.4 + 0.55) / 2)


def test_names_of_conventions_are_unique_and_each_row_says_what_it_is():
    assert len(CONVENTIONS) == len({*CONVENTIONS.values()}) == 8
    words = {m.metric: m.convention for m in scores({GROUP: decisions(PREDICTED, one_hot(LEVELS))}, resamples=0)}
    assert "15 bins of equal width (lo, hi], 0 in the first; per question" in words["ece_15_right_per_question"]
    assert "10 bins of equal width [lo, hi), 1 in the last; all decisions pooled" in words["ece_10_left"]
    assert len({*words.values()}) == len(MEASURES)


def test_uniform_is_as_far_from_gold_as_its_entropy_says():
    """KL = ln K - H(gold); Brier = sum g² - 1/K. Whatever was predicted, both rows are there."""
    gold = [[0.5, 0.5, 0, 0], [0.1, 0.2, 0.3, 0.4], [0.25, 0.75]]
    d = decisions([[1, 0, 0, 0], [0, 0, 0, 1], [1, 0]], gold, ["choice", "ordinal", "yes_no"])
    found = values(d, UNIFORM)
    kl = [math.log(len(g)) - entropy(g) for g in gold]
    assert found["kl_from_gold"] == pytest.approx(np.mean(kl))
    assert found["brier_multiclass"] == pytest.approx(np.mean([sum(p * p for p in g) - 1 / len(g) for g in gold]))
    assert found["accuracy"] == pytest.approx(1 / 3)  # the first of equals
    assert values(d, UNIFORM, "kind=yes_no")["kl_from_gold"] == pytest.approx(kl[2])


def test_what_gold_says_is_the_best_of_soft_scores_and_not_of_hard_ones():
    rng = np.random.default_rng(0)
    gold = rng.dirichlet([1.0, 1.0, 1.0], 200)
    found = values(decisions(gold.tolist(), gold.tolist()))
    assert found["accuracy"] == 1
    assert (found["kl_from_gold"], found["brier_multiclass"], found["rps"], found["ece_soft"]) == (0, 0, 0, 0)
    assert found["ece_options"] == 0
    assert found["ece_10_right"] > 0.2  # sure of .6 on average, and always the likeliest of gold


def test_intervals_are_over_clusters_and_what_is_missing_is_counted():
    d = decisions(PREDICTED, one_hot(LEVELS), cluster=[0, 0, 0, 0, 1, 1, 1, 1], asked=10)
    by_cluster = {m.metric: m for m in scores({GROUP: d}) if m.method == GROUP.method}
    alone = {m.metric: m for m in scores({GROUP: decisions(PREDICTED, one_hot(LEVELS))}) if m.method == GROUP.method}
    kl, other = by_cluster["kl_from_gold"], alone["kl_from_gold"]
    assert (kl.n_used, kl.n_total) == (8, 10)
    assert kl.low <= kl.value <= kl.high
    of_each = -np.log(np.array(PREDICTED)[range(8), LEVELS])
    halves = sorted((of_each[:4].mean(), of_each[4:].mean()))
    assert (kl.low, kl.high) == pytest.approx(halves)  # a resample of two clusters is one of them twice, or both
    assert other.high - other.low != pytest.approx(kl.high - kl.low)
    assert "cluster bootstrap" in kl.convention


def test_several_tasks_are_averaged_and_never_pooled():
    one, two = decisions(PREDICTED[:2], one_hot(LEVELS[:2])), decisions(PREDICTED[2:], one_hot(LEVELS[2:]))
    found = scores({GROUP: one, GROUP._replace(task="u"): two}, resamples=0)
    kl = {m.task: m.value for m in found if (m.metric, m.method, m.subset) == ("kl_from_gold", GROUP.method, "all")}
    assert kl["macro"] == pytest.approx((kl["t"] + kl["u"]) / 2)


def test_an_undefined_number_says_why():
    found = {m.metric: m for m in scores({GROUP: decisions([[0.6, 0.4]], [[1, 0]], "choice")}, resamples=0)}
    assert (found["rps"].value, found["rps"].reason) == (None, "no question is ordinal")
    assert (found["ece_yes_10_left"].value, found["ece_yes_10_left"].reason) == (
        None,
        "no question is a yes/no question",
    )
    assert math.isnan(BinConvention(10, "left").error(np.empty(0), np.empty(0), np.empty(0, int)))


def test_runs_are_compared_on_the_decisions_that_both_have():
    """B gives gold itself; of A the last decision is not in B."""
    gold = one_hot(LEVELS)
    a, b = decisions(PREDICTED, gold), decisions(gold[:7], gold[:7])
    found = {(d.task, d.metric): d for d in differences({"a": {GROUP: a}, "b": {GROUP: b}}, [("a", "b")])}
    kl = found["t", "kl_from_gold"]
    assert kl.a == pytest.approx(-np.log(np.array(PREDICTED)[range(7), LEVELS[:7]]).mean())
    assert (kl.b, kl.n_questions) == (0, 7)
    assert kl.difference == -kl.a
    assert kl.low < kl.difference < kl.high < 0
    assert found["macro", "kl_from_gold"].difference == kl.difference
    assert {metric for _, metric in found} == {"soft_accuracy", "kl_from_gold", "brier_multiclass", "rps"}
    assert kl.p_holm >= kl.p_value
    assert differences({"a": {GROUP: a}, "b": {GROUP: b._replace(question=b.question + "x")}}, [("a", "b")]) == []


def test_a_large_difference_is_judged_by_its_direction():
    rng = np.random.default_rng(1)
    gold = rng.dirichlet([0.5] * 3, 300)
    flat = np.full_like(gold, 1 / 3)
    runs = {name: {GROUP: decisions(of.tolist(), gold.tolist())} for name, of in (("flat", flat), ("gold", gold))}
    verdicts = {d.metric: d.verdict for d in differences(runs, [("flat", "gold")]) if d.task == "t"}
    assert set(verdicts.values()) == {"better"}
    assert {d.verdict for d in differences(runs, [("gold", "gold")])} == {"equivalent"}
    assert {d.verdict for d in differences(runs, [("gold", "flat")])} == {"worse"}


def test_the_published_uniform_row_follows_from_what_is_published_beside_it():
    """`LocalLLaMA/typed-decisions`, test: KL .444 of the uniform distribution. Its 20 questions, asked equally often,
    have 2 options (6), 4 (11) and 5 (3). Log loss and KL of the same predictions differ by gold's entropy: OpenDecider
    publishes 1.092 and .324, 1.046 and .279, 1.666 and .899."""
    options = [2] * 6 + [4] * 11 + [5] * 3
    sure = np.mean([1.092 - 0.324, 1.046 - 0.279, 1.666 - 0.899])

    def gold(share):  # one option has this share more than the others
        return [[share + (1 - share) / k, *[(1 - share) / k] * (k - 1)] for k in options]

    share = brentq(lambda x: np.mean([entropy(row) for row in gold(x)]) - sure, 0.01, 0.99)
    predicted = [[1.0, *[0.0] * (k - 1)] for k in options]
    uniform = values(decisions(predicted, gold(share)), UNIFORM)
    assert uniform["kl_from_gold"] == pytest.approx(0.444, abs=0.001)  # both figures are rounded
