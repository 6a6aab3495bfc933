"""What a tracker is: a function that sends what is known of a scored run to a library that keeps experiments.

A tracker is one file in this folder that defines `TRACKER`; its name is the tracker's. Installed packages give others
by entry points of the group `calibench.trackers`. Where a run goes to (project, server, key) the library itself takes
from its own environment variables and settings.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from calibench import registry
from calibench.errors import InputError


class TrackedRun(NamedTuple):
    """What is sent of a run."""

    name: str
    configuration: Mapping[str, Any]
    """Model and settings, in one level; without secrets."""
    numbers: Mapping[str, float]
    """Headline numbers as `TASK/METHOD/METRIC`, the ends of a 95 % interval as `..._low` and `..._high`; undefined ones
    are left out."""
    files: tuple[Path, ...]
    """The page and the scorecard."""


class Tracker(NamedTuple):
    library: str
    """What must be installed."""
    send: Callable[[TrackedRun], None]
    """Sends a run, and returns when it has arrived. Raises whatever the library raises."""


_FAMILY = registry.Family("tracker", "calibench.exchange.trackers", "calibench.trackers", "TRACKER")
PROJECT = "calibench"
"""What runs are kept under, where the library's own settings say nothing else."""


def own_names() -> list[str]:
    """Names of calibench's own trackers; none is imported."""
    return registry.own_names(_FAMILY)


def load(name: str) -> Tracker:
    """The tracker of that name.

    Raises:
        InputError: unknown name, or its library is not installed.
        PluginError: another package's, and not to be had.
    """
    tracker = cast(Tracker, registry.load(_FAMILY, name, Tracker))
    if importlib.util.find_spec(tracker.library) is None:
        raise InputError(f"--track {name}: expected the package {tracker.library}, found none: pip install {name}")
    return tracker


def library(name: str) -> Any:
    """The module, which is imported where it is used alone."""
    return importlib.import_module(name)
