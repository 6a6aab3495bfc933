"""Commands that are killed in the middle of writing: what was there stays whole, and the same command goes on.

A limit on the size of files, whose signal is left to kill, ends the process inside a `write`, at the same byte each
time: half of the file is there, and nothing is cleaned up.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from calibench.cli import main
from calibench.store import RunFile

KILLED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from calibench.cli import main
main(sys.argv[2:])
"""


def score(name: str, seed: int) -> list[str]:
    """A command that scores predictions, which it writes."""
    rng = np.random.default_rng(seed)
    rows = [f"{question},{rng.random():.3f},{rng.integers(2)}" for question in range(30)]
    Path("predictions.csv").write_text("\n".join(["question,confidence,correct", *rows]) + "\n")
    return ["score", "predictions.csv", "--question", "question", "--out", name]


def kill(command: list[str], size: int) -> None:
    """Kills the command in the write that would make a file larger than that."""
    killed = subprocess.run([sys.executable, "-c", KILLED, str(size), *command], capture_output=True)
    assert killed.returncode == -signal.SIGXFSZ, killed.stderr


def pages() -> dict[str, bytes]:
    """The files that people and programs read."""
    kinds = {".html", ".json", ".svg"}
    return {str(path): path.read_bytes() for path in sorted(Path().rglob("*")) if path.suffix in kinds}


def grades() -> list[str]:
    with RunFile.open("a") as run:
        return run.frame()["outcome"].tolist()


@pytest.mark.slow
def test_a_file_is_the_old_one_or_the_new_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(score("a", 0)) == main(score("b", 1)) == 0
    old, graded = pages(), grades()

    compare = ["compare", "a", "b", "--out", "compared"]
    kill(compare, 5_000)
    assert [path.name for path in Path("compared").iterdir()] == [".comparison.json.partial"]
    assert main(compare) == 0
    assert sorted(path.name for path in Path("compared").iterdir()) == ["comparison.json", "report.html"]

    kill(["report", "a"], 30_000)
    assert grades() == graded
    assert {path: page for path, page in pages().items() if path in old} == old

    again = score("a", 2)
    kill(again, 20_000)  # in the middle of a transaction
    assert grades() == graded
    assert main(again) == 0
    assert grades() != graded
    assert pages()["a/report.html"] != old["a/report.html"]
    assert not list(tmp_path.rglob("*.partial"))
