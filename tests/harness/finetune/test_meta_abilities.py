"""Meta-abilities: rewards and advantages by hand, which stage begins from what, and all stages for real, very small."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from calibench.errors import InputError
from calibench.finetune import questions as questions_of
from calibench.finetune.config import TuneConfig
from calibench.finetune.job import Job
from calibench.finetune.recipes import base as recipes
from calibench.finetune.recipes import meta_abilities
from calibench.finetune.rewards import Judged
from calibench.finetune.stage import CHECKPOINT, CURVE, Trained
from calibench.finetune.trainers.critic_free import whitened
from calibench.model import Checkpoint, resolve
from calibench.prompting.chat import ChatFormat
from calibench.running.progress import Silent
from calibench.tasks.puzzles import FAMILIES

PARENT = resolve("micro-sft").path
STAGE_A = tuple(FAMILIES)


@pytest.mark.parametrize(
    ("outcome", "asked", "paper", "code"),
    [
        ("correct", False, 3.0, 3.0),
        ("incorrect", False, 1.0, -0.5),
        ("abstained", False, -1.0, -1.0),
        ("unparsed", False, -3.0, -3.0),
        ("truncated", False, -3.0, -3.0),
        ("correct", True, 1.0, -3.0),  # right, in a bad form: the confidence that was asked for is missing
        ("failed", False, None, None),
    ],
)
def test_the_rewards_of_the_text_and_of_the_code(outcome, asked, paper, code):
    """Hu et al. 2025, arXiv 2505.10554, and the totals of its released `reward_score` files."""
    reply = Judged(outcome, None, asked)
    assert (meta_abilities.PAPER(reply), meta_abilities.CODE(reply)) == (paper, code)


def test_returns_are_whitened_over_all_tokens_of_the_update():
    """By hand: 10 tokens count, with mean (3*2 + 3*1 - 1*5 - 1*2) / 10 = .2, and 35.6 squared about it, over 9."""
    nan = float("nan")
    returns = torch.tensor([3.0, 3.0, -1.0, -1.0, nan, nan, 0.0, 0.0])
    lengths = torch.tensor([2.0, 1.0, 5.0, 2.0, 7.0, 1.0, 0.0, 0.0])
    found = whitened(returns, lengths)
    deviation = ((2.8**2 * 3 + 1.2**2 * 7) / 9) ** 0.5
    assert found.tolist() == pytest.approx(
        [2.8 / deviation, 2.8 / deviation, -1.2 / deviation, -1.2 / deviation, 0, 0, -0.2 / deviation, -0.2 / deviation]
    )
    assert whitened(torch.full((8,), 2.0), torch.ones(8)).tolist() == [0.0] * 8


def work(folder: Path, run_stage: Callable[[str, Path, Any], list[dict]], **options: Any) -> dict[str, Any]:
    """Does what `calibench tune` does between plan and delivery, with stages in this process; returns the notes."""
    sizes = {"levels": 1, "puzzles": 10, "warm_puzzles": 4, "notation": "compact", "generations": 2}
    sizes |= {"steps": 1, "domain_steps": 1, "batch_size": 4, "accumulation": 1, "reasoning_format": "{reasoning}\n"}
    config = TuneConfig(
        recipe="meta_abilities", model="micro-sft", tasks=("micro_algebra",), out=str(folder), limit=10,
        protocol="plain", max_tokens=8, validation=2,
    )  # fmt: skip
    chosen = recipes.read_options("meta_abilities", sizes | options)
    asked, further = questions_of.lists(meta_abilities.questions(config, chosen))
    training, validation = questions_of.held_out(asked, config.validation, further)
    from transformers import AutoTokenizer

    chat = ChatFormat(AutoTokenizer.from_pretrained(PARENT), "auto")

    class Here(Job):
        def run_stage(self, trainer, name, settings):
            done = self.work / name / CHECKPOINT
            if done.is_dir():
                return Trained(done, json.loads((done / CURVE).read_text()))
            done.parent.mkdir(parents=True, exist_ok=True)
            return Trained(done, run_stage(trainer, done.parent, settings))

    job = Here(config, chosen, resolve("micro-sft"), chat, training, validation, folder, Silent(), {}, further)
    recipes.load("meta_abilities").train(job)
    return job.notes


@pytest.mark.parametrize(
    ("method", "stages"),
    [
        (
            "merged",
            [
                ("warm-start", PARENT.name, None),
                *(
                    stage
                    for family in STAGE_A
                    for stage in ((f"{family}-1", "warm-start", 3), (f"{family}-2", f"{family}-1", 3))
                ),
                ("domain", "merged", 5),
            ],
        ),
        (
            "mixed",
            [
                ("warm-start", PARENT.name, None),
                ("mixed-1", "warm-start", 9),
                ("mixed-2", "mixed-1", 9),
                ("domain", "mixed-2", 5),
            ],
        ),
        ("parent", [("domain", PARENT.name, 5 + 3 * 2 * 3)]),
    ],
)
def test_each_stage_begins_from_the_last_and_all_methods_sample_as_many_replies(tmp_path, method, stages):
    ran = []

    def recorded(trainer: str, folder: Path, settings: Any) -> list[dict]:
        start = Path(settings.model)
        before = start.parent.name if start.name == CHECKPOINT else start.name
        ran.append((folder.name, before, None if trainer == "supervised" else settings.options.steps))
        if trainer != "supervised":
            of_domain = folder.name == "domain"
            assert settings.reward.endswith(":RIGHT" if of_domain else ":CODE")
            assert of_domain or {str(q.level) for _, q in settings.questions} == {folder.name[-1]}
        shutil.copytree(PARENT, folder / CHECKPOINT)
        (folder / CHECKPOINT / CURVE).write_text("[]")
        return []

    notes = work(tmp_path, recorded, method=method, levels=2, steps=3, domain_steps=5)
    assert ran == stages
    assert sum(stage.get("replies", 0) for stage in notes["stages"].values()) == 4 * (3 * 2 * 3 + 5)


def test_three_specialists_merged_and_trained_on_a_domain_and_nothing_is_done_twice(tmp_path):
    """One of the specialists is trained, and the weights are chosen, for real; other stages are what the recipes of
    other tests train, and checkpoints of the micro family stand for what comes of them."""
    ran = []

    def real(trainer: str, folder: Path, settings: Any) -> list[dict]:
        ran.append(folder.name)
        if folder.name not in ("deduction-1", "merged"):
            stands = resolve("micro-instruct").path if folder.name == "induction-1" else PARENT
            shutil.copytree(stands, folder / CHECKPOINT)
            (folder / CHECKPOINT / CURVE).write_text("[]")
            return []
        module = importlib.import_module(f"calibench.finetune.trainers.{trainer}")
        read = msgspec.json.decode(msgspec.json.encode(settings), type=module.Settings)  # as a process of its own does
        module.fit(folder, read, lambda *_: None)
        return json.loads((folder / CHECKPOINT / CURVE).read_text())

    options = {
        "weights": "1,0.2,0.1; 0,0,1", "estimator": "whitened", "reference": "start",
        "learning_rate": 1e-3, "warm_up": 0.0, "beta": 0.1,
    }  # fmt: skip
    notes = work(tmp_path, real, **options)
    assert ran == ["warm-start", *(f"{family}-1" for family in STAGE_A), "merged", "domain"]
    assert notes["stages"]["deduction-1"]["sampled_tokens"] > 0
    (step,) = (entry for entry in notes["stages"]["deduction-1"]["curve"] if "reward" in entry)
    assert -3 <= step["reward"] <= 3

    points = notes["stages"]["merged"]["curve"]
    assert [point["weights"] for point in points] == [pytest.approx([1 / 1.3, 0.2 / 1.3, 0.1 / 1.3]), [0, 0, 1]]
    best = notes["stages"]["merged"]["weights"]
    assert max(points, key=lambda point: point["accuracy"])["weights"] == best
    parts = [load_file(tmp_path / f"{family}-1" / CHECKPOINT / "model.safetensors") for family in STAGE_A]
    merged = load_file(tmp_path / "merged" / CHECKPOINT / "model.safetensors")
    for name, tensor in merged.items():
        total = sum(weight * part[name].double() for weight, part in zip(best, parts, strict=True))
        assert torch.equal(tensor, total.to(tensor.dtype)), name

    lineage = Checkpoint("", tmp_path / "merged" / CHECKPOINT, None).lineage()
    assert [(parent["name"], parent["weight"]) for parent in lineage["parents"]] == [
        (f"micro-sft/{family}-1", weight) for family, weight in zip(STAGE_A, best, strict=True)
    ]
    warm = [parent["lineage"]["parents"][0] for parent in lineage["parents"]]
    assert {(one["name"], one["lineage"]["parents"][0]["name"]) for one in warm} == {
        ("micro-sft/warm-start", "micro-sft")
    }
    shutil.rmtree(tmp_path / "domain")
    work(tmp_path, real, **options)
    assert ran[6:] == ["domain"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"levels": 6}, "levels.*5"),
        ({"levels": 0}, "levels.*1"),
        ({"weights": "1,-1,0"}, "sum to zero"),
        ({"weights": "1,1,1; 0,0,0"}, "sum to zero"),
        ({"weights": "1,1"}, "a weight for each of 3 parents, found 2"),
        ({"weights": "1,1,half"}, "numbers by comma, found '1,1,half'"),
        ({"reference": "start", "lora_rank": 4}, "adapters have one base"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(tmp_path, options, told):
    with pytest.raises(InputError, match=told):
        work(tmp_path / "work", lambda *_: [], **options)
    assert not (tmp_path / "work").exists()


def test_a_prompt_that_asks_for_a_confidence_is_refused():
    config = TuneConfig(recipe="meta_abilities", model="micro-sft", tasks=("micro_algebra",), out="out")
    with pytest.raises(InputError, match="expected a --protocol that asks for none, as plain, found stated"):
        meta_abilities.questions(config, recipes.read_options("meta_abilities", {}))
