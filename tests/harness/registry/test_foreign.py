"""What stops a plug-in from without is no fault of its own."""

from __future__ import annotations

import asyncio

import pytest

from calibench.errors import PluginError
from calibench.registry.foreign import Foreign

FOREIGN = Foreign("method mine", "mine.py", "mine.py", None)


def test_rows_that_nobody_reads_to_their_end_are_closed_in_silence():
    rows = FOREIGN.guard(lambda: iter(range(3)), "open")()
    assert next(rows) == 0
    rows.close()


def test_a_cancelled_reading_is_cancelled():
    async def cancelled() -> None:
        reading = asyncio.ensure_future(FOREIGN.guard(lambda: asyncio.sleep(60), "read")())
        await asyncio.sleep(0)
        reading.cancel()
        await reading

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def test_ctrl_c_is_none_of_its_faults():
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FOREIGN.guard(interrupted, "grade")()


def test_whatever_else_it_raises_is_its_own_fault():
    def leaves() -> None:
        raise GeneratorExit

    with pytest.raises(PluginError, match="GeneratorExit"):
        FOREIGN.guard(leaves, "grade")()
