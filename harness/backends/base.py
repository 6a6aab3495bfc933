"""What a backend is: something that continues a prompt of token ids.

A backend is one file in this folder that defines `Backend`, a subclass of `BaseBackend`; the file's name is the
backend's name. An installed package gives others by entry points of the group `calibench.backends`.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from calibench import registry
from calibench.errors import CapabilityError, InputError, unknown_name
from calibench.prompting.chat import ChatFormat
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


class Completion(NamedTuple):
    token_ids: tuple[int, ...]
    """Output tokens without the end-of-turn token."""
    ended: bool
    """The model ended its turn; False: the token budget or the context ended it."""
    cached_tokens: int | None
    scores: TokenScores | None = None
    """None if not asked for."""


class Choice(NamedTuple):
    """Probabilities of the next token, restricted to labels."""

    probabilities: dict[str, float]
    """label -> probability, summed over the label's tokens; not normalised over the labels."""
    cached_tokens: int | None


class LogLikelihood(NamedTuple):
    """How likely the model finds a given continuation of a prompt."""

    logprob: float
    """Sum of its tokens' log-probabilities (nats)."""
    greedy: bool
    """Each of its tokens is the most likely one there."""


class BaseBackend(abc.ABC):
    capabilities: ClassVar[frozenset[str]]
    """Of `sampling`, `follow_up` (continues exact token ids), `label_probabilities`, `log_probabilities` (of the tokens
    of a completion), `log_likelihoods` (of given continuations)."""

    reserved_options: ClassVar[frozenset[str]]
    """Engine options that a run sets itself."""
    neutral_options: ClassVar[frozenset[str]]
    """Engine options that change speed and memory but no answer; all others are part of a run's identity."""

    chat: ChatFormat
    context: int
    """Positions of the model's context: prompt and output together."""
    in_flight: int
    """Requests that keep the engine busy; more wait in its queue."""

    @classmethod
    def option_names(cls) -> frozenset[str] | None:
        """All engine options that there are; None if the engine alone knows, once it starts."""
        return None

    @abc.abstractmethod
    def __init__(self, model: str, engine_options: Mapping[str, Any], thinking: str, log: Path):
        """Loads nothing yet.

        Args:
            model: folder of the checkpoint.
            engine_options: from `--engine`, as they are; and `trust_remote_code=True` where the user consents that the
                checkpoint's Python files are executed, which nothing may do without.
            thinking: `on`, `off` or `auto`, for the chat format.
            log: file for what the engine writes.
        """

    @abc.abstractmethod
    async def start(self) -> None:
        """Loads the model. Raises EngineError or ModelError."""

    @abc.abstractmethod
    async def close(self) -> None: ...

    @abc.abstractmethod
    def describe(self) -> dict:
        """Engine, version, dtype, quantization, context and resolved options, for the manifest."""

    @abc.abstractmethod
    async def complete(self, prompt: Sequence[int], sampling: Sampling, seed: int | None) -> Completion:
        """Raises EngineError when the engine is dead or gives a request up."""

    @abc.abstractmethod
    async def choose(self, prompt: Sequence[int], labels: Mapping[str, Sequence[int]]) -> Choice:
        """Probability of each label as the next token; `labels` gives the token ids that write it."""

    async def log_likelihoods(
        self, prompt: Sequence[int], continuations: Sequence[Sequence[int]]
    ) -> list[LogLikelihood]:
        """How likely each continuation is after the prompt; prompt and each of them have at least one token.

        Raises:
            CapabilityError: the backend lacks `log_likelihoods`.
            EngineError: as `complete`; also where prompt and continuation are longer than the context.
        """
        raise CapabilityError(f"{type(self).__module__} gives no log-likelihood of a given text")


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
