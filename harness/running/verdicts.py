"""Asks a judge, a model that grades, about one answer, and reads what it says."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from calibench.backends.base import BaseBackend, Choice, Refused, no_room
from calibench.prompting.conversation import Prompt
from calibench.prompting.parsing import parse
from calibench.records import Outcome, Sampling
from calibench.tasks.base import JudgeRequest
from calibench.tasks.grading.judge import read_reply

_MASS = 0.5
"""Probability that the letters must have together to be taken for the reply: else the judge rather writes something
else, and is let write it."""
_REPLY_TOKENS = 1024
"""Budget of a reply in words: a model that a server lets reason reasons before its letter."""
_SHOWN = 2000
"""Characters of a reply that are kept."""


class JudgeReply(NamedTuple):
    outcome: Outcome
    """What the judge says, or failed."""
    probability: float | None = None
    """Of the class among the classes; None where it was read from a reply, or there is none."""
    reply: str | None = None
    """The letters' probabilities as JSON, or the text."""
    detail: str | None = None
    refused: bool = False
    """The engine gave the request up."""


async def judged(backend: BaseBackend, request: JudgeRequest) -> JudgeReply:
    """Takes the likeliest letter, where the backend gives the letters' probabilities and a letter is what comes next;
    else lets the judge reply, and reads that. What fits no class is failed.

    Raises:
        EngineError: the engine is dead, or no server is there any more.
    """
    prompt = backend.chat.first(request.text, closed=True)
    if reason := no_room(len(prompt.token_ids), 1, backend.context):
        return JudgeReply("failed", detail=reason)
    try:
        if "label_probabilities" in backend.capabilities:
            found = _likeliest(await _letters(backend, prompt, request), request)
            if found is not None:
                return found
        return await _replied(backend, prompt, request)
    except Refused as refused:
        return JudgeReply("failed", detail=str(refused), refused=True)


async def _letters(backend: BaseBackend, prompt: Prompt, request: JudgeRequest) -> Choice:
    try:
        return await backend.choose(prompt, tuple(request.classes))
    except Refused:  # as where the tokenizer has no token for a letter
        return Choice(dict.fromkeys(request.classes, 0.0), None)


def _likeliest(choice: Choice, request: JudgeRequest) -> JudgeReply | None:
    """None where a letter is not the likeliest reply, or it is not known which one is."""
    first, second, *_ = sorted(choice.probabilities, key=choice.probabilities.__getitem__, reverse=True)
    of_first = choice.probabilities[first]
    mass = math.fsum(choice.probabilities.values())
    if mass < _MASS or of_first <= max(choice.probabilities[second], choice.unseen):
        return None
    raw = msgspec.json.encode(choice.probabilities).decode()
    return JudgeReply(request.classes[first], min(of_first / mass, 1.0), raw)


async def _replied(backend: BaseBackend, prompt: Prompt, request: JudgeRequest) -> JudgeReply:
    room = _REPLY_TOKENS if backend.context is None else min(_REPLY_TOKENS, backend.context - len(prompt.token_ids))
    completion = await backend.complete(prompt, Sampling(0.0, 1.0, room), None)
    finish = "stop" if completion.ended else "length"
    parsed = parse(
        completion.text,
        reasoning_opened=prompt.reasoning_opened,
        scale=None,
        finish_reason=finish,
        markup=backend.chat.markup,
    )
    shown = completion.text[:_SHOWN]
    if not completion.ended:
        return JudgeReply("failed", None, shown, f"the judge's reply was cut after {room} tokens")
    outcome = read_reply(parsed.answer_text, request.classes)
    if outcome is None:
        return JudgeReply("failed", None, shown, "the judge's reply fits no class")
    return JudgeReply(outcome, None, shown)
