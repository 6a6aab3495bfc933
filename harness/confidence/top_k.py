"""Top-k: a second turn asks for the answers that come into question, the given one among them, and how likely each is.

The value is the probability that the model gives to the guess with the same text as its answer. The probabilities need
not sum to one, and are taken as they are. A reply without the given answer has no value (`missing`), nor has an answer
that is a program.

Source: Tian et al. 2023 (arXiv 2305.14975), verbalized top-k, k = 4. There the guesses are the answer's own turn, as in
protocol `top_k` (with method `stated`); here they follow an answer that other methods judge too, so that asking for
them cannot change it. The words are this project's own. Costs one request of up to 256 tokens per answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from calibench.backends.base import BaseBackend, Completion
from calibench.confidence.base import Answered, Method, Reading, follow_up
from calibench.prompting.guesses import SCALE, K
from calibench.prompting.markup import Markup
from calibench.prompting.parsing import parse
from calibench.records import Sampling
from calibench.tasks.grading import same_text
from calibench.tasks.grading.answer import answer_above, unwrapped
from calibench.tasks.grading.blocks import HIDDEN, programs_hidden

QUESTION = (
    f"List the {K} most likely answers to the problem: first your answer above, in the same words, then {K - 1} others."
    ' Write each on a line "Guess 1: ..." with, on the line below it, "Probability 1: ...", the probability, from 0.0'
    f" to 1.0, that it is correct, and number them up to {K}. Write nothing else."
)
_REPLY_TOKENS = 256


class Candidate(msgspec.Struct, frozen=True):
    """One of the answers that come into question."""

    text: str
    probability: float | None
    """In [0, 1]; None where none is given, or what is given is none."""


class Guesses(msgspec.Struct, frozen=True):
    """What a reply lists."""

    guesses: tuple[Candidate, ...]
    given: int | None
    """Place of the first with the text of the answer; None: none has it."""
    reply: str


def guesses_in(reply: str, markup: Markup | None = None) -> list[Candidate]:
    """The guesses of a reply, as `prompting.guesses` reads them."""
    parsed = parse(reply, reasoning_opened=False, scale=SCALE, finish_reason="stop", markup=markup)
    return [Candidate(text, probability) for text, probability in parsed.guesses]


def place_of(answer: str, guesses: Sequence[Candidate]) -> int | None:
    """The first guess with the same text as the answer, but for markup, case and spacing; None: there is none."""
    own, *others = same_text([unwrapped(text) for text in (answer, *(guess.text for guess in guesses))])
    return others.index(own) if own in others else None


async def second_turn(
    answered: Answered, backend: BaseBackend, question: str, room: int
) -> tuple[str, Completion] | Reading:
    """The answer, and the reply of at most `room` tokens to a second turn about it; or why there is none."""
    answer = answer_above(answered.parsed.answer_text)
    if answer is None or HIDDEN in programs_hidden(answered.parsed.answer_text):
        return Reading(None, "missing", "the answer is a program, or there is none")
    prompt = follow_up(answered, backend, question, room=room)
    if isinstance(prompt, Reading):
        return prompt
    reply = await backend.complete(prompt, Sampling(0.0, 1.0, room), seed=None)
    return answer, reply


async def _read(answered: Answered, backend: BaseBackend, question: str = QUESTION) -> Reading:
    asked = await second_turn(answered, backend, question, _REPLY_TOKENS)
    if isinstance(asked, Reading):
        return asked
    answer, reply = asked
    guesses = guesses_in(reply.text, backend.chat.markup)
    given = place_of(answer, guesses)
    value = None if given is None else guesses[given].probability
    raw = msgspec.json.encode(Guesses(tuple(guesses), given, reply.text)).decode()
    return Reading(value, "missing" if value is None else "ok", raw, reply.cached_tokens)


METHOD = Method(
    description=f"probability of the answer among {K} guesses that a second turn asks for (follow-up)",
    needs=frozenset({"follow_up"}),
    read=_read,
    question=QUESTION,
    evidence=Guesses,
)
