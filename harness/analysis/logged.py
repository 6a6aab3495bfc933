"""From one answer of an imported log to its records: generation, confidences and grade, by the rules of a run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any, NamedTuple

from msgspec.structs import replace

from calibench.analysis.questions import Posed
from calibench.confidence import base as confidence
from calibench.confidence.base import Answered
from calibench.errors import DataError
from calibench.exchange.readers.base import Logged
from calibench.grading.pool import GradingPool, TextToRead
from calibench.prompting import protocols
from calibench.prompting.markup import with_reasoning
from calibench.prompting.parsing import Parsed
from calibench.records import Confidence, Generation, Grade, Status
from calibench.running.reading import GenerationReader, answered_of, draw_key, likeliest, parsed_of
from calibench.tasks.base import Verdict

METHODS = _STATED, _OF_OPTIONS = ("stated", "choice_probability")
"""Those of a run that are read from what a log holds."""
_LOOKED_AT = 100
"""Texts that are looked through for a confidence that nobody asked to be read."""


class LoggedAnswer(NamedTuple):
    """An answer of a log, with the question that it belongs to."""

    logged: Logged
    posed: Posed
    draw: int


class _Begun(NamedTuple):
    generation: Generation
    scale: str | None
    """How its text states a confidence; None: it does not."""
    scored: Answered | None = None
    """The option that won, where none was written."""


class AnswerReader:
    """Reads answers of a log.

    Args:
        graders: parse and grade.
        protocol: the one whose prompts asked, where the user knows it; None: what the log says, else `LOGGED`.
        scale: how a confidence is stated in the texts of a log; None: it is not.
    """

    def __init__(self, graders: GradingPool, protocol: str | None, scale: str | None):
        self._graders = graders
        self._protocol = protocol
        self._logged = protocols.LOGGED[scale]
        methods = {name: confidence.load(name) for name in (_STATED, _OF_OPTIONS)}
        self._reader = GenerationReader(methods, graders)
        self.differing: Counter[tuple[str, str, bool]] = Counter()
        """(task, what gave the log's verdict, whether ours is another one) -> answers."""
        self.overlooked: Counter[bool] = Counter()
        """Whether a text states a percentage that is not read -> texts, of the first `_LOOKED_AT`."""

    def protocol_of(self, logged: Logged) -> str:
        return self._protocol or logged.protocol or self._logged

    async def records(self, answers: Sequence[LoggedAnswer]) -> list[list[Generation | Grade | Confidence]]:
        """All that a run file keeps of each answer, but the question."""
        begun = [self._begun(answer) for answer in answers]
        asked = [self._asked(of, answer) for of, answer in zip(begun, answers, strict=True) if of.scored is None]
        read = iter(await self._graders.read(asked) if asked else ())
        made = [
            self._complete(of, answer, *(next(read) if of.scored is None else (of.scored.parsed, None)))
            for of, answer in zip(begun, answers, strict=True)
        ]
        return await asyncio.gather(*made)  # some wait for a program that is run

    def _begun(self, answer: LoggedAnswer) -> _Begun:
        """The generation, as far as its text need not be read."""
        protocol = self.protocol_of(answer.logged)
        key: dict[str, Any] = {
            "task": answer.posed.question.task,
            "question_id": answer.posed.question.question_id,
            "protocol": protocol,
            "draw": answer.draw,
        }
        if answer.logged.likelihoods:
            return self._chosen(answer.logged, answer.posed, key)
        return _Begun(_written(answer.logged, key), protocols.scale_of(protocol))

    def _asked(self, of: _Begun, answer: LoggedAnswer) -> TextToRead:
        task = answer.posed.task
        graded = task and not task.finish and not of.generation.error
        return TextToRead(
            of.generation.text,
            {
                "reasoning_opened": of.generation.reasoning_opened,
                "scale": of.scale,
                "finish_reason": of.generation.finish_reason,
            },
            task.name if task and graded else None,
            answer.posed.question,
        )

    async def _complete(
        self, of: _Begun, answer: LoggedAnswer, parsed: Parsed, verdict: Verdict | None
    ) -> list[Generation | Grade | Confidence]:
        logged, posed, generation = answer.logged, answer.posed, of.generation
        if of.scored:
            answered, methods = of.scored, [_OF_OPTIONS]
        else:
            generation = replace(generation, reasoning=parsed.reasoning, **_tokens(logged, parsed))
            answered = answered_of(posed.question, generation, parsed)
            methods = [_STATED] if of.scale else []
            if not of.scale and self.overlooked.total() < _LOOKED_AT:
                seen = await parsed_of(generation, "percent", None, self._graders)
                self.overlooked[seen.confidence is not None] += 1
        found: list[Any] = [await self._reader.read(name, generation, answered) for name in methods]
        if logged.confidence_column is not None:
            status: Status = "missing" if logged.confidence is None else "ok"
            column = logged.confidence_column
            key = draw_key(generation)
            found.append(Confidence(**key, method=column, value=logged.confidence, status=status, raw=None))
        return [generation, await self._grade(logged, posed, generation, parsed, verdict), *found]

    async def _grade(
        self, logged: Logged, posed: Posed, generation: Generation, parsed: Parsed, verdict: Verdict | None
    ) -> Grade:
        if posed.task is None:
            return _their_grade(logged, generation, parsed)
        grade = await self._reader.grade(posed.task, posed.question, generation, parsed, verdict)
        if logged.verdict is None or grade.outcome == "failed":
            return grade
        differs = (grade.outcome == "correct") != (logged.verdict == "correct")
        self.differing[posed.question.task, logged.judged_by or "", differs] += 1
        if not differs:
            return grade
        theirs = f"the log says {logged.verdict}" + (f" ({logged.judged_by})" if logged.judged_by else "")
        return replace(grade, detail="; ".join(filter(None, [grade.detail, theirs])))

    def _chosen(self, logged: Logged, posed: Posed, key: dict[str, Any]) -> _Begun:
        """The option that won, as a run under protocol `options` keeps it."""
        labels = _labels(logged, posed)
        pairs = [(logged.prompt or "", choice) for choice in logged.choices or labels]
        answered = likeliest(labels, pairs, logged.likelihoods)
        generation = Generation(
            **key, seed=None, prompt_tokens=logged.prompt_tokens, cached_tokens=None, reasoning_tokens=0,
            answer_tokens=0, finish_reason="stop", latency=logged.latency, reasoning_opened=False, reasoning=None,
            text=answered.parsed.answer_text, token_ids=None,
        )  # fmt: skip
        return _Begun(generation, None, answered)


def _labels(logged: Logged, posed: Posed) -> Sequence[str]:
    """What a grader is given of each option."""
    n = len(logged.likelihoods)
    labels: Sequence[str] = ascii_uppercase[:n]
    if logged.asked is not None and posed.task is not None:
        labels = protocols.options_of(posed.task, posed.question).labels
    if len(labels) != n:
        raise DataError(f"{logged.place}: expected {len(labels)} log-likelihoods, one of each option, found {n}")
    return labels


def _written(logged: Logged, key: dict[str, Any]) -> Generation:
    """The generation, with what the log does not hold left out."""
    if logged.text is None and logged.error is None:
        raise DataError(f"{logged.place}: expected the text of an answer, found none")
    text = logged.text or ""
    if logged.reasoning:
        text = with_reasoning(logged.reasoning, text)  # so that one parser reads all texts
    failed = logged.error is not None
    return Generation(
        **key,
        seed=None,
        prompt_tokens=logged.prompt_tokens,
        cached_tokens=logged.cached_tokens,
        reasoning_tokens=None,
        answer_tokens=None,
        finish_reason="error" if failed else logged.finish,
        logprob=logged.logprob,
        latency=logged.latency,
        error=logged.error,
        reasoning_opened=False,
        reasoning=None,
        text="" if failed else text,
        token_ids=None,
    )


def _tokens(logged: Logged, parsed: Parsed) -> dict[str, int]:
    """Tokens of reasoning and answer, where the log's counts tell them apart."""
    reasoning = logged.reasoning_tokens if parsed.reasoning else 0
    if logged.output_tokens is None or reasoning is None or reasoning > logged.output_tokens:
        return {}
    return {"reasoning_tokens": reasoning, "answer_tokens": logged.output_tokens - reasoning}


def _their_grade(logged: Logged, generation: Generation, parsed: Parsed) -> Grade:
    """The log's verdict, of an answer that nothing here grades; what is seen to be cut is no wrong answer."""
    key = {**draw_key(generation), "grader": f"log {logged.judged_by or 'verdict'}"}
    if generation.error:
        return Grade(**key, answer=None, outcome="failed", detail=generation.error)
    if parsed.truncated and logged.verdict != "correct":
        return Grade(**key, answer=None, outcome="truncated", detail=f"inside the {parsed.truncated}")
    assert logged.verdict, "an answer that nothing grades has one"
    return Grade(**key, answer=logged.answer, outcome=logged.verdict)
