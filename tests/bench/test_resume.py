"""Self-training on the real engine: killed while it samples and while it trains, it comes to the same weights."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from calibench.store import FILE_NAME

pytestmark = [pytest.mark.bench, pytest.mark.engine, pytest.mark.timeout(1200)]

WEIGHTS = "model.safetensors"


def command(out: Path) -> list[str]:
    """Few sequences at a time, and many steps, so that it can be stopped in the middle."""
    sampling = (
        "--limit",
        "10",
        "--iterations",
        "1",
        "--draws",
        "4",
        "--max-tokens",
        "128",
        "--engine",
        "max_num_seqs=8",
    )
    training = ("--batch-size", "4", "--epochs", "3", "--learning-rate", "3e-4", "--save-every", "10")
    start = [sys.executable, "-m", "calibench", "tune", "star", "--model", "micro-sft", "--tasks", "micro"]
    return [*start, "--out", str(out), "--validation", "0", *sampling, *training]


def finish(arguments: list[str]) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def kill_when(reached: Callable[[], bool], out: Path) -> None:
    """Starts the command, kills it as soon as `reached()`, and waits until the processes of its training are gone."""
    process = subprocess.Popen(command(out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not reached():
        if process.poll() is not None:
            pytest.fail(f"it ended before it could be killed: {process.communicate()}")
        time.sleep(0.02)
    process.kill()
    process.communicate()
    trainers = [p for p in psutil.process_iter() if _trains_in(p, out)]
    assert not psutil.wait_procs(trainers, timeout=10)[1]


def _trains_in(process: psutil.Process, out: Path) -> bool:
    with contextlib.suppress(psutil.Error):
        return any(word.startswith(str(out / "work")) for word in process.cmdline())
    return False


def sampled(out: Path) -> int:
    file = out / "work" / "iteration-1" / "samples" / FILE_NAME
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database,
    ):
        return database.execute("SELECT count(*) FROM grades").fetchone()[0]
    return 0


def test_killed_twice_it_comes_to_the_weights_of_an_uninterrupted_run(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(command(whole))
    kill_when(lambda: sampled(killed) >= 30, killed)
    assert 30 <= sampled(killed) < 160
    states = killed / "work" / "iteration-1" / "states"
    kill_when(lambda: any(states.glob("checkpoint-*/trainer_state.json")), killed)
    assert not (killed / "lineage.json").exists()
    assert sampled(killed) == 160
    finish(command(killed))

    assert (killed / WEIGHTS).read_bytes() == (whole / WEIGHTS).read_bytes()
    (ours,), (theirs,) = (json.loads((out / "lineage.json").read_text())["iterations"] for out in (killed, whole))
    assert (ours["sampled"], ours["rows"]) == (theirs["sampled"], theirs["rows"])
    assert [point["loss"] for point in ours["curve"]] == [point["loss"] for point in theirs["curve"]]
    assert ours["sampled"]["draws"] == 160
    assert ours["rows"]["rows"]["answer"] > 40

    run = [sys.executable, "-m", "calibench", "run", str(killed), "--tasks", "micro_words", "--limit", "10"]
    finish([*run, "--max-tokens", "128", "--out", str(tmp_path / "run")])
    scorecard = json.loads((tmp_path / "run" / "scorecard.json").read_text())
    of_task = [m for m in scorecard if m["task"] == "micro_words" and m["subset"] == "all"]
    (accuracy,) = (m["value"] for m in of_task if m["metric"] == "accuracy" and m["method"] == "asked")
    assert accuracy > 0.3
