"""What labels say of a grader, and the numbers without its errors: as text and as a table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any, get_args

from calibench.records import Metric
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.page import groups
from calibench.reports.tables import align
from calibench.reports.text import UNDEFINED, clip, interval, label, number, signed
from calibench.results.labels import CorrectedNumber, Label, Labelled

_WIDTH = 100
TITLES = {"accuracy": "Accuracy", "signed_gap": "Gap", "ece": "ECE", "brier": "Brier", "auroc": "AUROC"}
ESTIMATORS = {
    "rectified": "by labels of a random sample of the answers (PPI++)",
    "inverted": "by sensitivity and specificity on other answers (Rogan-Gladen), taken for the same here and at every"
    " confidence",
}


def agreement_rows(found: Labelled) -> list[dict[str, Any]]:
    """For each task and protocol of the labels: the grader, its rates, its table of grades and labels, and a
    sentence."""
    kinds = get_args(Label)
    n = {(c.task, c.protocol, c.grade, c.label): c.n for c in found.counts}
    return [
        {
            "task": task,
            "protocol": protocol,
            "grader": found.graders[task],
            "rates": {m.metric: m for m in rows},
            "counts": [(grade, [n[task, protocol, grade, of] for of in kinds]) for grade in kinds],
            "sentence": _agreement_sentence(task, {m.metric: m for m in rows}),
        }
        for (task, protocol), rows in groups(found.agreement, lambda m: (m.task, m.protocol))
    ]


def _agreement_sentence(task: str, rates: dict[str, Metric]) -> str:
    of = rates["agreement"]
    return f"{clip(task, 40)}: grader and labels say the same of {_percent(of)} of {of.n_used:,} answers."


def number_rows(found: Labelled) -> list[dict[str, Any]]:
    """For each task, protocol and method: the numbers by the grader and corrected, by metric, and of the first method a
    sentence on accuracy."""
    rows: list[dict[str, Any]] = []
    for (task, protocol, method), numbers in groups(found.numbers, _place):
        first = not any((row["task"], row["protocol"]) == (task, protocol) for row in rows)
        rows.append(
            {
                "task": task,
                "protocol": protocol,
                "method": method,
                "graded": {each.graded.metric: each.graded for each in numbers},
                "corrected": {each.corrected.metric: each.corrected for each in numbers},
                "sentence": next(map(_accuracy_sentence, filter(_of_accuracy, numbers)), "") if first else "",
            }
        )
    return rows


def notices(found: Labelled | None, *, several: bool) -> Iterator[str]:
    """Where labels contradict the grader: what a reader must know before the numbers.

    Args:
        found: None where there are no labels.
        several: whether the run has several protocols.
    """
    of_places = groups(filter(_of_accuracy, found.numbers if found else ()), lambda each: _place(each)[:2])
    for (_, protocol), (first, *_) in of_places:
        if _is_outside(first):
            yield f"{_accuracy_sentence(first)}{f' (Protocol {clip(protocol, 30)}.)' if several else ''}"


def _of_accuracy(each: CorrectedNumber) -> bool:
    return each.graded.metric == "accuracy"


def _is_outside(each: CorrectedNumber) -> bool:
    """Whether the grader's number lies outside the interval of the corrected one."""
    value, low, high = each.graded.value, each.corrected.low, each.corrected.high
    return value is not None and low is not None and high is not None and not low <= value <= high


def _accuracy_sentence(each: CorrectedNumber) -> str:
    graded, corrected = each.graded, each.corrected
    said = f"{clip(graded.task, 40)}: the grader calls {_share(graded.value)} of the answers correct"
    if corrected.value is None:
        return f"{said}; the labels correct no number: {corrected.reason}."
    where = "outside" if _is_outside(each) else "inside"
    verdict = "" if corrected.low is None else f", and the grader's number lies {where} this interval"
    return f"{said}; by the labels it is {_percent(corrected)}{verdict}."


def _percent(m: Metric) -> str:
    """`89.7 % [85.7, 92.6]`."""
    ends = "" if m.low is None or m.high is None else f" {interval(100 * m.low, 100 * m.high, 1)}"
    return f"{_share(m.value)}{ends}"


def _share(value: float | None) -> str:
    return UNDEFINED if value is None else f"{number(100 * value, 1)} %"


def labelled_text(found: Labelled) -> str:
    """Plain text for a terminal."""
    parts = []
    of = f", answers of {clip(found.of, 40)}" if found.of else ""
    for row in agreement_rows(found):
        rates = row["rates"].values()
        parts.append(
            f"{clip(row['task'], 40)} ({clip(row['protocol'], 30)}), graded by {clip(row['grader'], 60)}:"
            f" {row['rates']['agreement'].n_total:,} labels{of}"
        )
        heading = ["", *(f"labelled {kind}" for kind in get_args(Label))]
        parts.append(align([heading, *([f"graded {kind}", *(f"{n:,}" for n in ns)] for kind, ns in row["counts"])]))
        parts.append(align([[m.metric, _value(m), f"{m.n_used:,}"] for m in rates]))
    lines = [["", "", "by the grader", "corrected"]]
    for row in number_rows(found):
        method = f"{row['method']} ({row['protocol']})" if _several_protocols(found) else row["method"]
        name = label(row["task"], method, 36)
        for metric, graded in row["graded"].items():
            lines.append([name, TITLES[metric], _value(graded), _value(row["corrected"][metric])])
            name = ""
    parts += [align(lines), textwrap.fill(f"corrected: {ESTIMATORS[found.estimator]}", _WIDTH)]
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


def _place(each: CorrectedNumber) -> tuple[str, str, str]:
    return each.graded.task, each.graded.protocol, each.graded.method


def _several_protocols(found: Labelled) -> bool:
    return len({each.graded.protocol for each in found.numbers}) > 1


def _value(metric: Metric) -> str:
    shown = (signed if metric.metric == "signed_gap" else number)(metric.value)
    return " ".join(filter(None, (shown, interval(metric.low, metric.high))))
