"""P(True): the probability that the model gives to "Yes" when asked whether its own answer is correct.

The question follows the answer as a turn of its own, so the engine reads question, reasoning and answer from its prefix
cache. One token is asked for; the value is P(A) / (P(A) + P(B)) with the probabilities of all tokens that write the
same letter summed ("A", " A"). Source: Kadavath et al. 2022 (arXiv 2207.05221); the yes/no wording follows the read-out
of EpiCaR (arXiv 2601.06786).
"""

from calibench.backends.base import BaseBackend
from calibench.confidence.base import Answered, Method, Reading, follow_up, label_reading

QUESTION = "Is your answer above correct?\nA) Yes\nB) No\nReply with the letter only."
_WORDINGS = (
    "Is the answer you gave right?\nA) Yes\nB) No\nAnswer with the letter only.",
    "Did you answer the question correctly?\nA) Yes\nB) No\nReply with A or B.",
    "Your answer above is:\nA) Correct\nB) Incorrect\nReply with the letter only.",
    "Is your answer true or false?\nA) True\nB) False\nReply with the letter only.",
    "Would your answer above be marked as correct?\nA) Yes\nB) No\nWrite only the letter.",
    "Is the answer above right or wrong?\nA) Right\nB) Wrong\nReply with the letter only.",
    "Look at your answer again. Is it correct?\nA) Yes\nB) No\nReply with one letter.",
)
"""A always stands for a right answer."""


async def _read(answered: Answered, backend: BaseBackend, question: str = QUESTION) -> Reading:
    prompt = follow_up(answered, backend, question, room=1)
    if isinstance(prompt, Reading):
        return prompt
    return label_reading(await backend.choose(prompt, "AB"))


METHOD = Method(
    description="label probability of Yes against No after the answer (follow-up)",
    needs=frozenset({"follow_up", "label_probabilities"}),
    read=_read,
    question=QUESTION,
    wordings=_WORDINGS,
)
