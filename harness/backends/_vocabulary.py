"""What the whole distribution over the vocabulary says at each place; of arrays that the engine has already made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def self_certainty(logs: torch.Tensor) -> torch.Tensor:
    """KL(U || p) [...] of the uniform distribution over V tokens from the model's, in nats: 0 where it knows nothing.

    It is -(1 / V) sum_v log p_v - log V. Source: Kang et al. 2025 (arXiv 2502.18581), self-certainty.

    Args:
        logs: [..., V] log-probabilities at temperature 1; V are the places that the model's head has, padded or not.
    """
    return -logs.mean(-1) - math.log(logs.shape[-1])
