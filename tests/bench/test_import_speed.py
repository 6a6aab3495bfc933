"""Logs with texts through `calibench import`: answers a second, and memory, which must not grow with the texts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rounds import MEASURED, size
from some_logs import LOGS, lines, rows

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1200)]

ANSWERS = size(20_000, 200)
PROGRAM = """
import re, sys
from pathlib import Path
from calibench.analysis.imports import import_log
from calibench.analysis.options import ImportOptions
if __name__ == "__main__":
    import_log(sys.argv[2:], ImportOptions(name="m", verdicts=sys.argv[1]))
    print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


def log(folder: Path, answers: int, padding: int) -> Path:
    """A sample log of lm-eval with so many answers, each with so many characters of reasoning besides."""
    (source,) = (LOGS / "lm_eval").glob("samples_*words*")
    some = rows(source)

    def row(number: int) -> dict:
        found = some[number % len(some)]
        question = json.loads(found["doc"]["question"]) | {"question_id": f"q{number}"}
        text = found["resps"][0][0].replace("<think>", f"<think>{'so it goes on ' * (padding // 14)}")
        return found | {"doc_id": number, "doc": {"question": json.dumps(question)}, "resps": [[text]]}

    return lines(folder / "samples_calibench_micro_words_2026-01-01T00-00-00.0.jsonl", map(row, range(answers)))


def imported(folder: Path, verdicts: str) -> tuple[float, float]:
    """Seconds and MiB."""
    (folder / "program.py").write_text(PROGRAM)
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "program.py", verdicts, *(path.name for path in folder.glob("samples_*"))],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return time.monotonic() - begin, float(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("verdicts", ["ours", "log"])
def test_answers_a_second(tmp_path, verdicts):
    log(tmp_path, ANSWERS, 0)
    seconds, mebibytes = imported(tmp_path, verdicts)
    print(f"\n{verdicts}: {ANSWERS / seconds:,.0f} answers a second with page, {mebibytes:.0f} MiB")
    assert not MEASURED or ANSWERS / seconds > 500


def test_memory_does_not_grow_with_the_answers(tmp_path):
    """A page browses 3,000 answers, which are in memory in any case; so do 3,000 more leave it as it is."""
    held = []
    for answers in size((3_000, 6_000), (100, 200)):
        folder = tmp_path / str(answers)
        folder.mkdir()
        log(folder, answers, 10_000)
        held.append(imported(folder, "log")[1])
    print(f"\n{held[0]:.0f} MiB, and of twice as many answers of 10,000 characters {held[1]:.0f} MiB")
    assert held[1] - held[0] < 40
