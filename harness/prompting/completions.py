"""What servers answer by the OpenAI protocol: the records of a completion, and the text that a model wrote.

Fields that a server may leave out have defaults; those that nobody reads here are left out.
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec

from calibench.prompting.markup import with_reasoning

TokenCount = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
_Byte = Annotated[int, msgspec.Meta(ge=0, le=255)]
LogProbability = Annotated[float, msgspec.Meta(le=1e-3)]
"""Natural; above 0 by rounding alone."""


class LikelyToken(msgspec.Struct):
    token: str
    logprob: LogProbability
    bytes: list[_Byte] | None = None

    def __post_init__(self) -> None:
        self.logprob = min(self.logprob, 0.0)


class WrittenToken(LikelyToken):
    top_logprobs: list[LikelyToken] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if math.fsum(math.exp(one.logprob) for one in self.top_logprobs or ()) > 1.01:
            raise ValueError("the probabilities of the likeliest tokens add up to more than 1")


class TokenLogprobs(msgspec.Struct):
    content: list[WrittenToken] | None = None


class ReplyMessage(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    """As `reasoning_content`, by another name."""

    @property
    def thought(self) -> str | None:
        """The reasoning that the server took out of the text."""
        return self.reasoning_content or self.reasoning

    @property
    def answer(self) -> str:
        return self.content or self.refusal or ""


class ServerChoice(msgspec.Struct):
    finish_reason: str | None = None
    message: ReplyMessage | None = None
    """Of a chat completion."""
    text: str | None = None
    """Of a plain completion."""
    logprobs: TokenLogprobs | None = None

    @property
    def reply(self) -> ReplyMessage:
        return self.message or ReplyMessage(self.text)


class TokenDetails(msgspec.Struct):
    cached_tokens: TokenCount | None = None
    reasoning_tokens: TokenCount | None = None


class TokenUsage(msgspec.Struct):
    prompt_tokens: TokenCount | None = None
    completion_tokens: TokenCount | None = None
    prompt_tokens_details: TokenDetails | None = None
    completion_tokens_details: TokenDetails | None = None

    @property
    def cached_tokens(self) -> int | None:
        return self.prompt_tokens_details.cached_tokens if self.prompt_tokens_details else None

    @property
    def reasoning_tokens(self) -> int | None:
        return self.completion_tokens_details.reasoning_tokens if self.completion_tokens_details else None


class ServerAnswer(msgspec.Struct):
    choices: list[ServerChoice]
    model: str | None = None
    usage: TokenUsage | None = None


def written(reply: ReplyMessage) -> str:
    """What the model wrote, reasoning included."""
    if reply.thought:
        return with_reasoning(reply.thought, reply.answer)
    before, closed, _ = reply.answer.partition("</think>")
    return f"<think>{reply.answer}" if closed and "<think>" not in before else reply.answer
