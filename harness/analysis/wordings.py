"""What the wording of the question for a confidence does, where a run was made with `--variants`. Needs no model."""

from __future__ import annotations

from msgspec.structs import replace

from calibench.confidence import base as confidence
from calibench.errors import CalibenchError
from calibench.records import WORDING
from calibench.results.wordings import Wording, Wordings
from calibench.running.manifest import hash_of, language_of
from calibench.store import RunFile


def worded(run: RunFile) -> bool:
    """Whether confidences were asked for in several wordings."""
    scope = run.manifest().get("scope") or {}
    asked = (of_protocol for of_task in scope.values() for of_protocol in of_task.values())
    return any(WORDING in name for each in asked for name in each.get("methods", ()))  # a scored file names none


def wordings(run: RunFile) -> tuple[Wordings, ...]:
    """Each task, protocol and method that was asked for in two wordings or more."""
    from calibench.metrics.wording import wordings

    if not worded(run):
        return ()
    asked, language = run.manifest().get("identity", {}).get("prompts", {}), language_of(run)
    return tuple(
        replace(found, wordings=tuple(_with_text(found.method, wording, asked, language) for wording in found.wordings))
        for found in wordings(run.frame(wordings=True))
    )


def _with_text(method: str, wording: Wording, asked: dict[str, str], language: str) -> Wording:
    """With what is asked, if that is still what was asked."""
    name = method if wording.number == 1 else f"{method}{WORDING}{wording.number}"
    try:
        text = confidence.load(name).asking_in(language, name).question
    except CalibenchError:  # of another package, which is not here, or has fewer wordings by now
        return wording
    return replace(wording, text=text) if hash_of(text) == asked.get(f"method {name}") else wording
