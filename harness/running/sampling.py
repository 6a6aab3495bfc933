"""How tokens are chosen where the options leave it open: greedily, or as the checkpoint itself asks for.

Checkpoints that reason are trained and evaluated with a temperature, and some repeat themselves without end when they
are decoded greedily. So one of them that brings its own sampling is asked with it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from calibench.errors import InputError, ModelError
from calibench.model import Checkpoint, ServedModel
from calibench.running.config import RunConfig

_REASONS = re.compile(r"enable_thinking|reasoning_effort|reasoning_content|</?(?:seed:)?think(?:ing)?>|\[/?THINK\]")
"""In a chat template: it opens a reasoning, or offers one."""
_FILE = "generation_config.json"
_NAMES = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")


def resolved(config: RunConfig, checkpoint: Checkpoint | ServedModel) -> RunConfig:
    """The configuration with every value of the sampling that is not left to today's default.

    Raises:
        ModelError: generation_config.json cannot be read, or holds a value that is none.
        InputError: the model's own sampling is wanted of one whose files are not here.
    """
    if config.sampling is None and not config.first_prompt().writes:
        return config
    base: dict[str, Any] = {}
    if config.sampling == "greedy":
        base = {"temperature": 0.0}
    elif checkpoint.path is not None:
        base = _of_model(checkpoint.path)
        if config.sampling is None and not (base.get("temperature") and _reasons(checkpoint.path)):
            base = {}
    elif config.sampling == "model":
        raise InputError("--sampling model: the files of a served model are not here; give --temperature and the like")
    left_open = {name: value for name, value in base.items() if getattr(config, name) is None}
    try:
        return msgspec.structs.replace(config, **left_open)
    except InputError as error:
        raise ModelError(f"{checkpoint.location}/{_FILE}: {error}") from error


def _of_model(folder: Path) -> dict[str, Any]:
    """What generation_config.json says; greedy where it does not sample, as transformers reads it."""
    declared = _read(folder / _FILE)
    if not declared.get("do_sample", False):
        return {"temperature": 0.0}
    return {"temperature": 1.0} | {name: declared[name] for name in _NAMES if declared.get(name) is not None}


def _reasons(folder: Path) -> bool:
    """Whether the chat template opens a reasoning or offers one."""
    template = folder / "chat_template.jinja"
    text = template.read_text() if template.is_file() else json.dumps(_read(folder / "tokenizer_config.json"))
    return _REASONS.search(text) is not None


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file}: expected a JSON object, found none ({error})") from error
    return found if isinstance(found, dict) else {}
