"""Stated: the confidence that the model writes with its answer, in the same turn.

Source: Tian et al. 2023 (arXiv 2305.14975), verbalized one-stage; Zeng et al. 2025 (arXiv 2504.06564), protocol V.
"""

from calibench.confidence.base import Answered, Method, Reading


async def _read(answered: Answered, _no_backend: None) -> Reading:
    parsed = answered.parsed
    return Reading(parsed.confidence, parsed.status, parsed.raw)


METHOD = Method(
    description="what is written with the answer, as the protocol asks: percentage, words, score, ...",
    needs=frozenset({"stated"}),
    read=_read,
)
