"""Runs from their options to their reports, as `calibench.run` makes them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from calibench.analysis.report import update
from calibench.analysis.rules import rule_of
from calibench.errors.working import working
from calibench.fields import read
from calibench.running import suites
from calibench.running.config import RunConfig
from calibench.running.pipeline import execute_all
from calibench.running.progress import Lines
from calibench.store import RunFile


def launch(options: Mapping[str, Any]) -> list[RunFile]:
    """Runs or continues a run, or one for each of several adapters; returns them, open for reading.

    Args:
        options: fields of `RunConfig`.

    Raises:
        CalibenchError: see `calibench.errors`; what was finished is kept.
        KeyboardInterrupt: Ctrl-C stopped it; what was finished is kept.
    """
    config, lines = suites.configured(read((RunConfig,), options)), Lines()
    results = execute_all(config, lines, rule=rule_of(config, lines.stage))
    with contextlib.ExitStack() as opened:
        runs = [opened.enter_context(result.run) for result in results]
        if any(result.interrupted for result in results):
            raise KeyboardInterrupt
        with working("run"):
            for run in runs:
                update(run)
    return [RunFile.open(run.path) for run in runs]
