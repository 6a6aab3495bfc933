"""Induction: the next number of a sequence whose steps repeat; see `calibench.tasks.puzzles`."""

from __future__ import annotations

from calibench.tasks import puzzles

TASK = puzzles.task("induction", "long")
