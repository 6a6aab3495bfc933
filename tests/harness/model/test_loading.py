"""A checkpoint that lacks weights, or has them elsewhere, is refused, not filled up with random numbers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from calibench.errors import ModelError
from calibench.model import resolve
from calibench.model.loading import load_model


def test_a_checkpoint_that_lacks_a_tensor_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(resolve("micro-sft").path, folder)
    weights = load_file(folder / "model.safetensors")
    assert load_model(folder, "float32", trust_remote_code=False).num_parameters() > 0
    del weights["model.layers.2.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        ModelError, match=r"lack 1 of its architecture's tensors, such as model\.layers\.2\.mlp\.up_proj"
    ):
        load_model(folder, "float32", trust_remote_code=False)


def test_an_index_names_files_of_its_own_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(resolve("micro-sft").path, folder)
    (folder / "model.safetensors").rename(tmp_path / "elsewhere.safetensors")
    for name in ("../elsewhere.safetensors", str(tmp_path / "elsewhere.safetensors")):
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"lm_head.weight": name}}))
        with pytest.raises(ModelError, match=r"expected names of files beside it, found '.*elsewhere\.safetensors'"):
            resolve(str(folder))
