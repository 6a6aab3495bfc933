"""Writes a run in the form of another tool."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from calibench import tasks
from calibench.analysis import report
from calibench.errors import StorageError
from calibench.exchange.writers import base
from calibench.records import Scorecard
from calibench.results.judging import judge_notes
from calibench.store import RunFile
from calibench.store.draws import draws
from calibench.store.finished import unfinished
from calibench.store.opening import opened
from calibench.version import __version__

_WORK = ".exporting"
"""Where the files of a folder grow until all of them are whole."""
_WHOLE = ".exported"
"""Where they are then, until each is in its place: as long as it is there, some are not."""


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
        content, place = _content(run_file, tell), Path(out)
        if writer.in_folder:
            _into_folder(writer, content, place)
        elif place.is_dir():
            raise StorageError(f"{place}: cannot write here (format {to} is a file, found a folder)")
        else:
            writer.write(content, place)
    return place


def _into_folder(writer: base.Writer, content: base.RunContent, folder: Path) -> None:
    """Puts the files where they belong when all of them are whole, beside what the folder holds."""
    if folder.exists() and not folder.is_dir():
        raise StorageError(f"{folder}: cannot write here (expected a folder, found a file)")
    work, whole = folder / _WORK, folder / _WHOLE
    for part in (work, whole):
        if part.is_symlink():
            raise StorageError(f"{part}: cannot write here (expected a folder, found a link)")
    try:
        if whole.exists():
            content.tell(f"{folder}: got the files of an export that was stopped while they were moved there")
            _move(whole, folder)
        shutil.rmtree(work, ignore_errors=True)  # of an export that was killed
        writer.write(content, work)
        work.rename(whole)
        _move(whole, folder)
    except OSError as error:
        raise StorageError(f"{folder}: cannot write here ({error.strerror})") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.rmdir()  # where nothing came of it


def _move(whole: Path, folder: Path) -> None:
    for file in [file for file in whole.rglob("*") if file.is_file()]:
        place = folder / file.relative_to(whole)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, place)
    shutil.rmtree(whole, ignore_errors=True)


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
