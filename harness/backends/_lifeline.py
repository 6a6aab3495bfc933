"""Ties the lives of an engine's processes to the process that started them.

After kill -9 of the parent, engine and worker processes would live on and hold their memory. A watchdog, in a session
of its own so that neither Ctrl-C nor a killed process group reaches it, waits on a pipe that only the parent holds;
when the parent is gone, however it went, the pipe closes and the watchdog kills every process that carries the parent's
mark in its environment.
"""

import os
import subprocess
import sys
import uuid

MARK = "CALIBENCH_LIFELINE"

_WATCHDOG = """
import os, signal, sys
mark = f"{sys.argv[1]}={sys.argv[2]}".encode()
os.read(0, 1)
for _ in range(3):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environ:
                if mark in environ.read().split(b"\\0") and int(pid) != os.getpid():
                    os.kill(int(pid), signal.SIGKILL)
        except OSError:
            pass
"""


class Lifeline:
    """Processes that are spawned while the mark is in the environment die with this one. Linux only, as vLLM is."""

    def __init__(self) -> None:
        self._value = uuid.uuid4().hex
        environment = {key: value for key, value in os.environ.items() if key != MARK}
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _WATCHDOG, MARK, self._value],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
            start_new_session=True,
        )  # fmt: skip
        # A process that names itself, as vLLM's do, writes its name over its environment, unless it is told not to.
        os.environ |= {MARK: self._value, "SPT_NOENV": "1"}

    def release(self) -> None:
        """Ends the watchdog, and with it whatever marked process is still there."""
        os.environ.pop(MARK, None)
        self._watchdog.communicate()
