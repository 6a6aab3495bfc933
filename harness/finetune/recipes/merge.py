"""Linear merge of checkpoints, or of LoRA adapters into their base; nothing is trained.

`--others A,B --weights 1.0,0.2,0.1` merges `--model`, A and B; `--adapters A,B --weights 1,0.5` merges two adapters of
`--model` and adds the result to it. Without `--weights`, all weigh the same. See `calibench.finetune.averaging`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from calibench import model
from calibench.errors import InputError, ModelError, StorageError
from calibench.fields import Options
from calibench.finetune import stage
from calibench.finetune.averaging import effective_weights, is_adapter, merge
from calibench.finetune.config import TuneConfig
from calibench.finetune.job import Job, Taught
from calibench.finetune.recipes.base import Parent, Recipe
from calibench.model import Checkpoint
from calibench.model.adapter import configuration

_NAME = "merged"


class MergeOptions(Options, frozen=True):
    others: Annotated[str, Meta(description="checkpoints that are merged with --model, by comma")] = ""
    adapters: Annotated[str, Meta(description="folders of LoRA adapters of --model, by comma, instead")] = ""
    weights: Annotated[str, Meta(description="by comma, --model's first; adapters have one each (default: equal)")] = ""
    normalize: Annotated[bool, Meta(description="divides the weights by their sum, as mergekit does")] = True


class _Parts(NamedTuple):
    """What is merged. Either `others` or `adapters` is empty."""

    others: list[Checkpoint]
    adapters: list[Path]
    weights: list[float]
    used: list[float]
    """The weights after normalisation."""


def _parts(options: MergeOptions, consent: bool) -> _Parts:
    others = [model.resolve(name, trust_remote_code=consent) for name in _list(options.others)]
    adapters = [Path(name) for name in _list(options.adapters)]
    if bool(others) == bool(adapters):
        raise InputError("recipe merge: expected one of --others and --adapters, with what is merged with --model")
    for folder in adapters:
        if not is_adapter(folder):
            found = ", ".join(sorted(file.name for file in folder.glob("*"))[:5]) or "nothing"
            raise ModelError(f"--adapters {folder}: expected a folder with adapter_config.json, found {found}")
    count = len(adapters) or 1 + len(others)
    try:
        weights = [float(weight) for weight in _list(options.weights)] or [1.0] * count
    except ValueError:
        raise InputError(f"--weights: expected numbers by comma, found {options.weights!r}") from None
    return _Parts(others, adapters, weights, effective_weights(count, weights, options.normalize))


def questions(config: TuneConfig, options: Any) -> list[Taught]:
    """None: a merge learns from no question. Bad options are refused here, before anything is written."""
    _parts(options, config.trust_remote_code)
    return []


def contents(options: Any) -> dict[str, Any]:
    """Name and fingerprint of each checkpoint, or adapter; nothing of them is loaded."""
    parts = _parts(options, consent=True)
    adapters = [Checkpoint(folder.name, folder, None) for folder in parts.adapters]
    return {
        name: [f"{part.name} {part.fingerprint()}" for part in found]
        for name, found in (("others", parts.others), ("adapters", adapters))
    }


def run(job: Job) -> Path:
    parts = _parts(job.options, job.config.trust_remote_code)
    done = job.work / _NAME / stage.CHECKPOINT
    if not stage.is_there(done):
        names = [_name(folder) for folder in parts.adapters] or [job.parent.name, *(part.name for part in parts.others)]
        shares = ", ".join(f"{used:g} {name}" for name, used in zip(names, parts.used, strict=True))
        job.progress.stage(f"merging {shares}")
        normalize = job.options.normalize
        for warning in _foreign(job.parent, parts.adapters):
            job.progress.stage(f"warning: {warning}")
        if parts.adapters:
            with TemporaryDirectory() as scratch:
                _into_base(job, merge(parts.adapters, parts.weights, Path(scratch) / "adapter", normalize=normalize))
        else:
            folders = [job.parent.path, *(other.path for other in parts.others)]
            consent = job.config.trust_remote_code
            merge(folders, parts.weights, done, normalize=normalize, trust_remote_code=consent)
    if parts.adapters:
        job.notes["adapters"] = _adapters(parts)
    return done


def parents(job: Job) -> list[Parent]:
    """The checkpoints with the weights that were used; of adapters, the base alone."""
    parts = _parts(job.options, job.config.trust_remote_code)
    if parts.adapters:
        return [Parent(job.parent)]
    return [Parent(one, weight) for one, weight in zip((job.parent, *parts.others), parts.used, strict=True)]


def _adapters(parts: _Parts) -> list[dict[str, Any]]:
    """The adapters with the weights that were used, for the lineage."""
    return [
        {
            "name": _name(folder),
            "fingerprint": Checkpoint(folder.name, folder, None).fingerprint(),
            "weight": weight,
            "lineage": Checkpoint(folder.name, folder.parent, None).lineage(),
        }
        for folder, weight in zip(parts.adapters, parts.used, strict=True)
    ]


def _foreign(parent: Checkpoint, adapters: list[Path]) -> Iterator[str]:
    """Which adapters were trained on another model, as far as the lineage of their checkpoint says."""
    for folder in adapters:
        lineage = Checkpoint(folder.name, folder.parent, None).lineage()
        if lineage.get("options", {}).get("start") == "previous":  # the last one is of the checkpoint before it
            continue
        trained_on: dict[str, Any] = next(iter(lineage.get("parents", [])), {})
        if "fingerprint" in trained_on and trained_on["fingerprint"] != parent.fingerprint():
            yield f"{_name(folder)} was trained on {trained_on.get('name')}, and is added to {parent.name}"


def _name(adapter: Path) -> str:
    """Its folder, and the one that this lies in: that of the checkpoint which it is the adapter of."""
    folder = adapter.resolve()
    return f"{folder.parent.name}/{folder.name}"


def _list(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _into_base(job: Job, adapter: Path) -> None:
    """Adds the adapter to the parent's weights, in float32, and writes the checkpoint.

    Raises:
        ModelError: the adapter has other modules, or shapes, than the parent. Nothing is written.
        StorageError: the checkpoint cannot be written.
    """
    import torch
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from transformers.utils.logging import disable_progress_bar

    from calibench.model.loading import load_model

    disable_progress_bar()
    misfit = f"{job.options.adapters}: no adapters of {job.parent.name}: "
    try:
        consent = job.parent.trust_remote_code
        base = load_model(job.parent.path, torch.float32, trust_remote_code=consent)
        with warnings.catch_warnings(action="ignore"):  # about what is missing, which is reported below
            tuned = PeftModel.from_pretrained(base, adapter, config=configuration(adapter))
    except Exception as error:  # an adapter's configuration may hold anything
        lines = [line.strip() for line in str(error).splitlines()] or [type(error).__name__]
        raise ModelError(misfit + next((line for line in lines if "mismatch" in line), lines[0])) from error
    # PEFT leaves out what has no counterpart in the model.
    given = load_file(adapter / "adapter_model.safetensors").keys()
    taken = get_peft_model_state_dict(tuned, save_embedding_layers=False).keys()
    if given != taken:
        raise ModelError(f"{misfit}only one of them has {min(given ^ taken)}")
    folder = job.work / _NAME
    folder.mkdir(parents=True, exist_ok=True)
    try:
        stage.save(folder, tuned, job.parent.path, [], trust_remote_code=consent)
    except SafetensorError as error:
        raise StorageError(f"{folder}: cannot write ({error}); run the same command again with more space") from error


RECIPE = Recipe(
    description="linear merge with other checkpoints (--others A,B), or of adapters (--adapters A,B), without training",
    source="Wortsman et al. 2022 (model soups), arXiv 2203.05482; normalised as in mergekit",
    kind=None,
    options=MergeOptions,
    train=run,
    questions=questions,
    contents=contents,
    parents=parents,
)
