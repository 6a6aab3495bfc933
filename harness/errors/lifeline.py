"""Ties the lives of processes to the process that started them, however that one ends.

After kill -9 of the parent, engine and worker processes would live on and hold their memory; so would a sandbox whose
`bwrap` is killed with it before the kernel knows that the two end together. A watchdog, in a session of its own so that
neither Ctrl-C nor a killed process group reaches it, waits on a pipe that only the parent holds; when the parent is
gone, however it went, the pipe closes and the watchdog kills every process that carries the parent's mark in its
environment, and removes the folder in which they kept what no run needs, as their sockets. Linux only, as vLLM and
bubblewrap are.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from tempfile import gettempdir

MARK = "CALIBENCH_LIFELINE"


class Lifeline:
    """Processes that have `mark` in their environment, or a value of it that begins so, die with this one.

    Args:
        inherited: puts it into this process's environment, so that whatever is spawned from now on has it.
    """

    def __init__(self, *, inherited: bool = True) -> None:
        self.mark = {MARK: uuid.uuid4().hex}
        self._folder = os.path.join(gettempdir(), f"calibench-{self.mark[MARK]}")
        environment = {key: value for key, value in os.environ.items() if key != MARK}
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, self.mark[MARK], self._folder],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd="/",
            start_new_session=True,
        )  # fmt: skip
        if inherited:
            # A process that names itself, as vLLM's do, writes its name over its environment, unless told not to.
            os.environ |= {**self.mark, "SPT_NOENV": "1"}

    def folder(self) -> str:
        """Makes a folder for the marked processes, of this user alone, which goes away with them."""
        os.mkdir(self._folder, 0o700)
        return self._folder

    def release(self) -> None:
        """Ends the watchdog, and with it whatever marked process is still there, and their folder."""
        if os.environ.get(MARK) == self.mark[MARK]:
            del os.environ[MARK]
        self._watchdog.communicate()


def end_marked(value: str) -> list[int]:
    """Kills the processes whose mark begins with the value; returns their ids."""
    mark, ended = f"{MARK}={value}".encode(), []
    for _ in range(3):  # one that is killed may just have started another
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as environ:
                    if int(pid) != os.getpid() and any(text.startswith(mark) for text in environ.read().split(b"\0")):
                        os.kill(int(pid), signal.SIGKILL)
                        ended.append(int(pid))
            except OSError:
                pass
    return ended


if __name__ == "__main__":  # the watchdog
    os.read(0, 1)
    end_marked(sys.argv[1])
    shutil.rmtree(sys.argv[2], ignore_errors=True)
