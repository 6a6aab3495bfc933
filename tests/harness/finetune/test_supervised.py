"""The trainer, in this process, on a tiny model of random weights."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from fakes import tiny_checkpoint, tokenizer

from calibench.errors import CalibenchError
from calibench.finetune import rows
from calibench.finetune.options import TrainingOptions
from calibench.finetune.stage import last_state
from calibench.finetune.trainers import supervised
from calibench.prompting.chat import ChatFormat

pytestmark = pytest.mark.timeout(600)

TEXTS = [
    "4",
    "Answer: 12",
    "<think>1+1</think>\nAnswer: 2",
    "no",
    "Answer: 7\nConfidence: 80%",
    "A longer answer it is.",
]


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    folder = tiny_checkpoint(tmp_path_factory.mktemp("parent"))
    (folder / "lineage.json").write_text("{}")
    return folder


def some_rows():
    chat = ChatFormat(tokenizer(), "auto")
    end = chat.tokenizer.eos_token_id
    for number in range(24):
        prompt = chat.first(f"Question {number}?").token_ids
        output = chat.tokenizer.encode(TEXTS[number % len(TEXTS)], add_special_tokens=False)
        yield rows.answer_row(prompt, output, end)._replace(kind="yes" if number % 4 == 0 else "answer")


@pytest.fixture
def fit(parent, tmp_path):
    """Trains in a folder of the test's; returns the folder and what was reported."""
    path = tmp_path / "rows.parquet"
    rows.write(some_rows(), path, 512)

    def fit(name="stage", factors=None, stop_at=None, **options):
        reported = []

        def report(step, of, figures):
            reported.append((step, figures))
            if stop_at and step >= stop_at:
                raise KeyboardInterrupt

        chosen = {"batch_size": 4, "epochs": 2, "learning_rate": 1e-2, "save_every": 4, "max_length": 512, **options}
        if factors:
            rows.weigh(path, factors)
        settings = supervised.Settings(model=str(parent), rows=str(path), options=TrainingOptions(**chosen))
        supervised.fit(tmp_path / name, settings, report)
        return tmp_path / name, reported

    fit.folder = tmp_path
    return fit


def weights(folder):
    from safetensors.torch import load_file

    return load_file(folder / "checkpoint" / "model.safetensors")


def same(a, b):
    import torch

    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def losses(reported):
    return [figures["loss"] for _, figures in reported if "loss" in figures]


def test_training_lowers_the_loss_and_leaves_a_whole_checkpoint(fit, parent):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, reported = fit(epochs=6, save_every=50)
    assert losses(reported)[-1] < 0.5 * losses(reported)[0]
    AutoModelForCausalLM.from_pretrained(folder / "checkpoint")
    assert AutoTokenizer.from_pretrained(folder / "checkpoint").chat_template
    assert not (folder / "checkpoint" / "lineage.json").exists()
    for name in ("config.json", "generation_config.json"):  # not what the trainer made of them for itself
        assert (folder / "checkpoint" / name).read_bytes() == (parent / name).read_bytes()
    curve = json.loads((folder / "checkpoint" / "curve.json").read_text())
    assert [point["loss"] for point in curve] == losses(reported)
    assert curve[-1]["step"] == 36, "the last steps are looked at, whatever is between two looks"


@pytest.mark.parametrize(("stop_at", "state"), [(7, 4), (10, 8)], ids=["first epoch", "second epoch"])
def test_training_that_was_stopped_goes_on_to_the_same_weights(fit, stop_at, state):
    """An epoch has 6 steps of 4 rows."""
    whole, _ = fit("whole")
    with pytest.raises(KeyboardInterrupt):
        fit("stopped", stop_at=stop_at)
    assert last_state(fit.folder / "stopped").name == f"checkpoint-{state}"
    resumed, reported = fit("stopped")
    assert reported[0][0] > state
    assert same(weights(whole), weights(resumed))


def test_a_state_that_a_power_cut_tore_is_none(fit):
    with pytest.raises(KeyboardInterrupt):
        fit(stop_at=6)
    states = fit.folder / "stage" / "states"
    for name, size in (("optimizer.pt", 0), ("model.safetensors", 1000), ("trainer_state.json", 0)):
        torn = fit.folder / name
        shutil.copytree(states, torn / "states")
        os.truncate(torn / "states" / "checkpoint-4" / name, size)
        assert last_state(torn) is None
        assert not (torn / "states" / "checkpoint-4").exists()
    assert last_state(fit.folder / "stage") == states / "checkpoint-4"


def test_the_same_seed_gives_the_same_weights_and_adapters_move_them(fit, parent):
    first, _ = fit("first")
    second, _ = fit("second")
    adapted, _ = fit("adapted", lora_rank=4)
    assert same(weights(first), weights(second))
    assert not same(weights(first), weights(adapted))
    assert (adapted / "checkpoint" / "adapter" / "adapter_model.safetensors").is_file()


def first_loss(parent, chosen, factor=lambda kind: 1.0):
    """Mean loss of the parent over learned tokens, row by row, without any padding or packing."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(parent)
    total, count = 0.0, 0
    for row in chosen:
        ids, labels = torch.tensor([row.input_ids]), torch.tensor([row.labels])
        with torch.no_grad():
            log = model(ids).logits[0, :-1].log_softmax(-1)
        at = labels[0, 1:] != rows.IGNORED
        total -= factor(row.kind) * log[at].gather(1, labels[0, 1:][at][:, None]).sum().item()
        count += int(at.sum())
    return total / count


@pytest.mark.parametrize("packing", [False, True])
@pytest.mark.parametrize("factors", [{}, {"answer": 1.0, "yes": 3.0}])
def test_the_loss_is_that_of_each_row_alone(fit, parent, packing, factors):
    _, reported = fit(
        f"{packing}{len(factors)}", factors, packing=packing, batch_size=24, epochs=1, learning_rate=1e-9, save_every=1
    )
    expected = first_loss(parent, some_rows(), lambda kind: factors.get(kind, 1.0))
    assert losses(reported)[0] == pytest.approx(expected, rel=1e-4)


def test_a_weighted_token_counts_the_same_whatever_rows_share_its_step(fit, parent):
    factors = {"answer": 1.0, "yes": 3.0}
    _, reported = fit(factors=factors, batch_size=2, accumulation=2, epochs=1, learning_rate=1e-9, save_every=1)
    expected = first_loss(parent, some_rows(), lambda kind: factors.get(kind, 1.0))
    assert sum(losses(reported)) / 6 == pytest.approx(expected, rel=1e-4)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_state(fit):
    with pytest.raises(CalibenchError, match=r"NaN or infinite at step .* Lower --learning-rate"):
        fit("nan", learning_rate=1e30, clip=1e30, warm_up=0.0, save_every=1)
    assert not (fit.folder / "nan" / "checkpoint").exists()


def test_weights_that_are_no_numbers_make_no_checkpoint_though_the_loss_was_one(fit):
    """It was that of the weights before the only step."""
    with pytest.raises(CalibenchError, match=r"weights are not finite in torch.float32 .* lower --learning-rate"):
        fit("nan", learning_rate=1e39, clip=1e30, warm_up=0.0, epochs=1, batch_size=24)
    assert not (fit.folder / "nan" / "checkpoint").exists()
