"""Deterministic stand-ins for unit tests: a byte-level tokenizer, and a backend that answers by a function."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from calibench.backends.base import BaseBackend, Choice, Completion, LogLikelihood, TokenScores
from calibench.errors import EngineError
from calibench.prompting.chat import ChatFormat
from calibench.prompting.conversation import Prompt
from calibench.records import Sampling

TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>"
    "{% if enable_thinking is not defined or enable_thinking %}{{ opening }}{% endif %}{% endif %}"
)


def tokenizer(opening: str = "", template: str | None = TEMPLATE) -> PreTrainedTokenizerFast:
    """One token per byte; `opening` is what the template writes after the assistant's tag, such as `<think>`."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(
        [AddedToken(t, special=True) for t in ("<|user|>", "<|assistant|>", "<|end|>", "<think>", "</think>")]
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|end|>", pad_token="<|end|>")
    fast.chat_template = template and template.replace("{{ opening }}", opening)
    return fast


class FakeBackend(BaseBackend):
    """Answers with `answer(prompt_text, seed)` and finds texts as likely as `likelihood(context, continuation)` (nats);
    requests are counted and may be made to fail."""

    capabilities = frozenset(
        {
            "sampling", "follow_up", "label_probabilities", "log_probabilities", "log_likelihoods", "token_ids",
            "token_probabilities",
        }
    )  # fmt: skip
    reserved_options = frozenset({"model"})
    neutral_options = frozenset({"max_num_seqs"})

    def __init__(
        self,
        answer: Callable[[str, int | None], str],
        *,
        opening: str = "",
        context: int = 4096,
        in_flight: int = 4,
        likelihood: Callable[[str, str], float] | None = None,
    ):
        self.chat = ChatFormat(tokenizer(opening), "auto")
        self.context = context
        self.in_flight = in_flight
        self.answer = answer
        self.likelihood = likelihood
        self.scored: list[tuple[str, str]] = []
        self.completed: list[tuple[str, int | None]] = []
        self.chosen: list[str] = []
        self.most_in_flight = 0
        self._now = 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def describe(self) -> dict:
        return {"engine": "fake", "dtype": "float32"}

    async def complete(self, prompt: Prompt, sampling: Sampling, seed: int | None) -> Completion:
        text = self.chat.decode(prompt.token_ids)
        self._now += 1
        self.most_in_flight = max(self.most_in_flight, self._now)
        try:
            await asyncio.sleep(0)
            output = tuple(self.chat.tokenizer.encode(self.answer(text, seed), add_special_tokens=False))
        finally:
            self._now -= 1
        self.completed.append((text, seed))
        output, ended = output[: sampling.max_tokens], len(output) <= sampling.max_tokens
        return Completion(self.chat.decode(output), output, ended, 0, self._scores(output, ended, sampling))

    def _scores(self, output: tuple[int, ...], ended: bool, sampling: Sampling) -> TokenScores | None:
        """Digits are written with probability 1/2, the end of the turn with 1/4, all else with 1."""
        if not sampling.log_probabilities:
            return None
        digits = [self.chat.decode([token]).isdigit() for token in output]
        logprobs = [math.log(0.5) if digit else 0.0 for digit in digits] + [math.log(0.25)] * ended
        return TokenScores(tuple(logprobs), tuple(-p for p in logprobs) if sampling.entropies else None)

    async def choose(self, prompt: Prompt, labels: Sequence[str]) -> Choice:
        text = self.chat.decode(prompt.token_ids)
        self.chosen.append(text)
        return Choice({"A": 0.75, "B": 0.25}, len(prompt.token_ids) // 32 * 32)

    async def log_likelihoods(
        self, prompt: Sequence[int], continuations: Sequence[Sequence[int]]
    ) -> list[LogLikelihood]:
        context = self.chat.decode(prompt)
        texts = [self.chat.decode(continuation) for continuation in continuations]
        self.scored += [(context, text) for text in texts]
        await asyncio.sleep(0)
        return [LogLikelihood(value, value == 0) for value in (self.likelihood(context, text) for text in texts)]


class NeverStarts(FakeBackend):
    """An engine that nothing may start or take the chat format from."""

    def __init__(self):
        super().__init__(lambda prompt, seed: prompt)

    @property
    def chat(self):
        raise AssertionError("the chat format is the model's, and no model is needed")

    @chat.setter
    def chat(self, _format):
        pass

    async def start(self) -> None:
        raise EngineError("started")


def checkpoint_folder(folder: Path) -> Path:
    """A folder that looks like a checkpoint; its weights are a few bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "tokenizer.json").write_text("{}")
    return folder


def tiny_checkpoint(folder: Path) -> Path:
    """A Llama of 20 thousand random weights with the byte-level tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tok = tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tok), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=512, bos_token_id=None, eos_token_id=tok.eos_token_id, pad_token_id=tok.pad_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tok.save_pretrained(folder)
    return folder


def gsm8k_folder(folder: Path, rows: int, train: Sequence[int] = ()) -> Path:
    """A `--data` folder with `rows` GSM8K questions of known sums: question i asks for i + i; the training questions
    ask for the sums of `train`."""
    (folder / "gsm8k").mkdir(parents=True, exist_ok=True)
    for split, numbers in (("test", range(rows)), ("train", train)):
        lines = [
            json.dumps({"question": f"What is {i} plus {i}?", "answer": f"{i}+{i}={2 * i}\n#### {2 * i}"})
            for i in numbers
        ]
        (folder / "gsm8k" / f"{split}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return folder


class Given:
    """Stands for a backend's class and gives the instance that a test holds."""

    def __init__(self, backend: FakeBackend):
        self.capabilities = backend.capabilities
        self.reserved_options = backend.reserved_options
        self.option_names = backend.option_names
        self.identify = backend.identify
        self.neutral_options = backend.neutral_options
        self._backend = backend

    def __call__(self, *arguments) -> FakeBackend:
        return self._backend
