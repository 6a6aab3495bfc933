"""Options that recipes share. Each has a default and, in its `Meta`, a line that says what it does.

All options of a recipe are identity of the checkpoint that it makes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from calibench.fields import Options


class TrainingOptions(Options, frozen=True):
    """How weights are updated; all recipes that train by supervised fine-tuning have these."""

    learning_rate: Annotated[float, Meta(gt=0, description="peak, after the warm-up")] = 1e-5
    epochs: Annotated[float, Meta(gt=0, description="passes over the rows")] = 2.0
    batch_size: Annotated[int, Meta(ge=1, description="rows per step and process")] = 16
    accumulation: Annotated[int, Meta(ge=1, description="batches per update")] = 1
    max_length: Annotated[int, Meta(ge=16, description="longest row in tokens; longer ones are left out")] = 2048
    packing: Annotated[bool, Meta(description="puts several rows into one sequence of max_length, kept apart")] = False
    lora_rank: Annotated[int, Meta(ge=0, description="rank of the LoRA adapters; 0 trains all weights")] = 0
    lora_alpha: Annotated[float, Meta(gt=0, description="scale of the adapters, divided by their rank")] = 32.0
    lora_targets: Annotated[str, Meta(description="linear layers that have adapters, by comma; not given: all")] = ""
    schedule: Annotated[Literal["linear", "cosine", "constant"], Meta(description="of the learning rate")] = "linear"
    warm_up: Annotated[float, Meta(ge=0, lt=1, description="share of the steps")] = 0.03
    weight_decay: Annotated[float, Meta(ge=0, description="of AdamW")] = 0.0
    clip: Annotated[float, Meta(gt=0, description="largest norm of the gradient")] = 1.0
    save_every: Annotated[int, Meta(ge=1, description="steps between states that a stopped run continues from")] = 100


class RlOptions(Options, frozen=True):
    """How one run of reinforcement learning is done."""

    steps: Annotated[int, Meta(ge=1, description="updates")] = 200
    generations: Annotated[int, Meta(ge=2, description="replies per question, which are compared with each other")] = 8
    batch_size: Annotated[int, Meta(ge=1, description="replies per forward pass and process")] = 16
    accumulation: Annotated[int, Meta(ge=1, description="batches per update")] = 8
    temperature: Annotated[float, Meta(gt=0, le=2, description="of the sampling")] = 1.0
    learning_rate: Annotated[float, Meta(gt=0, description="peak, after the warm-up; RLCR: 1e-6 to 5e-6 at 7B")] = 1e-6
    schedule: Annotated[Literal["constant", "linear", "cosine"], Meta(description="of the learning rate")] = "constant"
    warm_up: Annotated[float, Meta(ge=0, lt=1, description="share of the steps")] = 0.05
    clip: Annotated[float, Meta(gt=0, description="largest norm of the gradient")] = 1.0
    beta: Annotated[float, Meta(ge=0, description="weight of the divergence from the parent; RLCR: 0")] = 0.0
    loss: Annotated[Literal["dapo", "dr_grpo", "bnpo", "grpo"], Meta(description="TRL's mean over tokens")] = "dapo"
    scale_rewards: Annotated[
        Literal["group", "batch", "none"], Meta(description="whose standard deviation divides the advantages")
    ] = "group"
    lora_rank: Annotated[int, Meta(ge=0, description="rank of the LoRA adapters; 0 trains all weights")] = 0
    lora_alpha: Annotated[float, Meta(gt=0, description="scale of the adapters, divided by their rank")] = 32.0
    lora_targets: Annotated[str, Meta(description="linear layers that have adapters, by comma; not given: all")] = ""
    sampler: Annotated[
        Literal["auto", "transformers", "vllm"],
        Meta(description="auto: vLLM on a GPU where TRL supports its version, else transformers"),
    ] = "auto"
    save_every: Annotated[int, Meta(ge=1, description="steps between states that a stopped run continues from")] = 10
    stop_on_collapse: Annotated[bool, Meta(description="ends a run whose confidences become one value")] = False


def distillation(options: RlOptions, **what: Any) -> TrainingOptions:
    """How traces are learned beside reinforcement learning: as that is done, but for what is given."""
    shared = ("lora_rank", "lora_alpha", "lora_targets", "schedule", "warm_up", "clip", "save_every")
    return TrainingOptions(**{name: getattr(options, name) for name in shared}, **what)


def training_options(options: TrainingOptions) -> TrainingOptions:
    """Those of a recipe's options that say how weights are updated."""
    return TrainingOptions(**{name: getattr(options, name) for name in TrainingOptions.__struct_fields__})


def lora_targets(names: str) -> list[str]:
    """The layers that are named by comma."""
    return [name.strip() for name in names.split(",") if name.strip()]
