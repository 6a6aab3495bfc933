"""Saying and doing under confidence targets: every number against a plain loop over the generations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibench.metrics.targets import best_threshold, targets, utilities

OUTCOMES = ["correct", "incorrect", "abstained", "unparsed", "truncated", "failed"]
TARGETS = (0.5, 0.75, 0.9)


def rows(rng, protocol: str, method: str, questions: int, draws: int) -> list[dict]:
    return [
        {
            "task": "t", "protocol": protocol, "question_id": f"q{q}", "draw": k, "method": method, "domain": "math",
            "value": round(float(rng.random()), 1) if method != "none" and rng.random() < 0.9 else None,
            "outcome": str(rng.choice(OUTCOMES, p=[0.4, 0.25, 0.2, 0.05, 0.05, 0.05])), "subject": None, "level": None,
            "cluster": f"q{q}",
        }
        for q in range(questions)
        for k in range(draws)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    made = rows(rng, "plain", "asked", 40, 2)
    for t in TARGETS:
        made += rows(rng, f"target_{t}", "none", 40, 2)
    found = pd.DataFrame(made)
    found["value"] = found["value"].astype(float)
    return found.assign(status=np.where(found["value"].notna(), "ok", "missing"))


def earned(outcome: str, given: bool, t: float) -> float:
    if not given:
        return 0.0
    return {"correct": 1.0, "incorrect": -t / (1 - t)}.get(outcome, 0.0)


def pairs(frame, t):
    """(doing, saying) of each draw that failed in neither."""
    said = {(r.question_id, r.draw): r for r in frame[frame.protocol == "plain"].itertuples()}
    for does in frame[frame.protocol == f"target_{t}"].itertuples():
        says = said[does.question_id, does.draw]
        if "failed" not in (does.outcome, says.outcome):
            yield does, says


def test_all_numbers_are_those_of_a_plain_loop(frame):
    for t, found in zip(TARGETS, targets(frame, resamples=50), strict=True):
        n = answered = right = agree = compared = unsure = declined = 0
        utility = by_confidence = 0.0
        for does, says in pairs(frame, t):
            given = does.outcome in ("correct", "incorrect")
            sure = says.value > t  # nan is not
            n, answered, right = n + 1, answered + given, right + (does.outcome == "correct")
            utility += earned(does.outcome, given, t)
            by_confidence += earned(says.outcome, sure, t)
            if (given or does.outcome == "abstained") and says.status == "ok":
                compared += 1
                agree += given == sure
                unsure += given and not sure
                declined += sure and not given
        assert found.target == t
        assert (found.n, found.n_agreement, found.answers_unsure, found.declines_sure) == (
            n,
            compared,
            unsure,
            declined,
        )
        for value, expected in (
            (found.answered, answered / n), (found.accuracy, right / answered), (found.utility, utility / n),
            (found.utility_by_confidence, by_confidence / n), (found.difference, (utility - by_confidence) / n),
            (found.agreement, agree / compared),
        ):  # fmt: skip
            assert abs(value.value - expected) < 1e-12
            assert value.low <= value.value <= value.high


def test_the_best_threshold_is_that_of_a_search_over_all(frame):
    for t, found in zip(TARGETS, targets(frame, resamples=10), strict=True):
        says = [says for _, says in pairs(frame, t)]
        every = {None: sum(earned(s.outcome, True, t) for s in says) / len(says)}
        for threshold in sorted({s.value for s in says if s.status == "ok"}):
            every[threshold] = sum(earned(s.outcome, s.value > threshold, t) for s in says) / len(says)
        assert abs(found.best_utility - max(every.values())) < 1e-12
        assert abs(every[found.best_threshold] - found.best_utility) < 1e-12
        given = [s for s in says if found.best_threshold is None or s.value > found.best_threshold]
        assert found.best_answered == sum(s.outcome in ("correct", "incorrect") for s in given) / len(says)


def test_utilities_by_hand():
    outcome = np.array(["correct", "incorrect", "abstained", "incorrect"], dtype=object)
    given = np.array([True, True, True, False])
    assert utilities(outcome, given, 0.75).tolist() == [1, -3, 0, 0]
    assert best_threshold(np.array([0.9, 0.2, np.nan, 0.2]), np.array([1.0, -3.0, 0.0, -3.0])) == (0.25, 0.2)
    assert best_threshold(np.array([0.9, np.nan]), np.array([1.0, 1.0])) == (1.0, None)


def test_a_model_that_does_what_it_says_agrees_always_and_earns_what_its_confidences_do(frame):
    plain = frame[(frame.protocol == "plain") & frame.outcome.isin(["correct", "incorrect"]) & (frame.status == "ok")]
    told = plain.assign(
        protocol="target_0.5", method="none", value=np.nan, status="missing",
        outcome=np.where(plain.value > 0.5, plain.outcome, "abstained"),
    )  # fmt: skip
    (found,) = targets(pd.concat([plain, told]), resamples=10)
    assert found.agreement.value == 1
    assert found.difference.value == 0
    assert found.utility.value <= found.best_utility


def test_runs_without_targets_have_none(frame):
    assert targets(frame[frame.protocol == "plain"]) == ()
    assert targets(frame[frame.protocol != "plain"]) == ()


def test_the_mean_over_tasks_weighs_each_task_alike(frame):
    other = frame[frame.question_id.isin([f"q{i}" for i in range(15)])].assign(task="u")
    found = targets(pd.concat([frame, other]), resamples=200)
    of = {(f.task, f.target): f for f in found}
    assert [f.task for f in found[-3:]] == ["macro"] * 3
    for t in TARGETS:
        mean, tasks = of["macro", t], [of["t", t], of["u", t]]
        for name in ("answered", "accuracy", "utility", "utility_by_confidence", "difference", "agreement"):
            value = getattr(mean, name)
            assert value.value == pytest.approx(sum(getattr(f, name).value for f in tasks) / 2), name
            assert value.low < value.value < value.high
            assert value.high - value.low < getattr(of["u", t], name).high - getattr(of["u", t], name).low
        assert mean.best_utility == pytest.approx(sum(f.best_utility for f in tasks) / 2)
        assert (mean.n, mean.answers_unsure) == (sum(f.n for f in tasks), sum(f.answers_unsure for f in tasks))
