"""Training is seeded, and a stopped run continues to the same weights."""

from __future__ import annotations

import pytest
import torch

from calibench.study import from_scratch
from calibench.study.corpus import chat_corpus
from calibench.study.tokenizer import train_tokenizer

STAGE = from_scratch.Stage(
    chat_corpus(24, 0, "reasons"), from_scratch.Schedule(matrices=0.01, others=2e-3, warm_up=0.1), seed=0
)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer("".join(text for text, _ in STAGE.corpus.document(n)) for n in range(24))


@pytest.fixture(autouse=True)
def small_chunks_on_one_thread(monkeypatch):
    """One thread, as the command trains: two are far slower where anything else runs, and sum in another order."""
    monkeypatch.setattr(from_scratch, "_CHUNK", 8)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def trained(tokenizer, state_file):
    model, curve = from_scratch.train(from_scratch.new_model(tokenizer, seed=0), tokenizer, STAGE, state_file)
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}, curve


def test_a_stopped_run_continues_to_the_same_weights(tokenizer, tmp_path, monkeypatch):
    whole, curve = trained(tokenizer, tmp_path / "whole.pt")

    def stop_after_the_second_chunk(file, model, optimizers, done, losses):
        save(file, model, optimizers, done, losses)
        if done == 16:
            raise KeyboardInterrupt

    save = from_scratch._save
    monkeypatch.setattr(from_scratch, "_save", stop_after_the_second_chunk)
    with pytest.raises(KeyboardInterrupt):
        trained(tokenizer, tmp_path / "stopped.pt")
    monkeypatch.setattr(from_scratch, "_save", save)
    resumed, resumed_curve = trained(tokenizer, tmp_path / "stopped.pt")

    assert resumed_curve == curve
    assert [point["documents"] for point in curve] == [8, 16, 24]
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_training_lowers_the_loss(tokenizer, tmp_path):
    _, curve = trained(tokenizer, tmp_path / "state.pt")
    assert curve[-1]["loss"] < curve[0]["loss"]


def test_only_what_the_model_writes_is_learned(tokenizer):
    document = [("<|user|>1+1?<|end|><|assistant|>", False), ("Answer: 2<|end|>", True)]
    ids, labels = next(from_scratch.encode([document], tokenizer))
    learned = [i for i in labels if i >= 0]
    assert tokenizer.decode(ids) == "".join(text for text, _ in document)
    assert tokenizer.decode(learned) == "Answer: 2<|end|>"
    assert ids[-len(learned) :] == learned


def test_a_checkpoint_loads_with_the_weights_that_were_exported(tokenizer, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = from_scratch.new_model(tokenizer, seed=0)
    from_scratch.export(model, tokenizer, tmp_path / "checkpoint", {"kind": "sft"})
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "checkpoint")
    assert loaded.dtype == torch.bfloat16
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor.to(torch.bfloat16))
    again = AutoTokenizer.from_pretrained(tmp_path / "checkpoint")
    assert again.chat_template == tokenizer.chat_template
    assert again.encode("x=12; <think>") == tokenizer.encode("x=12; <think>")
