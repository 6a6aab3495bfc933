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

from calibench.errors import StorageError, working
from calibench.errors.characters import visible
from calibench.errors.secrets import masked

_CURSOR_UP = re.compile(r"(\x1b\[A)+")
"""Written alone by progress bars of libraries that stand below each other."""
_HEAD, _TAIL = 2000, 500
"""Characters of a message that are shown at least: more than any message of ours has."""
_FURTHER_LINE, _INDENTED = re.compile(r"\n(?! )"), "\n  "


def clean(text: str) -> str:
    """The text with invisible characters made visible, and secrets masked."""
    return visible(masked(text))


def tell(kind: str, text: str) -> None:
    """Prints a message on standard error."""
    print(f"{kind}: {indented(shortened(text))}", file=sys.stderr, flush=True)


def shortened(text: str) -> str:
    """The text without the middle of a very long one: a message may name what a file holds, a name of any length."""
    if len(text) <= _HEAD + _TAIL:
        return text
    return f"{text[:_HEAD]} ... ({len(text) - _HEAD - _TAIL:,} characters) ... {text[-_TAIL:]}"


def indented(text: str) -> str:
    """The text with its further lines indented, so that a name in it begins none that looks like another message."""
    return _FURTHER_LINE.sub(_INDENTED, text)


class Guarded:
    """A stream that cleans what is written to it.

    Where nobody reads it any more (`| head`), what is written goes nowhere, and the work goes on.

    Args:
        raw: the stream.
        is_result: what is written is what the command was asked for, so that it is an error if it cannot be written for
            any other reason.
    """

    def __init__(self, raw: Any, *, is_result: bool = False):
        self.raw = raw
        self._is_result = is_result

    def write(self, text: str) -> int:
        """A progress bar on a terminal may begin its line again."""
        working.clear()
        begin = "\r" if text.startswith("\r") and self.raw.isatty() else ""
        moves = _CURSOR_UP.fullmatch(text) and self.raw.isatty()
        with self._letting_go():
            self.raw.write(text if moves else begin + clean(text[len(begin) :]))
        return len(text)

    def flush(self) -> None:
        with self._letting_go():
            self.raw.flush()

    @contextlib.contextmanager
    def _letting_go(self) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError as error:  # standard error escapes by itself
            character = error.object[error.start]
            raise StorageError(
                f"standard output: cannot write {character!r} as {error.encoding}; PYTHONIOENCODING=utf-8 writes UTF-8"
            ) from error
        except OSError as error:
            with contextlib.suppress(OSError), open(os.devnull, "wb") as nothing:
                os.dup2(nothing.fileno(), self.raw.fileno())  # what is left in the stream's memory goes there too
            if self._is_result and not isinstance(error, BrokenPipeError):
                raise StorageError(f"standard output: cannot write ({error.strerror})") from error

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
        if streams[0] is not None:
            sys.stdout = Guarded(streams[0], is_result=True)
        if streams[1] is not None:
            sys.stderr = Guarded(streams[1])
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams


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
