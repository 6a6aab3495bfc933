"""Linear merge of checkpoints, or of LoRA adapters: theta = sum_i w_i theta_i.

Wortsman et al. 2022, "Model soups" (arXiv 2203.05482), with weights of one's own choice. With `normalize`, the weights
are divided by their sum, which is what mergekit's `linear` does by default: 1.0, 0.2 and 0.1 become 0.769,
0.154 and 0.077. Without, a sum of 1.3 scales every layer by 1.3, which breaks a model.

Sums are taken in float64 and rounded to the first parent's type, tensor by tensor: no more than one tensor of each
parent is in memory. One parent with weight 1 (or normalised, with any) comes out bit by bit. Whatever else a checkpoint
is made of (configuration, tokenizer, chat template, generation settings) comes from the first parent.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec

from calibench import model
from calibench.errors import InputError, ModelError, StorageError
from calibench.files import settle
from calibench.model import is_inside

if TYPE_CHECKING:
    import torch

_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_ADAPTER = "adapter_model.safetensors"
_ADAPTER_CONFIG = "adapter_config.json"
_INHERITED = {".json", ".jinja", ".model", ".txt", ".tiktoken", ".py"}
_NOT_INHERITED = {"lineage.json", "curve.json"}
_SAID_OTHERWISE = {"transformers_version", "_name_or_path", "dtype", "torch_dtype", "use_cache", "pad_token_id"}
"""Fields of a configuration that may differ without the models being different."""
_HEAD, _INPUT = "lm_head.weight", "model.embed_tokens.weight"
_CHUNK = 1 << 22
"""Numbers of a tensor that are summed at once in float64."""


def merge(
    folders: Sequence[Path],
    weights: Sequence[float],
    out: Path,
    *,
    normalize: bool = True,
    trust_remote_code: bool = False,
) -> Path:
    """Merges the checkpoints, or the LoRA adapters, in `folders` into the new folder `out`.

    The product of two averaged LoRA factors is not the average of the products, so adapters are merged by their deltas,
    s_i B_i A_i: the factors are put side by side, A = [A_1; A_2; ...] and B = [c_1 B_1, c_2 B_2, ...], which gives
    sum_i w_i s_i B_i A_i without approximation, but for the rounding of c_i B_i to the first parent's type. The rank of
    the result is the sum of the ranks.

    Args:
        folders: checkpoints with weights in safetensors files, sharded or not; or adapters that PEFT has written. The
            first is the one that everything but the weights is taken from.
        weights: one finite number per folder.
        out: does not exist yet; written in one step.
        normalize: divides the weights by their sum.
        trust_remote_code: whether Python files of the checkpoints may be executed.

    Returns:
        `out`.

    Raises:
        InputError: weights that are not finite, sum to zero though they are to be normalised, or are too many or few.
        ModelError: the parents differ in architecture, tensors, shapes, tokenizer or chat template, or in a way that
            cannot be averaged; names the first difference. Nothing is written.
        StorageError: it cannot be written.
    """
    shares = effective_weights(len(folders), weights, normalize)
    adapters = [is_adapter(folder) for folder in folders]
    if any(adapters) and not all(adapters):
        raise ModelError(
            f"{folders[adapters.index(True)]} is an adapter and {folders[adapters.index(False)]} is none; merge "
            "adapters with adapters, or checkpoints with checkpoints"
        )
    write = _adapters(folders, shares) if all(adapters) else _checkpoints(folders, shares, trust_remote_code)
    with _made_in_one_step(out) as new:
        write(new)
    return out


def is_adapter(folder: Path) -> bool:
    """Whether the folder holds an adapter, as PEFT writes it, and no checkpoint."""
    return (folder / _ADAPTER_CONFIG).is_file() and not (folder / "config.json").is_file()


def effective_weights(parents: int, weights: Sequence[float], normalize: bool) -> list[float]:
    """The weights that sums are taken with: as given, or divided by their sum.

    Raises:
        InputError: not one finite number for each of the parents, or a sum of zero that is to be divided by.
    """
    if not parents or parents != len(weights):
        raise InputError(f"expected a weight for each of {parents} parents, found {len(weights)}")
    if not all(map(math.isfinite, weights)):
        raise InputError(f"expected finite weights, found {', '.join(map(str, weights))}")
    total = math.fsum(weights)
    if not normalize:
        return list(weights)
    if abs(total) < 1e-6 * max(map(abs, weights)) or total == 0:
        raise InputError(f"the weights {', '.join(map(str, weights))} sum to zero and cannot be normalised")
    return [weight / total for weight in weights]


@contextmanager
def _made_in_one_step(out: Path) -> Iterator[Path]:
    new = out.with_name(f"{out.name}.new")
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        yield new
        settle(new, out)
    except OSError as error:
        raise StorageError(f"{out}: cannot be written ({error.strerror or error})") from error


def _inherit(parent: Path, new: Path) -> None:
    for file in parent.iterdir():
        named = file.suffix in _INHERITED and file.name not in _NOT_INHERITED
        if named and file.is_file() and is_inside(file, parent):
            shutil.copyfile(file, new / file.name)


def _differ(first: Path, other: Path, what: str) -> ModelError:
    return ModelError(f"{first} and {other} cannot be merged: {what}")


# -- checkpoints ------------------------------------------------------------------------------------------------------


class _Tensor(NamedTuple):
    file: Path
    name: str
    shape: tuple[int, ...]


def _checkpoints(folders: Sequence[Path], shares: Sequence[float], consent: bool) -> Callable[[Path], None]:
    """Checks that the checkpoints can be merged; what it returns writes them merged into a folder."""
    folders = [model.resolve(str(folder.resolve()), trust_remote_code=consent).path for folder in folders]
    parents = [_tensors(folder) for folder in folders]
    about = [(_configuration(folder, consent), _tokenizer(folder, consent)) for folder in folders]
    if about[0][0].get("tie_word_embeddings"):
        parents = [parents[0], *(_with_head_as(parents[0], other) for other in parents[1:])]
    for folder, tensors, (configuration, tokenizer) in zip(folders[1:], parents[1:], about[1:], strict=True):
        _require_same(folders[0], folder, "configurations", about[0][0], configuration)
        _require_same(folders[0], folder, "tokenizers", about[0][1], tokenizer)
        _require_same_tensors(folders[0], folder, parents[0], tensors)

    def write(new: Path) -> None:
        _inherit(folders[0], new)
        for file in sorted({tensor.file for tensor in parents[0].values()}):
            _write_like(file, new / file.name, lambda name: _merged(name, parents, shares))

    return write


class _Index(msgspec.Struct):
    weight_map: dict[str, Annotated[str, msgspec.Meta(pattern=r"\A[^/]+\Z")]]
    """The file of each tensor, in the same folder."""


def _tensors(folder: Path) -> dict[str, _Tensor]:
    """File and shape of each tensor, by name."""
    from safetensors import SafetensorError, safe_open

    try:
        if (folder / _INDEX).is_file():
            index = msgspec.json.decode((folder / _INDEX).read_bytes(), type=_Index)
            files = sorted(set(index.weight_map.values()))
        else:
            files = [_WEIGHTS]
        found = {}
        for file in files:
            with safe_open(folder / file, "pt") as tensors:
                for name in sorted(tensors.keys()):
                    found[name] = _Tensor(folder / file, name, tuple(tensors.get_slice(name).get_shape()))
    except FileNotFoundError as error:
        raise ModelError(f"{folder}: expected weights in {_WEIGHTS}, or in the files of {_INDEX}: {error}") from error
    except (OSError, ValueError, msgspec.MsgspecError, RecursionError, SafetensorError) as error:
        raise ModelError(f"{folder}: its weights cannot be read: {error}") from error
    return found


def _with_head_as(first: dict[str, _Tensor], other: dict[str, _Tensor]) -> dict[str, _Tensor]:
    """The other's tensors, with an output layer if the first has one: where it is the input layer, some checkpoints
    hold a copy of it and some do not."""
    if _HEAD in first and _INPUT in other:
        return {_HEAD: other[_INPUT], **other}
    return {name: tensor for name, tensor in other.items() if name != _HEAD or _HEAD in first}


def _configuration(folder: Path, consent: bool) -> dict[str, Any]:
    from transformers import AutoConfig

    with model.reading("configuration", folder):
        # Older versions wrote the same settings under other names; transformers reads them all.
        fields = AutoConfig.from_pretrained(folder, trust_remote_code=consent).to_dict()
    if fields.get("quantization_config"):
        raise ModelError(f"{folder}: its weights are quantised, and codes cannot be averaged; merge, then quantise")
    return {name: value for name, value in fields.items() if name not in _SAID_OTHERWISE}


def _tokenizer(folder: Path, consent: bool) -> dict[str, Any]:
    """Everything that decides which ids a chat becomes. The padding token is none of it."""
    from transformers import AutoTokenizer

    with model.reading("tokenizer", folder):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=consent)
    special = {name: token for name, token in tokenizer.special_tokens_map.items() if name != "pad_token"}
    facts = {"vocabulary": tokenizer.get_vocab(), "chat template": tokenizer.chat_template, "special tokens": special}
    if tokenizer.is_fast:
        parts = json.loads(tokenizer.backend_tokenizer.to_str())
        facts |= {name: parts[name] for name in ("normalizer", "pre_tokenizer", "post_processor", "model", "decoder")}
    return facts


def _require_same(first: Path, other: Path, what: str, a: dict[str, Any], b: dict[str, Any]) -> None:
    for name in sorted(a.keys() | b.keys(), key=lambda name: (name != "model_type", name)):
        if a.get(name) != b.get(name):
            found = f"{_short(a.get(name))} and {_short(b.get(name))}"
            raise _differ(first, other, f"their {what} differ in {name}: {found}")


def _short(value: Any) -> str:
    return f"{len(value)} entries" if isinstance(value, dict) and len(value) > 8 else f"{value!r:.200}"


def _require_same_tensors(first: Path, other: Path, a: dict[str, _Tensor], b: dict[str, _Tensor]) -> None:
    for here, there, missing in ((first, other, a.keys() - b.keys()), (other, first, b.keys() - a.keys())):
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            raise _differ(first, other, f"only {here} has {', '.join(sorted(missing)[:3])}{more}, not {there}")
    for name, tensor in a.items():
        if tensor.shape != b[name].shape:
            raise _differ(first, other, f"{name} has shape {list(tensor.shape)} and {list(b[name].shape)}")


def _merged(name: str, parents: Sequence[dict[str, _Tensor]], shares: Sequence[float]) -> torch.Tensor:
    from safetensors import safe_open

    tensors = []
    for parent in parents:
        with safe_open(parent[name].file, "pt") as file:
            tensors.append(file.get_tensor(parent[name].name))
    return mean(name, tensors, shares)


def mean(name: str, tensors: Sequence[torch.Tensor], shares: Sequence[float]) -> torch.Tensor:
    """sum_i shares_i tensors_i in the type of the first; all of one shape.

    Raises:
        ModelError: whole numbers that differ, or a sum that is not finite in that type; names the tensor.
    """
    import torch

    first = tensors[0]
    if not first.is_floating_point():
        if not all(torch.equal(first, tensor) for tensor in tensors):
            raise ModelError(f"{name}: holds whole numbers that differ between the parents, and cannot be averaged")
        return first
    out = torch.empty_like(first, memory_format=torch.contiguous_format)
    flat = [tensor.reshape(-1) for tensor in tensors]
    for start in range(0, out.numel(), _CHUNK):
        part = slice(start, start + _CHUNK)
        total = flat[0][part].double() * shares[0]
        for tensor, share in zip(flat[1:], shares[1:], strict=True):
            total += tensor[part].double() * share
        out.view(-1)[part] = total.to(out.dtype)
        if not torch.isfinite(out.view(-1)[part].float()).all():
            raise ModelError(f"{name}: the merged numbers are not finite in {out.dtype}")
    return out


def _write_like(source: Path, target: Path, tensor: Callable[[str], torch.Tensor]) -> None:
    """Writes a safetensors file with the layout of `source`, and `tensor(name)` as its tensors, one after the other.

    The format: the length of the header in 8 bytes, the header in JSON, then the tensors without gaps.
    """
    import torch

    with source.open("rb") as file:
        length = file.read(8)
        header = file.read(int.from_bytes(length, "little"))
    entries = {name: entry for name, entry in json.loads(header).items() if name != "__metadata__"}
    with target.open("wb") as out:
        out.write(length + header)
        for name in sorted(entries, key=lambda name: entries[name]["data_offsets"]):
            out.write(tensor(name).contiguous().reshape(-1).view(torch.uint8).numpy().data)


# -- adapters ---------------------------------------------------------------------------------------------------------

_PLAIN = (
    "use_dora", "lora_bias", "modules_to_save", "rank_pattern", "alpha_pattern", "layer_replication",
    "trainable_token_indices", "target_parameters", "use_qalora", "use_bdlora", "velora_config", "arrow_config",
)  # fmt: skip
"""Settings with which a delta is more than alpha / rank B A."""


class _Scale(msgspec.Struct):
    """What is computed with of an adapter's settings."""

    r: Annotated[int, msgspec.Meta(gt=0)]
    lora_alpha: Annotated[float, msgspec.Meta(gt=0)]


class _Adapter(NamedTuple):
    config: dict[str, Any]
    tensors: dict[str, torch.Tensor]

    @property
    def scaling(self) -> float:
        rank = self.config["r"]
        return self.config["lora_alpha"] / (math.sqrt(rank) if self.config.get("use_rslora") else rank)


def _adapters(folders: Sequence[Path], shares: Sequence[float]) -> Callable[[Path], None]:
    """Checks that the adapters can be merged; what it returns writes them merged into a folder."""
    import torch
    from safetensors.torch import save_file

    parents = [_adapter(folder) for folder in folders]
    for folder, parent in zip(folders[1:], parents[1:], strict=True):
        _require_same_modules(folders[0], folder, parents[0], parent)
    config = parents[0].config
    rank = sum(parent.config["r"] for parent in parents)
    growth = rank / config["r"]
    alpha = config["lora_alpha"] * (math.sqrt(growth) if config.get("use_rslora") else growth)
    # The merged adapter keeps the scaling of the first, so that a single one comes out as it is.
    factors = [share * parent.scaling / parents[0].scaling for share, parent in zip(shares, parents, strict=True)]
    tensors = {}
    for name, first in parents[0].tensors.items():
        pieces = [parent.tensors[name] for parent in parents]
        if "lora_A" in name:
            tensors[name] = torch.cat([piece.to(first.dtype) for piece in pieces])
        else:
            scaled = [piece.double() * factor for piece, factor in zip(pieces, factors, strict=True)]
            tensors[name] = torch.cat(scaled, dim=1).to(first.dtype)

    def write(new: Path) -> None:
        _inherit(folders[0], new)
        merged = {**config, "r": rank, "lora_alpha": int(alpha) if alpha == int(alpha) else alpha}
        (new / _ADAPTER_CONFIG).write_text(json.dumps(merged, indent=2) + "\n")
        save_file(tensors, new / _ADAPTER, metadata={"format": "pt"})

    return write


def _adapter(folder: Path) -> _Adapter:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        config = msgspec.json.decode((folder / _ADAPTER_CONFIG).read_bytes(), type=dict[str, Any])
        if config.get("peft_type") == "LORA":
            msgspec.convert(config, _Scale)
        tensors = load_file(folder / _ADAPTER)
    except (OSError, msgspec.MsgspecError, RecursionError, SafetensorError) as error:
        raise ModelError(f"{folder}: expected {_ADAPTER_CONFIG} and {_ADAPTER}: {error}") from error
    if config.get("peft_type") != "LORA":
        raise ModelError(f"{folder}: expected an adapter of type LORA, found {config.get('peft_type')!r}")
    special = [name for name in _PLAIN if config.get(name)]
    if special or config.get("bias", "none") != "none":
        raise ModelError(f"{folder}: only plain LoRA adapters can be merged, found {', '.join(special) or 'bias'}")
    for name in tensors:
        if "lora_A.weight" not in name and "lora_B.weight" not in name:
            raise ModelError(f"{folder}: only LoRA factors can be merged, found the tensor {name}")
    return _Adapter(config, tensors)


def _require_same_modules(first: Path, other: Path, a: _Adapter, b: _Adapter) -> None:
    fields = ("base_model_name_or_path", "fan_in_fan_out", "task_type")
    _require_same(first, other, "settings", *({name: x.config.get(name) for name in fields} for x in (a, b)))

    def sizes(adapter: _Adapter) -> dict[str, _Tensor]:
        """Shapes without the rank, which may differ: it is the first of A's sizes and the second of B's."""
        return {
            name: _Tensor(Path(), name, tuple(t.shape[1:]) if "lora_A" in name else (t.shape[0], *t.shape[2:]))
            for name, t in adapter.tensors.items()
        }

    _require_same_tensors(first, other, sizes(a), sizes(b))
