"""MLflow; `MLFLOW_TRACKING_URI` names the server or file, `MLFLOW_EXPERIMENT_NAME` another experiment."""

from __future__ import annotations

import os
import re

from calibench.exchange.trackers.base import PROJECT, TrackedRun, Tracker, library

_LONGEST = 500
"""Characters of a value, as older servers take them."""


def _send(tracked: TrackedRun) -> None:
    mlflow = library("mlflow")
    if not {"MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"} & os.environ.keys():
        mlflow.set_experiment(PROJECT)
    with mlflow.start_run(run_name=tracked.name):
        mlflow.log_params({_key(name): str(value)[:_LONGEST] for name, value in tracked.configuration.items()})
        mlflow.log_metrics({_key(name): value for name, value in tracked.numbers.items()})
        for file in tracked.files:
            mlflow.log_artifact(str(file))


def _key(name: str) -> str:
    """With the characters alone that MLflow takes."""
    return re.sub(r"[^\w./ -]", "_", name)


TRACKER = Tracker("mlflow", _send)
