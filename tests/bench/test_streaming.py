"""Shards that stay apart through `merge --apart`: memory and CPU time of ten and a hundred times the generations."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rounds import MEASURED, size
from some_runs import identity_of

from calibench.store import FILE_NAME, RunFile

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

SHARDS = 4
GENERATIONS = size((100_000, 1_000_000, 10_000_000), (400, 4_000, 40_000))
DRAWN = {"one draw, continuous confidences": (1, "(i * 2654435761 % 4294967291) / 4294967291.0"),
         "four draws, whole percents": (4, "(i * 7919 % 101) / 100.0")}  # fmt: skip
"""Draws per question, and the confidence of row i."""
RIGHT = "(i * 40503 + draw * 7907 + i / 7 * 31) % 1009 / 1009.0 < 0.2 + 0.7 * value"
ROWS = """
CREATE TEMP TABLE rows AS
WITH RECURSIVE
q(question) AS (SELECT :shard UNION ALL SELECT question + :shards FROM q WHERE question + :shards < :questions),
d(draw) AS (SELECT 0 UNION ALL SELECT draw + 1 FROM d WHERE draw + 1 < :draws)
SELECT printf('q%08d', question) AS id, draw, question * :draws + draw AS i FROM q, d"""
TABLES = """
INSERT INTO questions SELECT 'sums', id, '', '[]', '[]', '[]', 'math', NULL, NULL, NULL, 'test'
FROM rows WHERE draw = 0;
INSERT INTO generations
SELECT 'sums', id, 'stated', draw, 1, 90, 64, NULL, 75, 'stop', NULL, 1.5, NULL, 0, NULL, '', NULL FROM rows;
INSERT INTO confidences SELECT 'sums', id, 'stated', draw, 'stated', {value}, 'ok', NULL, NULL FROM rows;
INSERT INTO grades SELECT 'sums', id, 'stated', draw, NULL, iif({right}, 'correct', 'incorrect'), 'number/1', NULL
FROM (SELECT *, {value} AS value FROM rows);
DROP TABLE rows"""
PROGRAM = """
import re, sys, time
from calibench.cli import main
code = main(["merge", sys.argv[1], "--apart", "--json", "--out", sys.argv[2]])
status = open("/proc/self/status").read()
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024, time.process_time(), file=sys.stderr)
sys.exit(code)
"""
"""The most memory of the process itself: `ru_maxrss` begins with that of the process that started it."""


def write_shards(folder: Path, generations: int, draws: int, value: str) -> int:
    """Shards of a run of one task and one method, without texts; returns their bytes."""
    questions = generations // draws
    for shard in range(SHARDS):
        with RunFile.create(folder / str(shard)) as run, run.transaction():
            given = {"shard": shard, "shards": SHARDS, "questions": questions, "draws": draws}
            run._db.execute(ROWS, given)
            for statement in TABLES.format(value=value, right=RIGHT).split(";"):
                run._db.execute(statement)
            n = len(range(shard, questions, SHARDS))
            asked = {"questions": n, "draws": draws, "methods": ["stated"], "whole": questions}
            run.update_manifest(
                name="a run", kind=None, model={"name": "a model"}, complete=True, notes=[], sessions=[],
                configuration={}, identity=identity_of("sums") | {"shard": f"{shard + 1}/{SHARDS}"},
                scope={"sums": {"stated": asked}},
            )  # fmt: skip
    return sum(file.stat().st_size for file in folder.rglob(FILE_NAME))


@pytest.mark.parametrize("kind", DRAWN)
def test_memory_does_not_grow_with_the_generations(tmp_path, kind):
    mebibytes = []
    for n in GENERATIONS:
        folder = tmp_path / str(n)
        written = write_shards(folder / "parts", n, *DRAWN[kind])
        command = [sys.executable, "-c", PROGRAM, folder / "parts", folder / "out"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        memory, seconds = map(float, done.stderr.splitlines()[-1].split())
        print(f"\n{kind}: {n:,} generations, {written / 1e9:.1f} GB: {memory:.0f} MiB, {seconds:.1f} s of CPU")
        (used,) = {m["n_used"] for m in json.loads(done.stdout) if (m["task"], m["metric"]) == ("sums", "ece")}
        assert used == n
        mebibytes.append(memory)
        shutil.rmtree(folder)
    assert max(mebibytes) < 1000
    assert not MEASURED or mebibytes[-1] < 1.2 * mebibytes[-2]
