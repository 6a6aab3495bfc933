"""openai: a model that servers hold behind the OpenAI protocol: vLLM's, SGLang's, llama.cpp's, a provider's.

`--backend openai --base-url URL[,URL...] MODEL`, where MODEL is the name that the servers give it. Questions are chat
completions, which the server renders by the model's own template; one request gives one whole answer. How the model is
told to sample is said in full, as a server's defaults are its own. What a server can do is asked of it by one token at
the start: whether it takes the parameters that vLLM added to the protocol, and gives log-probabilities. With
`--engine tokenizer=DIR` the prompts are token ids instead, as on the machine: see `calibench.backends._token_road`.

A reasoning that the server returns apart is put back before its answer, between tags. The key is read from
OPENAI_API_KEY, or from the variable that `--engine api_key_env=NAME` names, and stands in no file.
"""

from __future__ import annotations

import asyncio
import codecs
import itertools
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from calibench.backends import _llama_cpp
from calibench.backends._scoring import entropy
from calibench.backends._servers import Servers
from calibench.backends._token_road import ContinuedAnswer, TokenRoad, chat_format
from calibench.backends.base import (
    TOP_TOKENS,
    BaseBackend,
    Choice,
    Completion,
    LogLikelihood,
    Refused,
    TokenScores,
)
from calibench.errors import CapabilityError, EngineError, InputError, ModelError, secrets, unknown_name
from calibench.model import ServedModel
from calibench.prompting.completions import (
    ServerAnswer,
    ServerChoice,
    TokenLogprobs,
    TokenUsage,
    WrittenToken,
    written,
)
from calibench.prompting.conversation import Prompt
from calibench.prompting.messages import MessageFormat
from calibench.records import Sampling

_Length = Annotated[int, msgspec.Meta(ge=1)]


class _OfModel(msgspec.Struct):
    n_ctx: _Length | None = None
    """As `max_model_len`, of llama.cpp."""


class _Served(msgspec.Struct):
    id: str
    max_model_len: _Length | None = None
    root: str | None = None
    owned_by: str | None = None
    """Which kind of server it is, as vLLM and llama.cpp have it."""
    meta: _OfModel | None = None


class _Models(msgspec.Struct):
    data: list[_Served]


class _Options(msgspec.Struct, forbid_unknown_fields=True):
    """What `--engine` may say."""

    base_url: list[str] | str = []
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = 256
    """Requests at a time per server, at most."""
    timeout: float = 1800.0
    """Seconds for one whole answer."""
    patience: float = 600.0
    """Seconds without any answer, before the run ends."""
    tokenizer: str | None = None
    """Folder or hub id of the checkpoint's tokenizer: prompts are token ids, which the server continues."""


_CHAT = frozenset({"sampling", "follow_up"})
_SCORES = frozenset({"label_probabilities", "log_probabilities"})
_TOKENS = frozenset({"token_ids", "token_probabilities", "log_likelihoods"})
_LOGPROBS = (TOP_TOKENS, 5, None)
"""Likeliest tokens per position to ask for, as a server takes them; None: it gives no log-probabilities."""
_ADDED = {
    "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "skip_special_tokens": False,
    "spaces_between_special_tokens": False,
}  # fmt: skip
"""Parameters that vLLM added to the protocol and others took over, as a model is asked without them."""
_CHARACTERS_OF_A_TOKEN = 256
"""Of the longest, which write spaces: a text that has more did not keep to the tokens that were asked for."""
_decode = msgspec.json.Decoder(ServerAnswer).decode


class Backend(BaseBackend):
    """Servers of one model; `engine_options` are the fields of `_Options`."""

    capabilities = _CHAT | _SCORES | _TOKENS
    reserved_options: ClassVar[frozenset[str]] = frozenset()
    neutral_options = frozenset(_Options.__struct_fields__)  # a template is compared by what it says

    @classmethod
    def option_names(cls) -> frozenset[str] | None:
        return frozenset(_Options.__struct_fields__)

    @classmethod
    def identify(cls, model: str, tell: Any = None, *, trust_remote_code: bool = False) -> ServedModel:
        return ServedModel(model)

    def __init__(self, model: str, engine_options: Mapping[str, Any], thinking: str, log: Path):
        self._model = model
        given = {name: value for name, value in engine_options.items() if name != "trust_remote_code"}
        try:
            options = msgspec.convert(given, _Options, strict=False)
        except msgspec.MsgspecError as error:
            raise InputError(f"--engine, backend openai: {error}") from None
        key = os.environ.get(options.api_key_env) or None
        secrets.remember({"api_key": key} if key else {})
        urls = [options.base_url] if isinstance(options.base_url, str) else options.base_url
        urls = [_address(url) for url in urls or [os.environ.get("OPENAI_BASE_URL", "")]]
        if min(options.concurrency, options.timeout, options.patience) <= 0:
            raise InputError("--engine concurrency, timeout, patience: expected numbers above 0")
        self._servers = Servers(urls, key, options.concurrency, options.timeout, options.patience, log)
        self._options = options
        self.in_flight = options.concurrency * len(urls)
        self.chat = self._turns = MessageFormat(thinking)
        self._road: TokenRoad | None = None
        self.context = None
        self._served: dict[str, Any] = {}
        self._answers_as: str | None = None
        self._added: dict[str, Any] = {}
        self._likeliest: int | None = None
        self._limit_name = "max_tokens"
        self._opens_reasoning = False

    async def start(self) -> None:
        await self._servers.open()
        for url in self._servers.urls:
            self._found(await self._models(url), url)
        if self._options.tokenizer is None:
            await self._learn()
            return
        self.chat = chat = await asyncio.to_thread(chat_format, self._options.tokenizer, self._turns.thinking)
        self._road = TokenRoad(chat, self._continued)
        self._answers_as = await self._road.learn()
        self.capabilities = _CHAT | _SCORES | _TOKENS

    async def close(self) -> None:
        await self._servers.close()

    def describe(self) -> dict:
        options = {name: value for name, value in msgspec.structs.asdict(self._options).items() if name != "base_url"}
        return {
            "engine": "openai",
            "version": None,
            "device": None,
            "dtype": None,
            "quantization": None,
            "context": self.context,
            "served": self._served | {"answers_as": self._answers_as},
            "options": {**options, "servers": self._servers.urls},
        }

    async def _models(self, url: str) -> list[_Served] | None:
        """What the server says it has; None where it does not say."""
        try:
            return (await self._servers.get(url, "/models", _Models)).data
        except Refused:
            return None

    def _found(self, models: list[_Served] | None, url: str) -> None:
        if models is None:
            return
        of_name = next((one for one in models if one.id == self._model), None)
        if of_name is None:
            raise ModelError(f"{secrets.masked(url)}: {unknown_name('model', self._model, [m.id for m in models])}")
        context = of_name.max_model_len or (of_name.meta or _OfModel()).n_ctx
        stated = {**msgspec.structs.asdict(of_name), "max_model_len": context, "meta": None}
        about = {name: value for name, value in stated.items() if value is not None}
        if self._served and about != self._served:
            raise ModelError(f"{secrets.masked(url)}: expected {self._served} as on the first server, found {about}")
        self._served, self.context = about, context

    @property
    def _is_llama_cpp(self) -> bool:
        return self._served.get("owned_by") == _llama_cpp.OWNER

    async def _learn(self) -> None:
        """Asks for one token in the ways that servers differ in, the richest first."""
        prompt = self.chat.first("1")
        if self._is_llama_cpp:
            self._opens_reasoning = await _llama_cpp.opens_reasoning(self._servers, self._turn(prompt))
        refusal: Refused | None = None
        for self._likeliest, self._added, self._limit_name in itertools.product(
            _LOGPROBS, (_ADDED, {}), ("max_tokens", "max_completion_tokens")
        ):
            try:
                answer = await self._ask(self._body(prompt, Sampling(0.0, 1.0, 1), None, self._likeliest), "start")
            except Refused as refused:
                refusal = refusal or refused
                continue
            if not answer.choices[0].logprobs or not answer.choices[0].logprobs.content:
                self._likeliest = None
            break
        else:
            raise EngineError(f"{secrets.masked(self._servers.urls[0])} does not answer a question: {refusal}")
        self.capabilities = _CHAT | (_SCORES if self._likeliest else frozenset())
        self._answers_as = answer.model

    def _body(self, prompt: Prompt, sampling: Sampling, seed: int | None, likeliest: int | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            **self._turn(prompt),
            self._limit_name: sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "presence_penalty": sampling.presence_penalty,
        }
        wanted = {name: getattr(sampling, name) for name in ("top_k", "min_p", "repetition_penalty")}
        if self._is_llama_cpp:
            body |= _llama_cpp.parameters(sampling, self.context)
        elif self._added:
            body |= self._added | wanted
        elif asked := [name for name, value in wanted.items() if value != _ADDED[name]]:
            raise CapabilityError(f"{', '.join(asked)}: the server does not take it; leave it out")
        if seed is not None:
            body["seed"] = seed
        if likeliest is not None:
            body |= {"logprobs": True, "top_logprobs": likeliest}
        return body

    def _turn(self, prompt: Prompt) -> dict[str, Any]:
        """What the server renders by its template."""
        messages = [message._asdict() for message in prompt.messages]
        variables = self._turns.variables(prompt)
        return {"messages": messages} | ({"chat_template_kwargs": variables} if variables else {})

    async def _ask(self, body: dict[str, Any], of: str) -> ServerAnswer:
        answer = await self._servers.post("/chat/completions", body, of, _whole)
        self._require_same(answer.model)
        return answer

    async def _continued(
        self, body: dict[str, Any], of: str, read: Callable[[bytes], ContinuedAnswer]
    ) -> ContinuedAnswer:
        answer = await self._servers.post("/completions", {"model": self._model, **body}, of, read)
        self._require_same(answer.model)
        return answer

    def _require_same(self, model: str | None) -> None:
        if self._answers_as is not None and model != self._answers_as:
            raise EngineError(f"the server answers as {model!r} now; expected {self._answers_as!r} as at the start")

    async def complete(self, prompt: Prompt, sampling: Sampling, seed: int | None) -> Completion:
        if self._road is not None:
            answer = await self._road.complete(prompt, sampling, seed, self.context)
        else:
            answer = await self._replied(prompt, sampling, seed)
        if len(answer.text) > (most := sampling.max_tokens * _CHARACTERS_OF_A_TOKEN):
            wrote = len(answer.text)
            raise Refused(f"expected at most {sampling.max_tokens} tokens, so {most} characters; found {wrote}")
        return answer

    async def _replied(self, prompt: Prompt, sampling: Sampling, seed: int | None) -> Completion:
        likeliest = None
        if sampling.log_probabilities:
            likeliest = self._likeliest if sampling.entropies else 0
        body = self._body(prompt, sampling, seed, likeliest)
        answer = await self._fitting(body, prompt)
        (choice, *_), usage = answer.choices, answer.usage or TokenUsage()
        if choice.finish_reason not in ("stop", "length"):
            raise Refused(f"the server ended the answer by {str(choice.finish_reason)[:100]!r}")
        text = written(choice.reply)
        if self._opens_reasoning and not prompt.closed and not text.startswith("<think>"):
            text = f"<think>{text}"
        scores = None
        if sampling.log_probabilities:
            scores = _scores(choice, sampling.entropies and self._likeliest == TOP_TOKENS)
        return Completion(
            text,
            None,
            choice.finish_reason == "stop",
            usage.cached_tokens,
            scores,
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.reasoning_tokens,
        )

    async def _fitting(self, body: dict[str, Any], prompt: Prompt) -> ServerAnswer:
        """The answer; where the server refuses a budget that the context has no room for, within what room there is."""
        of = prompt.conversation or ""
        try:
            return await self._ask(body, of)
        except Refused as refused:
            if self.context is None or body[self._limit_name] == 1:
                raise
            usage = (await self._ask(body | {self._limit_name: 1}, of)).usage
            room = self.context - usage.prompt_tokens if usage and usage.prompt_tokens else 0
            if not 0 < room < body[self._limit_name]:
                raise refused
            return await self._ask(body | {self._limit_name: room}, of)

    async def token_probabilities(
        self, prompt: Sequence[int], tokens: Sequence[int]
    ) -> tuple[dict[int, float], int | None]:
        if self._road is None:
            return await super().token_probabilities(prompt, tokens)
        return await self._road.token_probabilities(prompt, tokens)

    async def log_likelihoods(
        self, prompt: Sequence[int], continuations: Sequence[Sequence[int]]
    ) -> list[LogLikelihood]:
        if self._road is None:
            return await super().log_likelihoods(prompt, continuations)
        return await self._road.log_likelihoods(prompt, continuations)

    async def choose(self, prompt: Prompt, labels: Sequence[str]) -> Choice:
        if self._road is not None:
            return await super().choose(prompt, labels)
        body = self._body(prompt, Sampling(0.0, 1.0, 1), None, self._likeliest)
        answer = await self._ask(body, prompt.conversation or "")
        tokens = (answer.choices[0].logprobs or TokenLogprobs()).content
        if not tokens or not tokens[0].top_logprobs:
            raise Refused("the server gave no log-probabilities")
        likely = {one.token: math.exp(one.logprob) for one in tokens[0].top_logprobs}
        variants = {label: (label, f" {label}") for label in labels}
        hidden = sum(token not in likely for tokens in variants.values() for token in tokens)
        rest = max(0.0, 1.0 - math.fsum(likely.values()))
        usage = answer.usage or TokenUsage()
        return Choice(
            {
                label: min(1.0, math.fsum(likely.get(token, 0.0) for token in tokens))
                for label, tokens in variants.items()
            },
            usage.cached_tokens,
            min(rest, hidden * min(likely.values())),
        )


def _address(url: str) -> str:
    """The address of an API, as it was given or with `/v1`.

    Raises:
        InputError: it is none.
    """
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        found = repr(secrets.masked(url)) if url else "none"
        raise InputError(f"--base-url: expected the address of a server, as http://host:8000/v1; found {found}")
    if "@" in parts.netloc:
        raise InputError("--base-url: expected no name and password in it; the key stands in the environment")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/v1'}"


def _whole(answer: bytes) -> ServerAnswer:
    found = _decode(answer)
    if not found.choices or found.choices[0].message is None or found.choices[0].finish_reason is None:
        raise ValueError("it has no whole choice")
    return found


def _scores(choice: ServerChoice, entropies: bool) -> TokenScores:
    tokens = (choice.logprobs or TokenLogprobs()).content
    if not tokens:
        raise Refused("the server gave no log-probabilities")
    pieces = tuple(_pieces(tokens))
    if not "".join(pieces).startswith(written(choice.reply)):
        pieces = ()  # of an answer whose reasoning was taken out of it, no token's place is known
    of_tokens = (
        tuple(entropy(one.logprob for one in token.top_logprobs or ()) for token in tokens) if entropies else None
    )
    return TokenScores(tuple(token.logprob for token in tokens), of_tokens, pieces)


def _pieces(tokens: Sequence[WrittenToken]) -> Iterator[str]:
    """What each token adds to the text; a character that several tokens write belongs to the last of them."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for token in tokens:
        yield token.token if token.bytes is None else decoder.decode(bytes(token.bytes))
