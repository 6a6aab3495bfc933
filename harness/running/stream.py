"""Makes what a run file lacks, as one stream: draws are asked for, read and graded side by side.

Nothing waits for all questions to pass a stage: follow-ups enter the engine when their answer is complete, while the KV
cache of question and answer is there, and grading runs beside it in worker processes. What is in memory is what is in
flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from calibench.backends.base import BaseBackend
from calibench.confidence.base import Method
from calibench.errors import CalibenchError, EngineError
from calibench.grading.pool import GradingPool
from calibench.prompting.conversation import Prompt
from calibench.prompting.protocols import Protocol
from calibench.records import Grade, Question
from calibench.running.asking import Asker
from calibench.running.config import RunConfig
from calibench.running.manifest import markup_of
from calibench.running.over_draws import OverDraws
from calibench.running.progress import Progress
from calibench.running.reading import GenerationReader, answered_of, parsed_of
from calibench.running.saving import Saver, draining
from calibench.running.selection import Selection
from calibench.store import RunFile
from calibench.tasks.base import AnswerOptions, Task

_READ_AT_ONCE = 64
"""Stored draws that are read and graded at a time where no engine says how many."""


class Stream:
    """The moving parts of one run: what is asked, what is in flight, what waits for its commit.

    Args:
        config: what to do.
        run: holds what is done already, and takes the rest.
        protocol: what is asked besides the questions.
        methods: the confidence methods, by name.
        graders: grade the answers.
        progress: receives what happens.
        backend: started; None: only what the stored texts give is made.
    """

    def __init__(
        self, config: RunConfig, run: RunFile, protocol: Protocol, methods: Mapping[str, Method],
        graders: GradingPool, progress: Progress, backend: BaseBackend | None = None,
    ):  # fmt: skip
        self._config = config
        self._run = run
        self._protocol = protocol
        self._progress = progress
        self._markup = markup_of(run)
        self._graders = graders
        self._over_draws = OverDraws(run, protocol, methods, graders, backend, config.language)
        of_one = {name: method for name, method in methods.items() if not method.of_draws}
        self._wanted = {*of_one, "grade"}
        self._of_text = {"grade", *(name for name, method in of_one.items() if not method.needs_model)}
        self._of_scores = {name for name, method in methods.items() if "log_probabilities" in method.needs}
        sampling = config.token_sampling()._replace(
            log_probabilities=bool(self._of_scores),
            entropies=not any("label_probabilities" in method.needs for method in methods.values()),
            certainties=any("whole_vocabulary" in method.needs for method in methods.values()),
        )
        self._asker = Asker(config, protocol, sampling, backend, graders) if backend else None
        self._reader = GenerationReader(of_one, graders, backend, config.language)
        self._in_flight = backend.in_flight if backend else _READ_AT_ONCE
        self._saver = Saver(run)
        self.generated_tokens = 0
        self.made = 0
        """Draws of which something was made."""

    async def run_all(self, selections: Sequence[Selection]) -> bool:
        """Makes whatever the run file lacks. Returns whether it was asked to stop and did so early."""
        self._slots = asyncio.Semaphore(self._in_flight)
        self._stop = asyncio.Event()
        async with self._saver.saving():
            with draining(self._stop, self._tell_of_stop):
                try:
                    async with asyncio.TaskGroup() as draws:
                        for selection in selections:
                            name = selection.task.name
                            self._progress.plan(name, selection.total * self._config.draws_of(name))
                            await self._start_task(selection, draws)
                except BaseExceptionGroup as group:
                    cause = first_cause(group)
                    # What asks to stop may have reached the engine too.
                    if not (self._stop.is_set() and isinstance(cause, EngineError)):
                        raise cause from group
                self._saver.save()
                await self._compare_draws(selections)
        return self._stop.is_set()

    async def _compare_draws(self, selections: Sequence[Selection]) -> None:
        for selection in selections:
            questions, draws = selection.questions(self._config.data), self._config.draws_of(selection.task.name)
            await self._over_draws.bring_up_to_date(questions, draws, self._stop.is_set)
        if n := self._over_draws.by_text:
            self._progress.stage(f"warning: answers to {n} questions were compared as texts (the rule gave up)")

    def _tell_of_stop(self) -> None:
        self._progress.stage("stopping: waiting for what is in flight (again to drop it)")

    async def _start_task(self, selection: Selection, draws: asyncio.TaskGroup) -> None:
        self._saver.add(list(selection.typed_decisions(self._config.data)))
        for question in selection.questions(self._config.data):
            done = self._run.finished(question.task, question.question_id, self._protocol.name)
            missing = {draw: self._wanted - done.get(draw, set()) for draw in range(self._draws_of(question))}
            asked = None
            if self._asker and any(missing.values()):
                asked = self._asker, self._asker.prompt(selection.task, question)
            for draw, parts in missing.items():
                if not parts:
                    self._progress.done(question.task, None, 0)
                if self._asker is None:
                    parts = parts & self._of_text if draw in done else set()
                if not parts:
                    await asyncio.sleep(0)  # lets Ctrl-C through while a long run is found to be done
                    continue
                if not await self._slot():
                    return
                job = draws.create_task(self._draw(selection.task, question, asked, draw, draw in done, parts))
                job.add_done_callback(lambda _: self._slots.release())

    def _draws_of(self, question: Question) -> int:
        return self._config.draws_of(question.task)

    async def _slot(self) -> bool:
        """Waits for a free place among the draws in flight; False once the run is asked to stop."""
        if self._slots.locked():
            free, stop = asyncio.ensure_future(self._slots.acquire()), asyncio.ensure_future(self._stop.wait())
            await asyncio.wait({free, stop}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            if not free.done():
                free.cancel()
        else:
            await self._slots.acquire()
        return not self._stop.is_set()

    async def _draw(
        self, task: Task, question: Question, asked: tuple[Asker, Prompt | AnswerOptions] | None, draw: int,
        stored: bool, parts: set[str],
    ) -> None:  # fmt: skip
        """Makes the missing parts of one draw; the generation itself if it is not stored."""
        generated = 0
        if stored or asked is None:
            generation = self._run.draws(question.task, question.question_id, self._protocol.name)[draw]
            if asked is None:
                parsed = await parsed_of(generation, self._protocol.scale, self._markup, self._graders)
                answered = answered_of(question, generation, parsed)
            else:
                asker, prompt = asked
                answered = await asker.again(question, prompt, generation)
        else:
            asker, prompt = asked
            generation, answered = await asker.ask(question, prompt, draw)
            generated = (generation.reasoning_tokens or 0) + (generation.answer_tokens or 0)
            # Log-probabilities are not stored: what is read from them is committed together with the generation.
            scored = [await self._reader.read(name, generation, answered) for name in parts & self._of_scores]
            self._saver.add([question, generation, *scored])
            parts = parts - self._of_scores
        self.generated_tokens += generated
        made = await self._reader.made(task, question, generation, answered, parts)
        self._saver.add(made)
        self.made += 1
        outcome = next((record.outcome for record in made if isinstance(record, Grade)), None)
        self._progress.done(question.task, outcome, generated)


def first_cause(group: BaseExceptionGroup) -> BaseException:
    """The error to report for a group of failed draws: an engine that died fails all of them."""
    leaves: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop()
        pending += error.exceptions if isinstance(error, BaseExceptionGroup) else []
        leaves += [] if isinstance(error, BaseExceptionGroup) else [error]
    return next((e for e in leaves if isinstance(e, CalibenchError)), leaves[0])
