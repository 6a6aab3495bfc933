"""From a run file to its numbers and pages: scorecard, `scorecard.json`, `report.html`. Needs no model."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec

from harness.errors import InputError, RunFileError, StorageError
from harness.records import Difference, GalleryItem, Outcome, OutcomeCount, RunSummary, Status
from harness.store import RunFile

if TYPE_CHECKING:
    import pandas as pd

_GALLERY_PER_METHOD = 5
_OUTCOMES = get_args(Outcome)
_STATUSES = get_args(Status)


def summarize(run: RunFile) -> RunSummary:
    """Computes all that a report needs of a run.

    Raises:
        InputError: the run holds no graded generation.
        RunFileError: its manifest lacks what every run has.
    """
    from metrics.scorecard import scorecard

    frame = run.frame()
    if frame.empty:
        raise InputError(f"{run.path}: holds no graded generation yet; run it first")
    manifest = run.manifest()
    try:
        name, kind, model = manifest["name"], manifest["kind"], manifest["model"]["name"]
    except (KeyError, TypeError) as error:
        raise RunFileError(f"{run.path}: its manifest has no usable entry {error}") from error
    return RunSummary(
        name=name,
        kind=kind,
        model=model,
        manifest=manifest,
        scorecard=scorecard(frame, seed=0),
        counts=count_outcomes(frame),
        gallery=_gallery(run, frame),
    )


def publish(run: RunFile) -> RunSummary:
    """Scores a run that is open for writing; writes the metrics table, `scorecard.json` and `report.html` beside it."""
    summary = summarize(run)
    run.replace_metrics(summary.scorecard.metrics)
    write_report(summary, run.path.parent)
    return summary


def write_report(summary: RunSummary, folder: Path) -> None:
    """Writes `scorecard.json` and `report.html` into the folder."""
    from reports.html import run_report

    write_text(
        folder / "scorecard.json",
        msgspec.json.format(msgspec.json.encode(summary.scorecard.metrics), indent=1).decode(),
    )
    write_text(folder / "report.html", run_report(summary))


def compare_runs(a: RunFile, b: RunFile) -> tuple[RunSummary, RunSummary, list[Difference]]:
    """Both summaries, and the differences b - a, paired on shared questions."""
    from metrics.compare import compare

    first, second = summarize(a), summarize(b)
    try:
        return first, second, compare(a.frame(), b.frame(), seed=0)
    except ValueError as error:
        held = "; ".join(f"{run.path.parent} has {_held(summary)}" for run, summary in ((a, first), (b, second)))
        raise InputError(f"nothing to compare: {error} ({held})") from error


def unfinished(run: RunFile) -> str | None:
    """What a reader must know of a run that was stopped; None if it is finished."""
    manifest = run.manifest()
    if manifest.get("complete", True):
        return None
    asked = sum(p["questions"] * p["draws"] for of_task in manifest["scope"].values() for p in of_task.values())
    graded = sum(run.tally(task, p).get("grade", 0) for task, of_task in manifest["scope"].items() for p in of_task)
    return (
        f"{run.path.parent} is not finished: {graded} of {asked} generations are graded, and the numbers are those of"
        " them alone"
    )


def _held(summary: RunSummary) -> str:
    return ", ".join(sorted({f"{m.task} under {m.protocol}" for m in summary.scorecard.metrics if m.task != "macro"}))


def write_text(path: Path, text: str) -> None:
    """Writes a whole file or none.

    Raises:
        StorageError: no permission, or the disk is full.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8", errors="replace")
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot write ({error.strerror})") from error


def count_outcomes(
    frame: pd.DataFrame, outcomes: Sequence[str] = _OUTCOMES, statuses: Sequence[str] = _STATUSES
) -> tuple[OutcomeCount, ...]:
    """Per task and protocol, how often each of these outcomes and statuses occurs."""
    counts = []
    for (task, protocol), rows in frame.groupby(["task", "protocol"]):
        draws = rows.drop_duplicates(["question_id", "draw"])
        of_draws = draws["outcome"].value_counts()
        by_method = rows[rows["method"] != "none"].groupby("method")["status"].value_counts()
        counts.append(
            OutcomeCount(
                task=task,
                protocol=protocol,
                domain=rows["domain"].iloc[0],
                outcomes={o: int(of_draws.get(o, 0)) for o in outcomes},
                confidences={
                    method: {s: int(by_method.get((method, s), 0)) for s in statuses}
                    for method in sorted(by_method.index.get_level_values("method").unique())
                },
            )
        )
    return tuple(counts)


def _gallery(run: RunFile, frame: pd.DataFrame) -> tuple[GalleryItem, ...]:
    """The most confident errors of each task, protocol and method; ties in the order of question ids."""
    wrong = frame[(frame["outcome"] == "incorrect") & frame["value"].notna()]
    order = wrong.sort_values(
        ["task", "protocol", "method", "value", "question_id", "draw"], ascending=[True, True, True, False, True, True]
    )
    items = []
    for row in order.groupby(["task", "protocol", "method"]).head(_GALLERY_PER_METHOD).itertuples():
        question = run.question(row.task, row.question_id)
        generation = run.draws(row.task, row.question_id, row.protocol)[row.draw]
        items.append(
            GalleryItem(
                task=row.task,
                question_id=row.question_id,
                protocol=row.protocol,
                draw=row.draw,
                method=row.method,
                confidence=row.value,
                question=question.text,
                choices=question.choices,
                gold=question.gold,
                answer=row.answer,
                reasoning=generation.reasoning,
                text=generation.text,
            )
        )
    return tuple(items)
