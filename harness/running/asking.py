"""Asks a model for one draw of a question: a text, or the likeliest of its options (`options`, `decision`)."""

from __future__ import annotations

import math
import time
from typing import Any, Literal, NamedTuple

from msgspec.structs import replace

from calibench.backends import _likelihoods
from calibench.backends.base import BaseBackend, Completion, Refused, TokenScores, no_room, tokens_of
from calibench.confidence.base import Answered
from calibench.errors import EngineError
from calibench.grading.pool import GradingPool
from calibench.prompting import budgets
from calibench.prompting.conversation import Prompt
from calibench.prompting.parsing import Parsed, states_answer
from calibench.prompting.protocols import Protocol, answer_cue, body, first_turn, line_cue, options_of
from calibench.records import Generation, Question, Sampling
from calibench.running import deciding
from calibench.running.config import RunConfig, seed_of
from calibench.running.reading import parsed_of, written_of
from calibench.tasks.base import AnswerOptions, Task

_FORCED_TOKENS = 64
"""Budget of an answer that is asked for by `force_answer`, or behind a reasoning that is cut."""
_LONG_FORCED_TOKENS = 512
"""The same, where it is a program, or stands in tags with more beside it."""
_REFUSALS = 20
"""So many refusals before any answer are no fault of the questions."""


class Cut(NamedTuple):
    """An answer behind a part of a reasoning."""

    generation: Generation
    answered: Answered
    tokens: int
    """That were generated for it."""


class Chain(NamedTuple):
    """Where the reasoning of an output stands: from token `first` to before token `last`."""

    first: int
    last: int
    marked: bool
    """It is a reasoning by its marks, which must be closed."""
    open_end: bool
    """The token limit ended it, so that its whole length is not known."""


class Asker:
    """Asks a started backend.

    Args:
        config: the run's seed, and whether an answer is asked for where an output comes to none.
        protocol: what is asked besides the question.
        sampling: how the next token is chosen, and which scores of tokens are asked for.
        backend: started.
        graders: parse what is long.
    """

    def __init__(
        self, config: RunConfig, protocol: Protocol, sampling: Sampling, backend: BaseBackend, graders: GradingPool
    ):
        self._config = config
        self._protocol = protocol
        self._sampling = sampling
        self._backend = backend
        self._graders = graders
        self._answers, self._refusals = False, 0

    def prompt(self, task: Task, question: Question) -> Prompt | AnswerOptions:
        if self._protocol.scores_options:
            return options_of(task, question, self._config.language)
        closed = self._protocol.asks_letter  # the letter is the first token of the reply
        turn = first_turn(question, task, self._protocol, self._config.language)
        return self._backend.chat.first(turn, self._config.system, closed=closed)

    async def ask(self, question: Question, prompt: Prompt | AnswerOptions, draw: int) -> tuple[Generation, Answered]:
        """A new generation, and what the methods read it from."""
        if isinstance(prompt, AnswerOptions):
            begin = time.monotonic()
            scored = await _likelihoods.score(self._backend, prompt)
            generation = self._chosen(question, scored, draw, time.monotonic() - begin)
            return generation, await self._answered(question, generation, options=_scored(scored))
        if self._protocol.asks_letter:
            generation, choice = await deciding.decided(self._backend, question, prompt, self._key(question, draw))
            return generation, await self._answered(question, generation, choice=choice)
        seed = None
        if self._sampling.temperature > 0:
            seed = seed_of(self._config.seed, question.task, question.question_id) + draw
        length = len(prompt.token_ids)
        reason = no_room(length, 1, self._backend.context)
        begin = time.monotonic()
        completion = None
        if reason is None:
            try:
                completion = await self._backend.complete(prompt, self._sampling, seed)
                self._answers = True
                if self._config.force_answer:
                    completion = await self._with_answer(question, prompt, completion, seed)
            except Refused as refused:
                reason = self._told(str(refused))
        if completion is None:
            key = self._key(question, draw)
            generation = deciding.nothing(key, seed, length or None, prompt.reasoning_opened, reason)
            return generation, await self._answered(question, generation, prompt=prompt)
        latency = time.monotonic() - begin
        generation, parsed = await self._generation(question, prompt, draw, seed, completion, latency)
        answered = Answered(parsed, prompt, written_of(generation), completion.scores, problem=body(question))
        return generation, answered

    def _told(self, reason: str) -> str:
        """The reason of a refusal, as long as others are answered."""
        self._refusals += 1
        if not self._answers and self._refusals >= _REFUSALS:
            raise EngineError(f"the first {_REFUSALS} requests were refused, and none was answered: {reason}")
        return reason

    async def again(self, question: Question, prompt: Prompt | AnswerOptions, generation: Generation) -> Answered:
        """What methods that need the model read a stored generation from; its tokens' scores are not stored."""
        if isinstance(prompt, AnswerOptions):
            scored = await _likelihoods.score(self._backend, prompt)
            return await self._answered(question, generation, options=_scored(scored))
        if self._protocol.asks_letter:
            _, choice = await deciding.decided(self._backend, question, prompt, self._key(question, generation.draw))
            return await self._answered(question, generation, choice=choice)
        return await self._answered(question, generation, prompt=prompt)

    async def _answered(self, question: Question, generation: Generation, **further: Any) -> Answered:
        parsed = await parsed_of(generation, self._protocol.scale, self._backend.chat.markup, self._graders)
        return Answered(parsed, written=written_of(generation), problem=body(question), **further)

    async def _generation(
        self, question: Question, prompt: Prompt, draw: int, seed: int | None, completion: Completion, latency: float
    ) -> tuple[Generation, Parsed]:
        parsed = await self._read(prompt, completion)
        reasoning_tokens, answer_tokens = self._tokens(completion, parsed.answer_start)
        generation = Generation(
            **self._key(question, draw),
            seed=seed,
            prompt_tokens=len(prompt.token_ids) or completion.prompt_tokens,
            cached_tokens=completion.cached_tokens,
            reasoning_tokens=reasoning_tokens,
            answer_tokens=answer_tokens,
            finish_reason=_finish_reason(completion),
            logprob=completion.scores and min(math.fsum(completion.scores.logprobs), 0.0),  # above it by rounding
            latency=latency,
            reasoning_opened=prompt.reasoning_opened,
            reasoning=parsed.reasoning,
            text=completion.text,
            token_ids=completion.token_ids,
        )
        return generation, parsed

    def _tokens(self, completion: Completion, answer_start: int) -> tuple[int | None, int | None]:
        """Of the reasoning, and of the answer with the end of the turn."""
        if completion.token_ids is not None:
            reasoning = tokens_of(self._backend).token_of(completion.token_ids, answer_start)
            return reasoning, len(completion.token_ids) - reasoning + completion.ended
        counted = completion.reasoning_tokens if answer_start else 0
        if counted is None or completion.output_tokens is None:
            return counted, None
        return counted, completion.output_tokens - counted

    async def _read(self, prompt: Prompt, completion: Completion) -> Parsed:
        return await self._graders.parsed(
            completion.text,
            reasoning_opened=prompt.reasoning_opened,
            scale=self._protocol.scale,
            finish_reason=_finish_reason(completion),
            markup=self._backend.chat.markup,
        )

    async def _with_answer(
        self, question: Question, prompt: Prompt, completion: Completion, seed: int | None
    ) -> Completion:
        """What the model writes on when its output comes to no answer: reasoning closed, and `Answer:` put there.

        In the place of the format repair of EpiCaR (arXiv 2601.06786), whose trigger and words are not published.
        """
        parsed = await self._read(prompt, completion)
        if question.tests or (not parsed.truncated and states_answer(parsed.answer_text)):
            return completion
        chat, written = tokens_of(self._backend), completion.token_ids
        assert written is not None, "--force-answer needs token_ids"
        begun = chat.answer_begun(prompt.token_ids, written, parsed.unclosed, line_cue(self._config.language))
        room = len(written)
        if self._backend.context is not None:
            room = self._backend.context - len(prompt.token_ids) - len(begun) - _FORCED_TOKENS
        if room <= 0:
            return completion
        output = (*written[:room], *begun)
        forced = await self._backend.complete(
            Prompt((*prompt.token_ids, *output), messages=prompt.messages),
            self._sampling._replace(max_tokens=_FORCED_TOKENS),
            seed,
        )
        whole = (*output, *(forced.token_ids or ()))
        return Completion(chat.decode(whole), whole, forced.ended, completion.cached_tokens)

    async def chain(self, question: Question, prompt: Prompt, whole: Generation) -> Chain:
        """The reasoning of a generation whose token ids are known."""
        if whole.token_ids is None:  # it failed
            return Chain(0, 0, marked=False, open_end=True)
        parsed = (await self._answered(question, whole)).parsed
        chat = tokens_of(self._backend)
        start, end = budgets.chain(whole.text, parsed, chat.markup) or (0, len(whole.text))
        first, last = (chat.token_of(whole.token_ids, place) for place in (start, end))
        return Chain(first, last, parsed.answer_start > 0, parsed.truncated is not None)

    async def cut(self, question: Question, prompt: Prompt, whole: Generation, chain: Chain) -> Cut | None:
        """What the model answers behind a part of its reasoning; None where the protocol's budget cuts nothing.

        A share of a reasoning whose end is not known is not known either, and cuts nothing.
        """
        length, budget = chain.last - chain.first, self._protocol.budget
        assert budget is not None, "the protocol has a budget"
        kept = budget.kept(length)
        if whole.token_ids is None or kept >= length or (chain.open_end and budget.percent):
            return None
        chat, written = tokens_of(self._backend), whole.token_ids[: chain.first + kept]
        program = bool(question.tests)
        cue = answer_cue(self._protocol, program, self._config.language)
        output = (*written, *chat.answer_begun(prompt.token_ids, written, chain.marked, cue))
        room = _FORCED_TOKENS if cue == line_cue(self._config.language) else _LONG_FORCED_TOKENS
        begin = time.monotonic()
        reason = no_room(len(prompt.token_ids) + len(output), 1, self._backend.context)
        forced = None
        if reason is None:
            try:
                forced = await self._backend.complete(
                    Prompt((*prompt.token_ids, *output), messages=prompt.messages),
                    self._sampling._replace(max_tokens=room), whole.seed,
                )  # fmt: skip
            except Refused as refused:
                reason = self._told(str(refused))
        key = self._key(question, whole.draw)
        if forced is None:
            generation = deciding.nothing(key, whole.seed, len(prompt.token_ids), prompt.reasoning_opened, reason)
            return Cut(generation, await self._answered(question, generation, prompt=prompt), 0)
        ids = (*output, *(forced.token_ids or ()))
        scores = _behind(len(output), forced.scores)
        completion = Completion(chat.decode(ids), ids, forced.ended, forced.cached_tokens, scores)
        latency = time.monotonic() - begin
        generation, parsed = await self._generation(question, prompt, whole.draw, whole.seed, completion, latency)
        answered = Answered(parsed, prompt, written_of(generation), scores, problem=body(question))
        return Cut(replace(generation, logprob=None), answered, len(ids) - len(output) + forced.ended)

    def _chosen(
        self, question: Question, scored: _likelihoods.ScoredOptions | _likelihoods.NotScored, draw: int, latency: float
    ) -> Generation:
        key = self._key(question, draw)
        if isinstance(scored, _likelihoods.NotScored):
            return deciding.nothing(key, None, scored.prompt_tokens, False, scored.reason)
        return Generation(
            **key,
            seed=None,
            prompt_tokens=scored.prompt_tokens,
            cached_tokens=None,
            reasoning_tokens=0,
            answer_tokens=0,
            finish_reason="stop",
            latency=latency,
            reasoning_opened=False,
            reasoning=None,
            text=scored.winner(),
            token_ids=(),
        )

    def _key(self, question: Question, draw: int) -> dict[str, Any]:
        return {
            "task": question.task,
            "question_id": question.question_id,
            "protocol": self._protocol.name,
            "draw": draw,
        }


def _scored(scored: _likelihoods.ScoredOptions | _likelihoods.NotScored) -> _likelihoods.ScoredOptions | None:
    return scored if isinstance(scored, _likelihoods.ScoredOptions) else None


def _behind(given: int, scores: TokenScores | None) -> TokenScores | None:
    """The scores of tokens behind others that were given, which are certain."""
    if scores is None:
        return None
    certain = (0.0,) * given
    return TokenScores(certain + scores.logprobs, scores.entropies and certain + scores.entropies)


def _finish_reason(completion: Completion) -> Literal["stop", "length"]:
    return "stop" if completion.ended else "length"
