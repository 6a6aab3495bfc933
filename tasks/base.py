"""What a task is: a source of rows, a pure function from row to question, an instruction, and a pure grader.

A task is one file in this folder (or in `tasks/micro/`) that defines `TASK`; the file's name is the task's name, and
`micro/algebra.py` is `micro_algebra`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from harness.records import Domain, Outcome, Question


class Verdict(NamedTuple):
    """What a grader says of the text that is left when reasoning and stated confidence are cut off."""

    outcome: Outcome
    """correct, incorrect, abstained, unparsed, or failed."""
    answer: str | None
    """The extracted answer; None if none was read."""
    detail: str | None = None


class Rows(NamedTuple):
    """A data source opened for reading."""

    rows: Iterator[tuple[str, dict]]
    """Pairs of place (`path:line`, for error messages) and row."""
    fingerprint: str
    """`sha256:...` of the local file, or the fingerprint of the hub's data set."""
    origin: str
    """Where the rows come from, for the manifest: file name or hub id, config, split and revision."""
    note: str | None = None
    """What the reader of a report must know: a fingerprint that is not the published one."""


class Task(NamedTuple):
    name: str
    domain: Domain
    description: str
    """One line for `calibench tasks`."""
    instruction: str
    """The form that the answer takes; added to the prompt in every protocol."""
    open: Callable[[str | None], Rows]
    """Opens the data: argument is the `--data` folder, or None for the hub (ignored by generated tasks)."""
    to_question: Callable[[dict, str], Question | None]
    """(row, place) -> question; None for rows that the task leaves out by design. Raises DataError if malformed."""
    grade: Callable[[Question, str], Verdict]
    """(question, answer text) -> verdict. Pure; may be slow (runs in a worker process with a time limit)."""
    grader: str
    """Name and version of the grader, as `number/1`."""
    gold_text: Callable[[Question], list[str]]
    """Answer texts, one per accepted answer, that must all be graded correct (`calibench check-task`)."""
    wrong_text: Callable[[Question], str]
    """An answer text that must be graded incorrect."""
    broken_gold: dict[str, str] = {}
    """question_id -> proof, for rows whose published gold is itself broken: not graded, and listed."""
