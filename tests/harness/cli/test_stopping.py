"""What asks a command to end, or kills it, leaves none of its processes behind. No engine: graders alone."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from calibench.cli import main
from calibench.errors.stopping import stop_signals, stoppable

MARK = "CALIBENCH_TEST_STOPPING"


@contextlib.contextmanager
def scoring(folder: Path, *, start: tuple[str, ...] = (), **streams: int) -> Iterator[subprocess.Popen]:
    """A command whose graders are at work, and stay so: they are stopped as if the machine had no time for them."""
    rows = "".join(f"Answer: {n},4,0.9\n" for n in range(10_000))  # more than is graded before they are stopped
    (folder / "predictions.csv").write_text(f"answer,gold,confidence\n{rows}")
    columns = ("--answer", "answer", "--gold", "gold", "--confidence-column", "confidence", "--grader", "number")
    command = [*start, sys.executable, "-m", "calibench", "score", "predictions.csv", *columns, "--out", "scored"]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, MARK: str(folder)}, text=True, **streams)
    try:
        while not (graders := [p for p in living(folder) if "spawn_main" in " ".join(p.cmdline())]):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        for grader in graders:
            grader.suspend()
        yield process
    finally:
        for left in living(folder):
            left.kill()
        process.wait()


def living(folder: Path) -> list[psutil.Process]:
    """The command's processes, whoever their parent is by now."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def assert_gone(folder: Path) -> None:
    end = time.monotonic() + 60
    while left := living(folder):
        assert time.monotonic() < end, [process.cmdline() for process in left]
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_ends_a_command_with_all_its_processes(tmp_path: Path, number: signal.Signals):
    with scoring(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.send_signal(number)
        if number == signal.SIGKILL:  # nobody is left to end a grader that stopped before it was tied to the command
            for grader in living(tmp_path):
                grader.resume()
        _, said = process.communicate(timeout=120)
        assert_gone(tmp_path)
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert (process.returncode, said) == (130, "calibench: interrupted; what was finished is kept\n")
    assert not list(tmp_path.glob("scored/**/*.html"))


def test_a_closed_terminal_ends_a_command_with_all_its_processes(tmp_path: Path):
    ours, theirs = pty.openpty()
    with scoring(tmp_path, start=("setsid", "--ctty"), stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.close(ours)
        assert process.wait(timeout=120) == 130
        assert_gone(tmp_path)


def test_what_was_told_to_outlive_its_terminal_does():
    """As `nohup` tells it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert stop_signals() == (signal.SIGINT, signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)


def two_runs(folder: Path) -> list[Path]:
    """Runs that `calibench report` makes the pages of, which lack."""
    folder.joinpath("predictions.csv").write_text("model,confidence,correct\na,0.9,1\na,0.4,0\nb,0.8,1\nb,0.6,0\n")
    assert main(["score", str(folder / "predictions.csv"), "--model", "model", "--out", str(folder / "scored")]) == 0
    pages = [folder / "scored" / model / "report.html" for model in ("a", "b")]
    for page in pages:
        page.unlink()
    return pages


def test_work_whose_reader_goes_away_is_done_to_its_end(tmp_path: Path):
    pages = two_runs(tmp_path)
    reader, nobody_reads = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "calibench", "report", str(tmp_path / "scored")],
        stdout=nobody_reads, stderr=nobody_reads, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    os.close(nobody_reads)
    assert done.returncode == 0
    assert all(page.is_file() for page in pages)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_result_that_cannot_be_written_is_an_error(unbuffered: str):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "calibench", "methods"], stdout=full, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    said = "calibench: standard output: cannot write (No space left on device)\n"
    assert (done.returncode, done.stderr) == (4, said)


def test_a_stop_in_a_place_where_python_drops_errors_stops_all_the_same(capsys):
    class Dropped:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)

    @stoppable()
    def work():
        Dropped()
        time.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert capsys.readouterr().err == ""
