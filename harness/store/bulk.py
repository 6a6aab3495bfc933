"""Inserts rows by the million: many by one statement, in which a text that all of them share stands once.

Of a row of numbers and short texts, SQLite takes longer to begin a statement and to copy its texts than to write it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, compress, count

from calibench.records import Record
from calibench.store import schema

_TOGETHER = 50
"""Rows of a statement."""


def write(db: sqlite3.Connection, how: str, records: Iterable[Record]) -> None:
    """Writes records; `how` is the statement up to the table, such as REPLACE."""
    rows: dict[type[Record], list[list]] = {}
    for record in records:
        rows.setdefault(type(record), []).append(schema.to_row(record))
    for kind, of_kind in rows.items():
        db.executemany(f"{how} {schema.VALUES[kind]}", of_kind)


def insert(db: sqlite3.Connection, record: type[Record], batches: Iterable[Sequence[list]]) -> None:
    """Inserts rows whose key is not there yet.

    Args:
        batches: of rows, each as a column per field of the record.
    """
    for columns in batches:
        for start in range(0, len(columns[0]), _TOGETHER):
            parts = [column[start : start + _TOGETHER] for column in columns]
            shared = tuple(isinstance(part[0], str | None) and len({*part}) == 1 for part in parts)
            once = (part[0] for part in compress(parts, shared))
            others = zip(*(part for part, is_shared in zip(parts, shared, strict=True) if not is_shared), strict=True)
            db.execute(_statement(record, shared, len(parts[0])), [*once, *chain.from_iterable(others)])


@cache
def _statement(record: type[Record], shared: tuple[bool, ...], n_rows: int) -> str:
    """Takes the shared columns' values, then the others' row by row."""
    own = count(sum(shared) + 1)
    rows = []
    for _ in range(n_rows):
        once = count(1)
        rows.append(", ".join(f"?{next(once if is_shared else own)}" for is_shared in shared))
    return f"INSERT OR IGNORE INTO {schema.TABLES[record][0]} VALUES ({'), ('.join(rows)})"
