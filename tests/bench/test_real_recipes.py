"""Every recipe on a real checkpoint, with adapters, in float32, with its own tokenizer and template: each ends, and
leaves another model. `make bench ARGS="-k real_recipes"`; minutes on two cores.

The questions are easy enough that a model of 135 million parameters answers some of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from real_file import SHA256
from rounds import size
from safetensors import safe_open

from calibench.model import Checkpoint

pytestmark = [pytest.mark.bench, pytest.mark.engine, pytest.mark.timeout(3600)]

CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo", "China": "Beijing",
    "Russia": "Moscow", "England": "London", "Greece": "Athens", "Egypt": "Cairo", "Cuba": "Havana", "Peru": "Lima",
}  # fmt: skip
TRACED = {"Norway": "Oslo", "Sweden": "Stockholm", "Finland": "Helsinki", "Hungary": "Budapest"}
HELD_BACK = 2
"""Questions of the evaluation split."""
ADAPTERS = ("--lora-rank", "8")
TRAINING = (*ADAPTERS, "--learning-rate", "1e-4", "--epochs", "1", "--batch-size", "4")
SAMPLING = ("--iterations", "1", "--draws", "3", "--temperature", "0.4", *TRAINING)
STEPS = 2
REPLIES = (*ADAPTERS, "--steps", str(STEPS), "--generations", "4", "--batch-size", "4", "--accumulation", "2")
PUZZLES = ("--levels", "1", "--puzzles", "8", "--warm-puzzles", "4", "--domain-steps", str(STEPS))
RECIPES = {
    "sft": ("--traces", "traces.jsonl", *TRAINING),
    "star": SAMPLING,
    "epicar": SAMPLING,
    "confidence_sft": SAMPLING,
    "rl": REPLIES,
    "rlcr": (*REPLIES, "--protocol", "stated"),
    "hytuning": (*REPLIES, "--traces", "traces.jsonl", "--trace-batch", "2"),
    "meta_abilities": (*REPLIES, *PUZZLES),
}
REINFORCED = ("rl", "rlcr", "hytuning", "meta_abilities")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with questions and traces."""
    folder = tmp_path_factory.mktemp("recipes")
    rows = [{"q": f"What is the capital of {country}?", "a": city} for country, city in CAPITALS.items()]
    traces = [
        {
            "question": f"What is the capital of {country}?",
            "answer": city,
            "reasoning": f"{country} is a country.\nIts government sits in {city}.\nSo its capital is {city}.",
        }
        for country, city in TRACED.items()
    ]
    for name, lines in (("test", rows[:HELD_BACK]), ("train", rows[HELD_BACK:]), ("traces", traces)):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return folder


def tune(place: Path, recipe: str, model: str, *options: str) -> Path:
    """The new checkpoint; of a recipe that has made it before, that one."""
    command = [sys.executable, "-m", "calibench", "tune", recipe, "--model", model, "--out", f"out/{recipe}"]
    done = subprocess.run([*command, *options], cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return place / "out" / recipe


def trained(place: Path, recipe: str, file: Path) -> Path:
    columns = ("--question", "q", "--answer", "a", "--grader", "alias")
    asking = ("--task-file", "test.jsonl", "--train-file", "train.jsonl", *columns, "--protocol", "plain")
    few = ("--validation", "2", "--max-tokens", "48")
    return tune(place, recipe, str(file), *asking, *few, *RECIPES[recipe])


@pytest.mark.parametrize("recipe", size([*RECIPES], ["sft"]))
def test_a_recipe_makes_another_model_of_a_gguf_file(place, smollm2, recipe):
    folder = trained(place, recipe, smollm2)
    lineage = Checkpoint(recipe, folder, None).lineage()
    assert [parent["fingerprint"] for parent in lineage["parents"]][:1] == [f"sha256:{SHA256}"]
    assert (folder / "chat_template.jinja").is_file()
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert {weights.get_slice(name).get_dtype() for name in weights.keys()} == {"F32"}  # noqa: SIM118
    if recipe in REINFORCED:
        curve = lineage["stages"]["domain"]["curve"] if recipe == "meta_abilities" else lineage["curve"]
        assert max(entry["step"] for entry in curve) == STEPS
    with safe_open(folder / "adapter" / "adapter_model.safetensors", "pt") as adapter:
        added = [adapter.get_tensor(name) for name in adapter.keys() if "lora_B" in name]  # noqa: SIM118
    assert added
    assert any(matrix.abs().max() > 0 for matrix in added)


def test_a_gguf_file_is_merged_with_what_was_made_of_it(place, smollm2):
    distilled = trained(place, "sft", smollm2)
    folder = tune(place, "merge", str(smollm2), "--others", str(distilled), "--weights", "0.5,0.5")
    (file,) = folder.glob("*.safetensors")  # in the parent's parts: here one, with an index
    name = "model.layers.0.self_attn.q_proj.weight"
    with safe_open(file, "pt") as merged, safe_open(distilled / "model.safetensors", "pt") as other:
        assert not merged.get_tensor(name).equal(other.get_tensor(name))


NUMBERS = {
    "days are in a week": 7, "months are in a year": 12, "hours are in a day": 24, "minutes are in an hour": 60,
    "legs does a spider have": 8, "legs does a dog have": 4, "sides does a triangle have": 3,
    "wheels does a bicycle have": 2, "cents are in a dollar": 100, "seconds are in a minute": 60,
    "sides does a square have": 4, "legs does a cat have": 4, "years are in a century": 100,
    "eyes does a person have": 2,
}  # fmt: skip
TRAINED_ON = 8


@pytest.mark.data
def test_three_recipes_are_held_against_their_parent(tmp_path, smollm2, benchmark_data):
    """The smallest round of `calibench.study.real_tuning`, with questions that it can answer for GSM8K's."""
    data = tmp_path / "data"
    (data / "gsm8k").mkdir(parents=True)
    for task in ("creak", "mbpp"):
        (data / task).symlink_to(benchmark_data / task)
    lines = [json.dumps({"question": f"How many {q}?", "answer": f"#### {a}"}) + "\n" for q, a in NUMBERS.items()]
    (data / "gsm8k" / "train.jsonl").write_text("".join(lines[:TRAINED_ON]))
    (data / "gsm8k" / "test.jsonl").write_text("".join(lines[TRAINED_ON:]))
    program = [sys.executable, "-m", "calibench.study.real_tuning", "--cells", str(tmp_path / "cells")]
    made = [*program, str(smollm2), "--small", "--out", str(tmp_path / "out"), "--data", str(data)]
    for command in (made, [*program, "--page", str(tmp_path)]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    names = {file.stem.removeprefix("smollm2-135m").lstrip("-") for file in (tmp_path / "cells").iterdir()}
    assert names == {"", "distilled", "epicar", "confidence_sft"}
    assert "Not made yet" not in (tmp_path / "real-tuning.md").read_text()
