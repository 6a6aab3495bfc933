"""Asking in steps: nested samples of a task, each larger than the one before, until a rule has seen enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from calibench.confidence.base import Method
from calibench.errors import InputError
from calibench.prompting.protocols import Protocol as PromptProtocol
from calibench.running.config import RunConfig
from calibench.running.selection import Selection, select
from calibench.store import RunFile

Asked = Sequence[tuple[PromptProtocol, Mapping[str, Method]]]
"""Protocols, each with the confidence methods that read its answers, by name."""


def lacking(run: RunFile, config: RunConfig, asked: Asked, selections: Sequence[Selection]) -> set[str]:
    """What some of the draws asked for lack: names of methods, `grade`, `answer_class` where there are several, and
    `generation` where one is not there."""
    lacks: set[str] = set()
    for protocol, methods, selection in ((*one, selection) for one in asked for selection in selections):
        if "generation" not in run.tally(selection.task.name, protocol.name):
            lacks.add("generation")
            continue
        for question in selection.questions(config.data):
            done = run.finished(question.task, question.question_id, protocol.name)
            draws = config.draws_of(question.task)
            wanted = {*methods, "grade", *(["answer_class"] if draws > 1 else [])}
            for draw in range(draws):
                lacks |= wanted - done[draw] if draw in done else {"generation"}
    return lacks


class StoppingRule(Protocol):
    """Says when a task is looked at, and whether what was seen is enough; see `calibench.analysis.until`."""

    def sizes(self, total: int) -> Sequence[int]:
        """Questions at each look, rising, the last of them `total`, which is all that the task has."""

    def enough(self, run: RunFile, task: str, protocol: str, size: int, total: int) -> bool:
        """Whether no more questions are needed than the first `size` of `total`, all of which the run holds."""


class Steps:
    """The samples that a run asks one after the other; without a rule, the one that was asked for.

    Args:
        config: what to do.
        run: holds what is done already.
        asked: what is asked besides the questions; the rule looks at the answers to the first.
        selections: all that may be asked, of each task.
        rule: says where a task stops.

    Raises:
        InputError: the limit ends before the first look.
    """

    def __init__(
        self, config: RunConfig, run: RunFile, asked: Asked, selections: Sequence[Selection], rule: StoppingRule | None
    ):
        self._work = run, config, asked
        self._rule = rule
        self.current = list(selections)
        """Of each task that goes on, the sample to be asked now."""
        self._sizes: dict[str, list[int]] = {}
        if rule is None:
            return
        for selection in selections:
            all_sizes = rule.sizes(selection.available)
            self._sizes[selection.task.name] = [size for size in all_sizes if size <= selection.total]
            if selection.total < all_sizes[0]:
                raise InputError(
                    f"--until looks at {selection.task.name} after {all_sizes[0]} questions for the first time;"
                    f" expected a --limit of at least that, found {config.limit}"
                )
        self.current = [self._first(selection, self._sizes[selection.task.name][0]) for selection in selections]

    def advance(self) -> bool:
        """Goes on to the next samples; False where the current ones are not finished, or no more is needed."""
        if self._rule is None or not self.current or lacking(*self._work, self.current):
            return False
        self.current = [larger for selection in self.current if (larger := self._after(self._rule, selection))]
        return bool(self.current)

    def _after(self, rule: StoppingRule, done: Selection) -> Selection | None:
        """Looks at a task's finished sample; the next one, if more is needed and may be asked."""
        run, config, ((protocol, _), *_) = self._work
        task, size = done.task.name, done.total
        before = run.manifest().get("until") or {}
        tasks = before.get("tasks", {}) if before.get("rule") == config.until else {}
        run.update_manifest(
            until={"rule": config.until, "tasks": tasks | {task: {"questions": size, "of": done.available}}}
        )
        if rule.enough(run, task, protocol.name, size, done.available):
            return None
        larger = [each for each in self._sizes[task] if each > size]
        return self._first(done, larger[0]) if larger else None

    def _first(self, selection: Selection, size: int) -> Selection:
        return select(selection.task, self._work[1].data, size)
