"""Accuracy and calibration by thinking budget: figure, section of the page, tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from calibench.records import Metric
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.length import Line, lines_figure
from calibench.reports.page import groups
from calibench.reports.tables import align
from calibench.reports.text import UNDEFINED, clip, interval, label, number, signed
from calibench.results import Difference, RunSummary
from calibench.results.thinking import WHOLE, ThinkingCurve, ThinkingPoint

SHOWN = {
    "accuracy": "Accuracy", "mean_confidence": "Mean conf.", "ece": "ECE", "brier": "Brier", "auroc": "AUROC",
}  # fmt: skip
_SHARES = ("cut", "truncated")


def metric(point: ThinkingPoint, name: str) -> Metric | None:
    """The number of that name; None where no confidence was asked for."""
    return next((m for m in point.metrics if m.metric == name), None)


def confidences(point: ThinkingPoint) -> Metric | None:
    """Whose `n_used` of `n_total` generations have a confidence; None if none was asked for."""
    return metric(point, "ece")


def of_total(found: Metric | None) -> str:
    """`4/10`."""
    return UNDEFINED if found is None else f"{found.n_used}/{found.n_total}"


def _shares(point: ThinkingPoint) -> bool:
    return point.budget.endswith("%")


def line(name: str, points: Sequence[ThinkingPoint], of: str, at: Callable[[ThinkingPoint], float | None]) -> Line:
    """The line of a number by what `at` says of each point, where both are known."""
    found = ((at(point), metric(point, of)) for point in points)
    return name, [(x, m.value, m.low, m.high) for x, m in found if x is not None and m and m.value is not None]


def _lines(curves: Sequence[ThinkingCurve], percent: bool) -> list[Line]:
    """Accuracy and each method's mean confidence: by mean generated tokens, or by the share of the reasoning."""

    def at(point: ThinkingPoint) -> float | None:
        if not percent:
            return point.tokens
        return 100.0 if point.budget == WHOLE else float(point.budget.removesuffix("%"))

    def shown(curve: ThinkingCurve) -> list[ThinkingPoint]:
        return [point for point in curve.points if point.budget == WHOLE or _shares(point) == percent]

    lines = [line("accuracy", shown(curves[0]), "accuracy", at)]
    lines += [line(f"confidence: {clip(c.method, 24)}", shown(c), "mean_confidence", at) for c in curves]
    return [(name, points) for name, points in lines if len(points) > 1]


def curves(figure: Callable, summary: RunSummary) -> Iterator[dict[str, Any]]:
    """Per protocol and task: a figure by tokens, one by shares, and the rows of the numbers."""
    for (protocol, task), of in groups(summary.thinking, lambda curve: (curve.protocol, curve.task)):
        drawn = []
        for percent, what in ((False, "mean generated tokens"), (True, "share of the reasoning, in percent")):
            if lines := _lines(of, percent) if any(_shares(p) == percent for p in of[0].points[:-1]) else []:
                title = f"Accuracy and confidence of {task} by thinking budget; the numbers are in the table below it"
                drawn.append(figure(lines_figure(lines, what), title))
        yield {"protocol": protocol, "task": task, "figures": drawn, "curves": of}


def change(point: ThinkingPoint, name: str) -> Difference | None:
    """How a number differs from that of the whole reasonings."""
    return next((d for d in point.differences if d.metric == name), None)


def changes(point: ThinkingPoint) -> list[str]:
    """What the budget changes against the whole reasonings, where a verdict says that it does."""
    return [
        f"{SHOWN[d.metric]} {signed(d.difference)} {interval(d.low, d.high)}"
        for d in point.differences
        if d.metric in SHOWN and d.verdict in ("better", "worse") and d.difference is not None
    ]


def thinking_text(summary: RunSummary) -> str:
    """Plain text for a terminal: a line per task, method and budget."""
    lines = [["", "budget", "tokens", "cut", "truncated", *SHOWN.values(), "n used/total"]]
    for curve in summary.thinking:
        for point in curve.points:
            lines.append([
                label(curve.task, curve.method, 26), point.budget, number(point.tokens, 0),
                *(number(getattr(point, name), 2) for name in _SHARES),
                *(_cell(metric(point, name), name in ("accuracy", "ece")) for name in SHOWN),
                of_total(confidences(point)),
            ])  # fmt: skip
    told = [
        f"{label(c.task, c.method, 40)} at {p.budget}: {'; '.join(changes(p))}"
        for c in summary.thinking
        for p in c.points
        if changes(p)
    ]
    against = (
        "Against whole reasonings, Holm-corrected:" if told else "No budget is shown to differ from whole reasonings."
    )
    return "\n".join([f"By thinking budget\n\n{align(lines)}\n\n{against}", *told])


def _cell(m: Metric | None, ends: bool) -> str:
    if m is None:
        return UNDEFINED
    return f"{number(m.value)} {interval(m.low, m.high, 2)}".strip() if ends else number(m.value)


def thinking_table(summaries: Mapping[str, RunSummary]) -> Table:
    """Of each run, protocol, task and method a row per budget."""
    rows = (
        ((run, curve.protocol, curve.task, curve.method), point, {d.metric: d for d in point.differences})
        for run, summary in summaries.items()
        for curve in summary.thinking
        for point in curve.points
    )
    return points_table(rows, "change")


def points_table(
    rows: Iterable[tuple[tuple[str, str, str, str], ThinkingPoint, Mapping[str, Difference]]], against: str
) -> Table:
    """A row per point.

    Args:
        rows: (run, protocol, task and method), a point, and by metric how it differs from what it is held against.
        against: what the columns of these differences are called.
    """
    names = [name_column(title) for title in ("Run", "Protocol", "Task", "Method", "Budget")]
    tokens = ("tokens", "tokens_low", "tokens_high")
    columns = [Column("Tokens", tokens), *(Column(name.title(), (name,)) for name in _SHARES), Column("n", ("n",))]
    columns.append(Column("With confidence", ("n_confidence",)))
    for name, title in SHOWN.items():
        columns.append(Column(title, (name, f"{name}_low", f"{name}_high")))
        parts = ("change", "change_low", "change_high", "p_holm", "verdict")
        columns.append(Column(f"{title}, {against}", tuple(f"{name}_{part}" for part in parts)))
    found = []
    for place, point, changed in rows:
        cells = [
            TableCell(number(point.tokens, 0), tuple(getattr(point, name) for name in tokens)),
            *(TableCell(number(share := getattr(point, name)), (share,)) for name in _SHARES),
            TableCell(f"{point.n:,}", (point.n,)),
            TableCell(of_total(given := confidences(point)), (given.n_used if given else None,)),
        ]
        for name in SHOWN:
            cells += [_value(metric(point, name)), _change(changed.get(name))]
        found.append((*map(name_cell, (*place, point.budget)), *cells))
    return Table((*names, *columns), tuple(found))


def _value(m: Metric | None) -> TableCell:
    if m is None:
        return TableCell(UNDEFINED, (None, None, None))
    return TableCell(f"{number(m.value)} {interval(m.low, m.high)}".strip(), (m.value, m.low, m.high))


def _change(found: Difference | None) -> TableCell:
    if found is None:
        return TableCell(UNDEFINED, (None,) * 5)
    shown = f"{signed(found.difference)} {interval(found.low, found.high)}".strip()
    return TableCell(shown, (found.difference, found.low, found.high, found.p_holm, found.verdict))
