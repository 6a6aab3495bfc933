"""Runs that were asked in several wordings: their section, their numbers, and verdicts that hold under some of them."""

from __future__ import annotations

import csv
import io
import json
import random
import re

import pytest
from fakes import FakeBackend, Given, checkpoint_folder, gsm8k_folder
from msgspec.structs import replace

from calibench.analysis.compare import compare, publish
from calibench.analysis.report import report
from calibench.backends import base
from calibench.cli import main
from calibench.confidence.base import load
from calibench.reports import formats
from calibench.reports.run import run_report
from calibench.reports.tables import measures_of
from calibench.reports.wording import held_table, held_text, sentence, variances_table, wordings_text
from calibench.running.config import RunConfig
from calibench.running.pipeline import execute
from calibench.running.progress import Silent
from calibench.store import RunFile

QUESTIONS, W = 40, 4


def model(good: bool):
    """Half of its answers are right. A good one is sure of these alone, but in the last wording it is always sure."""
    last = load(f"asked#{W}").question

    def answer(prompt: str, seed: int | None) -> str:
        number = int(prompt.partition("What is ")[2].partition(" ")[0])
        right = number % 2 == 0
        if "Confidence:" not in prompt:
            return f"Answer: {2 * number + (not right)}"
        sure = 90 if (right or not good or last in prompt) else 10
        return f"Confidence: {sure + random.Random(prompt).randint(-9, 9)}%"

    return answer


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    options = {
        "model": str(checkpoint_folder(folder / "model")), "data": str(gsm8k_folder(folder / "data", QUESTIONS)),
        "tasks": "gsm8k", "confidence": "asked", "variants": W,
    }  # fmt: skip
    for name in ("bad", "good"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(base, "load", lambda _, name=name: Given(FakeBackend(model(name == "good"))))
            execute(RunConfig(**options, out=str(folder / name), name=name), Silent()).run.close()
    return folder / "bad", folder / "good"


@pytest.fixture(scope="module")
def summary(runs):
    with RunFile.open(runs[1]) as good:
        return report(good)


@pytest.fixture(scope="module")
def comparison(runs):
    with RunFile.open(runs[0]) as bad, RunFile.open(runs[1]) as good:
        return compare([bad, good])


def test_a_page_shows_every_wording_and_what_the_wording_makes_up(summary):
    (found,) = summary.wordings
    assert (found.task, found.method, found.n_questions) == ("gsm8k", "asked", QUESTIONS)
    assert [w.text for w in found.wordings] == [load(f"asked{n}").question for n in ("", "#2", "#3", "#4")]
    ece = [m.value for w in found.wordings for m in w.metrics if m.metric == "ece"]
    assert max(ece[:3]) < 0.2 < 0.35 < ece[3]
    page = run_report(summary)
    assert "Does the wording matter?" in page
    assert sentence(found, measures_of([summary.scorecard])) in page
    assert {m.method for m in summary.scorecard.metrics} == {"asked"}
    assert [d.method for d in summary.scorecard.reliability] == ["asked"]


def test_a_page_of_one_wording_has_no_such_section(summary):
    page = run_report(replace(summary, wordings=()))
    assert "wording" not in page.partition("</style>")[2].partition("manifest")[0]


def test_a_verdict_is_held_against_the_other_wordings(comparison, tmp_path):
    found = {v.metric: v for v in comparison.held if v.task == "macro"}
    assert "accuracy" not in found
    brier = found["brier"]
    assert (brier.verdict, brier.holds, [d.verdict for d in brier.differences][:3]) == ("better", 3, ["better"] * 3)
    assert [d.method for d in brier.differences] == ["asked", "asked#2", "asked#3", "asked#4"]
    own = next(d for d in comparison.differences if (d.task, d.metric) == ("macro", "brier"))
    assert brier.differences[0] == own
    assert "holds under 3 of 4 wordings" in publish(comparison, tmp_path).read_text()
    (told,) = [v for v in json.loads((tmp_path / "comparison.json").read_text())["held"] if v["metric"] == "brier"][:1]
    assert told["holds"] == 3


def test_tables_and_texts_tell_the_same(summary, comparison):
    text = wordings_text(summary)
    assert len(text.splitlines()) >= 2 + 1 + W + 2
    assert "In 4 wordings of the same question" in text
    assert re.search(r"Brier · asked .* better +holds under 3 of 4 wordings", held_text(comparison))
    rows = list(csv.DictReader(io.StringIO(formats.csv(held_table(comparison)))))
    assert {row["holds"] for row in rows if (row["task"], row["metric"]) == ("macro", "brier")} == {"3"}
    shares = list(csv.DictReader(io.StringIO(formats.csv(variances_table({"good": summary})))))
    assert sum(float(row["share"]) for row in shares) == pytest.approx(1)


def test_a_report_prints_the_wordings_as_csv(runs, capsys):
    assert main(["report", str(runs[1]), "--format", "csv", "--wordings"]) == 0
    variances, wordings = capsys.readouterr().out.split("\n\n")
    assert variances.startswith("run,")
    rows = list(csv.DictReader(io.StringIO(wordings)))
    assert [row["wording"] for row in rows] == ["1", "2", "3", "4"]
    told = json.loads((runs[1] / "scorecard.json").read_text())["wordings"][0]["wordings"]
    assert [float(row["ece"]) for row in rows] == [
        next(m["value"] for m in of["metrics"] if m["metric"] == "ece") for of in told
    ]


def test_wordings_that_are_answered_less_often_are_said_to_be(summary):
    (found,) = summary.wordings
    first, *others = found.wordings
    fewer = replace(first, metrics=tuple(replace(m, n_used=3) for m in first.metrics))
    told = sentence(replace(found, wordings=(fewer, *others)), measures_of([summary.scorecard]))
    assert f"about the same answers, which give 3 to {QUESTIONS} confidences: " in told
