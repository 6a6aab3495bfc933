"""What labels say of a grader, and the numbers without its errors: as text and as a table."""

from __future__ import annotations

import textwrap
from typing import get_args

from calibench.records import Metric
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.page import groups
from calibench.reports.tables import align
from calibench.reports.text import clip, interval, label, number, signed
from calibench.results.labels import CorrectedNumber, Label, Labelled

_WIDTH = 100
_TITLES = {"accuracy": "Accuracy", "signed_gap": "Gap", "ece": "ECE", "brier": "Brier", "auroc": "AUROC"}
_ESTIMATORS = {
    "rectified": "by labels of a random sample of the answers (PPI++)",
    "inverted": "by sensitivity and specificity on other answers (Rogan-Gladen), taken for the same here and at every"
    " confidence",
}


def labelled_text(found: Labelled) -> str:
    """Plain text for a terminal."""
    parts = []
    for (task, protocol), rows in groups(found.agreement, lambda m: (m.task, m.protocol)):
        of = f", answers of {clip(found.of, 40)}" if found.of else ""
        n = rows[0].n_total
        parts.append(
            f"{clip(task, 40)} ({clip(protocol, 30)}), graded by {clip(found.graders[task], 60)}: {n:,} labels{of}"
        )
        parts.append(_confusion(found, task, protocol))
        parts.append(align([[m.metric, _value(m), f"{m.n_used:,}"] for m in rows]))
    lines = [["", "", "by the grader", "corrected"]]
    for (task, protocol, method), numbers in groups(found.numbers, _place):
        name = label(task, f"{method} ({protocol})" if _several_protocols(found) else method, 36)
        for each in numbers:
            lines.append([name, _TITLES[each.graded.metric], _value(each.graded), _value(each.corrected)])
            name = ""
    parts += [align(lines), textwrap.fill(f"corrected: {_ESTIMATORS[found.estimator]}", _WIDTH)]
    reasons = {m.reason for each in found.numbers for m in (each.graded, each.corrected) if m.reason}
    parts += [textwrap.fill(f"— {reason}", _WIDTH) for reason in sorted(reasons)]
    return "\n\n".join(parts)


def labelled_table(found: Labelled) -> Table:
    """Every number of every task, protocol and method, by the grader and corrected."""
    names = [name_column(title) for title in ("Protocol", "Task", "Method", "Metric")]
    columns = (
        *names,
        Column("By the grader", ("graded", "graded_low", "graded_high")),
        Column("Corrected", ("corrected", "corrected_low", "corrected_high")),
        Column("Labels", ("labels",)),
    )
    rows = [
        (
            *map(name_cell, (m.graded.protocol, m.graded.task, m.graded.method, m.graded.metric)),
            *(TableCell(_value(each), (each.value, each.low, each.high)) for each in (m.graded, m.corrected)),
            TableCell(f"{found.labels:,}", (found.labels,)),
        )
        for m in found.numbers
    ]
    return Table(columns, tuple(rows))


def _confusion(found: Labelled, task: str, protocol: str) -> str:
    n = {(c.grade, c.label): c.n for c in found.counts if (c.task, c.protocol) == (task, protocol)}
    kinds = get_args(Label)
    lines = [["", *(f"labelled {kind}" for kind in kinds)]]
    lines += [[f"graded {grade}", *(f"{n[grade, of]:,}" for of in kinds)] for grade in kinds]
    return align(lines)


def _place(each: CorrectedNumber) -> tuple[str, str, str]:
    return each.graded.task, each.graded.protocol, each.graded.method


def _several_protocols(found: Labelled) -> bool:
    return len({each.graded.protocol for each in found.numbers}) > 1


def _value(metric: Metric) -> str:
    shown = (signed if metric.metric == "signed_gap" else number)(metric.value)
    return " ".join(filter(None, (shown, interval(metric.low, metric.high))))
