"""From one answer of an imported log to its records: generation, confidences and grade, by the rules of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

from msgspec.structs import replace

from calibench.analysis.questions import Posed
from calibench.confidence import base as confidence
from calibench.confidence.base import Answered
from calibench.errors import DataError
from calibench.exchange.readers.base import Logged
from calibench.grading.pool import GradingPool
from calibench.prompting import protocols
from calibench.prompting.markup import with_reasoning
from calibench.prompting.parsing import Parsed
from calibench.records import Confidence, Generation, Grade, Status
from calibench.running.reading import GenerationReader, answered_of, draw_key, likeliest, parsed_of

METHODS = _STATED, _OF_OPTIONS = ("stated", "choice_probability")
"""Those of a run that are read from what a log holds."""
_LOOKED_AT = 100
"""Texts that are looked through for a confidence that nobody asked to be read."""


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

    async def records(self, logged: Logged, posed: Posed, draw: int) -> list[Generation | Grade | Confidence]:
        """All that a run file keeps of the answer, but the question."""
        protocol = self.protocol_of(logged)
        key: dict[str, Any] = {
            "task": posed.question.task,
            "question_id": posed.question.question_id,
            "protocol": protocol,
            "draw": draw,
        }
        if logged.likelihoods:
            generation, answered, methods = self._chosen(logged, posed, key)
        else:
            generation = _written(logged, key)
            scale = protocols.scale_of(protocol)
            parsed = await parsed_of(generation, scale, None, self._graders)
            generation = replace(generation, reasoning=parsed.reasoning, **_tokens(logged, parsed))
            answered = answered_of(posed.question, generation, parsed)
            methods = [_STATED] if scale else []
            if not scale and self.overlooked.total() < _LOOKED_AT:
                seen = await parsed_of(generation, "percent", None, self._graders)
                self.overlooked[seen.confidence is not None] += 1
        found: list[Any] = [await self._reader.read(name, generation, answered) for name in methods]
        if logged.confidence_column is not None:
            status: Status = "missing" if logged.confidence is None else "ok"
            column = logged.confidence_column
            found.append(Confidence(**key, method=column, value=logged.confidence, status=status, raw=None))
        return [generation, await self._grade(logged, posed, generation, answered.parsed), *found]

    async def _grade(self, logged: Logged, posed: Posed, generation: Generation, parsed: Parsed) -> Grade:
        if posed.task is None:
            return _their_grade(logged, generation, parsed)
        grade = await self._reader.grade(posed.task, posed.question, generation, parsed)
        if logged.verdict is None or grade.outcome == "failed":
            return grade
        differs = (grade.outcome == "correct") != (logged.verdict == "correct")
        self.differing[posed.question.task, logged.judged_by or "", differs] += 1
        if not differs:
            return grade
        theirs = f"the log says {logged.verdict}" + (f" ({logged.judged_by})" if logged.judged_by else "")
        return replace(grade, detail="; ".join(filter(None, [grade.detail, theirs])))

    def _chosen(self, logged: Logged, posed: Posed, key: dict[str, Any]) -> tuple[Generation, Answered, Sequence[str]]:
        """The option that won, as a run under protocol `options` keeps it."""
        labels = _labels(logged, posed)
        pairs = [(logged.prompt or "", choice) for choice in logged.choices or labels]
        answered = likeliest(labels, pairs, logged.likelihoods)
        generation = Generation(
            **key, seed=None, prompt_tokens=logged.prompt_tokens, cached_tokens=None, reasoning_tokens=0,
            answer_tokens=0, finish_reason="stop", latency=logged.latency, reasoning_opened=False, reasoning=None,
            text=answered.parsed.answer_text, token_ids=None,
        )  # fmt: skip
        return generation, answered, [_OF_OPTIONS]


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
