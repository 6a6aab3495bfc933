"""A LoRA adapter: a folder as PEFT writes it, which changes the weights of the model that it was trained on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from calibench.errors import ModelError
from calibench.errors.regular import regular

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_LARGEST_RANK = 512


class _Config(msgspec.Struct):
    peft_type: str
    r: int
    use_dora: bool = False
    bias: str = "none"
    modules_to_save: list[str] | None = None
    rank_pattern: dict[str, int] = {}


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
    rank = max([config.r, *config.rank_pattern.values()])
    wrong = {
        f"peft_type {config.peft_type!r}": config.peft_type != "LORA",
        "use_dora": config.use_dora,
        f"bias {config.bias!r}": config.bias != "none",
        f"modules_to_save {config.modules_to_save}": bool(config.modules_to_save),
        f"rank {rank}": not 1 <= rank <= _LARGEST_RANK,
    }
    if found := [what for what, is_wrong in wrong.items() if is_wrong]:
        raise ModelError(
            f"{path / _CONFIG}: expected a LoRA of rank 1 to {_LARGEST_RANK} that changes weights alone, found"
            f" {found[0]}; `calibench tune merge --model BASE --adapters {folder} --out DIR` may add it to its model"
        )
    return Adapter(path, rank)
