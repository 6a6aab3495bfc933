"""Sequence probability: the length-normalised probability of everything the model wrote, exp(mean log-probability).

All tokens of the output count: reasoning, answer, the stated confidence if there is one, and the end of the turn. The
probabilities are the model's own (temperature 1), as published work reports them. The value is the inverse of the
output's perplexity, and no probability that the answer is right: it ranks answers and wants recalibration.

Source: Malinin and Gales 2021 (arXiv 2002.07650), section 2, length-normalised log-probability; named so in Kuhn, Gal
and Farquhar 2023 (arXiv 2302.09664). The unnormalised probability of a whole output is e^total_logprob of `raw`.
"""

from calibench.backends.base import BaseBackend
from calibench.confidence.base import Answered, Method, Reading, token_reading
from calibench.records import TokenFeatures


async def _read(answered: Answered, backend: BaseBackend) -> Reading:
    assert answered.scores, "the method needs log_probabilities"
    return token_reading(answered.scores, range(len(answered.scores.logprobs)))


METHOD = Method(
    description="length-normalised probability of the output's tokens",
    needs=frozenset({"log_probabilities"}),
    read=_read,
    evidence=TokenFeatures,
    of_whole_output=True,
)
