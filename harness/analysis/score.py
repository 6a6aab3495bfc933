"""Scores predictions that were made elsewhere: from a table to run files, one per model. Needs no model.

A run that was scored from a file holds verdicts and confidences, and its manifest says which file and columns they were
read from. All commands that read runs take it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from msgspec.structs import replace

from calibench.analysis import compare, elsewhere, predictions, report
from calibench.analysis.predictions import Columns, Predictions, TableForm
from calibench.errors import InputError
from calibench.exchange.cells import Scale
from calibench.records import Confidence, Grade, Reliability
from calibench.results import Comparison, RunSummary
from calibench.store import RunFile
from calibench.version import __version__

if TYPE_CHECKING:
    import pandas as pd

_BATCH = 50_000
_MAX_FIGURES = 40
"""Reliability diagrams that are drawn: more of them nobody reads on one page, and each takes a third of a second."""
_FIGURE = elsewhere.FIGURE


class ScoredModel(NamedTuple):
    """The predictions of one model, and what they say."""

    frame: pd.DataFrame
    summary: RunSummary


class Scored(NamedTuple):
    """What a file's predictions say."""

    models: dict[str, ScoredModel]
    """By name; one that is empty where the file names no models."""
    comparison: Comparison | None
    """Each model against the first, on the questions that both answered; None for one model."""
    notes: tuple[str, ...]
    """What a reader must know before the numbers."""


def score(
    file: str | Path,
    *,
    confidence_column: str = "confidence",
    correct: str = "correct",
    question: str | None = None,
    group: str | None = None,
    model: str | None = None,
    answer: str | None = None,
    gold: str | None = None,
    grader: str | None = None,
    choices: str | None = None,
    labels: str | None = None,
    scale: str = "fraction",
    missing: Sequence[str] = (),
    shared: bool = False,
) -> Scored:
    """Scores a table of predictions with a confidence and a verdict per row.

    Args:
        file: CSV, TSV, JSON Lines, a JSON array (each also with .gz), Parquet, Arrow, or a saved data set's folder.
        confidence_column, correct, question, group, model: names of columns: a confidence; the verdict on the answer;
            an id, where rows that share one are not independent; a task or data set, of which each has numbers of its
            own; a model, of which each becomes a run.
        answer: column with what the model answered, which `votes` needs.
        gold, grader, choices, labels: in place of `correct`, the column with the accepted answers, and the grader that
            compares them (number, math, choice, alias or option); for `option`, the column with lists of options; for
            `choice`, the possible answers, separated by commas.
        scale: of confidences without a percent sign: `fraction` or `percent`.
        missing: markers that stand for no confidence, as `-1`.
        shared: only the questions that every model answered.

    Raises:
        InputError: the file cannot be read, lacks a column or has no row, a cell cannot be understood, or options do
            not go together; rows are counted from 1, without the heading.
    """
    scales = {str(known): known for known in get_args(Scale)}
    if scale not in scales:
        raise InputError(f"scale: expected fraction or percent, found {scale!r}")
    if gold and correct != "correct":
        raise InputError(f"{file}: --correct and --gold both say what is right; name one of them")
    names = Columns(confidence_column, None if gold else correct, question, group, model, answer, gold, choices)
    found = predictions.read(Path(file), names, TableForm(scales[scale], tuple(missing), grader, labels))
    if shared:
        found = predictions.on_shared(found)
    notes = (*predictions.notes(found, shared=shared), *_left_out(found))
    models = {
        str(name): ScoredModel(frame, report.summarize(frame, _manifest(found, str(name), frame, notes, shared)))
        for name, frame in found.frame.groupby("model", sort=False)
    }
    return Scored(models, _comparison(models) if len(models) > 1 else None, notes)


def _left_out(found: Predictions) -> Iterator[str]:
    """What is not drawn, as nobody would read it."""
    n_diagrams = found.frame.groupby(["model", "task"]).ngroups
    if n_diagrams > _MAX_FIGURES:
        pages = "The models' own pages and" if found.frame["model"].nunique() > 1 else "The figure"
        yield (
            f"{pages} {_FIGURE} would hold {n_diagrams} reliability diagrams, and are left out; `calibench report RUN`"
            " and `calibench plot RUN` make them."
        )


def _manifest(found: Predictions, model: str, frame: pd.DataFrame, notes: Sequence[str], shared: bool) -> dict:
    """What a reader must know of where the numbers come from. What a file does not hold is not in it."""
    of_tasks = frame.groupby("task")
    questions, draws = of_tasks["question_id"].nunique(), of_tasks["draw"].max() + 1
    form = {name: value for name, value in found.form._asdict().items() if value}
    manifest = {
        "name": model or found.path.name,
        "kind": None,
        "model": {"name": model or "not stated"},
        "file": found.path.name,
        "rows": len(frame),
        "identity": {
            "sha256": found.sha256,
            "columns": {role: name for role, name in found.columns._asdict().items() if name},
            **form,
            "shared": shared,
            "graders": {str(task): str(grader) for task, grader in of_tasks["grader"].first().items()},
        },
        "scope": {
            str(task): {predictions.PROTOCOL: {"questions": int(questions[task]), "draws": int(draws[task])}}
            for task in questions.index
        },
        "complete": True,
        "known": {"outcomes": list(found.outcomes), "statuses": ["ok", "missing"]},
        "calibench": __version__,
        "notes": list(notes),
    }
    return dict(sorted(manifest.items()))  # as a run file gives it back


def _comparison(models: Mapping[str, ScoredModel]) -> Comparison:
    """Each model against the first."""
    from calibench.metrics import compare as paired

    first, *others = models
    questions = {
        name: set(of.frame[["task", "question_id"]].itertuples(index=False, name=None)) for name, of in models.items()
    }
    pairs = [(first, other) for other in others]
    sharing = [pair for pair in pairs if questions[pair[0]] & questions[pair[1]]]
    frames = {name: models[name].frame for name in dict.fromkeys(name for pair in sharing for name in pair)}
    return Comparison(
        runs=tuple(of.summary for of in models.values()),
        baseline=first,
        pairs=tuple(pairs),
        differences=tuple(paired.compare(frames, sharing, seed=0)) if sharing else (),
    )


# -- files ------------------------------------------------------------------------------------------------------------


def publish(scored: Scored, folder: Path) -> Path:
    """Writes a run folder per model, and for several models the page that compares them; returns the page.

    Predictions without a column of models are a run in the folder itself, each model of others in a folder below it.

    Raises:
        StorageError: nothing can be written here.
        IdentityError: a run lies here that was not scored from a file, or one of a model that this file lacks.
    """
    from calibench.reports.figures import save
    from calibench.reports.plots import reliability_figure

    folders = elsewhere.folders(folder, list(scored.models))
    for name, of in scored.models.items():
        with RunFile.create(folders[name]) as run:
            elsewhere.refuse_generated(run)
            run.replace_rows({Grade: _grades(of.frame), Confidence: _confidences(of.frame)}, of.summary.manifest)
            run.replace_metrics(of.summary.scorecard.metrics)
    diagrams = list(_diagrams(scored))
    for name, of in scored.models.items():
        report.publish_numbers(of.summary, folders[name])
        if len(diagrams) <= _MAX_FIGURES or not scored.comparison:
            report.publish(report.for_page(of.summary, of.frame), folders[name])
    if 0 < len(diagrams) <= _MAX_FIGURES:
        save(reliability_figure(diagrams), folder / _FIGURE)
    if scored.comparison:
        return compare.publish(scored.comparison, folder)
    return next(iter(folders.values())) / "report.html"


def _grades(frame: pd.DataFrame) -> Iterator[list[list]]:
    return _batches(frame, (*predictions.KEY, "answer", "outcome", "grader", "detail"))


def _confidences(frame: pd.DataFrame) -> Iterator[list[list]]:
    nothing = {"raw": None, "cached_tokens": None}
    return _batches(frame.assign(**nothing), (*predictions.KEY, "method", "value", "status", *nothing))


def _batches(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[list[list]]:
    """The columns as Python values, a batch of rows at a time."""
    for start in range(0, len(frame), _BATCH):
        part = frame.iloc[start : start + _BATCH]
        yield [_cells(part[column]) for column in columns]


def _cells(column: pd.Series) -> list[Any]:
    return column.astype(object).where(column.notna(), None).tolist()


def _diagrams(scored: Scored) -> Iterator[Reliability]:
    """All diagrams; those of several models under the models' names."""
    for name, of in scored.models.items():
        for diagram in of.summary.scorecard.reliability:
            yield replace(diagram, method=name) if len(scored.models) > 1 else diagram
