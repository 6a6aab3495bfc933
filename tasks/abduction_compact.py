"""Abduction in the compact notation; see `calibench.tasks.puzzles`."""

from __future__ import annotations

from calibench.tasks import puzzles

TASK = puzzles.task("abduction", "compact")
