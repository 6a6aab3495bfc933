"""The protocols: what the first prompt asks for besides the question.

Each protocol changes what the model answers, so each has its own generations. Its text is part of a run's identity.
"""

from __future__ import annotations

from typing import NamedTuple

from harness.errors import unknown_name
from harness.records import Question

_ANSWER_LINE = 'on a line "Answer: ..."'
_CODE_BLOCK = "as one code block that starts with ```python"


class Protocol(NamedTuple):
    name: str
    instruction: str
    """Appended to the question and the task's own instruction."""
    scale: str | None
    """How a stated confidence is written: `percent`; None if none is asked for."""
    alone: str = ""
    """Appended instead to a question whose own text says how to answer: asks for nothing but the confidence."""
    scores_options: bool = False
    """The answer is chosen among given options by their log-likelihoods; see `harness.options`."""


PROTOCOLS = {
    p.name: p
    for p in (
        Protocol("plain", f"Write the final answer {_ANSWER_LINE}.", None),
        Protocol(
            "stated",
            f'Write the final answer {_ANSWER_LINE} and below it, on a line "Confidence: ...%", '
            "how likely it is, from 0% to 100%, that this answer is correct.",
            "percent",
            'Below the answer, write on a line "Confidence: ...%" how likely it is, from 0% to 100%, '
            "that this answer is correct.",
        ),
        Protocol("options", "", None, scores_options=True),
    )
}


def protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        InputError: unknown name.
    """
    if name not in PROTOCOLS:
        raise unknown_name("protocol", name, list(PROTOCOLS))
    return PROTOCOLS[name]


def body(question: Question) -> str:
    """What a question asks: its text, and its options if it has any."""
    return question.text + "".join(f"\n{chr(65 + i)}) {choice}" for i, choice in enumerate(question.choices))


def first_turn(question: Question, task_instruction: str | None, protocol: Protocol) -> str:
    """The first user turn that asks a question, with its options if any; a program is asked for as a code block."""
    form = _CODE_BLOCK if question.tests else _ANSWER_LINE
    return user_turn(body(question), task_instruction, protocol, form)


def user_turn(
    question_text: str, task_instruction: str | None, protocol: Protocol, answer_form: str = _ANSWER_LINE
) -> str:
    """The whole first user turn; without a task's instruction, the question's text stands for it."""
    if task_instruction is None:
        return f"{question_text}\n\n{protocol.alone}" if protocol.alone else question_text
    instruction = protocol.instruction.replace(_ANSWER_LINE, answer_form)
    return f"{question_text}\n\n{task_instruction}\n{instruction}"
