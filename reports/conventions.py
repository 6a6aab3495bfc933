"""A run's numbers under the conventions of other tools and publications, beside those of this project."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from calibench.errors.characters import one_line
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.page import groups
from calibench.reports.tables import align
from calibench.reports.text import clip, label, number
from calibench.results import RunSummary

_ERRORS = ("ece", "rms_calibration_error")
"""The kinds of calibration error, of which every convention has one."""


def by_task(summary: RunSummary) -> list[tuple[tuple[str, str, str], list[dict[str, Any]]]]:
    """((protocol, task, method), a row per convention) in the order of the conventions, `macro` last.

    A row holds the name of its `convention`, its metrics by name, its calibration error as `error`, and as `here` the
    metric of the scorecard that it is another form of; None where the scorecard has no such number.
    """
    own = {(m.protocol, m.task, m.method, m.metric): m for m in summary.scorecard.metrics if m.subset == "all"}
    rows: list[tuple[tuple[str, str, str], dict[str, Any]]] = []
    for name, metrics in summary.conventions.items():
        for key, of in groups(metrics, lambda m: (m.protocol, m.task, m.method)):
            found = {m.metric: m for m in of}
            error = next(found[metric] for metric in _ERRORS if metric in found)
            rows.append((key, {"convention": name, **found, "error": error, "here": own.get((*key, error.metric))}))
    rows.sort(key=lambda row: row[0][1] == "macro")
    return [(key, [row for _, row in of]) for key, of in groups(rows, lambda row: row[0])]


def definitions(summary: RunSummary) -> list[tuple[str, str]]:
    """(name, definition of its calibration error) of each convention."""
    return [
        (name, next(m.convention for m in metrics if m.metric in _ERRORS and m.task != "macro"))
        for name, metrics in summary.conventions.items()
        if metrics
    ]


def conventions_table(summaries: Mapping[str, RunSummary]) -> Table:
    """Of each run, task, protocol and method, a row per convention."""
    names = [name_column(title) for title in ("Run", "Protocol", "Task", "Method", "Convention")]
    shown = {
        "error": "Error", "here": "Here", "accuracy": "Accuracy", "mean_confidence": "Mean confidence",
        "brier": "Brier", "auroc": "AUROC",
    }  # fmt: skip
    lines = []
    for run, summary in summaries.items():
        for (protocol, task, method), rows in by_task(summary):
            for row in rows:
                values = [row[m].value if row.get(m) else None for m in shown]
                n = (row["error"].n_used, row["error"].n_total)
                lines.append((
                    *map(name_cell, (run, protocol, task, method, row["convention"])),
                    *(TableCell(number(value), (value,)) for value in values), TableCell("/".join(map(str, n)), n),
                ))  # fmt: skip
    numbers = [Column(title, (name,)) for name, title in shown.items()]
    return Table((*names, *numbers, Column("n used/total", ("n_used", "n_total"))), tuple(lines))


def conventions_text(summary: RunSummary) -> str:
    """Plain text for a terminal: of each task, protocol and method, a line per convention; then what they are."""
    protocols = {m.protocol for metrics in summary.conventions.values() for m in metrics}
    notes: list[str] = []
    lines = [["", "convention", "error", "here", "accuracy", "confidence", "Brier", "AUROC", "n used/total"]]
    for (protocol, task, method), rows in by_task(summary):
        name = label(task, method, 30, clip) + (f" ({clip(protocol, 8)})" if len(protocols) > 1 else "")
        for row in rows:
            metrics = (row[m] for m in ("error", "here", "accuracy", "mean_confidence", "brier", "auroc"))
            values = [number(m.value if m else None) for m in metrics]
            lines.append([name, row["convention"], *values, f"{row['error'].n_used}/{row['error'].n_total}"])
            name = ""
            if row["error"].reason:
                notes.append(f"— {task}, {row['convention']}: {row['error'].reason}")
    notes += [f"{name}: {words}" for name, words in definitions(summary)]
    told = "\n".join(
        textwrap.fill(note, 110, subsequent_indent="  ", break_on_hyphens=False) for note in map(one_line, notes)
    )
    return f"As others compute it\n\n{align(lines)}\n\n{told}"
