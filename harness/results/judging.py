"""By which grader the outcomes of a run are, and how far the judge and the tasks' own graders agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calibench.records import Outcome, Record

CLASSES: tuple[Outcome, ...] = ("correct", "incorrect", "abstained")
"""What a judge says of an answer."""


class GraderAgreement(Record, kw_only=True, frozen=True):
    """What a judge and a task's own grader say of the same answers."""

    task: str
    protocol: str
    grader: str
    """The task's own."""
    judge: str
    counts: dict[str, dict[str, int]]
    """The grader's outcome -> the judge's -> answers, of all answers that the judge has seen."""
    n_used: int
    """Answers of which both gave one of `CLASSES`."""
    n_total: int
    agreement: float | None
    """Share of these of which both say the same."""
    agreement_low: float | None
    """95 % interval."""
    agreement_high: float | None
    kappa: float | None
    """Cohen's kappa; None where both give one and the same class to all."""
    kappa_low: float | None
    kappa_high: float | None
    convention: str


def graders(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Task -> the grader that its outcomes are by."""
    own = (manifest.get("identity") or {}).get("graders") or {}
    judged = manifest.get("judged_by") or {}
    return {**own, **{task: f"judge {judge}" for task, judge in judged.items()}}


def judge_notes(manifest: Mapping[str, Any]) -> list[str]:
    """What a reader of the outcomes must know of the judges that gave them."""
    by_judge: dict[str, list[str]] = {}
    for task, judge in (manifest.get("judged_by") or {}).items():
        by_judge.setdefault(judge, []).append(task)
    notes = []
    judged = (manifest.get("identity") or {}).get("weights")
    for judge, tasks in by_judge.items():
        of_tasks = ", ".join(tasks)
        notes.append(f"{of_tasks}: right is what the judge {judge} says, a model, and not the task's own grader")
        about = (manifest.get("judges") or {}).get(judge, {})
        if about.get("weights") == judged:
            notes.append(f"the judge {judge} is the judged model itself, and models tend to favour their own answers")
        if about.get("controls"):
            notes.append(controls_note(judge, about["controls"]))
    return notes


_CONTROLS = {
    "correct": "accepted answers", "incorrect": "answers to other questions",
    "repeated": "names out of the question", "abstained": "refusals",
}  # fmt: skip
_PASSED = 0.9
"""Share of the controls of each class that a judge must grade as they are, to be believed; a choice of this project."""


def passed(controls: Mapping[str, Sequence[int]]) -> bool:
    """Whether a judge tells the classes apart.

    Args:
        controls: kind of answer -> how many controls of it the judge grades as they are, and how many there are.
    """
    return all(right >= _PASSED * n for right, n in controls.values())


def controls_note(judge: str, controls: Mapping[str, Sequence[int]]) -> str:
    """How the judge graded answers whose class is known."""
    counts = ", ".join(f"{right} of {n} {_CONTROLS.get(outcome, outcome)}" for outcome, (right, n) in controls.items())
    begin = f"of answers whose class is known, the judge {judge} grades as they are {counts}"
    return (
        begin if passed(controls) else f"{begin}: it does not tell them apart, and the numbers here are not to be used"
    )


def graders_told(manifests: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a reader must know of the judges of runs whose numbers stand together, and of graders that differ."""
    notes = [note for manifest in manifests for note in judge_notes(manifest)]
    by_task: dict[str, set[str]] = {}
    for manifest in manifests:
        for task, grader in graders(manifest).items():
            by_task.setdefault(task, set()).add(grader)
    for task, found in sorted(by_task.items()):
        if len(found) > 1:
            notes.append(f"{task}: what is right is not the same in these runs, graded by {'; '.join(sorted(found))}")
    return list(dict.fromkeys(notes))
