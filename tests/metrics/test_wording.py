"""What the wording of the question makes of confidences: variances against plain loops and known ones, and numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibench.metrics.scorecard import scorecard
from calibench.metrics.wording import SHOWN, variances, wordings

TRUTH = {"question": 0.03, "draw": 0.01, "wording": 0.02, "question and wording": 0.015, "rest": 0.005}
COUNTS = [1, 4, 2, 3, 3, 1, 2, 4] * 5
"""Draws of each question."""


def simulated(rng, counts, w: int, truth=TRUTH):
    """Confidences [N, W] that are sums of normal effects of known variances, and the question of each row."""
    question = np.repeat(np.arange(len(counts)), counts)
    effect = {source: np.sqrt(variance) for source, variance in truth.items()}
    table = (
        0.5
        + effect["question"] * rng.standard_normal((len(counts), 1))[question]
        + effect["draw"] * rng.standard_normal((len(question), 1))
        + effect["wording"] * rng.standard_normal((1, w))
        + effect["question and wording"] * rng.standard_normal((len(counts), w))[question]
        + effect["rest"] * rng.standard_normal((len(question), w))
    )
    return table, question


def mean_squares_by_loops(table, question):
    """Sums of squared deviations from means, one cell at a time, over their degrees of freedom."""
    n, w = table.shape
    questions = sorted(set(question))
    grand = table.mean()
    total = dict.fromkeys(TRUTH, 0.0)
    for k in range(n):
        of = table[question == question[k]]
        for j in range(w):
            total["question"] += (of.mean() - grand) ** 2
            total["draw"] += (table[k].mean() - of.mean()) ** 2
            total["wording"] += (table[:, j].mean() - grand) ** 2
            total["question and wording"] += (of[:, j].mean() - of.mean() - table[:, j].mean() + grand) ** 2
            total["rest"] += (table[k, j] - table[k].mean() - of[:, j].mean() + of.mean()) ** 2
    q = len(questions)
    freedom = {"question": q - 1, "draw": n - q, "wording": w - 1, "question and wording": (q - 1) * (w - 1),
               "rest": (n - q) * (w - 1)}  # fmt: skip
    return {source: total[source] / freedom[source] for source in TRUTH if freedom[source]}


def test_the_variances_solve_the_expected_mean_squares():
    table, question = simulated(np.random.default_rng(1), COUNTS, 8)
    ms, found = mean_squares_by_loops(table, question), variances(table, question)
    assert all(found.values())
    n, w, q = len(question), 8, len(COUNTS)
    n1 = sum(count**2 for count in COUNTS) / n
    n0 = (n - n1) / (q - 1)
    d, b, both, rest = (found[s] for s in ("draw", "wording", "question and wording", "rest"))
    assert ms["rest"] == pytest.approx(rest, abs=1e-12)
    assert ms["draw"] == pytest.approx(rest + w * d, abs=1e-12)
    assert ms["question and wording"] == pytest.approx(rest + n0 * both, abs=1e-12)
    assert ms["wording"] == pytest.approx(rest + n1 * both + n * b, abs=1e-12)
    assert ms["question"] == pytest.approx(rest + n0 * both + w * d + n0 * w * found["question"], abs=1e-12)


def test_with_one_draw_per_question_the_draw_is_in_the_question():
    table, question = simulated(np.random.default_rng(2), [1] * 30, 5)
    ms, found = mean_squares_by_loops(table, question), variances(table, question)
    assert set(found) == {"question", "wording", "rest"}
    both = ms["question and wording"]
    assert found["rest"] == pytest.approx(both, abs=1e-12)
    assert found["question"] == pytest.approx((ms["question"] - both) / 5, abs=1e-12)
    assert found["wording"] == pytest.approx((ms["wording"] - both) / 30, abs=1e-12)


def test_known_variances_are_found_on_average():
    rng = np.random.default_rng(3)
    found = [variances(*simulated(rng, COUNTS, 8)) for _ in range(600)]
    for source, truth in TRUTH.items():
        values = np.array([one[source] for one in found])
        assert abs(values.mean() - truth) < 3.5 * values.std() / np.sqrt(len(values)), source


def frame_of(table, question, right):
    rows = [
        {
            "task": "t", "protocol": "plain", "question_id": f"q{question[k]:03}", "draw": k, "value": table[k, j],
            "method": f"asked#{j + 1}" if j else "asked", "status": "ok", "domain": "math", "subject": None,
            "level": None, "cluster": f"q{question[k]:03}", "outcome": "correct" if right[k] else "incorrect",
        }
        for k in range(len(table))
        for j in range(table.shape[1])
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(4)
    table, question = simulated(rng, [3] * 60, 4)
    return frame_of(np.clip(table, 0, 1), question, rng.random(len(table)) < 0.5)


def test_the_first_wording_has_the_numbers_of_the_scorecard(frame):
    (found,) = wordings(frame, resamples=200)
    card = scorecard(frame[frame.method == "asked"], resamples=200)
    expected = {m.metric: m for m in card.metrics if m.task == "t"}
    assert found.wordings[0].metrics == tuple(expected[name] for name in SHOWN)
    assert [wording.number for wording in found.wordings] == [1, 2, 3, 4]
    assert found.wordings[1].metrics[0].value == pytest.approx(frame[frame.method == "asked#2"].value.mean())


def test_shares_add_up_and_have_intervals(frame):
    (found,) = wordings(frame, resamples=200)
    assert (found.n_questions, found.n_answers, found.reason) == (60, 180, None)
    assert sum(part.share for part in found.variances) == pytest.approx(1)
    for part in found.variances:
        assert part.low <= part.share <= part.high, part


def test_answers_without_a_confidence_in_every_wording_are_left_out(frame):
    lacking = frame.assign(status=np.where((frame.method == "asked#3") & (frame.draw < 30), "missing", "ok"))
    (found,) = wordings(lacking, resamples=20)
    assert (found.n_questions, found.n_answers) == (50, 150)


def test_confidences_that_are_all_equal_have_no_shares(frame):
    (found,) = wordings(frame.assign(value=0.7), resamples=10)
    assert (found.variances, found.reason) == ((), "all confidences are equal")
    (found,) = wordings(frame[frame.question_id == "q000"], resamples=10)
    assert found.reason.startswith("fewer than two questions")


def test_methods_in_one_wording_are_not_there(frame):
    assert wordings(frame[frame.method == "asked"], resamples=20) == ()


def test_the_first_wording_of_the_mean_over_tasks_has_the_numbers_of_the_scorecard(frame):
    both = pd.concat([frame, frame[frame.draw < 60].assign(task="u")])
    *of_tasks, mean = wordings(both, resamples=200)
    assert [found.task for found in of_tasks] == ["t", "u"]
    card = scorecard(both[both.method == "asked"], resamples=200)
    expected = {m.metric: m for m in card.metrics if m.task == "macro" and m.subset == "all"}
    assert mean.wordings[0].metrics == tuple(expected[name] for name in SHOWN)
    assert (mean.task, mean.variances, mean.n_answers) == ("macro", (), sum(found.n_answers for found in of_tasks))
