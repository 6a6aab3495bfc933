"""Several runs held against each other: `calibench compare`. Needs no model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import msgspec

from calibench.analysis import typed_decisions
from calibench.analysis.names import place, unique
from calibench.analysis.options import AnalysisOptions
from calibench.analysis.report import numbers as report_numbers
from calibench.analysis.report import report
from calibench.analysis.wordings import worded
from calibench.errors import InputError, unknown_name
from calibench.errors.working import stage
from calibench.files import write_text
from calibench.records import Kind
from calibench.results import Comparison, RunSummary
from calibench.store import RunFile
from calibench.store.opening import all_opened

FIRST = "first"
"""As a baseline: the run that is given first."""
_KINDS = get_args(Kind)


def compare(
    runs: Sequence[RunFile], baseline: str = FIRST, margin: float = 0.02, until: str | None = None
) -> Comparison:
    """Every run against the baseline, and against the run before it in the order of `records.Kind`.

    Args:
        runs: at least two. Runs of one name are distinguished by their folders.
        baseline: name or folder of a run, or `first` for the first of `runs`.
        margin: differences that are smaller do not matter: `equivalent` is what lies inside it.
        until: a rule, see `calibench.analysis.decided`: after which question it would have decided two runs.

    Raises:
        InputError: fewer than two runs, a run is given twice, no run is called `baseline`, or a run shares no question,
            under the same task, protocol and method, with a run to be compared with; or a rule that does not fit.
    """
    from calibench.analysis.decided import decisions
    from calibench.metrics import compare as paired
    from calibench.metrics.attempts import attempts
    from calibench.metrics.changes import change_splits
    from calibench.metrics.held import held_verdicts
    from calibench.metrics.self_knowledge import self_knowledge

    if len(runs) < 2:
        found = f"one: {place(runs[0])}" if runs else "none"
        raise InputError(f"compare: expected at least two runs, found {found}")
    _refuse_twice(runs)
    base = _position(runs, [str(run.manifest().get("name")) for run in runs], baseline)
    # The baseline is run A, as in the pairs.
    others = [i for i in range(len(runs)) if i != base]
    decided = decisions([runs[i] for i in (base, *others)], until, margin) if until is not None else ()
    summaries = [msgspec.structs.replace(report(run), name=name) for run, name in zip(runs, unique(runs), strict=True)]
    for summary, run in zip(summaries, runs, strict=True):
        if not summary.counts:
            raise InputError(f"{run.path}: holds no graded generation yet; run it first")
    reference = summaries[base].name
    frames = {summary.name: run.frame() for summary, run in zip(summaries, runs, strict=True)}
    ladder = sorted(summaries, key=lambda s: _KINDS.index(s.kind) if s.kind in _KINDS else len(_KINDS))
    names = [s.name for s in ladder]
    pairs = [(reference, name) for name in names if name != reference]
    pairs += [step for step in pairwise(names) if reference not in step]
    several = sum(map(worded, runs)) > 1
    in_words = {name: run.frame(wordings=True) for name, run in zip(frames, runs, strict=True)} if several else {}
    stage(f"comparing {len(runs)} runs")
    try:
        differences = paired.compare(frames, pairs, seed=0, margin=margin)
    except ValueError as error:
        held = "; ".join(f"{s.name} has {_held(s)}" for s in summaries)
        raise InputError(f"nothing to compare: {error} ({held})") from error
    return Comparison(
        runs=tuple(ladder), baseline=reference, pairs=tuple(pairs), differences=tuple(differences),
        splits=tuple(change_splits(frames, pairs)), decisions=decided,
        self_knowledge=self_knowledge({name: frames[name] for name in names}, _lengths(runs)),
        attempts=attempts({name: frames[name] for name in names}),
        held=held_verdicts(in_words, pairs, margin=margin) if in_words else (),
        **typed_decisions.compared(dict(zip(frames, runs, strict=True)), pairs, margin),
    )  # fmt: skip


def from_options(runs: Sequence[str | Path | RunFile], given: AnalysisOptions) -> Comparison:
    """As `compare`, of runs as they are given; the page is written where a folder is named."""
    with all_opened(*runs) as opened:
        comparison = compare(opened, given.baseline, given.margin, given.until)
    if given.out is not None:
        publish(comparison, Path(given.out))
    return comparison


def publish(comparison: Comparison, folder: Path) -> Path:
    """Writes `comparison.json` and `report.html` into the folder; returns the page."""
    from calibench.reports.comparison import comparison_report

    write_text(
        folder / "comparison.json", msgspec.json.format(msgspec.json.encode(numbers(comparison)), indent=1).decode()
    )
    stage("drawing the page")
    page = folder / "report.html"
    write_text(page, comparison_report(comparison))
    return page


def numbers(comparison: Comparison) -> dict[str, Any]:
    """What `comparison.json` holds: the runs' own numbers, the differences, what these are made of, and what each run
    knows beyond difficulty."""
    runs = [{"name": run.name, "model": run.model, "kind": run.kind, **report_numbers(run)} for run in comparison.runs]
    decided = {"decisions": comparison.decisions} if comparison.decisions else {}
    found = {
        "baseline": comparison.baseline, "pairs": comparison.pairs, "runs": runs,
        "differences": comparison.differences, "splits": comparison.splits, **decided,
        "self_knowledge": {name: card.metrics for name, card in comparison.self_knowledge.items()},
        "attempts": {name: card.metrics for name, card in comparison.attempts.items()},
    }  # fmt: skip
    more = {"held": comparison.held, "typed_decisions": comparison.typed_decisions}
    return found | {name: of for name, of in more.items() if of}


def _lengths(runs: Sequence[RunFile]) -> dict[tuple[str, str], int]:
    """(task, question) -> characters of its text, where it is known."""
    return {(q.task, q.question_id): len(q.text) for run in runs if run.has_texts() for q in run.questions()}


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
        folders = ", ".join(place(run) for run, name in zip(runs, names, strict=True) if name == baseline)
        raise InputError(f"--baseline {baseline}: several runs have this name; name the folder: {folders}")
    for i, run in enumerate(runs):
        if Path(baseline).resolve() in (run.path.resolve(), run.path.parent.resolve()):
            return i
    if baseline == FIRST:
        return 0
    raise unknown_name("baseline", baseline, [*dict.fromkeys(names), FIRST])


def _held(summary: RunSummary) -> str:
    return ", ".join(sorted({f"{m.task} under {m.protocol}" for m in summary.scorecard.metrics if m.task != "macro"}))
