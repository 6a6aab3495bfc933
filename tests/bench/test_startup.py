"""How long `calibench --help` takes, beside an interpreter that does nothing."""

import statistics
import subprocess
import sys
import time

import pytest
from rounds import MEASURED, size

pytestmark = pytest.mark.bench


def seconds(*command: str) -> float:
    begin = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - begin


def test_help_answers_at_once():
    rounds = [
        (seconds(sys.executable, "-m", "calibench", "--help"), seconds(sys.executable, "-c", ""))
        for _ in range(size(9, 1))
    ]
    ours, bare = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"\ncalibench --help: {ours:.3f} s; bare interpreter: {bare:.3f} s; ratio {ours / bare:.1f}")
    assert not MEASURED or ours < 0.3
