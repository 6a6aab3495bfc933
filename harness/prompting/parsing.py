"""Splits a generation into reasoning, answer and stated confidence.

The order decides: the reasoning is taken away first, then the stated confidence is cut out, and what is left is the
answer. So a number weighed in the reasoning is never the confidence, and the confidence is never the answer. Each part
has its own rules: `calibench.prompting.reasoning`, `statements` and `values` for the confidence, and
`calibench.tasks.grading.answer` for what states an answer, which graders share.

A confidence between two different answers is `ambiguous`; one that the token limit may have cut is `missing`. A further
turn or question that the model goes on to (`calibench.prompting.turns`) is left out.

An analysis, `<analysis>...</analysis>`, weighs an answer: nothing in it is an answer or a statement, and it is cut out.
One that is not closed goes on to the last `<confidence>`, or to the end.

Where several guesses with probabilities are asked for (`calibench.prompting.guesses`), the answer is the likeliest of
them, and its probability the confidence; a text that lists none is read like any other, and states no confidence.

A program in a fenced block is an answer. Nothing inside it is a statement, and it is kept as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from calibench.prompting import guesses
from calibench.prompting.markup import Markup
from calibench.prompting.reasoning import find_reasoning, without_tags
from calibench.prompting.statements import statements, strongest
from calibench.prompting.text import blank, plain, unblanked
from calibench.prompting.turns import further_turn, opening_markup
from calibench.prompting.values import Statement, may_be_cut, read
from calibench.records import Status
from calibench.tasks.grading.answer import stated
from calibench.tasks.grading.blocks import HIDDEN, programs_hidden

PARSER = "parse/7"
"""Name and version of all rules by which a text is split and a confidence is read. A part of a run's identity, so that
answers of one run are not read by two sets of rules: raise it with every change by which a text is read otherwise."""


class Parsed(NamedTuple):
    """The parts of one generation. Offsets count characters of the generation's text."""

    reasoning: str | None
    """The reasoning without its tags; None if there is none."""
    answer_text: str
    """What a grader sees: the text without reasoning, without stated confidences, and without what follows a labelled
    confidence unless an answer is stated there."""
    answer_start: int
    """Where the answer part begins: after the last closing tag; 0 without reasoning, the text's length if unclosed."""
    confidence: float | None
    """In [0, 1]; None unless status is `ok`."""
    status: Status
    """`missing` too if no confidence was asked for."""
    raw: str | None
    """The text of confidence_span."""
    confidence_span: tuple[int, int] | None
    """The statement that was read, label and value; None if there is none. The answer text never overlaps it."""
    cut_spans: tuple[tuple[int, int], ...]
    """All that was cut from the answer part: every statement of a confidence, every analysis, a stray closing tag, and
    what belongs to no answer."""
    truncated: Literal["reasoning", "answer"] | None
    """Where the token limit struck; None if the answer is complete, even if the confidence after it is cut."""
    unclosed: bool
    """The reasoning has no end, be it by the token limit or because the model ended its turn inside it."""
    guesses: tuple[tuple[str, float | None], ...] = ()
    """Answers that come into question with the probability of each, where they are asked for; in the text's order."""


_ANALYSIS = re.compile(r"(?is)<analysis>.*?(?:(?P<close></analysis>)|\Z)")
_CONFIDENCE_TAG = re.compile(r"(?i)<confidence>")


def states_answer(answer_text: str) -> bool:
    """Whether an answer is stated by the rule that graders share, or given as a program."""
    shown = programs_hidden(answer_text)
    return HIDDEN in shown or stated(answer_text) is not None


def parse(
    text: str,
    *,
    reasoning_opened: bool,
    scale: str | None,
    finish_reason: str | None,
    answered_before: bool = False,
    markup: Markup | None = None,
) -> Parsed:
    """Splits one generation, in time linear in its length.

    Args:
        text: the output as decoded; any text is valid.
        reasoning_opened: the prompt opened the reasoning, so that text starts inside it.
        scale: how a confidence was asked for, see `calibench.prompting.protocols.Protocol`; None if it was not: then
            none is read.
        finish_reason: `length` if the token limit ended the text; None if that is not known, and the text is read as
            one that ended by itself.
        answered_before: the answer stands in an earlier turn, and the text replies to a question for the confidence
            alone.
        markup: what the checkpoint says about its reasoning, beside what is known of families.
    """
    at_limit = finish_reason == "length"
    blocks, unclosed, stray, _ = find_reasoning(text, reasoning_opened, at_limit, markup)
    # Reasoning that the text starts with can be long: only what follows it is searched.
    lead = blocks[0][1] if blocks and not text[: blocks[0][0]].strip() else 0
    rest = text[lead:]
    blanked = blank(plain(rest), [(start - lead, end - lead) for start, end in blocks if start >= lead])
    visible = programs_hidden(blanked)
    analyses = list(_analyses(visible))
    left_out = [*analyses, (0, opening_markup(visible))]
    left_out += [(stray[0] - lead, stray[1] - lead)] if stray else []
    visible = blank(visible, left_out)
    if unclosed and not states_answer(visible):
        visible = "\n" * len(rest)  # what precedes the reasoning is a preamble and no answer

    found = statements(visible, scale, answered_before) if scale and scale != guesses.SCALE else []
    end = further_turn(visible, found)
    found = [s for s in found if s.end <= end]
    cut = [*left_out, *((s.start, s.end) for s in found), (end, len(rest))]
    visible = blank(visible, cut)
    chosen = strongest(found)
    confidence, status = _read(chosen, scale, at_limit, visible) if chosen and scale else (None, "missing")
    reasoning = "\n".join(without_tags(text[a:b], markup).strip() for a, b in blocks).strip() or None
    answer_start = blocks[-1][1] if blocks else 0
    if scale == guesses.SCALE and (listed := guesses.guesses(visible)):
        whole = Parsed(reasoning, "", answer_start, None, "missing", None, None, (), None, unclosed)
        return _likeliest(listed, rest, lead, whole, at_limit)

    if chosen and _closes_answer(chosen, visible):
        cut.append((chosen.end, len(rest)))
        visible, answer_ended = blank(visible, cut), True
    else:
        answer_ended = _answer_ended(visible)
    return Parsed(
        reasoning=reasoning,
        answer_text=unblanked(rest, visible).strip(),
        answer_start=answer_start,
        confidence=confidence,
        status=status,
        raw=rest[chosen.start : chosen.end] if chosen else None,
        confidence_span=(lead + chosen.start, lead + chosen.end) if chosen else None,
        cut_spans=tuple((lead + start, lead + stop) for start, stop in cut if start < stop),
        truncated=("reasoning" if unclosed else "answer") if at_limit and not answer_ended else None,
        unclosed=unclosed,
    )


def _likeliest(listed: list[guesses.ListedGuess], rest: str, lead: int, whole: Parsed, at_limit: bool) -> Parsed:
    """The likeliest guess as the answer; all else behind the reasoning is cut.

    A list that the token limit ended may lack the likeliest.
    """
    best = guesses.likeliest(listed)
    start, end = best.span
    stated_at = best.stated and (lead + best.stated[0], lead + best.stated[1])
    complete = not at_limit or sum(guess.stated is not None for guess in listed) >= guesses.K
    return whole._replace(
        answer_text=rest[start:end].strip(),
        confidence=best.probability,
        status=best.status,
        raw=rest[slice(*best.stated)] if best.stated else None,
        confidence_span=stated_at,
        cut_spans=((whole.answer_start, lead + start), (lead + end, lead + len(rest))),
        truncated=None if complete else "answer",
        guesses=tuple((rest[slice(*guess.span)].strip(), guess.probability) for guess in listed),
    )


def _analyses(visible: str) -> Iterator[tuple[int, int]]:
    """Spans of the analyses, tags included; only the last one may be without an end."""
    for analysis in _ANALYSIS.finditer(visible):
        start, end = analysis.span()
        confidences = [] if analysis["close"] else list(_CONFIDENCE_TAG.finditer(visible, start))
        yield start, confidences[-1].start() if confidences else end


def _answer_ended(visible: str) -> bool:
    """Whether the last labelled answer or program is seen to end: its line, tag, box or block is closed."""
    answer = stated(visible)
    program = visible.rfind(HIDDEN)
    if program > (answer.label if answer and answer.labelled else -1):
        return bool(visible[program + 1 :].strip())
    return bool(answer and answer.labelled and answer.close is not None)


def _closes_answer(chosen: Statement, visible: str) -> bool:
    """Whether the statement ends the answer: it is labelled, something stands above it and no answer below it."""
    above, below = visible[: chosen.start], visible[chosen.end :]
    return chosen.form == "labelled" and bool(above.strip()) and not states_answer(below)


def _between_answers(chosen: Statement, visible: str) -> bool:
    """Whether one labelled answer stands above the statement and another one below it."""
    parts = (visible[: chosen.start], visible[chosen.end :])
    if not all(map(str.strip, parts)):
        return False
    found = [(part, answer) for part in parts if (answer := stated(part)) and answer.labelled]
    answers = {re.sub(r"\W", "", part[answer.start : answer.end]).casefold() for part, answer in found}
    return len(answers - {""}) > 1


def _read(chosen: Statement, scale: str, at_limit: bool, visible: str) -> tuple[float | None, Status]:
    if at_limit and may_be_cut(chosen, len(visible)):
        return None, "missing"
    confidence, status = read(chosen, scale)
    return (None, "ambiguous") if status == "ok" and _between_answers(chosen, visible) else (confidence, status)
