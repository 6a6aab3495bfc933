"""Where a run file is: its name in a folder, and the files that SQLite may have beside it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from calibench.errors import InputError, RunFileError
from calibench.errors.regular import regular

FILE_NAME = "run.sqlite"
_SQLITE = b"SQLite format 3\0"
_NAMES_ANOTHER = bytes.fromhex("d9d505f920a163d7")
"""How a journal ends that names a super-journal (https://sqlite.org/fileformat2.html#the_rollback_journal)."""


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
    if file.name != FILE_NAME and not is_database(file):
        raise InputError(
            f"{path}: expected a run, found a file of another kind; `calibench score {path.name} --out FOLDER` makes a"
            " run of a table of answers"
        )
    return file


def is_database(path: Path) -> bool:
    """Whether this is a file that begins as those of SQLite do."""
    with contextlib.suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(len(_SQLITE)) == _SQLITE
    return False


def parts(path: Path) -> list[Path]:
    """The file, and those that SQLite may have beside it.

    Raises:
        RunFileError: one is a pipe, a socket or a device.
    """
    try:
        return [regular(path), *(regular(path.with_name(f"{path.name}-{kind}")) for kind in ("wal", "shm", "journal"))]
    except OSError as error:
        raise RunFileError(f"{error.filename}: expected a part of a run file, found {error.strerror}") from None


def check_journal(path: Path) -> None:
    """Refuses a rollback journal that names another file: SQLite removes that file, whatever it is, once it has undone
    what the journal holds. A transaction over several databases leaves such a journal, and calibench makes none.

    Raises:
        RunFileError: the journal beside the run file names one.
    """
    journal = path.with_name(f"{path.name}-journal")
    with contextlib.suppress(FileNotFoundError), journal.open("rb") as file:
        file.seek(max(0, journal.stat().st_size - len(_NAMES_ANOTHER)))
        if file.read() == _NAMES_ANOTHER:
            raise RunFileError(f"{journal}: expected the journal of a run file, found one that names another file")


def for_reading(file: Path) -> str:
    """The address by which SQLite opens a run file for reading."""
    # Without a write-ahead log nobody writes, and the file opens in a folder without write permission too.
    mode = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "mode=ro&immutable=1"
    return f"{file.resolve().as_uri()}?{mode}"
