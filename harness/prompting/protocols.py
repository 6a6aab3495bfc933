"""The protocols: what the first prompt asks for besides the question.

Each protocol changes what the model answers, so each has its own generations. Its text is part of a run's identity.
"""

from __future__ import annotations

import contextlib
from string import ascii_uppercase
from typing import NamedTuple

import msgspec

from calibench.errors import CapabilityError, InputError, unknown_name
from calibench.prompting import guesses
from calibench.prompting.budgets import Budget, budget
from calibench.prompting.hedges import SCALE
from calibench.prompting.languages import base as languages
from calibench.prompting.languages.base import ENGLISH
from calibench.prompting.values import LETTER_BANDS
from calibench.records import BUDGET, TARGET, Question
from calibench.tasks.base import AnswerOptions, Task

_FORM = "{form}"
"""Where the form of the answer stands in an instruction that is translated."""
_ANSWER_LINE = 'on a line "Answer: ..."'
_LINE_CUE = "Answer:"
_ANSWER_TAGS = "between <answer> and </answer>"
_GUESSES = 'on a line "Guess 1: ..."'
_LISTED = (
    f"Give the {guesses.K} most likely answers, the likeliest first. Write each {_GUESSES} with, on the line below it, "
    '"Probability 1: ...", the probability, from 0.0 to 1.0, that it is correct, and number them up to '
    f"{guesses.K}. Write nothing below them."
)
_BOX = "in \\boxed{}"
_BOXED = f"Solve it step by step, and put the final answer {_BOX}."
_STEPS = "Think step by step. "
_CODE_BLOCK = "as one code block that starts with ```python"
_CODE_CUE = "```python\n"
_PHRASES = ", ".join(SCALE)
_LETTERS = ", ".join(f"{letter} ({band}%)" for letter, band in LETTER_BANDS.items())


class Protocol(NamedTuple):
    name: str
    instruction: str
    """Appended to the question and the task's own instruction."""
    scale: str | None
    """How a stated confidence is written: `percent`, `probability`, `words`, `score` (0 to 10), `letters`, or
    `guesses`, each with its probability; None if none is asked for."""
    alone: str = ""
    """Appended instead to a question whose own text says how to answer: asks for the confidence, or for the box, and
    for nothing else."""
    answer_form: str = _ANSWER_LINE
    """The part of the instruction that says where the answer stands; a program is asked for as a code block there."""
    scores_options: bool = False
    """The answer is chosen among given options by their log-likelihoods; see `calibench.backends._likelihoods`."""
    asks_letter: bool = False
    """The answer is the likeliest of the letters of the question's options as the first token of the reply; see
    `calibench.running.deciding`."""
    budget: Budget | None = None
    """Its generations are those of the protocol without a budget, their reasoning cut at it; None: they are whole."""

    @property
    def writes(self) -> bool:
        """Whether the model writes a text. If not, the answer is what has the highest probability."""
        return not (self.scores_options or self.asks_letter)


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
        Protocol(
            "stated_probability",
            f'Write the final answer {_ANSWER_LINE} and below it, on a line "Confidence: ...", '
            "the probability, from 0.0 to 1.0, that this answer is correct.",
            "probability",
            'Below the answer, write on a line "Confidence: ..." the probability, from 0.0 to 1.0, '
            "that this answer is correct.",
        ),
        Protocol(
            "stated_words",
            f'Write the final answer {_ANSWER_LINE} and below it, on a line "Confidence: ...", '
            f"how likely it is that this answer is correct, in one of these phrases: {_PHRASES}.",
            "words",
            'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, '
            f"in one of these phrases: {_PHRASES}.",
        ),
        Protocol(
            "stated_score",
            f'Write the final answer {_ANSWER_LINE} and below it, on a line "Confidence: ...", '
            "how sure you are that this answer is correct, from 0 (certainly wrong) to 10 (certainly right).",
            "score",
            'Below the answer, write on a line "Confidence: ..." how sure you are that this answer is correct, '
            "from 0 (certainly wrong) to 10 (certainly right).",
        ),
        Protocol(
            "stated_letters",
            f'Write the final answer {_ANSWER_LINE} and below it, on a line "Confidence: ...", '
            f"how likely it is that this answer is correct, as one of these letters: {_LETTERS}.",
            "letters",
            'Below the answer, write on a line "Confidence: ..." how likely it is that this answer is correct, '
            f"as one of these letters: {_LETTERS}.",
        ),
        Protocol("boxed", _BOXED, None, _BOXED, _BOX),
        Protocol(
            "tags",
            f"Think step by step. Write your best answer {_ANSWER_TAGS}.",
            None,
            answer_form=_ANSWER_TAGS,
        ),
        Protocol(
            "stated_tags",
            f"Think step by step. Write your best answer {_ANSWER_TAGS}, and then, between <confidence> and "
            "</confidence>, how likely it is, from 0% to 100%, that this answer is correct, "
            "such as <confidence>80%</confidence>.",
            "percent",
            "Below the answer, write between <confidence> and </confidence> how likely it is, from 0% to 100%, "
            "that this answer is correct, such as <confidence>80%</confidence>.",
            _ANSWER_TAGS,
        ),
        Protocol(
            "stated_tags_probability",
            f"Think step by step. Write your best answer {_ANSWER_TAGS}, and then, between <confidence> and "
            "</confidence>, the probability, from 0.0 to 1.0, that this answer is correct, "
            "such as <confidence>0.8</confidence>.",
            "probability",
            "Below the answer, write between <confidence> and </confidence> the probability, from 0.0 to 1.0, "
            "that this answer is correct, such as <confidence>0.8</confidence>.",
            _ANSWER_TAGS,
        ),
        Protocol(
            "stated_analysis",
            "Think first, between <think> and </think>. "
            f"Then write the final answer {_ANSWER_TAGS}, what speaks for and against it between <analysis> and "
            "</analysis>, and between <confidence> and </confidence> the probability, from 0.0 to 1.0, "
            "that this answer is correct.",
            "probability",
            "Below the answer, write what speaks for and against it between <analysis> and </analysis>, and between "
            "<confidence> and </confidence> the probability, from 0.0 to 1.0, that this answer is correct.",
            _ANSWER_TAGS,
        ),
        Protocol("top_k", _LISTED, guesses.SCALE, _LISTED, _GUESSES),
        Protocol("options", "", None, scores_options=True),
        Protocol(
            "decision",
            "Reply with that letter and nothing else.",
            None,
            "Reply with the letter of one option and nothing else.",
            "that letter",
            asks_letter=True,
        ),
    )
}


LOGGED: dict[str | None, str] = {
    None: "logged", "percent": "logged_percent", "probability": "logged_probability", "words": "logged_words",
    "score": "logged_score", "letters": "logged_letters",
}  # fmt: skip
"""How a confidence is stated in the texts of an imported log -> what stands where the protocol does: they were asked
for elsewhere, in words that are not known here."""


def scale_of(name: str) -> str | None:
    """The scale of the protocol of that name, which may be one of `LOGGED`.

    Raises:
        InputError: unknown name.
    """
    logged = {name: scale for scale, name in LOGGED.items()}
    return logged[name] if name in logged else protocol(name).scale


def target(t: float) -> Protocol:
    """Asks to answer only if more than t sure, 0 < t < 1, and tells what a wrong answer costs.

    Answering then pays exactly if the answer is right with a chance above t. Source: Kalai et al. 2025 (arXiv
    2509.04664), explicit confidence targets; their words, with the penalty as a number.
    """
    cost = f"{t / (1 - t):.4g}"
    rule = (
        f"Answer only if you are more than {100 * t:g}% confident, since a wrong answer costs {cost}"
        f' point{"s" * (cost != "1")}, a right answer earns 1 point, and the answer "I don\'t know" earns 0 points.'
    )
    return Protocol(f"{TARGET}{t!r}", f"Write the final answer {_ANSWER_LINE}. {rule}", None, rule)


def cut(whole: Protocol, budget: Budget) -> Protocol:
    """The protocol of the same generations, their reasoning cut at the budget."""
    return whole._replace(name=f"{whole.name}{BUDGET}{budget}", budget=budget)


def line_cue(language: str = ENGLISH) -> str:
    """What begins a line that states an answer.

    Raises:
        CapabilityError: it has no words in the language.
    """
    return languages.load(language).must_say(_LINE_CUE, "the beginning of an answer")


def behind(cue: str, answer: str) -> str:
    """The answer as it continues its cue: after a space, but for a colon that is as wide as one."""
    return answer if cue.endswith("：") else f" {answer}"


def answer_cue(protocol: Protocol, program: bool, language: str = ENGLISH) -> str:
    """What begins the answer behind a reasoning that is closed.

    Raises:
        CapabilityError: it has no words in the language.
    """
    if program:
        return _CODE_CUE
    return "<answer>" if protocol.answer_form == _ANSWER_TAGS else line_cue(language)


def protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        InputError: unknown name.
    """
    whole, at, kept = name.partition(BUDGET)
    if at:
        with contextlib.suppress(InputError):
            found = cut(protocol(whole), budget(kept))
            if found.name == name:
                return found
    if name.startswith(TARGET):
        with contextlib.suppress(ValueError):
            t = float(name.removeprefix(TARGET))
            if 0 < t < 1 and target(t).name == name:
                return target(t)
    if name not in PROTOCOLS:
        raise unknown_name("protocol", name, list(PROTOCOLS))
    return PROTOCOLS[name]


def body(question: Question) -> str:
    """What a question asks: its text, and its options if it has any."""
    return question.text + "".join(f"\n{chr(65 + i)}) {choice}" for i, choice in enumerate(question.choices))


def first_turn(question: Question, task: Task, protocol: Protocol, language: str = ENGLISH) -> str:
    """The first user turn that asks a question, with its options if any; a program is asked for as a code block.

    Raises:
        CapabilityError: some of it has no words in the language.
    """
    return user_turn(body(question), form_asked(task, protocol, bool(question.tests), language))


def user_turn(question_text: str, form: str) -> str:
    """The whole first user turn; `form` is empty where the question's text says how to answer."""
    return f"{question_text}\n\n{form}" if form else question_text


def form_asked(task: Task, protocol: Protocol, program: bool = False, language: str = ENGLISH) -> str:
    """The first user turn without the question: how to answer, in the words of the task and of the protocol.

    Raises:
        CapabilityError: some of it has no words in the language.
    """
    said = languages.load(language)
    what = f"protocol {protocol.name}"
    if task.instruction is None:
        alone = said.must_say(protocol.alone.replace(protocol.answer_form, _FORM), what)
        return alone.replace(_FORM, said.must_say(protocol.answer_form, what)) if _FORM in alone else alone
    form = protocol.answer_form
    if program:
        form = _CODE_BLOCK
    elif form == _ANSWER_LINE and task.answer_form:
        form = task.answer_form
    # What is answered by its first token leaves no room for steps.
    instruction = task.instruction.removeprefix(_STEPS) if protocol.asks_letter else task.instruction
    asked = said.must_say(protocol.instruction.replace(protocol.answer_form, _FORM), what)
    if not task.own_words:
        instruction, form = (said.must_say(text, f"task {task.name}") for text in (instruction, form))
    elif form != task.answer_form:
        form = said.must_say(form, what)
    return f"{instruction}\n{asked.replace(_FORM, form)}"


def options_of(task: Task, question: Question, language: str = ENGLISH) -> AnswerOptions:
    """What is scored for a question of a task.

    Raises:
        CapabilityError: its answers are no closed set, or what is asked has no words in the language.
    """
    if task.options:
        return task.options(question)
    labels = tuple(ascii_uppercase[: len(question.choices)]) or task.labels
    if not labels:
        raise CapabilityError(f"task {task.name} has no options to choose from, which protocol options needs")
    cue, said = line_cue(language), languages.load(language)
    instruction, written = task.instruction, labels
    if instruction and not task.own_words:
        instruction = said.must_say(instruction, f"task {task.name}")
        written = tuple(said.says(label) or label for label in labels)
    context = f"{body(question)}\n\n{instruction}\n{cue}"
    return AnswerOptions(labels, tuple((context, behind(cue, label)) for label in written))


def require_options(task: Task, question: Question, protocol: Protocol) -> None:
    """Checks that a question can be asked under a protocol that chooses among options.

    Raises:
        CapabilityError: it has none.
    """
    if protocol.scores_options:
        options_of(task, question)
    if protocol.asks_letter and not question.choices:
        raise CapabilityError(f"task {task.name} has no lettered options, which protocol {protocol.name} needs")


def asked_text(task: Task, question: Question, protocol: Protocol, language: str = ENGLISH) -> str:
    """All that is put to the model for a question; part of a run's identity.

    Raises:
        CapabilityError: the protocol cannot ask for such answers.
    """
    if protocol.scores_options:
        return msgspec.json.encode(options_of(task, question, language)).decode()
    if protocol.scale == guesses.SCALE and question.tests:
        raise CapabilityError(f"task {task.name} asks for programs, which protocol {protocol.name} lists no guesses of")
    asked = first_turn(question, task, protocol, language)
    return f"{asked}\n\n{answer_cue(protocol, bool(question.tests), language)}" if protocol.budget else asked
