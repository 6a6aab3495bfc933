"""Puzzles are made as fast as a training run asks for them."""

from __future__ import annotations

import time

import pytest

from calibench.tasks.puzzles import FAMILIES
from calibench.tasks.puzzles.draws import Choices
from calibench.tasks.puzzles.solvers import SOLVERS

pytestmark = pytest.mark.bench


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_thousand_puzzles_a_second_are_drawn_and_solved(family, level):
    draws, made = Choices("speed"), 0
    start = time.process_time()
    while made < 2000:
        if puzzle := FAMILIES[family].draw(draws, level):
            assert SOLVERS[family](puzzle.text("compact")) == puzzle.answer
            made += 1
    rate = made / (time.process_time() - start)
    print(f"{family}, level {level}: {rate:,.0f} puzzles per second of CPU time")
    assert rate >= 1000
