"""Programs run as this user, and where that is root, as nobody too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calibench.grading import sandbox
from calibench.grading.sandbox import Limits
from calibench.tasks.base import Program, Ran

ROOT = Path(__file__).resolve().parents[3]
BRIEF = Limits(cpu=1, wall=100.0)
Run = Callable[..., Ran]

# As root, the tests also run as another user, in a process that drops all rights once it is loaded. If that user may
# not read the interpreter, the machine's own one runs the programs.
AS_NOBODY = """
import json, os, sys
from calibench.grading import sandbox
from calibench.grading.sandbox import Limits
from calibench.tasks.base import Program
os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
os.environ["SECRET"] = "of the user"
try:
    os.stat(os.path.realpath(sys.executable))
except PermissionError:
    sys.executable, sys.base_prefix = "/usr/bin/python3", "/usr"
for line in sys.stdin:
    job, limits = json.loads(line)
    print(json.dumps(sandbox.run(Program(*job), Limits(*limits))), flush=True)
"""


@pytest.fixture(scope="module")
def as_nobody() -> Iterator[Run]:
    process = subprocess.Popen(
        [sys.executable, "-c", AS_NOBODY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )

    def run(job: Program, limits: Limits = BRIEF) -> Ran:
        process.stdin.write(json.dumps([job, limits]) + "\n")
        process.stdin.flush()
        values, error = json.loads(process.stdout.readline())
        return Ran(tuple(values), error)

    with process:
        yield run
        process.stdin.close()


@pytest.fixture(params=["root", "nobody"] if os.geteuid() == 0 else ["user"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    if request.param == "nobody":
        return request.getfixturevalue("as_nobody")
    monkeypatch.setenv("SECRET", "of the user")
    return lambda job, limits=BRIEF: sandbox.run(job, limits)
