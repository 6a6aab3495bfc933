"""Trains on a file of rows, in a process of its own: as `calibench tune` does, or by a bare `SFTTrainer`.

    python train_rows.py ours|bare FOLDER    (FOLDER holds settings.json)

Prints the seconds from the first step to the last, saved states included.
"""

import json
import sys
import time
from pathlib import Path

import msgspec
from transformers import Trainer

from calibench.finetune import rows
from calibench.finetune.trainers import supervised


def bare(folder: Path, settings: supervised.Settings) -> None:
    """What a person would write: TRL's own trainer, collator and sampler."""
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    options = settings.options
    SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(settings.model, dtype="float32"),
        processing_class=AutoTokenizer.from_pretrained(settings.model),
        train_dataset=Dataset.from_list(
            [{"input_ids": row.input_ids, "labels": row.labels} for row in rows.read(Path(settings.rows))]
        ),
        args=SFTConfig(
            output_dir=str(folder / "states"),
            learning_rate=options.learning_rate,
            num_train_epochs=options.epochs,
            per_device_train_batch_size=options.batch_size,
            max_length=options.max_length,
            dataset_kwargs={"skip_prepare_dataset": True},
            gradient_checkpointing=False,
            bf16=False,
            use_cpu=True,
            report_to="none",
            disable_tqdm=True,
        ),
    ).train()


def main() -> None:
    who, folder = sys.argv[1], Path(sys.argv[2])
    settings = msgspec.json.decode((folder / "settings.json").read_bytes(), type=supervised.Settings)
    train = Trainer.train
    seconds = []

    def timed(*args: object, **more: object) -> object:
        begin = time.monotonic()
        result = train(*args, **more)
        seconds.append(time.monotonic() - begin)
        return result

    Trainer.train = timed
    if who == "ours":
        supervised.fit(folder, settings, lambda *_: None)
    else:
        bare(folder, settings)
    print(json.dumps({"seconds": seconds[0]}))


if __name__ == "__main__":
    main()
