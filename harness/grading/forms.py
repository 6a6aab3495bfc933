r"""The forms in which an answer may be written, and which of them a task's grader reads.

A prompt asks for an answer on a line, between tags, in a box, as a program; one that does not say leaves the form open.
A grader that does not read what the prompt asks for counts right answers as wrong. So right and wrong answers are
written here as a model would write them, go through the parser, and are graded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from calibench.errors import InputError, PluginError
from calibench.grading.pool import GradingPool
from calibench.prompting.hedges import SCALE
from calibench.prompting.parsing import parse
from calibench.prompting.protocols import PROTOCOLS, Protocol, body, form_asked
from calibench.records import Question
from calibench.tasks.base import Task, Verdict
from calibench.tasks.grading.answer import stated_answer


class AnswerForm(NamedTuple):
    name: str
    """For a reader."""
    written: str
    """What a reply ends in; `{}` is the answer."""
    asked: str | None
    """Pattern of what in a prompt asks for it, in words or by examples; None: nothing does."""


FORMS = {
    "bare": AnswerForm("the answer and nothing else", "{}", None),
    "line": AnswerForm('a line "Answer: ..."', "Answer: {}", r"""["'“‘`]Answer: """),
    "sentence": AnswerForm(
        'a sentence "The answer is ..."',
        "The answer is {}.",
        r"(?i:[\"“‘`]the (?:[a-z]+ )?answer is)|answer is \(?[A-Z\d$\\]",
    ),
    "tags": AnswerForm("<answer> tags", "<answer>{}</answer>", "<answer>"),
    "box": AnswerForm("\\boxed{...}", "\\boxed{{{}}}", r"\\boxed"),
    "hashes": AnswerForm('"#### ..."', "#### {}", "####"),
    "guesses": AnswerForm('lines "Guess 1: ..."', "Guess 1: {}\nProbability 1: 0.8", '"Guess 1: '),
    "block": AnswerForm("a code block", "{}", "```python"),
}
_SPECIAL = ("guesses", "block")
"""Forms in which nobody answers who is not asked for them."""
OPEN = ("bare", "line", "sentence")
"""Forms in which a model may answer where none is asked for; a grader should read them all."""
_CONFIDENCES = {
    "percent": "80%", "probability": "0.8", "guesses": "0.8",
    "words": next(iter(SCALE)).capitalize(), "score": "8", "letters": "B"
}  # fmt: skip
_REASONING = "I work it out step by step, and check it."


class FormsRead(NamedTuple):
    """Which forms of an answer a task's grader reads under one protocol."""

    protocol: str
    asked: tuple[str, ...]
    """Forms that the prompt asks for; empty if it leaves the form open."""
    read: tuple[str, ...]
    """Forms in which every right answer is graded correct, and no wrong one is."""
    unread: tuple[str, ...]
    """The other forms that were tried."""

    @property
    def fits(self) -> bool:
        """Whether an answer is read that is written as the prompt asks: in one of the forms that it names, or in any of
        the open ones."""
        return bool(set(self.asked) & set(self.read)) if self.asked else not set(OPEN) & set(self.unread)

    def text(self) -> str:
        """What is asked for and what is read, for a terminal."""
        if self.asked and self.fits:
            return f"{listed(self.asked)}: asked for and read"
        wanted = f"asks for {listed(self.asked)}" if self.asked else "leaves the form of the answer open"
        wrong = listed(form for form in self.unread if form in (self.asked or OPEN))
        misread = f"; a right answer counts as wrong in the form of {wrong}" if wrong else ""
        return f"the prompt {wanted}; read: {listed(self.read) or 'no form'}{misread}"


def listed(forms: Iterable[str]) -> str:
    """Names of forms for a reader."""
    return " or ".join(FORMS[form].name for form in forms)


def asked_forms(task: Task, question: Question, protocol: Protocol) -> tuple[str, ...]:
    """The forms that a prompt asks for; empty if it leaves the form open.

    The protocol has the last word; the question's own text counts where it is all that says how to answer.
    """
    own = _named(body(question)) if task.instruction is None else ()
    return _named_behind(task, question, protocol) or own


def _named_behind(task: Task, question: Question, protocol: Protocol) -> tuple[str, ...]:
    """The forms that the prompt asks for behind the question."""
    return _named(form_asked(task, protocol, program=bool(question.tests)))


def _named(text: str) -> tuple[str, ...]:
    return tuple(form for form, (_, _, asked) in FORMS.items() if asked and re.search(asked, text))


def reading(pool: GradingPool, task: Task, questions: Sequence[Question], protocol: Protocol) -> FormsRead:
    """Writes right and wrong answers to the questions in the forms that matter, and grades them.

    Those are the forms that the prompt asks for; of a task whose own text says how to answer, all of them.
    """
    asked = asked_forms(task, questions[0], protocol)
    foreign = task.instruction is None
    forms = [form for form in FORMS if form in (asked or OPEN) or (foreign and form not in _SPECIAL)]
    graded = {form: [_submitted(pool, task, question, form, protocol) for question in questions] for form in forms}
    read = tuple(form for form, answers in graded.items() if all(_holds(*answer) for answer in answers))
    return FormsRead(protocol.name, asked, read, tuple(form for form in forms if form not in read))


def require_read(pool: GradingPool, task: Task, question: Question, protocol: Protocol) -> str | None:
    """What a reader of a run's numbers must know of how its answers are read; None if they are read as asked for.

    Raises:
        InputError: the grader does not read the form that the protocol asks for, so that no answer would be right.
    """
    if not question.gold or question.question_id in task.broken_gold:
        return None
    try:
        found = reading(pool, task, [question], protocol)
        if found.fits:
            return None
        if not _named_behind(task, question, protocol):
            return f"{task.name}: {found.text()}. `calibench check-task {task.name}` says more"
        fitting = [p.name for p in PROTOCOLS.values() if p.writes and reading(pool, task, [question], p).fits]
    except PluginError:
        return None  # a fault of other people's code that a run may never meet
    advice = f"choose --protocol {', '.join(fitting)}" if fitting else f"see `calibench check-task {task.name}`"
    raise InputError(
        f"task {task.name}: protocol {protocol.name} asks for {listed(found.asked)}, and the task's grader reads no"
        f" answer there, so that all would count as wrong; {advice}"
    )


def _submitted(
    pool: GradingPool, task: Task, question: Question, form: str, protocol: Protocol
) -> tuple[Future[Verdict], Future[Verdict]]:
    """Verdicts on a right and on a wrong answer."""
    texts = (task.gold_text(question)[0], task.wrong_text(question))
    replies = (parse(reply(text, form, protocol), reasoning_opened=False, scale=protocol.scale, finish_reason="stop")
               for text in texts)  # fmt: skip
    right, wrong = (pool.submit(task.name, question, parsed.answer_text) for parsed in replies)
    return right, wrong


def _holds(right: Future[Verdict], wrong: Future[Verdict]) -> bool:
    """Whether the right answer is correct and the wrong one is not; a grader that fails says nothing of the form."""
    return right.result().outcome in ("correct", "failed") and wrong.result().outcome != "correct"


def reply(answer_text: str, form: str, protocol: Protocol) -> str:
    """A model's reply: the answer of a task's `gold_text` or `wrong_text` in a form, and the confidence asked for."""
    answer = answer_text
    if form != "block":
        answer = stated_answer(answer_text, lettered=True) or answer_text
    parts = [] if form == "bare" else [_REASONING]
    parts.append(FORMS[form].written.format(answer))
    if protocol.scale and form != "guesses":
        value = _CONFIDENCES[protocol.scale]
        tagged = "<confidence>" in protocol.instruction
        parts.append(f"<confidence>{value}</confidence>" if tagged else f"Confidence: {value}")
    return "\n".join(parts)
