"""Writing files so that a reader sees the old one or the new one, never a part."""

from __future__ import annotations

import contextlib
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
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot write ({error.strerror})") from error
