"""Loads a checkpoint's weights by transformers, all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from calibench.errors import ModelError
from calibench.model import reading

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def load_model(folder: Path | str, dtype: torch.dtype | str, *, trust_remote_code: bool) -> PreTrainedModel:
    """The model with a checkpoint's weights.

    Raises:
        ModelError: they cannot be read, or tensors of the architecture are missing, which transformers would fill with
            random numbers.
    """
    from transformers import AutoModelForCausalLM

    with reading("model", folder):
        model, loaded = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, output_loading_info=True, trust_remote_code=trust_remote_code
        )
    if missing := sorted(map(str, loaded["missing_keys"])):
        raise ModelError(
            f"{folder}: its weights lack {len(missing)} of its architecture's tensors, such as {missing[0]}"
        )
    return model
