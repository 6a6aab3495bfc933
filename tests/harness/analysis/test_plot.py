"""`calibench plot`: which numbers each kind of figure is drawn from, and what it refuses."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from typing import get_args

import pytest
from matplotlib.figure import Figure
from msgspec.structs import replace
from some_runs import DRAWS, METHODS, QUESTIONS, TASK, whole_run

import calibench
from calibench.analysis.plot import plot
from calibench.cli import main
from calibench.errors import InputError
from calibench.metrics.length import by_length
from calibench.results.plots import PlotKind
from calibench.store import RunFile


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two runs, `a` and `b`, whose answers differ in length; a file that was scored; a run without confidences."""
    folder = tmp_path_factory.mktemp("plots")
    for name in ("a", "b"):
        with RunFile.create(whole_run(folder / name)) as run:
            run.update_manifest(name=name, kind="rl" if name == "a" else "instruct")
            for question in list(run.questions(TASK)):
                for generation in run.draws(TASK, question.question_id, "stated").values():
                    longer = replace(generation, answer_tokens=2 + 3 * int(question.question_id[1:]))
                    run.replace([longer])
    (folder / "t.csv").write_text(
        "question,confidence,correct\n" + "".join(f"{i},0.{i % 9},{i % 2}\n" for i in range(40))
    )
    calibench.score(folder / "t.csv", question="question", out=folder / "scored")
    return folder


def opened(place, *names):
    return [RunFile.open(place / name) for name in names]


@pytest.mark.parametrize("kind", get_args(PlotKind))
def test_every_kind_is_drawn_and_its_numbers_are_written(place, tmp_path, capsys, kind):
    figure, data = tmp_path / "f.svg", tmp_path / "f.csv"
    runs = [str(place / name) for name in ("a", "b")]
    assert main(["plot", *runs, "--kind", kind, "--task", TASK, "--out", str(figure), "--data", str(data)]) == 0
    assert capsys.readouterr().out == f"{figure}\n"
    assert figure.read_bytes().startswith(b"<?xml")
    rows = list(csv.DictReader(data.read_text().splitlines()))
    assert {row["run"] for row in rows} == {"a", "b"}
    assert {row["method"] for row in rows} - {"none"} == (set() if kind == "budget" else set(METHODS))


def test_the_numbers_are_those_of_the_scorecard(place):
    summary = calibench.report(place / "a")
    series = {s.method: s.points for s in plot(opened(place, "a"), "reliability").series}
    assert series == {d.method: d.bins for d in summary.scorecard.reliability}
    risks = {s.method: s.points for s in plot(opened(place, "a"), "risk-coverage", methods=["stated"]).series}
    assert risks == {c.method: c.points for c in summary.scorecard.risk_coverage if c.method == "stated"}


def test_a_ladder_holds_the_means_in_the_order_of_training(place):
    found = plot(opened(place, "a", "b"), "ladder")
    assert list(dict.fromkeys(s.run for s in found.series)) == ["b", "a"]
    means = {
        (m.method, m.metric): m.value for m in calibench.report(place / "a").scorecard.metrics if m.task == "macro"
    }
    for series in found.series:
        for point in series.points:
            method = METHODS[0] if series.method == "none" else series.method
            assert point.value == means[method, point.metric]
    assert sum(p.metric == "accuracy" for s in found.series for p in s.points) == 2


def test_a_threshold_figure_counts_one_answer_per_question(place):
    (series, *_) = plot(opened(place, "a"), "threshold", methods=["stated"]).series
    last = series.points[-1]
    assert (last.threshold, last.share, last.n) == (0, 1, QUESTIONS)
    assert [p.n for p in series.points] == sorted(p.n for p in series.points)
    assert last.precision_low < last.precision < last.precision_high


def test_length_bins_hold_every_answer_once_from_short_to_long(place):
    with RunFile.open(place / "a") as run:
        frame = run.frame()
    rows = frame[frame["method"] == "stated"]
    bins = by_length(rows)
    tokens = rows["answer_tokens"] + rows["reasoning_tokens"]
    assert sum(b.n for b in bins) == QUESTIONS * DRAWS
    assert bins[0].tokens_low == tokens.min()
    assert bins[-1].tokens_high == tokens.max()
    assert all(a.tokens_high < b.tokens_low for a, b in pairwise(bins))
    for b in bins:
        inside = rows[tokens.between(b.tokens_low, b.tokens_high)]
        assert b.accuracy == pytest.approx((inside["outcome"] == "correct").mean())
        assert b.confidence == pytest.approx(inside["value"].mean())
        assert b.tokens == pytest.approx(tokens[inside.index].mean())


@pytest.mark.parametrize(
    ("runs", "kind", "options", "message"),
    [
        (["a"], "reliabilty", {}, r"unknown kind 'reliabilty'\. Did you mean reliability"),
        (["a"], "ladder", {}, "a ladder holds runs against each other: expected at least two, found 1"),
        (["a", "scored"], "ladder", {}, "tasks that all runs have.*a has micro_words; t.csv has t.csv"),
        (["scored"], "length", {}, "known number of tokens; they are counted where `calibench run` asks"),
        (
            ["scored"],
            "budget",
            {},
            "no answer has a known number of tokens; they are counted where `calibench run` asks",
        ),
        (["scored"], "votes", {}, "answer that could vote"),
        (["a"], "risk-coverage", {"tasks": ["gsm8k"]}, "no task 'gsm8k' in these runs; they have: micro_words"),
        (["a"], "votes", {"tasks": ["gsm8k"]}, "no task with several draws 'gsm8k'"),
        (["a"], "length", {"methods": ["asked"]}, "no method 'asked' in these runs; they have: p_true, sequence"),
        ([], "length", {}, "expected at least one run, found none"),
        (["a", "a"], "length", {}, "this run is given twice"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_what_would_give_it(place, runs, kind, options, message):
    with pytest.raises(InputError, match=message):
        plot(opened(place, *runs), kind, **options)


def test_the_python_function_returns_a_figure_and_writes_where_it_is_told(place, tmp_path):
    figure = calibench.plot(place / "a", kind="histogram", confidence="stated", width="84mm", data=tmp_path / "d.csv")
    assert isinstance(figure, Figure)
    assert figure.get_figwidth() == pytest.approx(84 / 25.4)
    assert [file.name for file in tmp_path.iterdir()] == ["d.csv"]
    with pytest.raises(InputError, match=r"unknown option 'widht'\. Did you mean width"):
        calibench.plot(place / "a", widht="84mm")


def test_json_is_what_is_drawn(place, tmp_path, capsys):
    command = ["plot", str(place / "a"), "--kind", "votes", "--out", str(tmp_path / "f.png"), "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "votes"
    assert [p["draws"] for p in found["series"][0]["points"]] == [1, 2]
