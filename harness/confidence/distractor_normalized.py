"""Distractor-normalized: the model's belief in its answer, against its belief in other answers that it makes up itself.

A model that finds whatever it is shown likely to be right finds false answers likely too. With p_0 the belief in the
answer, and p_1 ... p_k those in distractors, each asked for in a fresh prompt that shows the problem and one answer:

    value = p_0 / max(1, p_0 + p_1 + ... + p_k)

A belief is the probability of Yes among Yes and No, as of `p_true`. Source: Wang and Stengel-Eskin 2025 (arXiv
2509.25532), normalized verbalized confidence. What differs here:

- There an NLI model weighs each distractor by how much it contradicts the answer, and down where distractors repeat
  each other. No such model is here: a distractor with the text of the answer or of another one is left out (but for
  markup, case and spacing), all others weigh 1. Distractors that mean the same in other words count twice, and make the
  value smaller than theirs.
- There distractors are the beams of a beam search. Here a second turn asks for them, since engines that serve do not
  search by beams.
- Their DINCO is the mean of this and of self-consistency, which is `consistency` here, of several draws.

Costs per answer: one request of up to 192 tokens, and k + 1 of one token behind the same problem. An answer that is a
program has no value, nor has one that the model names no other answer for (`missing`). The words are ours.
"""

from __future__ import annotations

import asyncio
import math

import msgspec

from calibench.backends.base import BaseBackend, no_room
from calibench.confidence.base import Answered, Method, Reading, label_reading
from calibench.confidence.top_k import Candidate, guesses_in, second_turn
from calibench.tasks.grading import same_text
from calibench.tasks.grading.answer import unwrapped

K = 4
QUESTION = (
    f"Suppose that your answer above is wrong. List the {K} other answers to the problem that are most likely to be"
    ' right then, each as short as your answer: write each on a line "Guess 1: ...", and number them up to'
    f" {K}. Write nothing else."
)
BELIEF = (
    "Below are a problem and a proposed answer. Is the proposed answer correct?\nA) Yes\nB) No\n"
    "Reply with the letter only."
)
_BOTH = f"{QUESTION}\n{BELIEF}"
_HEADINGS = ("Problem:", "Proposed answer:")
_REPLY_TOKENS = 192


class Beliefs(msgspec.Struct, frozen=True):
    """What the value was read from."""

    answer: Candidate
    distractors: tuple[Candidate, ...]
    """With the belief in each; none has the text of the answer or of another one."""
    total: float
    """Of all beliefs, the answer's among them."""


def normalized(beliefs: list[float]) -> float:
    """The value, of the belief in the answer and in each distractor behind it, in [0, 1]."""
    return beliefs[0] / max(1.0, math.fsum(beliefs))


def others(answer: str, listed: list[str]) -> list[str]:
    """Those that are listed and say something else than the answer and than those before them."""
    own, *keys = same_text([unwrapped(text) for text in (answer, *listed)])
    seen, found = {own}, []
    for key, text in zip(keys, listed, strict=True):
        if key not in seen:
            seen.add(key)
            found.append(text)
    return found[:K]


async def _read(
    answered: Answered, backend: BaseBackend, question: str = _BOTH, headings: tuple[str, ...] = _HEADINGS
) -> Reading:
    listing, _, belief = question.partition("\n")
    asked = await second_turn(answered, backend, listing, _REPLY_TOKENS)
    if isinstance(asked, Reading):
        return asked
    answer, reply = asked
    listed = others(answer, [guess.text for guess in guesses_in(reply.text, backend.chat.markup)])
    if not listed:
        return Reading(None, "missing", reply.text, reply.cached_tokens)
    problem, proposed = headings
    before = f"{belief}\n\n{problem}\n{answered.problem}\n\n{proposed}"
    readings = await asyncio.gather(*(_belief(f"{before}\n{text}", backend) for text in (answer, *listed)))
    beliefs = [reading.value for reading in readings if reading.value is not None]
    if len(beliefs) < len(readings):
        failed = next(reading for reading in readings if reading.value is None)
        return failed._replace(cached_tokens=reply.cached_tokens)
    own, *found = (Candidate(text, belief) for text, belief in zip((answer, *listed), beliefs, strict=True))
    raw = msgspec.json.encode(Beliefs(own, tuple(found), math.fsum(beliefs))).decode()
    return Reading(normalized(beliefs), "ok", raw, reply.cached_tokens)


async def _belief(asked: str, backend: BaseBackend) -> Reading:
    prompt = backend.chat.first(asked, closed=True)
    if full := no_room(len(prompt.token_ids), 1, backend.context):
        return Reading(None, "failed", full)
    return label_reading(await backend.choose(prompt, "AB"))


METHOD = Method(
    description=f"belief in the answer against that in {K} distractors that a second turn asks for (follow-up)",
    needs=frozenset({"follow_up", "label_probabilities"}),
    read=_read,
    question=_BOTH,
    headings=_HEADINGS,
    evidence=Beliefs,
)
