"""Risk-coverage curves: how many errors are left when only the most confident answers are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from matplotlib.figure import Figure

from calibench.records import RiskCoverage, Scorecard
from calibench.reports.figures import COLOURS, SERIES, style
from calibench.reports.page import groups
from calibench.reports.text import clip


def risk_figure(curves: Sequence[RiskCoverage]) -> Figure:
    """The curves of one task in one axes, each with its 95 % band.

    Args:
        curves: of the methods of one task under one protocol; those without points are left out.
    """
    with style():
        figure = Figure(figsize=(3.3, 2.9), layout="constrained")
        axes = figure.add_subplot()
        for i, curve in enumerate(curve for curve in curves if curve.points):
            role, _, line = SERIES[i % len(SERIES)]
            colour = COLOURS[role]
            shares = [point.coverage for point in curve.points]
            risks = [point.risk for point in curve.points]
            lows = [point.risk if point.low is None else point.low for point in curve.points]
            highs = [point.risk if point.high is None else point.high for point in curve.points]
            axes.fill_between(shares, lows, highs, color=colour, alpha=0.15, linewidth=0)
            axes.plot(shares, risks, line, color=colour, linewidth=1.4, label=clip(curve.method, 24))
        axes.set(xlim=(0, 1.02), xlabel="coverage: share kept, the most confident", ylabel="risk: share of errors")
        axes.set_ylim(bottom=0)
        legend = axes.legend(fontsize=7, loc="best", borderpad=0.2)
        for entry in legend.get_texts():
            entry.set_parse_math(False)
    return figure


def curves_of(figure: Callable, scorecard: Scorecard) -> Iterator[dict[str, Any]]:
    """One figure per protocol and task that has a curve, with the numbers behind it."""
    drawn = [curve for curve in scorecard.risk_coverage if curve.points]
    for (protocol, task), curves in groups(drawn, lambda curve: (curve.protocol, curve.task)):
        label = f"Risk against coverage of {task}; its numbers are in the table below it"
        coverages = [point.coverage for point in curves[0].points]
        yield {
            "protocol": protocol,
            "task": task,
            "svg": figure(risk_figure(curves), label),
            "methods": [curve.method for curve in curves],
            "rows": list(zip(coverages, zip(*(curve.points for curve in curves), strict=True), strict=True)),
        }
