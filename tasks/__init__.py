"""What is asked, and when an answer is right."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path

from harness.errors import unknown_name
from tasks.base import Task

_HERE = Path(__file__).parent
_NOT_TASKS = {"base", "data"}

SOURCES: dict[str, Callable[[str], Task]] = {}
"""prefix -> loads the task `PREFIX:NAME` given NAME; for tasks that are not files of this folder."""


def names() -> list[str]:
    """Names of all tasks, found by file name; no task is imported."""
    plain = [m.name for m in pkgutil.iter_modules([str(_HERE)]) if not m.ispkg and m.name not in _NOT_TASKS]
    micro = [f"micro_{m.name}" for m in pkgutil.iter_modules([str(_HERE / "micro")]) if m.name not in {"world"}]
    return sorted(plain) + sorted(micro)


def load(name: str) -> Task:
    """The task of that name.

    Raises:
        InputError: unknown name; the message gives the nearest names.
    """
    prefix, colon, inner = name.partition(":")
    if colon and prefix in SOURCES:
        return SOURCES[prefix](inner)
    known = names()
    if name not in known:
        raise unknown_name("task", name, [*known, "micro"])
    folder, _, file = name.partition("_") if name.startswith("micro_") else ("", "", name)
    return importlib.import_module(f"tasks.{folder + '.' if folder else ''}{file}").TASK


def expand(names_or_groups: list[str]) -> list[str]:
    """Replaces the group `micro` by its tasks and drops repetitions, keeping the order."""
    out: list[str] = []
    for name in names_or_groups:
        out += [n for n in names() if n.startswith("micro_")] if name == "micro" else [name]
    return list(dict.fromkeys(out))
