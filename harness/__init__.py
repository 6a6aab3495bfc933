"""Runs a model over tasks and keeps everything that it said.

from harness import open_run, run

if __name__ == "__main__":  # engine and graders are processes that import this file again
    run("micro-sft", tasks=["micro"], out="runs/sft")
    frame = open_run("runs/sft").frame()  # one row per generation and method
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.store import RunFile

__version__ = "0.1.0"
__all__ = ["open_run", "run"]


def run(model: str, tasks: Sequence[str], out: str | Path, **options: Any) -> RunFile:
    """Runs or continues a run, scores it and writes its report, as `calibench run` does.

    Args:
        model: carried checkpoint, local folder or hub id.
        tasks: names of tasks; empty: those of the suite that `options` name.
        out: folder of the run.
        options: further fields of `harness.config.RunConfig`, such as `protocol`, `confidence`, `draws`, `limit`; a
            `suite` gives those that are not given here.

    Returns:
        The run, open for reading.

    Raises:
        CalibenchError: see `harness.errors`; what was finished is kept.
        KeyboardInterrupt: Ctrl-C stopped the run; what was finished is kept, and the same call continues it.
    """
    from harness import lm_eval, suites
    from harness.config import RunConfig
    from harness.pipeline import execute
    from harness.progress import Silent
    from harness.scoring import publish

    lm_eval.register()
    given = {"model": model, "out": str(out), **options, **({"tasks": tuple(tasks)} if tasks else {})}
    config = RunConfig(**(suites.applied(given) if given.get("suite") else {"tasks": (), **given}))
    result = execute(config, Silent())
    with result.run:
        if result.interrupted:
            raise KeyboardInterrupt
        publish(result.run)
    return open_run(out)


def open_run(path: str | Path) -> RunFile:
    """Opens a run, given its folder or its file, for reading.

    Raises:
        CalibenchError: there is no run, or it cannot be read.
    """
    from harness.store import RunFile

    return RunFile.open(path)
