"""Reads a GGUF file through transformers and saves it as a checkpoint: `python -m calibench.model.dequantize FILE DIR`.

transformers leaves out what it does not know, and fills what is missing with random numbers. Everything that the file
says about its model must therefore be accounted for here, and what comes out must know English prose better than
the frequencies of its words do.
"""

from __future__ import annotations

import errno
import json
import math
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calibench.errors import CalibenchError, ModelError, StorageError
from calibench.model.gguf import VERDICT

_ARCHITECTURES = ("llama", "qwen2")
_FULL = (errno.ENOSPC, errno.EDQUOT)

PROSE = (
    "The ferry left the harbour a little after six, when the fog had begun to lift and the first gulls were sitting on "
    "the wall. Anna stood at the rail with a cup of coffee in her hands and watched the town grow smaller. She had "
    "lived there for eleven years, first with her parents and then in two rooms above the bakery, and she knew every "
    "street of it. Now everything that she owned was in three boxes below the deck. A man beside her asked whether she "
    "was going to the islands for the summer. She said that she had found work at the school, and that she did not "
    "know yet how long she would stay. He smiled and told her that most people who came for a year were still there "
    "after ten. The wind was cold, but the sun had come out, and far away she could see the white tower of the "
    "lighthouse."
)
"""What a language model must find likely; written for this purpose."""


def convert(file: Path, folder: Path) -> None:
    """Writes weights (float32, as the file's blocks unpack), configuration, tokenizer and generation settings.

    Raises:
        ModelError: not a language model in one GGUF file, or one that cannot be read faithfully.
        StorageError: no room for the weights.
    """
    facts = _facts(file)
    folder.mkdir(parents=True)
    _require_room(folder, facts)
    model, tokenizer = load(file, facts)
    refused = refusal(*prose_likelihood(model, tokenizer))
    if not refused:
        _save(model, tokenizer, facts, folder)
    (folder / VERDICT).write_text(json.dumps({"refused": refused}))


def _facts(file: Path) -> dict[str, Any]:
    """The metadata of the file, with the number of weights under `weights`."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(file)
    except (ValueError, IndexError, KeyError) as error:
        raise ModelError(f"{file}: torn or no GGUF file ({error})") from error
    facts = {key: field.contents() for key, field in reader.fields.items() if len(field.data) == 1}
    architecture = facts["general.architecture"]
    if architecture not in _ARCHITECTURES:
        raise ModelError(f"{file}: architecture {architecture}; supported are {', '.join(_ARCHITECTURES)}")
    return facts | {"weights": sum(int(tensor.n_elements) for tensor in reader.tensors)}


def _require_room(folder: Path, facts: Mapping[str, Any]) -> None:
    needed, free = 4 * facts["weights"], shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(f"{folder.parent}: the weights need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free")


def load(file: Path, facts: Mapping[str, Any]) -> tuple[Any, Any]:
    """The model in float32, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with tempfile.TemporaryDirectory() as alone:  # what lies beside the file is none of its settings
        (Path(alone) / "model.gguf").symlink_to(file.resolve())
        tokenizer = AutoTokenizer.from_pretrained(alone, gguf_file="model.gguf")
        model, info = AutoModelForCausalLM.from_pretrained(
            alone, gguf_file="model.gguf", dtype=torch.float32, output_loading_info=True
        )
    if lost := sorted(info["missing_keys"]) or sorted(info["unexpected_keys"]):
        raise ModelError(f"{file}: {len(lost)} tensors that do not fit the architecture, such as {lost[0]}")
    return model, tokenizer


def prose_likelihood(model: Any, tokenizer: Any) -> tuple[float, float]:
    """Mean log-likelihood of `PROSE` in nats per token: to the model, and to the frequencies of its own tokens."""
    import torch

    ids = tokenizer(PROSE, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        logits = model(input_ids=ids).logits[0, :-1].float()
    predicted = ids[0, 1:]
    of_model = -torch.nn.functional.cross_entropy(logits, predicted).item()
    counts = Counter(predicted.tolist())
    of_frequencies = sum(n * math.log(n / len(predicted)) for n in counts.values()) / len(predicted)
    return of_model, of_frequencies


def refusal(of_model: float, of_frequencies: float) -> str | None:
    """Why a model is refused whose prose is no more likely than its tokens' frequencies make it; None if it is."""
    if of_model > of_frequencies:
        return None
    return (
        f"not read rightly, or broken: English prose has {of_model:.2f} nats per token under it, and"
        f" {of_frequencies:.2f} under the frequencies of the same tokens, which every language model exceeds"
    )


def _save(model: Any, tokenizer: Any, facts: Mapping[str, Any], folder: Path) -> None:
    from transformers import GenerationConfig

    model.hf_quantizer = None
    for owner, name in ((model.config, "quantization_config"), (model, "quantization_method")):
        if hasattr(owner, name):
            delattr(owner, name)
    ends = [facts.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot", "eom")]
    model.generation_config = GenerationConfig(
        eos_token_id=list(dict.fromkeys(end for end in ends if end is not None)) or None,
        bos_token_id=facts.get("tokenizer.ggml.bos_token_id"),
        pad_token_id=facts.get("tokenizer.ggml.padding_token_id"),
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main() -> int:
    """Says on the last line of stdout what went wrong, as JSON."""
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except CalibenchError as error:
        failure: CalibenchError = error
    except OSError as error:
        if error.errno not in _FULL:
            raise
        failure = StorageError(f"{sys.argv[2]}: cannot write ({error.strerror})")
    else:
        return 0
    print(json.dumps({"error": type(failure).__name__, "message": str(failure)}))
    return failure.exit_code


if __name__ == "__main__":
    sys.exit(main())
