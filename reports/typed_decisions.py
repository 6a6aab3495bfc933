"""Distributions over the options of typed decisions, held against gold and against the uniform distribution."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from calibench.errors.characters import one_line
from calibench.records import Metric
from calibench.reports import tables
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.page import groups
from calibench.reports.tables import align
from calibench.reports.text import clip, interval, label, number
from calibench.results import Comparison, RunSummary

SCORES = {
    "accuracy": "Accuracy",
    "soft_accuracy": "Soft accuracy",
    "kl_from_gold": "KL from gold",
    "brier_multiclass": "Brier, all options",
    "rps": "RPS",
}
"""Metric -> heading, of the numbers with intervals."""
KINDS = {
    "all": "all",
    "kind=choice": "choice",
    "kind=yes_no": "yes/no",
    "kind=ordinal": "ordinal",
}
_OF_ANSWERS = ("accuracy", "soft_accuracy")
_OF_OPTIONS = ("kl_from_gold", "brier_multiclass", "rps")
"""The two tables of a terminal, which has room for no more in one."""
_ERRORS = "ece_"
_KEY = (
    "Soft accuracy: gold's probability of the likeliest option. KL from gold: in nats, 0 is gold itself. Brier, all"
    " options: from 0 to 2. RPS: of ordinal questions. uniform: every option equally likely."
)


def by_task(summary: RunSummary) -> list[tuple[tuple[str, str], list[dict[str, Any]]]]:
    """((protocol, task), a row per method and kind): its `method`, `kind`, and metrics by name; `macro` last."""
    found = groups(summary.typed_decisions, lambda m: (m.protocol, m.task))
    return sorted(((key, _rows(of)) for key, of in found), key=lambda each: each[0][1] == "macro")


def _rows(metrics: list[Metric]) -> list[dict[str, Any]]:
    return [
        {"method": method, "kind": KINDS.get(subset, subset), **{m.metric: m for m in of}}
        for (method, subset), of in groups(metrics, lambda m: (m.method, m.subset))
    ]


def errors(rows: list[dict[str, Any]]) -> list[tuple[str, dict[str, Metric]]]:
    """(metric, method -> its value) of the calibration errors of all decisions, one line per convention."""
    whole = {row["method"]: row for row in rows if row["kind"] == "all"}
    names = dict.fromkeys(name for row in whole.values() for name in row if name.startswith(_ERRORS))
    return [(name, {method: row[name] for method, row in whole.items() if name in row}) for name in names]


def typed_decisions_text(summary: RunSummary) -> str:
    """Plain text for a terminal: scores by kind of question, then the calibration error under each convention."""
    parts = []
    for (_, task), rows in by_task(summary):
        names = [label(task, row["method"], 30, clip) for row in rows]
        first = [["", "kind", *(SCORES[m] for m in _OF_ANSWERS), "n used/total"]]
        second = [["", "kind", *(SCORES[m] for m in _OF_OPTIONS)]]
        for name, row in zip(names, rows, strict=True):
            first.append([name, row["kind"], *(_shown(row.get(m)) for m in _OF_ANSWERS), _used(row["accuracy"])])
            second.append([name, row["kind"], *(_shown(row.get(m)) for m in _OF_OPTIONS)])
        several = errors(rows)
        methods = list(several[0][1])
        parts += [align(first), align(second), align([
            ["calibration error", *methods],
            *([name, *(number(of[m].value if m in of else None) for m in methods)] for name, of in several),
        ])]  # fmt: skip
    told = textwrap.fill(one_line(_KEY), 110, subsequent_indent="  ")
    return "\n\n".join(["Typed decisions", *parts, told])


def _shown(metric: Metric | None) -> str:
    return f"{number(metric.value if metric else None)} {interval(metric.low, metric.high) if metric else ''}".strip()


def _used(metric: Metric) -> str:
    return f"{metric.n_used}/{metric.n_total}"


def differences_text(comparison: Comparison) -> str:
    """Plain text for a terminal: how each run differs from the baseline, mean over tasks; empty without any."""
    means = [
        replace(d, task=d.run_b)
        for d in comparison.typed_decisions
        if d.run_a == comparison.baseline and d.task == "macro"
    ]
    measures = {measure.metric: measure for measure in comparison.typed_measures}
    heading = f"Typed decisions against {clip(comparison.baseline, 60)}, mean over tasks, paired on shared questions"
    return f"{heading}\n\n{tables.differences_text(means, measures)}" if means else ""


def typed_decisions_table(summaries: Mapping[str, RunSummary]) -> Table:
    """Of each run, task, method and kind a row with all numbers."""
    names = [name_column(title) for title in ("Run", "Protocol", "Task", "Method", "Kind")]
    every = dict.fromkeys(m.metric for summary in summaries.values() for m in summary.typed_decisions)
    numbers = [Column(SCORES.get(name, name), (name, f"{name}_low", f"{name}_high")) for name in every]
    lines = []
    for run, summary in summaries.items():
        for (protocol, task), rows in by_task(summary):
            for row in rows:
                cells = [row.get(name) for name in every]
                lines.append((
                    *map(name_cell, (run, protocol, task, row["method"], row["kind"])),
                    *(TableCell(_shown(m), (m.value, m.low, m.high) if m else (None,) * 3) for m in cells),
                    TableCell(_used(row["accuracy"]), (row["accuracy"].n_used, row["accuracy"].n_total)),
                ))  # fmt: skip
    return Table((*names, *numbers, Column("n used/total", ("n_used", "n_total"))), tuple(lines))
