"""GGUF files as llama.cpp writes them, made of transformers models by the writer of the `gguf` package.

Names, order and offsets of the weights follow llama.cpp's `convert_hf_to_gguf.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from calibench import model

TOKENIZER = model.resolve("micro-sft").path
"""A byte-level tokenizer that splits digits, which llama.cpp calls `smollm`."""
EOS, PAD, EOT = 1, 0, 4

_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "post_attention_layernorm": "ffn_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}


def write(
    file: Path,
    architecture: str,
    source: Any,
    kind: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.F32,
    settings: Mapping[str, Any] = {},
    extra: Mapping[str, np.ndarray] = {},
) -> Path:
    """The model `source` as a GGUF file, its matrices packed as `kind`.

    Args:
        file: is written.
        architecture: llama.cpp's name.
        source: a transformers model.
        kind: how matrices are packed; the rest is float32.
        settings: metadata beside the usual; None takes one out.
        extra: tensors beside those of the model.
    """
    writer = gguf.GGUFWriter(file, architecture)
    for key, value in ({**_settings(architecture, source.config), **_tokenizer(), **settings}).items():
        if value is not None:
            _add(writer, key, value)
    for name, values in source.state_dict().items():
        if name == "lm_head.weight" and source.config.tie_word_embeddings:
            continue
        array = _as_llama_cpp(architecture, source.config, name, values.detach().float().numpy())
        packed = kind if array.ndim > 1 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(_name(architecture, name), gguf.quantize(array, packed), raw_dtype=packed)
    for name, array in extra.items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _add(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    kinds = {
        bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string,
        list: writer.add_array,
    }  # fmt: skip
    kinds[type(value)](key, value)


def _settings(architecture: str, config: Any) -> dict[str, Any]:
    rope = config.rope_parameters.get("full_attention", config.rope_parameters)
    said = {
        "context_length": config.max_position_embeddings,
        "block_count": config.num_hidden_layers,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.num_attention_heads,
        "attention.head_count_kv": config.num_key_value_heads,
        "attention.layer_norm_rms_epsilon": config.rms_norm_eps,
        "rope.freq_base": float(rope["rope_theta"]),
    }
    if architecture == "llama":
        said |= {"rope.dimension_count": config.head_dim, "vocab_size": config.vocab_size}
    elif architecture != "qwen2":
        said |= {"attention.key_length": config.head_dim, "attention.value_length": config.head_dim}
    if architecture in ("gemma2", "gemma3"):
        said["attention.sliding_window"] = config.sliding_window
    if architecture == "gemma2":
        said |= {
            "attn_logit_softcapping": config.attn_logit_softcapping,
            "final_logit_softcapping": config.final_logit_softcapping,
        }
    return {f"{architecture}.{key}": value for key, value in said.items()}


def _tokenizer() -> dict[str, Any]:
    read = json.loads((TOKENIZER / "tokenizer.json").read_text())
    vocabulary = dict(read["model"]["vocab"])
    added = {token["content"]: token for token in read["added_tokens"]}
    vocabulary |= {content: token["id"] for content, token in added.items()}
    tokens = sorted(vocabulary, key=vocabulary.get)
    kinds = [(3 if added[token]["special"] else 4) if token in added else 1 for token in tokens]
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.merges": [" ".join(pair) for pair in read["model"]["merges"]],
        "tokenizer.ggml.eos_token_id": EOS,
        "tokenizer.ggml.eot_token_id": EOT,
        "tokenizer.ggml.padding_token_id": PAD,
        "tokenizer.chat_template": (TOKENIZER / "chat_template.jinja").read_text(),
    }


def _name(architecture: str, name: str) -> str:
    name, _, what = name.rpartition(".")
    if not name.startswith("model.layers."):
        return f"{_NAMES[name]}.{what}"
    block, _, inner = name.removeprefix("model.layers.").partition(".")
    if architecture in ("gemma2", "gemma3") and inner == "post_attention_layernorm":
        return f"blk.{block}.post_attention_norm.{what}"
    return f"blk.{block}.{_NAMES[inner]}.{what}"


def _as_llama_cpp(architecture: str, config: Any, name: str, values: np.ndarray) -> np.ndarray:
    if architecture.startswith("gemma") and "norm" in name:
        return values + 1
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    if architecture == "llama" and (n := heads.get(name.split(".")[-2])):
        return np.ascontiguousarray(
            values.reshape(n, 2, values.shape[0] // n // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)
        )
    return values


def tiny(model_type: str, **settings: Any) -> Any:
    """A model of random weights, norms and biases among them, of a transformers architecture."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(
        model_type,
        **{
            "vocab_size": 768, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "head_dim": 32,
            "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512, "pad_token_id": PAD,
            "eos_token_id": EOS, "bos_token_id": None, **settings,
        },
    )  # fmt: skip
    torch.manual_seed(1)
    made = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(0, 0.2 if parameter.ndim > 1 else 0.5)
    return made
