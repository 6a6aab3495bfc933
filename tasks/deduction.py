"""Deduction: the values of variables that make all formulas true; see `calibench.tasks.puzzles`."""

from __future__ import annotations

from calibench.tasks import puzzles

TASK = puzzles.task("deduction", "long")
