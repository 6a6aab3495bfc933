"""Turns as messages, for a server that renders them by its own chat template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calibench.prompting.conversation import Conversation, Message, Prompt, Written


class MessageFormat(Conversation):
    """Conversations whose tokens a server knows.

    A follow-up gives back what the model wrote, its reasoning between tags included. Some templates leave the reasoning
    of an earlier turn out, and no server says whether its own does.

    Args:
        thinking: `on`, `off` or `auto`; `auto` leaves it to the server.
    """

    has_template = True
    markup = None

    def __init__(self, thinking: str):
        self.thinking = thinking
        self._given: dict[str, Any] = {}

    def first(self, user: str, system: str | None = None, *, closed: bool = False) -> Prompt:
        before = (Message("system", system),) if system else ()
        return Prompt((), messages=(*before, Message("user", user)), closed=closed)

    def about(self, prompt: Prompt, written: Written, cuts: Iterable[tuple[int, int]], question: str) -> Prompt:
        answer = Message("assistant", _without(written.text, cuts))
        return Prompt((), messages=(*prompt.messages, answer, Message("user", question)), closed=True)

    def give(self, values: Mapping[str, Any]) -> None:
        self._given = dict(values)

    def variables(self, prompt: Prompt) -> dict[str, Any]:
        """What the server's template gets."""
        thinking = "off" if prompt.closed else self.thinking
        return ({} if thinking == "auto" else {"enable_thinking": thinking == "on"}) | self._given

    def notes(self) -> list[str]:
        return []

    def fingerprint(self) -> str | None:
        return None


def _without(text: str, cuts: Iterable[tuple[int, int]]) -> str:
    shown, start = [], 0
    for begin, end in sorted(cuts):
        shown.append(text[start:begin])
        start = max(start, end)
    return "".join([*shown, text[start:]])
