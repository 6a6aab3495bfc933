"""How each kind of figure is drawn into its axes.

Series are told apart by colour, mark and line at once, so that they stay apart in grey and for colour-blind readers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from calibench.reports.figures import COLOURS
from calibench.reports.text import clip
from calibench.results.plots import PlotKind, PlotSeries


class Style(NamedTuple):
    """Sizes for one use. Lengths of text in points, others in inches."""

    text: float
    small: float
    """Of ticks and legends."""
    panel: float
    """Least width of a panel in which text of this size has room."""
    narrow: float
    """Width of a figure with one or two panels, unless another is asked for."""
    wide: float
    line: float
    """Width of lines, in points."""


STYLES = {
    "paper": Style(text=8, small=7, panel=1.5, narrow=3.3, wide=6.9, line=1.2),
    "talk": Style(text=18, small=16, panel=3.6, narrow=6.5, wide=12.0, line=2.6),
}
MOST_LINES = 8
"""In one axes; more could not be told apart."""


class LineLook(NamedTuple):
    colour: str
    marker: str
    dashes: Any


LOOKS = [
    LineLook("#0a6cad", "o", "-"),
    LineLook("#c8510a", "s", (0, (5, 1.5))),
    LineLook("#20242a", "D", (0, (1, 1))),
    LineLook("#56b4e9", "^", (0, (5, 1.5, 1, 1.5))),
    LineLook("#e69f00", "v", "-"),
    LineLook("#009e73", "P", (0, (5, 1.5))),
    LineLook("#cc79a7", "X", (0, (1, 1))),
    LineLook("#7a8594", "<", (0, (5, 1.5, 1, 1.5))),
]
"""Near the palette of Okabe and Ito 2008."""
SECOND = (0, (3, 1.6))
"""Dashes of the second quantity of a series."""


class Line(NamedTuple):
    """A series in an axes."""

    label: str
    """What tells it apart from the others of its panel."""
    look: LineLook
    series: PlotSeries


class Panel(NamedTuple):
    heading: str
    """What tells it apart from other panels; empty for the only one."""
    lines: list[Line]


class KindOfPlot(NamedTuple):
    """How a kind of figure is drawn."""

    xlabel: str
    ylabel: str
    draw: Callable[[Axes, Panel, Style], None]
    together: tuple[str, ...] = ()
    """Fields whose series share a panel even without overlay."""
    quantities: tuple[str, ...] = ()
    """Of two lines per series: what the solid and the dashed one are."""
    height: float = 0.85
    """Of a panel, over its width."""


def _draw_reliability(axes: Axes, panel: Panel, style: Style) -> None:
    """Dots as large as their share of the answers; a single series has the band of a calibrated model behind it."""
    largest, single = 22 * style.line**2, len(panel.lines) == 1
    axes.plot([0, 1], [0, 1], color=COLOURS["muted"], linewidth=0.6 * style.line, linestyle=(0, (4, 3)), zorder=1)
    for line in panel.lines:
        look, bins = line.look, [b for b in line.series.points if b.n]
        most = max((b.n for b in bins), default=1)
        x, y = [b.confidence for b in bins], [b.accuracy for b in bins]
        if not single:
            axes.plot(x, y, color=look.colour, linestyle=look.dashes, linewidth=0.6 * style.line, alpha=0.7)
        for at, b in zip(x, bins, strict=True):
            if single and b.noise_low is not None:
                height = b.noise_high - b.noise_low
                axes.bar(b.low, height, b.high - b.low, b.noise_low, align="edge", color=COLOURS["band"], zorder=0)
            if b.accuracy_low is not None:
                axes.vlines(at, b.accuracy_low, b.accuracy_high, color=look.colour, linewidth=0.7 * style.line)
        sizes = [largest * (0.3 + 0.7 * b.n / most) for b in bins]
        edge = {"edgecolors": COLOURS["paper"], "linewidths": 0.3 * style.line, "zorder": 3}
        axes.scatter(x, y, s=sizes, color=look.colour, marker=look.marker, **edge)
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.05, 1.05))
    _unit_ticks(axes)


def _draw_histogram(axes: Axes, panel: Panel, style: Style) -> None:
    """Shares of the answers: correct ones upwards, incorrect ones downwards."""
    for line in panel.lines:
        bins = line.series.points
        n = sum(b.n for b in bins)
        edges = [bins[0].low, *(b.high for b in bins)]
        for sign, role in ((1, "correct"), (-1, "incorrect")):
            shares = [100 * sign * (b.n_correct if sign == 1 else b.n_incorrect) / n for b in bins]
            if len(panel.lines) == 1:
                hatch = {"hatch": "/////", "edgecolor": COLOURS["paper"], "linewidth": 0} if sign == -1 else {}
                width = [0.88 * (b.high - b.low) for b in bins]
                middles = [(b.low + b.high) / 2 for b in bins]
                axes.bar(middles, shares, width, color=COLOURS[role], **hatch)
            else:
                axes.stairs(shares, edges, color=line.look.colour, linestyle=line.look.dashes, linewidth=style.line)
    axes.axhline(0, color=COLOURS["muted"], linewidth=0.6 * style.line)
    for y, edge, word in ((0.98, "top", "correct"), (0.02, "bottom", "incorrect")):
        axes.text(0.03, y, word, transform=axes.transAxes, va=edge, fontsize=style.small, color=COLOURS["muted"])
    axes.set_xlim(-0.04, 1.04)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.yaxis.set_major_locator(MaxNLocator(4, symmetric=True))
    axes.margins(y=0.18)


def _draw_risk(axes: Axes, panel: Panel, style: Style) -> None:
    for line in panel.lines:
        points = line.series.points
        _curve(axes, line, [p.coverage for p in points], [(p.risk, p.low, p.high) for p in points], marks=4)
    axes.set(xlim=(0, 1.04))
    axes.set_ylim(bottom=-0.02)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])


def _draw_length(axes: Axes, panel: Panel, style: Style) -> None:
    for line in panel.lines:
        points, tokens = line.series.points, [max(p.tokens, 1) for p in line.series.points]
        _curve(axes, line, tokens, [(p.accuracy, p.accuracy_low, p.accuracy_high) for p in points], dashes="-")
        _curve(axes, line, tokens, [(p.confidence, p.confidence_low, p.confidence_high) for p in points], dashes=SECOND)
    _token_axes(axes)


def _token_axes(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=5))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(-0.06, 1.06)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])


def _draw_budget(axes: Axes, panel: Panel, style: Style) -> None:
    for line in panel.lines:
        points, tokens = line.series.points, [max(p.tokens, 1) for p in line.series.points]
        _curve(axes, line, tokens, [(p.accuracy, p.low, p.high) for p in points], dashes="-", marks=4)
        _curve(axes, line, tokens, [(p.finished, None, None) for p in points], dashes=SECOND, marks=4)
    _token_axes(axes)


def _draw_threshold(axes: Axes, panel: Panel, style: Style) -> None:
    for line in panel.lines:
        points, at = line.series.points, [p.threshold for p in line.series.points]
        right = [(p.precision, p.precision_low, p.precision_high) for p in points]
        _curve(axes, line, at, right, dashes="-", marks=max(1, len(at) // 5))
        _curve(axes, line, at, [(p.share, None, None) for p in points], dashes=SECOND, marks=max(1, len(at) // 5))
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.06, 1.06))
    _unit_ticks(axes)


def _draw_votes(axes: Axes, panel: Panel, style: Style) -> None:
    for line in panel.lines:
        points = line.series.points
        _curve(axes, line, [p.draws for p in points], [(p.accuracy, p.low, p.high) for p in points])
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlim(left=0)


def _draw_ladder(axes: Axes, panel: Panel, style: Style) -> None:
    runs = list(dict.fromkeys(line.series.run for line in panel.lines))
    labels = list(dict.fromkeys((line.label, line.series.protocol) for line in panel.lines))
    for line in panel.lines:
        place = labels.index((line.label, line.series.protocol)) - (len(labels) - 1) / 2
        (point,), row = line.series.points, runs.index(line.series.run)
        low, high = (point.value if end is None else end for end in (point.low, point.high))
        if row == 0:
            axes.axvline(
                point.value, color=line.look.colour, linewidth=0.5 * style.line, linestyle=(0, (3, 3)), zorder=0
            )
        axes.errorbar(
            point.value, row + min(0.25, 0.7 / len(labels)) * place, xerr=[[point.value - low], [high - point.value]],
            color=line.look.colour, marker=line.look.marker, elinewidth=0.8 * style.line,
        )  # fmt: skip
    axes.set_yticks(range(len(runs)), [clip(run, 24) for run in runs], parse_math=False)
    axes.tick_params(axis="y", length=0, labelcolor=COLOURS["ink"])
    axes.set_ylim(len(runs) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.grid(axis="x", color=COLOURS["band"])
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)


def _curve(
    axes: Axes,
    line: Line,
    x: Sequence[float],
    points: Sequence[tuple[float, float | None, float | None]],
    *,
    dashes: Any = None,
    marks: int = 1,
) -> None:
    """A line through (value, low, high) with its band; every so many points have a mark."""
    look, values = line.look, [value for value, _, _ in points]
    hollow = {"markerfacecolor": COLOURS["paper"]} if dashes == SECOND else {}
    axes.plot(
        x, values, color=look.colour, linestyle=look.dashes if dashes is None else dashes, marker=look.marker,
        markevery=marks,
        **hollow,
    )  # fmt: skip
    low, high = ([value if point[end] is None else point[end] for point, value in zip(points, values, strict=True)]
                 for end in (1, 2))  # fmt: skip
    axes.fill_between(x, np.array(low), np.array(high), color=look.colour, alpha=0.14, linewidth=0)


def _unit_ticks(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])


KINDS: dict[PlotKind, KindOfPlot] = {
    "reliability": KindOfPlot("confidence", "accuracy", _draw_reliability, height=1.0),
    "histogram": KindOfPlot("confidence", "% of answers", _draw_histogram, height=0.75),
    "risk-coverage": KindOfPlot("coverage", "share of errors", _draw_risk),
    "length": KindOfPlot("generated tokens", "share", _draw_length, quantities=("accuracy", "mean confidence")),
    "threshold": KindOfPlot("automate from", "share", _draw_threshold, quantities=("of them right", "automated")),
    "budget": KindOfPlot("token budget", "share", _draw_budget, quantities=("right", "finished")),
    "votes": KindOfPlot("draws", "accuracy", _draw_votes, together=("method",)),
    "ladder": KindOfPlot("", "", _draw_ladder),
}
