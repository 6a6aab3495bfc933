"""Whether a caller in Python can start processes: each of them imports the caller's file again."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import FrameType

from calibench.errors import InputError


def require_main_guard(called: str) -> None:
    r"""Refuses what would fail in the first process that is started, before any is.

    Args:
        called: the function, for the message.

    Raises:
        InputError: the program comes from standard input, or the call does not stand below a question about `__name__`.
    """
    main = getattr(sys.modules["__main__"], "__file__", None)
    if main is None:  # a notebook, a console, `python -c`: nothing is imported again
        return
    if not Path(main).is_file():
        raise InputError(
            f"{called} starts processes, which import the program's file again, and this program comes from {main}:"
            " write it to a file"
        )
    frame = _outermost()
    if frame is not None and not _is_guarded(Path(frame.f_code.co_filename), frame.f_lineno):
        raise InputError(
            f"{called} starts processes, which import {main} again: put the call of line {frame.f_lineno} below"
            ' `if __name__ == "__main__":`'
        )


def _outermost() -> FrameType | None:
    """The frame of the program's file itself."""
    frame: FrameType | None = sys._getframe()
    found = None
    while frame is not None:
        if frame.f_globals.get("__name__") == "__main__" and frame.f_code.co_name == "<module>":
            found = frame
        frame = frame.f_back
    return found


def _is_guarded(file: Path, line: int) -> bool:
    """Whether a line stands below a question about `__name__`; also if the file cannot be read."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return True
    questions = (node for node in tree.body if isinstance(node, ast.If))
    return any(
        q.body[0].lineno <= line <= (q.end_lineno or line)
        for q in questions
        if any(isinstance(name, ast.Name) and name.id == "__name__" for name in ast.walk(q.test))
    )
