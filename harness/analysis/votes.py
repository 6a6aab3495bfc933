"""Votes of runs that drew several answers per question, by number of draws. Needs no model and no gold.

Which answers vote for the same thing is decided by the rule of the run's grader, in worker processes with a time limit,
as the rule reads what a model wrote.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from calibench.analysis.names import unique
from calibench.analysis.options import AnalysisOptions
from calibench.analysis.protocols import of_protocols
from calibench.errors import InputError
from calibench.errors.working import stage
from calibench.files import write_text
from calibench.grading.answer_classes import answer_classes
from calibench.grading.pool import GradingPool
from calibench.records import AnswerClass
from calibench.results import Votes, VotesRun
from calibench.results.judging import graders_told
from calibench.store import RunFile
from calibench.store.finished import unfinished
from calibench.store.opening import all_opened

if TYPE_CHECKING:
    import pandas as pd

_SECONDS = 30.0
"""For the classes of one question's answers; beyond that they are compared as texts."""


def votes(
    runs: Sequence[RunFile], methods: Sequence[str] | None = None, protocols: Sequence[str] | None = None
) -> Votes:
    """Votes of each run, and for several runs whether one reaches another with fewer draws.

    Args:
        runs: read only.
        methods: confidences that weigh votes; None: all that a run has.
        protocols: each votes on its own; None: those of whole generations.

    Raises:
        InputError: no run; or one has one draw per question, lacks a method or protocol, is given twice, or shares
            nothing with the others.
    """
    from calibench.metrics.vote_measures import VOTE_MEASURES
    from calibench.metrics.votes import votes as measure

    if not runs:
        raise InputError("votes: expected at least one run, found none")
    names = unique(runs)
    frames, notes = {}, []
    for name, run in zip(names, runs, strict=True):
        frame, told = of_protocols(_answers(run), protocols, name)
        frames[name], left_out = _chosen(run, frame, methods)
        notes += told
        notes += [warning] if (warning := unfinished(run)) else []
        notes += [f"{name}: left out, having one draw per question: {', '.join(left_out)}"] if left_out else []
    stage("finding which answers are the same")
    with GradingPool(min(4, os.cpu_count() or 1), _SECONDS) as pool:
        for run, (name, frame) in zip(runs, frames.items(), strict=True):
            frame["answer_class"], by_text = answer_classes(frame, pool, list(run.select(AnswerClass)))
            if by_text:
                notes.append(f"{name}: answers to {by_text} questions were compared as texts (the rule gave up)")
    stage("voting")
    try:
        metrics, reaches = measure(frames)
    except ValueError as error:
        raise InputError(f"{', '.join(str(run.path.parent) for run in runs)}: {error}") from error
    notes += [*_not_shared(frames), *graders_told([run.manifest() for run in runs])]
    return Votes(
        runs=tuple(
            VotesRun(
                name=name,
                model=str(run.manifest().get("model", {}).get("name", "unknown")),
                draws=_draws(frames[name]),
                metrics=tuple(metrics[name]),
            )
            for name, run in zip(names, runs, strict=True)
        ),
        reaches=tuple(reaches),
        measures=tuple(m.info for m in VOTE_MEASURES.values()),
        notes=tuple(notes),
    )


def from_options(runs: Sequence[str | Path | RunFile], given: AnalysisOptions) -> Votes:
    """As `votes`, of runs as they are given; the page is written where a folder is named."""
    with all_opened(*runs) as opened:
        result = votes(opened, given.confidence, given.protocol)
    if given.out is not None:
        publish(result, Path(given.out))
    return result


def publish(result: Votes, folder: Path) -> Path:
    """Writes `votes.json` and `votes.html` into the folder; returns the page."""
    from calibench.reports.votes import votes_report

    write_text(folder / "votes.json", msgspec.json.format(msgspec.json.encode(result), indent=1).decode())
    write_text(folder / "votes.html", votes_report(result))
    return folder / "votes.html"


def _answers(run: RunFile) -> pd.DataFrame:
    """The run's rows, which have answers."""
    frame = run.frame()
    if frame.empty:
        raise InputError(f"{run.path}: holds no graded generation yet; run it first")
    if frame["answer"].isna().all():
        raise InputError(
            f"{run.path.parent}: holds no answer that could vote; for a scored file, name their column by --answer"
        )
    return frame


def _chosen(run: RunFile, frame: pd.DataFrame, methods: Sequence[str] | None) -> tuple[pd.DataFrame, list[str]]:
    """The rows of tasks with several draws, with these methods (None: all), and the tasks with one draw."""
    several = frame.groupby(["task", "protocol"])["draw"].transform("nunique") > 1
    if not several.any():
        raise InputError(
            f"{run.path.parent}: one draw per question, and a vote needs several; expected a run made with"
            " `calibench run ... --draws K` (such as 10) and a temperature above 0"
        )
    known = sorted(set(frame["method"]) - {"none"})
    for method in set(methods or ()) - set(known):
        has = ", ".join(known) or "none"
        raise InputError(f"{run.path.parent}: no confidences by {method!r}; this run has: {has}")
    kept = frame["method"].isin(methods) if methods else True
    return frame[several & kept].copy(), sorted(set(frame["task"][~several]))


def _draws(frame: pd.DataFrame) -> dict[str, int]:
    return {str(task): int(n) for task, n in frame.groupby("task")["draw"].nunique().items()}


def _not_shared(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Tasks that only some of the runs have."""
    tasks = {name: set(frame["task"]) for name, frame in frames.items()}
    shared = set.intersection(*tasks.values())
    return [
        f"{name}: left out, since not every run has it: {', '.join(sorted(of - shared))}"
        for name, of in tasks.items()
        if of - shared
    ]
