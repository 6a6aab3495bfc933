"""Writing files so that a reader sees the old one or the new one, never a part."""

from __future__ import annotations

import contextlib
from pathlib import Path

from calibench.errors import StorageError


def check_folder(path: Path) -> None:
    """Whether files can be written below a path, which need not exist: before work is done for them.

    Raises:
        StorageError: it is a file, or lies below one.
    """
    for place in (path, *path.parents):
        if place.is_dir():
            return
        if place.exists():
            raise StorageError(f"{path}: cannot write here (expected a folder, found the file {place})")


def write_text(path: Path, text: str) -> None:
    """Writes a whole file or none.

    Raises:
        StorageError: no permission, or the disk is full.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8", errors="replace")
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot write ({error.strerror})") from error
