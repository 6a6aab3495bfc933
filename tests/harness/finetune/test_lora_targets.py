"""Which layers have adapters: those that are named, and none that does not exist."""

from __future__ import annotations

import json

import pytest
from fakes import tiny_checkpoint

from calibench.errors import InputError
from calibench.finetune import tune
from calibench.finetune.options import RlOptions, TrainingOptions
from calibench.finetune.trainers import base
from calibench.model import Checkpoint


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return Checkpoint("tiny", tiny_checkpoint(tmp_path_factory.mktemp("tiny")), None)


@pytest.mark.parametrize("kind", [TrainingOptions, RlOptions])
def test_adapters_lie_on_the_layers_that_are_named(parent, kind):
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM

    options = kind(lora_rank=2, lora_targets="q_proj, down_proj")
    tune._require_targets(parent, options)
    settings = base.TrainerSettings(model=str(parent.path), options=options)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(parent.path), base.adapters(settings))
    adapted = {name.split(".")[-4] for name, _ in model.named_parameters() if ".lora_A." in name}
    assert adapted == {"q_proj", "down_proj"}
    whole = base.adapters(base.TrainerSettings(model="", options=kind(lora_rank=2)))
    assert whole.target_modules == "all-linear"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (TrainingOptions(lora_rank=2, lora_targets="q_proj,v_pro"), "unknown LoRA target 'v_pro'. Did you mean v_proj"),
        (RlOptions(lora_rank=2, lora_targets="embed_tokens"), "'embed_tokens'.*Known: down_proj, .*v_proj$"),
        (TrainingOptions(lora_targets="q_proj"), "--lora-targets q_proj: expected --lora-rank above 0"),
    ],
)
def test_a_target_that_does_not_exist_is_refused_before_any_work(parent, options, told):
    with pytest.raises(InputError, match=told):
        tune._require_targets(parent, options)


def test_a_plan_from_before_there_were_targets_is_that_of_all_layers():
    old = {"recipe": "star", "options": {"lora_rank": 16, "draws": 8}}
    assert tune._current(json.loads(json.dumps(old)))["options"] == {"lora_rank": 16, "draws": 8, "lora_targets": ""}
    assert tune._current({"recipe": "merge", "options": {"others": "x"}})["options"] == {"others": "x"}
