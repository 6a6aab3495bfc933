"""Trackio; `TRACKIO_DIR` names the folder of its runs, and its own settings a Space of the hub."""

from __future__ import annotations

from calibench.exchange.trackers.base import PROJECT, TrackedRun, Tracker, library


def _send(tracked: TrackedRun) -> None:
    trackio = library("trackio")
    trackio.init(project=PROJECT, name=tracked.name, config=dict(tracked.configuration), embed=False)
    try:
        trackio.log(dict(tracked.numbers))
        report = trackio.Artifact("report", type="report")
        for file in tracked.files:
            report.add_file(str(file))
        trackio.log_artifact(report)
    finally:
        trackio.finish()


TRACKER = Tracker("trackio", _send)
