"""Grades in worker processes, each answer within a limit of processor time.

Graders may loop or crash on what a model writes, so none runs in the harness's own process. How busy the machine is
must not change a verdict: what counts is the worker's processor time once its libraries are loaded, and a clock that
runs long behind it ends only what sleeps. An answer whose worker is out of time or dies is graded once more, by a
worker that has no other work and no low priority; if that fails too, the verdict is `failed`, as the model's answer was
not found wrong, and the detail says that it was for a reason of the machine: the same run grades it again when it is
continued. Programs that a grader wants run are run from here, each in a sandbox of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import resource
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, NamedTuple

from calibench import tasks
from calibench.errors import EngineError, InputError, PluginError
from calibench.errors.lifeline import MARK, Lifeline, end_marked
from calibench.grading import sandbox
from calibench.grading.drawn_answers import HowRead, draw_classes
from calibench.grading.workers import Ended, OutOfTime, Workers
from calibench.prompting.parsing import Parsed, parse
from calibench.records import MACHINE, Generation, Question
from calibench.tasks import grading
from calibench.tasks.base import Task, Verdict

_MEMORY = 4 * 2**30
"""Bytes of address space that a grader may take before it fails."""
_NICENESS = 10
"""The engine's threads wait for each other, so whatever takes the processor from one of them stops them all."""
_task = functools.cache(tasks.load)
"""Loading looks the name up in the folder of tasks: once per task, not once per answer."""


GRADERS = max(1, (os.cpu_count() or 2) // 2)
"""Processes that grade beside an engine."""
GRADER_SECONDS = 10.0
"""Processor time that grading one answer may take."""
LONG = 20_000
"""Characters of a text that are parsed in about a tenth of a second."""
_ASLEEP = 60.0
"""Seconds by the clock that it may take beside that, so that a grader that sleeps ends."""
_PATIENCE = 3
"""How many times longer the clock of a program runs that it has ended once: it slept, or the machine was busy."""


class TextToRead(NamedTuple):
    """A text that is to be read."""

    text: str
    how: Mapping[str, Any]
    """Arguments of `parse`."""
    task: str | None
    """Grades the answer; None: nothing is to."""
    question: Question


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
        self._timeout = timeout
        self._programs = programs
        self.faults: Counter[str] = Counter()
        """What graders of other people's tasks raised, and how often: those answers are `failed`."""
        self._closed = False
        self._lifeline: Lifeline | None = None
        """Of sandboxes; from the first program on."""
        known = (tasks.SOURCES, tuple(task_names))
        self._workers = Workers(workers, _prepare, (*known, _NICENESS), self._end_sandbox)
        self._alone = Workers(1, _prepare, (*known, 0), self._end_sandbox, at_once=False)

    def submit(self, task_name: str, question: Question, answer_text: str) -> Future[Verdict]:
        """Schedules one answer; the future gets a verdict whatever the grader does, and EngineError only if no worker
        starts."""
        verdict: Future[Verdict] = Future()
        verdict.set_running_or_notify_cancel()  # a waiter that is cancelled must not cancel what is set below

        def settle(done: Future) -> None:
            if isinstance(_error(done), EngineError) and not self._closed:
                verdict.set_exception(done.exception())
            else:
                verdict.set_result(self._verdict(done))

        self._schedule(_grade, (task_name, question, answer_text, self._mark(task_name)), self._wall(task_name), settle)
        return verdict

    def answer_classes(self, grader: str, answers: Sequence[str]) -> Future[list[str] | None]:
        """Schedules `tasks.grading.answer_classes`; the future gets None if the rule is out of time or fails."""
        return self._or_nothing(_classify, (grader, answers))

    def draw_classes(
        self, task_name: str, question: Question, generations: Sequence[Generation], how: HowRead
    ) -> Future[list[int | None] | None]:
        """Schedules `drawn_answers.draw_classes`; the future gets None if the rules are out of time or fail."""
        return self._or_nothing(_classes_of_draws, (task_name, question, generations, how))

    async def parsed(self, text: str, **how: Any) -> Parsed:
        """What `parse` makes of a text. A long one is parsed by a worker: the event loop, which everything in flight
        waits for, would stand still."""
        if len(text) <= LONG:
            return parse(text, **how)
        return await asyncio.wrap_future(self._or_nothing(_parse, (text, how))) or parse(text, **how)

    async def read(self, texts: Sequence[TextToRead]) -> list[tuple[Parsed, Verdict | None]]:
        """What `parse` makes of each text, and the verdict on its answer; None where nothing is to grade it, or the
        token limit cut it.

        A worker reads all of them in one go, within a limit for each. Where that fails, be it by one of them, each is
        read by itself, as by `parsed` and `submit`.
        """
        found = await asyncio.wrap_future(self._or_nothing(_read, (texts,), again=False)) or [None] * len(texts)
        return [done or await self._read_alone(asked) for asked, done in zip(texts, found, strict=True)]

    async def _read_alone(self, asked: TextToRead) -> tuple[Parsed, Verdict | None]:
        parsed = await self.parsed(asked.text, **asked.how)
        if asked.task is None or parsed.truncated:
            return parsed, None
        return parsed, await asyncio.wrap_future(self.submit(asked.task, asked.question, parsed.answer_text))

    def close(self) -> None:
        """Ends the workers; answers that are not graded yet get the verdict `failed`."""
        self._closed = True
        self._workers.close()
        self._alone.close()
        if self._lifeline:
            self._lifeline.release()

    def __enter__(self) -> GradingPool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _or_nothing(self, work: Callable[..., Any], arguments: tuple, *, again: bool = True) -> Future[Any]:
        """The result of the work; None if it is out of time or fails, and EngineError if no worker starts.

        Args:
            again: see `_schedule`.
        """
        result: Future[Any] = Future()
        result.set_running_or_notify_cancel()  # a waiter that is cancelled must not cancel what is set below

        def settle(done: Future) -> None:
            if isinstance(error := _error(done), EngineError) and not self._closed:
                result.set_exception(error)
            else:
                result.set_result(None if error else done.result())

        self._schedule(work, arguments, self._timeout + _ASLEEP, settle, again=again)
        return result

    def _schedule(
        self,
        work: Callable[..., Any],
        arguments: tuple,
        wall: float,
        settle: Callable[[Future], None],
        *,
        again: bool = True,
    ) -> None:
        """Has the work done, `again` and alone if it was ended from outside, and settles the last outcome."""

        def start(workers: Workers, alone: bool) -> Future:
            return workers.schedule(work, (*arguments, self._timeout, self._programs, alone), wall)

        def first(done: Future) -> None:
            if self._closed or not again or not isinstance(_error(done), Ended | OutOfTime | _NotGraded):
                settle(done)
            else:
                start(self._alone, alone=True).add_done_callback(settle)

        start(self._workers, alone=False).add_done_callback(first)

    def _wall(self, task_name: str) -> float:
        with contextlib.suppress(InputError):  # an unknown task is a failure like any other: the worker meets it too
            return self._timeout + _ASLEEP + (_PATIENCE * self._programs.wall if _task(task_name).finish else 0)
        return self._timeout + _ASLEEP

    def _mark(self, task_name: str) -> str:
        """Of the sandboxes of a task's programs, by which they end with this process; empty if it has none."""
        with contextlib.suppress(InputError, PluginError):
            if not _task(task_name).finish:
                return ""
            self._lifeline = self._lifeline or Lifeline(inherited=False)
            return self._lifeline.mark[MARK]
        return ""

    def _end_sandbox(self, worker: int) -> None:
        """Ends what a worker that was killed may have left behind."""
        if self._lifeline and not self._closed:
            end_marked(_of_worker(self._lifeline.mark[MARK], worker))

    def _verdict(self, done: Future) -> Verdict:
        match _error(done):
            case None:
                return done.result()
            case _ if self._closed:
                return Verdict("failed", None, f"{MACHINE}grader stopped before it finished")
            case OutOfTime():
                return Verdict("failed", None, f"{MACHINE}grader out of time twice by the clock")
            case Ended(by=signal.SIGPROF):
                limit = f"{self._timeout:g} s of processor time"
                return Verdict("failed", None, f"{MACHINE}grader out of time twice ({limit})")
            case Ended(by=by):
                how = f"signal {by}" if by else "it ended itself"
                return Verdict("failed", None, f"{MACHINE}grading worker died twice ({how})")
            case _NotGraded() as error:
                return Verdict("failed", None, f"{MACHINE}{error}")
            case PluginError() as error:
                fault = str(error).partition("\n")[0]
                self.faults[fault] += 1
                return Verdict("failed", None, fault)
            case error:
                return Verdict("failed", None, f"grader raised {type(error).__name__}: {error}")


class _NotGraded(Exception):
    """The sandbox or the clock ended a program, so that nothing is known of it; another time it may end well."""


def _error(done: Future) -> BaseException | None:
    return CancelledError() if done.cancelled() else done.exception()


def _prepare(sources: dict[str, Callable[[str], Task]], task_names: Sequence[str], niceness: int) -> None:
    """Bounds the worker's memory, loads tasks from where the parent has them, and their graders' libraries."""
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
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


def _of_worker(mark: str, worker: int) -> str:
    """The mark of the sandboxes of one worker."""
    return f"{mark}-{worker}-"


def _grade(
    task_name: str,
    question: Question,
    answer_text: str,
    mark: str,
    seconds: float,
    programs: sandbox.Limits,
    alone: bool,
) -> Verdict:
    task = _task(task_name)
    grading.load_libraries(task.grader)
    with _processor_time(seconds):
        verdict = task.grade(question, answer_text)
        if isinstance(verdict, Verdict):
            return verdict
        assert task.finish, "a task whose grader gives a job has it"
        limits = programs._replace(wall=_PATIENCE * programs.wall) if alone else programs
        try:
            ran = sandbox.run(verdict, limits, mark and _of_worker(mark, os.getpid()))
        except sandbox.SandboxError as error:
            raise _NotGraded(f"the sandbox failed: {error}") from error
        if not alone and ran.error in (sandbox.by_the_clock(limits), sandbox.by_signal(signal.SIGKILL)):
            raise _NotGraded(ran.error)
        return task.finish(question, verdict, ran)


def _classify(
    grader: str, answers: Sequence[str], seconds: float, _programs: sandbox.Limits, _alone: bool
) -> list[str]:
    grading.load_libraries(grader)
    with _processor_time(seconds):
        return grading.answer_classes(grader, answers)


def _classes_of_draws(
    task_name: str, question: Question, generations: Sequence[Generation], how: HowRead,
    seconds: float, _programs: sandbox.Limits, _alone: bool,
) -> list[int | None]:  # fmt: skip
    task = _task(task_name)
    grading.load_libraries(task.grader)
    with _processor_time(seconds):
        return draw_classes(task, question, generations, how)


def _parse(text: str, how: dict[str, Any], seconds: float, _programs: sandbox.Limits, _alone: bool) -> Parsed:
    with _processor_time(seconds):
        return parse(text, **how)


def _read(
    texts: Sequence[TextToRead], seconds: float, _programs: sandbox.Limits, _alone: bool
) -> list[tuple[Parsed, Verdict | None] | None]:
    return [_read_one(asked, seconds) for asked in texts]


def _read_one(asked: TextToRead, seconds: float) -> tuple[Parsed, Verdict | None] | None:
    """None where the grader raises, or wants a program run."""
    try:
        task = None if asked.task is None else _task(asked.task)
        if task:
            grading.load_libraries(task.grader)
        with _processor_time(seconds):
            parsed = parse(asked.text, **asked.how)
            verdict = None if task is None or parsed.truncated else task.grade(asked.question, parsed.answer_text)
    except Exception:
        return None
    return None if verdict is not None and not isinstance(verdict, Verdict) else (parsed, verdict)
