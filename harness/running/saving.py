"""Keeps what a run makes: commits in small batches, and a stop that lets what is in flight end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from calibench.errors import CalibenchError
from calibench.errors.stopping import let_go_of_closed_terminal, stop_signals
from calibench.records import Record
from calibench.store import RunFile

_COMMIT_SECONDS = 0.5


class Saver:
    """Commits finished records in small batches; records added together are in one commit."""

    def __init__(self, run: RunFile):
        self._run = run
        self._unsaved: list[Record] = []

    def add(self, records: Sequence[Record]) -> None:
        self._unsaved += records

    @contextlib.asynccontextmanager
    async def saving(self) -> AsyncIterator[None]:
        """Commits while the body runs; the last records on the way out, however it goes."""
        saver = asyncio.create_task(self._save_forever())
        owner = _current_task()
        saver.add_done_callback(lambda task: None if task.cancelled() else owner.cancel())
        try:
            yield
        finally:
            saver.cancel()
            (end,) = await asyncio.gather(saver, return_exceptions=True)
            if isinstance(end, CalibenchError):
                raise end
            self.save()

    async def _save_forever(self) -> None:
        while True:
            await asyncio.sleep(_COMMIT_SECONDS)
            self.save()

    def save(self) -> None:
        """Commits what was added."""
        if self._unsaved:
            self._run.write(self._unsaved)
            self._unsaved = []


@contextlib.contextmanager
def draining(stop: asyncio.Event, stopping: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C, SIGTERM or closed terminal sets `stop` and lets what is in flight end; the second one gives
    that up too."""
    loop, owner = asyncio.get_running_loop(), _current_task()

    def on_signal() -> None:
        let_go_of_closed_terminal()
        if stop.is_set():
            owner.cancel()
        stop.set()
        stopping()

    before = {number: signal.getsignal(number) for number in stop_signals()}
    for number in before:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # inside a coroutine
    return task
