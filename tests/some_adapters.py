"""LoRA adapters of random numbers, as PEFT writes them."""

from __future__ import annotations

from pathlib import Path

from calibench import model


def random_adapter(place: Path, checkpoint: str, *, seed: int = 3, rank: int = 4, alpha: float = 2) -> Path:
    """The larger `alpha` is by `rank`, the more it changes the model."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    network = AutoModelForCausalLM.from_pretrained(model.resolve(checkpoint).path, dtype=torch.float32)
    modules = ["q_proj", "v_proj", "down_proj"]
    settings = LoraConfig(r=rank, lora_alpha=alpha, target_modules=modules, init_lora_weights=False)
    get_peft_model(network, settings).save_pretrained(place)
    return place
