"""Loads a checkpoint's weights by transformers, all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from calibench.errors import ModelError
from calibench.model import reading

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


@contextmanager
def _without_warnings() -> Iterator[None]:
    """What transformers says of tensors that are missing or too many is said by `load_model`; it writes names of a
    stranger's file to the terminal as they stand there."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def load_model(folder: Path | str, dtype: torch.dtype | str, *, trust_remote_code: bool) -> PreTrainedModel:
    """The model with a checkpoint's weights.

    Raises:
        ModelError: they cannot be read, or tensors of the architecture are missing, which transformers would fill with
            random numbers.
    """
    from transformers import AutoModelForCausalLM

    with reading("model", folder), _without_warnings():
        model, loaded = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, output_loading_info=True, trust_remote_code=trust_remote_code
        )
    if missing := sorted(map(str, loaded["missing_keys"])):
        raise ModelError(
            f"{folder}: its weights lack {len(missing)} of its architecture's tensors, such as {missing[0]}"
        )
    return model
