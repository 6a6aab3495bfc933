"""The page of votes: what it shows, that hostile names stay text, and that a narrow screen shows all of it."""

import re
from collections import Counter
from html import escape

import numpy as np
import pytest
from synthetic_run import HOSTILE, NASTY
from test_browser import dump, title
from test_html import HTML, SVG, Page

from calibench.metrics.vote_measures import VOTE_MEASURES
from calibench.records import Metric
from calibench.reports import figures
from calibench.reports.text import number, visible
from calibench.reports.votes import rows, votes_report, votes_text
from calibench.results import Reach, Votes, VotesRun

DRAWS = 12


def metric(task, method, subset, name, value, half=0.05, reason=None):
    low, high = (None, None) if value is None or half is None else (value - half, value + half)
    return Metric(
        task=task, protocol="stated", method=method, subset=subset, metric=name, value=value, low=low, high=high,
        n_used=50, n_total=60, convention=f"{name}; n counts questions", reason=reason,
    )  # fmt: skip


def of_task(task, base):
    undefined = "T cannot be chosen on other questions: there is only one, or one cluster"
    yield metric(task, "none", "all", "vote_share", 0.9)
    for k in range(1, DRAWS + 1):
        grown = base + 0.2 * (1 - 1 / k)
        yield metric(task, "none", f"k={k}", "majority_accuracy", grown)
        yield metric(task, "none", f"k={k}", "oracle_accuracy", grown + 0.2)
        for name in ("ece", "brier"):
            yield metric(task, "none", f"k={k}", f"majority_{name}", 0.4 / k)
        for method in ("p_true", "stated"):
            hidden = method == "stated" and task == HOSTILE
            for name, value in (("accuracy", grown + 0.03), ("gain", 0.03), ("ece", 0.5 / k), ("brier", 0.3 / k)):
                shown = (None, None, undefined) if hidden else (value, 0.02, None)
                yield metric(task, method, f"k={k}", f"weighted_{name}", *shown)
            yield metric(task, method, f"k={k}", "best_accuracy", grown - 0.1, None)
            equals = None if hidden else min(1.4 * k, DRAWS)
            yield metric(task, method, f"k={k}", "weighted_equals", equals, 0.7, undefined if hidden else None)
    for method in ("p_true", "stated"):
        yield metric(task, method, "all", "wqd", 0.7)
        yield metric(task, method, "all", "wqd_by_question", None, None, "no question has a right and a wrong answer")


def run(name, shift=0.0):
    tasks = {HOSTILE: 0.3, "gsm8k": 0.4, "macro": 0.35}
    metrics = tuple(m for task, base in tasks.items() for m in of_task(task, base + shift))
    return VotesRun(name=name, model=NASTY, draws=dict.fromkeys(tasks, DRAWS), metrics=metrics)


def reach(name, other, task, verdict):
    return Reach(
        task=task, protocol="stated", method="p_true", run=name, k=10, value=0.61, other=other, other_k=DRAWS,
        other_value=0.6, difference=0.01, low=-0.01, high=0.03, verdict=verdict, equals=None, n_questions=50,
        convention="paired",
    )  # fmt: skip


MEASURES = tuple(m.info for m in VOTE_MEASURES.values())
ONE = Votes(runs=(run("alone " + HOSTILE),), reaches=(), notes=(HOSTILE + NASTY,), measures=MEASURES)
SEVERAL = Votes(
    runs=(run("first " + HOSTILE), run("second", -0.1)),
    reaches=(reach("second", "first " + HOSTILE, "macro", "falls short"), reach("second", "first", HOSTILE, "reaches")),
    notes=(),
    measures=MEASURES,
)


@pytest.fixture(scope="module", params=["one", "several"])
def source(request):
    return votes_report(ONE if request.param == "one" else SEVERAL)


def test_the_page_is_closed_and_holds_only_known_elements(source):
    page = Page(source)
    assert not page.open
    assert set(page.elements) <= HTML | SVG
    assert all(value.startswith("#") for value in page.values("href"))
    assert not re.search(r"url\((?!#)|@import", source)
    ids = Counter(page.values("id"))
    assert set(ids.values()) == {1}
    assert {value[1:] for value in page.values("href")} | set(page.values("aria-labelledby")) <= set(ids)
    assert page.elements["th"] == len([t for t, key, _ in page.attributes if (t, key) == ("th", "scope")])
    assert page.elements["figure"] == page.elements["figcaption"] == 9


def test_hostile_names_are_shown_literally(source):
    assert HOSTILE not in source
    assert visible(HOSTILE)[:30] in Page(source).text


def test_every_headline_number_stands_in_the_page():
    text = Page(votes_report(ONE)).text
    for row in rows(ONE.runs[0]):
        for name in ("single", "majority", "weighted", "oracle", "wqd"):
            assert number(row[name].value) in text
    assert "10 → 12.0" in text
    assert "one cluster" in text


def test_rows_tell_all_draws_and_ten_of_them():
    found = {(row["task"], row["method"]): row for row in rows(ONE.runs[0])}
    assert [task for task, _ in found][-1] == "macro"
    row = found["gsm8k", "p_true"]
    assert (row["k"], row["reference"]) == (12, 10)
    assert row["single"].value == pytest.approx(0.4)
    assert row["weighted"].value == pytest.approx(0.4 + 0.2 * 11 / 12 + 0.03)


def test_the_table_for_a_terminal_is_narrow_and_says_who_reaches_whom():
    assert max(map(len, votes_text(ONE).splitlines())) <= 110
    text = votes_text(SEVERAL)
    assert "second with 10 draws weighted by p_true (0.610) falls short of first" in text
    assert "12 by majority (0.600): +0.010 [−0.010, 0.030]" in text


def test_lines_go_through_the_values_and_bands_through_the_intervals():
    points = [metric("t", "none", f"k={k}", "majority_accuracy", v) for k, v in ((1, 0.5), (12, 0.8), (2, 0.6))]
    points.append(metric("t", "none", "k=3", "majority_accuracy", None, None, "undefined"))
    figure = figures.curve_figure([figures.Curve("majority", points, "ink", "o")], "accuracy")
    (line,), (band,) = figure.axes[0].lines, figure.axes[0].collections
    assert line.get_xydata().tolist() == [[1, 0.5], [2, 0.6], [12, 0.8]]
    corners = {tuple(corner) for corner in np.round(band.get_paths()[0].vertices, 9)}
    assert {(1, 0.45), (1, 0.55), (12, 0.75), (12, 0.85)} <= corners


def test_a_figure_without_a_value_says_so():
    points = [metric("t", "none", "k=1", "majority_ece", None, None, "no draw has an answer")]
    figure = figures.curve_figure([figures.Curve("majority", points, "ink", "o")], "ECE")
    assert "nothing is defined here" in {t.get_text() for t in figure.axes[0].texts}


@pytest.mark.browser
def test_the_page_never_scrolls_sideways_on_a_narrow_screen(tmp_path):
    measure = "document.title = this.contentDocument.documentElement.scrollWidth"
    page = votes_report(SEVERAL)
    frame = f'<iframe width="360" frameborder="0" onload="{measure}" srcdoc="{escape(page)}"></iframe>'
    assert title(dump(f"<title></title>{frame}", tmp_path)) == "360"
