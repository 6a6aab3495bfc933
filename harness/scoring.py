"""From a run file to its numbers and pages: scorecard, `scorecard.json`, `report.html`. Needs no model."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec

from harness.errors import InputError, RunFileError, StorageError, unknown_name
from harness.records import Comparison, GalleryItem, Kind, Outcome, OutcomeCount, RunSummary, Status
from harness.store import FILE_NAME, RunFile

if TYPE_CHECKING:
    import pandas as pd

FIRST = "first"
"""As a baseline: the run that is given first."""
_GALLERY_PER_METHOD = 5
_KINDS = get_args(Kind)
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


def compare_runs(runs: Sequence[RunFile], baseline: str = FIRST) -> Comparison:
    """Every run against the baseline, and against the run before it in the order of `records.Kind`.

    Args:
        runs: at least two. Runs of one name are told apart by their folders.
        baseline: name or folder of a run, or `first` for the first of `runs`.

    Raises:
        InputError: a run is given twice, no run is called `baseline`, or a run shares no question, under the same task,
            protocol and method, with a run to be compared with.
    """
    from metrics.compare import compare

    _refuse_twice(runs)
    base = _position(runs, [run.manifest().get("name") for run in runs], baseline)
    summaries = _with_unique_names(runs, [summarize(run) for run in runs])
    reference = summaries[base].name
    frames = {summary.name: run.frame() for summary, run in zip(summaries, runs, strict=True)}
    ladder = sorted(summaries, key=lambda s: _KINDS.index(s.kind) if s.kind in _KINDS else len(_KINDS))
    names = [s.name for s in ladder]
    pairs = [(reference, name) for name in names if name != reference]
    pairs += [step for step in pairwise(names) if reference not in step]
    try:
        differences = compare(frames, pairs, seed=0)
    except ValueError as error:
        held = "; ".join(f"{s.name} has {_held(s)}" for s in summaries)
        raise InputError(f"nothing to compare: {error} ({held})") from error
    return Comparison(runs=tuple(ladder), baseline=reference, pairs=tuple(pairs), differences=tuple(differences))


def _refuse_twice(runs: Sequence[RunFile]) -> None:
    seen: dict[Path, RunFile] = {}
    for run in runs:
        if other := seen.get(run.path.resolve()):
            raise InputError(f"expected different runs to compare, found one twice: {other.path} and {run.path}")
        seen[run.path.resolve()] = run


def _position(runs: Sequence[RunFile], names: Sequence[str], baseline: str) -> int:
    """Which of the runs the baseline is."""
    if baseline in names:
        if names.count(baseline) == 1:
            return names.index(baseline)
        folders = ", ".join(_place(run) for run, name in zip(runs, names, strict=True) if name == baseline)
        raise InputError(f"--baseline {baseline}: several runs have this name; name the folder: {folders}")
    for i, run in enumerate(runs):
        if Path(baseline).resolve() in (run.path.resolve(), run.path.parent.resolve()):
            return i
    if baseline == FIRST:
        return 0
    raise unknown_name("baseline", baseline, [*dict.fromkeys(names), FIRST])


def _with_unique_names(runs: Sequence[RunFile], summaries: Sequence[RunSummary]) -> list[RunSummary]:
    held = Counter(s.name for s in summaries)
    return [
        msgspec.structs.replace(s, name=f"{s.name} ({_place(run)})") if held[s.name] > 1 else s
        for run, s in zip(runs, summaries, strict=True)
    ]


def _place(run: RunFile) -> str:
    return str(run.path.parent if run.path.name == FILE_NAME else run.path)


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
