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
        partial.write_text(text, encoding="utf-8", errors="replace")
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot write ({error.strerror})") from error
