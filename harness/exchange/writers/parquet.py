"""Parquet: a row for each draw."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from calibench.exchange.writers._rows import columns, rows
from calibench.exchange.writers.base import RunContent, Writer
from calibench.files import replacing

_TOGETHER = 2_000
"""Rows of a group, which are in memory together."""


def _write(content: RunContent, path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    kinds = {
        "text": pyarrow.string(), "texts": pyarrow.list_(pyarrow.string()), "whole": pyarrow.int64(),
        "number": pyarrow.float64(), "flag": pyarrow.bool_(),
    }  # fmt: skip
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns(content).items()])
    todo = rows(content)
    with replacing(path) as partial, parquet.ParquetWriter(partial, schema) as file:
        while part := list(islice(todo, _TOGETHER)):
            file.write_table(pyarrow.Table.from_pylist(part, schema))


WRITER = Writer("Parquet, a row for each draw", _write)
