"""Grades in worker processes, each answer within a time limit.

Graders may loop or crash on what a model writes, so none runs in the harness's own process. A worker that is out of
time or dies is replaced, and its answer's verdict is `failed`: the model's answer was not found wrong. Programs that a
grader wants run are run from here, each in a sandbox of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import multiprocessing
import os
import resource
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, TimeoutError
from typing import TYPE_CHECKING, Any

from calibench import tasks
from calibench.errors import EngineError, InputError, PluginError
from calibench.grading import sandbox
from calibench.records import Question
from calibench.tasks import grading
from calibench.tasks.base import Task, Verdict

if TYPE_CHECKING:
    from pebble import ProcessFuture

_MEMORY = 4 * 2**30
"""Bytes of address space that a grader may take before it fails."""
_NICENESS = 10
"""The engine's threads wait for each other, so whatever takes the processor from one of them stops them all."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_task = functools.cache(tasks.load)
"""Loading looks the name up in the folder of tasks: once per task, not once per answer."""


GRADERS = max(1, (os.cpu_count() or 2) // 2)
"""Processes that grade beside an engine."""
GRADER_SECONDS = 10.0
"""Time that grading one answer may take."""


class GradingPool:
    """A pool of processes that load tasks by name and call their graders.

    Args:
        workers: number of processes; they start at once, and run when the engine leaves them the processor.
        timeout: seconds that one answer may take; programs have the sandbox's limits beside it.
        task_names: tasks that each worker loads when it starts, so that loading counts in no answer's time.

    Raises:
        InputError: one of the tasks cannot be loaded, so that no worker could grade its answers.
    """

    def __init__(self, workers: int, timeout: float, task_names: Sequence[str] = ()):
        from pebble import ProcessPool

        _task.cache_clear()  # a user's file of the same name may be another one than in an earlier pool
        for name in task_names:
            _task(name)
        # Spawned, not forked: the parent runs threads and may hold an accelerator.
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPool(
            max_workers=workers,
            context=spawn,
            initializer=_start_worker,
            initargs=(tasks.SOURCES, tuple(task_names)),
        )
        self._timeout = timeout
        self.faults: Counter[str] = Counter()
        """What graders of other people's tasks raised, and how often: those answers are `failed`."""
        self._unfinished: set[ProcessFuture] = set()
        self._pool.schedule(int)  # a first piece of work makes the pool start its workers

    def submit(self, task_name: str, question: Question, answer_text: str) -> Future[Verdict]:
        """Schedules one answer; the future gets a verdict whatever the grader does.

        Only if something else asks the worker to stop (SIGTERM), as at the end of a batch job, it gets an EngineError:
        then nothing is known of the answer, and the run is to be continued.
        """
        verdict: Future[Verdict] = Future()
        verdict.set_running_or_notify_cancel()  # a waiter that is cancelled must not cancel what is set below
        timeout = self._timeout_of(task_name)
        graded = self._pool.schedule(_grade, args=(task_name, question, answer_text), timeout=timeout)
        self._unfinished.add(graded)

        def settle(done: Any) -> None:
            self._unfinished.discard(done)
            if not done.cancelled() and getattr(done.exception(), "exitcode", None) in (
                signal.SIGTERM,
                -signal.SIGTERM,
            ):
                verdict.set_exception(EngineError("a grading worker was asked to stop"))
            else:
                verdict.set_result(self._verdict(done))

        graded.add_done_callback(settle)
        return verdict

    def answer_classes(self, grader: str, answers: Sequence[str]) -> Future[list[str] | None]:
        """Schedules `tasks.grading.answer_classes`; the future gets None if the rule is out of time or fails."""
        classes: Future[list[str] | None] = Future()
        found = self._pool.schedule(grading.answer_classes, args=(grader, answers), timeout=self._timeout)
        found.add_done_callback(
            lambda done: classes.set_result(None if done.cancelled() or done.exception() else done.result())
        )
        return classes

    def close(self) -> None:
        """Ends the workers; answers that are not graded yet get the verdict `failed`."""
        for graded in list(self._unfinished):
            graded.cancel()
        self._pool.stop()
        self._pool.join()

    def __enter__(self) -> GradingPool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _timeout_of(self, task_name: str) -> float:
        with contextlib.suppress(InputError):  # an unknown task is a failure like any other: the worker meets it too
            return self._timeout + (sandbox.LIMITS.wall if _task(task_name).finish else 0)
        return self._timeout

    def _verdict(self, done: ProcessFuture) -> Verdict:
        if done.cancelled():
            return Verdict("failed", None, "grader stopped before it finished")
        error = done.exception()
        if error is None:
            return done.result()
        if isinstance(error, TimeoutError):
            return Verdict("failed", None, f"grader out of time ({self._timeout:g} s)")
        if isinstance(error, PluginError):
            fault = str(error).partition("\n")[0]
            self.faults[fault] += 1
            return Verdict("failed", None, fault)
        return Verdict("failed", None, f"grader raised {type(error).__name__}: {error}")


def _start_worker(sources: dict[str, Callable[[str], Task]], task_names: Sequence[str]) -> None:
    """Bounds the worker's memory, ties its life to the parent's, which a grader that loops would not see end, and loads
    tasks from where the parent has them."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    tasks.SOURCES.update(sources)
    for name in task_names:
        tasks.load(name)


def _grade(task_name: str, question: Question, answer_text: str) -> Verdict:
    task = _task(task_name)
    verdict = task.grade(question, answer_text)
    if isinstance(verdict, Verdict):
        return verdict
    assert task.finish, "a task whose grader gives a job has it"
    return task.finish(question, verdict, sandbox.run(verdict))
