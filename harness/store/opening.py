"""Runs as they are given: as an open run, its folder, its file, or a folder of runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from calibench.errors import InputError
from calibench.store import RunFile, runs_in


@contextlib.contextmanager
def opened(*runs: str | Path | RunFile) -> Iterator[list[RunFile]]:
    """The runs, those of paths opened for as long as the context lasts."""
    with contextlib.ExitStack() as stack:
        yield [run if isinstance(run, RunFile) else stack.enter_context(RunFile.open(run_path(run))) for run in runs]


@contextlib.contextmanager
def all_opened(*runs: str | Path | RunFile) -> Iterator[list[RunFile]]:
    """As `opened`, with the runs of a folder of runs in its place."""
    with opened(
        *(one for run in runs for one in ([run] if isinstance(run, RunFile) else runs_in(run_path(run))))
    ) as found:
        yield found


def run_path(run: Any) -> Path:
    """Where a run is.

    Raises:
        InputError: no path was given.
    """
    if not isinstance(run, str | PathLike) or not str(run):
        raise InputError(f"expected a run: its folder, its file or an open run, found {run!r:.80}")
    return Path(run)
