"""The page of a run without any graded generation: what is there, and what to do."""

from __future__ import annotations

from calibench.reports.page import flatten, render
from calibench.reports.tables import align
from calibench.reports.text import clip
from calibench.results import RunSummary


def unstarted_report(summary: RunSummary) -> str:
    """The page of a run that has no numbers yet."""
    return render(
        "unstarted.html",
        summary=summary,
        said=_said(summary),
        hints=hints(summary),
        protocols=list(dict.fromkeys(p.protocol for p in summary.progress)),
        manifest=flatten(summary.manifest),
    )


def unstarted_text(summary: RunSummary) -> str:
    """Plain text for a terminal."""
    rows = [
        [clip(p.task, 30), clip(p.protocol, 20), *map(str, (p.asked, p.generated, p.graded))] for p in summary.progress
    ]
    heads = ["task", "protocol", "asked", "generated", "graded"]
    table = f"{align([heads, *rows])}\n\n" if rows else ""
    return f"{_said(summary)}\n\n{table}" + "\n".join(hints(summary))


def _said(summary: RunSummary) -> str:
    generated, asked = (sum(getattr(p, name) for p in summary.progress) for name in ("generated", "asked"))
    if not asked:
        return "This run has not asked anything yet."
    return f"Of {asked:,} generations {generated:,} are there, and none is graded."


def hints(summary: RunSummary) -> list[str]:
    """What to do, a sentence each."""
    found = ["Give the command that made this run again: it goes on where it was, and asks nothing twice."]
    if any(p.generated for p in summary.progress):
        found.append("What the model wrote so far is shown by calibench show RUN QUESTION.")
    return found
