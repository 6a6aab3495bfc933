"""Figures of pages, drawn with matplotlib's object-oriented interface.

Names of tasks, models and methods are untrusted: they are drawn literally (no mathtext) and cannot become markup.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from calibench.errors import InputError, StorageError
from calibench.records import Metric, Reliability, ReliabilityBin
from calibench.reports.text import clip

# Each role has a colour of its own, so that an inlined figure can follow the page's light and dark styles.
COLOURS = {
    "ink": "#20242a",
    "muted": "#5c636d",
    "rule": "#c9cdd2",
    "band": "#e3e6ea",
    "correct": "#0a6cad",
    "incorrect": "#c8510a",
    "paper": "#ffffff",
    "violet": "#6a4fa3",
    "green": "#1d7a55",
}
"""Role -> colour. Correct and incorrect stay apart for colour-blind readers, and also differ in place or marker."""

_STYLE = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.edgecolor": COLOURS["rule"],
    "axes.labelcolor": COLOURS["ink"],
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": COLOURS["rule"],
    "ytick.color": COLOURS["rule"],
    "xtick.labelcolor": COLOURS["muted"],
    "ytick.labelcolor": COLOURS["muted"],
    "text.color": COLOURS["ink"],
    "legend.frameon": False,
    "svg.hashsalt": "calibench",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}
_FORMATS = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {}}
_MARKERS = "sD^vPX*<>"
SERIES = (
    ("ink", "o", "-"), ("correct", "s", "--"), ("incorrect", "D", "-."), ("violet", "^", ":"), ("green", "v", "--"),
    ("muted", "P", "-."),
)  # fmt: skip
"""(role, marker, line) of what shares an axes: told apart in grey too. Further ones begin again."""


@contextmanager
def style() -> Iterator[None]:
    """The project's style over matplotlib's defaults, whatever the user's own settings are."""
    defaults = {k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith(("backend", "interactive"))}
    with matplotlib.rc_context(defaults | _STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # drawn as a box
        yield


def panel_figure(diagram: Reliability) -> Figure:
    """One reliability diagram with its histogram, without title or caption, for a page that states both."""
    with style():
        figure = Figure(figsize=(3.3, 3.9), layout="constrained")
        _draw(figure, diagram)
    return figure


def level_figure(metrics: Sequence[Metric]) -> Figure:
    """Accuracy and each method's mean confidence by level, with 95 % intervals.

    Args:
        metrics: `accuracy` and `mean_confidence` of the subsets `level=...` of one task under one protocol.
    """
    methods = list(dict.fromkeys(m.method for m in metrics if m.metric == "mean_confidence"))
    accuracy = [m for m in metrics if m.metric == "accuracy" and m.method == metrics[0].method]
    lines = [("accuracy", accuracy)]
    for method in methods:
        chosen = [m for m in metrics if m.metric == "mean_confidence" and m.method == method]
        lines.append((f"confidence: {clip(method, 24)}", chosen))
    with style():
        figure = Figure(figsize=(3.3, 2.7), layout="constrained")
        axes = figure.add_subplot()
        for i, (name, points) in enumerate(lines):
            _line(axes, points, offset=0.06 * (i - len(lines) / 2), name=name, look=SERIES[i % len(SERIES)])
        axes.set(ylim=(-0.03, 1.03), xlabel="level (1 is the easiest)")
        axes.set_xticks(sorted({_level(m) for m in metrics}))
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        legend = axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2, borderpad=0)
        for entry in legend.get_texts():
            entry.set_parse_math(False)
    return figure


def ladder_figure(names: Sequence[str], series: Mapping[str, Sequence[Metric | None]], baseline: int) -> Figure:
    """One metric of several runs, a row per run, with 95 % intervals; a dashed line goes through the baseline's value.

    Args:
        names: of the runs, from the top.
        series: method -> the metric of each run (None or undefined where it has none); its one key is empty for a
            metric that is the same for every method.
        baseline: index of the run that the others are held against.
    """
    apart = min(0.3, 0.7 / len(series))
    with style():
        figure = Figure(figsize=(3.3, 0.8 + 0.32 * len(names)), layout="constrained")
        axes = figure.add_subplot()
        for i, (method, metrics) in enumerate(series.items()):
            offset = apart * (i - (len(series) - 1) / 2)
            role = COLOURS["ink"] if i == 0 else COLOURS["muted"]
            defined = {y: m for y, m in enumerate(metrics) if m is not None and m.value is not None}
            if baseline in defined:
                axes.axvline(_value(defined[baseline]), color=role, linewidth=0.7, linestyle=(0, (3, 3)), zorder=0)
            axes.errorbar(
                [_value(m) for m in defined.values()], [y + offset for y in defined],
                xerr=_reach(list(defined.values())), color=role,
                label=clip(method, 24), marker="o" if i == 0 else _MARKERS[(i - 1) % len(_MARKERS)], linestyle="",
                markersize=4.5, elinewidth=1.3,
            )  # fmt: skip
        axes.set_yticks(range(len(names)), [clip(name, 20) for name in names], parse_math=False)
        axes.tick_params(axis="y", length=0, labelcolor=COLOURS["ink"])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.grid(axis="x", color=COLOURS["band"], linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines["left"].set_visible(False)
        if "" not in series:
            legend = figure.legend(fontsize=7, loc="outside upper right", ncols=2, borderpad=0, handletextpad=0.3)
            for entry in legend.get_texts():
                entry.set_parse_math(False)
    return figure


def plane_figure(
    names: Sequence[str], points: Sequence[tuple[Metric | None, Metric | None]], labels: tuple[str, str], baseline: int
) -> Figure:
    """Two metrics of several runs against each other, with 95 % intervals, and the runs' names beside them.

    Args:
        names: of the runs.
        points: (x, y) of each run; a run that lacks one of them is left out.
        labels: of the axes.
        baseline: index of the run whose dot is hollow.
    """
    drawn = [(i, x, y) for i, (x, y) in enumerate(points) if x and y and x.value is not None and y.value is not None]
    drawn.sort(key=lambda point: _value(point[2]))
    with style():
        figure = Figure(figsize=(3.3, 0.9 + max(1.7, 0.19 * len(drawn))), layout="constrained")
        axes = figure.add_subplot()
        for i, x, y in drawn:
            axes.errorbar(
                _value(x), _value(y), xerr=_reach([x]), yerr=_reach([y]), color=COLOURS["rule"], elinewidth=1.1,
                zorder=1,
            )  # fmt: skip
            fill = COLOURS["paper" if i == baseline else "ink"]
            axes.scatter(_value(x), _value(y), s=26, color=fill, edgecolors=COLOURS["ink"], zorder=3)
        axes.set(xlabel=labels[0], ylabel=labels[1])
        axes.margins(0.06)
        low, high = axes.get_ylim()
        heights = _spread([(_value(y) - low) / (high - low) for _, _, y in drawn], gap=0.19 / 1.75)
        for (i, x, y), height in zip(drawn, heights, strict=True):
            axes.annotate(
                clip(names[i], 16), (_value(x), _value(y)), xytext=(1.06, height),
                textcoords="axes fraction", fontsize=7, va="center", parse_math=False, annotation_clip=False,
                arrowprops={"arrowstyle": "-", "color": COLOURS["muted"], "linewidth": 0.5, "shrinkA": 1, "shrinkB": 3},
            )  # fmt: skip
    return figure


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """Ascending heights from 0 to 1, moved as far apart as the gap wants, or as 1 has room for."""
    gap = min(gap, 1 / max(1, len(heights) - 1))
    out: list[float] = []
    for i, height in enumerate(heights):
        highest = 1 - gap * (len(heights) - 1 - i)
        out.append(min(highest, max(height, out[-1] + gap if out else 0.0)))
    return out


def _value(metric: Metric) -> float:
    """Of a metric that has one."""
    assert metric.value is not None
    return metric.value


def _reach(metrics: Sequence[Metric]) -> list[list[float]]:
    """How far the intervals reach below and above the values; nowhere where there is none."""
    below = [_value(m) - (_value(m) if m.low is None else m.low) for m in metrics]
    above = [(_value(m) if m.high is None else m.high) - _value(m) for m in metrics]
    return [below, above]


class Curve(NamedTuple):
    """One line of a `curve_figure`."""

    name: str
    points: Sequence[Metric]
    """Of the subsets `k=...`; those without a value are left out."""
    role: str
    """Its colour, a key of `COLOURS`."""
    marker: str
    """Empty: the line is dashed, and has neither marks nor band."""


def curve_figure(curves: Sequence[Curve], ylabel: str, xlabel: str = "draws") -> Figure:
    """Numbers as functions of a whole number, with 95 % bands; the page says what each line is."""
    with style():
        figure = Figure(figsize=(3.6, 2.9), layout="constrained")
        axes = figure.add_subplot()
        for curve in curves:
            points = sorted((_draws(m), m) for m in curve.points if m.value is not None)
            _curve(axes, [k for k, _ in points], [m for _, m in points], curve)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.set_xlim(left=0)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y", color=COLOURS["band"], linewidth=0.8)
        axes.set_axisbelow(True)
        if not any(line.get_xdata().size for line in axes.lines):
            axes.text(0.02, 0.9, "nothing is defined here", color=COLOURS["muted"], transform=axes.transAxes)
    return figure


def _curve(axes: Axes, draws: Sequence[int], points: Sequence[Metric], curve: Curve) -> None:
    colour = COLOURS[curve.role]
    dashes = "-" if curve.marker else (0, (4, 2))
    values = [m.value for m in points]
    axes.plot(draws, values, color=colour, linestyle=dashes, marker=curve.marker or None, markersize=3.6, linewidth=1.2)
    banded = [(k, m) for k, m in zip(draws, points, strict=True) if m.low is not None and m.high is not None]
    if curve.marker and banded:
        low, high = [m.low for _, m in banded], [m.high for _, m in banded]
        axes.fill_between([k for k, _ in banded], low, high, color=colour, alpha=0.1, linewidth=0)


def _draws(metric: Metric) -> int:
    return int(metric.subset.removeprefix("k="))


def _line(axes: Axes, points: Sequence[Metric], *, offset: float, name: str, look: tuple[str, str, str]) -> None:
    points = sorted((m for m in points if m.value is not None), key=_level)
    x = [_level(m) + offset for m in points]
    y = [m.value for m in points]
    role, marker, dashes = look
    axes.errorbar(
        x, y, _reach(points), label=name, marker=marker, color=COLOURS[role], linestyle=dashes, markersize=4.5,
        linewidth=1.1,
    )  # fmt: skip


def _level(metric: Metric) -> int:
    return int(metric.subset.removeprefix("level="))


def _draw(figure: FigureBase, diagram: Reliability) -> None:
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.15])
    _draw_accuracy(upper, diagram.bins)
    _draw_histogram(lower, diagram.bins)


def _draw_accuracy(axes: Axes, bins: Sequence[ReliabilityBin]) -> None:
    bins = [b for b in bins if b.n and b.confidence is not None and b.accuracy is not None]
    for b in bins:
        if b.noise_low is not None and b.noise_high is not None:
            axes.bar(
                b.low, b.noise_high - b.noise_low, b.high - b.low, b.noise_low, align="edge", color=COLOURS["band"]
            )
    axes.plot([0, 1], [0, 1], color=COLOURS["muted"], linewidth=0.9, linestyle=(0, (4, 3)))
    most = max((b.n for b in bins), default=1)
    for b in bins:
        if b.accuracy_low is not None and b.accuracy_high is not None:
            axes.vlines(b.confidence, b.accuracy_low, b.accuracy_high, color=COLOURS["correct"], linewidth=1.2)
        size = 16 + 44 * b.n / most
        axes.scatter(b.confidence, b.accuracy, s=size, color=COLOURS["correct"], edgecolors=COLOURS["paper"], zorder=3)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.03, 1.03), ylabel="accuracy")
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.tick_params(axis="x", length=0)
    if not bins:
        axes.text(0.02, 0.9, "no answer has a confidence", color=COLOURS["muted"])


def _draw_histogram(axes: Axes, bins: Sequence[ReliabilityBin]) -> None:
    tallest = max([1, *(max(b.n_correct, b.n_incorrect) for b in bins)])
    for sign, role in ((1, "correct"), (-1, "incorrect")):
        for b in bins:
            n = b.n_correct if sign == 1 else b.n_incorrect
            if n == 0:
                continue
            width = b.high - b.low
            axes.bar(b.low + 0.06 * width, sign * n, 0.88 * width, align="edge", color=COLOURS[role])
            axes.text(
                (b.low + b.high) / 2, sign * (n + 0.06 * tallest), _short(n), ha="center",
                va="bottom" if sign == 1 else "top", fontsize=6.2, color=COLOURS["muted"],
            )  # fmt: skip
    axes.axhline(0, color=COLOURS["rule"], linewidth=0.8)
    axes.set(ylim=(-1.5 * tallest, 1.5 * tallest), xlabel="confidence")
    axes.set_yticks([0.75 * tallest, -0.75 * tallest], ["correct", "incorrect"], rotation=90, va="center", fontsize=7)
    axes.tick_params(axis="y", length=0)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    axes.spines["left"].set_visible(False)


def _short(n: int) -> str:
    return str(n) if n < 1000 else f"{n / 1000:.1f}k"


def check_path(path: Path) -> None:
    """Whether a figure can be written there, as far as the name says it.

    Raises:
        InputError: another suffix than those of figures, or a folder.
    """
    if path.suffix.lower() not in _FORMATS:
        raise InputError(
            f"{path}: expected a name ending in {', '.join(_FORMATS)}, found {path.suffix or 'no suffix'!r}"
        )
    if path.is_dir():
        raise InputError(f"{path}: expected the name of a file, found a folder")


def save(figure: Figure, path: str | Path) -> None:
    """Writes the figure as SVG, PDF or PNG, by the path's suffix. Equal figures give equal bytes.

    Text stays text: in SVG it can be searched and edited, and PDF embeds TrueType fonts (Type 42).

    Raises:
        InputError: another suffix.
        StorageError: the file cannot be written.
    """
    path = Path(path)
    check_path(path)
    suffix = path.suffix.lower()
    with style():
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix[1:], metadata=_FORMATS[suffix], dpi=200)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        with partial.open("xb") as file:  # what lies there may be a link of a stranger
            file.write(buffer.getvalue())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot write the figure: {error.strerror}") from error
