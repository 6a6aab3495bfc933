"""Held-out training questions, asked of a model in memory."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from fakes import tokenizer

from calibench import tasks
from calibench.finetune.trainers.validation import graders, validate
from calibench.prompting import protocols
from calibench.prompting.chat import ChatFormat

CHAT = ChatFormat(tokenizer(), "auto")
END, OTHER_END = CHAT.tokenizer.convert_tokens_to_ids(["<|end|>", "<|user|>"])


class Scripted:
    """Writes the given token ids, one reply per prompt, and finds every token as likely as any other."""

    training = True
    device = "cpu"
    config = SimpleNamespace(max_position_embeddings=4096)
    generation_config = SimpleNamespace(eos_token_id=OTHER_END)

    def __init__(self, *replies: list[int]):
        self.replies = replies

    def eval(self) -> None:
        self.training = False

    def train(self, on: bool) -> None:
        self.training = on

    def generate(self, input_ids: torch.Tensor, eos_token_id: list[int], pad_token_id: int, **_: object):
        """Ends where it is told to, as transformers do."""
        ended = [next((i + 1 for i, token in enumerate(r) if token in eos_token_id), len(r)) for r in self.replies]
        rows = [r[:end] + [pad_token_id] * (max(ended) - end) for r, end in zip(self.replies, ended, strict=True)]
        return torch.cat([input_ids, torch.tensor(rows)], 1)

    def __call__(self, input_ids: torch.Tensor, logits_to_keep: int, **_: object) -> SimpleNamespace:
        return SimpleNamespace(logits=torch.zeros(len(input_ids), logits_to_keep, len(CHAT.tokenizer)))


def ids(text: str, *ends: int) -> list[int]:
    return [*CHAT.tokenizer.encode(text, add_special_tokens=False), *ends]


def test_calibration_is_of_answers_that_were_graded_right_or_wrong():
    task = tasks.load("micro_algebra").training
    place, row = next(task.open(None).rows)
    question = task.to_question(row, place)
    model = Scripted(
        ids(f"Answer: {question.gold[0]}\nConfidence: 90%", END),
        ids("Answer: 123456789\nConfidence: 90%", OTHER_END),
        ids("no answer here\nConfidence: 10%", END),
        ids("Answer: 1" + "0" * 100),
    )
    asked = [(protocols.first_turn(question, task, protocols.protocol("stated")), question)] * 4
    with graders(1, [], asked) as pool:
        figures = validate(model, CHAT, asked, "stated", 200, pool)
    assert figures.accuracy == 1 / 4
    assert figures.stated_ece == pytest.approx(0.9 - 0.5)  # (2 * .4 + .1) / 3 with the reply that gives no answer
    assert figures.p_true_ece == pytest.approx(0.0)  # one of two is right
    assert model.training
