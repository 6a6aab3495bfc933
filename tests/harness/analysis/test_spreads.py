"""How much confidences differ is told: label mass, spread, and copies of the prompt's example."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest
from fakes import FakeBackend

from calibench.analysis.report import report
from calibench.backends.base import Choice
from calibench.errors import RunFileError
from calibench.reports.run import run_report
from calibench.store import FILE_NAME, RunFile


class Unsure(FakeBackend):
    async def choose(self, prompt, labels):
        return Choice({"A": 0.3, "B": 0.1}, None)


def summary_of(launch, **options):
    launch(**options)
    with RunFile.open(launch.out) as run:
        return report(run)


def test_copies_of_the_example_in_the_prompt_are_counted(launch):
    replies = iter(["80%"] * 6 + ["81%"] * 4)
    reply = lambda prompt, seed: f"<answer>4</answer><confidence>{next(replies)}</confidence>"  # noqa: E731
    summary = summary_of(launch, backend=FakeBackend(reply), protocol="stated_tags")
    (spread,) = summary.spreads
    assert (spread.n, spread.distinct, spread.example, spread.copies) == (10, 2, "80%", 6)
    assert "6 of 10 are 80%, the example in the prompt" in run_report(summary)


def test_the_mass_of_the_letters_of_p_true_is_reported_and_little_of_it_warned_of(launch):
    backend = Unsure(lambda prompt, seed: "Answer: 4")
    summary = summary_of(launch, backend=backend, protocol="plain", confidence="p_true")
    (spread,) = summary.spreads
    assert (spread.n, spread.distinct, spread.deviation) == (10, 1, 0.0)
    assert abs(spread.label_mass - 0.4) < 1e-12
    assert "its letters have 0.400 of the probability" in run_report(summary)
    assert spread.example is None


def test_probabilities_that_are_none_are_named(launch):
    launch(Unsure(lambda prompt, seed: "Answer: 4"), protocol="plain", confidence="p_true")
    with contextlib.closing(sqlite3.connect(launch.out / FILE_NAME)) as db, db:
        db.execute("UPDATE confidences SET raw = 'nothing'")
    with RunFile.open(launch.out) as run, pytest.raises(RunFileError, match="expected as raw what the method writes"):
        report(run)
