"""Reads which draws of a question answer the same, and what confidence they give together, from the run file; only some
methods ask the model too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from calibench.backends.base import BaseBackend
from calibench.confidence.base import DrawsTogether, Method, Reading
from calibench.errors import PluginError
from calibench.grading.drawn_answers import HowRead, blind, by_text
from calibench.grading.pool import GradingPool
from calibench.prompting import protocols
from calibench.prompting.languages.base import ENGLISH
from calibench.prompting.protocols import Protocol
from calibench.records import AnswerClass, Confidence, Generation, Question, Record
from calibench.running.manifest import markup_of
from calibench.running.reading import draw_key, parsed_of
from calibench.store import RunFile
from calibench.tasks.grading.answer import answer_above

_AT_ONCE = 64
"""Questions whose answers are read at a time."""
_COMMITTED = 2000
"""Records of a commit, or a few more: those of a question are in one."""


class OverDraws:
    """Reads the methods over draws among some, of one protocol.

    Args:
        run: holds the draws.
        protocol: what they answer.
        methods: confidence methods, by name; those that read one draw are left out.
        graders: read the answers, without gold.
        backend: for the methods that need the model; None: those are left out too.
        language: in which the prompts are.
    """

    def __init__(
        self, run: RunFile, protocol: Protocol, methods: Mapping[str, Method], graders: GradingPool,
        backend: BaseBackend | None = None, language: str = ENGLISH,
    ):  # fmt: skip
        self.methods = {
            name: method for name, method in methods.items() if method.of_draws and (backend or not method.ask_draws)
        }
        self._backend = backend
        self._run = run
        self._how = HowRead(protocol.name, protocol.scale, markup_of(run), language)
        self._graders = graders
        self.by_text = 0
        """Questions whose answers were compared as texts, because the grader's rules took too long or failed."""

    async def bring_up_to_date(self, questions: Iterable[Question], draws: int, stop: Callable[[], bool]) -> None:
        """Reads and writes what is not there, or is of fewer draws than are stored now: the classes, whatever the
        methods are.

        Args:
            questions: with fewer than `draws` draws, one is left until it has them.
            stop: whether no further question is to be begun.
        """
        if draws < 2:
            return
        found: list[Record] = []
        waiting: list[asyncio.Task[list[AnswerClass | Confidence]]] = []
        try:
            for question in questions:
                if stop():
                    break
                generations = self._outdated(question, draws)
                if generations is None:
                    continue
                waiting.append(asyncio.create_task(self._with_classes(question, generations)))
                if len(waiting) >= _AT_ONCE:
                    found += await waiting.pop(0)
                if len(found) >= _COMMITTED:
                    self._run.replace(found)
                    found = []
            for job in waiting:
                found += await job
        finally:
            for job in waiting:
                job.cancel()
            self._run.replace(found)

    async def read(self, question: Question, generations: Sequence[Generation]) -> list[AnswerClass | Confidence]:
        """The classes of the draws by today's rules, and all confidences over them; writes nothing."""
        job = self._graders.draw_classes(question.task, blind(question), generations, self._how)
        classes = await asyncio.wrap_future(job)
        if classes is None:
            self.by_text += 1
            classes = by_text(generations, self._how)
        kept = [
            AnswerClass(**draw_key(generation), answer_class=one)
            for generation, one in zip(generations, classes, strict=True)
        ]
        return [*kept, *await self._confidences(question, generations, classes)]

    def _key(self, question: Question) -> dict[str, str]:
        return {"task": question.task, "question_id": question.question_id, "protocol": self._how.protocol}

    def _outdated(self, question: Question, draws: int) -> list[Generation] | None:
        """The question's draws, if all are there and one of them lacks something."""
        key = self._key(question)
        done = self._run.finished(**key)
        if len(done.keys() & set(range(draws))) < draws:
            return None
        if all({*self.methods, "answer_class"} <= parts for parts in done.values()):
            return None
        return [generation for _, generation in sorted(self._run.draws(**key).items())]

    async def _with_classes(
        self, question: Question, generations: Sequence[Generation]
    ) -> list[AnswerClass | Confidence]:
        """As `read`, with the classes that are stored where they are of these draws."""
        stored = {one.draw: one.answer_class for one in self._run.select(AnswerClass, **self._key(question))}
        if stored.keys() == {generation.draw for generation in generations}:
            classes = [stored[generation.draw] for generation in generations]
            return [*await self._confidences(question, generations, classes)]
        return await self.read(question, generations)

    async def _confidences(
        self, question: Question, generations: Sequence[Generation], classes: Sequence[int | None]
    ) -> list[Confidence]:
        there = [place for place, generation in enumerate(generations) if not generation.error]
        drawn = [generations[place] for place in there], [classes[place] for place in there]
        found = []
        for name, method in self.methods.items():
            readings = list(await self._readings(method, question, *drawn))
            if len(readings) != len(there):
                raise PluginError(
                    f"method {name}: expected a reading of each of {len(there)} draws, found {len(readings)}"
                )
            at = dict(zip(there, readings, strict=True))
            for place, generation in enumerate(generations):
                reading = at.get(place, Reading(None, "missing", None))
                found.append(Confidence(**draw_key(generation), method=name, **reading._asdict()))
        return found

    async def _readings(
        self, method: Method, question: Question, generations: Sequence[Generation], classes: Sequence[int | None]
    ) -> Sequence[Reading]:
        if method.read_draws:
            return method.read_draws(generations, classes)
        assert method.ask_draws, "a method over draws has one of them"
        assert self._backend, "without it, such a method is left out"
        answers = [await self._answer(*each) for each in zip(generations, classes, strict=True)]
        together = DrawsTogether(protocols.body(question), generations, classes, answers)
        return await method.ask_draws(together, self._backend)

    async def _answer(self, generation: Generation, answer_class: int | None) -> str:
        """What a draw states, as it wrote it."""
        if answer_class is None:
            return ""
        parsed = await parsed_of(generation, self._how.scale, self._how.markup, self._graders)
        return answer_above(parsed.answer_text) or parsed.answer_text
