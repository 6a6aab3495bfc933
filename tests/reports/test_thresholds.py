"""What a run's page says of thresholds, and of confidence and length."""

import msgspec
from test_html import Page, small

from calibench.reports.run import run_report
from calibench.reports.thresholds import LIMITS, table
from calibench.results.plots import BudgetCurve, BudgetPoint, LengthBin, PlotSeries, ThresholdPoint

replace = msgspec.structs.replace


def series(*points, method="stated"):
    return PlotSeries(run="small", protocol="stated", task="gsm8k", method=method, points=points)


def point(threshold, n, right):
    return ThresholdPoint(
        threshold=threshold, share=n / 100, precision=right / n, precision_low=0.1, precision_high=0.9, n=n,
        n_right=right,
    )  # fmt: skip


def length(tokens, accuracy):
    return LengthBin(
        tokens_low=tokens - 5, tokens_high=tokens + 5, tokens=tokens, n=50, accuracy=accuracy, accuracy_low=0.0,
        accuracy_high=1.0, confidence=0.9, confidence_low=None, confidence_high=None,
    )  # fmt: skip


def test_a_limit_has_all_answers_at_or_above_it():
    """By hand: two answers from .97 on, ten from .9 on, and all hundred from .4 on."""
    ((_, (row,)),) = table([series(point(0.97, 2, 2), point(0.9, 10, 8), point(0.4, 100, 50))])
    assert [cell and cell.n for cell in row["cells"]] == [10, 10, 10, 10, 2, None]
    assert LIMITS == (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


def test_the_page_says_how_many_go_out_and_how_many_of_them_are_right():
    page = Page(run_report(replace(small(), thresholds=(series(point(0.9, 10, 8), point(0.4, 100, 50)),))))
    assert "80.0 % right[10.0, 90.0]10.0 % go out" in page.text
    assert "What if confident answers go out unread?" not in Page(run_report(small())).text


def test_confidence_by_length_is_drawn_where_answers_differ_in_length():
    drawn = replace(small(), lengths=(series(length(10, 0.8), length(90, 0.3)), series(length(10, 0.8), method="x")))
    page = Page(run_report(drawn))
    assert page.elements["figure"] == 1
    assert "5–15" in page.text
    assert "85–95" in page.text
    one_length = replace(small(), lengths=(series(length(10, 0.8)),))
    assert "Confidence and length" not in Page(run_report(one_length)).text


def test_accuracy_by_budget_is_drawn_with_its_numbers():
    points = tuple(
        BudgetPoint(tokens=t, finished=f, accuracy=a, low=None, high=None, n=9)
        for t, f, a in ((100, 0.5, 0.4), (1200, 1.0, 0.6))
    )
    page = Page(run_report(replace(small(), budgets=(BudgetCurve(protocol="stated", task="gsm8k", points=points),))))
    assert page.elements["figure"] == 1
    assert "1,2001.0000.600" in page.text
