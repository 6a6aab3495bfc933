"""Rewards: what they value, and that an honest confidence pays best."""

from __future__ import annotations

from typing import get_args

import pytest

from calibench.errors import InputError
from calibench.finetune import rewards
from calibench.finetune.rewards import FORMAT_SHARE, Judged
from calibench.records import Outcome

GRID = [k / 100 for k in range(101)]
OUTCOMES = get_args(Outcome)
REPLIES = [Judged(o, q, asked) for o in OUTCOMES for asked in (True, False) for q in (None, 0.0, 0.37, 1.0)]
BRIER = ("rlcr", "rlcr_code")


def expected(name: str, p: float, q: float) -> float:
    """Reward of stating q where answers are right with probability p."""
    reward = rewards.reward(name)
    return p * reward(Judged("correct", q, True)) + (1 - p) * reward(Judged("incorrect", q, True))


@pytest.mark.parametrize("name", BRIER)
@pytest.mark.parametrize("p", GRID)
def test_the_honest_confidence_earns_the_most(name, p):
    best = max(GRID, key=lambda q: expected(name, p, q))
    assert best == p
    assert all(expected(name, p, q) < expected(name, p, p) for q in GRID if q != p)


@pytest.mark.parametrize("name", BRIER)
def test_at_honest_confidences_more_accuracy_earns_more(name):
    honest = [expected(name, p, p) for p in GRID]
    assert honest == sorted(honest)
    assert honest[0] < honest[-1]


@pytest.mark.parametrize("q", [0.0, 0.25, 0.5, 1.0])
def test_the_published_formula(q):
    # Damani et al. 2025, R = 1[correct] - (q - 1[correct])^2
    assert rewards.rlcr(Judged("correct", q, True)) == pytest.approx(1 - (q - 1) ** 2)
    assert rewards.rlcr(Judged("incorrect", q, True)) == pytest.approx(0 - q**2)


def test_the_published_code():
    # 0.5 format + 0.5 accuracy + 0.5 (1 - (q - accuracy)^2)
    assert rewards.rlcr_code(Judged("correct", 0.8, True)) == pytest.approx(0.5 + 0.5 + 0.5 * (1 - 0.04))
    assert rewards.rlcr_code(Judged("incorrect", 0.8, True)) == pytest.approx(0.5 + 0.0 + 0.5 * (1 - 0.64))
    assert rewards.rlcr_code(Judged("correct", None, True)) == 0


def test_the_outcome_reward_is_blind_to_the_confidence():
    for outcome in ("correct", "incorrect"):
        assert len({rewards.outcome(Judged(outcome, q, True)) for q in GRID}) == 1
    assert rewards.outcome(Judged("correct", 0.3, True)) == 1
    assert rewards.outcome(Judged("incorrect", 0.3, True)) == FORMAT_SHARE
    assert rewards.outcome(Judged("correct", None, True)) == pytest.approx(1 - FORMAT_SHARE)
    assert rewards.outcome(Judged("correct", None, False)) == 1


@pytest.mark.parametrize("name", rewards.REWARDS)
@pytest.mark.parametrize("reply", REPLIES, ids=str)
def test_every_reply_that_was_graded_has_a_finite_reward(name, reply):
    value = rewards.reward(name)(reply)
    assert (value is None) == (reply.outcome == "failed")
    assert value is None or -1 <= value <= 1.5


@pytest.mark.parametrize("name", rewards.REWARDS)
def test_no_malformed_reply_beats_a_well_formed_one_that_is_as_right(name):
    reward = rewards.reward(name)
    worst = min(reward(Judged(o, q, True)) for o in ("incorrect", "abstained") for q in GRID)
    for outcome in ("unparsed", "truncated"):
        assert all(reward(Judged(outcome, q, True)) <= worst for q in (None, *GRID))
    assert reward(Judged("incorrect", None, True)) <= worst
    assert reward(Judged("correct", None, True)) <= min(reward(Judged("correct", q, True)) for q in GRID)


def test_an_unknown_reward_names_the_known_ones():
    with pytest.raises(InputError, match="rlcr_code"):
        rewards.reward("rlrc")


def test_a_reward_that_is_named_by_its_place_is_found_or_refused():
    assert rewards.reward(f"{__name__}:OWN") is OWN
    for name, told in ((f"{__name__}:NONE", "expected MODULE:NAME"), ("no.such:X", "expected MODULE:NAME"),
                       (f"{__name__}:GRID", "expected a .*Reward, found list")):  # fmt: skip
        with pytest.raises(InputError, match=told):
            rewards.reward(name)


OWN = rewards.Reward(lambda reply: 1.0, graded=False)
