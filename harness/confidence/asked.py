"""Asked: a second turn asks how likely the answer is to be right, and the percentage is read from the reply.

The reasoning stays visible to the model; the reply is decoded greedily whatever the sampling of the answers, and its
own reasoning is closed before it starts.
"""

from calibench.backends.base import BaseBackend
from calibench.confidence.base import Answered, Method, Reading, follow_up, read_reply
from calibench.records import Sampling

QUESTION = (
    'How likely is it, from 0% to 100%, that your answer above is correct? Reply with one line "Confidence: ...%".'
)
_WORDINGS = (
    "What is the probability, from 0% to 100%, that the answer you gave is correct? "
    'Write only one line, "Confidence: ...%".',
    'How sure are you, from 0% to 100%, that your answer is right? Give one line, "Confidence: ...%".',
    "Rate your confidence that your answer above is correct, from 0% (certainly wrong) to 100% (certainly right). "
    'Reply with one line "Confidence: ...%".',
    "How confident are you in the answer above? State the chance, from 0% to 100%, that it is correct, "
    'on one line "Confidence: ...%".',
    "Estimate the chance that your answer is correct, as a percentage from 0% to 100%. "
    'Answer with a single line "Confidence: ...%".',
    "Look at your answer again. What is the likelihood, from 0% to 100%, that it is correct? "
    'Reply with one line "Confidence: ...%".',
    "On a scale from 0% to 100%, how certain are you that the answer you have just given is correct? "
    'Reply only with the line "Confidence: ...%".',
)
_REPLY_TOKENS = 64


async def _read(answered: Answered, backend: BaseBackend, question: str = QUESTION) -> Reading:
    prompt = follow_up(answered, backend, question, room=_REPLY_TOKENS)
    if isinstance(prompt, Reading):
        return prompt
    reply = await backend.complete(prompt, Sampling(0.0, 1.0, _REPLY_TOKENS), seed=None)
    return read_reply(reply.text, False, reply.ended, backend.chat.markup)._replace(cached_tokens=reply.cached_tokens)


METHOD = Method(
    description="percentage in the reply to a second turn that asks how sure the model is (follow-up)",
    needs=frozenset({"follow_up"}),
    read=_read,
    question=QUESTION,
    wordings=_WORDINGS,
    reread=lambda reply, _opened, ended, markup: read_reply(reply, False, ended, markup),
)
