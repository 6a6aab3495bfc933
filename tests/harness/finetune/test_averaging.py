"""Merges against plain averages of state dicts, against PEFT's own deltas, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from calibench import model
from calibench.errors import InputError, ModelError, StorageError
from calibench.finetune.averaging import mean, merge

INSTRUCT, SFT = (model.resolve(name).path for name in ("micro-instruct", "micro-sft"))
WEIGHTS = "model.safetensors"


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    """Bit by bit."""
    return a.keys() == b.keys() and all(
        a[n].dtype == b[n].dtype and torch.equal(a[n].view(torch.uint8), b[n].view(torch.uint8)) for n in a
    )


def changed(parent: Path, folder: Path, **files: str | dict[str, torch.Tensor]) -> Path:
    """A copy of a checkpoint with other tensors (`tensors`) or other fields in the JSON files named."""
    shutil.copytree(parent, folder)
    for name, content in files.items():
        if name == "tensors":
            save_file({**weights(parent), **content}, folder / WEIGHTS, metadata={"format": "pt"})
        else:
            file = folder / f"{name}.json"
            file.write_text(json.dumps({**json.loads(file.read_text()), **content}))
    return folder


def untied(folder: Path, seed: int, **options) -> LlamaForCausalLM:
    """A tiny model whose output layer is its own, in float32, with the bundled tokenizer."""
    torch.manual_seed(seed)
    sizes = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    made = LlamaForCausalLM(LlamaConfig(vocab_size=768, tie_word_embeddings=False, **sizes))
    made.save_pretrained(folder, **options)
    for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(SFT / file, folder)
    return made


@pytest.mark.parametrize(("normalize", "shares"), [(True, (1.0 / 1.2, 0.2 / 1.2)), (False, (1.0, 0.2))])
def test_a_merge_is_the_weighted_sum_of_the_state_dicts(tmp_path, normalize, shares):
    """Golden: the sum of the two state dicts in numpy's float64, rounded by torch."""
    out = merge([INSTRUCT, SFT], [1.0, 0.2], tmp_path / "out", normalize=normalize)
    a, b = weights(INSTRUCT), weights(SFT)
    expected = {
        name: torch.from_numpy(shares[0] * a[name].double().numpy() + shares[1] * b[name].double().numpy()).bfloat16()
        for name in a
    }
    assert same(weights(out), expected)
    loaded = AutoModelForCausalLM.from_pretrained(out)
    assert torch.equal(loaded.lm_head.weight, expected["model.embed_tokens.weight"])  # still tied


def test_the_logits_of_a_merged_output_layer_are_the_mean_logits(tmp_path):
    """Everything else being the same, logits are linear in the output layer."""
    one, ids = untied(tmp_path / "one", 0), torch.arange(60).reshape(2, 30)
    head = torch.randn(768, 32, generator=torch.Generator().manual_seed(1))
    other = changed(tmp_path / "one", tmp_path / "other", tensors={"lm_head.weight": head})
    out = merge([tmp_path / "one", other], [3, 1], tmp_path / "out")
    with torch.no_grad():
        logits = [AutoModelForCausalLM.from_pretrained(folder)(ids).logits for folder in (other, out)]
        torch.testing.assert_close(logits[1], 0.75 * one(ids).logits + 0.25 * logits[0])


@pytest.mark.parametrize(("weight", "normalize"), [(1.0, False), (-0.37, True)])
def test_one_parent_comes_out_bit_by_bit(tmp_path, weight, normalize):
    parent = changed(SFT, tmp_path / "p", tensors={"model.norm.weight": torch.tensor([-0.0, 1e-40] * 64).bfloat16()})
    out = merge([parent], [weight], tmp_path / "out", normalize=normalize)
    for file in parent.iterdir():
        if file.name != "lineage.json":
            assert (out / file.name).read_bytes() == file.read_bytes(), file.name
    assert not (out / "lineage.json").exists()


def test_shards_do_not_matter(tmp_path):
    untied(tmp_path / "whole", 0)
    untied(tmp_path / "shards", 0, max_shard_size="50KB")
    untied(tmp_path / "other", 1)
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 2
    out = [merge([tmp_path / p, tmp_path / "other"], [1, 1], tmp_path / f"of-{p}") for p in ("whole", "shards")]
    back = merge([tmp_path / "other", tmp_path / "shards"], [1, 1], tmp_path / "back")
    assert same(weights(out[0]), weights(out[1]))
    assert same(weights(out[0]), weights(back))
    loaded = [AutoModelForCausalLM.from_pretrained(folder).state_dict() for folder in out]
    assert same(*loaded)


def test_parents_with_and_without_a_copy_of_their_shared_layer_are_merged(tmp_path):
    """As hubs ship them, and as transformers save them; what training notes in a configuration decides nothing."""
    head = {"lm_head.weight": weights(SFT)["model.embed_tokens.weight"].clone()}
    copied = changed(SFT, tmp_path / "copied", tensors=head, config={"pad_token_id": None, "use_cache": False})
    expected = weights(merge([SFT, INSTRUCT], [1, 1], tmp_path / "plain"))
    assert same(weights(merge([INSTRUCT, copied], [1, 1], tmp_path / "a")), expected)
    both = weights(merge([copied, INSTRUCT], [1, 1], tmp_path / "b"))
    assert torch.equal(both.pop("lm_head.weight"), expected["model.embed_tokens.weight"])
    assert same(both, expected)


def test_the_first_parent_decides_the_type(tmp_path):
    low = {name: tensor.half() for name, tensor in weights(SFT).items()}
    half = changed(SFT, tmp_path / "half", tensors=low, config={"dtype": "float16"})
    assert {t.dtype for t in weights(merge([half, INSTRUCT], [1, 1], tmp_path / "a")).values()} == {torch.float16}
    assert {t.dtype for t in weights(merge([INSTRUCT, half], [1, 1], tmp_path / "b")).values()} == {torch.bfloat16}


def test_a_configuration_of_an_older_version_is_the_same_one(tmp_path):
    """Before version 5 transformers wrote rope_theta and torch_dtype."""
    old = changed(SFT, tmp_path / "old")
    config = json.loads((old / "config.json").read_text())
    del config["rope_parameters"], config["dtype"], config["head_dim"]
    config |= {"rope_theta": 10000.0, "torch_dtype": "bfloat16", "transformers_version": "4.51.0"}
    (old / "config.json").write_text(json.dumps(config))
    assert merge([INSTRUCT, old], [1, 1], tmp_path / "out").is_dir()


def without(name: str) -> dict[str, torch.Tensor]:
    return {key: tensor for key, tensor in weights(SFT).items() if key != name}


def other_template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}")


def other_vocabulary(folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    first, second = list(vocabulary)[20:22]
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


def other_shape(folder: Path) -> None:
    norm = {"model.norm.weight": torch.ones(64).bfloat16()}
    save_file({**weights(SFT), **norm}, folder / WEIGHTS, metadata={"format": "pt"})


def missing_tensor(folder: Path) -> None:
    save_file(without("model.norm.weight"), folder / WEIGHTS, metadata={"format": "pt"})


def other_field(name: str, value) -> callable:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, name: value}))

    return change


def no_safetensors(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")


def cut_file(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:5000])


def index(content: str) -> callable:
    return lambda folder: (folder / "model.safetensors.index.json").write_text(content)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (other_field("auto_map", 5), "its configuration cannot be read: TypeError"),
        (other_field("hidden_size", -1), "its configuration cannot be read"),
        (other_field("dtype", "nonsense"), "its configuration cannot be read: AttributeError"),
        (index("[" * 100_000), "weights cannot be read"),
        (index('{"weight_map": [1]}'), r"weights cannot be read: Expected `object`"),
        (
            index(f'{{"weight_map": {{"model.norm.weight": "{INSTRUCT / WEIGHTS}"}}}}'),
            "expected names of files beside it",
        ),
        (other_field("num_attention_heads", 8), "configurations differ in .*: .* and "),
        (other_field("model_type", "qwen2"), "configurations differ in model_type: 'llama' and 'qwen2'"),
        (other_field("quantization_config", {"quant_method": "fp8"}), "quantised"),
        (other_vocabulary, "tokenizers differ in (vocabulary|model)"),
        (other_template, "tokenizers differ in chat template"),
        (other_shape, r"model.norm.weight has shape \[128\] and \[64\]"),
        (missing_tensor, "only .*micro-instruct has model.norm.weight"),
        (no_safetensors, "expected weights in model.safetensors"),
        (cut_file, "weights cannot be read"),
    ],
)
def test_parents_that_differ_are_refused_by_name(tmp_path, change, told):
    shutil.copytree(SFT, tmp_path / "other")
    change(tmp_path / "other")
    with pytest.raises(ModelError, match=told) as refused:
        merge([INSTRUCT, tmp_path / "other"], [1, 1], tmp_path / "out")
    assert "other" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["other"]


def test_numbers_that_have_no_mean_are_refused(tmp_path):
    with pytest.raises(ModelError, match="steps: holds whole numbers"):
        mean("steps", [torch.tensor([1, 2]), torch.tensor([1, 3])], [0.5, 0.5])
    assert torch.equal(mean("steps", [torch.tensor([1, 2])] * 2, [0.5, 0.5]), torch.tensor([1, 2]))
    with pytest.raises(ModelError, match=r"w: the merged numbers are not finite in torch.float16"):
        mean("w", [torch.tensor([60000.0]).half()] * 2, [1.0, 0.3])
    with pytest.raises(ModelError, match="not finite"):
        merge([SFT], [1e40], tmp_path / "out", normalize=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "normalize", "told"),
    [
        ([1.0], True, "a weight for each of 2 parents, found 1"),
        ([1.0, -1.0], True, "sum to zero"),
        ([1.0, float("nan")], False, "finite"),
    ],
)
def test_weights_that_make_no_merge_are_refused(tmp_path, given, normalize, told):
    with pytest.raises(InputError, match=told):
        merge([INSTRUCT, SFT], given, tmp_path / "out", normalize=normalize)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        merge([SFT], [1], tmp_path / "file" / "out")


# -- adapters ---------------------------------------------------------------------------------------------------------


def adapter(folder: Path, seed: int, **options) -> Path:
    """A LoRA adapter on `micro-sft` with random factors, written by PEFT."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    base = AutoModelForCausalLM.from_pretrained(SFT, dtype=torch.float32)
    config = LoraConfig(target_modules=["q_proj", "down_proj"], task_type="CAUSAL_LM", **options)
    tuned = get_peft_model(base, config)
    for name, parameter in tuned.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    tuned.save_pretrained(folder)
    return folder


def with_adapter(folder: Path) -> dict[str, torch.Tensor]:
    """The base's weights with an adapter merged in by PEFT."""
    from peft import PeftModel

    base = AutoModelForCausalLM.from_pretrained(SFT, dtype=torch.float32)
    return PeftModel.from_pretrained(base, folder).merge_and_unload().state_dict()


def test_merged_adapters_add_the_weighted_sum_of_their_deltas(tmp_path):
    """Golden: PEFT's own merge of each adapter into the base. Ranks, scales and kinds of scaling differ."""
    folders = [
        adapter(tmp_path / "a", 1, r=4, lora_alpha=8),
        adapter(tmp_path / "b", 2, r=6, lora_alpha=3),
        adapter(tmp_path / "c", 3, r=4, lora_alpha=5, use_rslora=True),
    ]
    out = merge(folders, [1.0, 0.2, 0.1], tmp_path / "out", normalize=False)
    base = AutoModelForCausalLM.from_pretrained(SFT, dtype=torch.float32).state_dict()
    deltas = [with_adapter(folder) for folder in folders]
    merged = with_adapter(out)
    moved = 0
    for name, before in base.items():
        expected = before + sum(w * (d[name] - before) for w, d in zip((1.0, 0.2, 0.1), deltas, strict=True))
        torch.testing.assert_close(merged[name], expected, atol=2e-6, rtol=1e-5)
        moved += not torch.allclose(merged[name], before, atol=1e-3)
    assert moved == 8  # two matrices in each of four layers
    assert json.loads((out / "adapter_config.json").read_text())["r"] == 14


@pytest.mark.parametrize("options", [{"r": 3, "lora_alpha": 1}, {"r": 5, "lora_alpha": 7, "use_rslora": True}])
def test_one_adapter_comes_out_bit_by_bit(tmp_path, options):
    parent = adapter(tmp_path / "a", 1, **options)
    out = merge([parent], [0.3], tmp_path / "out")
    assert same(weights(out), weights(parent))
    configs = [json.loads((folder / "adapter_config.json").read_text()) for folder in (parent, out)]
    assert configs[0] == configs[1]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("base_model_name_or_path", "elsewhere", "differ in base_model_name_or_path: .*micro-sft' and 'elsewhere'"),
        ("use_dora", True, "only plain LoRA adapters can be merged, found use_dora"),
        ("bias", "all", "found bias"),
        ("peft_type", "IA3", "type LORA, found 'IA3'"),
        ("r", 0, "expected adapter_config.json and .*`int` >= 1"),
        ("lora_alpha", "x", "expected adapter_config.json and .*Expected `float`"),
    ],
)
def test_adapters_that_differ_are_refused_by_name(tmp_path, field, value, told):
    one = adapter(tmp_path / "one", 1, r=2)
    shutil.copytree(one, tmp_path / "other")
    config = json.loads((one / "adapter_config.json").read_text())
    (tmp_path / "other" / "adapter_config.json").write_text(json.dumps({**config, field: value}))
    with pytest.raises(ModelError, match=told):
        merge([one, tmp_path / "other"], [1, 1], tmp_path / "out")


def test_adapters_of_other_modules_and_checkpoints_are_refused(tmp_path):
    one = adapter(tmp_path / "one", 1, r=2)
    other = shutil.copytree(one, tmp_path / "other")
    kept = {name: tensor for name, tensor in weights(one).items() if "layers.0" not in name}
    save_file(kept, other / "adapter_model.safetensors")
    with pytest.raises(ModelError, match=r"only .*one has .*layers.0.*and 1 more, not .*other"):
        merge([one, other], [1, 1], tmp_path / "out")
    with pytest.raises(ModelError, match=r"one is an adapter and .*micro-sft is none"):
        merge([SFT, one], [1, 1], tmp_path / "out")
