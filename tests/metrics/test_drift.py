"""The drift test by hand, as a supermartingale, and its alarms, by simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from promises import alarms

from calibench.metrics.drift import ODDS, capital


def test_hand_value():
    """One wrong answer at a target of 0.9: what is at work grows by (1 - p) / 0.1, p the chance bet on."""
    started = 1 - 1 / np.log(1 + np.e)
    growth = np.mean([odds * 0.1 / (0.9 + odds * 0.1) / 0.1 for odds in ODDS])
    assert capital([False], 0.9)[0] == pytest.approx(started * growth + 1 - started)


@pytest.mark.parametrize("target", [0.5, 0.8, 0.95])
def test_no_strategy_makes_money_while_the_target_holds(target):
    """The mean over all streams of eight labels is exactly 1 at the target, and less above it."""
    streams = [np.array(each) for each in product([False, True], repeat=8)]
    at = [target ** each.sum() * (1 - target) ** (~each).sum() for each in streams]
    above = [(target + 0.04) ** each.sum() * (0.96 - target) ** (~each).sum() for each in streams]
    ends = np.array([capital(each, target)[-1] for each in streams])
    assert ends @ at == pytest.approx(1)
    assert ends @ above < 1


def test_a_longer_stream_begins_as_a_shorter_one():
    labels = np.random.default_rng(0).random(300) < 0.9
    assert capital(labels, 0.95)[:100] == pytest.approx(capital(labels[:100], 0.95))
    assert len(capital([], 0.95)) == 0


def test_a_long_bad_stream_does_not_overflow():
    assert np.isfinite(capital(np.zeros(5000, dtype=bool), 0.99)).all()


def test_alarms():
    """At the full size, 2,000 streams: docs/decide.md."""
    rng = np.random.default_rng(0)
    assert alarms(0.95, 400, 0.95, 0, 200, rng) <= 0.05
    assert alarms(0.95, 0, 0.85, 300, 50, rng) >= 0.9
    assert alarms(0.95, 300, 0.85, 300, 50, rng) >= 0.9
