"""Grades in worker processes, each answer within a limit of processor time.

Graders may loop or crash on what a model writes, so none runs in the harness's own process. How busy the machine is
must not change a verdict: what counts is the worker's processor time once its libraries are loaded, and a clock that
runs long behind it ends only what sleeps. An answer whose worker is out of time or dies is graded once more, by a
worker that has no other work and no low priority; if that fails too, the verdict is `failed`, as the model's answer was
not found wrong. Programs that a grader wants run are run from here, each in a sandbox of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import multiprocessing
import os
import resource
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, TimeoutError
from typing import TYPE_CHECKING, Any, cast

from calibench import tasks
from calibench.errors import EngineError, InputError, PluginError
from calibench.grading import sandbox
from calibench.records import Question
from calibench.tasks import grading
from calibench.tasks.base import Task, Verdict

if TYPE_CHECKING:
    from pebble import ProcessFuture, ProcessPool

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
"""Processor time that grading one answer may take."""
_ASLEEP = 60.0
"""Seconds by the clock that it may take beside that, so that a grader that sleeps ends."""
_PATIENCE = 3
"""How many times longer the clock of a program runs that it has ended once: it slept, or the machine was busy."""


class GradingPool:
    """A pool of processes that load tasks by name and call their graders.

    Args:
        workers: number of processes; they start at once, and run when the engine leaves them the processor.
        timeout: seconds of processor time that one answer may take.
        task_names: tasks that each worker makes ready when it starts.
        programs: what a program that a grader wants run may use beside that.

    Raises:
        InputError: one of the tasks cannot be loaded, so that no worker could grade its answers.
    """

    def __init__(
        self, workers: int, timeout: float, task_names: Sequence[str] = (), programs: sandbox.Limits = sandbox.LIMITS
    ):
        _task.cache_clear()  # a user's file of the same name may be another one than in an earlier pool
        for name in task_names:
            _task(name)
        self._task_names = tuple(task_names)
        self._timeout = timeout
        self._programs = programs
        self.faults: Counter[str] = Counter()
        """What graders of other people's tasks raised, and how often: those answers are `failed`."""
        self._unfinished: set[ProcessFuture] = set()
        self._closed = False
        self._sizes = {False: (workers, _NICENESS), True: (1, 0)}
        """Number and niceness of the workers, and of the one for what failed once, which starts when it is needed."""
        self._pools: dict[bool, ProcessPool] = {}
        self._broken: list[ProcessPool] = []
        self._starting = threading.RLock()
        self._pool(alone=False).schedule(int)  # a first piece of work makes the pool start its workers

    def submit(self, task_name: str, question: Question, answer_text: str) -> Future[Verdict]:
        """Schedules one answer; the future gets a verdict whatever the grader does.

        Only if something else asks the worker to stop (SIGTERM), as at the end of a batch job, it gets an EngineError:
        then nothing is known of the answer, and the run is to be continued.
        """
        verdict: Future[Verdict] = Future()
        verdict.set_running_or_notify_cancel()  # a waiter that is cancelled must not cancel what is set below

        def settle(done: ProcessFuture) -> None:
            if _ending_signal(done) == signal.SIGTERM:
                verdict.set_exception(EngineError("a grading worker was asked to stop"))
            else:
                verdict.set_result(self._verdict(done))

        self._schedule(_grade, (task_name, question, answer_text), self._wall(task_name), settle)
        return verdict

    def answer_classes(self, grader: str, answers: Sequence[str]) -> Future[list[str] | None]:
        """Schedules `tasks.grading.answer_classes`; the future gets None if the rule is out of time or fails."""
        classes: Future[list[str] | None] = Future()

        def settle(done: ProcessFuture) -> None:
            classes.set_result(None if done.cancelled() or done.exception() else done.result())

        self._schedule(_classify, (grader, answers), self._timeout + _ASLEEP, settle)
        return classes

    def close(self) -> None:
        """Ends the workers; answers that are not graded yet get the verdict `failed`."""
        self._closed = True
        for graded in list(self._unfinished):
            graded.cancel()
        for pool in (*self._pools.values(), *self._broken):
            pool.stop()
            pool.join()

    def __enter__(self) -> GradingPool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _schedule(
        self, work: Callable[..., Any], args: tuple, wall: float, settle: Callable[[ProcessFuture], None]
    ) -> None:
        """Has the work done, a second time alone if the first was ended from outside, and settles the last outcome."""

        def start(alone: bool) -> None:
            future = self._pool(alone).schedule(work, args=(*args, self._timeout, self._programs, alone), timeout=wall)
            self._unfinished.add(future)
            future.add_done_callback(lambda done: finished(cast("ProcessFuture", done), alone))

        def finished(done: ProcessFuture, alone: bool) -> None:
            self._unfinished.discard(done)
            if alone or self._closed or not _ended_from_outside(done):
                settle(done)
            else:
                start(alone=True)

        start(alone=False)

    def _pool(self, alone: bool) -> ProcessPool:
        """The running pool of that kind; a new one where there is none, or something has killed its idle workers."""
        from pebble import ProcessPool

        with self._starting:
            pool = self._pools.get(alone)
            if pool and pool.active:
                return pool
            self._broken += [pool] if pool else []
            workers, niceness = self._sizes[alone]
            self._pools[alone] = ProcessPool(
                max_workers=workers,
                # Spawned, not forked: the parent runs threads and may hold an accelerator.
                context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=(tasks.SOURCES, self._task_names, niceness),
            )
            return self._pools[alone]

    def _wall(self, task_name: str) -> float:
        with contextlib.suppress(InputError):  # an unknown task is a failure like any other: the worker meets it too
            return self._timeout + _ASLEEP + (_PATIENCE * self._programs.wall if _task(task_name).finish else 0)
        return self._timeout + _ASLEEP

    def _verdict(self, done: ProcessFuture) -> Verdict:
        if done.cancelled():
            return Verdict("failed", None, "grader stopped before it finished")
        error = done.exception()
        if error is None:
            return done.result()
        if isinstance(error, TimeoutError):
            return Verdict("failed", None, "grader out of time by the clock")
        if _ending_signal(done) == signal.SIGPROF:
            return Verdict("failed", None, f"grader out of time ({self._timeout:g} s of processor time)")
        if isinstance(error, PluginError):
            fault = str(error).partition("\n")[0]
            self.faults[fault] += 1
            return Verdict("failed", None, fault)
        return Verdict("failed", None, f"grader raised {type(error).__name__}: {error}")


def _ending_signal(done: ProcessFuture) -> int | None:
    """The signal that ended the worker; None if it lives or ended otherwise."""
    return None if done.cancelled() else abs(getattr(done.exception(), "exitcode", 0)) or None


def _ended_from_outside(done: ProcessFuture) -> bool:
    """Whether the clock, a signal or the sandbox ended the work, so that it may succeed another time."""
    if done.cancelled() or _ending_signal(done) == signal.SIGTERM:
        return False
    outside = (TimeoutError, sandbox.SandboxError, BrokenExecutor)
    return isinstance(done.exception(), outside) or _ending_signal(done) is not None


def _start_worker(sources: dict[str, Callable[[str], Task]], task_names: Sequence[str], niceness: int) -> None:
    """Bounds the worker's memory, ties its life to the parent's, which a grader that loops would not see end, loads
    tasks from where the parent has them, and their graders' libraries."""
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    tasks.SOURCES.update(sources)
    for name in task_names:
        grading.load_libraries(_task(name).grader)


@contextlib.contextmanager
def _processor_time(seconds: float) -> Iterator[None]:
    """Ends this process by SIGPROF, which needs no word of Python's, when it has computed for so long."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _grade(
    task_name: str, question: Question, answer_text: str, seconds: float, programs: sandbox.Limits, alone: bool
) -> Verdict:
    task = _task(task_name)
    grading.load_libraries(task.grader)
    with _processor_time(seconds):
        verdict = task.grade(question, answer_text)
        if isinstance(verdict, Verdict):
            return verdict
        assert task.finish, "a task whose grader gives a job has it"
        limits = programs._replace(wall=_PATIENCE * programs.wall) if alone else programs
        ran = sandbox.run(verdict, limits)
        if ran.error == sandbox.by_the_clock(limits) and not alone:
            raise TimeoutError
        return task.finish(question, verdict, ran)


def _classify(
    grader: str, answers: Sequence[str], seconds: float, _programs: sandbox.Limits, _alone: bool
) -> list[str]:
    grading.load_libraries(grader)
    with _processor_time(seconds):
        return grading.answer_classes(grader, answers)
