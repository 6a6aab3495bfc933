"""A command that is run in a stranger's folder takes no module from there, and neither do the processes it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_no_module_of_the_folder_is_executed(tmp_path: Path) -> None:
    for name in ("pickle", "multiprocessing", "threading", "calibench", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(
            f"open({str(tmp_path / 'executed')!r}, 'a').write(__name__)\nraise SystemExit\n"
        )
    (tmp_path / "answers.csv").write_text("id,gold,output\nq1,3,Answer: 3\nq2,4,Answer: 5\n")
    columns = ["--text", "output", "--question", "id", "--gold", "gold", "--grader", "number"]
    calibench = Path(sys.executable).with_name("calibench")
    done = subprocess.run(
        [calibench, "import", "answers.csv", *columns, "--name", "m", "--out", "run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "run.sqlite").is_file()
    assert not (tmp_path / "executed").exists()
