"""Option probability: the share that the likeliest option has of the probability of all options (protocol `decision`).

Each option's probability is that of its letter as the first token of the reply; the value is that of the likeliest
letter over the sum of all. What the sum itself is, the label mass, says how much of what the model would write is an
answer at all; reports give its mean. The letters' probabilities are kept, so that the whole distribution can be held
against gold (`calibench.metrics.typed_decisions`).

Unlike `choice_probability`, which scores options as continuations of plain text, it asks as a user would.

Source: Kadavath et al. 2022 (arXiv 2207.05221), multiple choice with lettered options.
"""

import math

import msgspec

from calibench.backends.base import BaseBackend
from calibench.confidence.base import Answered, Method, Reading

_PRECISION = 0.005
"""As of P(True): of what a server hides no letter may have more than this share."""


async def _read(answered: Answered, _backend: BaseBackend) -> Reading:
    choice = answered.choice
    assert choice, "the method needs the protocol `decision`"
    raw = msgspec.json.encode(choice.probabilities).decode()
    mass = math.fsum(choice.probabilities.values())
    if choice.unseen / (mass + choice.unseen) > _PRECISION:
        return Reading(None, "failed", raw, choice.cached_tokens)
    return Reading(max(choice.probabilities.values()) / mass, "ok", raw, choice.cached_tokens)


METHOD = Method(
    description="probability of the likeliest option's letter among those of all options (protocol `decision`)",
    needs=frozenset({"label_probabilities", "protocol decision"}),
    read=_read,
)
