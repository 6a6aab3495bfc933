"""Figures by the length of what a model wrote: accuracy and confidence, and accuracy by token budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from calibench.reports.figures import COLOURS, SERIES, style
from calibench.reports.page import groups
from calibench.reports.text import clip
from calibench.results import RunSummary
from calibench.results.plots import BudgetPoint, LengthBin

Line = tuple[str, list[tuple[float, float, float | None, float | None]]]
"""A name, and (x, y, the ends of its interval or None) of each point."""


def length_figure(series: Mapping[str, Sequence[LengthBin]]) -> Figure:
    """Accuracy and each method's mean confidence by generated tokens, with 95 % intervals.

    Args:
        series: method -> bins, from the shortest answers on. The accuracy is that of the first method's answers.
    """
    (first, *_) = series.values()
    lines: list[Line] = [("accuracy", [(b.tokens, b.accuracy, b.accuracy_low, b.accuracy_high) for b in first])]
    for method, bins in series.items():
        points = [(b.tokens, b.confidence, b.confidence_low, b.confidence_high) for b in bins]
        lines.append((f"confidence: {clip(method, 24)}", points))
    return lines_figure(lines, "generated tokens")


def lines_figure(lines: Sequence[Line], xlabel: str) -> Figure:
    """Shares between 0 and 1 with their 95 % intervals, a line each."""
    with style():
        figure = Figure(figsize=(3.3, 2.7), layout="constrained")
        axes = figure.add_subplot()
        for i, (name, of_line) in enumerate(lines):
            role, marker, dashes = SERIES[i % len(SERIES)]
            x, y, low, high = zip(*of_line, strict=True)
            below = [0 if end is None else value - end for value, end in zip(y, low, strict=True)]
            above = [0 if end is None else end - value for value, end in zip(y, high, strict=True)]
            axes.errorbar(
                x, y, [below, above], label=name, marker=marker, color=COLOURS[role], linestyle=dashes, markersize=4.5,
                linewidth=1.1,
            )  # fmt: skip
        axes.set(ylim=(-0.03, 1.03), xlabel=xlabel)
        longest = max(point[0] for _, of_line in lines for point in of_line)
        axes.set_xlim(0, 1.04 * longest)  # beside the axis there is room for half a mark
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        legend = axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2, borderpad=0)
        for entry in legend.get_texts():
            entry.set_parse_math(False)
    return figure


def budget_figure(points: Sequence[BudgetPoint]) -> Figure:
    """Accuracy with its 95 % band, and the share of finished generations (dashed), by token budget."""
    with style():
        figure = Figure(figsize=(3.3, 2.7), layout="constrained")
        axes = figure.add_subplot()
        tokens = [p.tokens for p in points]
        low = [p.accuracy if p.low is None else p.low for p in points]
        high = [p.accuracy if p.high is None else p.high for p in points]
        axes.fill_between(tokens, low, high, color=COLOURS["correct"], alpha=0.15, linewidth=0)
        axes.plot(tokens, [p.accuracy for p in points], color=COLOURS["correct"], linewidth=1.4, label="right")
        finished = [p.finished for p in points]
        axes.plot(tokens, finished, color=COLOURS["muted"], linewidth=1.1, linestyle="--", label="finished")
        axes.set(ylim=(-0.03, 1.03), xlabel="budget, in generated tokens")
        axes.set_xlim(left=0)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=2, borderpad=0)
    return figure


def lengths(figure: Callable, summary: RunSummary) -> Iterator[dict[str, Any]]:
    """One figure per protocol and task whose answers have several lengths."""
    for (protocol, task), series in groups(summary.lengths, lambda s: (s.protocol, s.task)):
        drawn = [s for s in series if len(s.points) > 1]
        if drawn:
            label = f"Accuracy and confidence of {task} by the length of answers; its numbers are below it"
            svg = figure(length_figure({s.method: s.points for s in drawn}), label)
            yield {"protocol": protocol, "task": task, "svg": svg, "series": drawn}


def budgets(figure: Callable, summary: RunSummary) -> Iterator[dict[str, Any]]:
    """One figure per protocol and task whose generations have several lengths."""
    for curve in summary.budgets:
        if len(curve.points) > 1:
            label = f"Accuracy of {curve.task} by token budget; its numbers are below it"
            yield {"curve": curve, "svg": figure(budget_figure(curve.points), label)}
