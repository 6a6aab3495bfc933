"""Tokens and seconds beside accuracy."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from some_runs import DRAWS, QUESTIONS, TASK, whole_run

import calibench
from calibench.reports.comparison import comparison_report
from calibench.reports.run import run_report
from calibench.store import RunFile


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A run whose answers to question i have i + 2 tokens, one of them reasoning."""
    folder = tmp_path_factory.mktemp("spent")
    with RunFile.create(whole_run(folder / "a")) as run:
        for i in range(QUESTIONS):
            draws = run.draws(TASK, f"q{i}", "stated").values()
            run.replace([replace(g, answer_tokens=i + 1, reasoning_tokens=1, latency=float(i)) for g in draws])
    with RunFile.create(whole_run(folder / "b")) as run:
        run.update_manifest(name="b")
    return folder


def test_each_generation_counts_once_whatever_the_methods(place):
    (spent,) = calibench.report(place / "a").spending
    right = sum((i + draw) % 3 > 0 for i in range(QUESTIONS) for draw in range(DRAWS))
    total = DRAWS * sum(i + 2 for i in range(QUESTIONS))
    assert spent.n == QUESTIONS * DRAWS
    assert spent.accuracy == right / spent.n
    assert spent.tokens == total / spent.n
    assert spent.reasoning_tokens == 1
    assert spent.tokens_per_correct == total / right
    assert spent.latency == (QUESTIONS - 1) / 2


def test_the_pages_show_it_beside_accuracy(place):
    summary = calibench.report(place / "a")
    assert "Tokens per right answer" in run_report(summary)
    page = comparison_report(calibench.compare(place / "a", place / "b"))
    assert page.count("Tokens per right answer") == 1
    assert "Tokens per right answer" not in run_report(replace(summary, spending=()))


def test_nothing_is_said_where_tokens_are_not_known(tmp_path):
    (tmp_path / "t.csv").write_text("confidence,correct\n" + "0.5,yes\n0.6,no\n" * 10)
    (scored,) = calibench.score(tmp_path / "t.csv").models.values()
    assert scored.summary.spending == ()
