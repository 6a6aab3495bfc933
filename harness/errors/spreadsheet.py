"""CSV that a spreadsheet may open: no cell of it is a formula, and what is read back is what was written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

FORMULA = "^('*[=+\\-@\t\r\n＝＋－＠])"
"""Of Python and of Arrow: what a cell begins with that a spreadsheet computes, some by the full-width signs too; also
with apostrophes before it, so that what `cell_name` writes is told from it."""
_FORMULA, _NUMBER = re.compile(FORMULA), re.compile(r"-\d+(\.\d+)?")
_QUOTED = re.compile('[,"\r\n]')


def cell_name(name: str) -> str:
    """A name as a cell of CSV: with an apostrophe before it, where a spreadsheet would take it for a formula."""
    return f"'{name}" if _FORMULA.match(name) else name


def cell_text(text: str) -> str:
    """As `cell_name`, of a text, which may be a number below 0 and stays one."""
    return text if _NUMBER.fullmatch(text) else cell_name(text)


def read_cell(cell: str) -> str:
    """What `cell_name` or `cell_text` wrote."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def csv_line(cells: Iterable[Any]) -> str:
    """A row; unlike Python's module in 3.11, a lone carriage return stands in quotes, where it begins no row."""
    return ",".join("" if cell is None else _quoted(str(cell)) for cell in cells) + "\n"


def _quoted(cell: str) -> str:
    return '"{}"'.format(cell.replace('"', '""')) if _QUOTED.search(cell) else cell
