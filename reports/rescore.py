"""What a second reading of a run's texts changes, in plain text."""

from __future__ import annotations

from calibench.results import Rescoring, RescoringChange


def rescoring_text(found: Rescoring) -> str:
    """A line for the grades and each method, and one for each kind of confidence that cannot stay."""
    lines = [_changes_text(part, n, found) for part, n in found.read.items()]
    if found.reasoning:
        lines.append(f"{found.reasoning} generations: the reasoning ends elsewhere now; its tokens are not counted")
    lines += [
        f"{n} {method} confidences: given to an answer that is read otherwise now, so they are taken out; the command"
        " that made the run asks again"
        for method, n in found.asked_again.items()
    ]
    if found.judged_again:
        lines.append(
            f"{found.judged_again} judgements: of an answer that is read otherwise now, so they are taken out; the"
            " command that made the run judges again"
        )
    lines += [
        f"{n} {method} confidences: of an answer that is read otherwise now, and log-probabilities are not stored, so"
        " they become failed"
        for method, n in found.lost.items()
    ]
    return "\n".join(lines)


def _changes_text(part: str, n: int, found: Rescoring) -> str:
    changes = sorted((change for change in found.changes if change.part == part), key=lambda change: -change.n)
    things = "grades" if part == "grade" else f"{part} confidences"
    kinds = ", ".join(f"{change.n} {_kind(change)}" for change in changes)
    return f"{sum(change.n for change in changes)} of {n} {things} changed" + (f": {kinds}" if kinds else "")


def _kind(change: RescoringChange) -> str:
    if change.before == change.after:
        return f"{change.before} with another {'answer' if change.part == 'grade' else 'value'}"
    return f"{change.before} -> {change.after}"
