"""The protocol `decision`: the answer is the likeliest of the letters of a question's options; no text is generated.

The question is asked through the chat template, as any first turn is, and the reply begins without a reasoning. One
prompt gives the probability of every letter as the first token of the reply, those of all tokens that write a letter
summed ("A", " A"). The likeliest letter is the answer, the first of equals. Questions about one state begin with it,
and are asked one after the other, so that the engine reads the state from its prefix cache.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from calibench.backends.base import BaseBackend, Choice, Refused, no_room
from calibench.confidence.base import Method
from calibench.errors import CapabilityError
from calibench.prompting.conversation import Prompt
from calibench.prompting.protocols import Protocol
from calibench.records import Generation, Question


def check(backend: str, methods: Mapping[str, Method], protocol: Protocol, capabilities: frozenset[str]) -> None:
    """Refuses what a protocol under which the model writes nothing, this one or `options`, cannot have.

    Raises:
        CapabilityError: a method, or a backend of these capabilities, that does not go with it.
    """
    needed, own = "log_likelihoods", "choice_probability"
    if protocol.asks_letter:
        needed, own = "label_probabilities", "option_probability"
    if needed not in capabilities:
        raise CapabilityError(f"protocol {protocol.name} needs {needed}; backend {backend} does not give them")
    if others := sorted(name for name, method in methods.items() if f"protocol {protocol.name}" not in method.needs):
        raise CapabilityError(
            f"method {others[0]} needs a text that the model wrote; protocol {protocol.name} has none:"
            f" use --confidence {own}, or another protocol"
        )


async def decided(
    backend: BaseBackend, question: Question, prompt: Prompt, key: dict[str, Any]
) -> tuple[Generation, Choice | None]:
    """What is stored of a decision, and the probabilities of its letters; None where there are none."""
    length = len(prompt.token_ids)
    letters = ascii_uppercase[: len(question.choices)]
    reason, choice = no_room(length, 1, backend.context), None
    if not letters:
        reason = "the question has no lettered options"
    begin = time.monotonic()
    if reason is None:
        try:
            choice = await backend.choose(prompt, letters)
            if not math.fsum(choice.probabilities.values()):
                reason = "no letter of an option is among the likeliest tokens that the server tells"
        except Refused as refused:
            reason = str(refused)
    if reason is not None or choice is None:
        return nothing(key, None, length or None, prompt.reasoning_opened, reason), None
    generation = Generation(
        **key,
        seed=None,
        prompt_tokens=length or None,
        cached_tokens=choice.cached_tokens,
        reasoning_tokens=0,
        answer_tokens=0,
        finish_reason="stop",
        latency=time.monotonic() - begin,
        reasoning_opened=False,
        reasoning=None,
        text=max(letters, key=choice.probabilities.__getitem__),
        token_ids=(),
    )
    return generation, choice


def nothing(
    key: dict[str, Any], seed: int | None, prompt_tokens: int | None, reasoning_opened: bool, reason: str | None
) -> Generation:
    """What is stored of a draw that could not be asked for."""
    return Generation(
        **key, seed=seed, prompt_tokens=prompt_tokens, cached_tokens=None, reasoning_tokens=None, answer_tokens=None,
        finish_reason="error", latency=None, reasoning_opened=reasoning_opened, reasoning=None, text="",
        token_ids=None, error=reason,
    )  # fmt: skip
