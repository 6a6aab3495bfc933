"""The places that a command is to write to, looked at before any work."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from calibench.errors import InputError, StorageError
from calibench.store import RunFile
from calibench.store.files import FILE_NAME, is_database

_WRITTEN = {
    "apply": ("out",),
    "export": ("out",),
    "labels": ("out",),
    "plot": ("out", "data"),
    "recalibrate": ("save",),
    "threshold": ("out",),
}
"""Which arguments of a command name a file to write. The `out` of all others is a folder."""
_READ = ("file", "fit", "labelled", "maps", "of", "policy", "run", "runs", "shards")


def check_places(command: str, given: Mapping[str, Any]) -> None:
    """Refuses a place where nothing can be written, or where something would be lost.

    Args:
        command: such as `threshold`.
        given: its arguments, by name; None is one that was not given.

    Raises:
        InputError: a path is empty, as that of a variable of the shell that is not set.
        StorageError: what must be a folder is a file, or lies below one; a file to write is a folder or a run, is
            read by the same command, or is to be written twice.
    """
    written = _WRITTEN.get(command, ())
    options = {"out", *written, "fit"}
    for name in (*_READ, *options):
        if "" in _flat(given.get(name)):
            raise InputError(f"--{name}: expected a path, found nothing" if name in options else
                             f"{command}: expected a file or the folder of a run, found an empty path")  # fmt: skip
    if "out" not in written and isinstance(out := given.get("out"), str | PathLike):
        _check_folder(Path(out))
    read = [place for name in _READ for place in _paths(given.get(name))]
    for name in written:
        for place in _paths(given.get(name)):
            _check_folder(place.parent)
            _check_file(place, read, folder=command == "export")  # which knows what its formats are
            read.append(place)


def _check_folder(path: Path) -> None:
    for place in (path, *path.parents):
        if place.is_dir():
            return
        if place.exists():
            raise StorageError(f"{path}: cannot write here (expected a folder, found the file {place})")


def _check_file(path: Path, taken: list[Path], *, folder: bool = False) -> None:
    if path.is_dir() and not folder:
        raise StorageError(f"{path}: cannot write here (expected a file, found a folder)")
    if path.name.startswith(FILE_NAME) or is_database(path):
        raise StorageError(f"{path}: cannot write here (a run would be lost)")
    for other in taken:
        with contextlib.suppress(OSError):
            if path == other or path.samefile(other):
                raise StorageError(f"{path}: cannot write here (the same command reads it, or writes it too)")


def _paths(value: Any) -> Iterator[Path]:
    for each in _flat(value):
        if isinstance(each, RunFile):
            yield each.path
        elif isinstance(each, str | PathLike):
            yield Path(each)


def _flat(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)
