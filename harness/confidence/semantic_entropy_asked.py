"""Semantic entropy over classes that the model makes itself: it is asked whether one answer entails another.

Answers that the grader's rule finds the same are one class from the start. Two classes say the same if each one's first
answer entails the other's; a class is compared with the first class of each group, and joins the first group that it
fits. The value is that of `semantic_entropy` over these groups. Names of one thing ("Holland", "the Netherlands"),
which a rule takes for two, can so become one; and so can answers that differ, if the model errs.

Each pair of classes costs two prompts of one token: with m classes from 2 (m - 1), where all are the same, to
m (m - 1), where no two are.

Source: Kuhn, Gal and Farquhar 2023 (arXiv 2302.09664), algorithm 1, and Farquhar et al. 2024 (Nature 630, 625-630), who
ask a model of entailment, or a language model for entailment, contradiction or neither; the question here, its two
labels, and that rules come first are this project's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from calibench.backends.base import BaseBackend, Refused, no_room
from calibench.confidence.base import DrawsTogether, Method, Reading
from calibench.confidence.semantic_entropy import METHOD as BY_RULES
from calibench.confidence.semantic_entropy import Dispersion

QUESTION = (
    "Below are a question and two answers to it. If the first answer is correct, must the second one be correct too?\n"
    "A) Yes\nB) No\nReply with the letter only."
)
_HEADINGS = ("Question:", "First answer:", "Second answer:")


async def _ask_draws(
    drawn: DrawsTogether, backend: BaseBackend, question: str = QUESTION, headings: tuple[str, ...] = _HEADINGS
) -> list[Reading]:
    first = {one: drawn.answers[place] for place, one in reversed([*enumerate(drawn.classes)]) if one is not None}
    group: dict[int | None, int | None] = {None: None}
    try:
        for one in sorted(first):
            group[one] = one
            for other in [of for of, head in group.items() if of is not None and of == head and of != one]:
                pair = [(first[one], first[other]), (first[other], first[one])]
                shown = [zip(headings, (drawn.problem, *each), strict=True) for each in pair]
                if all(await asyncio.gather(*(_entails(question, parts, backend) for parts in shown))):
                    group[one] = other
                    break
    except Refused as refused:
        return [Reading(None, "failed", str(refused))] * len(drawn.classes)
    assert BY_RULES.read_draws, "it is a method over draws"
    return list(BY_RULES.read_draws(drawn.draws, [group[one] for one in drawn.classes]))


async def _entails(question: str, parts: Iterable[tuple[str, str]], backend: BaseBackend) -> bool:
    """Whether the model finds it likelier than not.

    Args:
        parts: heading and text of what stands below the question.

    Raises:
        Refused: the question has no room, or the backend does not tell how likely the labels are.
    """
    text = "\n\n".join([question, *(f"{heading}\n{part}" for heading, part in parts)])
    prompt = backend.chat.first(text, closed=True)
    if full := no_room(len(prompt.token_ids), 1, backend.context):
        raise Refused(full)
    choice = await backend.choose(prompt, "AB")
    yes, no = choice.probabilities["A"], choice.probabilities["B"]
    if abs(yes - no) <= choice.unseen:
        raise Refused("the likeliest tokens do not tell which label is likelier")
    return yes > no


METHOD = Method(
    description="1 - entropy of the draws' answers / its maximum, with answers the same that entail each other (asks)",
    needs=frozenset({"follow_up", "label_probabilities"}),
    ask_draws=_ask_draws,
    question=QUESTION,
    headings=_HEADINGS,
    evidence=Dispersion,
)
