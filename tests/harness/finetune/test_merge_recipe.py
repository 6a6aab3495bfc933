"""`calibench tune merge`: what it makes, its lineage, and what it refuses before anything is written."""

from __future__ import annotations

import json
import os
import resource
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM

from calibench import model
from calibench.errors import IdentityError, InputError, ModelError, StorageError
from calibench.finetune.config import TuneConfig
from calibench.finetune.tune import tune
from calibench.running.progress import Lines

SFT = model.resolve("micro-sft").path
WEIGHTS = "model.safetensors"


def tuned(out: Path, **options: object) -> Path:
    return tune(TuneConfig(recipe="merge", model="micro-sft", tasks=(), out=str(out), options=options), Lines())


def test_the_checkpoint_and_its_lineage(tmp_path):
    out = tuned(tmp_path / "out", others="micro-instruct", weights="3,1")
    parents = [load_file(model.resolve(name).path / WEIGHTS) for name in ("micro-sft", "micro-instruct")]
    merged = load_file(out / WEIGHTS)
    for name, tensor in merged.items():
        assert torch.equal(tensor, (0.75 * parents[0][name].double() + 0.25 * parents[1][name].double()).bfloat16())
    lineage = json.loads((out / "lineage.json").read_text())
    assert [(p["name"], p["weight"]) for p in lineage["parents"]] == [("micro-sft", 0.75), ("micro-instruct", 0.25)]
    assert all(p["fingerprint"] == model.resolve(p["name"]).fingerprint() for p in lineage["parents"])
    assert model.resolve(str(out)).fingerprint()
    assert tuned(tmp_path / "out", others="micro-instruct", weights="3,1") == out


def test_what_a_power_cut_left_of_a_checkpoint_is_made_again(tmp_path):
    out = tuned(tmp_path / "out", others="micro-instruct")
    whole = (out / WEIGHTS).read_bytes()
    (merged,) = (out / "work").rglob(f"checkpoint/{WEIGHTS}")
    (out / "lineage.json").unlink()
    os.truncate(merged, 1000)
    tuned(out, others="micro-instruct")
    assert (out / WEIGHTS).read_bytes() == merged.read_bytes() == whole


def test_a_part_that_was_replaced_is_another_checkpoint(tmp_path):
    other = shutil.copytree(model.resolve("micro-instruct").path, tmp_path / "other")
    tuned(tmp_path / "out", others=str(other))
    moved = shutil.copytree(other, tmp_path / "elsewhere" / "other")
    assert tuned(tmp_path / "out", others=str(moved)) == tmp_path / "out"
    shutil.copyfile(SFT / WEIGHTS, other / WEIGHTS)
    with pytest.raises(IdentityError, match=r"options\.others: \['other sha256:"):
        tuned(tmp_path / "out", others=str(other))


def test_adapters_are_merged_into_the_model(tmp_path, capsys):
    """Twice an adapter, with weights 1 and 0.5 that are not normalised: one and a half times its delta."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(SFT, dtype=torch.float32)
    before = base.state_dict()["model.layers.0.self_attn.q_proj.weight"].clone()
    peft = get_peft_model(base, LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    factors = peft.base_model.model.model.layers[0].self_attn.q_proj
    torch.nn.init.normal_(factors.lora_B.default.weight)
    peft.save_pretrained(tmp_path / "a" / "adapter")
    (tmp_path / "a" / "lineage.json").write_text('{"recipe": "star"}')
    folders = f"{tmp_path / 'a' / 'adapter'},{tmp_path / 'a' / 'adapter'}"
    capsys.readouterr()
    out = tuned(tmp_path / "out", adapters=folders, weights="1,0.5", normalize=False)
    moved = load_file(out / WEIGHTS)["model.layers.0.self_attn.q_proj.weight"]
    assert torch.equal(moved, (before + 1.5 * factors.get_delta_weight("default")).bfloat16())
    used = json.loads((out / "lineage.json").read_text())["adapters"]
    assert [(a["name"], a["weight"], a["lineage"]) for a in used] == [
        ("a/adapter", 1.0, {"recipe": "star"}),
        ("a/adapter", 0.5, {"recipe": "star"}),
    ]
    assert used[0]["fingerprint"] == model.Checkpoint("", tmp_path / "a" / "adapter", None).fingerprint()
    told = capsys.readouterr().err
    assert "merging 1 a/adapter, 0.5 a/adapter" in told
    assert "Loading weights" not in told
    assert "warning" not in told

    parents = [{"name": "another", "fingerprint": "sha256:0"}]
    (tmp_path / "a" / "lineage.json").write_text(json.dumps({"recipe": "star", "parents": parents}))
    tuned(tmp_path / "foreign", adapters=str(tmp_path / "a" / "adapter"))
    assert "warning: a/adapter was trained on another, and is added to micro-sft" in capsys.readouterr().err


def test_where_there_is_no_room_for_a_model_with_its_adapters_the_same_command_goes_on(tmp_path):
    """A limit on the size of files stands for a full disk."""
    from peft import LoraConfig, get_peft_model

    base = AutoModelForCausalLM.from_pretrained(SFT)
    get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(tmp_path / "a")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(StorageError, match=r"cannot write .* run the same command again"):
            tuned(tmp_path / "out", adapters=str(tmp_path / "a"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert tuned(tmp_path / "out", adapters=str(tmp_path / "a")) == tmp_path / "out"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"num_hidden_layers": 3}, r"only one of them has base_model\.model\.model\.layers\.3\."),
        ({"num_hidden_layers": 5}, r"only one of them has base_model\.model\.model\.layers\.4\."),
        ({"intermediate_size": 64}, r"size mismatch for .*down_proj[^\n]*\Z"),
    ],
    ids=["fewer layers", "more layers", "other shapes"],
)
def test_adapters_of_another_model_are_refused_and_leave_nothing(tmp_path, change, told):
    from peft import LoraConfig, get_peft_model

    config = AutoConfig.from_pretrained(SFT)
    other = AutoModelForCausalLM.from_config(config.__class__(**{**config.to_dict(), **change, "layer_types": None}))
    shutil.copytree(SFT, tmp_path / "other")
    other.save_pretrained(tmp_path / "other")
    modules = ["q_proj", "down_proj"]
    base = AutoModelForCausalLM.from_pretrained(SFT)
    peft = get_peft_model(base, LoraConfig(r=2, target_modules=modules, task_type="CAUSAL_LM"))
    peft.save_pretrained(tmp_path / "a")

    def merged(parent: str, out: Path, **options: object) -> Path:
        return tune(TuneConfig(recipe="merge", model=parent, tasks=(), out=str(out), options=options), Lines())

    with pytest.raises(ModelError, match=told):
        merged(str(tmp_path / "other"), tmp_path / "out", adapters=str(tmp_path / "a"))
    assert merged("micro-sft", tmp_path / "out", adapters=str(tmp_path / "a")) == tmp_path / "out"


def test_after_a_refused_merge_the_folder_is_free(tmp_path):
    other = shutil.copytree(SFT, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 0.5}))
    with pytest.raises(ModelError, match="differ in rms_norm_eps"):
        tuned(tmp_path / "out", others=str(other))
    assert tuned(tmp_path / "out", others="micro-instruct") == tmp_path / "out"


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({}, InputError, "one of --others and --adapters"),
        ({"others": "micro-instruct", "adapters": "a"}, InputError, "one of --others and --adapters"),
        ({"others": "micro-instruct", "weights": "1"}, InputError, "a weight for each of 2 parents, found 1"),
        ({"others": "micro-instruct", "weights": "1,half"}, InputError, "numbers by comma, found '1,half'"),
        ({"others": "./nowhere"}, ModelError, "nowhere: no such folder"),
        ({"adapters": "nowhere"}, ModelError, "--adapters nowhere: expected .*adapter_config.json, found nothing"),
        ({"adapters": str(SFT)}, ModelError, "expected a folder with adapter_config.json, found chat_template"),
    ],
)
def test_bad_options_are_refused_before_anything_is_written(tmp_path, options, error, told):
    with pytest.raises(error, match=told):
        tuned(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
