"""Checks a task against its own data: gold answers must be graded correct, wrong, empty and refusing ones as such.

Each question gives one case per accepted answer, and one wrong, one empty and one refusing text. All of them go
through the real grader in the pipeline's worker processes. Then answers are written in the form that each protocol's
prompt asks for, which the grader must read: see `calibench.grading.forms`.

A task whose own text says how to answer, as one of lm-eval, is graded by rules of its own, which may know no refusal
and read no answer that stands alone: only an empty answer and the forms are checked of it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import islice
from typing import Literal, NamedTuple

from calibench import tasks
from calibench.grading import forms, sandbox
from calibench.grading.pool import GRADERS, GradingPool
from calibench.prompting import guesses
from calibench.prompting.protocols import PROTOCOLS
from calibench.prompting.protocols import protocol as load_protocol
from calibench.records import Outcome, Question
from calibench.tasks.base import Task, Verdict

_SECONDS = 30.0
_IN_FLIGHT = 1000
_WRITTEN = 20
"""Questions whose answers are written in the forms of the protocols; of programs, which take longer, `_PROGRAMS`."""
_PROGRAMS = 2


class Case(NamedTuple):
    """One text put to the grader."""

    kind: Literal["gold", "wrong", "empty", "refusal"]
    question: Question
    text: str
    expected: Outcome


class Surprise(NamedTuple):
    """A case that was not graded as expected."""

    case: Case
    verdict: Verdict

    def text(self) -> str:
        case, verdict = self
        detail = f" ({verdict.detail})" if verdict.detail else ""
        return (
            f"{case.question.question_id}: {case.kind} text {case.text!r:.120}, gold {case.question.gold!r:.120}: "
            f"expected {case.expected}, graded {verdict.outcome}{detail}"
        )


class CheckResult(NamedTuple):
    """What `calibench check-task` found."""

    task: str
    origin: str
    fingerprint: str
    note: str | None
    questions: int
    duplicate_ids: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    """kind of case -> outcome -> count."""
    surprises: tuple[Surprise, ...]
    broken_gold: dict[str, str]
    """question_id -> proof, of the rows that are left out because their published gold is broken."""
    readings: tuple[forms.FormsRead, ...]
    """Which forms of an answer are read, by protocol."""

    @property
    def passed(self) -> bool:
        as_expected = not self.surprises and not self.duplicate_ids and all(reading.fits for reading in self.readings)
        return as_expected and self.questions > 0

    def as_dict(self) -> dict:
        """The result in JSON's types."""
        surprises = [
            {
                "question_id": case.question.question_id,
                "kind": case.kind,
                "text": case.text,
                "gold": list(case.question.gold),
                "expected": case.expected,
                "outcome": verdict.outcome,
                "detail": verdict.detail,
            }
            for case, verdict in self.surprises
        ]
        return self._asdict() | {
            "passed": self.passed,
            "duplicate_ids": list(self.duplicate_ids),
            "surprises": surprises,
            "readings": [{**reading._asdict(), "fits": reading.fits} for reading in self.readings],
        }

    def text(self) -> str:
        """The result for a terminal: a line of counts per kind, then every row that is not as expected."""
        lines = [
            f"{self.task}: {'passed' if self.passed else 'FAILED'}, {self.questions} questions from {self.origin}",
            f"  fingerprint {self.fingerprint}",
            *([f"  note: {self.note}"] if self.note else []),
            *(f"  {kind}: {_counted(outcomes)}" for kind, outcomes in self.counts.items()),
            *(f"  broken gold, not graded: {i}: {proof}" for i, proof in self.broken_gold.items()),
            *(f"  repeated question id: {i}" for i in self.duplicate_ids),
            *(f"  {surprise.text()}" for surprise in self.surprises),
            *(f"  {line}" for line in self._form_lines()),
        ]
        return "\n".join(lines)

    def _form_lines(self) -> Iterator[str]:
        """A line per form that is asked for, with the protocols that do; and what would be graded wrongly."""
        alike: dict[tuple[bool, str], list[str]] = {}
        for reading in self.readings:
            alike.setdefault((reading.fits, reading.text()), []).append(reading.protocol)
        for (fits, text), protocols in alike.items():
            yield f"{'' if fits else 'NOT READ AS ASKED: '}protocol {', '.join(protocols)}: {text}"


def check_task(name: str, data: str | None, rows: int | None = None, protocol: str | None = None) -> CheckResult:
    """Grades the gold, wrong, empty and refusing answers of a task, and reads the training file that a user gives.

    Args:
        name: the task.
        data: folder of original files; None for the hub.
        rows: check the first so many rows only.
        protocol: check the form of answers under this one only.

    Raises:
        InputError: unknown task or protocol.
        DataError: its data are missing or malformed.
        CapabilityError: it runs programs, and there is no sandbox.
    """
    task = tasks.load(name)
    checked = [
        p
        for p in ([load_protocol(protocol)] if protocol is not None else PROTOCOLS.values())
        if p.writes and not (p.scale == guesses.SCALE and task.finish)
    ]
    if task.finish:
        sandbox.require()
    opened = task.open(data)
    ids: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {}
    surprises: list[Surprise] = []
    broken: dict[str, str] = {}
    written: list[Question] = []

    def cases() -> Iterator[Case]:
        for place, row in islice(opened.rows, rows):
            if (question := task.to_question(row, place)) is None:
                continue
            ids[question.question_id] += 1
            if question.question_id in task.broken_gold:
                broken[question.question_id] = task.broken_gold[question.question_id]
            else:
                if question.gold and len(written) < (_PROGRAMS if task.finish else _WRITTEN):
                    written.append(question)
                yield from _cases(task, question)

    if task.training and name.startswith("file:"):  # the user named it; that of other tasks may not be there
        for place, row in islice(task.training.open(data).rows, rows):
            task.training.to_question(row, place)
    with GradingPool(GRADERS, _SECONDS) as pool:
        for case, verdict in _graded(pool, name, cases()):
            counts.setdefault(case.kind, Counter())[verdict.outcome] += 1
            if verdict.outcome != case.expected:
                surprises.append(Surprise(case, verdict))
        readings = [forms.reading(pool, task, written, p) for p in checked if written]
    return CheckResult(
        task=task.name,
        origin=opened.origin,
        fingerprint=opened.fingerprint,
        note=opened.note,
        questions=ids.total(),
        duplicate_ids=tuple(i for i, n in ids.items() if n > 1),
        counts={kind: dict(outcomes) for kind, outcomes in counts.items()},
        surprises=tuple(surprises),
        broken_gold=broken,
        readings=tuple(readings),
    )


def _cases(task: Task, question: Question) -> Iterator[Case]:
    yield Case("empty", question, "", "unparsed")
    if task.instruction is None:
        return
    for text in task.gold_text(question):
        yield Case("gold", question, text, "correct")
    yield Case("wrong", question, task.wrong_text(question), "incorrect")
    yield Case("refusal", question, "Answer: I don't know.", "abstained")


def _graded(pool: GradingPool, name: str, cases: Iterator[Case]) -> Iterator[tuple[Case, Verdict]]:
    """The cases with their verdicts, in order, with a bounded number in flight."""
    waiting: deque[tuple[Case, Future[Verdict]]] = deque()
    for case in cases:
        waiting.append((case, pool.submit(name, case.question, case.text)))
        if len(waiting) >= _IN_FLIGHT:
            done, verdict = waiting.popleft()
            yield done, verdict.result()
    for case, verdict in waiting:
        yield case, verdict.result()


def _counted(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
