"""The scorecard: which rows enter which number, and that undefined is None with a reason."""

import math

import msgspec
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from calibench.metrics.measures import CONFIDENCE_MEASURES, MEASURES, NO_METHOD, OUTCOME_MEASURES, main
from calibench.metrics.scorecard import scorecard, subset_diagrams
from calibench.records import Scorecard

MIXED = [
    (0.9, "correct"),
    (0.9, "incorrect"),
    (0.6, "correct"),
    (0.3, "incorrect"),
    (None, "correct"),
    (None, "incorrect"),
    (0.8, "abstained"),
    (None, "unparsed"),
    (None, "truncated"),
    (None, "failed"),
]


def numbers(card: Scorecard, task="sums", method="stated", subset="all"):
    return {m.metric: m for m in card.metrics if (m.task, m.method, m.subset) == (task, method, subset)}


def simulated_run(seed=0, questions=60, draws=2, tasks=("sums", "claims")) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = questions * draws
    frames = []
    for i, task in enumerate(tasks):
        confidence = rng.integers(1, 21, n) / 20
        outcome = np.where(rng.random(n) < confidence, "correct", "incorrect").astype(object)
        outcome[rng.random(n) < 0.1] = "truncated"
        missing = rng.random(n) < 0.1
        frames.append(
            pd.DataFrame(
                {
                    "task": task,
                    "protocol": "stated",
                    "question_id": np.repeat([f"q{k}" for k in range(questions)], draws),
                    "draw": np.tile(np.arange(draws), questions),
                    "method": "stated",
                    "value": np.where(missing, np.nan, confidence),
                    "status": np.where(missing, "missing", "ok"),
                    "outcome": outcome,
                    "domain": ["math", "fact"][i % 2],
                    "subject": np.repeat(rng.choice(["odd", "even"], questions), draws),
                    "level": np.repeat(rng.integers(1, 4, questions), draws),
                    "cluster": None,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def test_denominators(rows):
    card = numbers(scorecard(rows(MIXED), resamples=50))
    found = {name: (m.value, m.n_used, m.n_total) for name, m in card.items()}
    assert found["accuracy"] == (3 / 9, 9, 10)
    assert found["accuracy_answered"] == (3 / 6, 6, 10)
    assert found["coverage"] == (4 / 9, 9, 10)
    for outcome in ("abstained", "unparsed", "truncated", "failed"):
        assert found[f"{outcome}_rate"] == (1 / 10, 10, 10)
    assert found["ece"][1:] == found["auroc"][1:] == (4, 10)


def test_calibration_uses_answered_rows_with_a_confidence(rows):
    card = numbers(scorecard(rows(MIXED), resamples=50))
    # 0.9 0.9 right once, 0.6 right, 0.3 wrong.
    assert card["mean_confidence"].value == pytest.approx(0.675)
    assert card["ece"].value == pytest.approx((0.8 + 0.4 + 0.3) / 4)
    assert card["brier"].value == pytest.approx((0.01 + 0.81 + 0.16 + 0.09) / 4)
    assert card["auroc"].value == pytest.approx(2.5 / 4)
    assert card["signed_gap"].value == pytest.approx(0.175)
    assert card["distinct_confidences"].value == 3
    assert card["mode_share"].value == 0.5


def test_missing_confidences_are_imputed_on_all_answered_rows(rows):
    card = numbers(scorecard(rows(MIXED), resamples=50))
    known = 0.01 + 0.81 + 0.16 + 0.09
    assert card["brier_missing_worst"].value == pytest.approx((known + 2) / 6)
    assert card["brier_missing_best"].value == pytest.approx(known / 6)
    assert card["brier_missing_half"].value == pytest.approx((known + 0.5) / 6)
    # Pairs of three right (.9 .6 and the imputed) against three wrong (.9 .3 and the imputed).
    assert card["auroc_missing_worst"].value == pytest.approx(2.5 / 9)
    assert card["auroc_missing_best"].value == pytest.approx((2.5 + 2 + 3) / 9)
    # .5 .5 with one right has no gap: the sum of gaps stays 1.5.
    assert card["ece_missing_half"].value == pytest.approx(1.5 / 6)
    assert card["ece_missing_worst"].n_used == 6


def test_a_value_whose_status_is_not_ok_is_not_used(rows):
    frame = rows(MIXED)
    frame.loc[0, "status"] = "out_of_range"
    assert numbers(scorecard(frame, resamples=20))["ece"].n_used == 3


def test_every_value_can_be_recomputed_from_the_frame():
    frame = simulated_run()
    card = numbers(scorecard(frame, resamples=50))
    one = frame[frame["task"] == "sums"]
    used = one[(one["status"] == "ok") & one["outcome"].isin(["correct", "incorrect"])]
    confidence, right = used["value"].to_numpy(), (used["outcome"] == "correct").to_numpy()
    bins = pd.cut(confidence, [k / 10 for k in range(11)], include_lowest=True)
    gaps = pd.DataFrame({"bin": bins, "gap": confidence - right}).groupby("bin", observed=True)["gap"].sum().abs()
    assert card["ece"].value == pytest.approx(gaps.sum() / len(used), abs=1e-9)
    assert card["brier"].value == pytest.approx(((confidence - right) ** 2).mean(), abs=1e-9)
    assert card["auroc"].value == pytest.approx(roc_auc_score(right, confidence), abs=1e-9)
    assert card["accuracy"].value == pytest.approx((one["outcome"] == "correct").mean(), abs=1e-9)


def test_order_of_rows_changes_nothing():
    frame = simulated_run()
    assert scorecard(frame, resamples=50) == scorecard(frame.sample(frac=1, random_state=1), resamples=50)


def test_seed_moves_intervals_and_no_value():
    frame = simulated_run()
    first, again, other = (scorecard(frame, seed=s, resamples=50) for s in (0, 0, 1))
    assert first == again
    a, b = numbers(first), numbers(other)
    assert all(a[name].value == b[name].value for name in a if name != "ece_noise_floor")
    assert (a["brier"].low, a["brier"].high) != (b["brier"].low, b["brier"].high)


def test_without_resamples_the_values_stand_alone():
    frame = simulated_run()
    full, alone = scorecard(frame, resamples=50), scorecard(frame, resamples=0)
    assert {(m.task, m.subset, m.metric): m.value for m in alone.metrics} == {
        (m.task, m.subset, m.metric): m.value for m in full.metrics if m.metric != "ece_noise_floor"
    }
    assert all(m.low is m.high is None for m in alone.metrics)
    assert alone.reliability == ()


def test_another_task_changes_no_number_of_a_task():
    both = scorecard(simulated_run(), resamples=50)
    frame = simulated_run()
    alone = scorecard(frame[frame["task"] == "sums"], resamples=50)
    assert numbers(both) == numbers(alone)


def test_macro_is_the_unweighted_mean_over_tasks():
    card = scorecard(simulated_run(), resamples=200)
    macro = numbers(card, task="macro")
    assert set(macro) == {*main(), "ece_noise_floor"}
    floors = [numbers(card, task=task)["ece_noise_floor"].value for task in ("sums", "claims")]
    assert macro["ece_noise_floor"].value == pytest.approx(np.mean(floors))
    for name in main():
        parts = [numbers(card, task=task)[name] for task in ("sums", "claims")]
        assert macro[name].value == pytest.approx(np.mean([m.value for m in parts]), abs=1e-12)
        assert macro[name].n_used == sum(m.n_used for m in parts)
        assert macro[name].low <= macro[name].value <= macro[name].high
        # Two independent halves: narrower than the mean width of the two.
        assert macro[name].high - macro[name].low < np.mean([m.high - m.low for m in parts])


def test_macro_has_a_row_for_each_of_several_domains():
    card = scorecard(simulated_run(), resamples=50)
    assert {m.subset for m in card.metrics if m.task == "macro"} == {"all", "domain=fact", "domain=math"}
    fact, claims = numbers(card, task="macro", subset="domain=fact"), numbers(card, task="claims")
    assert fact["ece"].value == claims["ece"].value


def test_macro_is_undefined_where_a_task_is_and_names_it(rows):
    frame = pd.concat([rows(MIXED), rows([(0.9, "correct")], task="easy")])
    macro = numbers(scorecard(frame, resamples=50), task="macro")
    assert macro["auroc"].value is None
    assert "easy" in macro["auroc"].reason
    assert "sums" not in macro["auroc"].reason
    assert macro["brier"].value is not None


def test_subsets_are_those_with_two_or_more_values():
    frame = simulated_run(tasks=("sums",))
    subsets = {m.subset for m in scorecard(frame, resamples=20).metrics if m.task == "sums"}
    assert subsets == {"all", "subject=odd", "subject=even", "level=1", "level=2", "level=3"}
    same = {m.subset for m in scorecard(frame.assign(level=2, subject=None), resamples=20).metrics}
    assert same == {"all"}


def test_subset_numbers_are_those_of_its_rows_alone():
    frame = simulated_run(tasks=("sums",))
    hard = numbers(scorecard(frame, resamples=20), subset="level=3")
    alone = numbers(scorecard(frame[frame["level"] == 3], resamples=20))
    assert {name: m.value for name, m in hard.items()} == {name: alone[name].value for name in main()}


def test_generations_without_a_method_have_outcome_numbers_only(rows):
    frame = rows([(None, "correct"), (None, "incorrect")], method="none", status=None)
    card = scorecard(frame, resamples=20)
    assert set(numbers(card, method="none")) == {m.name for m in OUTCOME_MEASURES}
    assert set(numbers(card, task="macro", method="none")) == {"accuracy", "accuracy_answered"}
    assert card.reliability == ()


@pytest.mark.parametrize(
    ("pairs", "metric", "reason"),
    [
        ([(0.9, "correct")] * 3, "auroc", "all are incorrect"),
        ([(0.9, "correct")] * 3, "brier_skill", "all are incorrect"),
        ([(None, "correct")] * 3, "ece", "no answered generation has a confidence"),
        ([(0.5, "abstained")] * 3, "accuracy_answered", "no generation was answered"),
        ([(0.5, "failed")] * 3, "accuracy", "all generations failed"),
        ([(1 / 3, "correct"), (1 / 7, "incorrect")], "ece_per_value", "continuous"),
        ([(1 / 3, "correct"), (1 / 7, "incorrect")], "brier_reliability", "continuous"),
        ([(0.9, "correct"), (0.5, "incorrect")], "calibration_error_debiased", "two clusters"),
    ],
)
def test_undefined_is_none_with_a_reason(rows, pairs, metric, reason):
    found = numbers(scorecard(rows(pairs), resamples=20))[metric]
    assert found.value is found.low is found.high is None
    assert reason in found.reason


@pytest.mark.parametrize("pairs", [MIXED, [(None, "failed")], [(1.0, "correct")], [(0.0, "incorrect")] * 4])
def test_no_number_is_ever_nan(rows, pairs):
    card = scorecard(rows(pairs), resamples=50)
    assert {m.metric for m in card.metrics} >= {m.name for m in CONFIDENCE_MEASURES}
    for m in card.metrics:
        assert all(x is None or math.isfinite(x) for x in (m.value, m.low, m.high))
        assert (m.value is None) == bool(m.reason)
        assert m.convention
    assert msgspec.json.decode(msgspec.json.encode(card), type=Scorecard) == card


def test_intervals_hold_their_values():
    card = scorecard(simulated_run(), resamples=200)
    shown = [m for m in card.metrics if m.metric in main() and m.subset == "all"]
    assert shown
    assert all(m.low <= m.value <= m.high for m in shown)
    rest = [m for m in card.metrics if m.metric not in main() and not MEASURES[m.metric].interval]
    assert all(m.low is None for m in rest)


def test_accuracy_of_one_draw_per_question_has_the_wilson_interval(rows):
    accuracy = numbers(scorecard(rows([(0.9, "correct")] * 20), resamples=20))["accuracy"]
    # 20 of 20: 1 - Newcombe 1998's upper end for 0 of 20.
    assert (accuracy.low, accuracy.high) == pytest.approx((1 - 0.1611, 1.0), abs=5e-5)


def test_repeating_each_draw_narrows_no_interval():
    once = simulated_run(questions=200, draws=1, tasks=("sums",))
    thrice = pd.concat([once.assign(draw=k) for k in range(3)])
    single, triple = (numbers(scorecard(f, resamples=1000)) for f in (once, thrice))
    for name in main():
        assert triple[name].value == pytest.approx(single[name].value)
        width = single[name].high - single[name].low
        # 1,000 resamples give the width of an interval within about 10 %.
        assert triple[name].high - triple[name].low == pytest.approx(width, rel=0.12)


def test_questions_of_one_cluster_widen_the_interval():
    frame = simulated_run(questions=200, draws=1, tasks=("sums",)).sort_values("outcome", ignore_index=True)
    clustered = frame.assign(cluster=[f"c{i // 10}" for i in range(len(frame))])
    single, joined = (numbers(scorecard(f, resamples=500))["accuracy"] for f in (frame, clustered))
    assert joined.high - joined.low > 2 * (single.high - single.low)


def test_reliability_counts_add_up_and_name_their_group():
    card = scorecard(simulated_run(), resamples=50)
    assert [(r.task, r.protocol, r.method, r.subset) for r in card.reliability] == [
        ("claims", "stated", "stated", "all"),
        ("sums", "stated", "stated", "all"),
    ]
    diagram = card.reliability[1]
    assert sum(b.n for b in diagram.bins) == diagram.n_used == numbers(card)["ece"].n_used
    assert all(b.n == b.n_correct + b.n_incorrect for b in diagram.bins)
    ece = sum(b.n * abs(b.confidence - b.accuracy) for b in diagram.bins if b.n) / diagram.n_used
    assert ece == pytest.approx(numbers(card)["ece"].value)
    assert all(
        b.noise_low <= b.noise_high and b.accuracy_low <= b.accuracy <= b.accuracy_high for b in diagram.bins if b.n
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": "right"}, "right"),
        ({"value": 1.5, "status": "ok"}, "1.5"),
        ({"value": float("nan"), "status": "ok"}, "nan"),
    ],
)
def test_malformed_frames_are_refused(rows, change, message):
    with pytest.raises(ValueError, match=message):
        scorecard(rows(MIXED).assign(**change))


def test_a_generation_counted_twice_is_refused(rows):
    with pytest.raises(ValueError, match="found twice"):
        scorecard(pd.concat([rows(MIXED), rows(MIXED[:1])]))


def test_missing_columns_are_named(rows):
    with pytest.raises(ValueError, match="missing: outcome"):
        scorecard(rows(MIXED).drop(columns="outcome"))


def test_an_interval_without_resampled_values_is_refused_with_the_measure(monkeypatch):
    mine = CONFIDENCE_MEASURES[1]._replace(name="mine", replicates=None)
    monkeypatch.setitem(MEASURES, "mine", mine)
    with pytest.raises(ValueError, match="measure mine: an interval needs replicates or parts"):
        scorecard(simulated_run(questions=5), resamples=10)


def test_levels_and_subjects_have_diagrams_of_their_rows_alone(rows):
    frame = pd.concat(
        rows([(0.9, "correct"), (0.9, "incorrect"), (None, "correct")], level=level).assign(
            question_id=[f"{level}{i}" for i in range(3)]
        )
        for level in (1, 2)
    )
    found = subset_diagrams(frame, resamples=20)
    assert [d.subset for d in found] == ["level=1", "level=2"]
    assert [(b.n, b.n_correct) for b in found[0].bins if b.n] == [(2, 1)]
    assert subset_diagrams(frame.assign(level=1)) == [], "one level is the whole task"
    assert subset_diagrams(frame.assign(status="missing", value=None), resamples=20) == []
    assert subset_diagrams(frame.assign(method=NO_METHOD, status="missing", value=None), resamples=20) == []
    assert scorecard(frame.head(0)).metrics == ()
