"""What is asked, and when an answer is right."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path

from calibench.errors import InputError, unknown_name
from calibench.tasks.base import Task

_HERE = Path(__file__).parent
_NOT_TASKS = {"base", "data", "table"}
_RESERVED = {"file", "lm_eval", "micro", "macro"}
"""Names that stand for a source of tasks, a group of them, or the mean over them."""


def _load_file(reference: str) -> Task:
    """The task of a user's file; `load` knows it by its short name from then on, here and in worker processes."""
    user = importlib.import_module("calibench.tasks.user")
    task = user.load(reference)
    if task.name in names() or task.name in _RESERVED or not re.fullmatch(r"[^\s:,][^:,]*", task.name):
        raise InputError(f"{reference}: a task cannot be called {task.name!r}: taken, or no name; rename the file")
    SOURCES[task.name] = functools.partial(_reload_file, reference)
    return task


def _reload_file(reference: str, _nothing: str) -> Task:
    return _load_file(reference)


SOURCES: dict[str, Callable[[str], Task]] = {"file": _load_file}
"""prefix -> loads the task `PREFIX:NAME` given NAME; for tasks that are not files of this folder. The short name of a
user's file is a prefix without a NAME."""


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
    if prefix in SOURCES and (colon or prefix not in _RESERVED):
        return SOURCES[prefix](inner)
    known = names()
    if name not in known:
        raise unknown_name("task", name, [*known, "micro"])
    folder, _, file = name.partition("_") if name.startswith("micro_") else ("", "", name)
    return importlib.import_module(f"calibench.tasks.{folder + '.' if folder else ''}{file}").TASK


def expand(names_or_groups: list[str]) -> list[str]:
    """Replaces the group `micro` by its tasks and drops repetitions, keeping the order."""
    out: list[str] = []
    for name in names_or_groups:
        out += [n for n in names() if n.startswith("micro_")] if name == "micro" else [name]
    return list(dict.fromkeys(out))
