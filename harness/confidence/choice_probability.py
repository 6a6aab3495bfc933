"""Choice probability: the softmax over the options' log-likelihoods at the option that was chosen (protocol `options`).

With options 1..n and values v, it is exp(v_chosen) / sum of exp(v_i). The values are those that decide which option
wins, so the chosen one has the highest probability: the log-likelihoods themselves, or, where a task compares them per
character (lm-eval's `acc_norm`) or byte, these quotients, which makes the probabilities flatter. Options compete only
with each other: what the model would rather have written than any of them does not enter.

Source: Kadavath et al. 2022 (arXiv 2207.05221), multiple choice with lettered options.
"""

import msgspec

from calibench.backends.base import BaseBackend
from calibench.confidence.base import Answered, Method, Reading


async def _read(answered: Answered, _backend: BaseBackend) -> Reading:
    scored = answered.options
    assert scored, "the method needs the protocol `options`"
    raw = {
        "log_likelihoods": dict(
            zip(scored.options.labels, (one.logprob for one in scored.log_likelihoods), strict=True)
        ),
        "lengths": scored.options.lengths,
    }
    return Reading(scored.probabilities()[answered.parsed.answer_text], "ok", msgspec.json.encode(raw).decode())


METHOD = Method(
    description="softmax over the log-likelihoods of the options (protocol `options`)",
    needs=frozenset({"log_likelihoods", "protocol options"}),
    read=_read,
)
