"""Accuracy by token budget, against a count by hand."""

import pandas as pd
import pytest

from calibench.metrics.budget import by_budget


def rows(lengths, outcomes, questions=None):
    n = len(lengths)
    return pd.DataFrame({
        "outcome": outcomes, "cluster": questions or [f"q{i}" for i in range(n)],
        "question_id": questions or [f"q{i}" for i in range(n)], "reasoning_tokens": [float("nan")] * n,
        "answer_tokens": [float(length) for length in lengths],
    })  # fmt: skip


def test_a_generation_that_needs_more_than_the_budget_counts_as_not_right():
    """By hand: at 10 tokens one of four is right, at 20 two, at 30 two (the third is wrong), at 40 two (truncated)."""
    points = by_budget(rows([10, 20, 30, 40], ["correct", "correct", "incorrect", "truncated"]))
    at = {point.tokens: (point.finished, point.accuracy) for point in points}
    assert at[10] == (0.25, 0.25)
    assert at[20] == (0.5, 0.5)
    assert at[40] == (0.75, 0.5)
    assert [point.tokens for point in points] == sorted(at)
    assert {point.n for point in points} == {4}


def test_a_failed_generation_and_one_of_unknown_length_are_left_out():
    found = by_budget(rows([10, 20, float("nan")], ["correct", "failed", "correct"]))
    assert [(p.tokens, p.accuracy, p.n) for p in found] == [(10, 1.0, 1)]
    assert by_budget(rows([float("nan")], ["correct"])) == ()


def test_the_interval_is_over_questions():
    """Eight draws of one question say no more than one: with ten equal draws each, the interval is that of the ten."""
    lengths, outcomes = [5] * 20, ["correct"] * 10 + ["incorrect"] * 10
    (single,) = by_budget(rows(lengths, outcomes))
    questions = [f"q{i}" for i in range(20) for _ in range(10)]
    (tenfold,) = by_budget(rows(lengths * 10, [o for o in outcomes for _ in range(10)], questions))
    assert (tenfold.low, tenfold.high) == pytest.approx((single.low, single.high))
