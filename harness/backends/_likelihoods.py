"""The protocol `options`: the answer is chosen among given options by their log-likelihoods, and no text is generated.

What is scored is plain text, without chat template, as the `lm_eval` command scores by default: a context, and each
option as its continuation. A task's own options come from `Task.options`. Others are asked here: the question, its
lettered options if it has any, the task's instruction and "Answer:", continued by each letter or label.

The option with the highest log-likelihood wins, the first of equals; where a task counts lengths, the highest
log-likelihood per character or byte (lm-eval's `acc_norm` and `acc_bytes`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Sequence
from itertools import starmap
from typing import NamedTuple

from calibench.backends.base import BaseBackend, LogLikelihood, no_room, tokens_of
from calibench.tasks.base import AnswerOptions


class ScoredOptions(NamedTuple):
    """The options of one question with what the model makes of them."""

    options: AnswerOptions
    log_likelihoods: tuple[LogLikelihood, ...]
    prompt_tokens: int
    """Tokens of the longest context."""

    def values(self) -> list[float]:
        """The values that are compared: log-likelihoods (nats), per unit of length where the task counts lengths."""
        lengths = self.options.lengths or (1,) * len(self.log_likelihoods)
        return [scored.logprob / length for scored, length in zip(self.log_likelihoods, lengths, strict=True)]

    def winner(self) -> str:
        """The label of the option with the highest value; the first of equals."""
        values = self.values()
        return self.options.labels[values.index(max(values))]

    def probabilities(self) -> dict[str, float]:
        """Label -> softmax of the values that are compared, so that the winner has the highest."""
        values = self.values()
        weights = [math.exp(value - max(values)) for value in values]
        total = math.fsum(weights)
        return {label: weight / total for label, weight in zip(self.options.labels, weights, strict=True)}


class NotScored(NamedTuple):
    """Options that cannot be scored."""

    prompt_tokens: int
    reason: str


async def score(backend: BaseBackend, options: AnswerOptions) -> ScoredOptions | NotScored:
    """The log-likelihood of every option."""
    pairs = [tokens_of(backend).pair(*pair) for pair in options.pairs]
    longest = max(len(context) + len(continuation) for context, continuation in pairs)
    if full := no_room(longest, 0, backend.context):
        return NotScored(longest, full)
    if not all(continuation for _, continuation in pairs):
        return NotScored(longest, "an option has no token of its own")
    scored = await log_likelihoods(backend, pairs)
    return ScoredOptions(options, tuple(scored), max(len(context) for context, _ in pairs))


async def log_likelihoods(
    backend: BaseBackend, pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]
) -> list[LogLikelihood]:
    """Of each pair of prompt and continuation (token ids), with the continuations of one prompt asked for together."""
    slots = asyncio.Semaphore(backend.in_flight)
    by_prompt: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for prompt, continuation in pairs:
        by_prompt.setdefault(prompt, []).append(continuation)

    async def ask(prompt: tuple[int, ...], continuations: list[tuple[int, ...]]) -> Iterator[LogLikelihood]:
        async with slots:
            return iter(await backend.log_likelihoods(prompt, continuations))

    found = await asyncio.gather(*starmap(ask, by_prompt.items()))
    scored = dict(zip(by_prompt, found, strict=True))
    return [next(scored[prompt]) for prompt, _ in pairs]
