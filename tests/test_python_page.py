"""docs/python.md says what is true: its examples run as they stand there, and its table names every function."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from traps import found_first, met, set_traps

import calibench
from calibench.reports import figures, plots

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_table_names_every_function():
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(calibench.__all__) - {"__version__"}
    assert all(callable(getattr(calibench, name)) for name in calibench.__all__ if name != "__version__")


def test_the_figures_that_are_named_exist():
    named = set(re.findall(r"`(\w+_figure)`", PAGE))
    assert named == {name for of in (figures, plots) for name in vars(of) if name.endswith("_figure")}


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_examples_run_one_after_the_other(tmp_path):
    """One process for all of them, with one engine; what they print and write is what the page says. In a project with
    packages of its own that have the names of calibench's folders."""
    set_traps(tmp_path)
    body = "".join(EXAMPLES).replace("\n", "\n    ")
    (tmp_path / "example.py").write_text(f'if __name__ == "__main__":\n    {body.rstrip(" ")}')
    environment = found_first(tmp_path)
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert met(tmp_path) == []
    assert re.search(r"micro_wrods.*micro_words", done.stdout.splitlines()[-1])
    assert re.search(r"^honest .* better$", done.stdout, re.MULTILINE)
    written = ("runs/sft/votes.html", "reliability.pdf", "runs/comparison/report.html", "checkpoints/half/lineage.json")
    assert [name for name in written if not (tmp_path / name).is_file()] == []
    with calibench.open_run(tmp_path / "runs/sft") as run:
        assert run.tally("micro_words", "stated"), "12 questions with 4 draws are graded"
