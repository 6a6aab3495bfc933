"""A project whose own packages have the names of calibench's folders, and that tells when one of them is imported."""

from __future__ import annotations

import os
from pathlib import Path

SOURCES = ("harness", "tasks", "metrics", "reports")
_TRAP = (
    "import pathlib\npathlib.Path(__file__).with_suffix('.met').touch()\nraise RuntimeError('of the project itself')\n"
)


def set_traps(project: Path) -> None:
    for name in SOURCES:
        (project / name).mkdir()
        (project / name / "__init__.py").write_text(_TRAP)


def found_first(project: Path) -> dict[str, str]:
    """An environment in which the project's packages are found before all that is installed."""
    return {**os.environ, "PYTHONPATH": str(project)}


def met(project: Path) -> list[str]:
    """The packages of the project that were imported."""
    return sorted(mark.parent.name for mark in project.glob("*/__init__.met"))
