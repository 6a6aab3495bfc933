"""Supervised fine-tuning by TRL's `SFTTrainer` on rows of `calibench.finetune.rows`."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibench.finetune.options import TrainingOptions
from calibench.finetune.rows import IGNORED
from calibench.finetune.stage import Report
from calibench.finetune.trainers import base as trainer_of
from calibench.finetune.trainers.validation import graders, pad_token
from calibench.grading.pool import GradingPool
from calibench.prompting.chat import ChatFormat

if TYPE_CHECKING:
    from datasets import Dataset

_LOOKS = 10
"""How often the loss is looked at between two states, and reported."""


class Settings(trainer_of.TrainerSettings, frozen=True, kw_only=True):
    rows: str
    """File of rows."""
    options: TrainingOptions


def fit(folder: Path, settings: Settings, report: Report) -> None:
    """Trains on the rows and writes `folder/checkpoint`.

    Raises:
        CalibenchError: the loss is no longer a number; the last good state is kept.
    """
    from trl import SFTConfig

    options = settings.options
    model, chat = trainer_of.load(settings)
    dataset = _dataset(Path(settings.rows))
    if options.packing:
        dataset = _packed(dataset, options.max_length, settings.seed)
    rows_per_step = options.batch_size * options.accumulation * int(os.environ.get("WORLD_SIZE", "1"))
    steps_per_epoch = math.ceil(len(dataset) / rows_per_step)
    steps = math.ceil(options.epochs * steps_per_epoch)
    trainer = _trainer_class(_learned(dataset) / steps_per_epoch)(
        model=model,
        processing_class=chat.tokenizer,
        train_dataset=dataset,
        peft_config=trainer_of.adapters(settings),
        args=SFTConfig(
            **trainer_of.arguments(folder, settings, model, steps),
            num_train_epochs=options.epochs,
            max_length=options.max_length,
            packing=options.packing,
            weight_decay=options.weight_decay,
            logging_steps=max(1, options.save_every // _LOOKS),
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
    )
    trainer.data_collator = _collator(pad_token(chat), options.packing)
    with graders(1, settings.task_files, settings.validation) as pool:
        trainer.add_callback(_watch(trainer, chat, settings, pool, report))
        trainer_of.train(trainer, folder, settings)


def _dataset(path: Path) -> Dataset:
    """Columns input_ids and labels, and, unless all rows weigh 1, the row's weight at each token."""
    import pyarrow.compute as compute
    import pyarrow.parquet as parquet
    from datasets import Dataset

    table = parquet.read_table(path)
    dataset = Dataset(table.drop_columns(["kind", "weight"]))
    weights = table.column("weight")
    if compute.all(compute.equal(weights, 1.0)).as_py():
        return dataset
    lengths = compute.list_value_length(table.column("labels"))
    return dataset.add_column(
        "weights", [[w] * n for w, n in zip(weights.to_pylist(), lengths.to_pylist(), strict=True)]
    )


def _packed(dataset: Dataset, length: int, seed: int) -> Dataset:
    """Several rows in one sequence of up to `length` tokens; `seq_lengths` keeps them apart."""
    from trl import pack_dataset

    return pack_dataset(dataset.shuffle(seed=seed), length)


def _learned(dataset: Dataset) -> int:
    import numpy as np
    import pyarrow.compute as compute

    labels = compute.list_flatten(dataset.data.column("labels")).to_numpy()
    return int(np.count_nonzero(labels != IGNORED))


def _trainer_class(learned_per_step: float) -> type:
    from trl import SFTTrainer

    class Trainer(SFTTrainer):
        """`SFTTrainer` whose loss may weigh tokens; without weights it is its own, the mean over a step's tokens.

        Weighted, it is a sum over the tokens of a step, divided by how many a step has on average: divided by its own
        number, a token would weigh more the fewer others its step happens to hold, and verdicts are short.
        """

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
            # Averaged over processes afterwards, but summed over the passes of a step.
            loss = -(outputs.log_probs * weights[:, 1:]).sum() * self.accelerator.num_processes / learned_per_step
            return (loss, outputs) if return_outputs else loss

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


def _watch(trainer: Any, chat: ChatFormat, settings: Settings, pool: GradingPool, report: Report) -> Any:
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        """Reports the figures, looks at the validation questions, and stops when the loss is NaN or infinite."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            control.should_log |= state.global_step == state.max_steps  # the last steps are looked at as well
            if figures := trainer_of.look(trainer, chat, settings, pool):
                due = control.should_log  # which a log of our own takes back
                trainer.log(figures)
                control.should_log = due

        def on_log(self, args: Any, state: Any, control: Any, logs: dict, **_: Any) -> None:
            trainer_of.require_number(state.global_step, logs)
            shown = ("loss", "learning_rate", *(name for name in logs if name.startswith("validation_")))
            if figures := {name: logs[name] for name in shown if name in logs}:
                report(state.global_step, state.max_steps, figures)

    return Watch()
