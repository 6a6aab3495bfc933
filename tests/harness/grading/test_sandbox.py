"""Hostile programs: none forges a verdict, none sees or touches anything outside, none stays. As root and as a user."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calibench.cli import main
from calibench.errors import CapabilityError
from calibench.grading import sandbox
from calibench.grading.check import check_task
from calibench.grading.sandbox import Limits, SandboxError
from calibench.tasks.base import Program, Ran
from calibench.tasks.grading.code import finish_code, grade_code

ROOT = Path(__file__).resolve().parents[3]
BRIEF = Limits(cpu=1, wall=10.0)

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

pytestmark = pytest.mark.sandbox
Run = Callable[..., Ran]


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


def value_of(run: Run, program: str, call: str = "f()", limits: Limits = BRIEF) -> str:
    ran = run(Program(program, (call,)), limits)
    return ran.values[0] if ran.values else f"! {ran.error}"


# -- a program does what it should ------------------------------------------------------------------------------------


def test_calls_are_evaluated_in_the_programs_names_after_the_setup(run: Run):
    job = Program(
        "import math\nclass Node: pass\ndef f(n): return n.value",
        ("f(root)", "math.pi > 3"),
        ("root = Node()", "root.value = 7"),
    )
    assert run(job) == Ran(("7", "True"), None)


@pytest.mark.parametrize(
    ("expression", "literal"),
    [
        ("[1, (2,), {3}, {'a': None}]", "[1,(2,),{3},{'a':None}]"),
        ("collections.Counter('aab')", "{'a':2,'b':1}"),
        ("collections.namedtuple('P', 'x y')(1, 2)", "(1,2,)"),
        ("frozenset([1])", "{1}"),
        ("set()", "set()"),
        ("(True, 1, 1.0, b'x', 1j, 'é\\n')", r"(True,1,1.0,b'x',1j,'é\n',)"),
        ("[float('inf'), -float('inf')]", "[1e999,-1e999]"),
        ("float('nan')", "nan"),
        ("[fractions.Fraction(1, 2), decimal.Decimal('3.0')]", "[0.5,3]"),
    ],
)
def test_values_come_back_as_literals(expression: str, literal: str):
    assert sandbox.run(Program("import collections, decimal, fractions", (expression,))) == Ran((literal,), None)


@pytest.mark.parametrize("expression", ["map(int, '12')", "range(3)", "object()", "[1, [len]]", "f(1, 3)"])
def test_values_that_no_literal_equals_are_errors(expression: str):
    ran = sandbox.run(Program("from fractions import Fraction as f", (expression,)))
    assert (ran.values, ran.error.endswith("which equals no literal")) == ((), True), ran.error


def test_the_error_that_ends_a_program_is_told(run: Run):
    failing = Program("def f(): return 1 / 0", ("1", "f()", "2"))
    assert run(failing) == Ran(("1",), "ZeroDivisionError: division by zero")
    assert run(Program("def f(: pass", ("f()",))).error.startswith("SyntaxError: ")


def test_what_it_prints_is_no_result(run: Run):
    assert run(
        Program("import sys\nprint('=8'); print('=8', file=sys.stderr)\ndef f(): print('=8'); return 7", ("f()",))
    ).values == ("7",)


# -- no verdict is forged ---------------------------------------------------------------------------------------------

TESTS = ("assert f(7) == 873465",)
FORGERIES = {
    "sys.exit": "import sys; sys.exit(0)",
    "sys.exit in the call": "def f(x): import sys; sys.exit(0)",
    "os._exit": "import os; os._exit(0)",
    "os._exit in the call": "def f(x): import os; os._exit(0)",
    "printed marks": "print('ready\\n=True\\n=None\\nOK\\npassed\\n' * 5)\ndef f(x): pass",
    "marks written to every descriptor": """
import os
for fd in range(64):
    try: os.write(fd, b'ready\\n=True\\n=1\\n=None\\n')
    except OSError: pass
os._exit(0)""",
    "equal to everything": """
class Any:
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = lambda self: 0
def f(x): return Any()""",
    "a number equal to everything": """
class Any(int):
    __eq__ = lambda self, other: True
    __hash__ = lambda self: 0
    __repr__ = lambda self: '__import__("os")'
def f(x): return Any(0)""",
    "text that would be code": "def f(x): return '873465 or 1'",
    "changed built-ins": """
import builtins, json, ast
builtins.eval = builtins.repr = builtins.isinstance = lambda *a: True
json.loads = json.dumps = ast.literal_eval = lambda *a, **k: True
builtins.AssertionError = Exception
def f(x): return True""",
    "changed helpers of the runner": """
import __main__
__main__.literal = lambda value: '*'
__main__.Any = True
def f(x): return 0""",
    "a search of frames and the garbage collector": """
import gc, sys
def texts():
    frame = sys._getframe()
    while frame:
        yield from (repr(frame.f_locals), repr(frame.f_globals), repr(frame.f_code.co_consts))
        frame = frame.f_back
    for thing in gc.get_objects() + [sys.argv, sys.orig_argv]:
        try: yield repr(thing)
        except Exception: pass
def f(x):
    wanted = '5643'[::-1]
    for text in texts():
        if '87' + wanted in text: return int('87' + wanted)""",
    "a search of files": """
import os
def f(x):
    for folder, _, files in os.walk('/'):
        for name in files:
            if name.endswith(('.jsonl', '.json', '.sqlite')) or 'sandbox' in name: return folder, name""",
    "the parent's memory": "def f(x): return open('/proc/1/mem', 'rb').read(10)",
    "a debugger on the first process": """
import ctypes
def f(x): return ctypes.CDLL(None).ptrace(16, 1, 0, 0)""",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_no_program_forges_its_verdict(run: Run, name: str):
    job = grade_code(TESTS, f"```python\n{FORGERIES[name]}\n```")
    assert finish_code(TESTS, job, run(job)).outcome == "incorrect"


def test_a_program_that_computes_its_value_is_correct(run: Run):
    job = grade_code(TESTS, "```python\ndef f(x): return x * 124780 + 5\n```")
    assert finish_code(TESTS, job, run(job)).outcome == "correct"


# -- nothing outside is seen or touched -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        "open('/etc/passwd').read()",
        "os.listdir('/home')",
        "os.listdir('/proc')",
        "os.listdir('/sys')",
        f"open({__file__!r}).read()",
        f"os.listdir({str(Path.cwd())!r})",
        "open('/new', 'w')",
        "open('/usr/lib/new', 'w')",
        "open('/dev/new', 'w')",
        "os.open('/dev/mem', 0)",
        "os.setuid(0)",
        "os.setgroups([0])",
        "os.chroot('/tmp')",
        "os.nice(-1)",
        "resource.setrlimit(resource.RLIMIT_NPROC, (1000, 1000))",
        "resource.setrlimit(resource.RLIMIT_CPU, (1000, 1000))",
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.getaddrinfo('example.org', 80)",
        "open('/tmp/a', 'wb').write(bytes(20 * 2**20))",
        "[open(f'/tmp/{n}', 'wb').write(bytes(2**20)) for n in range(20)]",
        "[open('/dev/null') for _ in range(100)]",
        "bytes(10**9)",
        "[os.fork() or os._exit(os.wait()[0] and 0) for _ in range(20)]",
    ],
)
def test_what_a_program_may_not_do_fails(run: Run, expression: str):
    caught = "(OSError, MemoryError, ValueError)"
    program = f"import os, resource, socket\ndef f():\n try: {expression}\n except {caught}: return 'refused'"
    assert value_of(run, program) == "'refused'"


def test_nothing_of_the_user_is_seen(run: Run):
    program = "import os\ndef f(): return [os.getuid() == 0, os.getgroups(), 'SECRET' in os.environ, os.listdir('.')]"
    uid_is_root, groups, secret, files = json.loads(value_of(run, program).replace("False", "false").replace(",]", "]"))
    assert (uid_is_root, secret, files) == (False, False, [])
    assert groups in ([], [65534])


def test_local_servers_are_out_of_reach(run: Run):
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = (
            f"import socket\ndef f(): socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), timeout=1)"
        )
        assert "ConnectionRefusedError" in value_of(run, program)


def test_memory_that_no_process_owns_is_refused(run: Run):
    program = """
import ctypes
def f():
    libc = ctypes.CDLL(None)
    mounted = libc.mount(b't', b'/tmp', b'tmpfs', 0, 0)
    return libc.shmget(0, 2**20, 0o1600), libc.memfd_create(b'm', 0), libc.msgget(0, 0o1600), mounted
"""
    assert value_of(run, program) == "(-1,-1,-1,-1,)"


def test_the_keys_of_the_users_session_are_refused(run: Run):
    numbers = {"x86_64": 250, "aarch64": 219}  # keyctl; -3 is the session's keyring
    program = f"import ctypes\ndef f(): return ctypes.CDLL(None).syscall({numbers[platform.machine()]}, 0, -3, 1)"
    assert value_of(run, program) == "-1"


def test_signals_reach_nothing_outside(run: Run):
    program = """
import os, signal
def f():
    for pid in (1, os.getppid()):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGSTOP):
            try: os.kill(pid, number)
            except OSError: pass
    return 7
"""
    assert value_of(run, program) == "7"


def test_one_program_leaves_no_file_for_the_next(run: Run):
    program = "import os\ndef f(): open('/tmp/left', 'w').write('x'); return os.listdir('/tmp')"
    assert [value_of(run, program) for _ in range(2)] == ["['left']", "['left']"]


# -- limits bind, and nothing stays -----------------------------------------------------------------------------------

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
        "import os, time\nif os.fork() == 0: time.sleep(1000)",
        "import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0: time.sleep(1000)\n os._exit(0)",
    ],
    ids=["thread", "child", "daemon"],
)
def test_what_outlives_a_program_ends_with_it(run: Run, program: str):
    mark = f"stay{os.getpid() % 10**6}"
    ran = run(Program(MARK.format(mark=mark) + program + "\ndef f(): return 7", ("f()",)), Limits(wall=100.0))
    assert ran == Ran(("7",), None)
    assert living(mark) == []


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


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline


# -- where there is no sandbox ----------------------------------------------------------------------------------------


def test_without_bubblewrap_programs_are_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CapabilityError, match="apt-get install bubblewrap"):
        sandbox.require()
    with pytest.raises(CapabilityError, match="bubblewrap"):
        check_task("mbpp", str(tmp_path))


def test_without_bubblewrap_a_run_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = tmp_path / "run"
    code = main(["run", "micro-sft", "--tasks", "mbpp", "--data", str(tmp_path), "--out", str(folder)])
    assert (code, folder.exists()) == (CapabilityError.exit_code, False)


@pytest.mark.parametrize("told", [b"", b'{"child-pid": 999999999'], ids=["at once", "on the way"])
def test_where_it_fails_its_own_words_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: bytes):
    fails = f"import os, sys\nos.write(int(sys.argv[2]), {told!r})\nsys.exit('No permissions to create a namespace')"
    (tmp_path / "bwrap").write_text(f"#!{sys.executable}\n{fails}\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CapabilityError, match="it said: No permissions to create a namespace"):
        sandbox.require()
    with pytest.raises(SandboxError, match="No permissions"):
        sandbox.run(Program("", ()))
