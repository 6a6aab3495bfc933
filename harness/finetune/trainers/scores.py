"""What the model in memory makes of given tokens: forward passes without gradient, over batches of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from calibench.backends._vocabulary import self_certainty
from calibench.finetune.rewards import ReplyScores
from calibench.finetune.trainers.validation import padded
from calibench.prompting.chat import ChatFormat

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_ROWS = 32
_LOGITS = 1 << 27
"""Numbers of a batch's logits: half a gigabyte in float32. A single row may have more."""
Pair = tuple[Sequence[int], Sequence[int]]
"""A prompt and what continues it, as token ids."""


def token_scores(model: PreTrainedModel, chat: ChatFormat, pairs: Sequence[Pair]) -> list[ReplyScores]:
    """How sure the model is of each token of the continuations, at temperature 1."""
    found: dict[int, ReplyScores] = {}
    for number, logits, ids in _predicted(model, chat, pairs):
        logs = logits.log_softmax(-1)
        found[number] = ReplyScores(
            tuple(logs.gather(1, ids[:, None])[:, 0].tolist()),
            tuple((-(logs.exp() * logs).sum(-1)).tolist()),
            tuple(self_certainty(logs).tolist()),
        )
    return [found[number] for number in range(len(pairs))]


def log_likelihoods(model: PreTrainedModel, chat: ChatFormat, pairs: Sequence[Pair]) -> list[float]:
    """Sum of the log-probabilities of each continuation's tokens (nats)."""
    found = {
        number: float(logits.log_softmax(-1).gather(1, ids[:, None]).sum())
        for number, logits, ids in _predicted(model, chat, pairs)
    }
    return [found[number] for number in range(len(pairs))]


def _predicted(
    model: PreTrainedModel, chat: ChatFormat, pairs: Sequence[Pair]
) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
    """Number of the pair; logits [n, V] where each of the n tokens of its continuation is predicted; these tokens [n].

    Leaves the model as it was.
    """
    import torch

    was_training = model.training
    model.eval()
    with torch.no_grad():
        for batch in _batches(pairs, model.config.get_text_config().vocab_size):
            whole = [[*pairs[number][0], *pairs[number][1]] for number in batch]
            kept = 1 + max(len(pairs[number][1]) for number in batch)
            logits = model(**padded(model, chat, whole), use_cache=False, logits_to_keep=kept).logits
            for row, number in enumerate(batch):
                continuation = pairs[number][1]
                ids = torch.tensor(list(continuation), dtype=torch.long, device=logits.device)
                yield number, logits[row, kept - 1 - len(continuation) : kept - 1].float(), ids
    model.train(was_training)


def _batches(pairs: Sequence[Pair], vocabulary: int) -> Iterator[list[int]]:
    batch: list[int] = []
    longest = 0
    for number in sorted(range(len(pairs)), key=lambda number: len(pairs[number][0]) + len(pairs[number][1])):
        longest = max(longest, len(pairs[number][1]) + 1)
        if batch and (len(batch) == _ROWS or (len(batch) + 1) * longest * vocabulary > _LOGITS):
            yield batch
            batch, longest = [], len(pairs[number][1]) + 1
        batch.append(number)
    if batch:
        yield batch
