"""Figures for papers and talks: what is drawn, that it can be read at the width that is asked for, golden images."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colors, image
from matplotlib.text import Text

from calibench.errors import InputError
from calibench.records import RiskPoint
from calibench.reports import figures
from calibench.reports.plot_kinds import KINDS, LOOKS, STYLES
from calibench.reports.plots import plot_csv, plot_figure, reliability_figure
from calibench.results.plots import BudgetPoint, LadderPoint, LengthBin, Plot, PlotSeries, ThresholdPoint, VotePoint

GOLDEN = Path(__file__).parent / "golden"
RUNS = ("instruct", "sft")
TASKS = ("gsm8k", "creak")


def _at(x: float, run: int, task: int) -> float:
    """A number in [0, 1] that differs between runs and tasks."""
    return min(1.0, 0.25 + 0.5 * x + 0.12 * run - 0.1 * task * x)


def _length(run: int, task: int) -> list[LengthBin]:
    return [
        LengthBin(
            tokens_low=t - 9, tokens_high=t + 9, tokens=t, n=20, accuracy=1 - y, accuracy_low=0.9 - y,
            accuracy_high=1.05 - y, confidence=0.9, confidence_low=0.88, confidence_high=0.92,
        )
        for t, y in ((50, 0.2), (100, _at(0.3, run, task)), (400, _at(0.5, run, task)))
    ]  # fmt: skip


def _threshold(run: int, task: int) -> list[ThresholdPoint]:
    points = []
    for limit in np.arange(1.0, -0.01, -0.05):
        n, y = round(200 * (1 - 0.8 * limit)), _at(limit, run, task)
        low, high = max(0, y - 0.1), min(1, y + 0.1)
        right = {"precision": y, "precision_low": low, "precision_high": high, "n_right": round(y * n)}
        points.append(ThresholdPoint(threshold=limit, share=n / 200, n=n, **right))
    return points


def _points(kind: str, run: int, task: int, diagrams) -> list:
    if kind in ("reliability", "histogram"):
        return list(diagrams[2 * task + run].bins)
    if kind == "risk-coverage":
        found = [(c, _at(c, run, task)) for c in np.arange(0.05, 1.01, 0.05)]
        return [RiskPoint(coverage=c, risk=y, low=y - 0.1, high=min(1.0, y + 0.1)) for c, y in found]
    if kind == "votes":
        found = [(k, _at(1 - 1 / k, run, task)) for k in (1, 2, 3, 5, 10)]
        return [VotePoint(draws=k, accuracy=y, low=y - 0.05, high=y + 0.05, n=90) for k, y in found]
    if kind == "budget":
        found = [(t, _at(t / 400, run, task) - 0.2) for t in (20, 50, 100, 200, 400)]
        return [
            BudgetPoint(tokens=t, finished=y + 0.2, accuracy=y, low=y - 0.05, high=y + 0.05, n=90) for t, y in found
        ]
    if kind == "length":
        return _length(run, task)
    return _threshold(run, task)


def drawn_from(kind: str, diagrams) -> Plot:
    """Two runs, two tasks and one method; of a ladder two metrics and two methods."""
    if kind == "ladder":
        series = [
            PlotSeries(run=name, protocol="stated", task="macro", method=method, points=tuple(
                LadderPoint(metric=title.lower(), title=title, value=y, low=y - 0.05, high=y + 0.04, n=90)
                for title, y in (("ECE", _at(0.2 * i, run, 0)), ("Brier", _at(0.1, run, i)))
            ))
            for run, name in enumerate(RUNS) for i, method in enumerate(("stated", "p_true"))
        ]  # fmt: skip
    else:
        series = [
            PlotSeries(
                run=run, protocol="stated", task=task, method="stated", points=tuple(_points(kind, i, k, diagrams))
            )
            for i, run in enumerate(RUNS)
            for k, task in enumerate(TASKS)
        ]
    return Plot(kind=kind, series=tuple(series))


@pytest.fixture(scope="module")
def diagrams(summary):
    return summary.scorecard.reliability


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_the_golden_one(kind, diagrams, tmp_path):
    """Looked at when they were made. To make one again, delete it and run this test, which then leaves it there."""
    figure = plot_figure(drawn_from(kind, diagrams), width="3.3in", overlay=kind != "ladder")
    golden, made = GOLDEN / f"{kind}.png", tmp_path / "made.png"
    figure.savefig(made, dpi=60, metadata={"Software": None})
    if not golden.exists():
        golden.write_bytes(made.read_bytes())
        pytest.fail(f"{golden} was missing and is made now: look at it")
    expected, found = image.imread(golden)[..., :3], image.imread(made)[..., :3]
    assert expected.shape == found.shape
    assert np.sqrt(np.mean((expected - found) ** 2)) < 0.03


@pytest.mark.parametrize("overlay", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_text_can_be_read_in_a_column_and_stays_inside(kind, overlay, diagrams):
    figure = plot_figure(drawn_from(kind, diagrams), width="3.3in", overlay=overlay)
    assert figure.get_figwidth() == 3.3
    figure.draw_without_rendering()
    assert min(text.get_fontsize() for text in figure.findobj(Text)) >= 7
    drawn = figure.get_tightbbox()  # inches
    assert drawn.x0 >= 0
    assert drawn.x1 <= 3.3
    assert drawn.y0 >= 0
    assert drawn.y1 <= figure.get_figheight()
    assert figure.get_suptitle() == ""


@pytest.mark.parametrize("width", ["3.3in", "83.82mm", "8.382cm", "237.6pt", 3.3])
def test_a_width_is_given_in_any_unit(width, diagrams):
    assert plot_figure(drawn_from("votes", diagrams), width=width).get_figwidth() == pytest.approx(3.3)


@pytest.mark.parametrize("width", ["1in", "wide", "-3in", "nan", "", "3 feet", "inf", "٣", "1_0"])
def test_a_width_without_room_for_text_is_refused(width, diagrams):
    with pytest.raises(InputError, match=r"--width: expected 1\.5in to 100in"):
        plot_figure(drawn_from("votes", diagrams), width=width)


def test_series_stand_in_a_panel_each_and_together_with_overlay(diagrams):
    plot = drawn_from("risk-coverage", diagrams)
    apart, together = plot_figure(plot), plot_figure(plot, overlay=True)
    assert [axes.get_title() for axes in apart.axes] == [f"{run} · {task}" for run in RUNS for task in TASKS]
    assert not apart.legends
    assert [axes.get_title() for axes in together.axes] == list(TASKS)
    assert [t.get_text() for t in together.legends[0].get_texts()] == list(RUNS)
    for i, axes in enumerate(together.axes):
        for run, line in enumerate(axes.lines):
            points = plot.series[2 * run + i].points
            assert list(line.get_xdata()) == [p.coverage for p in points]
            assert list(line.get_ydata()) == [p.risk for p in points]


def test_a_single_panel_has_no_heading(diagrams):
    (axes,) = reliability_figure(diagrams[:1]).axes
    assert axes.get_title() == ""


def test_votes_stand_beside_the_majority(diagrams):
    plot = drawn_from("votes", diagrams)
    (first, *_) = plot.series
    both = tuple(PlotSeries(run="r", protocol="p", task="t", method=m, points=first.points) for m in ("none", "p_true"))
    figure = plot_figure(Plot(kind="votes", series=both))
    assert len(figure.axes) == 1
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["majority", "weighted by p_true"]


def test_more_lines_than_can_be_told_apart_are_refused(diagrams):
    first = drawn_from("votes", diagrams).series[0]
    many = tuple(PlotSeries(run=f"r{i}", protocol="p", task="t", method="none", points=first.points) for i in range(9))
    assert len(plot_figure(Plot(kind="votes", series=many)).axes) == 9
    with pytest.raises(InputError, match="at most 8 lines in one axes, found 9"):
        plot_figure(Plot(kind="votes", series=many), overlay=True)


def test_an_unknown_style_is_refused(diagrams):
    with pytest.raises(InputError, match=r"unknown style 'papper'\. Did you mean paper"):
        plot_figure(drawn_from("votes", diagrams), style="papper")


def test_lines_differ_in_mark_and_neighbours_in_dashes_so_that_grey_is_enough():
    assert len({look.marker for look in LOOKS}) == len(LOOKS)
    assert all(str(a.dashes) != str(b.dashes) for a, b in pairwise(LOOKS))


@pytest.mark.parametrize(
    "matrix",
    [
        # Machado, Oliveira, Fernandes 2009, severity 1: protanopia, deuteranopia.
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    ],
)
def test_the_first_four_colours_stay_apart_for_colour_blind_readers(matrix):
    seen = [np.array(matrix) @ colors.to_rgb(look.colour) for look in LOOKS[:4]]
    apart = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[i + 1 :]]
    assert min(apart) > 0.2


def test_the_csv_has_a_line_per_point_with_all_digits(diagrams):
    plot = drawn_from("threshold", diagrams)
    rows = list(csv.DictReader(io.StringIO(plot_csv(plot))))
    assert len(rows) == sum(len(s.points) for s in plot.series)
    assert rows[0].keys() == {"run", "protocol", "task", "method", *ThresholdPoint.__struct_fields__}
    assert float(rows[3]["precision"]) == plot.series[0].points[3].precision
    assert {(row["run"], row["task"]) for row in rows} == {(run, task) for run in RUNS for task in TASKS}


def test_a_talk_has_larger_text(diagrams):
    figure = plot_figure(drawn_from("votes", diagrams), style="talk", overlay=True)
    assert figure.axes[0].yaxis.label.get_fontsize() == STYLES["talk"].text == 18


def test_a_figure_may_be_changed_before_it_is_saved(diagrams, tmp_path):
    figure = reliability_figure(diagrams[:1])
    figure.axes[0].set_xlabel("stated confidence")
    figures.save(figure, tmp_path / "x.svg")
    assert "stated confidence" in (tmp_path / "x.svg").read_text()
