"""No command writes over a run, over what it reads, or over its own other output; an empty path is none."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

import calibench
from calibench.cli import main
from calibench.errors import InputError, StorageError

THRESHOLD = ("threshold", "labelled.csv", "--precision", "0.9", "--out")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("labelled.csv", "policy.json", "figure.svg"):
        Path(name).write_text("precious\n")
    Path("linked.csv").symlink_to("labelled.csv")
    os.link("labelled.csv", "twin.csv")
    Path("run").mkdir()
    for file in ("run/run.sqlite", "copy"):
        with sqlite3.connect(file) as database:
            database.execute("CREATE TABLE precious (word)")
        database.close()
    return tmp_path


def held(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "command",
    [
        (*THRESHOLD, "labelled.csv"),
        (*THRESHOLD, "run/../labelled.csv"),
        (*THRESHOLD, "linked.csv"),
        (*THRESHOLD, "twin.csv"),
        (*THRESHOLD, "copy"),
        (*THRESHOLD, "run/run.sqlite"),
        (*THRESHOLD, "new/run.sqlite"),
        ("apply", "policy.json", "labelled.csv", "--out", "labelled.csv"),
        ("apply", "policy.json", "run", "--out", "policy.json"),
        ("apply", "policy.json", "run", "--out", "run/run.sqlite"),
        ("plot", "run", "--out", "figure.svg", "--data", "run/run.sqlite"),
        ("plot", "run", "--out", "figure.svg", "--data", "figure.svg"),
        ("plot", "run", "--out", "new.svg", "--data", "./new.svg"),
        ("recalibrate", "run", "--save", "run/run.sqlite"),
        ("recalibrate", "run", "--fit", "copy", "--save", "copy"),
        ("recalibrate", "run", "--save", "run"),
    ],
)
def test_nothing_is_written_over_a_run_a_folder_or_what_the_command_reads(
    command: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = held(folder)
    assert main(command) == StorageError.exit_code
    assert "cannot write here" in capsys.readouterr().err
    assert held(folder) == before


def test_nor_from_python(folder: Path) -> None:
    before = held(folder)
    with pytest.raises(StorageError, match="a run would be lost"):
        calibench.plot("run", out="figure.svg", data="run/run.sqlite")
    with pytest.raises(StorageError, match="the same command reads it"):
        calibench.apply(Path("policy.json"), "run", out="policy.json")
    assert held(folder) == before


@pytest.mark.parametrize(
    "command",
    [
        ("report", ""),
        ("ls", ""),
        ("recalibrate", ""),
        ("compare", "run", ""),
        ("show", "", "question"),
        ("score", "labelled.csv", "--out", ""),
        ("recalibrate", "run", "--save", ""),
        ("plot", "run", "--out", "new.svg", "--data", ""),
    ],
)
def test_an_empty_path_is_not_the_current_folder(
    command: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "run" / "run.sqlite").rename(folder / "run.sqlite")
    before = held(folder)
    assert main(command) == InputError.exit_code
    assert "found" in capsys.readouterr().err
    assert held(folder) == before
