"""Grades in worker processes, each answer within a time limit.

Graders may loop or crash on what a model writes, so none runs in the harness's own process. A worker that is out of
time or dies is replaced, and its answer's verdict is `failed`: the model's answer was not found wrong.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Future, TimeoutError
from typing import TYPE_CHECKING

import tasks
from harness.records import Question
from tasks.base import Verdict

if TYPE_CHECKING:
    from pebble import ProcessFuture


class GradingPool:
    """A pool of processes that load tasks by name and call their graders.

    Args:
        workers: number of processes; they start with the first answers.
        timeout: seconds that one answer may take.
    """

    def __init__(self, workers: int, timeout: float):
        from pebble import ProcessPool

        # Spawned, not forked: the parent runs threads and may hold an accelerator.
        self._pool = ProcessPool(max_workers=workers, context=multiprocessing.get_context("spawn"))
        self._timeout = timeout

    def submit(self, task_name: str, question: Question, answer_text: str) -> Future[Verdict]:
        """Schedules one answer; the future always gets a verdict, never an exception of the grader."""
        verdict: Future[Verdict] = Future()
        graded = self._pool.schedule(_grade, args=(task_name, question, answer_text), timeout=self._timeout)
        graded.add_done_callback(lambda done: verdict.set_result(self._verdict(done)))
        return verdict

    def close(self) -> None:
        """Ends the workers; answers that are not graded yet get the verdict `failed`."""
        self._pool.stop()
        self._pool.join()

    def __enter__(self) -> GradingPool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _verdict(self, done: ProcessFuture) -> Verdict:
        if done.cancelled():
            return Verdict("failed", None, "grader stopped before it finished")
        error = done.exception()
        if error is None:
            return done.result()
        if isinstance(error, TimeoutError):
            return Verdict("failed", None, f"grader out of time ({self._timeout:g} s)")
        return Verdict("failed", None, f"grader raised {type(error).__name__}: {error}")


def _grade(task_name: str, question: Question, answer_text: str) -> Verdict:
    return tasks.load(task_name).grade(question, answer_text)
