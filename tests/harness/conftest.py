"""Fixtures of the harness: a run with a fake backend."""

from __future__ import annotations

import pytest
from fakes import FakeBackend, Given, checkpoint_folder, gsm8k_folder

from calibench.backends import base
from calibench.running.config import RunConfig
from calibench.running.pipeline import execute
from calibench.running.progress import Silent


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """Runs the pipeline on ten questions with a fake backend; returns the run's rows."""
    model = checkpoint_folder(tmp_path / "model")
    data = gsm8k_folder(tmp_path / "data", 10)

    def launch(backend: FakeBackend, **options):
        monkeypatch.setattr(base, "load", lambda name: Given(backend))
        config = RunConfig(
            **{
                "model": str(model),
                "tasks": ("gsm8k",),
                "out": str(tmp_path / "run"),
                "data": str(data),
                "protocol": "stated",
                **options,
            }
        )
        result = execute(config, Silent())
        result.run.close()
        return result

    launch.out = tmp_path / "run"
    launch.model = model
    launch.data = data
    return launch
