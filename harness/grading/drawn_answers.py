"""What the draws of a question answer, and which of them say the same; read without gold and without tests.

An answer is what the task's own grader extracts from a text when the question shows it neither gold nor tests; where a
grader cannot read without them, what the text states (`tasks.grading.answer`). Answers say the same by the rule of the
grader's file (`tasks.grading.answer_classes`): numbers equal as values, expressions that Math-Verify finds equal, names
normalised, labels and letters as they are, programs by their syntax trees.

No answer, and so no class, has a draw that failed, was cut by the token limit, declined, repeats the prompt's form, or
in which the grader finds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from calibench.errors import CapabilityError, InputError
from calibench.prompting import protocols
from calibench.prompting.echo import repeats_form
from calibench.prompting.languages.base import ENGLISH
from calibench.prompting.markup import Markup
from calibench.prompting.parsing import parse
from calibench.records import Generation, Question
from calibench.tasks import grading
from calibench.tasks.base import Program, Task, Verdict
from calibench.tasks.grading.answer import answer_above


class HowRead(NamedTuple):
    """How the texts of one protocol are read."""

    protocol: str
    scale: str | None
    markup: Markup | None
    """What the run's checkpoint says about its reasoning."""
    language: str = ENGLISH
    """In which the prompts are."""


def blind(question: Question) -> Question:
    """The question without what decides whether an answer is right."""
    return replace(question, gold=(), tests=())


def draw_classes(task: Task, question: Question, generations: Sequence[Generation], how: HowRead) -> list[int | None]:
    """The class of each draw: 0, 1, ... in the order of their first draws; None where there is no answer.

    Args:
        question: `blind`.
    """
    read: dict[tuple, str | None] = {}
    graded: dict[str | None, str | None] = {None: None}
    answers = []
    for generation in generations:  # draws repeat each other: what is read once is not read again
        said = generation.text, generation.reasoning_opened, generation.finish_reason
        if said not in read:
            read[said] = _text(generation, how)
        if (text := read[said]) is not None and text not in graded:
            graded[text] = _answer(task, question, text, how)
        answers.append(graded[text])
    return numbered(answers, grading.answer_classes(task.grader, [answer for answer in answers if answer is not None]))


def by_text(generations: Sequence[Generation], how: HowRead) -> list[int | None]:
    """As `draw_classes`, where the grader's rules take too long: by the texts that the draws state."""
    answers = [None if (text := _text(one, how)) is None else answer_above(text) for one in generations]
    return numbered(answers, grading.same_text([answer for answer in answers if answer is not None]))


def numbered(answers: Sequence[str | None], keys: Sequence[str]) -> list[int | None]:
    """Numbers for the keys of those answers that there are."""
    numbers: dict[str, int] = {}
    left = iter(keys)
    return [None if answer is None else numbers.setdefault(next(left), len(numbers)) for answer in answers]


def _text(generation: Generation, how: HowRead) -> str | None:
    """The text that is graded; None where none is."""
    if generation.error:
        return None
    parsed = parse(
        generation.text,
        reasoning_opened=generation.reasoning_opened,
        scale=how.scale,
        finish_reason=generation.finish_reason,
        markup=how.markup,
    )
    return None if parsed.truncated else parsed.answer_text


def _answer(task: Task, question: Question, text: str, how: HowRead) -> str | None:
    """What a text that is graded answers."""
    try:
        verdict = task.grade(question, text)
    except Exception:  # a grader of anybody's, that cannot read without gold
        return answer_above(text)
    if isinstance(verdict, Program):
        return verdict.program
    if verdict.outcome not in ("correct", "incorrect", "failed") or is_echo(
        task, question, how.protocol, text, verdict, how.language
    ):
        return None
    return verdict.answer


def is_echo(
    task: Task, question: Question, protocol: str, answer_text: str, verdict: Verdict, language: str = ENGLISH
) -> bool:
    """Whether a reply repeats how to answer, in the language in which it was asked.

    What a grader reads as one of a few given answers, or finds right, was meant as an answer.
    """
    closed = bool(task.labels or question.choices)
    if question.tests or verdict.outcome not in (("unparsed",) if closed else ("unparsed", "incorrect")):
        return False
    try:
        form = protocols.form_asked(task, protocols.protocol(protocol), language=language)
    except (InputError, CapabilityError):  # of a file that another version made
        return False
    return repeats_form(answer_text, form)
