"""From a run file to its numbers and pages: scorecard, `scorecard.json`, `report.html`. Needs no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from calibench.analysis import plot, texts, typed_decisions
from calibench.analysis.ensemble import note, with_ensemble
from calibench.analysis.labels import of_file
from calibench.analysis.methods import against_first
from calibench.analysis.options import AnalysisOptions
from calibench.analysis.spending import spending
from calibench.analysis.spreads import label_mass, spreads
from calibench.analysis.until import outcomes
from calibench.analysis.wordings import wordings
from calibench.errors import RunFileError, unknown_name
from calibench.errors.secrets import masked
from calibench.errors.working import stage
from calibench.files import write_text
from calibench.records import Metric, Outcome, Scorecard, Status
from calibench.results import GalleryItem, OutcomeCount, RunSummary, TaskProgress
from calibench.results.judging import GraderAgreement, graders
from calibench.results.labels import Labelled
from calibench.results.plots import BudgetCurve
from calibench.results.targets import TargetNumbers
from calibench.results.thinking import WHOLE, ThinkingCurve, is_whole
from calibench.store import RunFile
from calibench.store.opening import opened

if TYPE_CHECKING:
    import pandas as pd

_OUTCOMES = get_args(Outcome)
_STATUSES = get_args(Status)
_ALL = "all"
_LENGTH_RESAMPLES = 200
"""For the intervals of a small figure."""


def load() -> None:
    """Imports what scores and draws, which takes a second; beside what leaves Python's lock free, as SQLite's look at a
    large file does."""
    for module in ("calibench.metrics.scorecard", "calibench.reports.run"):
        import_module(module)


def report(
    run: RunFile,
    conventions: Sequence[str] = (),
    *,
    ensemble: Sequence[str] = (),
    labelled: Labelled | None = None,
    browse: bool = False,
) -> RunSummary:
    """Computes all that a report needs of a run.

    Args:
        run: what was kept of it.
        conventions: of `conventions_named`; the numbers under each of them are added.
        ensemble: confidence methods of the run; one that joins them is scored beside them.
        labelled: what labels say of the run, which is shown beside.
        browse: with what only a page needs: thresholds, lengths, differences of methods, and a sample of the answers
            and their texts.

    Returns:
        Of a run without any graded generation, how far it is.

    Raises:
        RunFileError: its manifest lacks what every run has.
        InputError: no such ensemble.
    """
    stage(f"scoring {run.path.parent.name}")
    frame, thought = _by_thinking(run.frame())
    manifest = masked(run.manifest())  # a stranger's run, or an old one, may name a secret of today's
    try:
        _ = manifest["name"], manifest["kind"], manifest["model"]["name"]
    except (KeyError, TypeError) as error:
        raise RunFileError(f"{run.path}: its manifest has no usable entry {error}") from error
    if frame.empty:
        return _without_numbers(run, manifest)
    known, stored = run.has_texts(), frame
    if ensemble:
        frame = with_ensemble(stored, ensemble)
        manifest = {**manifest, "notes": [*(manifest.get("notes") or ()), note(ensemble)]}
    summary = summarize(
        frame, manifest, texts.confident_errors(run, frame) if known else None, label_mass(run) if known else {}
    )
    return msgspec.structs.replace(
        for_page(summary, frame) if browse else summary,
        unread=texts.unread(run, stored) if known else (),
        answers=texts.sample(run, stored) if known and browse else None,
        conventions=_under(conventions, frame),
        until=tuple(outcomes(frame, manifest)),
        wordings=wordings(run),
        targets=_targets(stored),
        thinking=thought,
        method_differences=tuple(against_first(frame, manifest)) if browse else (),
        typed_decisions=typed_decisions.numbers(run),
        agreements=_agreements(run, manifest),
        labelled=labelled,
    )


def _without_numbers(run: RunFile, manifest: Mapping[str, Any]) -> RunSummary:
    from calibench.metrics.measures import infos

    of_tasks = (
        (task, protocol, scope["questions"] * scope["draws"], run.tally(task, protocol))
        for task, of_task in manifest.get("scope", {}).items()
        for protocol, scope in of_task.items()
    )
    return RunSummary(
        name=manifest["name"],
        kind=manifest["kind"],
        model=manifest["model"]["name"],
        manifest=dict(manifest),
        scorecard=Scorecard(metrics=(), reliability=(), measures=infos()),
        counts=(),
        gallery=None,
        progress=tuple(
            TaskProgress(
                task=task,
                protocol=protocol,
                asked=asked,
                generated=tally.get("generation", 0),
                graded=tally.get("grade", 0),
            )
            for task, protocol, asked, tally in of_tasks
        ),
    )


def from_options(
    run: str | Path | RunFile, given: AnalysisOptions, other: str | Path | RunFile | None = None
) -> RunSummary:
    """As `report`, of a run as it is given; its page is written where a folder is named.

    Args:
        run: folder, file, or an opened run.
        given: what was asked for.
        other: run whose answers the labels are of; None: `run`.
    """
    conventions = conventions_named(given.convention)
    with opened(run) as (run_file,):
        labelled = of_file(run_file, given.labelled, other)
        shown = given.out is not None
        summary = report(run_file, conventions, ensemble=given.ensemble or (), labelled=labelled, browse=shown)
    if given.out is not None:
        publish(summary, Path(given.out))
    return summary


def for_page(summary: RunSummary, frame: pd.DataFrame) -> RunSummary:
    """The summary with what only a page needs of the rows: diagrams of levels, thresholds, and what lengths say."""
    from calibench.metrics.scorecard import subset_diagrams

    frames = {summary.name: frame.assign(cluster=frame["cluster"].fillna(frame["question_id"]))}
    found = msgspec.structs.replace(
        summary, thresholds=tuple(plot.thresholds(frames)), by_subset=tuple(subset_diagrams(frame))
    )
    if "answer_tokens" not in frame:  # a file of verdicts
        return found
    return msgspec.structs.replace(
        found, lengths=tuple(plot.lengths(frames, _LENGTH_RESAMPLES)), budgets=tuple(_budgets(frame))
    )


def _budgets(frame: pd.DataFrame) -> Iterator[BudgetCurve]:
    from calibench.metrics.budget import by_budget

    draws = frame.drop_duplicates(["task", "protocol", "question_id", "draw"])
    for (task, protocol), rows in draws.groupby(["task", "protocol"], sort=True):
        points = by_budget(rows, resamples=_LENGTH_RESAMPLES)
        if points:
            yield BudgetCurve(protocol=protocol, task=task, points=points)


def conventions_named(names: Sequence[str] | None) -> tuple[str, ...]:
    """The conventions that are asked for, each once; `all` stands for every one.

    Raises:
        InputError: an unknown name.
    """
    from calibench.metrics.conventions import CONVENTIONS

    names = tuple(dict.fromkeys(names or ()))
    for name in names:
        if name not in CONVENTIONS and name != _ALL:
            raise unknown_name("convention", name, [*CONVENTIONS, _ALL])
    return tuple(CONVENTIONS) if _ALL in names else names


def _by_thinking(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[ThinkingCurve, ...]]:
    """The rows of whole generations, and what the cut ones are held against them."""
    from calibench.metrics.thinking import thinking

    whole = frame["protocol"].map(is_whole).astype(bool)
    return (frame, ()) if whole.all() else (frame[whole], thinking(frame))


def _targets(frame: pd.DataFrame) -> tuple[TargetNumbers, ...]:
    from calibench.metrics.targets import targets

    return targets(frame)


def _agreements(run: RunFile, manifest: Mapping[str, Any]) -> tuple[GraderAgreement, ...]:
    if not manifest.get("judged_by"):
        return ()
    from calibench.metrics.agreement import agreements

    return tuple(agreements(run.judged()))


def _under(conventions: Sequence[str], frame: pd.DataFrame) -> dict[str, tuple[Metric, ...]]:
    from calibench.metrics.conventions import scores

    return scores(frame, conventions) if conventions else {}


def summarize(
    frame: pd.DataFrame,
    manifest: Mapping[str, Any],
    gallery: tuple[GalleryItem, ...] | None = None,
    masses: Mapping[tuple[str, str, str], float] = {},
) -> RunSummary:
    """Computes all that a report needs, from the rows and the manifest of a run.

    Args:
        frame: of `RunFile.frame`.
        manifest: where it has an entry `known`, only those outcomes and statuses are known.
        gallery: None where the texts are not known.
        masses: of `label_mass`.
    """
    from calibench.metrics.scorecard import scorecard

    known = manifest.get("known") or {"outcomes": _OUTCOMES, "statuses": _STATUSES}
    unknown = {f"{outcome}_rate" for outcome in _OUTCOMES if outcome not in known["outcomes"]}
    card = scorecard(frame, seed=0)
    return RunSummary(
        name=manifest["name"],
        kind=manifest["kind"],
        model=manifest["model"]["name"],
        manifest=dict(manifest),
        scorecard=msgspec.structs.replace(card, metrics=tuple(m for m in card.metrics if m.metric not in unknown)),
        counts=count_outcomes(frame, **known),
        gallery=gallery,
        spreads=spreads(frame, masses),
        spending=tuple(spending(frame)),
    )


def publish(summary: RunSummary, folder: Path) -> Path:
    """Writes `scorecard.json` and `report.html` into the folder; returns the page."""
    from calibench.reports.run import run_report

    publish_numbers(summary, folder)
    stage("drawing the page")
    page = folder / "report.html"
    write_text(page, run_report(summary))
    return page


def publish_numbers(summary: RunSummary, folder: Path) -> None:
    """Writes `scorecard.json` into the folder."""
    text = msgspec.json.format(msgspec.json.encode(numbers(summary)), indent=1).decode()
    write_text(folder / "scorecard.json", text)


def numbers(summary: RunSummary) -> dict[str, Any]:
    """What `scorecard.json` holds: the metrics, by which grader each task's are, the points of the diagrams (of levels
    and subjects where a page is made), and wordings, differences of methods and agreement of graders where there are
    several; and what labels say, where they were given."""
    card = summary.scorecard
    more = {
        "until": summary.until, "wordings": summary.wordings, "targets": summary.targets,
        "thinking": summary.thinking, "method_differences": summary.method_differences,
        "typed_decisions": summary.typed_decisions, "graders": graders(summary.manifest),
        "agreements": summary.agreements, "labelled": summary.labelled,
    }  # fmt: skip
    points = {"reliability": (*card.reliability, *summary.by_subset), "risk_coverage": card.risk_coverage}
    return {"metrics": card.metrics, **points, **{name: of for name, of in more.items() if of}}


def update(
    run: RunFile,
    conventions: Sequence[str] = (),
    ensemble: Sequence[str] = (),
    labelled: Labelled | None = None,
) -> RunSummary:
    """Computes the numbers of a run that is open for writing, as `report`; replaces those in its file, and the pages
    beside it."""
    summary = report(run, conventions, ensemble=ensemble, labelled=labelled, browse=True)
    cut = (m for curve in summary.thinking for point in curve.points if point.budget != WHOLE for m in point.metrics)
    run.replace_metrics([*summary.scorecard.metrics, *cut])
    publish(summary, run.path.parent)
    return summary


def count_outcomes(
    frame: pd.DataFrame, outcomes: Sequence[str] = _OUTCOMES, statuses: Sequence[str] = _STATUSES
) -> tuple[OutcomeCount, ...]:
    """Per task and protocol, how often each of these outcomes and statuses occurs."""
    counts = []
    counted = frame[["task", "protocol", "question_id", "draw", "method", "status", "outcome", "domain"]]
    for (task, protocol), rows in counted.groupby(["task", "protocol"]):
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
