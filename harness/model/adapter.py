"""A LoRA adapter: a folder as PEFT writes it, which changes the weights of the model that it was trained on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from calibench.errors import ModelError
from calibench.errors.regular import regular

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_LARGEST_RANK = 512
_MATRIX = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.[^.]+)?\.weight")
_PLAIN = re.compile(r"\^?[\w.\\-]{1,300}\$?")
"""The name of a module, as it may stand in the place of a pattern. Any other may take for ever to be searched."""
_FLOATS = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}
"""Of weights whose shapes are those of their layers; others are packed."""


class _Config(msgspec.Struct):
    peft_type: str
    r: int
    use_dora: bool = False
    bias: str = "none"
    modules_to_save: list[str] | None = None
    rank_pattern: dict[str, int] = {}
    alpha_pattern: dict[str, float] = {}


class Adapter(NamedTuple):
    path: Path
    rank: int
    """The largest of its matrices'."""

    @property
    def name(self) -> str:
        return self.path.name

    def fingerprint(self) -> str:
        """sha256 over its configuration and weights."""
        total = hashlib.sha256()
        for name in (_CONFIG, _WEIGHTS):
            try:
                with (self.path / name).open("rb") as data:
                    total.update(f"{name} {hashlib.file_digest(data, 'sha256').hexdigest()}\n".encode())
            except OSError as error:
                raise ModelError(f"{self.path / name}: cannot be read ({error.strerror})") from error
        return f"sha256:{total.hexdigest()}"

    def require_fit(self, model: Path) -> None:
        """Refuses an adapter of another model, as far as the names and shapes of weights show it: an engine may put
        smaller matrices onto larger weights without a word.

        Args:
            model: folder of the checkpoint.

        Raises:
            ModelError: it does not fit, or its file is damaged.
        """
        matrices: dict[str, dict[str, tuple[int, ...]]] = {}
        for name, _, shape in _tensors(self.path / _WEIGHTS):
            if found := _MATRIX.fullmatch(name):
                matrices.setdefault(found[1], {})[found[2]] = shape
        weights = {
            name.removesuffix(".weight"): shape
            for file in sorted(model.glob("*.safetensors"))
            for name, kind, shape in _tensors(file)
            if kind in _FLOATS and len(shape) == 2
        }
        layers = {_of_any_layer(name) for name in weights}
        for module, of in matrices.items():
            wrong = None
            if {*of} != {"A", "B"}:
                wrong = f"one of the two matrices of {module}"
            elif (rank := of["A"][0]) > self.rank:
                wrong = f"rank {rank} of {module}, and rank {self.rank} in {_CONFIG}"
            elif module in weights:
                changed = (of["B"][0], of["A"][-1])
                if sorted(changed) != sorted(weights[module]):  # some models keep them transposed
                    wrong = f"{module} of {_shown(changed)}, where the model's is {_shown(weights[module])}"
            elif _of_any_layer(module) in layers:
                wrong = f"{module}, which the model does not have"
            if wrong:
                raise ModelError(f"--adapter {self.path}: expected an adapter of {model.name}, found {wrong}")


def configuration(folder: Path) -> Any:
    """PEFT's configuration of an adapter, with the modules that its weights name in place of patterns for them, whose
    search may take for ever.

    Args:
        folder: the adapter's.

    Raises:
        ModelError: the weights are damaged.
        Exception: whatever PEFT has to say of the configuration.
    """
    from peft import PeftConfig

    config: Any = PeftConfig.from_pretrained(str(folder))
    if isinstance(config.target_modules, str) or config.layers_pattern:
        names = (_MATRIX.fullmatch(name) for name, _, _ in _tensors(folder / _WEIGHTS))
        config.target_modules = {found[1] for found in names if found}
        config.layers_to_transform = config.layers_pattern = None
    if isinstance(config.exclude_modules, str):
        config.exclude_modules = None  # what it excludes has no weights
    return config


def _of_any_layer(module: str) -> str:
    return re.sub(r"\d+", "*", module)


def _shown(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _tensors(file: Path) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Name, data type and shape of each tensor of a file; no weights are read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "np") as tensors:
            for name in tensors.keys():  # noqa: SIM118  # it is no mapping
                part = tensors.get_slice(name)
                yield name, part.get_dtype(), tuple(part.get_shape())
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{file}: damaged, or no file of weights ({error})") from error


def read(folder: str) -> Adapter:
    """The adapter in a folder.

    Raises:
        ModelError: it holds none, or one of a kind that no engine here takes.
    """
    path = Path(folder).expanduser().resolve()
    try:
        config = msgspec.json.decode(regular(path / _CONFIG).read_bytes(), type=_Config)
        regular(path / _WEIGHTS).stat()
    except OSError as error:
        raise ModelError(
            f"--adapter {folder}: expected a folder with {_CONFIG} and {_WEIGHTS}, as PEFT writes it"
            f" ({Path(str(error.filename)).name}: {error.strerror})"
        ) from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ModelError(f"{path / _CONFIG}: expected the configuration of a LoRA adapter ({error})") from error
    patterns = [key for key in (*config.rank_pattern, *config.alpha_pattern) if not _PLAIN.fullmatch(key)]
    rank = max([config.r, *config.rank_pattern.values()])
    wrong = {
        f"peft_type {config.peft_type!r}": config.peft_type != "LORA",
        "use_dora": config.use_dora,
        f"bias {config.bias!r}": config.bias != "none",
        f"modules_to_save {config.modules_to_save}": bool(config.modules_to_save),
        f"the pattern {min(patterns, default='')!r:.80} in the place of a module's name": bool(patterns),
        f"rank {rank}": not 1 <= rank <= _LARGEST_RANK,
    }
    if found := [what for what, is_wrong in wrong.items() if is_wrong]:
        raise ModelError(
            f"{path / _CONFIG}: expected a LoRA of rank 1 to {_LARGEST_RANK} that changes weights alone, found"
            f" {found[0]}; `calibench tune merge --model BASE --adapters {folder} --out DIR` may add it to its model"
        )
    return Adapter(path, rank)
