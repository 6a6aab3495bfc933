"""CSV: a row for each draw; lists as JSON. An apostrophe stands before what a spreadsheet would take for a formula."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from calibench.errors.spreadsheet import cell_name, cell_text, csv_line
from calibench.exchange.writers._rows import columns, rows
from calibench.exchange.writers.base import RunContent, Writer
from calibench.files import replacing


def _write(content: RunContent, path: Path) -> None:
    with replacing(path) as partial, partial.open("x", encoding="utf-8", errors="replace", newline="") as file:
        names = list(columns(content))
        file.write(csv_line(map(cell_name, names)))
        file.writelines(csv_line(_cell(row[name]) for name in names) for row in rows(content))


def _cell(cell: Any) -> Any:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        return cell_text(cell)
    return msgspec.json.encode(cell).decode() if isinstance(cell, tuple) else cell


WRITER = Writer("CSV, a row for each draw; lists are JSON", _write)
