"""A stranger's run file names its tasks: no name makes a command open, and so execute, a file of this machine."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from some_runs import TASK, whole_run

from calibench.cli import main

COMMANDS = (["show", "{run}", "q1"], ["report", "{run}"], ["report", "{run}", "--rescore"])


@pytest.mark.parametrize("kind", ["file", "lm_eval"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_name_of_a_task_executes_a_file(tmp_path: Path, capsys, kind, command):
    run, mark = whole_run(tmp_path / "run"), tmp_path / "executed"
    (run / "task.py").write_text(f"def task(*_):\n    open({str(mark)!r}, 'w').close()\ntask()\n")
    (run / "task.yaml").write_text("task: strange\ndoc_to_text: !function task.task\n")
    name = f"file:{run}/task.py" if kind == "file" else f"lm_eval:{run}/task.yaml"
    with sqlite3.connect(run / "run.sqlite") as db:
        for table in ("questions", "generations", "confidences", "grades", "answer_classes"):
            db.execute(f"UPDATE {table} SET task = ?", (name,))
        db.execute("UPDATE manifest SET value = replace(value, ?, ?)", (f'"{TASK}"', f'"{name}"'))
    db.close()
    rescored = "--rescore" in command
    assert main([part.format(run=run) for part in command]) == (2 if rescored else 0)
    assert not mark.exists()
    if rescored:
        assert "found a file, which only a command may name" in capsys.readouterr().err
