"""A table as CSV, as Markdown and as LaTeX with booktabs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from calibench.errors.spreadsheet import cell_name, csv_line
from calibench.reports.text import MINUS, UNDEFINED, clip, visible

Format = Literal["csv", "markdown", "latex"]
_LONGEST = 200
"""Characters of a cell of Markdown and LaTeX."""


class Column(NamedTuple):
    """A column; of CSV, one for each of its names."""

    title: str
    names: tuple[str, ...]
    is_name: bool = False
    """Says what a row is of: stands on the left, and of Markdown and LaTeX is left out where all rows have the same."""


class TableCell(NamedTuple):
    """A cell."""

    shown: str
    values: tuple[Any, ...]
    """With all digits, one for each name of the column; None where there is none."""


class Table(NamedTuple):
    """A table that a command prints."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[TableCell, ...], ...]


def name_column(title: str, name: str = "") -> Column:
    """A column of names; of CSV under the title in lower case unless it is named."""
    return Column(title, (name or title.lower().replace(" ", "_"),), is_name=True)


def name_cell(name: str) -> TableCell:
    return TableCell(clip(name, _LONGEST), (cell_name(visible(name)),))


def csv(table: Table) -> str:
    """Comma-separated values with all digits; what is undefined is empty."""
    heading = csv_line(name for column in table.columns for name in column.names)
    return heading + "".join(csv_line(value for cell in row for value in cell.values) for row in table.rows)


def markdown(table: Table) -> str:
    """A Markdown table."""
    lines = list(_lines(table, _markdown_escape))
    kept = _kept(table)
    lines.insert(1, ["---" if table.columns[i].is_name else "---:" for i in kept])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def latex(table: Table) -> str:
    r"""A LaTeX `tabular` with the rules of the package booktabs, which has to be loaded: `\usepackage{booktabs}`."""
    heading, *lines = (f"{' & '.join(line)} \\\\\n" for line in _lines(table, _latex_escape))
    alignment = "".join("l" if table.columns[i].is_name else "r" for i in _kept(table))
    rows = "".join(lines)
    return f"\\begin{{tabular}}{{{alignment}}}\n\\toprule\n{heading}\\midrule\n{rows}\\bottomrule\n\\end{{tabular}}\n"


FORMATS: dict[Format, Callable[[Table], str]] = {"csv": csv, "markdown": markdown, "latex": latex}


def _lines(table: Table, escape: Callable[[str], str]) -> list[list[str]]:
    """Headings and rows."""
    kept = _kept(table)
    rows: list[Sequence[str]] = [[column.title for column in table.columns]]
    rows += [[cell.shown for cell in row] for row in table.rows]
    return [[escape(clip(row[i], _LONGEST)) for i in kept] for row in rows]


def _kept(table: Table) -> list[int]:
    """The columns that tell something."""
    names = [i for i, column in enumerate(table.columns) if column.is_name]
    same = [i for i in names if len(table.rows) > 1 and len({row[i] for row in table.rows}) == 1]
    empty = [i for i in names if not any(row[i].shown for row in table.rows)]
    return [i for i in range(len(table.columns)) if i not in {*same, *empty}]


def _markdown_escape(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|&])", r"\\\1", text) if not _is_number(text) else text


_NUMBER = re.compile(rf"[-+\d.,\[\] {MINUS}{UNDEFINED}<>=%/]*")
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "[": "{[}", "]": "{]}",
    "|": r"\textbar{}", MINUS: "$-$", UNDEFINED: "--", "·": r"$\cdot$", "…": r"\ldots{}", '"': "{''}", "`": "{`}",
}  # fmt: skip


def _is_number(text: str) -> bool:
    """It needs no escapes in Markdown: brackets of an interval lead to nothing there."""
    return _NUMBER.fullmatch(text) is not None and "<" not in text


def _latex_escape(text: str) -> str:
    """Literally; a bracket stands in braces, since one behind a line's end would be an option of it."""
    return "".join(_LATEX.get(character, character) for character in text)
