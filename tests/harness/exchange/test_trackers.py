"""`--track`: what a tracker is given, and what is told where there is none or it fails."""

from __future__ import annotations

import json
import math

import pytest
from some_runs import whole_run

from calibench.cli import main
from calibench.exchange.trackers import base
from calibench.store import RunFile


@pytest.fixture
def run(tmp_path):
    return whole_run(tmp_path / "sft", "an sft", ("gsm8k", "micro_words"))


def use(monkeypatch, send, library="json"):
    monkeypatch.setattr(base.registry, "load", lambda family, name, kind: base.Tracker(library, send))


def test_a_tracker_is_given_numbers_with_intervals_settings_and_page(run, monkeypatch, capsys):
    sent = []
    use(monkeypatch, sent.append)
    assert main(["report", str(run), "--json", "--track", "recorder"]) == 0
    metrics = json.loads(capsys.readouterr().out)
    (tracked,) = sent
    assert tracked.name == "an sft"
    assert (tracked.configuration["model"], tracked.configuration["temperature"]) == ("a model", 0.7)
    (ece,) = [m for m in metrics if (m["task"], m["method"], m["metric"]) == ("macro", "stated", "ece")
              and m["subset"] == "all"]  # fmt: skip
    shown = [tracked.numbers[f"macro/stated/ece{end}"] for end in ("", "_low", "_high")]
    assert shown == [ece["value"], ece["low"], ece["high"]]
    assert all(map(math.isfinite, tracked.numbers.values()))
    assert [file.name for file in tracked.files] == ["report.html", "scorecard.json"]
    assert all(file.is_file() for file in tracked.files)


def test_a_tracker_that_fails_leaves_the_run(run, monkeypatch, capsys):
    def fail(tracked):
        raise ConnectionError("nobody there")

    use(monkeypatch, fail)
    assert main(["report", str(run), "--track", "recorder"]) == 1
    error = capsys.readouterr().err
    assert "--track recorder: ConnectionError: nobody there. The run is kept in" in error
    assert "Traceback" not in error
    with RunFile.open(run) as file:
        assert file.metrics()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("wandbb", "unknown tracker 'wandbb'. Did you mean wandb"),
        ("mlflow", "pip install mlflow"),
        ("", "unknown tracker ''"),
    ],
)
def test_a_tracker_that_is_not_there_is_told_before_any_work(run, tmp_path, monkeypatch, capsys, name, told):
    monkeypatch.setattr(base.importlib.util, "find_spec", lambda library: None)
    assert main(["report", str(run), "--track", name]) == 2
    assert told in capsys.readouterr().err
    assert not (run / "report.html").exists()
    asked = ["run", "micro-sft", "--tasks", "micro_words", "--out", str(tmp_path / "new"), "--track", name]
    assert main(asked) == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", base.own_names())
def test_every_tracker_says_what_must_be_installed(monkeypatch, name):
    monkeypatch.setattr(base.importlib.util, "find_spec", lambda library: library)
    assert base.load(name).library == name
