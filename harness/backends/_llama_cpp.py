"""What is particular to llama.cpp's server behind the OpenAI protocol.

It takes parameters of other names without a word, so what it is asked must be in its own. Its chain of samplers is put
into the order of vLLM's and transformers' (temperature before nucleus), where its own draws otherwise. By
`reasoning_format` it is told to give back what the model wrote: for a template that it does not know it takes the whole
answer for reasoning. Only it knows whether its template opens the reasoning, which the text then does not say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from calibench.backends._servers import Servers
from calibench.backends.base import Refused
from calibench.errors import CapabilityError
from calibench.records import Sampling

OWNER = "llamacpp"
"""As its list of models says."""
_SAMPLERS = ("penalties", "temperature", "min_p", "top_k", "top_p")


class _Rendered(msgspec.Struct):
    prompt: str


_decode = msgspec.json.Decoder(_Rendered).decode


async def opens_reasoning(servers: Servers, turn: Mapping[str, Any]) -> bool:
    """Whether the server's template ends a prompt within the reasoning; False where it does not say."""
    try:
        rendered = await servers.post("/../apply-template", turn, "start", _decode)  # it lies beside /v1
    except Refused:
        return False
    return rendered.prompt.rstrip().endswith("<think>")


def parameters(sampling: Sampling, context: int | None) -> dict[str, Any]:
    """Of a request, beside those of the protocol.

    Raises:
        CapabilityError: the server would do something else.
    """
    if sampling.repetition_penalty != 1 and context is None:
        raise CapabilityError(
            "repetition_penalty: llama.cpp's server does not say how long its context is; leave it out"
        )
    if sampling.presence_penalty:
        raise CapabilityError("presence_penalty: llama.cpp's server counts the prompt's tokens too; leave it out")
    return {
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repetition_penalty,
        "repeat_last_n": context or 0,
        "samplers": _SAMPLERS,
        "reasoning_format": "none",
    }
