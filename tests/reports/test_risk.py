"""Risk-coverage curves on the page of a run, and as a figure."""

from __future__ import annotations

from msgspec.structs import replace
from synthetic_run import HOSTILE

from calibench.records import RiskCoverage, RiskPoint
from calibench.reports.risk import risk_figure
from calibench.reports.run import run_report


def curve(task: str, method: str, *, points: bool = True) -> RiskCoverage:
    found = [
        RiskPoint(coverage=k / 20, risk=k / 100, low=k / 200 if k > 1 else None, high=k / 50) for k in range(1, 21)
    ]
    return RiskCoverage(
        task=task, protocol="stated", method=method, subset="all", n_used=100, n_total=120, convention="risk",
        points=tuple(found) if points else (),
    )  # fmt: skip


def test_the_page_draws_a_figure_per_task_with_the_numbers_behind_it(summary):
    curves = (
        curve("a task", "asked"),
        curve("a task", HOSTILE),
        curve("another", "asked"),
        curve("none", "x", points=False),
    )
    page = run_report(replace(summary, scorecard=replace(summary.scorecard, risk_coverage=curves)))
    section = page.partition('<h2 id="risk">')[2].partition("</section>")[0]
    assert section.count("<svg") == 2
    assert "0.150<small>[0.075, 0.300]</small>" in section
    assert "0.010</td>" in section  # without a band
    assert HOSTILE not in page
    assert 'href="#risk"' in page


def test_without_curves_there_is_no_section(summary):
    assert 'id="risk"' not in run_report(summary)


def test_the_figure_has_a_line_and_a_band_per_method():
    (axes,) = risk_figure([curve("t", "asked"), curve("t", "p_true"), curve("t", "empty", points=False)]).axes
    assert [line.get_label() for line in axes.lines] == ["asked", "p_true"]
    assert len(axes.collections) == 2
    assert list(axes.lines[0].get_ydata())[:2] == [0.01, 0.02]
