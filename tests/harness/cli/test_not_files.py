"""A pipe, a socket or a device in the place of a file is refused: nobody waits for its writer, or reads to its end."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from calibench import model
from calibench.cli import main

pytestmark = pytest.mark.timeout(60)
ASK = ("run", "micro-sft", "--out", "new")
TUNE = ("tune", "sft", "--model", "micro-sft", "--tasks", "micro_words", "--traces", "traces.jsonl", "--out", "new")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(path))  # its name may have 100 characters


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


KINDS = {"a pipe": pipe, "a socket": listener, "a device": device}


def refused(capsys: pytest.CaptureFixture[str], command: tuple[str, ...], kind: str) -> None:
    assert main([*command]) in (2, 3)
    told = capsys.readouterr().err.splitlines()[-1]
    assert f"{kind}, not a file" in told, told


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("run.toml", (*ASK, "--config", "run.toml")),
        ("questions.csv", (*ASK, "--task-file", "questions.csv", "--grader", "number")),
        ("questions.json", (*ASK, "--task-file", "questions.json", "--grader", "number")),
        ("task.py", (*ASK, "--task-file", "task.py")),
        ("gsm8k/test.jsonl", (*ASK, "--tasks", "gsm8k", "--data", ".")),
        ("model.gguf", ("run", "model.gguf", "--tasks", "micro_words", "--out", "new")),
        ("predictions.csv", ("score", "predictions.csv", "--out", "new")),
        ("saved/data-00000-of-00001.arrow", ("threshold", "saved", "--precision", "0.9")),
        ("policy.json", ("apply", "policy.json", "answers.csv")),
        ("traces.jsonl", TUNE),
        ("new/lineage.json", TUNE),
    ],
)
def test_what_is_read_is_a_file(tmp_path, monkeypatch, capsys, file: str, command: tuple[str, ...], kind: str):
    monkeypatch.chdir(tmp_path)
    Path("answers.csv").write_text("confidence\n0.5\n")
    if file != "traces.jsonl":
        Path("traces.jsonl").write_text('{"question": "How much is 1 doubled?", "answer": "2"}\n')
    Path(file).parent.mkdir(exist_ok=True)
    if file.startswith("saved/"):
        Path("saved/state.json").write_text("{}")
    KINDS[kind](Path(file))
    refused(capsys, command, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", ["config.json", "lineage.json", "model-2.safetensors"])
def test_all_of_a_checkpoint_is_files(tmp_path, capsys, file: str, kind: str):
    folder = tmp_path / "model"
    shutil.copytree(model.resolve("micro-sft").path, folder)
    (folder / file).unlink(missing_ok=True)
    KINDS[kind](folder / file)
    refused(capsys, ("run", str(folder), "--tasks", "micro_words", "--out", str(tmp_path / "new")), kind)


@pytest.mark.parametrize("command", ["report", "compare"])
@pytest.mark.parametrize("beside", ["wal", "shm", "journal"])
def test_what_lies_beside_a_run_file_is_files(tmp_path, monkeypatch, capsys, beside: str, command: str):
    monkeypatch.chdir(tmp_path)
    Path("predictions.csv").write_text("confidence,correct\n0.9,1\n0.4,0\n")
    assert main(["score", "predictions.csv", "--out", "scored"]) == 0
    for left in Path("scored").glob("run.sqlite-*"):
        left.unlink()
    pipe(Path("scored", f"run.sqlite-{beside}"))
    refused(capsys, (command, "scored", *(("scored",) if command == "compare" else ())), "a pipe")
