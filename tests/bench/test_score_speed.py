"""A million predictions, and many groups of them, through `calibench score`: seconds and memory to the last page."""

import subprocess
import sys
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest
from rounds import MEASURED, size

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1200)]

ROWS = size(1_000_000, 1_000)
GROUP_ROWS, GROUPS = size(240_640, 900), size(280, 21)
PROGRAM = """
import re, sys
from pathlib import Path
from calibench.cli import main
code = main(sys.argv[1:])
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024 / 1e9)
sys.exit(code)
"""
"""What `getrusage` says of a process is at least what its parent held when it was started, which made the table."""


@pytest.mark.parametrize(
    ("name", "questions"),
    [
        *((f"million{suffix}", ROWS // 4) for suffix in (".csv", ".jsonl", ".json", ".parquet")),
        ("one_answer_each.csv", None),
    ],
)
def test_a_million_rows_take_half_a_minute_and_a_gigabyte(tmp_path, name, questions):
    rng = np.random.default_rng(0)
    confidence = rng.random(ROWS)
    ids = rng.integers(0, questions, ROWS) if questions else range(ROWS)
    frame = pd.DataFrame({
        "question": [f"q{i}" for i in ids],
        "confidence": confidence,
        "correct": rng.random(ROWS) < confidence,
    })  # fmt: skip
    path = tmp_path / name
    writers = {
        ".csv": pd.DataFrame.to_csv,
        ".parquet": pd.DataFrame.to_parquet,
        ".jsonl": partial(pd.DataFrame.to_json, orient="records", lines=True),
        ".json": partial(pd.DataFrame.to_json, orient="records"),
    }
    writers[path.suffix](frame, path)
    seconds, gigabytes = score(path, "--question", "question", "--out", tmp_path)
    print(f"\n{name}: {seconds:.1f} s, {gigabytes:.2f} GB")
    assert gigabytes < 1
    assert not MEASURED or seconds < 30


@pytest.mark.parametrize("columns", [["--group", "group"], ["--group", "task", "--model", "model"]])
def test_time_grows_with_the_rows_and_not_with_groups_times_rows(tmp_path, columns):
    rng = np.random.default_rng(0)
    group = rng.integers(0, GROUPS, GROUP_ROWS)
    confidence = rng.random(GROUP_ROWS).round(2)
    frame = pd.DataFrame({
        "question": rng.integers(0, 600, GROUP_ROWS),
        "group": group,
        "task": group % 7,
        "model": group // 7,
        "confidence": confidence,
        "correct": rng.random(GROUP_ROWS) < confidence,
    })  # fmt: skip
    frame.to_csv(tmp_path / "groups.csv")
    seconds, gigabytes = score(tmp_path / "groups.csv", "--question", "question", *columns, "--out", tmp_path / "out")
    print(f"\n{GROUPS} groups, {' '.join(columns)}: {seconds:.1f} s, {gigabytes:.2f} GB")
    assert gigabytes < 1
    assert not MEASURED or seconds < 120


def score(*words) -> tuple[float, float]:
    """Seconds and gigabytes of a command."""
    begin = time.monotonic()
    command = [sys.executable, "-c", PROGRAM, "score", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return time.monotonic() - begin, float(done.stdout.splitlines()[-1])
