"""Asks a model for one draw of a question: a text, or under the protocol `options` the likeliest of the options."""

from __future__ import annotations

import math
import time
from typing import Any, Literal

from calibench.backends import _likelihoods
from calibench.backends.base import BaseBackend, Completion
from calibench.confidence.base import Answered
from calibench.grading.pool import GradingPool
from calibench.prompting.chat import Prompt
from calibench.prompting.parsing import Parsed, states_answer
from calibench.prompting.protocols import Protocol, body, first_turn, options_of
from calibench.records import Generation, Question, Sampling
from calibench.running.config import RunConfig, seed_of
from calibench.running.judging import parsed_of
from calibench.tasks.base import AnswerOptions, Task

_FORCED_TOKENS = 64
"""Budget of an answer that is asked for by `force_answer`."""


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

    def prompt(self, task: Task, question: Question) -> Prompt | AnswerOptions:
        if self._protocol.scores_options:
            return options_of(task, question)
        return self._backend.chat.first(first_turn(question, task, self._protocol), self._config.system)

    async def ask(self, question: Question, prompt: Prompt | AnswerOptions, draw: int) -> tuple[Generation, Answered]:
        """A new generation, and what the methods read it from."""
        if isinstance(prompt, AnswerOptions):
            begin = time.monotonic()
            scored = await _likelihoods.score(self._backend, prompt)
            generation = self._chosen(question, scored, draw, time.monotonic() - begin)
            return generation, await self._answered(question, generation, options=_scored(scored))
        seed = None
        if self._sampling.temperature > 0:
            seed = seed_of(self._config.seed, question.task, question.question_id) + draw
        length = len(prompt.token_ids)
        if length >= self._backend.context:
            reason = f"prompt of {length} tokens leaves no room in a context of {self._backend.context}"
            generation = _nothing(self._key(question, draw), seed, length, prompt.reasoning_opened, reason)
            return generation, await self._answered(question, generation, prompt=prompt.token_ids)
        begin = time.monotonic()
        completion = await self._backend.complete(prompt.token_ids, self._sampling, seed)
        if self._config.force_answer:
            completion = await self._with_answer(question, prompt, completion, seed)
        latency = time.monotonic() - begin
        generation, parsed = await self._generation(question, prompt, draw, seed, completion, latency)
        answered = Answered(parsed, prompt.token_ids, completion.token_ids, completion.scores, problem=body(question))
        return generation, answered

    async def again(self, question: Question, prompt: Prompt | AnswerOptions, generation: Generation) -> Answered:
        """What methods that need the model read a stored generation from; its tokens' scores are not stored."""
        if isinstance(prompt, AnswerOptions):
            scored = await _likelihoods.score(self._backend, prompt)
            return await self._answered(question, generation, options=_scored(scored))
        return await self._answered(question, generation, prompt=prompt.token_ids)

    async def _answered(self, question: Question, generation: Generation, **further: Any) -> Answered:
        parsed = await parsed_of(generation, self._protocol.scale, self._backend.chat.markup, self._graders)
        fields = {"prompt": (), "output": generation.token_ids or (), "problem": body(question), **further}
        return Answered(parsed, **fields)

    async def _generation(
        self, question: Question, prompt: Prompt, draw: int, seed: int | None, completion: Completion, latency: float
    ) -> tuple[Generation, Parsed]:
        text, parsed = await self._read(prompt, completion)
        reasoning_tokens = self._backend.chat.token_of(completion.token_ids, parsed.answer_start)
        generation = Generation(
            **self._key(question, draw),
            seed=seed,
            prompt_tokens=len(prompt.token_ids),
            cached_tokens=completion.cached_tokens,
            reasoning_tokens=reasoning_tokens,
            answer_tokens=len(completion.token_ids) - reasoning_tokens + completion.ended,
            finish_reason=_finish_reason(completion),
            logprob=completion.scores and math.fsum(completion.scores.logprobs),
            latency=latency,
            reasoning_opened=prompt.reasoning_opened,
            reasoning=parsed.reasoning,
            text=text,
            token_ids=completion.token_ids,
        )
        return generation, parsed

    async def _read(self, prompt: Prompt, completion: Completion) -> tuple[str, Parsed]:
        text = self._backend.chat.decode(completion.token_ids)
        return text, await self._graders.parsed(
            text,
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
        _, parsed = await self._read(prompt, completion)
        if question.tests or (not parsed.truncated and states_answer(parsed.answer_text)):
            return completion
        begun = self._backend.chat.answer_begun(prompt.token_ids, completion.token_ids, parsed.unclosed)
        room = self._backend.context - len(prompt.token_ids) - len(begun) - _FORCED_TOKENS
        if room <= 0:
            return completion
        output = (*completion.token_ids[:room], *begun)
        forced = await self._backend.complete(
            (*prompt.token_ids, *output), self._sampling._replace(max_tokens=_FORCED_TOKENS), seed
        )
        return Completion((*output, *forced.token_ids), forced.ended, completion.cached_tokens)

    def _chosen(
        self, question: Question, scored: _likelihoods.ScoredOptions | _likelihoods.NotScored, draw: int, latency: float
    ) -> Generation:
        key = self._key(question, draw)
        if isinstance(scored, _likelihoods.NotScored):
            return _nothing(key, None, scored.prompt_tokens, False, scored.reason)
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


def _finish_reason(completion: Completion) -> Literal["stop", "length"]:
    return "stop" if completion.ended else "length"


def _nothing(
    key: dict[str, Any], seed: int | None, prompt_tokens: int, reasoning_opened: bool, reason: str
) -> Generation:
    """What is stored of a draw that could not be asked for."""
    return Generation(
        **key, seed=seed, prompt_tokens=prompt_tokens, cached_tokens=None, reasoning_tokens=None, answer_tokens=None,
        finish_reason="error", latency=None, reasoning_opened=reasoning_opened, reasoning=None, text="",
        token_ids=None, error=reason,
    )  # fmt: skip
