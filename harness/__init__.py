"""Runs a model over tasks and keeps everything that it said.

from calibench import open_run, run

if __name__ == "__main__":  # engine and graders are processes that import this file again
    run("micro-sft", tasks=["micro"], out="runs/sft")
    frame = open_run("runs/sft").frame()  # one row per generation and method
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibench.version import __version__

if TYPE_CHECKING:
    from calibench.store import RunFile

__all__ = ["__version__", "open_run", "run"]


def run(model: str, tasks: str | Sequence[str], out: str | Path, **options: Any) -> RunFile:
    """Runs or continues a run, scores it and writes its report, as `calibench run` does.

    Args:
        model: bundled checkpoint, local folder or hub id.
        tasks: names of tasks, or one text with commas between them; empty: those of the suite that `options` name.
        out: folder of the run.
        options: further fields of `calibench.running.config.RunConfig`, such as `protocol`, `confidence`, `draws`,
            `limit`; a `suite` gives those that are not given here. None: as if it were not given.

    Returns:
        The run, open for reading.

    Raises:
        InputError: an option that there is not, or a value of a wrong type, word or range.
        CalibenchError: see `calibench.errors`; what was finished is kept.
        KeyboardInterrupt: Ctrl-C stopped the run; what was finished is kept, and the same call continues it.
    """
    from calibench.analysis.report import update
    from calibench.fields import read
    from calibench.lm_eval import theirs
    from calibench.running import suites
    from calibench.running.config import RunConfig
    from calibench.running.pipeline import execute
    from calibench.running.progress import Silent

    theirs.register()
    given = read((RunConfig,), {"model": model, "tasks": tasks, "out": out, **options})
    result = execute(suites.configured(given), Silent())
    with result.run:
        if result.interrupted:
            raise KeyboardInterrupt
        update(result.run)
    return open_run(out)


def open_run(path: str | Path) -> RunFile:
    """Opens a run, given its folder or its file, for reading.

    Raises:
        CalibenchError: there is no run, or it cannot be read.
    """
    from calibench.store import RunFile

    return RunFile.open(path)
