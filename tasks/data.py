"""Opens a task's rows: the publisher's original file below a `--data` folder, or the data set on the Hugging Face hub.

Neither road keeps the rows in memory, except for files that are one JSON array. Every row comes with its place, so
that a malformed one can be found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from calibench.errors import DataError
from calibench.errors.regular import regular
from calibench.tasks.base import Rows, Task
from calibench.tasks.packed import parquet_parts
from calibench.tasks.table import file_errors, json_value, open_bytes, records


class Hub(NamedTuple):
    """A data set that `datasets.load_dataset` finds."""

    id: str
    config: str | tuple[str, ...] | None
    """Several: one after the other."""
    split: str


class Source(NamedTuple):
    """Where one task's rows come from."""

    task: str
    file: str
    """Path below the `--data` folder."""
    layout: Literal["lines", "array", "csv", "parquet"]
    """JSON Lines (also with .gz), one JSON array of objects, CSV with a heading, or Parquet."""
    sha256: str | None
    """Of the file as published; None if it is not known here."""
    publisher: str
    """Where to get the file."""
    hub: Hub | None
    """None if the publisher has not put the data on the hub."""


def open_rows(source: Source, data: str | None) -> Rows:
    """Opens the local file below `data`, or the hub's data set if `data` is None.

    Raises:
        DataError: nothing is there, it cannot be read, or (while iterating) it is empty or a row is malformed.
    """
    return _local(source, Path(data) / source.file) if data is not None else _remote(source)


def with_training(task: Task, source: Source) -> Task:
    """The task, which may learn from the rows of `source`; its `to_question` takes row, place and split."""
    return task._replace(
        training=task._replace(
            open=lambda data: open_rows(source, data),
            to_question=lambda row, place: task.to_question(row, place, "train"),
        )
    )


def text_field(row: dict, name: str, place: str) -> str:
    """The text in a row's field.

    Raises:
        DataError: the field is missing, empty or not text.
    """
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        found = f"{value!r:.80}" if name in row else f"the fields {', '.join(map(repr, row)) or '(none)'}"
        raise DataError(f"{place}: expected text in the field {name!r}, found {found}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise DataError(f"{place}: expected valid Unicode in the field {name!r}, found a lone surrogate")
    return value


def sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    with regular(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_id(*parts: str) -> str:
    """An id that depends on a row's content alone, for publishers that give none."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def _local(source: Source, path: Path) -> Rows:
    try:
        digest = sha256(path)
    except (OSError, ValueError) as error:
        raise DataError(
            f"task {source.task}: expected its data in {path}, found {getattr(error, 'strerror', error)}. "
            f"The file is published at {source.publisher}"
        ) from error
    note = None
    if source.sha256 is None:
        note = f"{source.file} was not compared with the published file: no sha256 of that is known, this has {digest}"
    elif digest != source.sha256:
        note = f"{source.file} is not the published file: expected sha256 {source.sha256}, found {digest}"
    read = {"lines": _lines, "array": array_rows, "csv": _csv, "parquet": parquet_rows}[source.layout]
    return Rows(nonempty(read(path), path), f"sha256:{digest}", source.file, note)


def _lines(path: Path) -> Iterator[tuple[str, dict]]:
    with file_errors(path), open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f"{path}:{number}", _object(line, f"{path}:{number}")


def _csv(path: Path) -> Iterator[tuple[str, dict]]:
    with file_errors(path):
        lines = records(path, ",")
        _, heading = next(lines, (1, []))
        yield from ((f"{path}, line {number}", dict(zip(heading, fields, strict=True))) for number, fields in lines)


def array_rows(path: Path) -> Iterator[tuple[str, dict]]:
    """Place and row of each object in a file that is one JSON array.

    Raises:
        DataError: it is not.
    """
    rows = json_value(path.read_bytes(), str(path))
    if not isinstance(rows, list):
        raise DataError(f"{path}: expected a JSON array of objects, found {type(rows).__name__}")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise DataError(f"{path}, row {number}: expected a JSON object, found {row!r:.80}")
        yield f"{path}, row {number}", row


def parquet_rows(path: Path) -> Iterator[tuple[str, dict]]:
    """Place and row of each row of a Parquet file.

    Raises:
        DataError: it is none.
    """
    import pyarrow

    try:
        with file_errors(path):
            rows = (row for part in parquet_parts(path) for row in part.to_pylist())
            yield from ((f"{path}, row {number}", row) for number, row in enumerate(rows, 1))
    except pyarrow.ArrowException as error:
        raise DataError(f"{path}: not a readable Parquet file ({' '.join(str(error).split())[:120]})") from error


def _object(line: bytes, place: str) -> dict:
    row = json_value(line, place)
    if not isinstance(row, dict):
        raise DataError(f"{place}: expected one JSON object on the line, found {row!r:.80}")
    return row


def nonempty(rows: Iterator[tuple[str, dict]], origin: object) -> Iterator[tuple[str, dict]]:
    """The rows.

    Raises:
        DataError: there is none.
    """
    empty = True
    for item in rows:
        empty = False
        yield item
    if empty:
        raise DataError(f"{origin}: expected rows, found an empty data set")


def _remote(source: Source) -> Rows:
    hub = source.hub
    if hub is None:
        raise DataError(
            f"task {source.task}: its publisher has no data set on the hub. Get {source.publisher} "
            f"and give the folder that holds it as {source.file} by --data"
        )
    configs = hub.config if isinstance(hub.config, tuple) else (hub.config,)
    named = f"config{'s' * (len(configs) > 1)} {' + '.join(map(str, configs))}, " if hub.config else ""
    origin = f"{hub.id}, {named}split {hub.split}"
    try:
        import datasets

        rows = datasets.concatenate_datasets(
            [datasets.load_dataset(hub.id, config, split=hub.split, trust_remote_code=False) for config in configs]
        )
    except Exception as error:  # the loader passes on whatever its file system, network and parser raise
        raise DataError(
            f"task {source.task}: expected the data set {origin} on the hub, found {type(error).__name__}: {error}. "
            f"Without a network, give a folder that holds the original file as {source.file} by --data"
        ) from error
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True, default=str).encode() + b"\n")
    placed = ((f"{origin}, row {number}", row) for number, row in enumerate(rows, 1))
    return Rows(nonempty(placed, origin), f"rows-sha256:{digest.hexdigest()}", origin)
