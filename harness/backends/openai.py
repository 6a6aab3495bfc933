"""openai: a model that servers hold behind the OpenAI protocol: vLLM's, SGLang's, llama.cpp's, a provider's.

`--backend openai --base-url URL[,URL...] MODEL`, where MODEL is the name that the servers give it. Questions are chat
completions, which the server renders by the model's own template; one request gives one whole answer. How the model is
told to sample is said in full, as a server's defaults are its own. What a server can do is asked of it by one token at
the start: whether it takes the parameters that vLLM added to the protocol, and gives log-probabilities.

A reasoning that the server returns apart is put back before its answer, between tags. The key is read from
OPENAI_API_KEY, or from the variable that `--engine api_key_env=NAME` names, and stands in no file.
"""

from __future__ import annotations

import codecs
import itertools
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from calibench.backends._servers import Servers
from calibench.backends.base import TOP_TOKENS, BaseBackend, Choice, Completion, Refused, TokenScores
from calibench.errors import CapabilityError, EngineError, InputError, ModelError, secrets, unknown_name
from calibench.model import ServedModel
from calibench.prompting.conversation import Prompt
from calibench.prompting.messages import MessageFormat
from calibench.records import Sampling

_Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
_Byte = Annotated[int, msgspec.Meta(ge=0, le=255)]
_LogProbability = Annotated[float, msgspec.Meta(le=1e-3)]
"""Above 0 by rounding alone."""


class _Top(msgspec.Struct):
    token: str
    logprob: _LogProbability
    bytes: list[_Byte] | None = None

    def __post_init__(self) -> None:
        self.logprob = min(self.logprob, 0.0)


class _Token(_Top):
    top_logprobs: list[_Top] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if math.fsum(math.exp(one.logprob) for one in self.top_logprobs or ()) > 1.01:
            raise ValueError("the probabilities of the likeliest tokens add up to more than 1")


class _Logprobs(msgspec.Struct):
    content: list[_Token] | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str
    logprobs: _Logprobs | None = None


class _Details(msgspec.Struct):
    cached_tokens: _Count | None = None
    reasoning_tokens: _Count | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]
    model: str | None = None
    usage: _Usage | None = None
    system_fingerprint: str | None = None


class _Served(msgspec.Struct):
    id: str
    max_model_len: Annotated[int, msgspec.Meta(ge=1)] | None = None
    root: str | None = None


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


_SPEED = frozenset({"base_url", "api_key_env", "concurrency", "timeout", "patience"})
_LOGPROBS = (TOP_TOKENS, 5, None)
"""Likeliest tokens per position to ask for, as a server takes them; None: it gives no log-probabilities."""
_ADDED = {
    "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "skip_special_tokens": False,
    "spaces_between_special_tokens": False,
}  # fmt: skip
"""Parameters that vLLM added to the protocol and others took over, as a model is asked without them."""
_decode = msgspec.json.Decoder(_Answer).decode


class Backend(BaseBackend):
    """Servers of one model; `engine_options` are the fields of `_Options`."""

    capabilities = frozenset({"sampling", "follow_up", "label_probabilities", "log_probabilities"})
    reserved_options: ClassVar[frozenset[str]] = frozenset()
    neutral_options = _SPEED
    chat: MessageFormat

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
        self.chat = MessageFormat(thinking)
        self.context = None
        self._served: dict[str, Any] = {}
        self._answers_as: str | None = None
        self._added: dict[str, Any] = {}
        self._likeliest: int | None = None
        self._limit_name = "max_tokens"

    async def start(self) -> None:
        await self._servers.open()
        for url in self._servers.urls:
            self._found(await self._models(url), url)
        await self._learn()

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
        about = {name: value for name, value in msgspec.structs.asdict(of_name).items() if value is not None}
        if self._served and about != self._served:
            raise ModelError(f"{secrets.masked(url)}: expected {self._served} as on the first server, found {about}")
        self._served, self.context = about, of_name.max_model_len

    async def _learn(self) -> None:
        """Asks for one token in the ways that servers differ in, the richest first."""
        prompt = self.chat.first("1")
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
        scores = {"label_probabilities", "log_probabilities"} if self._likeliest else set()
        self.capabilities = frozenset({"sampling", "follow_up"} | scores)
        self._answers_as = answer.model

    def _body(self, prompt: Prompt, sampling: Sampling, seed: int | None, likeliest: int | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [message._asdict() for message in prompt.messages],
            self._limit_name: sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "presence_penalty": sampling.presence_penalty,
            **self._added,
        }
        wanted = {name: getattr(sampling, name) for name in ("top_k", "min_p", "repetition_penalty")}
        if self._added:
            body |= wanted
        elif asked := [name for name, value in wanted.items() if value != _ADDED[name]]:
            raise CapabilityError(f"{', '.join(asked)}: the server does not take it; leave it out")
        if seed is not None:
            body["seed"] = seed
        if likeliest is not None:
            body |= {"logprobs": True, "top_logprobs": likeliest}
        if variables := self.chat.variables(prompt):
            body["chat_template_kwargs"] = variables
        return body

    async def _ask(self, body: dict[str, Any], of: str) -> _Answer:
        answer = await self._servers.post("/chat/completions", body, of, _whole)
        if self._answers_as is not None and answer.model != self._answers_as:
            raise EngineError(
                f"the server answers as {answer.model!r} now; expected {self._answers_as!r} as at the start"
            )
        return answer

    async def complete(self, prompt: Prompt, sampling: Sampling, seed: int | None) -> Completion:
        likeliest = None
        if sampling.log_probabilities:
            likeliest = self._likeliest if sampling.entropies else 0
        body = self._body(prompt, sampling, seed, likeliest)
        answer = await self._fitting(body, prompt)
        (choice, *_), usage = answer.choices, answer.usage or _Usage()
        if choice.finish_reason not in ("stop", "length"):
            raise Refused(f"the server ended the answer by {choice.finish_reason[:100]!r}")
        text = _text(choice)
        scores = None
        if sampling.log_probabilities:
            scores = _scores(choice, sampling.entropies and self._likeliest == TOP_TOKENS)
        return Completion(
            text,
            None,
            choice.finish_reason == "stop",
            (usage.prompt_tokens_details or _Details()).cached_tokens,
            scores,
            usage.prompt_tokens,
            usage.completion_tokens,
            (usage.completion_tokens_details or _Details()).reasoning_tokens,
        )

    async def _fitting(self, body: dict[str, Any], prompt: Prompt) -> _Answer:
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

    async def choose(self, prompt: Prompt, labels: Sequence[str]) -> Choice:
        body = self._body(prompt, Sampling(0.0, 1.0, 1), None, self._likeliest)
        answer = await self._ask(body, prompt.conversation or "")
        tokens = (answer.choices[0].logprobs or _Logprobs()).content
        if not tokens or not tokens[0].top_logprobs:
            raise Refused("the server gave no log-probabilities")
        likely = {one.token: math.exp(one.logprob) for one in tokens[0].top_logprobs}
        written = {label: (label, f" {label}") for label in labels}
        hidden = sum(token not in likely for tokens in written.values() for token in tokens)
        rest = max(0.0, 1.0 - math.fsum(likely.values()))
        usage = answer.usage or _Usage()
        return Choice(
            {
                label: min(1.0, math.fsum(likely.get(token, 0.0) for token in tokens))
                for label, tokens in written.items()
            },
            (usage.prompt_tokens_details or _Details()).cached_tokens,
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


def _whole(answer: bytes) -> _Answer:
    found = _decode(answer)
    if not found.choices:
        raise ValueError("it has no choices")
    return found


def _text(choice: _Choice) -> str:
    """What the model wrote, reasoning included."""
    message = choice.message
    answer = message.content or message.refusal or ""
    if reasoning := message.reasoning_content or message.reasoning:
        return f"<think>\n{reasoning}\n</think>\n\n{answer}" if answer else f"<think>\n{reasoning}"
    before, closed, _ = answer.partition("</think>")
    return f"<think>{answer}" if closed and "<think>" not in before else answer


def _scores(choice: _Choice, entropies: bool) -> TokenScores:
    tokens = (choice.logprobs or _Logprobs()).content
    if not tokens:
        raise Refused("the server gave no log-probabilities")
    pieces = tuple(_pieces(tokens))
    if not "".join(pieces).startswith(_text(choice)):
        pieces = ()  # of an answer whose reasoning was taken out of it, no token's place is known
    entropy = tuple(map(_entropy, tokens)) if entropies else None
    return TokenScores(tuple(token.logprob for token in tokens), entropy, pieces)


def _pieces(tokens: Sequence[_Token]) -> Iterator[str]:
    """What each token adds to the text; a character that several tokens write belongs to the last of them."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for token in tokens:
        yield token.token if token.bytes is None else decoder.decode(bytes(token.bytes))


def _entropy(token: _Token) -> float:
    """Of the likeliest tokens, and the rest taken as one more (nats)."""
    likely = [math.exp(one.logprob) for one in token.top_logprobs or ()]
    return -math.fsum(p * math.log(p) for p in [*likely, max(0.0, 1.0 - math.fsum(likely))] if p > 0)
