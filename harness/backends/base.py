"""What a backend is: something that continues a prompt.

A backend is one file in this folder that defines `Backend`, a subclass of `BaseBackend`; the file's name is the
backend's name. An installed package gives others by entry points of the group `calibench.backends`.
"""

from __future__ import annotations

import abc
import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from calibench import model as checkpoints
from calibench import registry
from calibench.errors import CapabilityError, InputError, PluginError, unknown_name
from calibench.model import Checkpoint, ServedModel
from calibench.model.adapter import Adapter
from calibench.prompting.chat import ChatFormat
from calibench.prompting.conversation import Conversation, Prompt
from calibench.records import Sampling

TOP_TOKENS = 20
"""Tokens per position whose probabilities enter its entropy."""


class TokenScores(NamedTuple):
    """How likely the model found what it wrote, token by token; the token that ends the turn, if it does, is the last.

    Under the model's own distribution, whatever temperature and nucleus the tokens were chosen by.
    """

    logprobs: tuple[float, ...]
    """Log-probability of each token (nats)."""
    entropies: tuple[float, ...] | None
    """Entropy at each position (nats), of the `TOP_TOKENS` most likely tokens and the rest taken as one more: at most
    that of the whole vocabulary. None if not asked for."""
    texts: tuple[str, ...] | None = None
    """What each token writes; None where their ids tell."""
    certainties: tuple[float, ...] | None = None
    """Divergence of the uniform distribution over the whole vocabulary from that at each position (nats); None if not
    asked for."""


class Completion(NamedTuple):
    text: str
    """With its reasoning, tags included; without what ends the turn."""
    token_ids: tuple[int, ...] | None
    """Output tokens without the end-of-turn token; None where they are not known."""
    ended: bool
    """The model ended its turn; False: the token budget or the context ended it."""
    cached_tokens: int | None = None
    """Prompt tokens that were read from the prefix cache; None if not known."""
    scores: TokenScores | None = None
    """None if not asked for."""
    prompt_tokens: int | None = None
    """None where the prompt's own token ids tell, or nothing does."""
    output_tokens: int | None = None
    """The end of the turn included; None as with `prompt_tokens`."""
    reasoning_tokens: int | None = None
    """Of the output; None as with `prompt_tokens`."""


class Choice(NamedTuple):
    """Probabilities of the next token, restricted to labels."""

    probabilities: dict[str, float]
    """label -> probability, summed over the label's tokens; not normalised over the labels."""
    cached_tokens: int | None
    unseen: float = 0.0
    """The most that a label whose probability is given as 0 may have in truth, where only the likeliest tokens are
    known."""


class Refused(Exception):
    """The engine gives this request up, and goes on with others; its text is the reason. The draw is `failed`."""


class LogLikelihood(NamedTuple):
    """How likely the model finds a given continuation of a prompt."""

    logprob: float
    """Sum of its tokens' log-probabilities (nats)."""
    greedy: bool
    """Each of its tokens is the most likely one there."""


class BaseBackend(abc.ABC):
    capabilities: frozenset[str]
    """Of `sampling`, `follow_up` (is asked about its own output), `label_probabilities`, `log_probabilities` (of the
    tokens of a completion), `whole_vocabulary` (their `certainties`), `token_ids` (has the tokenizer, and continues
    exact token ids), `token_probabilities` (of given next tokens), `log_likelihoods` (of given continuations),
    `adapters` (LoRA, several on one model). Of the class: all that it may have; of a started backend: what it has."""

    reserved_options: ClassVar[frozenset[str]]
    """Engine options that a run sets itself."""
    neutral_options: ClassVar[frozenset[str]]
    """Engine options that change speed and memory but no answer; all others are part of a run's identity."""

    chat: Conversation
    """A `ChatFormat` where the backend has `token_ids`."""
    context: int | None
    """Positions of the model's context: prompt and output together; None if not known."""
    in_flight: int
    """Requests that keep the engine busy; more wait in its queue."""

    @classmethod
    def option_names(cls) -> frozenset[str] | None:
        """All engine options that there are; None if the engine alone knows, once it starts."""
        return None

    @classmethod
    def identify(
        cls, model: str, tell: Callable[[str], None] = checkpoints.on_stderr, *, trust_remote_code: bool = False
    ) -> Checkpoint | ServedModel:
        """Which model `MODEL` of the command line names; nothing is started.

        Args:
            model: hub id, folder, GGUF file, name of a bundled checkpoint; or as the backend has it.
            tell: receives a line on what takes long.
            trust_remote_code: whether the user consents that Python files of the checkpoint are executed.

        Raises:
            ModelError: there is none of that name.
        """
        return checkpoints.resolve(model, tell, trust_remote_code=trust_remote_code)

    @abc.abstractmethod
    def __init__(self, model: str, engine_options: Mapping[str, Any], thinking: str, log: Path):
        """Loads nothing yet.

        Args:
            model: folder of the checkpoint, or the served model's name.
            engine_options: from `--engine`, as they are; `trust_remote_code=True` where the user consents that the
                checkpoint's Python files are executed, which nothing may do without; and `adapters`, a list of all
                that `with_adapter` is going to be called with, where there are some.
            thinking: `on`, `off` or `auto`, for the chat format.
            log: file for what the engine writes.
        """

    @abc.abstractmethod
    async def start(self) -> None:
        """Loads the model, or finds its server. Raises EngineError or ModelError."""

    def with_adapter(self, adapter: Adapter | None) -> BaseBackend:
        """This started backend, whose requests go to the model with that adapter on it; None: to the model as it is.
        All that it gives share one engine, which is started and closed here.

        Raises:
            CapabilityError: the backend lacks `adapters`.
        """
        if adapter is None:
            return self
        raise CapabilityError(f"{type(self).__module__} takes no adapter")

    @abc.abstractmethod
    async def close(self) -> None: ...

    @abc.abstractmethod
    def describe(self) -> dict:
        """Engine, version, dtype, quantization, context and resolved options, for the manifest."""

    @abc.abstractmethod
    async def complete(self, prompt: Prompt, sampling: Sampling, seed: int | None) -> Completion:
        """The model's turn after the prompt.

        Raises:
            Refused: this request alone is given up.
            EngineError: the engine is dead, or no server is there any more.
        """

    async def choose(self, prompt: Prompt, labels: Sequence[str]) -> Choice:
        """Probability of each label as the next token, those of all tokens that write it summed ("A", " A").

        Raises:
            Refused: also where no single token writes a label.
            EngineError: as `complete`.
        """
        tokens = {label: tokens_of(self).label_tokens(label) for label in labels}
        if lacking := [label for label, ids in tokens.items() if not ids]:
            raise Refused(f"the tokenizer has no single token for {' or for '.join(lacking)}")
        found, cached = await self.token_probabilities(
            prompt.token_ids, sorted({token for ids in tokens.values() for token in ids})
        )
        return Choice({label: math.fsum(found[token] for token in ids) for label, ids in tokens.items()}, cached)

    async def token_probabilities(
        self, prompt: Sequence[int], tokens: Sequence[int]
    ) -> tuple[dict[int, float], int | None]:
        """Probability of each of the tokens as the one after the prompt; and how much of it was read from the cache.

        Raises:
            CapabilityError: the backend lacks `token_probabilities`.
            Refused, EngineError: as `complete`.
        """
        raise CapabilityError(f"{type(self).__module__} gives no probability of a given token")

    async def log_likelihoods(
        self, prompt: Sequence[int], continuations: Sequence[Sequence[int]]
    ) -> list[LogLikelihood]:
        """How likely each continuation is after the prompt; prompt and each of them have at least one token.

        Raises:
            CapabilityError: the backend lacks `log_likelihoods`.
            Refused, EngineError: as `complete`; also where prompt and continuation are longer than the context.
        """
        raise CapabilityError(f"{type(self).__module__} gives no log-likelihood of a given text")


def tokens_of(backend: BaseBackend) -> ChatFormat:
    """The chat format of a started backend that has `token_ids`."""
    if not isinstance(backend.chat, ChatFormat):
        raise CapabilityError(f"{type(backend).__module__} has no tokenizer, so it continues no token ids")
    return backend.chat


def no_room(length: int, room: int, context: int | None, what: str = "prompt") -> str | None:
    """Says so if `length` tokens of a prompt and `room` for an answer are known not to fit the context."""
    if context is None or length + room <= context:
        return None
    return f"{what} of {length} tokens leaves no room in a context of {context}"


_FAMILY = registry.Family("backend", "calibench.backends", "calibench.backends", "Backend")


def names() -> list[str]:
    """Names of all backends; none is imported."""
    return registry.names(_FAMILY)


def load(name: str) -> type[BaseBackend]:
    """The backend of that name.

    Raises:
        InputError: unknown name; the message gives the nearest names.
        PluginError: another package's, and not to be had.
    """
    return registry.load(_FAMILY, name, BaseBackend)


def having(capabilities: frozenset[str]) -> list[str]:
    """Names of the backends that may have all of these."""
    found = []
    for name in names():
        with contextlib.suppress(PluginError):  # another package's that is not to be had serves nothing
            if capabilities <= load(name).capabilities:
                found.append(name)
    return found


def check_options(name: str, engine_options: Mapping[str, Any]) -> None:
    """Refuses engine options that the backend of that name does not have, or that a run sets itself.

    Raises:
        InputError: there is one.
    """
    if not engine_options:
        return
    if "trust_remote_code" in engine_options:
        raise InputError("--engine trust_remote_code=...: give --trust-remote-code, which the run file records")
    backend = load(name)
    if reserved := sorted(backend.reserved_options & engine_options.keys()):
        raise InputError(f"--engine {reserved[0]}=...: the run sets this itself, from MODEL and its other options")
    known = backend.option_names()
    if known is not None and (unknown := sorted(engine_options.keys() - known)):
        those = sorted(known - backend.reserved_options)
        raise InputError(f"--engine: {unknown_name('option', unknown[0], those, f'the engine arguments of {name}')}")
