"""What a confidence method is: a way of obtaining, for one generation, the probability that its answer is right.

A method is one file in this folder that defines `METHOD`; the file's name is the method's name. An installed package
gives others by entry points of the group `calibench.methods`. Follow-up methods ask the model again about its own
output, from which a stated confidence has been cut, so that it cannot be copied. Methods over draws see all draws of a
question together, and which of them answer the same; they do not see gold.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from calibench import registry
from calibench.backends._likelihoods import ScoredOptions
from calibench.backends.base import BaseBackend, Choice, TokenScores, no_room, tokens_of
from calibench.prompting.conversation import Prompt, Written, pieces_touching
from calibench.prompting.languages import base as languages
from calibench.prompting.languages.base import ENGLISH
from calibench.prompting.markup import Markup
from calibench.prompting.parsing import Parsed, parse
from calibench.records import WORDING, Generation, Status, TokenFeatures


class Answered(NamedTuple):
    """One complete generation."""

    parsed: Parsed
    prompt: Prompt = Prompt(())
    """Empty for a method that needs no model."""
    written: Written = Written()
    scores: TokenScores | None = None
    """None unless the run has a method that needs `log_probabilities`."""
    options: ScoredOptions | None = None
    """None unless the protocol is `options`."""
    choice: Choice | None = None
    """Of the letters of the options; None unless the protocol is `decision`."""
    problem: str = ""
    """What the question asks, options included, without instructions."""


class DrawsTogether(NamedTuple):
    """All draws of a question that did not fail."""

    problem: str
    """As `Answered.problem`."""
    draws: Sequence[Generation]
    classes: Sequence[int | None]
    """Of each one's answer, as `grading.drawn_answers` finds them; None is a draw without an answer."""
    answers: Sequence[str]
    """What each states, as it wrote it; empty for a draw without an answer."""


class Reading(NamedTuple):
    """What a method read; see `calibench.records.Confidence`."""

    value: float | None
    status: Status
    raw: str | None
    cached_tokens: int | None = None


class Method(NamedTuple):
    """A way of obtaining a confidence, by one of `read`, `read_draws` and `ask_draws`."""

    description: str
    """One line for `calibench methods`."""
    needs: frozenset[str]
    """Capabilities that the backend must have, `stated` if the protocol must ask for a confidence, and `protocol
    options` or `protocol decision` if it must be that one, where no other methods are read."""
    read: Callable[..., Awaitable[Reading]] | None = None
    """(generation, backend) -> reading. The backend is None for a method that needs no model."""
    read_draws: Callable[[Sequence[Generation], Sequence[int | None]], Sequence[Reading]] | None = None
    """(all draws of a question that did not fail, class of each one's answer) -> a reading of each.

    Pure. Classes are those of `grading.drawn_answers`; None is a draw without an answer. Read again when draws are
    added, or when answers are read by other rules."""
    ask_draws: Callable[[DrawsTogether, BaseBackend], Awaitable[Sequence[Reading]]] | None = None
    """(all draws of a question that did not fail, backend) -> a reading of each, with the model's help. Asked again as
    `read_draws` is read again."""
    question: str = ""
    """What a follow-up asks; part of a run's identity. Its `read` or `ask_draws` takes what is asked as the keyword
    `question`, which may be in other words or in another language. A method that asks nothing, but puts words of
    `headings` there, has a name and version of what it does instead, as `reasoning_gain/2: ...`."""
    headings: tuple[str, ...] = ()
    """What stands above the parts of a fresh prompt, or begins an answer; where there are any, what does is given as
    the keyword `headings`."""
    wordings: tuple[str, ...] = ()
    """The question in other words, of the same meaning and scale."""
    of_whole_output: bool = False
    """It reads everything that was written, wherever the answer in it is found."""
    evidence: Any = None
    """The type that `Reading.raw` is the JSON of, where it is any: `TokenFeatures` are what maps of features read."""
    reread: Callable[[str, bool, bool, Markup | None], Reading] | None = None
    """(reply as `Reading.raw` keeps it, whether the model's turns open with reasoning, whether the reply ended, what
    the checkpoint says about its reasoning) -> reading by today's rules. None: `raw` is no text that rules read."""

    @property
    def needs_model(self) -> bool:
        """Whether the model must be there when it reads; if not, it reads what the run file keeps of a generation."""
        return not self.needs <= {"stated"}

    @property
    def own_protocol(self) -> bool:
        """Whether it is of one protocol alone, under which the model writes no text."""
        return any(need.startswith("protocol ") for need in self.needs)

    @property
    def of_draws(self) -> bool:
        """Whether it compares the draws of a question, so that one alone tells nothing."""
        return self.read_draws is not None or self.ask_draws is not None

    def worded(self, number: int) -> Method:
        """The method that asks in the wording of this number; in the first it is as it is."""
        if number == 1:
            return self
        assert self.read, "what asks reads one answer"
        question = self.wordings[number - 2]
        return self._replace(read=partial(self.read, question=question), question=question, wordings=())

    def asking_in(self, code: str, name: str) -> Method:
        """The method that asks in the language of that code; `name` is its own, and says in which wording.

        Raises:
            CapabilityError: what it asks has no words there.
        """
        if code == ENGLISH or not self.question:
            return self
        language, asked = languages.load(code), dict[str, Any]()
        own, _, number = name.partition(WORDING)
        if number:
            asked["question"] = language.must_reword(load(own).question, int(number), f"method {name}")
        elif not self.question.startswith(f"{name}/"):
            asked["question"] = language.must_say(self.question, f"method {name}")
        if self.headings:
            asked["headings"] = tuple(language.must_say(text, f"method {name}") for text in self.headings)
        return self._replace(
            read=self.read and partial(self.read, **asked),
            ask_draws=self.ask_draws and partial(self.ask_draws, **asked),
            question=asked.get("question", self.question),
            headings=(),
            wordings=(),
        )


def follow_up(answered: Answered, backend: BaseBackend, question: str, room: int) -> Prompt | Reading:
    """Asks `question` about the answer; or, if that and `room` tokens do not fit the context, says so."""
    prompt = backend.chat.about(answered.prompt, answered.written, answered.parsed.cut_spans, question)
    if full := no_room(len(prompt.token_ids), room, backend.context, "follow-up"):
        return Reading(None, "failed", full)
    return prompt


def read_reply(text: str, reasoning_opened: bool, ended: bool, markup: Markup | None) -> Reading:
    """The percentage in a reply to a question for the confidence alone.

    Args:
        text: the reply, which becomes the reading's `raw`.
        reasoning_opened: the prompt opened the reasoning, so that the reply starts inside it.
        ended: the model ended its turn, and no token limit cut it.
        markup: what the checkpoint says about its reasoning.
    """
    parsed = parse(
        text,
        reasoning_opened=reasoning_opened,
        scale="percent",
        finish_reason="stop" if ended else "length",
        answered_before=True,
        markup=markup,
    )
    return Reading(parsed.confidence, parsed.status, text)


_PRECISION = 0.005
"""A value is given where it is known to within this; a server that tells the likeliest tokens alone may hide one."""


def label_reading(choice: Choice) -> Reading:
    """The probability of A among A and B; the probabilities of both as JSON."""
    yes, no = choice.probabilities["A"], choice.probabilities["B"]
    raw = msgspec.json.encode(choice.probabilities).decode()
    if yes + no == 0 or choice.unseen / (yes + no + choice.unseen) > _PRECISION:
        return Reading(None, "failed", raw, choice.cached_tokens)
    return Reading(yes / (yes + no), "ok", raw, choice.cached_tokens)


def places_of(answered: Answered, backend: BaseBackend, start: int, end: int) -> range:
    """Places of the tokens that write a character of the output's text from `start` to before `end`."""
    if answered.scores and answered.scores.texts is not None:
        return pieces_touching(answered.scores.texts, start, end)
    return tokens_of(backend).touching(answered.written.token_ids or (), start, end)


def token_reading(scores: TokenScores, tokens: Sequence[int]) -> Reading:
    """The length-normalised probability of these tokens, given by their places: exp(mean log-probability)."""
    if not tokens:
        return Reading(None, "missing", None)
    logprobs = [min(scores.logprobs[i], 0.0) for i in tokens]  # above it by rounding
    total, n = math.fsum(logprobs), len(logprobs)
    entropy = max(math.fsum(scores.entropies[i] for i in tokens) / n, 0.0) if scores.entropies else None
    features = TokenFeatures(total / n, total, min(logprobs), n, entropy)
    return Reading(math.exp(total / n), "ok", msgspec.json.encode(features).decode())


_FAMILY = registry.Family("confidence method", "calibench.confidence", "calibench.methods", "METHOD")


def names() -> list[str]:
    """Names of all methods; none is imported."""
    return registry.names(_FAMILY)


def load(name: str) -> Method:
    """The method of that name; `NAME#2` is the one that asks in its second wording.

    Raises:
        InputError: unknown name; the message gives the nearest names.
        PluginError: another package's, and not to be had.
    """
    own, _, number = name.partition(WORDING)
    method: Method = registry.load(_FAMILY, own, Method)
    if number.isdecimal() and 2 <= int(number) <= 1 + len(method.wordings):
        return method.worded(int(number))
    return method if own == name else registry.load(_FAMILY, name, Method)
