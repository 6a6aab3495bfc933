"""Figures of pages, and how figures are written."""

import io
import re
from xml.etree import ElementTree

import matplotlib
import msgspec
import numpy as np
import pytest
from synthetic_run import HOSTILE, METHODS, NASTY

from calibench.errors import InputError, StorageError
from calibench.reports import figures, small_multiples
from calibench.reports.plots import reliability_figure
from calibench.reports.svg import inline_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def diagram(summary):
    return summary.scorecard.reliability[0]


renamed = msgspec.structs.replace


def test_dots_stand_at_mean_confidence_and_accuracy_of_the_filled_bins(diagram):
    upper, _ = figures.panel_figure(diagram).axes
    dots = np.concatenate(
        [collection.get_offsets() for collection in upper.collections if len(collection.get_offsets())]
    )
    drawn = {tuple(np.round(dot, 9)) for dot in dots}
    expected = {(round(b.confidence, 9), round(b.accuracy, 9)) for b in diagram.bins if b.n}
    assert expected <= drawn
    assert len(dots) >= len(expected)


def test_the_histogram_counts_correct_upwards_and_incorrect_downwards(diagram):
    _, lower = figures.panel_figure(diagram).axes
    heights = [bar.get_height() for bar in lower.patches]
    assert sum(h for h in heights if h > 0) == sum(b.n_correct for b in diagram.bins)
    assert -sum(h for h in heights if h < 0) == sum(b.n_incorrect for b in diagram.bins)


def test_a_diagram_without_answers_says_so(diagram):
    empty = [
        renamed(b, n=0, n_correct=0, n_incorrect=0, confidence=None, accuracy=None, accuracy_low=None,
                accuracy_high=None, noise_low=None, noise_high=None) for b in diagram.bins
    ]  # fmt: skip
    figure = figures.panel_figure(renamed(diagram, bins=tuple(empty), n_used=0))
    assert "no answer has a confidence" in {t.get_text() for t in figure.axes[0].texts}


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png", ".SVG"])
def test_equal_diagrams_give_equal_bytes_whatever_the_users_settings(summary, tmp_path, suffix):
    diagrams = summary.scorecard.reliability[:2]
    figures.save(reliability_figure(diagrams), tmp_path / f"a{suffix}")
    with matplotlib.rc_context({"font.size": 30, "text.usetex": True, "svg.fonttype": "path", "savefig.dpi": 20}):
        figures.save(reliability_figure(diagrams), tmp_path / f"b{suffix}")
    first = (tmp_path / f"a{suffix}").read_bytes()
    assert first == (tmp_path / f"b{suffix}").read_bytes()
    assert len(first) > 5000


@pytest.mark.parametrize("name", ["x.jpg", "x", "x.svgz"])
def test_another_suffix_is_refused(diagram, tmp_path, name):
    with pytest.raises(InputError, match=r"expected a name ending in \.svg, \.pdf, \.png"):
        figures.save(figures.panel_figure(diagram), tmp_path / name)


def test_a_folder_that_is_not_there_is_a_storage_error(diagram, tmp_path):
    with pytest.raises(StorageError, match="cannot write the figure"):
        figures.save(figures.panel_figure(diagram), tmp_path / "none" / "x.svg")


def test_text_stays_text_in_svg_and_pdf_embeds_truetype_fonts(diagram, tmp_path):
    figure = reliability_figure([diagram])
    figures.save(figure, tmp_path / "x.svg")
    texts = {element.text for element in ElementTree.parse(tmp_path / "x.svg").iter(f"{SVG}text")}
    assert {"confidence", "accuracy"} <= texts
    figures.save(figure, tmp_path / "x.pdf")
    assert b"/CIDFontType2" in (tmp_path / "x.pdf").read_bytes()


@pytest.mark.parametrize("name", [HOSTILE, NASTY, "$\\frac{1}{2}$", "$unclosed \\frac{", "_hidden", "数学 اختبار", ""])
def test_names_are_drawn_literally_and_never_become_markup(diagram, tmp_path, name):
    figure = reliability_figure([renamed(diagram, task=name, method=name), renamed(diagram, task="x")], overlay=False)
    figures.save(figure, tmp_path / "x.svg")
    tags = {element.tag for element in ElementTree.parse(tmp_path / "x.svg").iter() if element.tag.startswith(SVG)}
    drawing = {"svg", "metadata", "style", "defs", "g", "path", "use", "clipPath", "rect", "text"}
    assert tags <= {SVG + tag for tag in drawing}


def test_level_figure_draws_accuracy_and_each_method(summary):
    metrics = [
        m for m in summary.scorecard.metrics
        if m.task == "gsm8k" and m.subset.startswith("level=") and m.metric in ("accuracy", "mean_confidence")
    ]  # fmt: skip
    (axes,) = figures.level_figure([renamed(m, method=f"_$x {m.method}") for m in metrics]).axes
    assert [t.get_text() for t in axes.get_legend().get_texts()] == [
        "accuracy", "confidence: _$x stated", "confidence: _$x p_true",
    ]  # fmt: skip
    accuracy = [m.value for m in metrics if m.metric == "accuracy" and m.method == "stated"]
    assert list(axes.containers[0].lines[0].get_ydata()) == pytest.approx(accuracy)


def test_inline_figures_share_no_ids_and_take_the_pages_colours_and_font(summary):
    first, second = (
        inline_svg(figures.panel_figure(d), f"f{i}", 'a "b" <c>')
        for i, d in enumerate(summary.scorecard.reliability[:2])
    )
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])
    for svg, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) <= own
        assert not [colour for colour in figures.COLOURS.values() if colour in svg]
        assert "var(--correct)" in svg
        assert not re.search("font-family|<style", svg)
        assert ElementTree.fromstring(svg).get("aria-label") == 'a "b" <c>'


# -- several runs -----------------------------------------------------------------------------------------------------


def means(run, name, method="stated"):
    return next(m for m in run.scorecard.metrics if (m.task, m.metric, m.method) == ("macro", name, method))


def test_ladder_figure_has_a_row_per_run_and_a_line_through_the_baseline(ladder):
    names = [run.name for run in ladder.runs]
    series = {method: [means(run, "ece", method) for run in ladder.runs] for method in METHODS}
    series["stated"][2] = None
    figure = figures.ladder_figure(names, series, baseline=1)
    (axes,) = figure.axes
    assert [t.get_text()[:8] for t in axes.get_yticklabels()] == [name[:8] for name in names]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    drawn = [list(c.lines[0].get_xdata()) for c in axes.containers]
    assert drawn == [[m.value for m in metrics if m] for metrics in series.values()]
    lines = [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1 and line.is_dashed()]
    assert lines == [metrics[1].value for metrics in series.values()]


def test_ladder_figure_of_one_series_without_a_name_has_no_legend(ladder):
    names = [run.name for run in ladder.runs]
    assert not figures.ladder_figure(names, {"": [means(run, "accuracy") for run in ladder.runs]}, 0).legends


def test_plane_figure_names_each_run_once_and_no_two_names_meet(ladder):
    runs = [*ladder.runs, *ladder.runs]
    names = [f"{i} $x_{run.name}" for i, run in enumerate(runs)]
    points = [(means(run, "accuracy"), means(run, "ece")) for run in runs]
    points[3] = (points[3][0], None)
    figure = figures.plane_figure(names, points, ("accuracy", "ECE"), baseline=0)
    (axes,) = figure.axes
    assert sorted(t.get_text()[0] for t in axes.texts) == [str(i) for i in range(8) if i != 3]
    heights = sorted(t.xyann[1] for t in axes.texts)
    assert min(np.diff(heights)) > 0.1
    assert 0 <= heights[0] <= heights[-1] <= 1
    figure.savefig(io.BytesIO())


def test_small_multiple_draws_every_filled_bin_over_the_baselines(diagram, other):
    behind = other.scorecard.reliability[0]
    svg = ElementTree.fromstring(small_multiples.small_multiple(diagram, behind, 0.5, 'a "b" <c>'))
    assert svg.get("aria-label") == 'a "b" <c>'
    dots = svg.findall("circle")
    filled = [b for b in diagram.bins if b.n]
    assert len(dots) == len(filled) + sum(b.n > 0 for b in behind.bins)
    # The square is 150 units wide from x = 27, and 150 high down from y = 6.
    drawn = [(float(d.get("cx")), float(d.get("cy"))) for d in dots[-len(filled) :]]
    for (x, y), b in zip(drawn, filled, strict=True):
        assert x == pytest.approx(27 + 150 * b.confidence, abs=0.06)
        assert y == pytest.approx(6 + 150 * (1 - b.accuracy), abs=0.06)
    bars = [r for r in svg.findall("rect") if r.get("fill") in ("var(--correct)", "var(--incorrect)")]
    for role in ("correct", "incorrect"):
        height = sum(float(bar.get("height")) for bar in bars if bar.get("fill") == f"var(--{role})")
        # A bar of half of the answers is 26 units high; a few answers have a bar of 0.8 units that can be seen.
        expected = 26 * sum(getattr(b, f"n_{role}") for b in filled) / diagram.n_used / 0.5
        assert height == pytest.approx(expected, abs=5)
    tallest = max(max(b.n_correct, b.n_incorrect) for b in filled)
    assert small_multiples.tallest_share(diagram) == tallest / diagram.n_used


def test_small_multiple_of_an_empty_diagram_has_axes_alone(diagram):
    empty = renamed(diagram, bins=(), n_used=0)
    svg = ElementTree.fromstring(small_multiples.small_multiple(empty, None, small_multiples.tallest_share(empty), "x"))
    assert not svg.findall("circle") + svg.findall("rect")
    assert len(svg.findall("text")) == 6
