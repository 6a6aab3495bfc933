"""Numbers by thinking budget: the scorecard's own of each budget, and differences that compare finds between runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibench.metrics.compare import compare
from calibench.metrics.scorecard import scorecard
from calibench.metrics.thinking import thinking


def rows(protocol: str, right: float, tokens: int, cut: bool, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = 60
    correct = rng.random(n) < right
    return pd.DataFrame({
        "task": ["a", "b"] * (n // 2), "protocol": protocol, "question_id": [f"q{i // 2}" for i in range(n)], "draw": 0,
        "method": "asked", "value": rng.integers(1, 11, n) / 10, "status": "ok",
        "outcome": np.where(correct, "correct", "incorrect"), "domain": "math", "subject": None, "level": None,
        "cluster": None, "reasoning_tokens": float(tokens), "answer_tokens": 5.0, "latency": 0.1 if cut else np.nan,
    })  # fmt: skip


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.concat(
        [
            rows("plain", 0.8, 100, False, 0), rows("plain@64", 0.6, 64, True, 1), rows("plain@8", 0.3, 8, True, 2),
            rows("plain@25%", 0.4, 25, True, 3), rows("target_0.5", 0.5, 9, False, 4),
        ],
        ignore_index=True,
    )  # fmt: skip


def test_points_are_in_order_with_the_scorecards_numbers_and_the_differences_of_compare(frame):
    curves = thinking(frame, resamples=100)
    assert [(c.task, c.protocol, c.method) for c in curves] == [
        ("a", "plain", "asked"), ("b", "plain", "asked"), ("macro", "plain", "asked")
    ]  # fmt: skip
    of_a = curves[0].points
    assert [p.budget for p in of_a] == ["8", "64", "25%", "all"]
    assert [p.tokens for p in of_a] == [13, 69, 30, 105]
    assert [p.cut for p in of_a] == [1, 1, 1, 0]
    for point in of_a:
        of_budget = frame[(frame.protocol == point.protocol) & (frame.task == "a")]
        whole = {m.metric: m.value for m in scorecard(of_budget, resamples=0).metrics if m.task == "a"}
        assert {m.metric: m.value for m in point.metrics} == {m.metric: whole[m.metric] for m in point.metrics}
        assert {m.protocol for m in point.metrics} == {point.protocol}
    frames = {
        budget: frame[frame.protocol == f"plain{at}"].assign(protocol="plain")
        for budget, at in (("all", ""), ("8", "@8"), ("64", "@64"), ("25%", "@25%"))
    }
    pairs = [("all", budget) for budget in ("8", "64", "25%")]
    metrics = ("accuracy", "mean_confidence", "ece", "brier", "auroc")
    expected = compare(frames, pairs, metrics=metrics, resamples=100)
    assert [d for p in of_a for d in p.differences] == [d for d in expected if d.task == "a"]
    right = [float(frames[budget].query("task == 'a'")["outcome"].eq("correct").mean()) for budget in ("all", "8")]
    accuracy = next(d for d in of_a[0].differences if d.metric == "accuracy")
    assert accuracy.difference == pytest.approx(right[1] - right[0])


def test_the_mean_over_tasks_has_the_mean_of_their_tokens_and_one_task_has_no_mean(frame):
    *_, macro = thinking(frame, resamples=50)
    assert [p.tokens for p in macro.points] == [13, 69, 30, 105]
    assert [c.task for c in thinking(frame[frame.task == "a"], resamples=50)] == ["a"]
    assert thinking(frame[frame.protocol == "plain"]) == ()
    assert thinking(frame[frame.protocol != "plain"]) == ()


def test_answers_that_are_not_complete_are_told_apart_from_reasonings_that_are_cut(frame):
    cut_off = frame.copy()
    cut_off.loc[(cut_off.protocol == "plain@8") & (cut_off.task == "a") & (cut_off.index % 4 == 0), "outcome"] = (
        "truncated"
    )
    cut_off.loc[(cut_off.protocol == "plain") & (cut_off.task == "b"), "outcome"] = "truncated"
    of_a, of_b, macro = (curve.points for curve in thinking(cut_off, resamples=20))
    assert [(p.cut, p.truncated) for p in of_a] == [(1, 0.5), (1, 0), (1, 0), (0, 0)]
    assert [(p.cut, p.truncated) for p in of_b] == [(1, 0), (1, 0), (1, 0), (1, 1)]
    assert [p.truncated for p in macro] == [0.25, 0, 0, 0.5]
