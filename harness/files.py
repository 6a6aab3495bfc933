"""Writing files so that a reader sees the old one or the new one, never a part; not even after a power cut."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from calibench.errors import StorageError


def write_text(path: Path, text: str) -> None:
    """Writes a whole file or none.

    Raises:
        StorageError: no permission, or the disk is full.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        with partial.open(
            "x", encoding="utf-8", errors="replace"
        ) as file:  # what lies there may be a link of a stranger
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot write ({error.strerror})") from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The place to write a whole file at; when the body is through, the file gets its own, or else is removed.

    Raises:
        StorageError: no permission, or the disk is full.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        yield partial
        _sync(partial)
        partial.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot write ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def settle(folder: Path, path: Path) -> None:
    """Gives a finished folder its place once the disk holds all of it, and notes the sizes of its files beside it.

    Raises:
        OSError: the disk is full, or has failed.
    """
    sync(folder)
    sizes = {str(file.relative_to(folder)): file.stat().st_size for file in folder.rglob("*") if file.is_file()}
    write_text(_noted(path), json.dumps(sizes))
    folder.rename(path)
    _sync(path.parent)


def is_whole(folder: Path, *, unless_noted: bool = False) -> bool:
    """Whether a folder has all its files, at the sizes that were noted when it was settled; without such a note,
    `unless_noted`, if it is there."""
    if not _noted(folder).exists():
        return unless_noted and folder.is_dir()
    try:
        sizes = json.loads(_noted(folder).read_text(encoding="utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def sync(folder: Path) -> None:
    """Returns when the disk holds all that a folder holds, or a file."""
    for path in (*folder.rglob("*"), folder):
        _sync(path)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _noted(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.sizes")
