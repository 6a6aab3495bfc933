"""Abduction: the goal that rules reach from what is known; see `calibench.tasks.puzzles`."""

from __future__ import annotations

from calibench.tasks import puzzles

TASK = puzzles.task("abduction", "long")
