"""Figures for papers and talks: any number of runs in one figure, as wide as a column, and the numbers behind it.

No title is drawn: the caption of a paper and the heading of a slide say it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import matplotlib
import msgspec
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from calibench.errors import InputError, unknown_name
from calibench.errors.spreadsheet import cell_name, csv_line
from calibench.records import Reliability
from calibench.reports import figures
from calibench.reports.figures import COLOURS
from calibench.reports.plot_kinds import KINDS, LOOKS, MOST_LINES, SECOND, STYLES, KindOfPlot, Line, Panel, Style
from calibench.reports.text import clip, visible
from calibench.results.plots import Plot, PlotKind, PlotSeries


def plot_figure(plot: Plot, *, style: str = "paper", width: str | float | None = None, overlay: bool = False) -> Figure:
    """Draws a figure; `figures.save` writes it.

    Args:
        plot: what is drawn.
        style: a key of `STYLES`: `paper` (text of 7 to 8 pt) or `talk` (16 to 18 pt).
        width: as `3.3in`, `84mm`, `240pt` or a number of inches; None: one column, or for more than two panels two.
        overlay: all series of a task in one axes, in place of a panel for each.

    Returns:
        A matplotlib figure, which may be changed.

    Raises:
        InputError: an unknown style, a width that is none or too small for the text, or too many lines for one axes.
    """
    if style not in STYLES:
        raise unknown_name("style", style, list(STYLES))
    sizes, kind = STYLES[style], KINDS[plot.kind]
    panels = _ladder_panels(plot) if plot.kind == "ladder" else list(_panels(plot, kind, overlay))
    inches = _inches(width, sizes) if width is not None else sizes.narrow if len(panels) <= 2 else sizes.wide
    rows = -(-len(panels) // max(1, int(inches / sizes.panel + 1e-9)))
    columns = -(-len(panels) // rows)
    entries = _entries(panels, kind)
    height = rows * _row_height(plot, kind, inches / columns, sizes) + _legend_height(entries, inches, sizes)
    with figures.style(), matplotlib.rc_context(_rc(sizes)):
        figure = Figure(figsize=(inches, height), layout="constrained")
        grid = figure.subplots(
            rows, columns, squeeze=False, sharex=plot.kind != "ladder", sharey=plot.kind != "histogram" or "all"
        )
        room = int((inches / columns - 0.1) * 72 / (0.58 * sizes.text))
        for place, axes in enumerate(grid.flat):
            if place >= len(panels):
                axes.remove()
                continue
            kind.draw(axes, panels[place], sizes)
            axes.set_title(clip(panels[place].heading, room), fontsize=sizes.text, parse_math=False)
            last, first = place + columns >= len(panels), place % columns == 0
            if plot.kind != "ladder":
                axes.set(xlabel=kind.xlabel if last else "", ylabel=kind.ylabel if first else "")
            axes.tick_params(labelbottom=last or plot.kind == "ladder", labelleft=first)
        _legend(figure, entries, inches, sizes)
    return figure


def reliability_figure(
    diagrams: Sequence[Reliability], *, style: str = "paper", width: str | float | None = None, overlay: bool = False
) -> Figure:
    """Reliability diagrams of one run, such as those of its scorecard, as `plot_figure` draws them.

    Raises:
        ValueError: no diagrams.
    """
    if not diagrams:
        raise ValueError("diagrams: expected at least one, found none")
    series = tuple(
        PlotSeries(run="", protocol=d.protocol, task=d.task, method=d.method, points=d.bins) for d in diagrams
    )
    return plot_figure(Plot(kind="reliability", series=series), style=style, width=width, overlay=overlay)


def plot_csv(plot: Plot) -> str:
    """The numbers of a figure, a line per point, with all digits."""
    points = [(s, point) for s in plot.series for point in s.points]
    names = points[0][1].__struct_fields__
    lines = [csv_line([*_PLACE, *names])]
    for series, point in points:
        values = (getattr(point, name) for name in names)
        lines.append(csv_line([*(cell_name(visible(getattr(series, name))) for name in _PLACE), *values]))
    return "".join(lines)


_PLACE = ("run", "protocol", "task", "method")
_WIDEST = 100
"""Inches."""
_UNITS = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72}


def _inches(width: str | float, style: Style) -> float:
    text = str(width).strip()
    unit = next((unit for unit in _UNITS if text.endswith(unit)), "")
    try:
        number = text.removesuffix(unit)
        inches = float(number) * _UNITS.get(unit, 1.0) if number.isascii() and "_" not in number else math.nan
    except ValueError:
        inches = math.nan
    if not style.panel <= inches <= _WIDEST:
        raise InputError(
            f"--width: expected {style.panel:g}in to {_WIDEST}in of this style (in, cm, mm or pt), found {text!r:.40}"
        )
    return inches


def _rc(style: Style) -> dict[str, Any]:
    return {
        "font.size": style.text,
        "axes.labelsize": style.text,
        "axes.titlesize": style.text,
        "xtick.labelsize": style.small,
        "ytick.labelsize": style.small,
        "legend.fontsize": style.small,
        "lines.linewidth": style.line,
        "lines.markersize": 3 * style.line,
        "axes.linewidth": 0.6 * style.line,
    }


# -- which series stand together ---------------------------------------------------------------------------------------


def _panels(plot: Plot, kind: KindOfPlot, overlay: bool) -> Iterator[Panel]:
    apart = ("protocol", "task") if overlay else tuple(name for name in _PLACE if name not in kind.together)
    held: dict[tuple, list[PlotSeries]] = {}
    for series in plot.series:
        held.setdefault(tuple(getattr(series, name) for name in apart), []).append(series)
    varying = [name for name in _PLACE if len({getattr(s, name) for s in plot.series}) > 1]
    inside = [name for name in varying if name not in apart]
    names = list(dict.fromkeys(_label(s, inside, plot.kind) for s in plot.series))
    for key, of_panel in held.items():
        if len(of_panel) > MOST_LINES:
            task = clip(of_panel[0].task, 40)
            raise InputError(
                f"{task}: expected at most {MOST_LINES} lines in one axes, found {len(of_panel)}; choose by --task and"
                " --confidence, or leave --overlay out"
            )
        heading = " · ".join(visible(text) for name, text in zip(apart, key, strict=True) if name in varying)
        lines = []
        for series in of_panel:
            label = _label(series, inside, plot.kind)
            lines.append(Line(label, LOOKS[names.index(label) % MOST_LINES], series))
        yield Panel(heading, lines)


def _label(series: PlotSeries, names: Iterable[str], kind: PlotKind) -> str:
    parts = {name: visible(getattr(series, name)) for name in names}
    if kind == "votes":
        parts["method"] = "majority" if series.method == "none" else f"weighted by {visible(series.method)}"
    return " · ".join(parts.values())


def _ladder_panels(plot: Plot) -> list[Panel]:
    """A panel per metric, with a line per method, whose points stand in the rows of the runs."""
    protocols = {series.protocol for series in plot.series}
    methods = list(dict.fromkeys((s.protocol, s.method) for s in plot.series if s.method != "none"))
    titles = dict.fromkeys(point.title for s in plot.series for point in s.points)
    panels = []
    for title in titles:
        lines = []
        for series in plot.series:
            points = tuple(point for point in series.points if point.title == title)
            if points:
                shared = series.method == "none"
                look = LOOKS[0 if shared else methods.index((series.protocol, series.method)) % MOST_LINES]
                parts = [series.protocol] * (len(protocols) > 1) + [series.method] * (len(methods) > 1 and not shared)
                label = " · ".join(map(visible, parts))
                lines.append(Line(label, look, msgspec.structs.replace(series, points=points)))
        panels.append(Panel(title, lines))
    return panels


def _row_height(plot: Plot, kind: KindOfPlot, width: float, style: Style) -> float:
    """Inches of a row of panels, with headings and labels."""
    around = (2 * style.text + 2 * style.small) / 72
    if plot.kind == "ladder":
        return around + 2 * style.text / 72 * len({series.run for series in plot.series})
    return around + kind.height * (min(width, 2.4 * style.panel) - 3 * style.text / 72)


Entries = list[tuple[str, Line2D]]


def _entries(panels: Sequence[Panel], kind: KindOfPlot) -> Entries:
    """What the lines are; nothing where there is nothing to tell apart."""
    looks = {line.label: line.look for panel in panels for line in panel.lines if line.label}
    entries: Entries = []
    if len(looks) > 1:
        for label, look in looks.items():
            dashes = "-" if kind.quantities else look.dashes
            entries.append((label, Line2D([], [], color=look.colour, marker=look.marker, linestyle=dashes)))
    for quantity, dashes in zip(kind.quantities, ("-", SECOND), strict=False):
        look = panels[0].lines[0].look
        marked = {"marker": look.marker, "markerfacecolor": COLOURS["paper"] if dashes == SECOND else look.colour}
        colour, marks = (COLOURS["ink"], {}) if len(looks) > 1 else (look.colour, marked)
        handle = Line2D([], [], color=colour, linestyle=dashes, **marks)
        entries.append((quantity, handle))
    return entries


def _legend_columns(entries: Entries, inches: float, style: Style) -> tuple[int, int]:
    """How many entries stand side by side, and how many characters each has room for."""
    ems = inches * 72 / style.small
    room = int((ems - 5) / 0.58)
    longest = min(room, max(len(label) for label, _ in entries))
    return max(1, min(len(entries), int(ems / (0.58 * longest + 4.6)))), room


def _legend_height(entries: Entries, inches: float, style: Style) -> float:
    if not entries:
        return 0.0
    columns, _ = _legend_columns(entries, inches, style)
    return 1.35 * style.small / 72 * -(-len(entries) // columns)


def _legend(figure: Figure, entries: Entries, inches: float, style: Style) -> None:
    """Above all panels."""
    if not entries:
        return
    columns, room = _legend_columns(entries, inches, style)
    legend = figure.legend(
        [handle for _, handle in entries], [clip(label, room) for label, _ in entries],
        loc="outside upper center", ncols=columns, borderpad=0.1, columnspacing=1.2, handlelength=2.4, labelspacing=0.3,
    )  # fmt: skip
    for entry in legend.get_texts():
        entry.set_parse_math(False)
