"""The table of what goes out without a person from each confidence on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calibench.reports.page import groups
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
