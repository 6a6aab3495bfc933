"""How much of what a run was asked for is there."""

from __future__ import annotations

from calibench.store import RunFile


def graded_of_asked(run: RunFile) -> tuple[int, int]:
    """How many generations are graded, and how many the run's scope has."""
    scope = run.manifest().get("scope", {})
    asked = sum(p["questions"] * p["draws"] for of_task in scope.values() for p in of_task.values())
    return sum(run.tally(task, p).get("grade", 0) for task, of_task in scope.items() for p in of_task), asked


def unfinished(run: RunFile) -> str | None:
    """What a reader must know of a run that was stopped; None if it is finished."""
    if run.manifest().get("complete", True):
        return None
    graded, asked = graded_of_asked(run)
    begin = f"{run.path.parent} is not finished"
    if graded == asked:
        return f"{begin}: the command that made it has confidences left to ask for"
    return f"{begin}: {graded} of {asked} generations are graded, and the numbers are those of them alone"
