"""Makes what a run file lacks, as one stream: draws are asked for, read and graded side by side.

Nothing waits for all questions to pass a stage: follow-ups enter the engine when their answer is complete, while the KV
cache of question and answer is there, and grading runs beside it in worker processes. What is in memory is what is in
flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from calibench.backends.base import BaseBackend
from calibench.errors import CalibenchError, EngineError
from calibench.grading.pool import GradingPool
from calibench.prompting.conversation import Prompt
from calibench.records import Question
from calibench.running.config import RunConfig
from calibench.running.making import Lacks, Maker
from calibench.running.over_draws import OverDraws
from calibench.running.progress import Progress
from calibench.running.saving import Saver
from calibench.running.selection import Selection
from calibench.running.steps import Asked
from calibench.store import RunFile
from calibench.tasks.base import AnswerOptions, Task

READ_AT_ONCE = 64
"""Stored draws that are read and graded at a time where no engine says how many."""


class Room:
    """What streams share that run side by side.

    Args:
        places: draws that may be in flight, of all streams together.
    """

    def __init__(self, places: int):
        self.slots = asyncio.Semaphore(places)
        self.stop = asyncio.Event()
        """Set once they are asked to stop."""
        self.made = 0
        """Draws of which something was made."""

    async def slot(self) -> bool:
        """Waits for a free place; False once the streams are asked to stop."""
        if self.slots.locked():
            free, stop = asyncio.ensure_future(self.slots.acquire()), asyncio.ensure_future(self.stop.wait())
            await asyncio.wait({free, stop}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            if not free.done():
                free.cancel()
        else:
            await self.slots.acquire()
        return not self.stop.is_set()


class Stream:
    """The moving parts of one run: what is asked, what is in flight, what waits for its commit.

    Args:
        config: what to do.
        run: holds what is done already, and takes the rest.
        asked: a protocol and its confidence methods by name; then those of the same generations, cut at budgets.
        graders: grade the answers.
        progress: receives what happens.
        backend: started; None: only what the stored texts give is made.
    """

    def __init__(
        self, config: RunConfig, run: RunFile, asked: Asked, graders: GradingPool, progress: Progress,
        backend: BaseBackend | None = None,
    ):  # fmt: skip
        self._config = config
        self._progress = progress
        self._saver = Saver(run)
        self._whole, *self._cut = [
            Maker(config, run, protocol, methods, graders, backend, self._saver.add) for protocol, methods in asked
        ]
        self.generated_tokens = 0

    async def run_all(self, selections: Sequence[Selection], room: Room) -> None:
        """Makes whatever the run file lacks, or as much of it as is made until it is asked to stop."""
        async with self._saver.saving():
            try:
                async with asyncio.TaskGroup() as draws:
                    for selection in selections:
                        name = selection.task.name
                        self._progress.plan(name, selection.total * self._config.draws_of(name))
                        await self._start_task(selection, draws, room)
            except BaseExceptionGroup as group:
                cause = first_cause(group)
                # What asks to stop may have reached the engine too.
                if not (room.stop.is_set() and isinstance(cause, EngineError)):
                    raise cause from group
            self._saver.save()
            for maker in (self._whole, *self._cut):
                await self._compare_draws(maker.over_draws, selections, room)

    async def _compare_draws(self, over_draws: OverDraws, selections: Sequence[Selection], room: Room) -> None:
        for selection in selections:
            questions, draws = selection.questions(self._config.data), self._config.draws_of(selection.task.name)
            await over_draws.bring_up_to_date(questions, draws, room.stop.is_set)
        if n := over_draws.by_text:
            self._progress.stage(f"warning: answers to {n} questions were compared as texts (the rule gave up)")

    async def _start_task(self, selection: Selection, draws: asyncio.TaskGroup, room: Room) -> None:
        self._saver.add(list(selection.typed_decisions(self._config.data)))
        for question in selection.questions(self._config.data):
            lacking = [maker.lacking(question) for maker in (self._whole, *self._cut)]
            missing = any(lacks.parts for of_maker in lacking for lacks in of_maker)
            prompt = self._whole.prompt(selection.task, question) if missing else None
            for draw, (whole, *cut) in enumerate(zip(*lacking, strict=True)):
                if whole.finished:
                    self._progress.done(question.task, None, 0)
                if not (whole.parts or (whole.stored and any(lacks.parts for lacks in cut))):
                    await asyncio.sleep(0)  # lets Ctrl-C through while a long run is found to be done
                    continue
                if not await room.slot():
                    return
                job = draws.create_task(self._draw(selection.task, question, prompt, draw, whole, cut, room))
                job.add_done_callback(lambda _: room.slots.release())

    async def _draw(
        self, task: Task, question: Question, prompt: Prompt | AnswerOptions | None, draw: int, lacks: Lacks,
        cut: Sequence[Lacks], room: Room,
    ) -> None:  # fmt: skip
        """Makes the missing parts of one draw, then of what is cut from it, while the engine has it in its cache."""
        made = await self._whole.draw(task, question, prompt, draw, lacks)
        self.generated_tokens += made.tokens
        room.made += 1
        if not lacks.finished:
            self._progress.done(question.task, made.outcome, made.tokens)
        if room.stop.is_set() or not any(of.parts for of in cut):
            return
        assert not isinstance(prompt, AnswerOptions), "a choice among options has no reasoning"
        chain = None
        if prompt is not None and not all(of.stored for of in cut):
            chain = await self._whole.chain(question, prompt, made.generation)
        for maker, of_cut in zip(self._cut, cut, strict=True):
            if of_cut.parts:
                self.generated_tokens += (await maker.cut(task, question, prompt, of_cut, made, chain)).tokens


def first_cause(group: BaseExceptionGroup) -> BaseException:
    """The error to report for a group of failed draws: an engine that died fails all of them."""
    leaves: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop()
        pending += error.exceptions if isinstance(error, BaseExceptionGroup) else []
        leaves += [] if isinstance(error, BaseExceptionGroup) else [error]
    return next((e for e in leaves if isinstance(e, CalibenchError)), leaves[0])
