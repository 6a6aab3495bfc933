"""Where the program meets the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


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
