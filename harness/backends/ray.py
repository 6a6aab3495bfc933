"""ray: the engines of `calibench.backends.vllm`, each in an actor of a Ray cluster, for as many machines as it has.

An actor has one engine on one node, with as many GPUs as its tensor and pipeline parallel sizes ask for. Follow-ups go
to the actor that has their conversation in its prefix cache, and else to the one with the least to do. When an actor
ends, its engine dies or its node is lost, what it had in flight is asked of the others, and another takes its place: a
request has its own seed and parameters, so it gives the same answer wherever it is asked.

Nodes need the same Python environment, and the checkpoint at the same place.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import importlib.util
import logging
import os
import socket
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from calibench import model as checkpoints
from calibench.backends import vllm
from calibench.backends._surroundings import interrupts_blocked
from calibench.backends.base import BaseBackend, Choice, Completion, LogLikelihood, Refused
from calibench.errors import CalibenchError, EngineError, InputError, ModelError
from calibench.errors.secrets import masked
from calibench.model import Checkpoint, ServedModel
from calibench.model.adapter import Adapter
from calibench.prompting.chat import ChatFormat
from calibench.prompting.conversation import Prompt
from calibench.records import Sampling

_ENDS = 6
"""Actors that a request may end, before it is given up."""
_ENDS_IN_VAIN = 3
"""Times that an actor's place is filled again without any answer since the last."""
_CLOSING_SECONDS = 60.0
_CONNECTING_SECONDS = 20.0


class _Options(msgspec.Struct, forbid_unknown_fields=True):
    """What `--engine` may say beside vLLM's engine arguments."""

    address: str | None = None
    """Of the cluster, as `ray.init` takes it; None: RAY_ADDRESS, the one on this machine, or else a new one here."""
    actors: int | None = None
    """None: as many as the cluster's GPUs are enough for; one per node without GPUs."""
    patience: float = 600.0
    """Seconds for an actor to find its place in the cluster."""


_OWN = frozenset(_Options.__struct_fields__)


class _Started(NamedTuple):
    """What an actor says of its engine."""

    chat: ChatFormat
    context: int
    in_flight: int
    described: dict[str, Any]


class _Actor:
    """One engine, in a process of Ray's."""

    def __init__(self, model: str, options: Mapping[str, Any], thinking: str, log: Path):
        if not log.parent.is_dir():  # the run's folder is on another machine
            log = Path(tempfile.mkdtemp(prefix="calibench-")) / log.name
        self._model = model
        self._engine = vllm.Backend(model, options, thinking, log)

    async def place(self) -> None:
        """Answers once the actor has a place in the cluster."""

    async def start(self) -> _Started:
        if not Path(self._model).exists():
            raise ModelError(f"expected the checkpoint at the same place on every node, found no {self._model}")
        await self._engine.start()
        engine = self._engine
        return _Started(engine.chat, engine.context, engine.in_flight, engine.describe())

    async def ask(self, adapter: Adapter | None, what: str, *arguments: Any) -> Any:
        return await getattr(self._engine.with_adapter(adapter), what)(*arguments)

    async def close(self) -> None:
        await self._engine.close()


class _Place:
    """Of one actor: filled again when it ends."""

    def __init__(self, number: int):
        self.number = number
        self.actor: Any = None
        self.started: _Started | None = None
        """None while no engine is ready."""
        self.filling: asyncio.Task[None] | None = None
        self.busy = 0
        self.in_vain = 0
        """Actors in a row that ended without an answer."""

    def has_room(self) -> bool:
        return self.started is not None and self.busy < self.started.in_flight


class Backend(BaseBackend):
    """Actors with vLLM engines; `engine_options` are vLLM's engine arguments and the fields of `_Options`.

    Args:
        model: local folder, on each node.
        engine_options: `tensor_parallel_size` times `pipeline_parallel_size` GPUs of one node are reserved per actor.
        thinking: see `ChatFormat`.
        log: file that receives what becomes of the actors; theirs lie beside it, or in a temporary folder of a node
            that has no such folder.
    """

    capabilities = vllm.Backend.capabilities
    reserved_options = vllm.Backend.reserved_options | {"data_parallel_size", "distributed_executor_backend"}
    neutral_options = (vllm.Backend.neutral_options | _OWN) - reserved_options
    chat: ChatFormat
    context: int

    @classmethod
    def option_names(cls) -> frozenset[str] | None:
        of_engine = vllm.Backend.option_names()
        return None if of_engine is None else of_engine | _OWN

    @classmethod
    def identify(
        cls, model: str, tell: Callable[[str], None] = checkpoints.on_stderr, *, trust_remote_code: bool = False
    ) -> Checkpoint | ServedModel:
        if importlib.util.find_spec("ray") is None:
            raise InputError("--backend ray: expected the package ray, found none: pip install 'calibench[ray]'")
        return super().identify(model, tell, trust_remote_code=trust_remote_code)

    def __init__(self, model: str, engine_options: Mapping[str, Any], thinking: str, log: Path):
        own = {name: value for name, value in engine_options.items() if name in _OWN}
        try:
            self._options = msgspec.convert(own, _Options, strict=False)
        except msgspec.MsgspecError as error:
            raise InputError(f"--engine, backend ray: {error}") from None
        if self._options.patience <= 0 or (self._options.actors is not None and self._options.actors < 1):
            raise InputError("--engine actors, patience: expected numbers above 0")
        self._given = {name: value for name, value in engine_options.items() if name not in _OWN}
        self._model, self._thinking, self._log = model, thinking, log
        self._places: list[_Place] = []
        self._wants: dict[str, float] = {}
        self._last: list[CalibenchError] = [EngineError("none was started")]
        """What the last actor that failed said."""
        self._adapter: Adapter | None = None
        """That of all requests."""
        self._own_cluster = False

    async def start(self) -> None:
        self._connect()
        self._places = [_Place(number) for number in range(self._counted())]
        for place in self._places:
            place.filling = asyncio.create_task(self._fill(place))
        place = await self._place_for(None)
        assert place.started is not None
        self.chat, self.context = place.started.chat, place.started.context
        self.in_flight = place.started.in_flight * len(self._places)
        self._described = place.started.described

    def _connect(self) -> None:
        import ray

        if ray.is_initialized():
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        address = self._options.address or os.environ.get("RAY_ADDRESS")
        try:
            _require_listening(address)
            with interrupts_blocked():
                ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:
            raise EngineError(f"no Ray cluster at {address or 'this machine'}: {_brief(error)}") from error
        self._own_cluster = True

    def _counted(self) -> int:
        """How many actors there are to be; what each wants of its node is noted."""
        import ray

        there, nodes = ray.cluster_resources(), [node for node in ray.nodes() if node["Alive"]]
        gpus = int(self._given.get("tensor_parallel_size", 1)) * int(self._given.get("pipeline_parallel_size", 1))
        actors = self._options.actors
        if there.get("GPU"):
            actors = actors or int(there["GPU"]) // gpus
            self._wants = {"num_gpus": gpus, "num_cpus": 1}
        else:
            actors = actors or len(nodes)
            self._wants = {"num_gpus": 0, "num_cpus": max(1, int(there.get("CPU", 1)) // actors)}
        if actors < 1:
            raise EngineError(f"expected {gpus} GPUs for an actor, found {there['GPU']:g} in the Ray cluster")
        return actors

    async def _fill(self, place: _Place) -> None:
        """Puts an actor into a place, and starts its engine; without success the place stays empty."""
        import ray

        cls = ray.remote(max_restarts=0, max_concurrency=100_000, **self._wants)(_Actor)
        log = self._log.with_name(f"{self._log.stem}-{place.number}{self._log.suffix}")
        try:
            place.actor = cls.remote(self._model, self._given, self._thinking, log)
            async with asyncio.timeout(self._options.patience):
                await place.actor.place.remote()
            place.started = await place.actor.start.remote()
        except TimeoutError:
            wants = ", ".join(f"{name}={value:g}" for name, value in self._wants.items())
            self._failed(place, EngineError(f"no place in the cluster within {self._options.patience:.0f} s ({wants})"))
        except Exception as error:
            self._failed(place, _cause(error))

    def _failed(self, place: _Place, error: BaseException) -> None:
        kind = type(error) if isinstance(error, CalibenchError) else EngineError
        self._last[0] = kind(f"actor {place.number}: {_brief(error)}")
        self._tell(str(self._last[0]))
        self._end(place)

    def _end(self, place: _Place) -> None:
        import ray

        place.started = None
        with contextlib.suppress(Exception):  # it has ended
            ray.kill(place.actor)

    def _lost(self, place: _Place, actor: Any, error: BaseException) -> None:
        """Fills the place of an actor that ended, once, whatever number of requests tell of it."""
        if place.actor is not actor or place.started is None:
            return
        place.in_vain += 1
        self._failed(place, error)
        if place.in_vain < _ENDS_IN_VAIN:
            place.filling = asyncio.create_task(self._fill(place))

    async def _place_for(self, of: str | None) -> _Place:
        """The place that has this conversation, unless it is busy or empty; else the one with the least to do."""
        while not (ready := [place for place in self._places if place.started]):
            filling = [place.filling for place in self._places if place.filling and not place.filling.done()]
            if not filling:
                (last,) = self._last
                raise type(last)(f"no actor is left in the Ray cluster; the last: {last}")
            await asyncio.wait(filling, return_when=asyncio.FIRST_COMPLETED)
        if of is not None and (known := self._places[hash(of) % len(self._places)]).has_room():
            return known
        return min(ready, key=lambda place: place.busy)

    async def _ask(self, of: str | None, what: str, *arguments: Any) -> Any:
        for _ in range(_ENDS):
            place = await self._place_for(of)
            actor = place.actor
            place.busy += 1
            try:
                answer = await actor.ask.remote(self._adapter, what, *arguments)
            except Exception as error:
                cause = _cause(error)
                if isinstance(cause, CalibenchError | Refused) and not isinstance(cause, EngineError):
                    raise cause from None
                self._lost(place, actor, cause)
            else:
                place.in_vain = 0
                return answer
            finally:
                place.busy -= 1
        raise Refused(f"{_ENDS} actors ended while they had this request; the last: {self._last[0]}")

    def with_adapter(self, adapter: Adapter | None) -> Backend:
        adapted = copy.copy(self)
        adapted._adapter = adapter
        return adapted

    async def close(self) -> None:
        import ray

        for place in self._places:
            if place.filling:
                place.filling.cancel()
        closing = [asyncio.ensure_future(place.actor.close.remote()) for place in self._places if place.started]
        if closing:
            await asyncio.wait(closing, timeout=_CLOSING_SECONDS)
        for place in self._places:
            self._end(place)
        if self._own_cluster:
            ray.shutdown()

    def describe(self) -> dict:
        import ray

        options = self._described["options"] | msgspec.structs.asdict(self._options)
        return self._described | {
            "engine": "ray", "options": options | {"actors": len(self._places), "ray": ray.__version__},
        }  # fmt: skip

    def _tell(self, line: str) -> None:
        with contextlib.suppress(OSError), self._log.open("a") as log:
            log.write(f"{time.strftime('%H:%M:%S')} {masked(line)}\n")

    async def complete(self, prompt: Prompt, sampling: Sampling, seed: int | None) -> Completion:
        return await self._ask(prompt.conversation, "complete", prompt, sampling, seed)

    async def choose(self, prompt: Prompt, labels: Sequence[str]) -> Choice:
        return await self._ask(prompt.conversation, "choose", prompt, labels)

    async def token_probabilities(
        self, prompt: Sequence[int], tokens: Sequence[int]
    ) -> tuple[dict[int, float], int | None]:
        return await self._ask(None, "token_probabilities", prompt, tokens)

    async def log_likelihoods(
        self, prompt: Sequence[int], continuations: Sequence[Sequence[int]]
    ) -> list[LogLikelihood]:
        return await self._ask(None, "log_likelihoods", prompt, continuations)


def _require_listening(address: str | None) -> None:
    """Raises OSError where nobody listens at HOST:PORT, for which Ray would wait for many minutes."""
    host, colon, port = (address or "").rpartition(":")
    if colon and port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=_CONNECTING_SECONDS).close()


def _cause(error: BaseException) -> BaseException:
    """What was raised in the actor, or by Ray about it."""
    return getattr(error, "cause", None) or error


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:400] or type(error).__name__
