"""Two engines in actors of Ray: the rows of the local road, through the death of an actor, of an engine and of the
command."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from rounds import size

from calibench.store import RunFile

pytestmark = [pytest.mark.bench, pytest.mark.engine, pytest.mark.timeout(3600)]

MARK = "CALIBENCH_TEST_ACTORS"
LIMIT = size(100, 40)
METHODS = "stated,asked,p_true"
KEY = ["task", "question_id", "draw", "method"]
ACTORS = ("actors=2", "kv_cache_memory_bytes=200000000", "max_num_seqs=16")


def command(out: Path, *options: str) -> list[str]:
    asked = ("--tasks", "micro", "--limit", str(LIMIT), "--draws", "2", "--temperature", "1")
    return [
        sys.executable, "-m", "calibench", "run", "micro-sft", *asked, "--confidence", METHODS, "--out", str(out),
        *options,
    ]  # fmt: skip


class ActorRun:
    """The command with two actors, and all processes that descend from it."""

    def __init__(self, out: Path):
        self.out = out
        engine = [word for option in ACTORS for word in ("--engine", option)]
        self._said = open(f"{out}.log", "a")  # noqa: SIM115
        self.process = subprocess.Popen(
            command(out, "--backend", "ray", *engine),
            stdout=self._said, stderr=self._said, env=os.environ | {MARK: str(out)},
        )  # fmt: skip

    def living(self, name: str = "") -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                of_it = process.environ().get(MARK) == str(self.out) and process.status() != psutil.STATUS_ZOMBIE
                if of_it and name in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def wait_for(self, rows: int) -> int:
        while (there := answered(self.out)) < rows:
            assert self.process.poll() is None, Path(self._said.name).read_text()[-2000:]
            time.sleep(0.1)
        return there

    def kill(self, name: str) -> None:
        victims = self.living(name)
        assert len(victims) >= 2, "one per actor"
        victims[0].send_signal(signal.SIGKILL)

    def ended(self) -> int:
        """The exit status, when nothing of it is left."""
        status = self.process.wait(1800)
        self._said.close()
        end = time.monotonic() + 60
        while left := self.living():
            assert time.monotonic() < end, [process.cmdline() for process in left]
            time.sleep(0.1)
        return status


def answered(out: Path) -> int:
    """Answers that an engine gave: those that are stored are graded before it starts."""
    if not (out / "run.sqlite").exists():
        return 0
    with RunFile.open(out) as run:
        return sum(run.tally(task, "stated").get("generation", 0) for task in run.manifest().get("scope", {}))


def rows(out: Path):
    with RunFile.open(out) as run:
        return run.frame().sort_values(KEY, ignore_index=True)


def test_a_run_outlives_its_actors_and_gives_the_answers_of_the_local_road(tmp_path):
    subprocess.run(command(tmp_path / "local"), check=True, capture_output=True)
    total = 4 * 2 * LIMIT
    run = ActorRun(tmp_path / "actors")
    run.wait_for(total // 8)
    run.kill("ray::_Actor")
    run.wait_for(total // 3)
    run.process.kill()
    assert run.ended() == -signal.SIGKILL
    there = answered(tmp_path / "actors")
    again = ActorRun(tmp_path / "actors")
    again.wait_for(max(there + 1, total // 2))
    again.kill("EngineCore")
    assert again.ended() == 0, Path(f"{tmp_path / 'actors'}.log").read_text()[-2000:]
    local, through = rows(tmp_path / "local"), rows(tmp_path / "actors")
    assert len(local) == len(through) == 3 * total
    for column in (*KEY, "outcome", "status", "answer", "prompt_tokens", "reasoning_tokens", "answer_tokens"):
        assert local[column].fillna("").tolist() == through[column].fillna("").tolist(), column
    assert through.value.tolist() == pytest.approx(local.value.tolist(), abs=1e-5, nan_ok=True)
    told = (tmp_path / "actors" / "engine.log").read_text()
    assert len(re.findall(r"actor \d: ", told)) == 2
