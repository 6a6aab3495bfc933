"""What is made of one generation: parts, confidences, grade. The model is there only for methods that need it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from calibench.backends._likelihoods import ScoredOptions
from calibench.backends.base import BaseBackend, LogLikelihood, Refused
from calibench.confidence.base import Answered, Method, Reading
from calibench.grading.drawn_answers import is_echo
from calibench.grading.pool import GradingPool
from calibench.prompting import protocols
from calibench.prompting.conversation import Prompt, Written
from calibench.prompting.languages.base import ENGLISH
from calibench.prompting.markup import Markup
from calibench.prompting.parsing import Parsed
from calibench.records import Confidence, Generation, Grade, Question
from calibench.tasks.base import AnswerOptions, Task, Verdict


async def parsed_of(generation: Generation, scale: str | None, markup: Markup | None, graders: GradingPool) -> Parsed:
    """The parts of a generation, by what the run file keeps of it; `scale` is that of its protocol, and `markup` what
    the run's checkpoint says about its reasoning."""
    return await graders.parsed(
        generation.text,
        reasoning_opened=generation.reasoning_opened,
        scale=scale,
        finish_reason=generation.finish_reason,
        markup=markup,
    )


def answered_of(question: Question, generation: Generation, parsed: Parsed) -> Answered:
    """What a method that needs no model reads."""
    return Answered(parsed, written=written_of(generation), problem=protocols.body(question))


def written_of(generation: Generation) -> Written:
    return Written(generation.text, generation.token_ids)


def likeliest(labels: Sequence[str], pairs: Sequence[tuple[str, str]], logprobs: Sequence[float]) -> Answered:
    """What a method reads of the option that wins, where log-likelihoods of options were computed elsewhere.

    Args:
        labels: what the grader is given of each option.
        pairs: the text before each option, and the option.
        logprobs: log-likelihood of each (nats).
    """
    scored = ScoredOptions(
        AnswerOptions(tuple(labels), tuple(pairs)), tuple(LogLikelihood(v, False) for v in logprobs), 0
    )
    parsed = Parsed(None, scored.winner(), 0, None, "missing", None, None, (), None, unclosed=False)
    return Answered(parsed, written=Written(scored.winner(), None), options=scored)


class GenerationReader:
    """Reads and grades generations.

    Args:
        methods: the confidence methods, by name; those over draws are read elsewhere (`running.over_draws`).
        graders: grade the answers, in processes of their own.
        backend: for the methods that need the model; None: those are not to be read.
        language: in which the prompts are.
    """

    def __init__(
        self,
        methods: Mapping[str, Method],
        graders: GradingPool,
        backend: BaseBackend | None = None,
        language: str = ENGLISH,
    ):
        self._language = language
        self._methods = methods
        self._graders = graders
        self._backend = backend

    async def made(
        self, task: Task, question: Question, generation: Generation, answered: Answered, parts: set[str]
    ) -> list[Grade | Confidence]:
        """The parts that are asked for: names of methods, and `grade`."""
        readings = [self.read(name, generation, answered) for name in sorted(parts - {"grade"})]
        grades = [self.grade(task, question, generation, answered.parsed)] if "grade" in parts else []
        return list(await asyncio.gather(*grades, *readings))

    async def read(self, name: str, generation: Generation, answered: Answered) -> Confidence:
        method = self._methods[name]
        assert method.read, "a method over draws reads no single one"
        if generation.error or answered.parsed.truncated:
            reading = Reading(None, "missing", None)
        elif method.needs_model:
            try:
                reading = await method.read(answered, self._backend)
            except Refused as refused:
                reading = Reading(None, "failed", str(refused))
        else:
            # The same evidence whether a model is there or not.
            reading = await method.read(answered._replace(prompt=Prompt(()), scores=None), None)
        return Confidence(**draw_key(generation), method=name, **reading._asdict())

    async def grade(
        self, task: Task, question: Question, generation: Generation, parsed: Parsed, given: Verdict | None = None
    ) -> Grade:
        """The grade of an answer; `given` is the grader's verdict where it is known already."""
        if generation.error:
            verdict = Verdict("failed", None, generation.error)
        elif question.question_id in task.broken_gold:
            verdict = Verdict("failed", None, f"published gold is broken: {task.broken_gold[question.question_id]}")
        elif parsed.truncated:
            verdict = Verdict("truncated", None, f"inside the {parsed.truncated}")
        else:
            answer = parsed.answer_text
            if given is None:
                given = await asyncio.wrap_future(self._graders.submit(task.name, question, answer))
            verdict = given
            if is_echo(task, question, generation.protocol, answer, verdict, self._language):
                verdict = Verdict("echoed", None, "repeats how to answer")
        return Grade(
            **draw_key(generation),
            answer=verdict.answer,
            outcome=verdict.outcome,
            grader=task.grader,
            detail=verdict.detail,
        )


def draw_key(generation: Generation) -> dict[str, Any]:
    return {name: getattr(generation, name) for name in ("task", "question_id", "protocol", "draw")}
