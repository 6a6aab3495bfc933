"""The table of runs: a row for each run, protocol and method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.tables import align
from calibench.reports.text import UNDEFINED, clip, interval, number

_SHOWN = {"accuracy": "Accuracy", "ece": "ECE", "brier": "Brier", "auroc": "AUROC"}
"""Metric -> its heading; a terminal has no room for more."""
_NAMES = ("Run", "Model", "Tasks", "State", "Protocol", "Method")
_WIDTHS = {"Run": 40, "Model": 30, "Tasks": 30, "State": 60}
"""Characters of a name on a terminal."""


def runs_table(runs: Sequence[Mapping[str, Any]]) -> Table:
    """A row for each run, protocol and method; one for a run without numbers.

    Args:
        runs: of `calibench.analysis.look.listed`.
    """
    columns = [name_column(name) for name in _NAMES]
    columns += [Column(title, (name, f"{name}_low", f"{name}_high")) for name, title in _SHOWN.items()]
    return Table(tuple(columns), tuple(_rows(runs)))


def _rows(runs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[TableCell, ...]]:
    for run in runs:
        about = (run["run"], run["model"] or "", ", ".join(run["tasks"] or ()), run["state"])
        headline: Sequence[Mapping[str, Any]] = run["headline"] or ({},)
        for row in headline:
            names = (*about, row.get("protocol", ""), row.get("method", ""))
            yield (*map(name_cell, names), *(_cell(row.get(metric) or {}) for metric in _SHOWN))


def _cell(found: Mapping[str, Any]) -> TableCell:
    value, low, high = (found.get(key) for key in ("value", "low", "high"))
    return TableCell("" if value is None else f"{number(value)} {interval(low, high)}".strip(), (value, low, high))


def runs_text(runs: Sequence[Mapping[str, Any]]) -> str:
    """Plain text for a terminal: a run's names stand at its first method, and protocols where there are several."""
    table = runs_table(runs)
    place = _NAMES.index("Protocol")
    alone = len({row[place].shown for row in table.rows} - {""}) < 2
    kept = [i for i in range(len(table.columns)) if not (alone and i == place)]
    titles = [column.title for column in table.columns]
    lines, last = [[titles[i] for i in kept]], ""
    for row in table.rows:
        shown = [clip(row[i].shown, _WIDTHS.get(titles[i], 40)) or UNDEFINED for i in kept]
        if row[0].shown == last:
            shown[:4] = [""] * 4
        lines.append(shown)
        last = row[0].shown
    return align(lines)
