"""The whole run on the real engine, from the command line: a bundled checkpoint answers the micro suite."""

import contextlib
import os
import re
import signal
import sqlite3
import time
from pathlib import Path

import psutil
import pytest
import warm

from calibench.store import FILE_NAME

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]

ASKED = ["--tasks", "micro_words,micro_facts", "--limit", "15", "--draws", "4", "--temperature", "1.0"]
METHODS = ["--confidence", "stated,p_true,asked"]


RUN = "CALIBENCH_TEST_RUN"


def start(out: Path) -> warm.Started:
    """A run whose children, to the last one, carry its folder in their environment. Few sequences at a time, so that it
    can be stopped in its middle."""
    asked = [*ASKED, *METHODS, "--engine", "max_num_seqs=8", "--out", str(out)]
    return warm.Started("calibench", "run", "micro-sft", *asked, env={**os.environ, RUN: str(out)})


def finish(out: Path) -> None:
    process = start(out)
    _, stderr = process.communicate()
    assert process.returncode == 0, stderr


def wait_for_rows(out: Path, table: str, rows: int, process: warm.Started) -> None:
    """Returns as soon as `rows` rows are committed, while the run goes on."""
    while process.poll() is None:
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(f"file:{out / FILE_NAME}?mode=ro", uri=True)) as db,
        ):
            if db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] >= rows:
                return
        time.sleep(0.02)
    pytest.fail(f"the run ended before it could be stopped: {process.communicate()}")


def processes_of(out: Path) -> list[psutil.Process]:
    """Engine, graders and watchdog of the run that was started into this folder, whoever their parent is by now."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(RUN) == str(out):
                found.append(process)
    return found


def content(out: Path) -> dict[str, list[tuple]]:
    """All rows, without timings and cache counts."""
    with contextlib.closing(sqlite3.connect(out / FILE_NAME)) as db:
        tables = {}
        for table in ("questions", "generations", "confidences", "grades", "metrics"):
            names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(n for n in names if n not in ("latency", "cached_tokens"))
            tables[table] = db.execute(f"SELECT {columns} FROM {table}").fetchall()
        return tables


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A run that nothing stopped."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    finish(out)
    return out


def test_a_run_leaves_report_scorecard_and_every_row(whole):
    rows = content(whole)
    assert {table: len(rows[table]) for table in ("questions", "generations", "confidences", "grades")} == {
        "questions": 30, "generations": 120, "confidences": 360, "grades": 120
    }  # fmt: skip
    assert (whole / "report.html").read_text().startswith("<!")
    assert (whole / "scorecard.json").stat().st_size > 1000


def test_follow_ups_read_the_prefix_cache(whole):
    """Prompt and answer of a follow-up come from the cache up to the last whole block of 32 tokens."""
    with contextlib.closing(sqlite3.connect(whole / FILE_NAME)) as db:
        rows = db.execute(
            "SELECT c.cached_tokens, g.prompt_tokens + g.reasoning_tokens FROM confidences c JOIN generations g"
            " USING (task, question_id, protocol, draw) WHERE c.method IN ('p_true', 'asked') AND c.status = 'ok'"
        ).fetchall()
    assert len(rows) > 100
    assert all(cached >= shared // 32 * 32 for cached, shared in rows)


def test_whatever_stops_a_run_the_same_command_gives_the_file_of_one_that_nothing_stopped(whole, tmp_path):
    out = tmp_path / "stopped"
    stop_by_ctrl_c(out)
    kept = len(content(out)["generations"])
    stop_by_the_death_of_the_engine(out, kept + 20)
    assert kept + 20 <= len(content(out)["generations"]) < 120
    finish(out)
    assert content(out) == content(whole)


def stop_by_ctrl_c(out: Path) -> None:
    """What is in flight is finished, and how to go on is said."""
    process = start(out)
    wait_for_rows(out, "grades", 20, process)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "the same command continues it" in stderr
    assert "Traceback" not in stderr
    rows = content(out)
    assert len(rows["generations"]) == len(rows["grades"]) == len(rows["confidences"]) / 3


def stop_by_the_death_of_the_engine(out: Path, rows: int) -> None:
    """It is an error, and the rows that are finished stay."""
    process = start(out)
    wait_for_rows(out, "grades", rows, process)
    engine = next(
        p
        for p in psutil.Process(process.pid).children(recursive=True)
        if re.search("EngineCore", " ".join(p.cmdline()))
    )
    os.kill(engine.pid, signal.SIGKILL)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 5, stderr
    assert "engine died in mid-run" in stderr
    assert "Traceback" not in stderr
    assert psutil.wait_procs(processes_of(out), timeout=10)[1] == []
