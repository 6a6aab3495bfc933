"""A run on the engine, killed again and again, whatever it does and whichever of its processes is killed: what was
committed stays as it is, no process stays, and in the end there is what an unstopped run would have made.

`MODEL=PATH make bench ARGS="-k kills"` does so to a checkpoint of your own.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from rounds import size

from calibench.store import FILE_NAME, RunFile

pytestmark = [pytest.mark.bench, pytest.mark.engine, pytest.mark.timeout(7200)]

MARK = "CALIBENCH_TEST_KILLS"
MICRO = "micro-sft"
MODEL = os.environ.get("MODEL", MICRO)
FRACTION = re.compile(r"\d+\.\d+(?:e-?\d+)?|\d+e-\d+")
ROUNDING = 1e-5
COMMAND = (
    *(sys.executable, "-m", "calibench", "run", MODEL, "--tasks", "micro_words,micro_facts,micro_programs"),
    *("--limit", "2", "--draws", "2", "--temperature", "1", "--max-tokens", "48"),
    *("--confidence", "stated,p_true,asked"),
    *("--engine", "dtype=float32", "--engine", "max_num_seqs=4"),  # few at a time; answers that no batch changes
)
"""12 answers, 36 confidences."""
TABLES = ("questions", "generations", "confidences", "grades")
NOT_CONTENT = {"latency", "cached_tokens"}
PROCESSES = {
    "engine": "EngineCore",
    "grading worker": "spawn_main",
    "template renderer": "calibench.prompting.renderer",
    "watchdog": "CALIBENCH_LIFELINE",
}


class Kill(NamedTuple):
    when: str
    """A file of the run, "engine" (its process is there), or a table; "": the command has started."""
    after: float
    """Seconds since then; rows of the table."""
    whom: str = "command"
    by: signal.Signals = signal.SIGKILL


END = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 130, signal.SIGHUP: 130, signal.SIGINT: 130}
"""The command's exit status by what it is sent."""
LONG = [
    [
        *(Kill("", seconds) for seconds in (0.05, 0.5, 1, 2, 3, 4, 6, 8)),
        *(Kill("engine", seconds) for seconds in (0, 1, 3, 5, 7)),
        *(Kill("generations", rows) for rows in (1, 3, 5, 7, 9)),
        *(Kill("confidences", rows) for rows in (30, 33, 36)),
        *(Kill("metrics", 1), Kill("report.html", 0), Kill("", 3)),
    ],
    [
        *(Kill("engine", seconds, "engine") for seconds in (0, 2, 5)),
        *(Kill("generations", rows, "engine") for rows in (1, 5, 9)),
        *(Kill("confidences", 32, "engine"), Kill("grades", 12, "grading worker"), Kill("", 4)),
    ],
    [
        *(Kill("", seconds, by=number) for seconds, number in ((2, signal.SIGTERM), (3, signal.SIGHUP))),
        *(Kill("engine", seconds, by=number) for seconds, number in ((2, signal.SIGTERM), (4, signal.SIGHUP))),
        *(Kill("generations", 2, by=signal.SIGTERM), Kill("generations", 5, by=signal.SIGHUP)),
        *(Kill("grades", 8, by=signal.SIGTERM), Kill("confidences", 34, by=signal.SIGHUP)),
    ],
    *([Kill("grades", rows, "grading worker")] for rows in (1, 5, 9)),
    [Kill("engine", 2, "grading worker")],
    [Kill("generations", 2, "template renderer")],
    [Kill("generations", 2, "watchdog")],
]
"""Each list is one run, killed in that order and then finished."""
SHORT = [[Kill("engine", 1, by=signal.SIGTERM), Kill("generations", 1)]]


class Run:
    """One folder of a run, and the processes of the command at work on it."""

    def __init__(self, folder: Path):
        self.folder = folder

    def start(self) -> subprocess.Popen:
        environment = {**os.environ, MARK: str(self.folder)}
        with open(f"{self.folder}.log", "a") as log:
            return subprocess.Popen([*COMMAND, "--out", str(self.folder)], stdout=log, stderr=log, env=environment)

    def finish(self) -> None:
        assert self.start().wait(1200) == 0, self.said()
        self.assert_gone()

    def said(self) -> str:
        return Path(f"{self.folder}.log").read_text()[-2000:]

    def living(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                of_it = process.environ().get(MARK) == str(self.folder)
                if of_it and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def named(self, whom: str) -> list[psutil.Process]:
        """Its processes of a kind. What is spawned has the name of the engine only when it has set it."""
        found = []
        for process in self.living():
            with contextlib.suppress(psutil.Error):
                if PROCESSES[whom] in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def assert_gone(self) -> None:
        end = time.monotonic() + 20
        while left := self.living():
            assert time.monotonic() < end, [process.cmdline() for process in left]
            time.sleep(0.05)

    def count(self, table: str) -> int:
        with contextlib.suppress(sqlite3.Error), self._database() as database:
            return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return 0

    def rows(self, without: set[str] = frozenset()) -> dict[str, list[tuple]]:  # type: ignore[assignment]
        if not (self.folder / FILE_NAME).exists():
            return {table: [] for table in TABLES}
        with RunFile.open(self.folder):  # all of it is checked
            pass
        found = {}
        with self._database() as database:
            for table in TABLES:
                names = [column[1] for column in database.execute(f"PRAGMA table_info({table})")]
                kept = ", ".join(name for name in names if name not in without)
                found[table] = sorted(database.execute(f"SELECT {kept} FROM {table}"), key=repr)
        return found

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        file = f"file:{self.folder / FILE_NAME}?mode=ro"
        with contextlib.closing(sqlite3.connect(file, uri=True)) as database:
            yield database

    def kill(self, kill: Kill) -> str:
        """Starts the command and kills what is to be killed; returns what was there then."""
        process = self.start()
        whom = self._reached(kill, process)
        there = f"{self.count('generations')} answers, {self.count('confidences')} confidences"
        whom.send_signal(kill.by)
        code = process.wait(600)
        if kill.whom == "command":
            assert code == END[kill.by], (kill, code, self.said())
        elif kill.whom == "engine":
            assert code not in (0, 1), (kill, code, self.said())
            assert "Traceback" not in self.said(), kill
        else:  # the run goes on without it
            assert code == 0, (kill, code, self.said())
        self.assert_gone()
        return there

    def _reached(self, kill: Kill, command: subprocess.Popen) -> psutil.Process:
        """Waits for the moment to kill; returns whom."""
        while not self._is_there(kill):
            self._check(command, kill)
            time.sleep(0.005)
        if kill.when not in TABLES:
            time.sleep(kill.after)
        if kill.whom == "command":
            return psutil.Process(command.pid)
        while not (found := self.named(kill.whom)):
            self._check(command, kill)
        return found[-1]

    def _is_there(self, kill: Kill) -> bool:
        if kill.when == "engine":
            return bool(self.named("engine"))
        if kill.when.endswith(".html"):
            return bool(list(self.folder.glob(f"*{kill.when}*")))
        return not kill.when or self.count(kill.when) >= max(1, kill.after)

    def _check(self, command: subprocess.Popen, kill: Kill) -> None:
        assert command.poll() is None, (kill, "it ended before it could be killed", self.said())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run(tmp_path_factory.mktemp("whole") / "run")
    run.finish()
    print(f"\n{MODEL}: {', '.join(f'{run.count(table)} {table}' for table in TABLES)}", flush=True)
    return run


@pytest.mark.parametrize("kills", size(LONG, SHORT))
def test_a_run_that_is_killed_comes_to_what_an_unstopped_one_makes(tmp_path: Path, whole: Run, kills: list[Kill]):
    run = Run(tmp_path / "run")
    before = run.rows()
    for kill in kills:
        there = run.kill(kill)
        print(f"{kill.by.name} to the {kill.whom}, {kill.when or 'start'} {kill.after:g}: {there}", flush=True)
        after = run.rows()
        lost = {table: set(before[table]) - set(after[table]) for table in TABLES}
        assert not any(lost.values()), (kill, lost)  # not even how long it took: nothing was asked again
        before = after
    run.finish()
    after = run.rows()
    assert not any(set(before[table]) - set(after[table]) for table in TABLES)
    assert_equal(run.rows(NOT_CONTENT), whole.rows(NOT_CONTENT))
    if MODEL == MICRO:
        assert (run.folder / "scorecard.json").read_bytes() == (whole.folder / "scorecard.json").read_bytes()
    assert not list(run.folder.rglob("*.partial"))


def assert_equal(ours: dict[str, list[tuple]], theirs: dict[str, list[tuple]]) -> None:
    """Equal to the bit. With several threads, which larger models get, a batch of other sizes adds in another order:
    there numbers that are not whole are equal to `ROUNDING`, and the largest difference is told."""
    if MODEL == MICRO:
        assert ours == theirs
        return
    largest = 0.0
    for table in TABLES:
        assert len(ours[table]) == len(theirs[table]), table
        for one, other in zip(ours[table], theirs[table], strict=True):
            (text, numbers), (expected, wanted) = parts(one), parts(other)
            assert text == expected, table
            largest = max([largest, *(abs(a - b) for a, b in zip(numbers, wanted, strict=True))])
    print(f"largest difference of a number: {largest:.1e}", flush=True)
    assert largest <= ROUNDING


def parts(row: tuple) -> tuple[str, list[float]]:
    """A row's text without its broken numbers, and these."""
    text = repr(row)
    return FRACTION.sub("#", text), [float(number) for number in FRACTION.findall(text)]
