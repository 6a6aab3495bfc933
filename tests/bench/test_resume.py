"""Every recipe that trains, killed at two places by kill -9: the same command comes to the weights that it would have
come to."""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from rounds import size

from calibench import tasks
from calibench.store import FILE_NAME

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

WEIGHTS = "model.safetensors"
MODEL = ("--model", "micro-sft", "--limit", "6", "--validation", "4", "--max-tokens", "96")
SAMPLING = ("--tasks", "micro", "--iterations", "1", "--draws", "4", "--engine", "max_num_seqs=8")
"""Few sequences at a time, and many steps, so that it can be stopped in the middle."""
TRAINING = ("--batch-size", "4", "--epochs", "3", "--learning-rate", "3e-4", "--save-every", "5")
REPLIES = ("--generations", "4", "--batch-size", "8", "--accumulation", "1", "--learning-rate", "2e-4")
REINFORCEMENT = ("--tasks", "micro", *REPLIES, "--steps", "8", "--save-every", "3", "--validate-every", "4")
TRACES = ("--tasks", "micro_words", "--traces", "traces.jsonl", "--reasoning-format", "<think>{reasoning}</think>\n")
SEQUENCE = ("--method", "sequence", "--trace-batch", "4", "--trace-learning-rate", "3e-4")
PUZZLES = ("--protocol", "plain", "--levels", "1", "--notation", "compact", "--puzzles", "10", "--warm-puzzles", "8")
RECIPES = {
    "star": (*SAMPLING, *TRAINING),
    "epicar": (*SAMPLING, *TRAINING),
    "confidence_sft": (*SAMPLING, *TRAINING),
    "sft": (*TRACES, *TRAINING),
    "rl": REINFORCEMENT,
    "rlcr": REINFORCEMENT,
    "hytuning": (*TRACES, *SEQUENCE, *REPLIES, "--steps", "4", "--save-every", "1"),
    "meta_abilities": (
        *PUZZLES,
        "--tasks",
        "micro_algebra",
        *REPLIES,
        *("--steps", "2", "--domain-steps", "2"),
        "--save-every",
        "1",
        "--reasoning-format",
        "{reasoning}\n",
    ),
}
LAST = {"hytuning": "work/reinforcement", "meta_abilities": "work/domain"}
"""The last stage of those that have several: they are killed in it too."""


def command(recipe: str, out: str) -> list[str]:
    return [sys.executable, "-m", "calibench", "tune", recipe, "--out", out, *MODEL, *RECIPES[recipe]]


def finish(arguments: list[str]) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def kill_when(reached: Callable[[], bool], arguments: list[str]) -> None:
    """Starts the command, kills it as soon as `reached()`, and waits until the processes of its training are gone."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not reached():
        if process.poll() is not None:
            pytest.fail(f"it ended before it could be killed: {process.communicate()}")
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert not psutil.wait_procs(list(_trainers()), timeout=10)[1]


def _trainers() -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if "calibench.finetune.stage" in process.cmdline() and process.cwd() == str(Path.cwd()):
                yield process


def sampled(out: Path) -> int:
    file = out / "work" / "iteration-1" / "samples" / FILE_NAME
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database,
    ):
        return database.execute("SELECT count(*) FROM grades").fetchone()[0]
    return 0


def write_traces() -> None:
    rows = [row for _, row in itertools.islice(tasks.load("micro_words").training.open(None).rows, 60)]
    lines = [{"question": row["text"], "reasoning": row["working"], "answer": row["answer"]} for row in rows]
    Path("traces.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(name, marks=pytest.mark.engine) if "--draws" in RECIPES[name] else name
        for name in size(list(RECIPES), ["epicar", "rl"])
    ],
)
def test_killed_twice_it_comes_to_the_weights_of_an_uninterrupted_run(tmp_path, monkeypatch, recipe):
    monkeypatch.chdir(tmp_path)
    write_traces()
    whole, killed = Path("whole"), Path("killed")
    finish(command(recipe, "whole"))
    if samples := "--draws" in RECIPES[recipe]:
        kill_when(lambda: sampled(killed) >= 20, command(recipe, "killed"))
        assert 20 <= sampled(killed) < sampled(whole)
    else:  # its training has begun, and kept nothing
        kill_when(lambda: any(killed.glob("work/**/states")), command(recipe, "killed"))
        assert not list(killed.glob("work/**/trainer_state.json"))
    kill_when(lambda: any(killed.glob("work/**/checkpoint-*/trainer_state.json")), command(recipe, "killed"))
    assert not (killed / "lineage.json").exists()
    assert sampled(killed) == sampled(whole)
    if recipe in LAST:
        last = killed / LAST[recipe]
        kill_when(lambda: any(last.glob("**/checkpoint-*/trainer_state.json")), command(recipe, "killed"))
        assert not (killed / "lineage.json").exists()
    finish(command(recipe, "killed"))

    assert (killed / WEIGHTS).read_bytes() == (whole / WEIGHTS).read_bytes()
    ours, theirs = (json.loads((out / "lineage.json").read_text()) for out in (killed, whole))
    if samples:
        (ours,), (theirs,) = ours["iterations"], theirs["iterations"]
        assert (ours["sampled"], ours["rows"]) == (theirs["sampled"], theirs["rows"])
        assert ours["rows"]["total" if "total" in ours["rows"] else "rows"]
    losses = [[point.get("loss") for point in of.get("curve", [])] for of in (ours, theirs)]  # none for several stages
    assert losses[0] == losses[1]


def test_a_merge_that_is_killed_is_made_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start = [sys.executable, "-m", "calibench", "tune", "merge", "--model", "micro-sft", "--others", "micro-instruct"]
    began = time.monotonic()
    finish([*start, "--out", "whole"])
    took = time.monotonic() - began
    for share in size((0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), (0.8,)):
        killed, until = Path(f"killed-{share}"), time.monotonic() + share * took
        process = subprocess.Popen([*start, "--out", str(killed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with contextlib.suppress(subprocess.TimeoutExpired):  # or it ended before
            process.communicate(timeout=until - time.monotonic())
        process.kill()
        process.communicate()
        finish([*start, "--out", str(killed)])
        assert (killed / WEIGHTS).read_bytes() == Path("whole", WEIGHTS).read_bytes()


@pytest.mark.engine
def test_what_was_tuned_is_benchmarked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finish(command("star", "tuned"))
    run = [sys.executable, "-m", "calibench", "run", "tuned", "--tasks", "micro_words", "--limit", "10"]
    finish([*run, "--max-tokens", "128", "--out", "run"])
    scorecard = json.loads(Path("run", "scorecard.json").read_text())["metrics"]
    of_task = [m for m in scorecard if m["task"] == "micro_words" and m["subset"] == "all"]
    (accuracy,) = (m["value"] for m in of_task if m["metric"] == "accuracy" and m["method"] == "asked")
    assert accuracy > 0.3
