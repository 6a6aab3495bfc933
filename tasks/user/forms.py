"""What each grader makes of a table: how gold is read, what is asked for, and how answers are graded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from string import ascii_uppercase
from typing import NamedTuple

from calibench.records import Domain, Question
from calibench.tasks.base import JudgeRequest, Program, Ran, Verdict
from calibench.tasks.grading import alias, choice, code, math, number, option
from calibench.tasks.grading.answer import unwrapped
from calibench.tasks.grading.judge import fact_request
from calibench.tasks.mbpp import wrong_program
from calibench.tasks.user.description import Description


class Form(NamedTuple):
    """What a grader makes of a table."""

    domain: Domain
    instruction: str
    gold: Callable[[str, tuple[str, ...]], str]
    """(accepted answer as written, options) -> gold. Raises ValueError that says what was expected."""
    grade: Callable[[Question, str], Verdict | Program]
    grader: str
    gold_text: Callable[[Question], list[str]]
    wrong_text: Callable[[Question], str]
    labels: tuple[str, ...] = ()
    finish: Callable[[Question, Program, Ran], Verdict] | None = None
    judge: Callable[[Question, str], JudgeRequest] | None = None


def _number_gold(answer: str, _choices: tuple[str, ...]) -> str:
    if number.read_number(answer) is None:
        raise ValueError("a number")
    return answer


def _written_answers(question: Question) -> list[str]:
    return [f"Answer: {gold}" for gold in question.gold]


def _number(_described: Description) -> Form:
    return Form(
        domain="math",
        instruction="The answer is a number.",
        gold=_number_gold,
        grade=lambda question, answer_text: number.grade_number(question.gold, answer_text),
        grader=number.GRADER,
        gold_text=_written_answers,
        wrong_text=lambda question: f"Answer: {max(number.read_number(gold) or 0 for gold in question.gold) + 1}",
    )


def _math(_described: Description) -> Form:
    return Form(
        domain="math",
        instruction="The answer is a number or an expression in LaTeX.",
        gold=lambda answer, _choices: unwrapped(answer),
        grade=lambda question, answer_text: math.grade_math(question.gold, answer_text),
        grader=math.GRADER,
        gold_text=lambda question: [f"Answer: ${gold}$" for gold in question.gold],
        wrong_text=lambda question: "Answer: $987654321.5$",
    )


def _alias(_described: Description) -> Form:
    return Form(
        domain="other",
        instruction="The answer is a name or a few words.",
        gold=lambda answer, _choices: answer,
        grade=lambda question, answer_text: alias.grade_alias(question.gold, answer_text),
        grader=alias.GRADER,
        gold_text=_written_answers,
        wrong_text=lambda question: "Answer: xyzzy",
        judge=fact_request,
    )


def _choice(described: Description) -> Form:
    return _lettered() if described.choices else _labelled(described)


def _lettered() -> Form:
    return Form(
        domain="other",
        instruction="The answer is the letter of one option.",
        gold=_letter,
        grade=lambda question, answer_text: option.grade_option(question.choices, question.gold, answer_text),
        grader=option.GRADER,
        gold_text=lambda question: [
            f"Answer: {form}"
            for letter in question.gold
            for form in (letter, question.choices[ascii_uppercase.index(letter)])
        ],
        wrong_text=lambda question: f"Answer: {min(_letters(question.choices) - set(question.gold))}",
        labels=tuple(ascii_uppercase),
    )


def _letters(choices: Sequence[str]) -> set[str]:
    return set(ascii_uppercase[: len(choices)])


def _letter(answer: str, choices: tuple[str, ...]) -> str:
    """The letter of an option, given as itself or as the option's text; of two readings, neither is taken."""
    lettered = dict(zip(ascii_uppercase, choices, strict=False))
    same, letter = [name for name, choice in lettered.items() if choice == answer], answer.upper()
    if letter not in lettered and len(same) != 1:
        raise ValueError(f"the letter or the text of one of the options {', '.join(map(repr, choices))}")
    if letter in lettered and (others := set(same) - {letter}):
        raise ValueError(
            f"a letter or a text that names one option, not both {letter}, {lettered[letter]!r}, by its letter and"
            f" {min(others)}, {answer!r}, by its text"
        )
    return letter if letter in lettered else same[0]


def _labelled(described: Description) -> Form:
    stated = tuple(name.strip() for name in described.labels.split(",")) if described.labels else ()
    return Form(
        domain="other",
        instruction=f"The answer is one of the words {', '.join(stated)}." if stated else "The answer is one word.",
        gold=partial(_label, stated),
        **choice.by_label(lambda question: _labels(stated, "" if stated else question.gold[0])),
        labels=stated,
    )


def _labels(stated: tuple[str, ...], gold: str) -> tuple[choice.Label, ...]:
    """The answers that there are: those stated, else the pair that the gold answer belongs to; empty if to none."""
    for pair in (choice.TRUE_FALSE, choice.YES_NO):
        names = {label.name for label in pair}
        if names == set(stated) or (not stated and gold in names):
            return pair
    return tuple(choice.Label(name) for name in stated)


def _label(stated: tuple[str, ...], answer: str, _choices: tuple[str, ...]) -> str:
    answer = answer.lower() if not stated else next((s for s in stated if s.lower() == answer.lower()), answer)
    if answer not in {label.name for label in _labels(stated, answer)}:
        raise ValueError(f"one of {', '.join(stated)}" if stated else "yes, no, true or false, or --labels with others")
    return answer


def _code(_described: Description) -> Form:
    return Form(
        domain="code",
        instruction="Write the Python code that the tests need, with all its imports.",
        gold=lambda answer, _choices: answer,
        grade=lambda question, answer_text: code.grade_code(question.tests, answer_text),
        finish=lambda question, job, ran: code.finish_code(question.tests, job, ran),
        grader=code.GRADER,
        gold_text=lambda question: [f"```python\n{gold}\n```" for gold in question.gold],
        wrong_text=wrong_program,
    )


FORMS: dict[str, Callable[[Description], Form]] = {
    "number": _number,
    "math": _math,
    "choice": _choice,
    "alias": _alias,
    "code": _code,
}
