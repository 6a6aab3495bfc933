"""Where a run file is: its name in a folder, and the files that SQLite may have beside it."""

from __future__ import annotations

from pathlib import Path

from calibench.errors import InputError, RunFileError
from calibench.errors.regular import regular

FILE_NAME = "run.sqlite"


def existing(path: Path) -> Path:
    """The file of a run that is given by its folder or its file.

    Raises:
        InputError: there is none.
        RunFileError: as `parts`.
    """
    try:
        file = path / FILE_NAME if path.is_dir() else path
        found = file.is_file()
    except (OSError, ValueError):  # a name that no file can have
        found = False
    if not found:
        raise InputError(
            f"{path}: no run here; expected a folder with {FILE_NAME}, as `calibench run ... --out FOLDER` makes it"
        )
    parts(file)
    return file


def parts(path: Path) -> list[Path]:
    """The file, and those that SQLite may have beside it.

    Raises:
        RunFileError: one is a pipe, a socket or a device.
    """
    try:
        return [regular(path), *(regular(path.with_name(f"{path.name}-{kind}")) for kind in ("wal", "shm", "journal"))]
    except OSError as error:
        raise RunFileError(f"{error.filename}: expected a part of a run file, found {error.strerror}") from None


def for_reading(file: Path) -> str:
    """The address by which SQLite opens a run file for reading."""
    # Without a write-ahead log nobody writes, and the file opens in a folder without write permission too.
    mode = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "mode=ro&immutable=1"
    return f"{file.resolve().as_uri()}?{mode}"
