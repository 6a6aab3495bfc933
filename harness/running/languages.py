"""Whether all that a run asks has words in its language: nothing is asked in English instead."""

from __future__ import annotations

from collections.abc import Sequence

from calibench.errors import InputError
from calibench.prompting import protocols
from calibench.prompting.languages import base as languages
from calibench.running.config import RunConfig
from calibench.tasks.base import Task


def check(config: RunConfig, tasks: Sequence[Task]) -> None:
    """Refuses what has no words in the language that the run asks in; methods are refused as they are loaded.

    Raises:
        InputError: unknown language, or wordings of the methods, which are English.
        CapabilityError: a protocol, a task, or the beginning of an answer that the run puts there has no words.
    """
    language = languages.load(config.language)
    if config.language == languages.ENGLISH:
        return
    if config.variants > 1:
        raise InputError(f"--variants {config.variants}: other wordings are English, and --language is {language.name}")
    if config.force_answer or config.budgets:
        protocols.line_cue(config.language)
    for protocol, _ in config.askings():
        for task in tasks:
            protocols.form_asked(task, protocol, language=config.language)
