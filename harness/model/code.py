"""The Python files of a checkpoint, which its `auto_map` asks to execute: nothing does without the user's consent."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from calibench.errors import ModelError

_KERNELS = ("attn_implementation", "_attn_implementation")
"""What transformers loads from another repository of the hub where it names one."""
_SETTINGS = ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json")


def files(folder: Path) -> dict[str, str]:
    """Each Python file below a folder, by its path there -> its sha256."""
    try:
        return {
            str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(folder.rglob("*.py"))
        }
    except OSError as error:
        raise ModelError(f"{error.filename}: cannot be read ({error.strerror})") from error


def require_consent(folder: Path, consent: bool) -> None:
    """Refuses a checkpoint that cannot be read without its own code, where the user does not consent to execute it.

    Raises:
        ModelError: it needs consent; or, with consent or without, code of another repository, of which nobody would
            know what was executed.
    """
    for name in _KERNELS:
        if isinstance(kernel := _settings(folder / "config.json").get(name), str) and "/" in kernel:
            raise ModelError(
                f"{folder / 'config.json'}: its {name} names code of another repository ({kernel!r:.100}), which is no"
                " part of the checkpoint; expected one of transformers' own, as 'sdpa'"
            )
    maps = {name: _auto_map(folder / name) for name in _SETTINGS}
    if consent:
        for name, of_file in maps.items():
            if elsewhere := [reference for reference in of_file.values() if "--" in str(reference)]:
                raise ModelError(
                    f"{folder / name}: its auto_map names code of another repository ({elsewhere[0]}), which is no part"
                    " of the checkpoint; put the files into a folder with it, and name them without the repository"
                )
    elif "AutoConfig" in maps["config.json"] and not _is_known(folder / "config.json"):
        raise ModelError(
            f"{folder}: cannot be read without executing its Python files ({', '.join(files(folder)) or 'none here'});"
            " read them, and if you trust them, give --trust-remote-code"
        )


def _auto_map(file: Path) -> dict[str, Any]:
    found = _settings(file).get("auto_map")
    return found if isinstance(found, dict) else {}


def _settings(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # missing or damaged: who reads it for its own sake says so
        return {}
    return found if isinstance(found, dict) else {}


def _is_known(config: Path) -> bool:
    """Whether transformers itself has the architecture."""
    from transformers import CONFIG_MAPPING

    return _settings(config).get("model_type") in CONFIG_MAPPING
