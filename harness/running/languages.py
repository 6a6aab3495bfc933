"""Whether all that a run asks has words in its language: nothing is asked in English instead."""

from __future__ import annotations

from collections.abc import Sequence

from calibench.errors import CapabilityError, InputError
from calibench.prompting import protocols
from calibench.prompting.languages import base as languages
from calibench.running.config import RunConfig
from calibench.tasks.base import Task


def check(config: RunConfig, tasks: Sequence[Task]) -> None:
    """Refuses what has no words in the language that the run asks in; methods are refused as they are loaded.

    Raises:
        InputError: unknown language, or wordings of the methods, which are English.
        CapabilityError: a protocol or a task has no words there, or the run puts English words into an answer.
    """
    language = languages.load(config.language)
    if config.language == languages.ENGLISH:
        return
    if config.variants > 1:
        raise InputError(f"--variants {config.variants}: other wordings are English, and --language is {language.name}")
    if config.force_answer:
        raise CapabilityError(f"--force-answer begins the answer in English, and --language is {language.name}")
    if config.budgets:
        raise CapabilityError(f"--budgets begins the answer in English, and --language is {language.name}")
    for protocol, _ in config.askings():
        if protocol.scores_options:
            raise CapabilityError(f"protocol options asks in English, and --language is {language.name}")
        for task in tasks:
            protocols.form_asked(task, protocol, language=config.language)
