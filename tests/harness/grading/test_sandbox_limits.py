"""Limits bind whatever a program does, and nothing of it stays. As root and as a user."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from calibench.grading.sandbox import Limits
from calibench.tasks.base import Program, Ran

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.sandbox
Run = Callable[..., Ran]

MARK = "import ctypes\nctypes.CDLL(None).prctl(15, b'{mark}')\n"  # PR_SET_NAME, which children inherit
CPU, WALL = Limits(cpu=1, wall=60.0), Limits(cpu=60, wall=1.5)
BOMBS = {
    "loop": (CPU, "def f():\n while True: pass", "out of time (1 s of CPU time)"),
    "loop that ignores signals": (
        CPU,
        "import signal\nfor n in signal.valid_signals() - {9, 19}: signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
        "ended by signal 9",
    ),
    "sleep": (WALL, "import time\ndef f(): time.sleep(1000)", "out of time (1.5 s)"),
    "deadlock": (
        WALL,
        "import threading\nx = threading.Lock(); x.acquire(); x.acquire()",
        "out of time (1.5 s)",
    ),
    "fork bomb": (WALL, "import os\nwhile True:\n try: os.fork()\n except OSError: pass", "out of time (1.5 s)"),
    "memory bomb": (CPU, "def f():\n a = []\n while True: a.append(bytes(2**20))", "MemoryError"),
    "forking memory bomb": (
        WALL,
        "import os\nwhile True:\n try: os.fork(); a = bytearray(2**28)\n except (OSError, MemoryError): pass",
        "out of time (1.5 s)",
    ),
    "printed flood": (CPU, "def f():\n while True: print('x' * 10**6)", "out of time (1 s of CPU time)"),
    "flood of results": (
        CPU,
        "import os\nwhile True:\n for fd in range(3, 64):\n  try: os.write(fd, b'x' * 2**16)\n  except OSError: pass",
        "more than 262144 bytes of results",
    ),
    "crash": (CPU, "import ctypes\ndef f(): ctypes.string_at(0)", "ended by signal 11"),
    "closes everything": (WALL, "import os, time\nos.closerange(0, 64)\ntime.sleep(1000)", "out of time (1.5 s)"),
}


def living(mark: str) -> list[str]:
    names = []
    for comm in Path("/proc").glob("[0-9]*/task/*/comm"):
        try:
            names.append(comm.read_text().strip())
        except OSError:  # it ended meanwhile
            continue
    return [name for name in names if name == mark]


@pytest.mark.parametrize("name", BOMBS)
def test_limits_bind_and_nothing_stays(run: Run, name: str):
    limits, program, end = BOMBS[name]
    mark = f"bomb{os.getpid() % 10**5}{list(BOMBS).index(name)}"
    ran = run(Program(MARK.format(mark=mark) + program, ("f()",)), limits)
    assert (ran.values, ran.error.startswith(end)) == ((), True), ran.error
    assert living(mark) == []


@pytest.mark.parametrize(
    "program",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()",
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
    ],
    ids=["thread", "signal"],
)
def test_what_outlives_a_program_ends_with_it(run: Run, program: str):
    mark = f"stay{os.getpid() % 10**6}"
    ran = run(Program(MARK.format(mark=mark) + program + "\ndef f(): return 7", ("f()",)), Limits(wall=100.0))
    assert ran == Ran(("7",), None)
    assert living(mark) == []


def test_no_program_leaves_a_zombie():
    """Not to this process, and not to a process 1 that waits for nobody, as containers have it."""
    program = "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\ndef f(): return 7"
    script = f"""
import ctypes, os
from pathlib import Path
from calibench.grading import sandbox
from calibench.tasks.base import Program
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans come here, as to a process 1
if os.fork() == 0:
    for number in range(12):
        limits = sandbox.LIMITS._replace(wall=0.2 if number % 3 == 0 else 60.0)
        sandbox.run(Program({program!r}, ('f()', 'time.sleep(9)')[: 2 if number % 3 == 0 else 1]), limits)
    os._exit(bool(Path(f"/proc/self/task/{{os.getpid()}}/children").read_text()))
ended = os.wait()[1]
print(ended, Path(f"/proc/self/task/{{os.getpid()}}/children").read_text().split())
"""
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout == "0 []\n", ran.stderr


def test_a_sandbox_dies_with_its_parent():
    mark = f"orph{os.getpid() % 10**6}"
    program = MARK.format(mark=mark) + "import time; time.sleep(1000)"
    imports = "from calibench.grading import sandbox; from calibench.tasks.base import Program"
    script = f"{imports}; sandbox.run(Program({program!r}, ()))"
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    wait_for(lambda: living(mark))
    parent.kill()
    parent.wait()
    wait_for(lambda: not living(mark))


BWRAP = """#!/bin/bash
eval "exec sleep {seconds} $2>&-" &  # as bwrap's child, which waits for a word of bwrap's, whatever else ends
{end}
"""
ENDS = {"bwrap": "kill -9 $$", "worker": "kill -9 $PPID $$", "driver": "kill -9 $DRIVER $$"}


@pytest.mark.parametrize("killed", ENDS)
def test_nothing_stays_of_a_sandbox_that_is_killed_while_it_starts(tmp_path: Path, killed: str):
    seconds = f"1{os.getpid()}{len(killed)}"
    (tmp_path / "bwrap").write_text(BWRAP.format(seconds=seconds, end=ENDS[killed].replace("$DRIVER", "$(cat driver)")))
    (tmp_path / "bwrap").chmod(0o755)
    (tmp_path / "script.py").write_text("""
import os
from msgspec.structs import replace
from some_records import question
from calibench.grading.pool import GradingPool
if __name__ == "__main__":
    open("driver", "w").write(str(os.getpid()))
    with GradingPool(1, 10.0, ["mbpp"]) as pool:
        asked = replace(question(0), task="mbpp", tests=("assert f() == 1",))
        print(pool.submit("mbpp", asked, "def f(): return 1").result().outcome)
""")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "script.py"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    assert ran.stdout == ("" if killed == "driver" else "failed\n")
    sleeping = f"sleep\0{seconds}\0".encode()
    wait_for(lambda: sleeping not in [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline")])


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
