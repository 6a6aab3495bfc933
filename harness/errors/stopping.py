"""What asks a command to end, beside its own errors."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a command to end: Ctrl-C, the end of a batch job, a closed terminal."""
_PAUSE = 0.05
"""Seconds."""


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
    told, sys.unraisablehook = sys.unraisablehook, _again_or(sys.unraisablehook)
    try:
        yield
    finally:
        sys.unraisablehook = told
        for number, handler in before.items():
            signal.signal(number, handler)


def _again_or(told: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Raises a KeyboardInterrupt again that came where Python drops errors, as in a destructor; tells all others."""

    def again(number: signal.Signals, through: threading.Event) -> None:
        through.wait()
        time.sleep(_PAUSE)
        signal.pthread_kill(threading.main_thread().ident or 0, number)

    def hook(dropped: Any) -> None:
        if not isinstance(dropped.exc_value, KeyboardInterrupt):
            told(dropped)
        elif numbers := stop_signals():
            through = threading.Event()  # before, the signal would come in here, and be dropped too
            threading.Thread(target=again, args=(numbers[0], through), daemon=True).start()
            through.set()

    return hook


def let_go_of_closed_terminal() -> None:
    """What is said where nobody reads any more goes nowhere, and is no error that would end the work."""
    closed = select.poll()
    for stream in (1, 2):
        closed.register(stream, 0)
    for stream, _ in closed.poll(0):
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), stream)
