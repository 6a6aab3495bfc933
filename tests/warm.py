"""Commands that need not import the engine first: each runs in a process forked from one that has imported it.

What is started by them (engine, graders, training) starts anew, as it does for a user. A command that computes by
itself, or runs lm-eval, needs a process of its own: it may wait for ever for threads that were not forked.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "vllm.engine.arg_utils", "vllm.v1.engine.async_llm", "transformers.models.auto.modeling_auto",
        "transformers.models.llama.configuration_llama", "scipy.stats", "matplotlib.figure",
    ]
)  # fmt: skip


class Started:
    """A module that runs as a program: `python -m MODULE ARGUMENTS`, with the interface of `subprocess.Popen`."""

    def __init__(self, module: str, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None):
        self._folder = TemporaryDirectory()
        self._outputs = [Path(self._folder.name) / name for name in ("stdout", "stderr")]
        given = (module, arguments, str(cwd or Path.cwd()), dict(env or os.environ), [str(o) for o in self._outputs])
        self._process = _CONTEXT.Process(target=_run, args=given)
        self._process.start()
        self.pid = self._process.pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._process.exitcode
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Waits for its end. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        stdout, stderr = (output.read_text() for output in self._outputs)
        self._process.close()
        self._folder.cleanup()
        return stdout, stderr


def run(module: str, *arguments: str, **of: object) -> subprocess.CompletedProcess:
    """Like `subprocess.run` with captured output. For `cwd` and `env` see `Started`."""
    started = Started(module, *arguments, **of)
    stdout, stderr = started.communicate()
    return subprocess.CompletedProcess([module, *arguments], started.returncode, stdout, stderr)


def _run(module: str, arguments: tuple[str, ...], cwd: str, env: dict[str, str], outputs: list[str]) -> None:
    for descriptor, output in enumerate(outputs, start=1):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path.insert(0, cwd)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
