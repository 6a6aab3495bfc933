"""Reasoning gain: whether each step of a reasoning raises the support for the answer that it comes to.

The reasoning is cut after each of its steps, closed there, and the model's own answer is put behind `Answer:`. With
c_t the mean log-probability (nats) of the answer's tokens after t steps:

    net          = c_T - c_0
    monotonicity = sum_t max(c_t - c_(t-1), 0) / sum_t |c_t - c_(t-1)|        (0 if nothing changes)
    gain         = monotonicity * tanh(net / s), in (-1, 1)                   (s = 1 nat)

The value is (1 + gain) / 2: it ranks answers and is no probability. It never sees whether an answer is right, and
confident reasoning to a wrong answer gains as much.

"Progressive reasoning gain" is named by Ma et al. 2026 (arXiv 2604.08454), who publish no formula: this one, the steps
and the cue are this project's own. The nearest published relatives are PACR (arXiv 2510.22255), which takes the gold
answer instead of the model's own, and progressive confidence shaping (arXiv 2605.24396).

Steps are what blank lines separate, or failing these line breaks, or failing these sentences and semicolons: the first
of the three that gives two steps. Of more than 16, neighbours are taken together. A reasoning is what stands between
its tags, or, without tags, all that precedes the answer. Programs, answers of more than 64 tokens and reasoning of
fewer than two steps have no gain.

Every request is a prompt that the engine has in its prefix cache up to the step, and asks for one token: an answer of n
tokens after T steps costs n (T + 1) of them.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from calibench.backends.base import BaseBackend, no_room, tokens_of
from calibench.confidence.base import Answered, Method, Reading
from calibench.prompting.budgets import chain
from calibench.prompting.chat import ChatFormat
from calibench.prompting.parsing import Parsed
from calibench.prompting.protocols import behind, line_cue
from calibench.tasks.grading.answer import answer_above
from calibench.tasks.grading.blocks import HIDDEN, programs_hidden

SCALE = 1.0
"""The net gain, in nats, at which tanh is 0.76."""
_MOST_STEPS = 16
_MOST_ANSWER_TOKENS = 64
_BETWEEN = (re.compile(r"\n[^\S\n]*\n\s*"), re.compile(r"\n\s*"), re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])\s*"))
"""What separates steps, the coarsest first."""


class Forced(NamedTuple):
    """One answer, put behind growing parts of its reasoning. Token ids."""

    prefixes: tuple[tuple[int, ...], ...]
    """T + 1 of them: the prompt, the first t steps and the beginning of the answer line, for t = 0 ... T."""
    answer: tuple[int, ...]
    """At least one token."""


class Gain(NamedTuple):
    """What the supports c_0 ... c_T show."""

    net: float
    """In nats."""
    monotonicity: float
    """In [0, 1]."""
    value: float
    """In (-1, 1)."""


def gain(supports: Sequence[float], scale: float = SCALE) -> Gain:
    """The gain of supports c_0 ... c_T (mean log-probabilities, nats), T >= 1."""
    steps = [after - before for before, after in pairwise(supports)]
    changes = math.fsum(map(abs, steps))
    monotonicity = math.fsum(max(step, 0.0) for step in steps) / changes if changes else 0.0
    net = supports[-1] - supports[0]
    return Gain(net, monotonicity, monotonicity * math.tanh(net / scale))


def step_ends(reasoning: str) -> list[int]:
    """Where each step of a reasoning ends, in characters; what separates it from the next belongs to it."""
    if not (length := len(reasoning.rstrip())):
        return []
    begin = len(reasoning) - len(reasoning.lstrip())
    for between in _BETWEEN:
        ends = [found.end() for found in between.finditer(reasoning, 0, length) if found.start() > begin]
        if ends:
            break
    ends = [*ends, len(reasoning)]
    if len(ends) <= _MOST_STEPS:
        return ends
    return [ends[(number + 1) * len(ends) // _MOST_STEPS - 1] for number in range(_MOST_STEPS)]


def forced(
    chat: ChatFormat,
    prompt: Sequence[int],
    output: Sequence[int],
    parsed: Parsed,
    shuffled: str | None = None,
    cue: str = line_cue(),
) -> Forced | str:
    """The output's answer behind growing parts of its reasoning; or why it has no gain.

    Args:
        prompt: token ids of the prompt.
        output: of the output, without the end of the turn.
        parsed: the parts of the output.
        shuffled: puts the steps into another order, which this seed decides; a control.
        cue: what the answer is put behind.
    """
    text = chat.decode(output)
    if parsed.truncated:
        return "the token limit cut the output"
    if HIDDEN in programs_hidden(parsed.answer_text):
        return "the answer is a program"
    answer = answer_above(parsed.answer_text)
    tokens = tuple(chat.tokenizer.encode(behind(cue, answer), add_special_tokens=False)) if answer else ()
    if not tokens or len(tokens) > _MOST_ANSWER_TOKENS:
        return f"an answer of {len(tokens)} tokens; expected 1 to {_MOST_ANSWER_TOKENS}"
    start, end = chain(text, parsed, chat.markup) or (0, 0)
    ends = step_ends(text[start:end])
    if len(ends) < 2:
        return f"reasoning of {len(ends)} step{'s' * (len(ends) != 1)}; expected 2 or more"
    places = [chat.token_of(output, place) for place in (start, *(start + one for one in ends))]
    pieces = [tuple(output[a:b]) for a, b in pairwise(places)]
    if shuffled is not None:
        pieces = _reordered(pieces, shuffled)
    unclosed = parsed.answer_start > 0
    written = [tuple(output[: places[0]]) + sum(pieces[:steps], ()) for steps in range(len(pieces) + 1)]
    return Forced(tuple((*prompt, *part, *chat.answer_begun(prompt, part, unclosed, cue)) for part in written), tokens)


def _reordered(pieces: list[tuple[int, ...]], seed: str) -> list[tuple[int, ...]]:
    """The pieces in another order than theirs."""
    order, draws = list(range(len(pieces))), random.Random(seed)
    while order == sorted(order):
        draws.shuffle(order)
    return [pieces[place] for place in order]


async def _read(answered: Answered, backend: BaseBackend, headings: tuple[str, ...] = (line_cue(),)) -> Reading:
    output = answered.written.token_ids
    assert output is not None, "the method needs token_probabilities"
    split = forced(tokens_of(backend), answered.prompt.token_ids, output, answered.parsed, cue=headings[0])
    if isinstance(split, str):
        return Reading(None, "missing", split)
    prompts = [(*prefix, *split.answer[:place]) for prefix in split.prefixes for place in range(len(split.answer))]
    if full := no_room(max(map(len, prompts)) + 1, 0, backend.context, "forced answer"):
        return Reading(None, "failed", full)
    wanted = [split.answer[number % len(split.answer)] for number in range(len(prompts))]
    found = await asyncio.gather(*map(backend.token_probabilities, prompts, ([token] for token in wanted)))
    logs = [math.log(of[token] or sys.float_info.min) for (of, _), token in zip(found, wanted, strict=True)]
    n = len(split.answer)
    supports = [math.fsum(logs[place : place + n]) / n for place in range(0, len(logs), n)]
    gained = gain(supports)
    raw = {"supports": supports, "net": gained.net, "monotonicity": gained.monotonicity, "gain": gained.value,
           "requests": len(prompts), "prompt_tokens": sum(map(len, prompts))}  # fmt: skip
    cached = [read for _, read in found]
    total = None if None in cached else sum(filter(None, cached))
    return Reading((1 + gained.value) / 2, "ok", msgspec.json.encode(raw).decode(), total)


METHOD = Method(
    description="whether each step of the reasoning raises the support for the answer (forced answers)",
    needs=frozenset({"token_ids", "token_probabilities"}),
    read=_read,
    question="reasoning_gain/2: the answer, forced after each step of the reasoning",
    headings=(line_cue(),),
)
