"""Weights & Biases; `WANDB_MODE=offline` keeps runs on this machine, `WANDB_PROJECT` names another project."""

from __future__ import annotations

import os

from calibench.exchange.trackers.base import PROJECT, TrackedRun, Tracker, library


def _send(tracked: TrackedRun) -> None:
    wandb = library("wandb")
    project = os.environ.get("WANDB_PROJECT", PROJECT)
    with wandb.init(project=project, name=tracked.name, config=dict(tracked.configuration)) as run:
        run.log(dict(tracked.numbers))
        report = wandb.Artifact("report", type="report")
        for file in tracked.files:
            report.add_file(str(file))
        run.log_artifact(report)


TRACKER = Tracker("wandb", _send)
