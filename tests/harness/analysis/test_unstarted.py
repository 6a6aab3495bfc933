"""A run without any graded generation: its page says what is there and what to do; no command takes it for numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from some_records import generation, question
from some_runs import MANIFEST, identity_of, whole_run

import calibench
from calibench.cli import main
from calibench.store import RunFile


@pytest.fixture(params=[0, 3], ids=["nothing generated", "three generated"])
def run(tmp_path, request) -> tuple[Path, int]:
    """A run of two tasks with two questions and two draws each, stopped early."""
    scope = {task: {"stated": {"questions": 2, "draws": 2, "methods": ["stated"]}} for task in ("sums", "terms")}
    with RunFile.create(tmp_path / "run") as made:
        made.write([question(0), question(1)])
        made.write([generation(i // 2, i % 2) for i in range(request.param)])
        scope = {question(0).task: scope["sums"], **scope}
        made.update_manifest(**MANIFEST | {"complete": False, "scope": scope, "identity": identity_of(*scope)})
    return tmp_path / "run", request.param


def test_its_page_says_what_is_there_and_what_to_do(run, capsys):
    folder, generated = run
    assert main(["report", str(folder)]) == 0
    shown, page = capsys.readouterr().out, (folder / "report.html").read_text()
    for text in (shown, page):
        assert f"Of 12 generations {generated} are there, and none is graded." in text
        assert "Give the command that made this run again" in text
        assert ("calibench show RUN QUESTION" in text) == (generated > 0)
    assert json.loads((folder / "scorecard.json").read_text())["metrics"] == []
    assert main(["report", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert [p.generated for p in calibench.report(folder).progress] == [generated, 0, 0]


@pytest.mark.parametrize(
    "words", [["compare", "RUN", "OTHER"], ["votes", "RUN"], ["threshold", "RUN", "--precision", ".9"]]
)
def test_what_needs_numbers_refuses_it(run, words, tmp_path, capsys):
    folder, _ = run
    places = {"RUN": str(folder), "OTHER": str(whole_run(tmp_path / "other"))}
    assert main([places.get(word, word) for word in words]) == 2
    assert "holds no graded generation yet" in capsys.readouterr().err
