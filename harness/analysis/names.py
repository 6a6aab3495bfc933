"""What runs are called where several of them stand beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from calibench.errors import InputError
from calibench.errors.secrets import masked
from calibench.store import RunFile
from calibench.store.files import FILE_NAME


def place(run: RunFile) -> str:
    """The folder of a run, or its file where that has a name of its own."""
    return str(run.path.parent if run.path.name == FILE_NAME else run.path)


def unique(runs: Sequence[RunFile]) -> list[str]:
    """The runs' names, with their places where a name occurs twice.

    Raises:
        InputError: a run is given twice.
    """
    names = [masked(str(run.manifest().get("name", run.path.parent.name))) for run in runs]
    held = Counter(names)
    named = [f"{name} ({place(run)})" if held[name] > 1 else name for name, run in zip(names, runs, strict=True)]
    if twice := next((name for name in named if named.count(name) > 1), None):
        raise InputError(f"{twice}: this run is given twice")
    return named
