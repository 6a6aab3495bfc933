"""A pass over the answers of a run: its judge grades those of tasks that take one, and that it has not seen.

It begins when all answers are there, since two engines do not fit one machine. What is judged is committed at once, so
that the same command continues a pass that was stopped, and judges draws that are added later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from calibench import tasks
from calibench.backends.base import BaseBackend
from calibench.errors import CapabilityError, EngineError, IdentityError
from calibench.grading.pool import GRADER_SECONDS, GRADERS, GradingPool
from calibench.prompting import protocols
from calibench.records import Generation, Grade, Judgement
from calibench.running.controls import controls, tried
from calibench.running.judges import Judge, name_of
from calibench.running.manifest import environment, hash_of, is_complete, joined_identity, markup_of
from calibench.running.progress import Progress
from calibench.running.reading import draw_key, parsed_of
from calibench.running.saving import Saver, draining
from calibench.running.stream import first_cause
from calibench.running.verdicts import judged
from calibench.store import RunFile
from calibench.tasks.base import Task

_Waiting = Sequence[tuple[Task, Sequence[Grade]]]
"""Tasks, and the own grades of their answers that are to be judged."""
_REFUSALS = 20
"""So many refusals before any verdict are no fault of the answers."""


async def judge_answers(run: RunFile, judge: Judge, chosen: Sequence[Task], progress: Progress) -> bool:
    """Judges what is not judged, of all tasks of the run that take a judge.

    Args:
        run: open for writing, with its answers.
        judge: not started.
        chosen: tasks that were loaded; others of the run are loaded by their names.
        progress: receives what happens.

    Returns:
        Whether it was asked to stop, and did so early.

    Raises:
        IdentityError: the same judge's engine is set otherwise than where it judged before.
        CalibenchError: see `calibench.errors`; what was judged is in the run file.
    """
    loaded = {task.name: task for task in chosen}
    of_run = {name: loaded.get(name) or tasks.load_stored(name) for name in run.manifest().get("scope", {})}
    judges = judge.about([task for task in of_run.values() if task.judge])
    names = {task: name_of(about) for task, about in judges.items()}
    entries = {names[task]: about for task, about in judges.items()}
    waiting = [(of_run[task], [*run.unjudged(task, name)]) for task, name in names.items()]
    held = run.manifest().get("judges", {})
    run.update_manifest(judged_by=names, judges={**entries, **held}, complete=False)
    stopped = False
    if any(grades for _, grades in waiting):
        stopped = await _with_engine(run, judge, names, waiting, progress)
    run.update_manifest(complete=is_complete(run))
    return stopped


async def _with_engine(
    run: RunFile, judge: Judge, names: dict[str, str], waiting: _Waiting, progress: Progress
) -> bool:
    progress.stage(f"starting {judge.backend_name} for the judge {judge.model.name}")
    backend = judge.make(run.path.parent / "judge.log")
    begin, start = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    try:
        await backend.start()
        if "follow_up" not in backend.capabilities:
            raise CapabilityError(f"--judge: backend {judge.backend_name} answers no question of its own here")
        engine = backend.describe()
        _note_engine(run, set(names.values()), engine, backend)
        await _try(run, names, [task for task, _ in waiting], backend, progress)
        session = {"start": start, "judge": judge.model.name, **environment(engine)}
        sessions = [*run.manifest().get("sessions", []), session]
        run.update_manifest(sessions=sessions)
        progress.stage(f"judging by {judge.model.name}")
        with GradingPool(GRADERS, GRADER_SECONDS, []) as pool:
            stopped = await _Pass(run, names, backend, pool, progress).judge_all(waiting)
        session["seconds"] = time.monotonic() - begin
        run.update_manifest(sessions=sessions)
        return stopped
    finally:
        await backend.close()


def _note_engine(run: RunFile, names: set[str], engine: dict[str, Any], backend: BaseBackend) -> None:
    """Keeps how the judge's engine is set, which must be as it was."""
    now = {field: engine.get(field) for field in ("dtype", "quantization")} | {
        "chat_template": backend.chat.fingerprint()
    }
    held = run.manifest()["judges"]
    for name in names:
        merged, differences = joined_identity(held[name], now)
        if differences:
            raise IdentityError(
                f"{run.path.parent}: the judge {name} is not set as it was; use the same settings, or name another"
                f" judge:\n  {'; '.join(differences)}"
            )
        held[name] = merged
    run.update_manifest(judges=held)


async def _try(
    run: RunFile, names: dict[str, str], judged_tasks: Sequence[Task], backend: BaseBackend, progress: Progress
) -> None:
    """Shows each judge that is new what it must be able to tell apart, and keeps how it did."""
    for name in dict.fromkeys(names.values()):
        held = run.manifest()["judges"]
        if "controls" in held[name]:
            continue
        progress.stage("asking the judge about answers whose class is known")
        found = await tried(backend, controls(run, [task for task in judged_tasks if names[task.name] == name]))
        held[name]["controls"] = found
        run.update_manifest(judges=held)
        counts = ", ".join(f"{right} of {n} {outcome}" for outcome, (right, n) in found.items())
        progress.stage(f"of answers whose class is known the judge grades as they are: {counts}")


class _Pass:
    """The moving parts: what is asked, and what waits for its commit."""

    def __init__(
        self, run: RunFile, names: dict[str, str], backend: BaseBackend, pool: GradingPool, progress: Progress
    ):
        self._run = run
        self._names = names
        self._backend = backend
        self._pool = pool
        self._progress = progress
        self._markup = markup_of(run)
        self._saver = Saver(run)
        self._answers, self._refusals = False, 0

    async def judge_all(self, waiting: _Waiting) -> bool:
        """Returns whether it was asked to stop and did so early."""
        slots, stop = asyncio.Semaphore(self._backend.in_flight), asyncio.Event()
        async with self._saver.saving():
            with draining(stop, lambda: self._progress.stage("stopping: waiting for what is in flight")):
                try:
                    async with asyncio.TaskGroup() as group:
                        for task, grades in waiting:
                            self._progress.plan(task.name, len(grades))
                            for grade in grades:
                                await slots.acquire()
                                if stop.is_set():
                                    return True
                                job = group.create_task(self._judge(task, grade))
                                job.add_done_callback(lambda _: slots.release())
                except BaseExceptionGroup as errors:
                    cause = first_cause(errors)
                    if not (stop.is_set() and isinstance(cause, EngineError)):
                        raise cause from errors
        return stop.is_set()

    async def _judge(self, task: Task, grade: Grade) -> None:
        key = {name: getattr(grade, name) for name in ("task", "question_id", "protocol", "draw")}
        generation = next(self._run.select(Generation, **key))
        found = await self._judgement(task, generation)
        self._saver.add([found])
        self._progress.done(task.name, found.outcome, 0)

    async def _judgement(self, task: Task, generation: Generation) -> Judgement:
        assert task.judge, "of tasks that take a judge"
        key = {**draw_key(generation), "judge": self._names[task.name]}
        scale = protocols.scale_of(generation.protocol)
        parsed = await parsed_of(generation, scale, self._markup, self._pool)
        nothing: dict[str, Any] = {"probability": None, "asked": None, "reply": None}
        if not parsed.answer_text.strip():
            return Judgement(**key, **nothing, outcome="unparsed", detail="there is no answer to judge")
        request = task.judge(self._run.question(task.name, generation.question_id), parsed.answer_text)
        found = await judged(self._backend, request)
        self._require_some(found.detail if found.refused else None)
        return Judgement(
            **key,
            outcome=found.outcome,
            probability=found.probability,
            asked=hash_of(request.text),
            detail=found.detail,
            reply=found.reply,
        )

    def _require_some(self, refusal: str | None) -> None:
        """Ends the pass where every request is refused."""
        self._answers |= refusal is None
        self._refusals += refusal is not None
        if not self._answers and self._refusals >= _REFUSALS:
            raise EngineError(f"the judge's first {_REFUSALS} requests were refused, and none was answered: {refusal}")
