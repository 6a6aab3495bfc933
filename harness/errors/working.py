"""Signs of life: what takes longer than two seconds says on standard error what it does, and for how long it has.

How long it will take is not known of what these are shown for, and is not guessed. Runs and training have a display of
their own (`calibench.running.progress`).
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from calibench.errors.characters import one_line
from calibench.errors.secrets import masked

FIRST_SECONDS, LOG_SECONDS = 2.0, 10.0
"""Until the first sign for somebody who waits, at a terminal or in a notebook, and until one in a log."""
_REFRESH_SECONDS, _NOTEBOOK_SECONDS, _REPEAT_SECONDS = 0.5, 10.0, 30.0
_LONGEST = 50
"""Characters of a stage, so that the line does not wrap."""
_lock = threading.RLock()
_current: _Work | None = None


class _Work:
    """One call that signs are given for."""

    def __init__(self, name: str, stream: Any):
        self.name, self.stage, self.begin = name, "", time.monotonic()
        self._stream, self._shown, self._ended = stream, 0, threading.Event()
        self._is_terminal = bool(getattr(stream, "isatty", lambda: False)())
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        self.clear()

    def _tell(self) -> None:
        watched = self._is_terminal or "ipykernel" in sys.modules
        wait = FIRST_SECONDS if watched else LOG_SECONDS
        again = _REFRESH_SECONDS if self._is_terminal else _NOTEBOOK_SECONDS if watched else _REPEAT_SECONDS
        while not self._ended.wait(wait):
            with _lock, contextlib.suppress(OSError, ValueError):  # nobody reads the stream any more, or it is closed
                self._show()
            wait = again

    def _show(self) -> None:
        text = f"{self.name}: {self.stage or 'working'}, {time.monotonic() - self.begin:.0f} s"
        if self._is_terminal:
            self.clear()
            self._shown = len(text)
            self._stream.write(f"\r{text}")
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Takes the line away from a terminal, where another text is about to be written."""
        with _lock, contextlib.suppress(OSError, ValueError):
            if self._shown:
                self._stream.write(f"\r{' ' * self._shown}")
                self._stream.write("\r")
                self._stream.flush()
                self._shown = 0


@contextlib.contextmanager
def working(name: str) -> Iterator[None]:
    """Gives signs of life until the block ends; a block within another one gives none of its own.

    Args:
        name: of what works, as of a command.
    """
    global _current
    if _current is not None or sys.stderr is None:
        yield
        return
    stream = getattr(sys.stderr, "raw", sys.stderr)
    work = _current = _Work(name, stream)
    work.start()
    try:
        yield
    finally:
        _current = None
        work.end()


def stage(text: str) -> None:
    """What the call does now, in a few words."""
    if (work := _current) is not None:
        line = one_line(masked(text))
        work.stage = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def clear() -> None:
    """Makes room for another text on the terminal."""
    if (work := _current) is not None:
        work.clear()
