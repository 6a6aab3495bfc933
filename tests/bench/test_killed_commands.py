"""Commands without an engine, killed at moments all over their time: what they read stays as it is, nothing stands half
written under the name of an output, no process stays, and the same command again gives what an unkilled one gives."""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rounds import size

from calibench.cli import main

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

ASKED = ["--backend", "transformers", "--confidence", "stated", "--max-tokens", "48", "--limit", "12"]
COMMANDS = {
    "report": ("report", "a"),
    "score": ("score", "table.csv", "--question", "question", "--model", "model", "--out", "out"),
    "compare": ("compare", "a", "b", "--out", "out"),
    "export": ("export", "a", "--to", "eee", "--out", "out"),
    "export of a set": ("export", "a", "--to", "lm-eval", "--out", "out"),
    "export to a file": ("export", "a", "--to", "csv", "--out", "out/a.csv"),
    "import": ("import", "log.csv", "--text", "answer", "--question", "question", "--name", "m", "--gold", "gold",
               "--grader", "number", "--out", "out"),
    "merge": ("merge", "shards", "--out", "out"),
    "labels": ("labels", "a", "--sample", "9", "--out", "out/labels.csv"),
}  # fmt: skip
UNFINISHED = re.compile(r"\.partial$|(^|/)\.export(ing|ed)/|\.lock$|-(wal|shm|journal)$")
"""What may lie there after a kill, and passes for nothing."""
TIMES = re.compile(
    rb"\d{4}-\d\d-\d\dT[\d:.+-]+|\b1[78]\d{8}(\.\d+)?\b|[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
NAMED = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d.-]+\d")
"""In names: what is another in each export."""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    asked = [*ASKED, "--tasks", "micro_facts,micro_words"]
    for name, model in (("a", "micro-sft"), ("b", "micro-instruct")):
        assert main(["run", model, *asked, "--out", str(folder / name)]) == 0
    for i in (1, 2):
        shard = ["--shard", f"{i}/2", "--out", str(folder / "shards" / str(i))]
        assert main(["run", "micro-sft", *asked, *shard]) == 0
    rng = random.Random(0)
    rows = [f"q{i},{model},{rng.random():.3f},{rng.randrange(2)}" for model in "xy" for i in range(400)]
    (folder / "table.csv").write_text("\n".join(["question,model,confidence,correct", *rows]) + "\n")
    rows = [f"What is {i}?,Answer: {i % 7},{i % 5}" for i in range(400)]
    (folder / "log.csv").write_text("\n".join(["question,answer,gold", *rows]) + "\n")
    return folder


def held(folder: Path) -> dict[str, str]:
    """File -> digest of what it holds, without times; of a run file, of its rows."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = NAMED.sub("ONE", str(path.relative_to(folder)))
        if path.is_file() and not UNFINISHED.search(name):
            content = rows_of(path) if path.suffix == ".sqlite" else path.read_bytes()
            found[name] = hashlib.sha256(TIMES.sub(b"", content)).hexdigest()
    return found


def rows_of(path: Path) -> bytes:
    db = sqlite3.connect(path)
    try:
        return "\n".join(line for line in db.iterdump() if 'INTO "metrics"' not in line).encode()
    finally:
        db.close()


def start(command: tuple[str, ...], folder: Path) -> subprocess.Popen:
    with open(folder.parent / "said.txt", "ab") as said:
        words, environment = [sys.executable, "-m", "calibench", *command], {"TMPDIR": str(folder.parent / "tmp")}
        return subprocess.Popen(words, cwd=folder, stdout=said, stderr=said, env=os.environ | environment)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_leaves_nothing_half_done_and_goes_on(inputs, tmp_path, name):
    command, rng = COMMANDS[name], random.Random(name)
    (tmp_path / "tmp").mkdir()
    shutil.copytree(inputs, whole := tmp_path / "whole")
    before, begun = held(whole), time.monotonic()
    assert start(command, whole).wait() == 0
    seconds, after = time.monotonic() - begun, held(whole)
    for i in range(size(12, short=2)):
        number = (signal.SIGKILL, signal.SIGTERM)[i % 2]
        shutil.copytree(inputs, killed := tmp_path / f"killed {i}")
        process = start(command, killed)
        time.sleep(seconds * rng.random())
        process.send_signal(number)
        process.wait(60)
        for file, digest in held(killed).items():
            assert digest in (before.get(file), after.get(file)) or name in ("score", "import"), (file, i)
        assert held(killed).keys() >= before.keys()
        if command[0] == "export" and not (killed / "out" / ".exported").exists():
            assert held(killed).keys() in (before.keys(), after.keys())
        assert start(command, killed).wait() == 0, (tmp_path / "said.txt").read_text()[-1000:]
        assert held(killed) == after
        assert [path for path in killed.rglob("*") if UNFINISHED.search(str(path)) and ".lock" not in path.name] == []
        shutil.rmtree(killed)
    assert "Traceback" not in (tmp_path / "said.txt").read_text()
    assert [*(tmp_path / "tmp").iterdir()] == []
