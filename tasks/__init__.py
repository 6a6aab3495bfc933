"""What is asked, and when an answer is right."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from calibench import registry
from calibench.errors import InputError, PluginError
from calibench.records import Question
from calibench.tasks.base import Task

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_GROUP = "calibench.tasks"
_HERE = Path(__file__).parent
_NOT_TASKS = {"base", "data", "generated", "packed", "table"}
_RESERVED = {"file", "lm_eval", "micro", "puzzles", "puzzles_compact", "macro"}
"""Names that stand for a source of tasks, a group of them, or the mean over them."""
_NAME = re.compile(r"[^\s:,][^:,]*")


def _load_file(reference: str) -> Task:
    """The task of a user's file; `load` knows it by its short name from then on, here and in worker processes."""
    user = importlib.import_module("calibench.tasks.user")
    task = user.load(reference)
    if task.name in names() or task.name in _RESERVED or not _NAME.fullmatch(task.name):
        raise InputError(f"{reference}: a task cannot be called {task.name!r}: taken, or no name; rename the file")
    SOURCES[task.name] = functools.partial(_reload_file, reference)
    return task


def _reload_file(reference: str, _nothing: str) -> Task:
    return _load_file(reference)


SOURCES: dict[str, Callable[[str], Task]] = {"file": _load_file}
"""prefix -> loads the task `PREFIX:NAME` given NAME; for tasks that are not files of this folder. The short name of a
user's file is a prefix without a NAME."""


_OPENED: set[str] = set()
"""Names of tasks of `SOURCES` that `load` has loaded."""


def load_stored(name: str) -> Task:
    """The task that a run file names.

    A stranger may have written the name, so that it opens no file, which might be executed. The user's own file is
    known by its short name, and a configuration of lm-eval by its path, once a command has named it.

    Raises:
        InputError: as `load`, or the name is that of a file.
        PluginError: as `load`.
    """
    prefix, _, inner = name.partition(":")
    if prefix == "file" or (prefix in SOURCES and inner.partition(":")[0].endswith(".yaml") and name not in _OPENED):
        raise InputError(f"task {name!r} of a run file: expected a name, found a file, which only a command may name")
    return load(name)


def names() -> list[str]:
    """Names of all tasks, those of installed packages last; no task is imported."""
    own = _own_names()
    return own + sorted(registry.added(_GROUP).keys() - set(own))


def bundled(name: str) -> bool:
    """Whether it is one of this project's own tasks, whose graders its tests hold to every protocol."""
    return name.partition(":")[0] in _own_names()


def _own_names() -> list[str]:
    """Those found by file name."""
    plain = [m.name for m in pkgutil.iter_modules([str(_HERE)]) if not m.ispkg and m.name not in _NOT_TASKS]
    return sorted(plain) + _micro_names()


def _micro_names() -> list[str]:
    return sorted(f"micro_{m.name}" for m in pkgutil.iter_modules([str(_HERE / "micro")]) if m.name not in {"world"})


def load(name: str) -> Task:
    """The task of that name; `NAME:LEVEL` is one level of it.

    Raises:
        InputError: unknown name; the message gives the nearest names. Or a level that the task does not have.
        PluginError: a user's or another package's, and not to be had.
    """
    prefix, colon, inner = name.partition(":")
    if prefix in SOURCES and (colon or prefix not in _RESERVED):
        task = SOURCES[prefix](inner)
        _OPENED.add(name)
        return task
    if colon and prefix in names():
        return at_level(load(prefix), inner)
    entry = registry.entry_of("task", _GROUP, name, _own_names(), groups=tuple(_groups()))
    if entry is not None:
        return _named(registry.load_entry("task", entry, Task), entry)
    folder, _, file = name.partition("_") if name.startswith("micro_") else ("", "", name)
    return importlib.import_module(f"calibench.tasks.{folder + '.' if folder else ''}{file}").TASK


def _named(task: Task, entry: EntryPoint) -> Task:
    """The task of a package, which must have the name of its entry point: worker processes load it by that."""
    if task.name != entry.name or task.name in _RESERVED or not _NAME.fullmatch(task.name):
        raise PluginError(
            f"task {entry.name} ({entry.value}): its name is {task.name!r}, and its entry point's {entry.name!r}\n"
            f"A task has one name, with no colon or comma in it and none of {', '.join(sorted(_RESERVED))}"
        )
    return task


def at_level(task: Task, level: str) -> Task:
    """The questions of a task that have one level, as a task of its own.

    Raises:
        InputError: it has no levels, or not this one.
    """
    if not task.levels:
        raise InputError(f"task {task.name}:{level}: {task.name} has no levels")
    if level not in map(str, task.levels):
        low, high = min(task.levels), max(task.levels)
        raise InputError(f"task {task.name}:{level}: expected a level from {low} to {high} behind the colon")
    name = f"{task.name}:{level}"

    def to_question(row: dict, place: str) -> Question | None:
        question = task.to_question(row, place)
        return structs.replace(question, task=name) if question and question.level == int(level) else None

    training = at_level(task.training, level)._replace(name=name) if task.training else None
    return task._replace(name=name, to_question=to_question, levels=(int(level),), training=training)


def expand(names_or_groups: list[str]) -> list[str]:
    """Replaces each group by its tasks and drops repetitions, keeping the order."""
    groups = _groups()
    return list(dict.fromkeys(task for name in names_or_groups for task in groups.get(name, [name])))


def _groups() -> dict[str, list[str]]:
    """Groups of tasks, by the name that stands for all of them."""
    families = ("deduction", "induction", "abduction")
    compact = [f"{family}_compact" for family in families]
    return {"micro": _micro_names(), "puzzles": list(families), "puzzles_compact": compact}
