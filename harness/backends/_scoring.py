"""What backends that get log-probabilities of tokens make of them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence

from calibench.backends.base import LogLikelihood

Head = tuple[int, ...]


async def by_last_token(
    continuations: Sequence[Sequence[int]],
    most: int,
    score: Callable[[Head, Sequence[int]], Awaitable[dict[int, LogLikelihood]]],
) -> list[LogLikelihood]:
    """Of each continuation, by an engine that always generates a token: what differs in the last token alone is one
    request.

    Args:
        continuations: token ids, at least one each.
        most: last tokens of one request.
        score: of a head and each of some last tokens behind it; the head may be empty.
    """
    last_tokens: dict[Head, list[int]] = {}
    for *head, last in dict.fromkeys(map(tuple, continuations)):
        last_tokens.setdefault(tuple(head), []).append(last)
    requests = [(head, last[i : i + most]) for head, last in last_tokens.items() for i in range(0, len(last), most)]
    scored = await asyncio.gather(*(score(head, last) for head, last in requests))
    of_all = {
        (*head, token): one
        for (head, _), of_last in zip(requests, scored, strict=True)
        for token, one in of_last.items()
    }
    return [of_all[tuple(continuation)] for continuation in continuations]


def entropy(logprobs: Iterable[float]) -> float:
    """Of the likeliest tokens at one position, and the rest taken as one more (nats)."""
    likely = [math.exp(logprob) for logprob in logprobs]
    return -math.fsum(p * math.log(p) for p in [*likely, max(0.0, 1.0 - math.fsum(likely))] if p > 0)
