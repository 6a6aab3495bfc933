"""Writes a run in the form of another tool."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from pathlib import Path

from calibench import tasks
from calibench.analysis import report
from calibench.exchange.writers import base
from calibench.records import Scorecard
from calibench.results.judging import judge_notes
from calibench.store import RunFile
from calibench.store.draws import draws
from calibench.store.finished import unfinished
from calibench.store.opening import opened
from calibench.version import __version__


def export(run: str | Path | RunFile, to: str, out: str | Path, tell: Callable[[str], None]) -> Path:
    """Writes a run in a format of `calibench.exchange.writers`.

    Args:
        run: folder, file, or an opened run; it is only read.
        to: the format's name, as `lm-eval`.
        out: the file, or the folder of a format that has several.
        tell: takes what a reader of the export must know, as what the format has no place for.

    Returns:
        `out`.

    Raises:
        InputError: an unknown format, or the run lacks what it is of.
        CalibenchError: the run cannot be read, or nothing can be written there.
    """
    writer = base.load(to)
    with opened(run) as (run_file,):
        if warning := unfinished(run_file):
            tell(warning)
        for note in judge_notes(run_file.manifest()):
            tell(note)
        writer.write(_content(run_file, tell), Path(out))
    return Path(out)


def _content(run: RunFile, tell: Callable[[str], None]) -> base.RunContent:
    manifest = run.manifest()
    asked = [(task, protocol) for task, of_task in manifest.get("scope", {}).items() for protocol in of_task]
    methods = {name for key in asked for name in run.tally(*key)} - {"grade", "generation"}

    @functools.cache
    def scorecard() -> Scorecard:
        return report.report(run).scorecard

    return base.RunContent(
        name=str(manifest.get("name", run.path.parent.name)),
        model=str(manifest.get("model", {}).get("name", "not stated")),
        version=__version__,
        manifest=manifest,
        methods=tuple(sorted(methods)),
        draws=lambda: draws(run),
        scorecard=scorecard,
        hub_id=_hub_id,
        tell=tell,
    )


def _hub_id(task: str) -> str | None:
    """The data set on the hub that a task of this project reads."""
    if not tasks.bundled(task):
        return None
    try:
        source = getattr(importlib.import_module(f"calibench.tasks.{task}"), "SOURCE", None)
    except ImportError:  # a generated one, or a level of one
        return None
    return source.hub.id if source and source.hub else None
