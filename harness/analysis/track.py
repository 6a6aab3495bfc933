"""Sends a scored run to an experiment tracker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calibench.errors import CalibenchError, is_fault
from calibench.exchange.trackers import base
from calibench.reports.tables import headline
from calibench.results import RunSummary


def track(name: str, summary: RunSummary, folder: Path) -> None:
    """Sends headline numbers with intervals, settings, page and scorecard of a run.

    Args:
        name: of the tracker, as `mlflow`.
        summary: of the run.
        folder: has its `report.html` and `scorecard.json`.

    Raises:
        InputError: an unknown tracker, or its library is not installed.
        CalibenchError: the library did not take the run.
    """
    tracker = base.load(name)
    files = tuple(path for path in (folder / "report.html", folder / "scorecard.json") if path.is_file())
    tracked = base.TrackedRun(summary.name, dict(_settings(summary)), dict(_numbers(summary)), files)
    try:
        tracker.send(tracked)
    except BaseException as error:
        if not is_fault(error):
            raise
        raise CalibenchError(
            f"--track {name}: {type(error).__name__}: {error}. The run is kept in {folder}, and"
            f" `calibench report {folder} --track {name}` sends it again"
        ) from error


def _settings(summary: RunSummary) -> Iterator[tuple[str, Any]]:
    yield "model", summary.model
    yield "kind", summary.kind
    for name, value in (summary.manifest.get("configuration") or {}).items():
        if name not in ("model", "kind", "name"):
            yield name, value
    for task, of_task in (summary.manifest.get("scope") or {}).items():
        for protocol, asked in of_task.items():
            yield f"questions/{task}/{protocol}", asked.get("questions")
            yield f"draws/{task}/{protocol}", asked.get("draws")


def _numbers(summary: RunSummary) -> Iterator[tuple[str, float]]:
    rows = headline(summary.scorecard)
    several = len({row["protocol"] for row in rows}) > 1
    for row in rows:
        place = "/".join(filter(None, (row["protocol"] if several else "", row["task"], row["method"])))
        for metric, cell in row.items():
            if isinstance(cell, dict):
                for end, name in (("value", ""), ("low", "_low"), ("high", "_high")):
                    if cell[end] is not None:
                        yield f"{place}/{metric}{name}", cell[end]
