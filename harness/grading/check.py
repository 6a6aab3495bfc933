"""Checks a task against its own data: gold answers must be graded correct, wrong, empty and refusing ones as such.

Each question gives one case per accepted answer, and one wrong, one empty and one refusing text. All of them go
through the real grader in the pipeline's worker processes.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import islice
from typing import Literal, NamedTuple

from calibench import tasks
from calibench.grading import sandbox
from calibench.grading.pool import GRADERS, GradingPool
from calibench.records import Outcome, Question
from calibench.tasks.base import Task, Verdict

_SECONDS = 30.0
_IN_FLIGHT = 1000


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

    @property
    def passed(self) -> bool:
        return not self.surprises and not self.duplicate_ids

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
        ]
        return "\n".join(lines)


def check_task(name: str, data: str | None, rows: int | None = None) -> CheckResult:
    """Grades the gold, wrong, empty and refusing answers of a task.

    Args:
        name: the task.
        data: folder of original files; None for the hub.
        rows: check the first so many rows only.

    Raises:
        InputError: unknown task.
        DataError: its data are missing or malformed.
        CapabilityError: it runs programs, and there is no sandbox.
    """
    task = tasks.load(name)
    if task.finish:
        sandbox.require()
    opened = task.open(data)
    ids: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {}
    surprises: list[Surprise] = []
    broken: dict[str, str] = {}

    def cases() -> Iterator[Case]:
        for place, row in islice(opened.rows, rows):
            if (question := task.to_question(row, place)) is None:
                continue
            ids[question.question_id] += 1
            if question.question_id in task.broken_gold:
                broken[question.question_id] = task.broken_gold[question.question_id]
            else:
                yield from _cases(task, question)

    with GradingPool(GRADERS, _SECONDS) as pool:
        for case, verdict in _graded(pool, name, cases()):
            counts.setdefault(case.kind, Counter())[verdict.outcome] += 1
            if verdict.outcome != case.expected:
                surprises.append(Surprise(case, verdict))
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
    )


def _cases(task: Task, question: Question) -> Iterator[Case]:
    for text in task.gold_text(question):
        yield Case("gold", question, text, "correct")
    yield Case("wrong", question, task.wrong_text(question), "incorrect")
    yield Case("empty", question, "", "unparsed")
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
