"""transformers: the plain reference, for models that vLLM does not serve, and a second opinion in tests.

One request at a time, each token by a forward pass of Hugging Face's model with its own key-value cache; tokens are
chosen here, so that what `calibench.records.Sampling` says is all that happens. Slow by design.
"""

from __future__ import annotations

import asyncio
import copy
import importlib.metadata
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from calibench.backends._reasoning import declared_markup
from calibench.backends._vocabulary import self_certainty
from calibench.backends.base import TOP_TOKENS, BaseBackend, Completion, LogLikelihood, TokenScores
from calibench.errors import EngineError, InputError
from calibench.model import reading
from calibench.model.adapter import Adapter, configuration
from calibench.model.loading import load_model
from calibench.prompting.chat import ChatFormat
from calibench.prompting.conversation import Prompt
from calibench.records import Sampling

T = TypeVar("T")
_DTYPES = ("auto", "float32", "bfloat16", "float16")


class Backend(BaseBackend):
    """One model in this process; `engine_options` are `dtype` (float32 without a GPU) and `device`."""

    capabilities = frozenset(
        {
            "sampling", "follow_up", "label_probabilities", "log_probabilities", "log_likelihoods", "token_ids",
            "token_probabilities", "adapters", "whole_vocabulary",
        }
    )  # fmt: skip
    reserved_options: ClassVar[frozenset[str]] = frozenset()
    neutral_options: ClassVar[frozenset[str]] = frozenset({"device"})
    in_flight = 2  # the next one is rendered and graded meanwhile
    chat: ChatFormat
    context: int

    @classmethod
    def option_names(cls) -> frozenset[str] | None:
        return frozenset({"dtype", "device"})

    def __init__(self, model: str, engine_options: Mapping[str, Any], thinking: str, log: Path):
        self._folder = model
        self._trust_remote_code = bool(engine_options.get("trust_remote_code", False))
        self._adapters: list[Adapter | None] = list(engine_options.get("adapters", [None]))
        self._models: dict[Adapter | None, Any] = {}
        self._dtype = engine_options.get("dtype")
        self._device = engine_options.get("device")
        if self._dtype not in (None, *_DTYPES):
            raise InputError(f"--engine dtype: expected one of {', '.join(_DTYPES)}; found {self._dtype!r}")
        self._thinking = thinking
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        await asyncio.to_thread(self._load)

    def _load(self) -> None:
        import torch
        from transformers import AutoTokenizer

        device = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
        dtype = self._dtype or ("auto" if device != "cpu" else "float32")
        consent = self._trust_remote_code
        model = load_model(self._folder, dtype, trust_remote_code=consent)
        with reading("model", self._folder):  # which may be too large for the device
            model = model.to(device).eval()
            copies = [copy.deepcopy(model) for _ in self._adapters[1:]]
        for adapter, own in zip(self._adapters, [model, *copies], strict=True):
            self._models[adapter] = _adapted(own, adapter) if adapter else own
        self._model = self._models[self._adapters[0]]
        with reading("tokenizer", self._folder):
            tokenizer = AutoTokenizer.from_pretrained(self._folder, trust_remote_code=consent)
        declared = self._model.generation_config.eos_token_id
        ends = declared if isinstance(declared, list) else [] if declared is None else [declared]
        self.context = self._model.config.get_text_config().max_position_embeddings
        self.chat = ChatFormat(
            tokenizer, self._thinking, ends, declared_markup(tokenizer, self._model.config.model_type)
        )

    def with_adapter(self, adapter: Adapter | None) -> Backend:
        adapted = copy.copy(self)
        adapted._model = self._models[adapter]
        return adapted

    async def close(self) -> None:
        self._model = None
        self._models.clear()

    def describe(self) -> dict:
        return {
            "engine": "transformers",
            "version": importlib.metadata.version("transformers"),
            "device": str(self._model.device),
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "quantization": None,
            "context": self.context,
            "options": {},
        }

    async def _alone(self, work: Callable[..., T], *given: Any) -> T:
        async with self._turn:
            try:
                return await asyncio.to_thread(work, *given)
            except Exception as error:  # of a configuration that fits no weights, or a device without memory
                reason = " ".join(str(error).split())[:300]
                raise EngineError(f"the model cannot run: {type(error).__name__}: {reason}") from error

    async def complete(self, prompt: Prompt, sampling: Sampling, seed: int | None) -> Completion:
        return await self._alone(self._complete, prompt.token_ids, sampling, seed)

    def _complete(self, prompt: tuple[int, ...], sampling: Sampling, seed: int | None) -> Completion:
        import torch

        draws = torch.Generator().manual_seed(seed) if seed is not None else None
        written: list[int] = []
        logprobs: list[float] = []
        entropies: list[float] = []
        certainties: list[float] = []
        cache, ended = None, False
        with torch.inference_mode():
            step = list(prompt)
            for _ in range(min(sampling.max_tokens, self.context - len(prompt))):
                found = self._model(
                    torch.tensor([step], device=self._model.device), past_key_values=cache, use_cache=True
                )
                cache, logits = found.past_key_values, found.logits[0, -1].float().cpu()
                token = _next(logits, sampling, prompt, written, draws)
                if sampling.log_probabilities:
                    every = logits.log_softmax(-1).double()
                    logprobs.append(float(every[token]))
                    entropies.append(_entropy(every))
                    certainties.append(float(self_certainty(every)))
                if ended := token in self.chat.ends:
                    break
                written.append(token)
                step = [token]
        scores = None
        if sampling.log_probabilities:
            scores = TokenScores(
                tuple(logprobs),
                tuple(entropies) if sampling.entropies else None,
                certainties=tuple(certainties) if sampling.certainties else None,
            )
        return Completion(self.chat.decode(written), tuple(written), ended, 0, scores)

    async def token_probabilities(
        self, prompt: Sequence[int], tokens: Sequence[int]
    ) -> tuple[dict[int, float], int | None]:
        every = await self._alone(self._after, prompt)
        return {token: math.exp(every[token]) for token in tokens}, 0

    def _after(self, prompt: Sequence[int]) -> Any:
        """Log-probabilities of the token after the prompt."""
        return self._logits(prompt)[-1].log_softmax(-1).double()

    async def log_likelihoods(
        self, prompt: Sequence[int], continuations: Sequence[Sequence[int]]
    ) -> list[LogLikelihood]:
        return [await self._alone(self._likelihood, prompt, tokens) for tokens in continuations]

    def _likelihood(self, prompt: Sequence[int], continuation: Sequence[int]) -> LogLikelihood:
        every = self._logits([*prompt, *continuation])[len(prompt) - 1 : -1].log_softmax(-1).double()
        likeliest = every.argmax(-1).tolist()
        total = math.fsum(float(of[token]) for of, token in zip(every, continuation, strict=True))
        return LogLikelihood(total, likeliest == list(continuation))

    def _logits(self, tokens: Sequence[int]) -> Any:
        import torch

        with torch.inference_mode():
            return self._model(torch.tensor([list(tokens)], device=self._model.device)).logits[0].float().cpu()


def _adapted(model: Any, adapter: Adapter) -> Any:
    """The model with the adapter added to its weights."""
    from peft import PeftModel

    with reading("adapter", adapter.path):
        return PeftModel.from_pretrained(model, adapter.path, config=configuration(adapter.path)).merge_and_unload()


def _next(logits: Any, sampling: Sampling, prompt: Sequence[int], written: Sequence[int], draws: Any) -> int:
    """The next token: penalties on the logits, then temperature, then the k likeliest, the nucleus and the least
    probability, as vLLM has them."""
    import torch

    if sampling.repetition_penalty != 1.0:
        seen = torch.tensor(sorted({*prompt, *written}))
        of_seen = logits[seen]
        penalty = sampling.repetition_penalty
        logits = logits.index_copy(0, seen, torch.where(of_seen > 0, of_seen / penalty, of_seen * penalty))
    if sampling.presence_penalty and written:
        logits = logits.index_add(
            0, torch.tensor(sorted({*written})), torch.tensor(-sampling.presence_penalty).expand(len({*written}))
        )
    if sampling.temperature == 0:
        return int(logits.argmax())
    probabilities, order = (logits / sampling.temperature).softmax(-1).sort(descending=True)
    kept = torch.ones_like(probabilities, dtype=torch.bool)
    if sampling.top_k:
        kept[sampling.top_k :] = False
    within = probabilities * kept
    kept &= (within / within.sum()).cumsum(0) - within / within.sum() < sampling.top_p
    kept &= probabilities >= sampling.min_p * probabilities[0]
    return int(order[torch.multinomial(probabilities * kept, 1, generator=draws)])


def _entropy(every: Any) -> float:
    """Of the `TOP_TOKENS` likeliest tokens and the rest taken as one more (nats), from log-probabilities."""
    likely = every.topk(min(TOP_TOKENS, len(every))).values.exp()
    rest = max(0.0, 1.0 - float(likely.sum()))
    return float(-(likely * likely.log()).sum()) - (rest * math.log(rest) if rest else 0.0)
