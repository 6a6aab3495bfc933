"""What the model in memory makes of given tokens, against the same numbers from whole logits, row by row."""

from __future__ import annotations

import math

import pytest
import torch
from fakes import tiny_checkpoint, tokenizer
from transformers import AutoModelForCausalLM

from calibench.finetune.trainers import scores
from calibench.prompting.chat import ChatFormat

PAIRS = [((5, 9, 200), (7, 8)), ((1,), (2, 3, 4, 250, 6)), ((9,) * 40, (11,)), ((3, 3), ())]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return AutoModelForCausalLM.from_pretrained(tiny_checkpoint(tmp_path_factory.mktemp("tiny"))).train()


@pytest.fixture
def chat():
    return ChatFormat(tokenizer(), "auto")


def alone(model, prompt, continuation):
    """Log-probabilities [n, V] where the continuation's tokens are predicted, without padding."""
    with torch.no_grad():
        logits = model(torch.tensor([[*prompt, *continuation]])).logits[0]
    return logits[len(prompt) - 1 : len(prompt) + len(continuation) - 1].log_softmax(-1)


def test_scores_are_those_of_the_whole_vocabulary_at_each_token(model, chat):
    for (prompt, continuation), found in zip(PAIRS, scores.token_scores(model, chat, PAIRS), strict=True):
        logs = alone(model, prompt, continuation)
        assert found.logprobs == pytest.approx(
            [logs[i, token].item() for i, token in enumerate(continuation)], abs=1e-5
        )
        assert found.entropies == pytest.approx((-(logs.exp() * logs).sum(-1)).tolist(), abs=1e-5)
        # KL(U || p) = sum_v 1/V (log 1/V - log p_v), as in arXiv 2505.19590
        uniform = 1 / logs.shape[-1]
        by_hand = (uniform * (math.log(uniform) - logs)).sum(-1)
        assert found.self_certainties == pytest.approx(by_hand.tolist(), abs=1e-5)
        assert all(value >= 0 for value in found.self_certainties)
    assert model.training, "the model is left as it was"


def test_a_likelihood_is_the_sum_over_the_continuation_whatever_shares_its_batch(model, chat, monkeypatch):
    expected = [
        sum(alone(model, prompt, continuation)[i, token].item() for i, token in enumerate(continuation))
        for prompt, continuation in PAIRS
    ]
    assert scores.log_likelihoods(model, chat, PAIRS) == pytest.approx(expected, abs=1e-4)
    monkeypatch.setattr(scores, "_LOGITS", 1)  # each row is a batch of its own
    assert scores.log_likelihoods(model, chat, PAIRS) == pytest.approx(expected, abs=1e-4)
