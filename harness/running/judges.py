"""Which model judges a run's answers, and of which tasks; found before any work, so that what cannot be is refused."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from calibench import tasks
from calibench.backends import base as backends
from calibench.backends.base import BaseBackend
from calibench.errors import CalibenchError, IdentityError, InputError, unknown_name
from calibench.errors.secrets import masked
from calibench.model import Checkpoint, ServedModel
from calibench.records import Question
from calibench.running.config import RunConfig
from calibench.running.loop import run_loop
from calibench.running.manifest import hash_of, listed
from calibench.store import RunFile
from calibench.tasks.base import Task

NONE = "none"
"""In the place of a judge: the tasks' own graders."""


class Judge(NamedTuple):
    """A model that grades, not started."""

    backend: type[BaseBackend]
    backend_name: str
    model: Checkpoint | ServedModel
    options: dict[str, Any]
    """Of the engine."""

    def make(self, log: Path) -> BaseBackend:
        return self.backend(self.model.location, self.options, "auto", log)

    def about(self, judged: Sequence[Task]) -> dict[str, dict[str, Any]]:
        """Task -> what is known of it without its engine, as the judge of that task: the manifest's entry."""
        servers = self.options.get("base_url", [])
        neutral = self.backend.neutral_options
        of_all = {
            "name": self.model.name,
            "backend": self.backend_name,
            "weights": self.model.fingerprint(),
            "servers": sorted([servers] if isinstance(servers, str) else servers),
            "engine_options": listed({k: self.options[k] for k in self.options.keys() - neutral}),
        }
        return {task.name: masked({**of_all, "prompt": hash_of(_prompt(task))}) for task in judged}


def name_of(about: dict[str, Any]) -> str:
    """The name of a judge in a run file: its model's, and a hash of all that is known of it."""
    return f"{about['name']}#{hashlib.sha256(msgspec.json.encode(sorted(about.items()))).hexdigest()[:8]}"


def _prompt(task: Task) -> str:
    """What is said besides question, gold and answer."""
    assert task.judge, "of tasks that take a judge"
    return task.judge(Question(task=task.name, question_id="", text="", gold=("",), domain="other", split=""), "").text


def judge_of(config: RunConfig, chosen: Sequence[Task], tell: Callable[[str], None]) -> Judge | None:
    """The judge that the run is to have; None if it is to have none.

    Args:
        config: of the run.
        chosen: its tasks.
        tell: receives a line on what takes long.

    Raises:
        InputError: an unknown backend or option, or nothing that a judge could see.
        ModelError: no such model.
        EngineError: its server does not answer.
    """
    if config.judge is None or config.judge == NONE:
        if given := [name for name in ("judge_url", "judge_engine") if getattr(config, name)]:
            raise InputError(f"--{given[0].replace('_', '-')}: expected with --judge MODEL, which it is about")
        return None
    if not any(task.judge for task in chosen):
        raise InputError(
            f"--judge: expected a task whose answers are free-form facts, as {', '.join(_judged_tasks())} or a file"
            f" of your own with --grader alias; found {', '.join(task.name for task in chosen)}"
        )
    if config.first_prompt().scores_options:
        raise InputError("--judge: protocol options has no text to judge; expected one that asks for a text")
    if config.until is not None:
        raise InputError("--judge: --until looks at outcomes while the run asks, and a judge grades when it has")
    model, name = _named(config.judge, config.backend)
    backend = backends.load(name)
    try:
        backends.check_options(name, config.judge_engine)
    except InputError as error:
        raise InputError(str(error).replace("--engine", "--judge-engine")) from None
    options = dict(config.judge_engine)
    if urls := config.judge_url or (config.base_url if name == config.backend else ()):
        if "base_url" not in backend.neutral_options:
            raise InputError(f"--judge-url: expected --judge MODEL@openai, which asks servers; found @{name}")
        options["base_url"] = list(urls)
    judge = Judge(backend, name, backend.identify(model, tell), options)
    if isinstance(judge.model, ServedModel):  # one that is loaded here is loaded when its turn comes
        run_loop(_reach(judge))
    return judge


def _judged_tasks() -> list[str]:
    return [name for name in tasks.names() if tasks.bundled(name) and tasks.load(name).judge]


def _named(judge: str, default: str) -> tuple[str, str]:
    """Model and backend of MODEL[@backend]; a path may hold an @ too."""
    model, at, backend = judge.rpartition("@")
    if not at or Path(judge).exists():
        return judge, default
    if not model or backend not in backends.names():
        raise InputError(f"--judge {judge}: {unknown_name('backend', backend, backends.names())}")
    return model, backend


async def _reach(judge: Judge) -> None:
    """Whether the judge's server answers.

    Raises:
        EngineError, ModelError: it does not, or has no such model.
    """
    backend = None
    try:
        backend = judge.make(Path(os.devnull))
        await backend.start()
    except CalibenchError as error:
        said = str(error).replace("--base-url", "--judge-url").replace(f" (the log: {os.devnull})", "")
        error.args = (f"--judge: {said}",)
        raise
    finally:
        if backend is not None:
            await backend.close()


def require_same(run: RunFile, config: RunConfig) -> None:
    """Refuses to go on without the judge that gave the run's outcomes; lets go of it where that is asked for.

    Raises:
        IdentityError: the run has a judge, and the command names none.
    """
    before = run.manifest().get("judged_by")
    if before and config.judge is None:
        judge = next(iter(before.values()))
        raise IdentityError(
            f"{run.path.parent} is judged by {judge}: give --judge as before, so that new answers are judged too, or"
            f" --judge {NONE} for the tasks' own graders"
        )
    if before and config.judge == NONE:
        run.update_manifest(judged_by={})
