"""Record <-> row: the tables of a run file, and the version of their columns."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, cast, get_type_hints

import msgspec
from msgspec import inspect

from calibench.errors.secrets import masked
from calibench.records import (
    AnswerClass,
    Confidence,
    Generation,
    Grade,
    Judgement,
    Metric,
    Question,
    Record,
    TypedDecision,
)

APPLICATION_ID = 0x0CA11B
VERSION = 4
"""Of the tables and columns; a file of a newer one is refused, and one of an older one lacks what `_SINCE` names."""

_DRAW_KEY = ("task", "question_id", "protocol", "draw")
TABLES: dict[type[Record], tuple[str, tuple[str, ...]]] = {
    Question: ("questions", ("task", "question_id")),
    Generation: ("generations", _DRAW_KEY),
    Confidence: ("confidences", (*_DRAW_KEY, "method")),
    Grade: ("grades", _DRAW_KEY),
    Metric: ("metrics", ("task", "protocol", "method", "subset", "metric")),
    AnswerClass: ("answer_classes", _DRAW_KEY),
    TypedDecision: ("typed_decisions", ("task", "question_id")),
    Judgement: ("judgements", (*_DRAW_KEY, "judge")),
}
_SINCE: dict[type[Record], int] = {AnswerClass: 2, TypedDecision: 3, Judgement: 4}
"""Record -> the first version that has its table, where that is not 1."""
VALUES = {
    record: f"INTO {table} VALUES ({', '.join('?' * len(record.__struct_fields__))})"
    for record, (table, _) in TABLES.items()
}
"""record -> what stands behind INSERT or REPLACE."""

_COLUMN_TYPES: tuple[tuple[type[inspect.Type], str], ...] = (
    (inspect.IntType, "INTEGER"),
    (inspect.BoolType, "INTEGER"),
    (inspect.FloatType, "REAL"),
    (inspect.VarTupleType, "JSON"),
)


def _columns(record: type[Record]) -> dict[str, str]:
    """Field -> column type. `JSON` is a list written as JSON text."""
    about = inspect.type_info(record)
    assert isinstance(about, inspect.StructType)
    columns = {}
    for field in about.fields:
        types = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
        found = (column for kind, column in _COLUMN_TYPES if any(isinstance(one, kind) for one in types))
        columns[field.name] = next(found, "TEXT")
    return columns


_JSON = {record: [name for name, kind in _columns(record).items() if kind == "JSON"] for record in TABLES}
_BOOLS = {
    record: [
        field.name
        for field in cast(inspect.StructType, inspect.type_info(record)).fields
        if isinstance(field.type, inspect.BoolType)
    ]
    for record in TABLES
}
"""Fields that are 0 or 1 in a row."""


def _create_table(record: type[Record]) -> str:
    table, key = TABLES[record]
    columns = ", ".join(f"{name} {kind}" for name, kind in _columns(record).items())
    return f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({', '.join(key)})) WITHOUT ROWID"


def records_of(version: int) -> list[type[Record]]:
    """The records that a file of a version has a table for."""
    return [record for record in TABLES if _SINCE.get(record, 1) <= version]


def create(version: int = VERSION) -> str:
    """The statements that mark a file as one of a version and make its tables."""
    marks = f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {version}"
    manifest = "CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID"
    return ";".join([*marks, manifest, *map(_create_table, records_of(version))])


def make(path: Path) -> None:
    """Makes a run file in which nothing stands yet.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(f"PRAGMA journal_mode = WAL; BEGIN; {create()}; COMMIT")


def bring_up_to_date(db: sqlite3.Connection, *, lasting: bool) -> None:
    """Gives a file of an older version the tables that it lacks, empty; in the file, or only for this connection."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    missing = [_create_table(record) for record in TABLES if _SINCE.get(record, 1) > version]
    if not missing:
        return
    if lasting:
        db.executescript(f"BEGIN; {';'.join(missing)}; PRAGMA user_version = {VERSION}; COMMIT")
    else:
        db.executescript(";".join(missing).replace("CREATE TABLE", "CREATE TEMP TABLE"))


_JSON_PLACES = {record: [record.__struct_fields__.index(name) for name in names] for record, names in _JSON.items()}
LISTS = {
    record: [(name, msgspec.json.Decoder(get_type_hints(record, include_extras=True)[name])) for name in names]
    for record, names in _JSON.items()
}
"""The lists of each record, with what decodes them."""


_TOLD = {
    record: [place for place, name in enumerate(record.__struct_fields__) if name in ("error", "detail")]
    for record in TABLES
}
"""Where messages stand, of libraries and plug-ins too, which may name a secret."""


def to_row(record: Record) -> list:
    row = list(msgspec.structs.astuple(record))
    for place in _TOLD[type(record)]:
        if row[place] is not None:
            row[place] = masked(row[place])
    for place in _JSON_PLACES[type(record)]:
        if row[place] is not None:
            row[place] = msgspec.json.encode(row[place]).decode()
    return row


def from_row(record: type[Record], row: sqlite3.Row) -> Any:
    """The record of a row, whose values were checked when the file was opened, but for what is inside of lists.

    Raises:
        msgspec.MsgspecError: a list is none, or holds something else.
    """
    fields = dict(zip(record.__struct_fields__, row, strict=True))
    for name, decoder in LISTS[record]:
        if fields[name] is not None:
            fields[name] = decoder.decode(fields[name])
    for name in _BOOLS[record]:
        fields[name] = bool(fields[name])
    return record(**fields)
