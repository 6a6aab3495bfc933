"""One run file out of several: rows are copied by SQLite, in the order of their keys."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from calibench.errors import IdentityError, RunFileError
from calibench.records import AnswerClass, Confidence, Generation, Grade, Judgement, Question, TypedDecision
from calibench.store import RunFile, locked, schema, storage_errors
from calibench.store.files import FILE_NAME, for_reading

_AT_ONCE = 10
"""Files that SQLite attaches to a connection."""
_CACHE_KIB = 1 << 16


def join(files: Sequence[Path], folder: Path, manifest: Mapping[str, Any]) -> Path:
    """Writes the rows of several run files, which were checked, and a manifest into a new one; metrics are left out.

    The file gets its place when it is whole: a process that is killed before leaves nothing that passes for a run.

    Returns:
        The file.

    Raises:
        IdentityError: there is a run in the folder.
        RunFileError: two of the files hold a question of the same id, or another process works in the folder.
        StorageError: the disk is full, or nothing can be written here.
    """
    path, partial = folder / FILE_NAME, folder / f".{FILE_NAME}.partial"
    lock = locked(folder, f"{path}: another calibench process is writing to this run")
    try:
        if path.exists():
            raise IdentityError(f"{folder} holds a run, and is left as it is; choose another --out")
        partial.unlink(missing_ok=True)
        with storage_errors(partial):
            _write(files, partial, manifest)
            partial.replace(path)
            _keep(folder)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    finally:
        os.close(lock)
    return path


def _keep(folder: Path) -> None:
    """Brings the names of the folder's files to the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _write(files: Sequence[Path], partial: Path, manifest: Mapping[str, Any]) -> None:
    db = sqlite3.connect(partial.resolve().as_uri(), uri=True, isolation_level=None)
    with RunFile(partial, db, None) as run:
        # What is written here is not read before it is whole, so that no journal has to undo a part of it.
        db.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{_CACHE_KIB}; {schema.create()}"
        )
        for start in range(0, len(files), _AT_ONCE):
            with _attached(db, files[start : start + _AT_ONCE]) as names, run.transaction():
                _copy(db, names)
        # Brings all of the file to the disk, where it is closed at the latest.
        db.executescript("PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL;")
        run.update_manifest(**manifest)


@contextlib.contextmanager
def _attached(db: sqlite3.Connection, files: Sequence[Path]) -> Iterator[dict[str, Path]]:
    """Name -> file."""
    names = {f"part_{i}": file for i, file in enumerate(files)}
    for name, file in names.items():
        db.execute(f"ATTACH ? AS {name}", (for_reading(file),))
    yield names
    for name in names:
        db.execute(f"DETACH {name}")


def _copy(db: sqlite3.Connection, names: Mapping[str, Path]) -> None:
    for record in (Question, Generation, Confidence, Grade, AnswerClass, TypedDecision, Judgement):
        table, key = schema.TABLES[record]
        having = [name for name in names if _has(db, name, table)]
        if not having:
            continue
        # Each part lies in the order of the key, so that SQLite merges them as it reads.
        parts = " UNION ALL ".join(f"SELECT * FROM {name}.{table}" for name in having)
        try:
            db.execute(f"INSERT INTO main.{table} {parts} ORDER BY {', '.join(key)}")
        except sqlite3.IntegrityError:
            raise _shared(db, names) from None


def _has(db: sqlite3.Connection, name: str, table: str) -> bool:
    """Whether a file has a table; one of an older version may not."""
    found = db.execute(f"SELECT count(*) FROM {name}.sqlite_master WHERE name = ?", (table,)).fetchone()
    return bool(found[0])


def _shared(db: sqlite3.Connection, names: Mapping[str, Path]) -> RunFileError:
    """Which question stands in two of the files, or in one of them and in those that were copied before."""
    held = " UNION ALL ".join(f"SELECT task, question_id FROM {name}.questions" for name in ("main", *names))
    row = db.execute(f"SELECT task, question_id FROM ({held}) GROUP BY 1, 2 HAVING count(*) > 1 LIMIT 1").fetchone()
    has = "SELECT EXISTS (SELECT 1 FROM {}.questions WHERE task = ? AND question_id = ?)"
    where = [str(file.parent) for name, file in names.items() if db.execute(has.format(name), tuple(row)).fetchone()[0]]
    return RunFileError(
        f"{', '.join(where)}: question {row[1]!r:.60} of task {row[0]!r:.60} stands in more than one of the files;"
        " expected shards that share none"
    )
