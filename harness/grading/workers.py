"""Worker processes that may be killed at any moment.

Each has a pipe of its own, and a thread of this process waits on it. Workers share nothing, so that no lock goes with
one that is killed: the others work on, and it is replaced. A worker ends with the process that started it, however that
one ends: by its pipe, which closes, and while it computes by the kernel's hand. Signals that ask a command to end reach
its whole process group. Workers take none of them, so that what is in flight can be finished.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import multiprocessing
import multiprocessing.connection
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from calibench.errors import EngineError
from calibench.errors.stopping import STOPPING

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@atexit.register
def _end_tracker() -> None:
    """Waits for the process by which multiprocessing tracks resources, which Python 3.11 leaves to process 1.

    It ends when the last process does that multiprocessing started; one that is still there ends after this one.
    """
    if multiprocessing.parent_process() is None and not multiprocessing.active_children():
        resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]  # as Python 3.12 does by itself


_STARTS = 3
"""How often a worker is started that ends before it is ready, which is not the fault of what it was to do."""


class Ended(Exception):
    """A worker ended while it was at work."""

    def __init__(self, by: int):
        super().__init__(by)
        self.by = by
        """The signal that ended it; 0: it ended itself."""


class OutOfTime(Exception):
    """A worker was ended because its work took too long by the clock."""


class _Task(NamedTuple):
    function: Callable[..., Any]
    arguments: tuple
    wall: float
    outcome: Future


class Workers:
    """Processes that do what is scheduled, in its order.

    Args:
        number: of processes.
        prepare: called in each of them before its first work.
        arguments: of `prepare`.
        ended: called with the id of each of them that has ended.
        at_once: starts them now, not with their first work.
    """

    def __init__(
        self,
        number: int,
        prepare: Callable[..., None],
        arguments: tuple,
        ended: Callable[[int], None],
        *,
        at_once: bool = True,
    ):
        self._at_once = at_once
        self._ended = ended
        self._prepared = (prepare, arguments)
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._workers: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = False
        resource_tracker.ensure_running()  # which unblocks signals in the thread that starts it
        self._threads: list[threading.Thread] = []
        # First: the interpreter waits at its end for processes that nobody killed, and interrupts fall in between.
        atexit.register(self.close)
        for _ in range(number):  # no threads that the interpreter would wait for too: `close` may not have been called
            thread = threading.Thread(target=self._serve, daemon=True)
            thread.start()
            self._threads.append(thread)

    def schedule(self, function: Callable[..., Any], arguments: tuple, wall: float) -> Future:
        """Has the function called in a worker.

        Args:
            function: of a module.
            arguments: of the function.
            wall: seconds by the clock that it may take.

        Returns:
            A future with what the function returns or raises; or with Ended, OutOfTime, or EngineError if no worker
            starts. It is cancelled if the workers are closed before its turn.
        """
        task = _Task(function, arguments, wall, Future())
        with self._lock:
            if self._closed:
                task.outcome.cancel()
            else:
                self._tasks.put(task)
        return task.outcome

    def close(self) -> None:
        """Kills the workers. Returns when they are gone and every outcome is known."""
        with self._lock:
            self._closed = True
            with contextlib.suppress(Empty):
                while task := self._tasks.get_nowait():
                    task.outcome.cancel()
            for _ in self._threads:
                self._tasks.put(None)
            for worker in self._workers:
                worker.process.kill()
        for thread in self._threads:
            thread.join()
        atexit.unregister(self.close)

    def _serve(self) -> None:
        """Does tasks by one worker after another."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # its processes inherit that
        worker = self._started() if self._at_once else None
        while task := self._tasks.get():
            if task.outcome.set_running_or_notify_cancel():
                try:
                    worker = self._ready(worker)
                    value = worker.do(task)
                except BaseException as error:
                    task.outcome.set_exception(error)
                else:
                    task.outcome.set_result(value)
        if worker:
            self._end(worker)

    def _started(self) -> _Worker | None:
        """A new worker; None if none can be started: for want of memory, or in a script that is still being read."""
        with self._lock, contextlib.suppress(OSError, RuntimeError):
            if not self._closed:
                self._workers.add(worker := _Worker(*self._prepared))
                return worker
        return None

    def _ready(self, worker: _Worker | None) -> _Worker:
        """The worker if it is alive and ready, else one in its place."""
        for _ in range(_STARTS):
            if worker and worker.is_ready():
                return worker
            if worker:
                self._end(worker)
            worker = self._started()
        if worker and worker.is_ready():
            return worker
        raise EngineError(
            "no grading worker gets ready to work; the same command continues once that is mended (a script of your own"
            ' calls calibench below `if __name__ == "__main__":`)'
        )

    def _end(self, worker: _Worker) -> None:
        worker.end()
        self._ended(worker.pid)
        with self._lock:
            self._workers.discard(worker)


class _Worker:
    """A process, as the thread sees it that it works for."""

    def __init__(self, prepare: Callable[..., None], arguments: tuple):
        # Spawned, not forked: this process runs threads and may hold an accelerator.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._is_ready = False
        self.process = context.Process(target=_work, args=(theirs, prepare, arguments), daemon=True)
        self.process.start()
        assert self.process.pid
        self.pid = self.process.pid
        theirs.close()

    def is_ready(self) -> bool:
        """Whether it lives and can be given work. Waits until it has started."""
        if not self._is_ready:
            with contextlib.suppress(EOFError, OSError):
                self._pipe.recv_bytes()
                self._is_ready = True
        return self._is_ready and not self._has_ended()

    def _has_ended(self) -> bool:
        """Asked of what the process held open: `is_alive` says yes while another thread has just heard of the end."""
        return bool(multiprocessing.connection.wait([self.process.sentinel], 0))

    def do(self, task: _Task) -> Any:
        try:
            self._pipe.send((task.function, task.arguments))
            reply = self._pipe.recv_bytes() if self._pipe.poll(task.wall) else None
        except (EOFError, OSError):
            raise Ended(self.end()) from None
        if reply is None:
            self.end()
            raise OutOfTime
        value, error = pickle.loads(reply)
        if error is not None:
            raise error
        return value

    def end(self) -> int:
        """Ends the process if it has not ended; returns the signal by which it did, 0 for none."""
        self.process.kill()
        while (code := self.process.exitcode) is None:
            self.process.join(1)  # returns too early where another thread has just heard of the end
        self._pipe.close()
        return max(0, -code)


def _work(pipe: Connection, prepare: Callable[..., None], arguments: tuple) -> None:
    """What a worker does, until its pipe closes."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(EOFError, OSError):
        prepare(*arguments)
        pipe.send_bytes(b"ready")
        while True:
            pipe.send_bytes(_done(*pipe.recv()))


def _done(function: Callable[..., Any], arguments: tuple) -> bytes:
    """What a call returns or raises, for the pipe."""
    try:
        return pickle.dumps((function(*arguments), None))
    except BaseException as error:
        with contextlib.suppress(Exception):
            pickle.loads(answer := pickle.dumps((None, error)))
            return answer
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
