"""Foreseen: before it solves the problem, the model is asked how likely it is to solve it correctly.

A fresh prompt shows the problem alone, options included: no answer, no reasoning, and not how the answer is to be
written. The value is therefore the same for all draws of a question, whose right answers it cannot tell from its wrong
ones: it says which questions are hard for the model. The reply is short and greedy, and its reasoning is closed before
it starts, so that the problem is not solved on the way.

Source: P(IK), the probability of knowing before answering, of Kadavath et al. 2022 (arXiv 2207.05221), section 5, who
train a head for it; that it is asked for in words, and these words, are this project's own.
"""

from calibench.backends.base import BaseBackend, no_room
from calibench.confidence.base import Answered, Method, Reading, read_reply
from calibench.records import Sampling

QUESTION = (
    "Below is a problem. Do not solve it. How likely is it, from 0% to 100%, that you would answer it correctly? "
    'Reply with one line "Confidence: ...%".'
)
_WORDINGS = (
    "Here is a problem that you need not solve. What is the probability, from 0% to 100%, that your answer to it would "
    'be correct? Write only one line, "Confidence: ...%".',
    "Read the problem below, but do not work on it. How sure are you, from 0% to 100%, that you could answer it "
    'correctly? Give one line, "Confidence: ...%".',
    "Suppose that you were asked the problem below. Without solving it, state the chance, from 0% to 100%, that you "
    'would get it right, on one line "Confidence: ...%".',
    "Judge the problem below without answering it: from 0% to 100%, how likely are you to find the correct answer? "
    'Reply with one line "Confidence: ...%".',
    "Estimate, as a percentage from 0% to 100%, the chance that you would answer the following problem correctly. Do "
    'not answer it, and write a single line "Confidence: ...%".',
    "A problem is given below. Before you try it: what is the likelihood, from 0% to 100%, that you would solve it "
    'correctly? Reply with one line "Confidence: ...%", and nothing else.',
    "On a scale from 0% to 100%, how certain are you that you know the correct answer to the problem below? Do not "
    'give the answer; reply only with the line "Confidence: ...%".',
)
_HEADINGS = ("Problem:",)
_REPLY_TOKENS = 64


async def _read(
    answered: Answered, backend: BaseBackend, question: str = QUESTION, headings: tuple[str, ...] = _HEADINGS
) -> Reading:
    prompt = backend.chat.first(f"{question}\n\n{headings[0]}\n{answered.problem}", closed=True)
    if full := no_room(len(prompt.token_ids), _REPLY_TOKENS, backend.context):
        return Reading(None, "failed", full)
    reply = await backend.complete(prompt, Sampling(0.0, 1.0, _REPLY_TOKENS), seed=None)
    reading = read_reply(reply.text, False, reply.ended, backend.chat.markup)
    return reading._replace(cached_tokens=reply.cached_tokens)


METHOD = Method(
    description="percentage in the reply to a fresh prompt that asks, before solving, how likely that would succeed",
    needs=frozenset({"follow_up"}),
    read=_read,
    question=QUESTION,
    wordings=_WORDINGS,
    headings=_HEADINGS,
    reread=lambda reply, _opened, ended, markup: read_reply(reply, False, ended, markup),
)
