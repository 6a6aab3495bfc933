"""Reflected: a fresh prompt shows the problem and the proposed answer, and asks how likely the answer is to be right.

Unlike `asked`, the model does not see that the answer is its own, nor the reasoning that led to it, and it may reason
anew before it replies. Source: Zeng et al. 2025 (arXiv 2504.06564), self-reflection (SR), appendix A; the
wording, which shows no example, the greedy reply and its budget are this project's own.
"""

from calibench.backends.base import BaseBackend, no_room
from calibench.confidence.base import Answered, Method, Reading, read_reply
from calibench.records import Sampling

QUESTION = (
    "Below are a problem and a proposed solution. Reflect on how likely the solution is to be correct, and reply only "
    "with that, as a percentage from 0% to 100%, between <confidence> and </confidence>."
)
_WORDINGS = (
    "Here are a problem and a proposed solution. How likely is it that the solution is correct? Reply only with a "
    "percentage from 0% to 100%, between <confidence> and </confidence>.",
    "Read the problem and the proposed solution below. Give the probability that the solution is correct, and nothing "
    "else, as a percentage from 0% to 100%, between <confidence> and </confidence>.",
    "Below you find a problem and a solution that somebody proposed. Judge how sure one can be that it is correct, and "
    "write only that, from 0% to 100%, between <confidence> and </confidence>.",
    "Consider the problem and the proposed solution that follow. Estimate the chance that the solution is right, and "
    "reply with this alone, as a percentage from 0% to 100%, between <confidence> and </confidence>.",
    "A problem and a proposed solution are given below. Check the solution and say how likely it is to be correct: "
    "only a percentage from 0% to 100%, between <confidence> and </confidence>.",
    "Think about the proposed solution of the problem below. What is the likelihood that it is correct? Answer only "
    "with a percentage from 0% to 100%, between <confidence> and </confidence>.",
    "Assess the proposed solution of the following problem. State your confidence that it is correct, and only that, "
    "as a percentage from 0% to 100%, between <confidence> and </confidence>.",
)
_HEADINGS = ("Problem:", "Proposed solution:")
_REPLY_TOKENS = 2048


async def _read(
    answered: Answered, backend: BaseBackend, question: str = QUESTION, headings: tuple[str, ...] = _HEADINGS
) -> Reading:
    problem, solution = headings
    prompt = backend.chat.first(
        f"{question}\n\n{problem}\n{answered.problem}\n\n{solution}\n{answered.parsed.answer_text}"
    )
    if full := no_room(len(prompt.token_ids), 1, backend.context):
        return Reading(None, "failed", full)
    reply = await backend.complete(prompt, Sampling(0.0, 1.0, _REPLY_TOKENS), seed=None)
    reading = read_reply(reply.text, prompt.reasoning_opened, reply.ended, backend.chat.markup)
    return reading._replace(cached_tokens=reply.cached_tokens)


METHOD = Method(
    description="percentage in the reply to a fresh prompt with problem and proposed answer (follow-up)",
    needs=frozenset({"follow_up"}),
    read=_read,
    question=QUESTION,
    wordings=_WORDINGS,
    headings=_HEADINGS,
    reread=read_reply,
)
