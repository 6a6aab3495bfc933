"""What asks a command to end, beside its own errors."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Iterator
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a command to end: Ctrl-C, the end of a batch job, a closed terminal."""


def stop_signals() -> tuple[signal.Signals, ...]:
    """Those of `STOPPING` that this thread hears: none in a thread beside the main one, and none that was ignored
    before, as `nohup` does."""
    if threading.current_thread() is not threading.main_thread():
        return ()
    return tuple(number for number in STOPPING if signal.getsignal(number) != signal.SIG_IGN)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM and a closed terminal raise KeyboardInterrupt meanwhile, as Ctrl-C does."""

    def stop(*_: Any) -> None:
        let_go_of_closed_terminal()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in stop_signals() if number != signal.SIGINT}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def let_go_of_closed_terminal() -> None:
    """What is said where nobody reads any more goes nowhere, and is no error that would end the work."""
    closed = select.poll()
    for stream in (1, 2):
        closed.register(stream, 0)
    for stream, _ in closed.poll(0):
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), stream)
