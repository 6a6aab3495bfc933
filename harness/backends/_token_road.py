"""The tokens road to a server: prompts are token ids of a tokenizer that is here, as vLLM's `/completions` takes them.

What is said is then rendered and cut by token, as on the machine: follow-ups continue exact ids, and given tokens and
continuations have probabilities. The parameters are vLLM's additions to the protocol.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from calibench.backends._reasoning import declared_markup
from calibench.backends._scoring import by_last_token, entropy
from calibench.backends.base import TOP_TOKENS, Completion, LogLikelihood, Refused, TokenScores
from calibench.errors import CapabilityError, ModelError
from calibench.model import reading
from calibench.prompting.chat import ChatFormat
from calibench.prompting.completions import LogProbability, TokenCount, TokenUsage
from calibench.prompting.conversation import Prompt
from calibench.records import Sampling

_MOST_TOKENS = 128
"""Given tokens of a request, as vLLM takes them."""
_ID = "token_id:"
_PROBE = "Is 12 + 7 = 19? Yes: na\u00efve, but right."
"""Tokenizers that write it in the same tokens are taken for the same."""
_GREEDY = Sampling(0.0, 1.0, 1)


class _Scored(msgspec.Struct):
    token_logprobs: list[LogProbability | None]
    top_logprobs: list[dict[str, LogProbability] | None] | None = None


class _PromptToken(msgspec.Struct):
    logprob: LogProbability
    rank: int | None = None


class _Continued(msgspec.Struct):
    finish_reason: str
    token_ids: list[TokenCount]
    """With that of the end of the turn."""
    prompt_token_ids: list[int]
    logprobs: _Scored | None = None
    prompt_logprobs: list[dict[str, _PromptToken] | None] | None = None


class ContinuedAnswer(msgspec.Struct):
    choices: list[_Continued]
    model: str | None = None
    usage: TokenUsage | None = None


class _Untyped(msgspec.Struct):
    choices: list[dict[str, Any]]


_decode = msgspec.json.Decoder(ContinuedAnswer).decode
Ask = Callable[[dict[str, Any], str, Callable[[bytes], ContinuedAnswer]], Awaitable[ContinuedAnswer]]
"""Body, whose conversation it is, and what reads the answer -> the answer."""


def chat_format(place: str, thinking: str) -> ChatFormat:
    """Of the checkpoint whose tokenizer lies in that folder, or has that hub id.

    Raises:
        ModelError: there is none.
    """
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    with reading("tokenizer", place):
        tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
    with reading("configuration", place):
        model_type = AutoConfig.from_pretrained(place, trust_remote_code=False).model_type
    try:
        declared = GenerationConfig.from_pretrained(place, trust_remote_code=False).eos_token_id
    except OSError:  # it has no such file
        declared = None
    ends = declared if isinstance(declared, list) else [] if declared is None else [declared]
    return ChatFormat(tokenizer, thinking, ends, declared_markup(tokenizer, model_type))


class TokenRoad:
    """Asks servers to continue token ids.

    Args:
        chat: has the tokenizer.
        ask: sends a body to one of the servers.
    """

    def __init__(self, chat: ChatFormat, ask: Ask):
        self._chat = chat
        self._ask = ask

    async def learn(self) -> str | None:
        """Makes sure that servers continue token ids, and of this tokenizer; what they answer as.

        Raises:
            CapabilityError: they do not.
            ModelError: their tokenizer is another one.
        """
        try:
            answer = await self._ask({**self._body((), _GREEDY, None), "prompt": _PROBE}, "start", _first)
        except Refused as refused:
            raise CapabilityError(
                f"the server does not continue token ids as vLLM's does ({refused}); leave --engine tokenizer out"
            ) from refused
        ours = self._chat.tokenizer.encode(_PROBE, add_special_tokens=False)
        if answer.choices[0].prompt_token_ids != ours:
            raise ModelError("--engine tokenizer: the server's tokenizer writes another text in other tokens")
        return answer.model

    def _body(self, prompt: Sequence[int], sampling: Sampling, seed: int | None) -> dict[str, Any]:
        return {
            "prompt": list(prompt),
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "min_p": sampling.min_p,
            "presence_penalty": sampling.presence_penalty,
            "repetition_penalty": sampling.repetition_penalty,
            "stop_token_ids": sorted(self._chat.ends),
            "add_special_tokens": False,
            "return_token_ids": True,
            "return_tokens_as_token_ids": True,
            **({} if seed is None else {"seed": seed}),
        }

    async def _answer(self, body: dict[str, Any], of: str | None) -> ContinuedAnswer:
        return await self._ask(body, of or "", _whole)

    async def complete(self, prompt: Prompt, sampling: Sampling, seed: int | None, context: int | None) -> Completion:
        """As `BaseBackend.complete`."""
        if context is not None:
            sampling = sampling._replace(max_tokens=min(sampling.max_tokens, context - len(prompt.token_ids)))
        body = self._body(prompt.token_ids, sampling, seed)
        if sampling.log_probabilities:
            body["logprobs"] = TOP_TOKENS if sampling.entropies else 0
        answer = await self._answer(body, prompt.conversation)
        choice, usage = answer.choices[0], answer.usage or TokenUsage()
        if choice.finish_reason not in ("stop", "length"):
            raise Refused(f"the server ended the answer by {choice.finish_reason[:100]!r}")
        ended = choice.finish_reason == "stop"
        ids = tuple(choice.token_ids[:-1] if ended else choice.token_ids)
        scores = _scores(choice, sampling.entropies) if sampling.log_probabilities else None
        return Completion(self._chat.decode(ids), ids, ended, usage.cached_tokens, scores)

    async def token_probabilities(
        self, prompt: Sequence[int], tokens: Sequence[int]
    ) -> tuple[dict[int, float], int | None]:
        """As `BaseBackend.token_probabilities`."""
        found: dict[int, float] = {}
        cached = None
        for i in range(0, len(tokens), _MOST_TOKENS):
            asked = sorted(tokens[i : i + _MOST_TOKENS])
            answer = await self._answer(self._given(prompt, asked), None)
            found |= {token: math.exp(logprob) for token, logprob in _first_step(answer, asked).items()}
            cached = (answer.usage or TokenUsage()).cached_tokens
        return found, cached

    def _given(self, prompt: Sequence[int], tokens: Sequence[int]) -> dict[str, Any]:
        return self._body(prompt, _GREEDY, None) | {"logprobs": 0, "logprob_token_ids": list(tokens)}

    async def log_likelihoods(
        self, prompt: Sequence[int], continuations: Sequence[Sequence[int]]
    ) -> list[LogLikelihood]:
        """As `BaseBackend.log_likelihoods`."""

        async def score(head: tuple[int, ...], last: Sequence[int]) -> dict[int, LogLikelihood]:
            body = self._given([*prompt, *head], sorted(last))
            answer = await self._answer(body | ({"prompt_logprobs": 0} if head else {}), None)
            choice = answer.choices[0]
            steps = (choice.prompt_logprobs or [])[len(prompt) :] if head else []
            if len(steps) != len(head):
                raise Refused("the server gave no log-probabilities of the prompt")
            of_head = [_of_prompt(step or {}, token) for step, token in zip(steps, head, strict=True)]
            total, greedy = math.fsum(min(one.logprob, 0.0) for one in of_head), all(one.rank == 1 for one in of_head)
            behind = _first_step(answer, last)
            return {
                token: LogLikelihood(total + behind[token], greedy and choice.token_ids[:1] == [token])
                for token in last
            }

        return await by_last_token(continuations, _MOST_TOKENS, score)


def _whole(answer: bytes) -> ContinuedAnswer:
    found = _decode(answer)
    if not found.choices:
        raise ValueError("it has no choices")
    return found


def _first(answer: bytes) -> ContinuedAnswer:
    """As `_whole`; Refused where an answer without token ids shows that the server gives none."""
    choices = msgspec.json.decode(answer, type=_Untyped).choices
    if choices and "token_ids" not in choices[0]:
        raise Refused("its answers hold no token ids")
    return _whole(answer)


def _first_step(answer: ContinuedAnswer, tokens: Sequence[int]) -> dict[int, float]:
    """The log-probability (nats) of each of the tokens as the first that is written."""
    scored = answer.choices[0].logprobs
    step = scored.top_logprobs[0] if scored and scored.top_logprobs else None
    found = {token: (step or {}).get(f"{_ID}{token}") for token in tokens}
    if lacking := [token for token, value in found.items() if value is None]:
        raise Refused(f"the server gave no log-probability of the token {lacking[0]}")
    return {token: min(value, 0.0) for token, value in found.items() if value is not None}


def _of_prompt(step: dict[str, _PromptToken], token: int) -> _PromptToken:
    if (found := step.get(str(token))) is None:
        raise Refused(f"the server gave no log-probability of the token {token} of the prompt")
    return found


def _scores(choice: _Continued, entropies: bool) -> TokenScores:
    scored = choice.logprobs
    if scored is None or None in scored.token_logprobs or len(scored.token_logprobs) != len(choice.token_ids):
        raise Refused("the server gave no log-probabilities")
    written = tuple(min(value, 0.0) for value in scored.token_logprobs if value is not None)
    if not entropies:
        return TokenScores(written, None)
    steps = [sorted((step or {}).values(), reverse=True)[:TOP_TOKENS] for step in scored.top_logprobs or ()]
    if len(steps) != len(written):
        raise Refused("the server gave no likeliest tokens")
    return TokenScores(written, tuple(map(entropy, steps)))
