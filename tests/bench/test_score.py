"""A million predictions through `calibench score`: seconds and memory, intervals, report and figure included."""

import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from rounds import MEASURED, size

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1200)]

ROWS = size(1_000_000, 1_000)
PROGRAM = """
import resource, sys
from calibench.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
sys.exit(code)
"""


@pytest.mark.parametrize("name", ["million.csv", "million.jsonl", "million.parquet"])
def test_a_million_rows_take_a_minute_and_two_gibibytes(tmp_path, name):
    rng = np.random.default_rng(0)
    confidence = rng.random(ROWS)
    frame = pd.DataFrame({
        "question": [f"q{i}" for i in rng.integers(0, ROWS // 4, ROWS)],
        "confidence": confidence,
        "correct": rng.random(ROWS) < confidence,
    })  # fmt: skip
    path = tmp_path / name
    writers = {".csv": pd.DataFrame.to_csv, ".parquet": pd.DataFrame.to_parquet, ".jsonl": _to_json_lines}
    writers[path.suffix](frame, path)
    begin = time.monotonic()
    command = [sys.executable, "-c", PROGRAM, "score", path, "--question", "question", "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - begin
    gibibytes = float(done.stdout.splitlines()[-1])
    print(f"\n{name}: {seconds:.1f} s, {gibibytes:.2f} GiB")
    assert gibibytes < 2
    assert not MEASURED or seconds < 60


def _to_json_lines(frame: pd.DataFrame, path) -> None:
    frame.to_json(path, orient="records", lines=True)
