"""Makes what a run file lacks of single draws under one protocol: the generation, confidences in it, its grade."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from calibench.backends.base import BaseBackend
from calibench.confidence.base import Answered, Method
from calibench.grading.pool import GradingPool
from calibench.prompting.conversation import Prompt
from calibench.prompting.protocols import Protocol
from calibench.records import Confidence, Generation, Grade, Question, Record
from calibench.running.asking import Asker, Chain
from calibench.running.config import RunConfig
from calibench.running.manifest import markup_of
from calibench.running.over_draws import OverDraws
from calibench.running.reading import GenerationReader, answered_of, parsed_of
from calibench.store import RunFile
from calibench.tasks.base import AnswerOptions, Task


class Lacks(NamedTuple):
    """What is to be made of one draw."""

    stored: bool
    """The generation is there."""
    finished: bool
    """Nothing is missing."""
    parts: set[str]
    """Methods, and `grade`."""


class Made(NamedTuple):
    """One draw, and what was made of it."""

    generation: Generation
    records: list[Grade | Confidence]
    tokens: int
    """That were generated for it now, follow-ups aside."""

    @property
    def outcome(self) -> str | None:
        return next((record.outcome for record in self.records if isinstance(record, Grade)), None)


class Maker:
    """Makes draws of questions under one protocol.

    Args:
        config: what to do.
        run: holds what is done already.
        protocol: what is asked besides the questions.
        methods: the confidence methods, by name.
        graders: grade the answers.
        backend: started; None: only what the stored texts give is made.
        save: takes the records that are done; those of one call are kept together or not at all.
    """

    def __init__(
        self, config: RunConfig, run: RunFile, protocol: Protocol, methods: Mapping[str, Method], graders: GradingPool,
        backend: BaseBackend | None, save: Callable[[Sequence[Record]], None],
    ):  # fmt: skip
        self._config = config
        self._run = run
        self._protocol = protocol
        self._markup = markup_of(run)
        self._graders = graders
        self._save = save
        self.over_draws = OverDraws(run, protocol, methods, graders, backend, config.language)
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

    def prompt(self, task: Task, question: Question) -> Prompt | AnswerOptions | None:
        """None where no model is there to be asked."""
        return self._asker.prompt(task, question) if self._asker else None

    def lacking(self, question: Question) -> list[Lacks]:
        """Of each draw, by its number; what only a model could make is left out where none is there."""
        done = self._run.finished(question.task, question.question_id, self._protocol.name)
        return [
            self._lacks(draw in done, self._wanted - done.get(draw, set()))
            for draw in range(self._config.draws_of(question.task))
        ]

    def _lacks(self, stored: bool, missing: set[str]) -> Lacks:
        if self._asker is not None:
            return Lacks(stored, not missing, missing)
        return Lacks(stored, not missing, missing & self._of_text if stored else set())

    async def draw(
        self, task: Task, question: Question, prompt: Prompt | AnswerOptions | None, number: int, lacks: Lacks
    ) -> Made:
        """Makes the missing parts of one draw; the generation itself if it is not stored."""
        if lacks.stored:
            generation = self._stored(question, number)
            answered = await self._again(question, prompt, generation) if lacks.parts else None
            return await self._made(task, question, generation, answered, lacks.parts)
        assert self._asker is not None, "a model is there where a draw is asked for"
        assert prompt is not None, "it has a prompt then"
        generation, answered = await self._asker.ask(question, prompt, number)
        tokens = (generation.reasoning_tokens or 0) + (generation.answer_tokens or 0)
        return await self._made(task, question, generation, answered, lacks.parts, tokens)

    async def chain(self, question: Question, prompt: Prompt, generation: Generation) -> Chain:
        """The reasoning of a whole generation, for `cut`."""
        assert self._asker is not None, "only a model answers from a part of it"
        return await self._asker.chain(question, prompt, generation)

    async def cut(
        self, task: Task, question: Question, prompt: Prompt | None, lacks: Lacks, whole: Made, chain: Chain | None
    ) -> Made:
        """Makes the missing parts of a draw whose reasoning is cut at the protocol's budget.

        Where the budget cuts nothing, all is as it is without it, and nothing is asked.

        Args:
            whole: the draw without a budget, with what was made of it now.
            chain: its reasoning; None where the draw at this budget is stored.
        """
        if lacks.stored:
            generation = self._stored(question, whole.generation.draw)
        else:
            assert self._asker is not None, "a model is there where a draw is asked for"
            assert prompt is not None, "it has a prompt then"
            assert chain is not None, "and the reasoning is known"
            found = await self._asker.cut(question, prompt, whole.generation, chain)
            if found is not None:
                return await self._made(task, question, found.generation, found.answered, lacks.parts, found.tokens)
            # Nothing was generated for it, and so no time taken.
            generation = replace(whole.generation, protocol=self._protocol.name, latency=None)
            self._save([generation])
        copies = self._copies(whole, lacks.parts) if generation.text == whole.generation.text else []
        self._save(copies)
        parts = lacks.parts - {_part(record) for record in copies}
        answered = await self._again(question, prompt, generation) if parts else None
        return await self._made(task, question, generation, answered, parts)

    async def _made(
        self, task: Task, question: Question, generation: Generation, answered: Answered | None, parts: set[str],
        generated: int | None = None,
    ) -> Made:  # fmt: skip
        """Reads and saves these parts of a draw, and first the generation if that was `generated`, of so many tokens.

        Log-probabilities are not stored: what is read from them is saved together with the generation.
        """
        if answered is None:
            return Made(generation, [], 0)
        scored: list[Grade | Confidence] = []
        if generated is not None:
            scored = [await self._reader.read(name, generation, answered) for name in sorted(parts & self._of_scores)]
            self._save([question, generation, *scored])
            parts = parts - self._of_scores
        records = await self._reader.made(task, question, generation, answered, parts)
        self._save(records)
        return Made(generation, [*scored, *records], generated or 0)

    def _stored(self, question: Question, number: int) -> Generation:
        return self._run.draws(question.task, question.question_id, self._protocol.name)[number]

    def _copies(self, whole: Made, parts: set[str]) -> list[Grade | Confidence]:
        """These parts of a draw that the budget does not cut, as far as they are known of the whole one."""
        of = whole.generation
        key = (of.task, of.question_id, of.protocol)
        known: dict[str, Grade | Confidence] = {**self._run.readings(*key).get(of.draw, {})}
        known |= {"grade": grade} if (grade := self._run.own_grades(*key).get(of.draw)) else {}
        known |= {_part(record): record for record in whole.records}
        return [replace(known[part], protocol=self._protocol.name) for part in sorted(parts & known.keys())]

    async def _again(
        self, question: Question, prompt: Prompt | AnswerOptions | None, generation: Generation
    ) -> Answered:
        """What a stored draw is read from."""
        if self._asker is None or prompt is None:
            parsed = await parsed_of(generation, self._protocol.scale, self._markup, self._graders)
            return answered_of(question, generation, parsed)
        return await self._asker.again(question, prompt, generation)


def _part(record: Grade | Confidence) -> str:
    return "grade" if isinstance(record, Grade) else record.method
