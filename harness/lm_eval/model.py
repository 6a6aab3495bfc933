"""A backend of calibench as a model of lm-eval: `python -m calibench.lm_eval --model calibench ...`.

Of what a model writes, lm-eval gets the text after the reasoning, cut at the task's stop strings. Log-likelihoods are
those of plain texts, or of what lm-eval has rendered by `--apply_chat_template`.
"""

from __future__ import annotations

import asyncio
import atexit
import math
import tempfile
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import LM
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

from calibench.backends import base as backends
from calibench.backends._likelihoods import log_likelihoods
from calibench.backends.base import LogLikelihood, tokens_of
from calibench.errors import InputError
from calibench.lm_eval.theirs import until_stop
from calibench.prompting.chat import opens_reasoning
from calibench.prompting.conversation import Prompt
from calibench.prompting.parsing import parse
from calibench.records import Sampling
from calibench.running.config import checked, seed_of

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

_MAX_TOKENS = 256
"""lm-eval's default where a task sets none."""


class Model(LM):
    """One engine; the arguments are those of `--model_args`.

    Args:
        pretrained: bundled checkpoint, local folder or hub id.
        backend: see `calibench backends`.
        thinking: on, off or auto; passed to the chat template.
        batch_size, max_batch_size, device: what lm-eval passes to every model; the engine decides by itself.
        trust_remote_code: whether the checkpoint's own Python files may be executed.
        engine: engine arguments.

    Raises:
        CalibenchError: no such model, backend or way of thinking, or the engine does not start.
    """

    def __init__(
        self, pretrained: str, backend: str = "vllm", thinking: str = "auto", batch_size: Any = None,
        max_batch_size: Any = None, device: Any = None, trust_remote_code: bool = False, **engine: Any,
    ):  # fmt: skip
        super().__init__()
        thinking = checked("thinking", thinking)
        kind = backends.load(backend)
        checkpoint = kind.identify(pretrained, trust_remote_code=trust_remote_code)
        engine |= {"trust_remote_code": True} if trust_remote_code else {}
        self._name = checkpoint.name
        log = Path(tempfile.mkdtemp(prefix="calibench-")) / "engine.log"
        self._backend = kind(checkpoint.location, engine, thinking, log)
        self._runner = asyncio.Runner()
        self._runner.run(self._backend.start())
        self._chat = tokens_of(self._backend)
        assert self._backend.context is not None, "who has the tokenizer has the model's configuration"
        self._context = self._backend.context
        atexit.register(lambda: self._runner.run(self._backend.close()))

    def generate_until(self, requests: list[Instance]) -> list[str]:
        return self._runner.run(self._answers(requests))

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        scored = self._likelihoods([self._chat.pair(*request.args) for request in requests])
        return [(one.logprob, one.greedy) for one in scored]

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """Of whole texts; those longer than the context in lm-eval's windows."""
        texts = [self._windows(request.args[0]) for request in requests]
        scored = iter(self._likelihoods(list(chain.from_iterable(texts))))
        return [math.fsum(next(scored).logprob for _ in windows) for windows in texts]

    @property
    def tokenizer_name(self) -> str:
        return self._name

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        return self._chat.tokenizer.chat_template

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        chat = self._chat
        options = {} if chat.thinking == "auto" else {"enable_thinking": chat.thinking == "on"}
        return chat.tokenizer.apply_chat_template(
            chat_history, tokenize=False, add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt, **options,
        )  # fmt: skip

    def _windows(self, text: str) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        chat, longest = self._chat, self._context - 1
        windows = get_rolling_token_windows(list(chat.plain(text)), chat.begin_token, longest, context_len=1)
        return [(tuple(prompt), tuple(continuation)) for prompt, continuation in map(make_disjoint_window, windows)]

    def _likelihoods(self, pairs: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> list[LogLikelihood]:
        for prompt, continuation in pairs:
            if not continuation or len(prompt) + len(continuation) > self._context:
                raise InputError(
                    f"expected 1 to {self._context - len(prompt)} tokens after a prompt of {len(prompt)},"
                    f" found {len(continuation)}"
                )
        return self._runner.run(log_likelihoods(self._backend, pairs))

    async def _answers(self, requests: list[Instance]) -> list[str]:
        slots = asyncio.Semaphore(self._backend.in_flight)
        repeats: Counter[tuple] = Counter()
        waiting = []
        for request in requests:
            document = (request.task_name, request.doc_id)
            seed = seed_of(0, *map(str, document)) + repeats[document]
            repeats[document] += 1
            context, options = request.args
            waiting.append(self._answer(slots, context, options, seed))
        return await asyncio.gather(*waiting)

    async def _answer(self, slots: asyncio.Semaphore, context: str, options: dict[str, Any], seed: int) -> str:
        sampling, stops = _sampling(options)
        chat = self._chat
        prompt = chat.plain(context)
        if len(prompt) >= self._context:
            raise InputError(f"prompt of {len(prompt)} tokens leaves no room in a context of {self._context}")
        async with slots:
            completion = await self._backend.complete(Prompt(prompt), sampling, seed if sampling.temperature else None)
        text = completion.text
        finish = "stop" if completion.ended else "length"
        opened = opens_reasoning(context, chat.markup)
        parsed = parse(text, reasoning_opened=opened, scale=None, finish_reason=finish, markup=chat.markup)
        return until_stop(text[parsed.answer_start :], stops)


def _sampling(options: dict[str, Any]) -> tuple[Sampling, list[str]]:
    """What a task's generation_kwargs ask for."""
    known = {"until", "max_gen_toks", "do_sample", "temperature", "top_p"}
    if unknown := sorted(options.keys() - known):
        raise InputError(f"model calibench: expected generation_kwargs among {sorted(known)}, found {unknown}")
    sampled = options.get("do_sample", "temperature" in options)
    temperature = float(options.get("temperature", 1.0)) if sampled else 0.0
    sampling = Sampling(temperature, options.get("top_p", 1.0), options.get("max_gen_toks", _MAX_TOKENS))
    return sampling, options.get("until") or []
