"""Shards of 300 tokens a generation through `merge`: generations a second, checks included, and memory."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rounds import MEASURED, size
from some_runs import identity_of

from calibench.records import Confidence, Generation, Grade, Question
from calibench.running.merging import merge
from calibench.running.selection import place_of
from calibench.store import RunFile

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

SHARDS, QUESTIONS, DRAWS = 4, size(100_000, 40), 4
TEXT = "Each crate holds twelve and there are seven of them, so that is eighty-four in all. " * 5
PROGRAM = """
import re, sys
from calibench.running.merging import merge
merge(sys.argv[2:], sys.argv[1])
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024)
"""
"""The most memory of the process itself: `ru_maxrss` begins with that of the process that started it."""


def write_shard(folder: Path, number: int) -> Path:
    """One shard of a run of one task and one method, as the pipeline leaves it."""
    placed = sorted((place_of("sums", f"q{i:07}"), f"q{i:07}") for i in range(QUESTIONS))
    ids = sorted(question for _, question in placed[number - 1 :: SHARDS])

    def rows(*others: object) -> Iterator[list[list]]:
        for start in range(0, len(ids), 10_000):
            keys = [(i, draw) for i in ids[start : start + 10_000] for draw in range(DRAWS)]
            key = [["sums"] * len(keys), [i for i, _ in keys], ["stated"] * len(keys), [draw for _, draw in keys]]
            yield [*key, *([of] * len(keys) for of in others)]

    n = len(ids)
    others = ("How many?", "[]", '["84"]', "[]", "math", None, None, None, "test")
    questions = [["sums"] * n, ids, *([of] * n for of in others)]
    asked = {"questions": n, "draws": DRAWS, "methods": ["stated"], "whole": QUESTIONS}
    manifest = {
        "name": "a run", "kind": None, "model": {"name": "a model"}, "complete": True, "notes": [], "sessions": [],
        "configuration": {}, "identity": identity_of("sums") | {"shard": f"{number}/{SHARDS}"},
        "scope": {"sums": {"stated": asked}},
    }  # fmt: skip
    with RunFile.create(folder) as run:
        run.replace_rows(
            {
                Question: [questions],
                Generation: rows(1, 90, 64, None, 75, "stop", None, 1.5, None, 0, None, TEXT, json.dumps([5] * 75)),
                Confidence: rows("stated", 0.85, "ok", "Confidence: 85%", None),
                Grade: rows("84", "correct", "number/1", None),
            },
            manifest,
        )
    return folder


def test_shards_are_merged_at_a_hundred_thousand_generations_a_second(tmp_path):
    shards = [write_shard(tmp_path / str(i), i) for i in range(1, SHARDS + 1)]
    begin, spent = time.perf_counter(), time.process_time()
    merge(shards, tmp_path / "merged")
    seconds, cpu = time.perf_counter() - begin, time.process_time() - spent
    n = QUESTIONS * DRAWS
    print(f"\n{n:,} generations in {seconds:.1f} s, {cpu:.1f} s of CPU: {n / seconds:,.0f} a second")
    done = subprocess.run([sys.executable, "-c", PROGRAM, tmp_path / "again", *shards], capture_output=True, text=True)
    mebibytes = float(done.stdout)
    print(f"{mebibytes:.0f} MiB, of {sum(os.stat(s / 'run.sqlite').st_size for s in shards) / 2**20:.0f} MiB")
    assert mebibytes < 300
    assert not MEASURED or cpu < 1.5 * n / 100_000  # half of it checks shards, two at once on two cores
