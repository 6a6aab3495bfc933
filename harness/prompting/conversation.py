"""What a run asks of a chat format: a first turn, and a question about what the model wrote.

`calibench.prompting.chat` renders turns into token ids with a tokenizer that is here; `calibench.prompting.messages`
leaves that to a server.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from calibench.prompting.markup import Markup


class Message(NamedTuple):
    role: str
    """`system`, `user` or `assistant`."""
    content: str


class Prompt(NamedTuple):
    token_ids: tuple[int, ...]
    """Empty where the tokenizer is not here, but with the server."""
    reasoning_opened: bool = False
    """The prompt ends inside an opened reasoning block."""
    messages: tuple[Message, ...] = ()
    """The turns; of a prompt that continues token ids, those that it began with. Empty where it is no conversation."""
    closed: bool = False
    """The turns are to be answered without a reasoning."""

    @property
    def conversation(self) -> str | None:
        """Its first question, which tells conversations apart; None where it is none."""
        return next((turn.content for turn in self.messages if turn.role == "user"), None)


class Written(NamedTuple):
    """What a model wrote in one turn."""

    text: str = ""
    token_ids: tuple[int, ...] | None = None
    """Without that of the end of the turn; None where they are not known."""


class Conversation(abc.ABC):
    markup: Markup | None
    """What the checkpoint says about its reasoning; None if nothing is known."""
    has_template: bool
    """False: questions are asked as plain text."""

    @abc.abstractmethod
    def first(self, user: str, system: str | None = None, *, closed: bool = False) -> Prompt:
        """The prompt that asks `user` as the first turn, after a system turn if there is one.

        Args:
            closed: the reply is to begin without a reasoning, as those to follow-ups do.

        Raises:
            ModelError: these turns cannot be told, or not whole.
        """

    @abc.abstractmethod
    def about(self, prompt: Prompt, written: Written, cuts: Iterable[tuple[int, int]], question: str) -> Prompt:
        """Prompt and output, then `question` as the next user turn, up to where the answer begins.

        Args:
            cuts: spans of the output's text that are left out.
        """

    @abc.abstractmethod
    def give(self, values: Mapping[str, Any]) -> None:
        """Gives the template variables of its own.

        Raises:
            InputError: it is known not to read one of them.
        """

    @abc.abstractmethod
    def notes(self) -> list[str]:
        """What a reader must know of how the turns are told."""

    @abc.abstractmethod
    def fingerprint(self) -> str | None:
        """sha256 of the template; None where it is not known."""


def pieces_touching(pieces: Sequence[str], start: int, end: int) -> range:
    """Places of the pieces of a text that hold a character of it from `start` to before `end`."""
    begin, first, after = 0, len(pieces), 0
    for place, piece in enumerate(pieces):
        if piece and begin < end and begin + len(piece) > start:
            first, after = min(first, place), place + 1
        begin += len(piece)
    return range(first, max(first, after)) if after else range(0)
