"""What surrounds the engine's processes while they are started: environment, output, and which signals they hear."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping

from calibench.errors.stopping import stop_signals

_SETTINGS = {
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
    "VLLM_NO_USAGE_STATS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Of this process too, which holds the engine's tokenizer."""


@contextlib.contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Settings of the processes that are started meanwhile; what the user has set stays."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    added = {name: value for name, value in settings.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextlib.contextmanager
def output_to(fd: int) -> Iterator[None]:
    """Sends stdout and stderr of this process to `fd`; processes started meanwhile keep them there for life."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in enumerate(saved, start=1):
            os.dup2(copy, number)
            os.close(copy)


@contextlib.contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Processes started meanwhile never hear Ctrl-C or that the terminal is closed: the run drains what they still work
    on and then ends them. SIGTERM they hear, as vLLM ends them by it. This process hears all of these afterwards: what
    is raised while vLLM waits for its processes is lost, and other threads of it hear what is blocked in this one."""
    late: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: late.append(number)) for number in stop_signals()}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)  # what waits arrives, and is noted too
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if late:
            signal.raise_signal(late[0])
