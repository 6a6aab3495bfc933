"""Where the program meets the terminal: nothing is read there, and whatever is written goes one way.

Texts that are not ours (names, what a model wrote, messages of libraries) may hold characters that move the cursor or
hide what stands beside them, and secrets of the user.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from calibench.errors.characters import visible
from calibench.errors.secrets import masked

_CURSOR_UP = re.compile(r"(\x1b\[A)+")
"""Written alone by progress bars of libraries that stand below each other."""


def clean(text: str) -> str:
    """The text with invisible characters made visible, and secrets masked."""
    return visible(masked(text))


class Guarded:
    """A stream that cleans what is written to it."""

    def __init__(self, raw: Any):
        self.raw = raw

    def write(self, text: str) -> int:
        """A progress bar on a terminal may begin its line again."""
        begin = "\r" if text.startswith("\r") and self.raw.isatty() else ""
        moves = _CURSOR_UP.fullmatch(text) and self.raw.isatty()
        self.raw.write(text if moves else begin + clean(text[len(begin) :]))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Standard output and standard error of this process are cleaned meanwhile, and standard input is empty."""
    streams = sys.stdout, sys.stderr
    with no_input():
        sys.stdout, sys.stderr = (None if stream is None else Guarded(stream) for stream in streams)
        try:
            yield
        finally:
            closed = sys.stdout is None  # nobody reads any more, and Python must not flush it at its end
            sys.stdout, sys.stderr = None if closed else streams[0], streams[1]


@contextlib.contextmanager
def no_input() -> Iterator[None]:
    """Standard input is empty meanwhile, for this process and for those that it starts.

    Libraries ask there, some whether they may execute code of a stranger, and take what a pipe happens to hold for the
    answer.
    """
    known = sys.stdin
    try:
        saved = os.dup(0)
    except OSError:  # it was closed before
        saved = None
    with open(os.devnull, encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 0)
        sys.stdin = nothing
        try:
            yield
        finally:
            sys.stdin = known
            if saved is not None:
                os.dup2(saved, 0)
                os.close(saved)
