"""What a writer is: a function from the content of a run to a file or a folder that another tool reads.

A writer is one file in this folder that defines `WRITER`; its name is the format's, with underscores for hyphens. An
installed package gives others by entry points of the group `calibench.writers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from calibench import registry
from calibench.records import Draw, Scorecard


class RunContent(NamedTuple):
    """What there is to write of a run."""

    name: str
    model: str
    version: str
    """Of calibench, which computes the numbers."""
    manifest: Mapping[str, Any]
    methods: tuple[str, ...]
    """Of all confidences, by name."""
    draws: Callable[[], Iterator[Draw]]
    """As a stream, by task and question."""
    scorecard: Callable[[], Scorecard]
    """Of what the run file holds now."""
    hub_id: Callable[[str], str | None]
    """Task -> the data set on the Hugging Face hub that it is; None: none, or it is not known."""
    tell: Callable[[str], None]
    """Takes what a reader of the export must know."""


class Writer(NamedTuple):
    """How a format is written."""

    description: str
    """One line for `calibench export --help`."""
    write: Callable[[RunContent, Path], None]
    """Writes the file, or into the folder, of that path.

    Raises:
        InputError: the run lacks what the format is of.
        StorageError: nothing can be written there.
    """
    in_folder: bool = False
    """It has several files."""


_FAMILY = registry.Family("export format", "calibench.exchange.writers", "calibench.writers", "WRITER")


def own_names() -> list[str]:
    """Names of calibench's own formats; none is imported."""
    return [name.replace("_", "-") for name in registry.own_names(_FAMILY)]


def load(name: str) -> Writer:
    """The writer of that format.

    Raises:
        InputError: unknown name; the message gives the nearest names.
        PluginError: another package's, and not to be had.
    """
    return cast(Writer, registry.load(_FAMILY, name.replace("-", "_"), Writer))
