"""Checkpoints of strangers: what they try."""

from __future__ import annotations

import json
from pathlib import Path

from fakes import tiny_checkpoint

_FILES = {
    "configuration_hostile.py": (
        "from transformers import LlamaConfig\n"
        "class HostileConfig(LlamaConfig):\n    model_type = 'hostile'\n"
    ),
    "modeling_hostile.py": (
        "from transformers import LlamaForCausalLM\n"
        "from .configuration_hostile import HostileConfig\n"
        "class HostileForCausalLM(LlamaForCausalLM):\n    config_class = HostileConfig\n"
    ),
    "tokenization_hostile.py": (
        "from transformers import PreTrainedTokenizerFast\n"
        "class HostileTokenizer(PreTrainedTokenizerFast):\n    pass\n"
    ),
}  # fmt: skip


def with_code(folder: Path, marker: Path, *, native: bool = False) -> Path:
    """A whole checkpoint whose `auto_map` names Python files, each of which writes its name into the file `marker`.

    `native`: its configuration is of an architecture that transformers has itself, so that nothing need be executed.
    """
    tiny_checkpoint(folder)
    note = f"with open({str(marker)!r}, 'a') as file:\n    file.write(__name__.rpartition('.')[2] + '\\n')\n"
    for name, text in _FILES.items():
        (folder / name).write_text(note + text)
    add = {
        "config.json": {
            "AutoConfig": "configuration_hostile.HostileConfig",
            "AutoModelForCausalLM": "modeling_hostile.HostileForCausalLM",
        },
        "tokenizer_config.json": {"AutoTokenizer": [None, "tokenization_hostile.HostileTokenizer"]},
    }
    for name, auto_map in add.items():
        settings = json.loads((folder / name).read_text())
        if name == "config.json" and not native:
            settings["model_type"] = "hostile"
        if name == "tokenizer_config.json" and not native:
            settings["tokenizer_class"] = "HostileTokenizer"
        (folder / name).write_text(json.dumps(settings | {"auto_map": auto_map}))
    return folder
