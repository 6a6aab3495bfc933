"""The table of what goes out without a person from each confidence on, and the figures of confidence by length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from calibench.reports import figures
from calibench.reports.page import groups
from calibench.results import RunSummary
from calibench.results.plots import PlotSeries

LIMITS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Confidences of the table's columns."""


def table(series: Sequence[PlotSeries]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """(protocol, task) -> rows of its methods, each with the point of every limit; None where nothing reaches it."""
    rows = [
        {"protocol": s.protocol, "task": s.task, "method": s.method, "cells": [_at(s, limit) for limit in LIMITS]}
        for s in series
    ]
    return groups(rows, lambda row: (row["protocol"], row["task"]))


def _at(series: PlotSeries, limit: float) -> Any:
    """The point of all answers whose confidence is at least the limit."""
    reaching = [point for point in series.points if point.threshold >= limit]
    return reaching[-1] if reaching else None


def lengths(figure: Callable, summary: RunSummary) -> Iterator[dict[str, Any]]:
    """One figure per protocol and task whose answers have several lengths."""
    for (protocol, task), series in groups(summary.lengths, lambda s: (s.protocol, s.task)):
        drawn = [s for s in series if len(s.points) > 1]
        if drawn:
            label = f"Accuracy and confidence of {task} by the length of answers; its numbers are below it"
            svg = figure(figures.length_figure({s.method: s.points for s in drawn}), label)
            yield {"protocol": protocol, "task": task, "svg": svg, "series": drawn}
