"""CSV: a row for each draw; lists as JSON. Texts stand as they are, also what a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import msgspec

from calibench.exchange.writers._rows import columns, rows
from calibench.exchange.writers.base import RunContent, Writer
from calibench.files import replacing


def _write(content: RunContent, path: Path) -> None:
    with replacing(path) as partial, partial.open("x", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.DictWriter(file, list(columns(content)), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(cell) for name, cell in row.items()} for row in rows(content))


def _cell(cell: Any) -> Any:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return msgspec.json.encode(cell).decode() if isinstance(cell, tuple) else cell


WRITER = Writer("CSV, a row for each draw; lists are JSON", _write)
