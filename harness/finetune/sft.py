"""Supervised fine-tuning by TRL's `SFTTrainer` on rows of `harness.finetune.rows`."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.chat import ChatFormat
from harness.errors import CalibenchError
from harness.finetune import rows as rows_of
from harness.finetune.options import TrainingOptions
from harness.finetune.stage import STATES, Tell, adapters, last_state, save
from harness.finetune.validation import Asked, graders, pad_token, validate
from harness.grading_pool import GradingPool

if TYPE_CHECKING:
    from datasets import Dataset

_LOOKS = 10
"""How often the loss is looked at between two states, and told."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    model: str
    """Folder of the checkpoint to start from."""
    rows: str
    """File of rows."""
    options: TrainingOptions
    factors: dict[str, float] = {}
    """kind of row -> factor on the loss of its tokens; a kind that is not named has 1."""
    seed: int = 0
    thinking: str = "auto"
    protocol: str = "stated"
    max_tokens: int = 2048
    task_files: list[str] = []
    """The user's tasks among those of the questions, as `file:REFERENCE`."""
    validation: list[Asked] = []
    validate_every: int = 0
    """Steps between two looks at the validation questions; 0: only at the end."""


def fit(folder: Path, settings: Settings, tell: Tell) -> None:
    """Trains on the rows and writes `folder/checkpoint`.

    Raises:
        CalibenchError: the loss is no longer a number; the last good state is kept.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed
    from trl import SFTConfig

    options = settings.options
    set_seed(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(settings.model)
    chat = ChatFormat(tokenizer, settings.thinking)
    on_gpu = torch.cuda.is_available()
    # Without adapters the weights are updated themselves, which needs more digits than bfloat16 has.
    dtype = torch.bfloat16 if on_gpu and options.lora_rank else torch.float32
    model = AutoModelForCausalLM.from_pretrained(settings.model, dtype=dtype)
    dataset = _dataset(Path(settings.rows), settings.factors)
    if options.packing:
        dataset = _packed(dataset, options.max_length, settings.seed)
    rows_per_step = options.batch_size * options.accumulation * int(os.environ.get("WORLD_SIZE", "1"))
    steps = math.ceil(options.epochs * math.ceil(len(dataset) / rows_per_step))
    trainer = _trainer_class()(
        model=model,
        processing_class=tokenizer,
        train_dataset=dataset,
        peft_config=adapters(options.lora_rank, options.lora_alpha),
        args=SFTConfig(
            output_dir=str(folder / STATES),
            learning_rate=options.learning_rate,
            num_train_epochs=options.epochs,
            per_device_train_batch_size=options.batch_size,
            gradient_accumulation_steps=options.accumulation,
            max_length=options.max_length,
            packing=options.packing,
            lr_scheduler_type=options.schedule if options.schedule != "constant" else "constant_with_warmup",
            warmup_steps=round(options.warm_up * steps),
            weight_decay=options.weight_decay,
            max_grad_norm=options.clip,
            save_steps=options.save_every,
            save_total_limit=1,
            logging_steps=max(1, options.save_every // _LOOKS),
            logging_nan_inf_filter=False,
            train_sampling_strategy="random" if options.packing else "group_by_length",
            dataset_kwargs={"skip_prepare_dataset": True},
            gradient_checkpointing=on_gpu,
            bf16=on_gpu,
            use_cpu=not on_gpu,
            seed=settings.seed,
            report_to="none",
            disable_tqdm=True,
        ),
    )
    trainer.data_collator = _collator(pad_token(chat), options.packing)
    with graders(1, settings.task_files, settings.validation) as pool:
        trainer.add_callback(_watch(trainer, chat, settings, pool, tell))
        state = last_state(folder)
        trainer.train(resume_from_checkpoint=str(state) if state else None)
    if trainer.is_world_process_zero():
        curve = [entry for entry in trainer.state.log_history if "train_runtime" not in entry]
        save(folder, trainer.accelerator.unwrap_model(trainer.model), Path(settings.model), curve)


def _dataset(path: Path, factors: dict[str, float]) -> Dataset:
    """Columns input_ids and labels, and weights if any kind has a factor: that of the row's kind, at each token."""
    from datasets import Dataset

    def rows() -> Any:
        for row in rows_of.read(path):
            factor = factors.get(row.kind, 1.0)
            weights = {"weights": [factor] * len(row.labels)} if factors else {}
            yield {"input_ids": list(row.input_ids), "labels": list(row.labels), **weights}

    return Dataset.from_list(list(rows()))


def _packed(dataset: Dataset, length: int, seed: int) -> Dataset:
    """Several rows in one sequence of up to `length` tokens; `seq_lengths` keeps them apart."""
    from trl import pack_dataset

    return pack_dataset(dataset.shuffle(seed=seed), length)


def _trainer_class() -> type:
    from trl import SFTTrainer

    class Trainer(SFTTrainer):
        """`SFTTrainer` whose loss may weigh tokens; without weights it is its own."""

        def _set_signature_columns_if_needed(self) -> None:
            super()._set_signature_columns_if_needed()
            if "weights" not in self._signature_columns:
                self._signature_columns.append("weights")

        def compute_loss(
            self, model: Any, inputs: dict, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            weights = inputs.pop("weights", None)
            if weights is None:
                return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            outputs = model(**inputs, use_cache=False, fused_lm_head=True)
            learned = outputs.label_mask.sum() if num_items_in_batch is None else num_items_in_batch
            loss = -(outputs.log_probs * weights[:, 1:]).sum() / learned
            processes = self.accelerator.num_processes if num_items_in_batch is not None else 1
            return (loss * processes, outputs) if return_outputs else loss * processes

    return Trainer


def _collator(padding: int, packed: bool) -> Any:
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    plain = DataCollatorForLanguageModeling(pad_token_id=padding, padding_free=packed)

    def collate(examples: list[dict]) -> dict:
        import torch

        batch = plain(examples)
        if "weights" in examples[0]:
            weights = [torch.tensor(example["weights"]) for example in examples]
            batch["weights"] = (
                torch.cat(weights)[None] if packed else torch.nn.utils.rnn.pad_sequence(weights, batch_first=True)
            )
        return batch

    return collate


def _watch(trainer: Any, chat: ChatFormat, settings: Settings, pool: GradingPool, tell: Tell) -> Any:
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        """Tells the figures, looks at the validation questions, and stops when the loss is no number."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            every = settings.validate_every
            if settings.validation and (
                state.global_step == state.max_steps or (every and state.global_step % every == 0)
            ):
                figures = validate(
                    trainer.model, chat, settings.validation, settings.protocol, settings.max_tokens, pool
                )
                due = control.should_log  # which a log of our own takes back
                trainer.log({f"validation_{name}": value for name, value in figures._asdict().items()})
                control.should_log = due

        def on_log(self, args: Any, state: Any, control: Any, logs: dict, **_: Any) -> None:
            if not math.isfinite(logs.get("loss", 0.0)) or not math.isfinite(logs.get("grad_norm", 0.0)):
                raise CalibenchError(
                    f"the loss is no number at step {state.global_step}: training is unstable. The last good state is"
                    " kept; lower --learning-rate, or --clip, and give another --out"
                )
            shown = ("loss", "learning_rate", *(name for name in logs if name.startswith("validation_")))
            if figures := {name: logs[name] for name in shown if name in logs}:
                tell(state.global_step, state.max_steps, figures)

    return Watch()
