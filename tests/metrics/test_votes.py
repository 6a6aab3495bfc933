"""Curves of votes: which questions count, what is undefined and why, means over tasks, and runs held together."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from calibench.metrics.scorecard import scorecard
from calibench.metrics.vote_measures import VOTE_MEASURES
from calibench.metrics.votes import votes

COLUMNS = ("task", "protocol", "question_id", "draw", "method", "value", "status", "outcome", "answer_class")


def frame(questions, task="sums", method="p_true", cluster=None) -> pd.DataFrame:
    """Questions are lists of draws (answer class, outcome, confidence)."""
    rows = [
        (task, "stated", f"q{q}", draw, method, value, "missing" if value is None else "ok", outcome, answer)
        for q, draws in enumerate(questions)
        for draw, (answer, outcome, value) in enumerate(draws)
    ]
    made = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"value": float})
    return made.assign(domain="math", subject=None, level=None, cluster=cluster)


def simulated(seed, n_questions=60, n_draws=6, told=0.0, skill=0.6, task="sums") -> pd.DataFrame:
    """Right answers share a class, wrong ones have three; right ones get `told` more confidence."""
    rng = np.random.default_rng(seed)
    questions = []
    for ease in rng.beta(skill * 2, 2 * (1 - skill), n_questions):
        right = rng.random(n_draws) < ease
        value = np.clip(0.5 + told * (right - 0.5) + 0.15 * rng.standard_normal(n_draws), 0, 1)
        wrong = rng.integers(1, 4, n_draws)
        questions.append(
            [
                ("right", "correct", c) if r else (f"w{w}", "incorrect", c)
                for r, c, w in zip(right, value, wrong, strict=True)
            ]
        )
    return frame(questions, task)


def numbers(rows, task="sums"):
    return {(m.method, m.subset, m.metric): m for m in rows if m.task == task}


def only(frames, **options):
    rows, _ = votes({"run": frames}, resamples=100, **options)
    return rows["run"]


def test_numbers_by_hand():
    """q0: A A B, A is right. q1: B B (silent), B is wrong. Confidence favours B in q0, 0.9 against 0.1 twice.

    Majority, k = 3: q0 right with 2/3, q1 wrong with 2/3: accuracy 0.5, Brier ((1/3)^2 + (2/3)^2) / 2 = 5/18, and one
    bin with gap 2/3 - 1/2. k = 1: q0 2/3, q1 0. k = 2: q0 {AA, AB, AB}: (1 + 1/2 + 1/2) / 3 = 2/3; q1 0.
    Best of 3 takes B in q0. WQD: q0 has 2 pairs, both lost; q1 none.
    """
    questions = [
        [("A", "correct", 0.1), ("A", "correct", 0.1), ("B", "incorrect", 0.9)],
        [("B", "incorrect", 0.5), ("B", "incorrect", 0.5), (None, "abstained", None)],
    ]
    of = numbers(only(frame(questions)))
    value = {key: m.value for key, m in of.items()}
    assert [value["none", f"k={k}", "majority_accuracy"] for k in (1, 2, 3)] == pytest.approx([1 / 3, 1 / 3, 1 / 2])
    assert value["none", "k=3", "majority_brier"] == pytest.approx(5 / 18)
    assert value["none", "k=3", "majority_ece"] == pytest.approx(1 / 6)
    assert value["none", "k=1", "majority_answered"] == pytest.approx((1 + 2 / 3) / 2)
    assert value["none", "k=3", "oracle_accuracy"] == 0.5
    assert value["p_true", "k=3", "best_accuracy"] == 0
    assert (value["p_true", "all", "wqd"], value["p_true", "all", "wqd_by_question"]) == (0, 0)
    assert value["none", "all", "vote_share"] == pytest.approx(5 / 6)
    assert value["none", "all", "distinct_answers"] == 1.5
    assert of["p_true", "all", "wqd"].n_used == 1


def test_pooled_and_mean_wqd_weigh_questions_differently():
    """q0: 1 right against 3 wrong, all won: 3 of 3. q1: 1 against 1, lost. Pooled 3/4, by question 1/2."""
    questions = [
        [("A", "correct", 0.9), ("B", "incorrect", 0.1), ("B", "incorrect", 0.2), ("C", "incorrect", 0.3)],
        [("A", "correct", 0.1), ("B", "incorrect", 0.9), (None, "unparsed", 0.5), (None, "truncated", None)],
    ]
    of = numbers(only(frame(questions)))
    assert of["p_true", "all", "wqd"].value == 0.75
    assert of["p_true", "all", "wqd_by_question"].value == 0.5


def test_the_scorecard_has_the_same_wqd():
    rows = simulated(10, told=0.4)
    card = {(m.task, m.metric): m.value for m in scorecard(rows, resamples=50).metrics if m.subset == "all"}
    assert card["sums", "wqd"] == pytest.approx(numbers(only(rows))["p_true", "all", "wqd"].value)
    single = scorecard(rows[rows["draw"] == 0], resamples=50).metrics
    (row,) = (m for m in single if (m.task, m.metric) == ("sums", "wqd"))
    assert (row.value, row.reason) == (None, "no question has a correct and an incorrect answer")


def test_questions_with_a_failed_or_missing_draw_do_not_count():
    whole = [("A", "correct", 0.5), ("A", "correct", 0.5)]
    rows = frame([whole, [("A", "correct", 0.5), (None, "failed", None)], whole[:1], whole])
    used = {m.n_used for m in numbers(only(rows)).values() if m.metric == "majority_accuracy"}
    assert used == {2}
    assert {m.n_total for m in only(rows)} == {4}


def test_without_a_whole_question_there_is_nothing_to_measure():
    with pytest.raises(ValueError, match="no question of which every run has all draws"):
        only(frame([[("A", "correct", 0.5), (None, "failed", None)]]))


def test_the_weighted_vote_gains_what_confidence_knows():
    of = numbers(only(simulated(0, told=0.8)))
    gain = of["p_true", "k=6", "weighted_gain"]
    assert gain.value > 0.05
    assert gain.low > 0
    assert of["p_true", "all", "wqd"].value > 0.9
    assert of["p_true", "k=3", "weighted_equals"].value is None or of["p_true", "k=3", "weighted_equals"].value > 3


def test_a_constant_confidence_gains_nothing_and_equals_as_many_draws():
    rows = simulated(1).assign(value=0.5)
    of = numbers(only(rows))
    assert {of["p_true", f"k={k}", "weighted_gain"].value for k in range(1, 7)} == {0}
    assert of["p_true", "all", "weighted_temperature_inverse"].value == 0
    assert of["p_true", "all", "wqd"].value == 0.5
    assert of["p_true", "k=2", "weighted_accuracy"].value == of["none", "k=2", "majority_accuracy"].value


def test_what_is_undefined_is_none_with_a_reason():
    right = [[("A", "correct", 0.5)] * 3] * 5
    of = numbers(only(frame(right)))
    assert of["p_true", "all", "wqd"].value is None
    assert "no question has a right and a wrong answer" in of["p_true", "all", "wqd"].reason
    silent = [[(None, "abstained", None)] * 3] * 5
    of = numbers(only(frame(silent)))
    assert (of["none", "k=2", "majority_accuracy"].value, of["none", "k=2", "majority_ece"].value) == (0, None)
    assert of["none", "k=2", "majority_brier"].reason == "no draw has an answer"


def test_one_cluster_leaves_no_other_questions_to_choose_a_temperature_on():
    of = numbers(only(simulated(2).assign(cluster="same")))
    for part in ("accuracy", "gain", "ece", "brier", "equals"):
        row = of["p_true", "k=3", f"weighted_{part}"]
        assert row.value is None
        assert row.reason
    assert "only one" in of["p_true", "k=3", "weighted_accuracy"].reason
    assert of["none", "k=3", "majority_accuracy"].value is not None


def test_macro_is_the_mean_over_tasks_whatever_their_sizes():
    rows = pd.concat([simulated(3, n_questions=20), simulated(4, n_questions=50, skill=0.3, task="other")])
    found = only(rows)
    one, other, both = numbers(found), numbers(found, "other"), numbers(found, "macro")
    for key in (("none", "k=4", "majority_accuracy"), ("p_true", "k=4", "weighted_brier"), ("p_true", "all", "wqd")):
        assert both[key].value == pytest.approx((one[key].value + other[key].value) / 2)
    assert both["none", "k=6", "majority_accuracy"].n_used == 70


@pytest.mark.parametrize("sizes", [(1, 12), (12, 1)])
def test_the_mean_with_a_task_of_one_question_is_undefined_with_its_reason(sizes):
    tasks = ("sums", "other")
    rows = pd.concat([simulated(3, n_questions=n, task=task) for n, task in zip(sizes, tasks, strict=True)])
    found = only(rows)
    alone, both = numbers(found, tasks[sizes.index(1)]), numbers(found, "macro")
    for part in ("accuracy", "gain", "ece", "brier"):
        key = "p_true", "k=3", f"weighted_{part}"
        assert (alone[key].value, both[key].value, both[key].low) == (None, None, None)
        assert both[key].reason == f"undefined for a task: {alone[key].reason}"
    assert both["none", "k=3", "majority_ece"].value is not None


def test_the_order_of_rows_changes_nothing_and_rows_are_json():
    rows = simulated(5, told=0.3)
    first, second = only(rows), only(rows.sample(frac=1, random_state=1))
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
    assert b"nan" not in msgspec.json.encode(first).lower()
    assert {m.metric for m in first} == set(VOTE_MEASURES)


def test_intervals_hold_their_values_and_widen_with_fewer_questions():
    few, many = (numbers(only(simulated(6, n_questions=n, told=0.3))) for n in (30, 300))
    for of in (few, many):
        assert all(m.low <= m.value <= m.high for m in of.values() if m.low is not None)
    key = ("none", "k=6", "majority_accuracy")
    assert few[key].high - few[key].low > 2 * (many[key].high - many[key].low)


def test_a_better_run_reaches_a_worse_one_with_fewer_draws_and_not_the_other_way_round():
    weak, strong = (simulated(s, 40, 11, told, skill) for s, told, skill in ((7, 0.0, 0.35), (8, 0.9, 0.7)))
    rows, reaches = votes({"weak": weak, "strong": strong}, resamples=50)
    verdicts = {(r.run, r.other): r for r in reaches if r.task == "sums"}
    up, down = verdicts["strong", "weak"], verdicts["weak", "strong"]
    assert (up.verdict, down.verdict) == ("reaches", "falls short")
    assert (up.k, up.other_k, up.n_questions) == (10, 11, 40)
    assert up.difference == pytest.approx(up.value - up.other_value)
    assert up.equals is None
    assert set(rows) == {"weak", "strong"}


def test_a_run_held_against_itself_without_confidence_equals_its_own_draws():
    rows = simulated(9, 20, 4).assign(value=0.5)
    _, (first, *_) = votes({"a": rows, "b": rows}, resamples=50)
    assert (first.k, first.other_k, first.difference, first.low) == (4, 4, 0, None)
    assert first.verdict == "undecided"


def test_several_runs_are_measured_on_the_questions_that_all_have():
    whole = simulated(9, n_questions=20)
    part = whole[whole["question_id"].isin([f"q{i}" for i in range(12)])]
    rows, _ = votes({"whole": whole, "part": part}, resamples=50)
    assert numbers(rows["whole"])["none", "k=3", "majority_accuracy"].n_used == 12
    assert (
        numbers(rows["whole"])["none", "k=3", "majority_accuracy"].value
        == numbers(rows["part"])["none", "k=3", "majority_accuracy"].value
    )


def test_where_all_votes_are_right_or_none_is_the_doubt_of_so_many_questions_is_left():
    """0 of 25: Wilson's upper end is .133, 25 of 25: .867. The vote's share is 1, and so far from the verdicts."""
    for outcome, value, ends in (("correct", 1, (0.867, 1)), ("incorrect", 0, (0, 0.133))):
        of = numbers(votes({"run": frame([[("A", outcome, 0.5)] * 3] * 25)}, resamples=4000)[0]["run"])
        for method, metric in (
            ("none", "majority_accuracy"), ("none", "oracle_accuracy"), ("p_true", "best_accuracy"),
            ("p_true", "weighted_accuracy"),
        ):  # fmt: skip
            m = of[method, "k=3", metric]
            assert (m.value, m.low, m.high) == pytest.approx((value, *ends), abs=0.01), metric
        for metric in ("majority_brier", "majority_ece"):
            m = of["none", "k=3", metric]
            assert (m.value, m.low, m.high) == pytest.approx((1 - value, 1 - ends[1], 1 - ends[0]), abs=0.03), metric


def test_where_confidence_always_tells_right_from_wrong_the_doubt_of_so_many_questions_is_left():
    told = [[("A", "correct", 0.9), ("B", "incorrect", 0.1)]] * 25
    m = numbers(votes({"run": frame(told)}, resamples=4000)[0]["run"])["p_true", "all", "wqd"]
    assert (m.value, m.low, m.high) == (1, pytest.approx(0.867, abs=0.01), 1)
