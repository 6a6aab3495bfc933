"""What the trainers share: settings, the checkpoint that they start from, TRL's arguments, and what ends them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from calibench.errors import CalibenchError
from calibench.files import settle
from calibench.finetune.options import lora_targets
from calibench.finetune.stage import STATES, last_state, save
from calibench.finetune.trainers.validation import Asked, validate
from calibench.grading.pool import GradingPool
from calibench.prompting.chat import ChatFormat

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel, TrainerCallback


class TrainerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that every trainer has; each adds its own and its options."""

    model: str
    """Folder of the checkpoint to start from."""
    options: Any
    """How weights are updated."""
    seed: int = 0
    trust_remote_code: bool = False
    """Whether Python files of the checkpoint may be executed."""
    thinking: str = "auto"
    protocol: str = "stated"
    max_tokens: int = 2048
    task_files: list[str] = []
    """The user's tasks among those of the questions, as `file:REFERENCE`."""
    validation: list[Asked] = []
    validate_every: int = 0
    """Steps between two looks at the validation questions; 0: only at the end."""


def load(settings: TrainerSettings, **tokenizer_options: Any) -> tuple[PreTrainedModel, ChatFormat]:
    """The model to train, and the chat format with its tokenizer; seeds everything."""
    import torch
    from transformers import AutoConfig, AutoTokenizer, set_seed

    from calibench.model.loading import load_model

    set_seed(settings.seed)
    consent = settings.trust_remote_code
    tokenizer = AutoTokenizer.from_pretrained(settings.model, trust_remote_code=consent, **tokenizer_options)
    # Without adapters the weights are updated themselves, which needs more digits than bfloat16 has; and weights in
    # other formats would lose some.
    config = AutoConfig.from_pretrained(settings.model, trust_remote_code=consent)
    short = config.dtype == torch.bfloat16 and settings.options.lora_rank
    dtype = torch.bfloat16 if torch.cuda.is_available() and short else torch.float32
    model = load_model(settings.model, dtype, trust_remote_code=consent)
    return model, ChatFormat(tokenizer, settings.thinking)


_LARGE = 50_000_000
"""Parameters from which activations are computed again in the backward pass: those of 1,400 tokens of a model of half a
billion take 11 GB otherwise."""


def arguments(folder: Path, settings: TrainerSettings, model: PreTrainedModel, steps: int) -> dict[str, Any]:
    """Arguments of both `SFTConfig` and `GRPOConfig`, for a training of so many steps."""
    import torch

    options = settings.options
    on_gpu = torch.cuda.is_available()
    return {
        "output_dir": str(folder / STATES),
        "per_device_train_batch_size": options.batch_size,
        "gradient_accumulation_steps": options.accumulation,
        "learning_rate": options.learning_rate,
        "lr_scheduler_type": options.schedule if options.schedule != "constant" else "constant_with_warmup",
        "warmup_steps": round(options.warm_up * steps),
        "max_grad_norm": options.clip,
        "save_steps": options.save_every,
        "save_total_limit": 1,
        "logging_nan_inf_filter": False,
        "gradient_checkpointing": on_gpu or model.num_parameters() >= _LARGE,
        "bf16": on_gpu,
        "use_cpu": not on_gpu,
        "ddp_find_unused_parameters": False,
        "seed": settings.seed,
        "trust_remote_code": settings.trust_remote_code,
        "report_to": "none",
        "disable_tqdm": True,
    }


def adapters(settings: TrainerSettings) -> LoraConfig | None:
    """LoRA adapters on all linear layers, or on those named; None for rank 0, which trains the weights themselves."""
    options = settings.options
    if not options.lora_rank:
        return None
    from peft import LoraConfig

    targets = lora_targets(options.lora_targets) or "all-linear"
    return LoraConfig(r=options.lora_rank, lora_alpha=options.lora_alpha, target_modules=targets, task_type="CAUSAL_LM")


def train(trainer: Any, folder: Path, settings: TrainerSettings) -> None:
    """Trains, from the last state in the folder if there is one, and writes `folder/checkpoint`."""
    state = last_state(folder)
    trainer.add_callback(_settling(trainer, folder / STATES))
    trainer.train(resume_from_checkpoint=str(state) if state else None)
    if trainer.is_world_process_zero():
        curve = [entry for entry in trainer.state.log_history if "train_runtime" not in entry]
        trained, consent = trainer.accelerator.unwrap_model(trainer.model), settings.trust_remote_code
        save(folder, trained, Path(settings.model), curve, trust_remote_code=consent)


def _settling(trainer: Any, states: Path) -> TrainerCallback:
    """Lets a state count when all processes have written their part of it and the disk holds them."""
    from transformers import TrainerCallback

    class Settle(TrainerCallback):
        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            trainer.accelerator.wait_for_everyone()
            if state.is_world_process_zero:
                saved = states / f"checkpoint-{state.global_step}"
                settle(saved, saved)

    return Settle()


def require_number(step: int, logs: dict[str, float]) -> None:
    """Raises CalibenchError if loss or gradient are not finite."""
    if not math.isfinite(logs.get("loss", 0.0)) or not math.isfinite(logs.get("grad_norm", 0.0)):
        raise CalibenchError(
            f"the loss is NaN or infinite at step {step}: training is unstable, and no checkpoint is made. Lower"
            " --learning-rate or --clip, and choose another --out"
        )


def look(trainer: Any, chat: ChatFormat, settings: TrainerSettings, pool: GradingPool) -> dict[str, float | None]:
    """Figures of the validation questions, if there are any and it is time to look at them."""
    step, every = trainer.state.global_step, settings.validate_every
    if not settings.validation or not (step == trainer.state.max_steps or (every and step % every == 0)):
        return {}
    found = validate(trainer.model, chat, settings.validation, settings.protocol, settings.max_tokens, pool)
    return {f"validation_{name}": value for name, value in found._asdict().items()}
