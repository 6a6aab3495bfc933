"""Whether all that a run asks has words in its language: nothing is asked in English instead."""

from __future__ import annotations

from collections.abc import Sequence

from calibench.prompting import protocols
from calibench.prompting.languages import base as languages
from calibench.running.config import RunConfig
from calibench.tasks.base import Task


def check(config: RunConfig, tasks: Sequence[Task]) -> None:
    """Refuses what has no words in the language that the run asks in; methods are refused as they are loaded.

    Raises:
        InputError: unknown language.
        CapabilityError: a protocol, a task, or the beginning of an answer that the run puts there has no words.
    """
    languages.load(config.language)
    if config.force_answer or config.budgets:
        protocols.line_cue(config.language)
    for protocol, _ in config.askings():
        for task in tasks:
            protocols.form_asked(task, protocol, language=config.language)
