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
_REPLY_TOKENS = 64


async def _read(answered: Answered, backend: BaseBackend) -> Reading:
    prompt = follow_up(answered, backend, QUESTION, room=_REPLY_TOKENS)
    if isinstance(prompt, Reading):
        return prompt
    reply = await backend.complete(prompt, Sampling(0.0, 1.0, _REPLY_TOKENS), seed=None)
    text = backend.chat.decode(reply.token_ids)
    return read_reply(text, False, reply.ended, backend.chat.markup)._replace(cached_tokens=reply.cached_tokens)


METHOD = Method(
    description="percentage in the reply to a second turn that asks how sure the model is (follow-up)",
    needs=frozenset({"follow_up"}),
    read=_read,
    question=QUESTION,
    reread=lambda reply, _opened, ended, markup: read_reply(reply, False, ended, markup),
)
