"""What the figures of `calibench plot` are drawn from: one kind of series, of one run or of several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from calibench.analysis.names import unique
from calibench.analysis.options import PlotOptions
from calibench.analysis.threshold import counts_of, one_per_question
from calibench.analysis.votes import votes
from calibench.errors import InputError, unknown_name
from calibench.errors.working import stage
from calibench.fields import read
from calibench.files import write_text
from calibench.records import Kind, Record
from calibench.results.plots import LadderPoint, Plot, PlotKind, PlotSeries, ThresholdPoint, VotePoint
from calibench.store import RunFile
from calibench.store.opening import all_opened

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from calibench.records import Scorecard

_KINDS_OF_MODELS = get_args(Kind)
_GROUP = ["protocol", "task", "method"]
_ANSWER = ["cluster", "question_id", "draw", "outcome", "status", "value"]
"""What a threshold needs of an answer: of a million, copies of all columns take a quarter of a gigabyte."""
Frames = Mapping[str, "pd.DataFrame"]
"""Name of a run -> its rows that are drawn."""


def plot(
    runs: Sequence[RunFile], kind: PlotKind, *, tasks: Sequence[str] | None = None, methods: Sequence[str] | None = None
) -> Plot:
    """The numbers of a figure.

    Args:
        runs: read only.
        kind: of the figure.
        tasks: None: all; of a ladder, and of votes of several runs, those that all runs have.
        methods: confidence methods; None: all.

    Raises:
        InputError: an unknown kind, a task or method that no run has, or runs that lack what this kind is drawn from.
    """
    if kind not in get_args(PlotKind):
        raise unknown_name("kind", kind, [*get_args(PlotKind)])
    if not runs:
        raise InputError("plot: expected at least one run, found none")
    if kind == "ladder":
        runs = sorted(runs, key=_rung)
    if kind == "votes":
        found = list(_votes(runs, tasks, methods))
    else:
        found = list(_DRAWN[kind](_chosen(dict(zip(unique(runs), runs, strict=True)), tasks, methods)))
    if not found:
        places = ", ".join(str(run.path.parent) for run in runs)
        raise InputError(f"{places}: {_LACKS[kind]}")
    return Plot(kind=kind, series=tuple(found))


def drawn(runs: Sequence[RunFile], options: PlotOptions) -> tuple[Plot, Figure]:
    """The numbers of a figure, and the figure.

    Raises:
        InputError: as `plot` and `reports.plots.plot_figure`.
    """
    from calibench.reports.plots import plot_figure

    found = plot(runs, options.kind, tasks=options.task, methods=options.confidence)
    return found, plot_figure(found, style=options.style, width=options.width, overlay=options.overlay)


def from_options(
    runs: Sequence[str | Path | RunFile], out: str | Path | None, data: str | Path | None, given: Mapping[str, Any]
) -> Figure:
    """The figure of runs, or of the runs in folders, with the fields of `PlotOptions`; written where files are named.

    Raises:
        InputError: also for an option that there is not or that does not fit.
    """
    chosen = PlotOptions(**read((PlotOptions,), dict(given)))
    with all_opened(*runs) as opened:
        found, figure = drawn(opened, chosen)
    publish(found, figure, out, data)
    return figure


def publish(found: Plot, figure: Figure, out: str | Path | None, data: str | Path | None) -> None:
    """Writes the figure as SVG, PDF or PNG, and its numbers as CSV, where files are named for them."""
    from calibench.reports import figures
    from calibench.reports.plots import plot_csv

    if out is not None:
        figures.save(figure, out)
    if data is not None:
        write_text(Path(data), plot_csv(found))


def _rung(run: RunFile) -> int:
    kind = run.manifest().get("kind")
    return _KINDS_OF_MODELS.index(kind) if kind in _KINDS_OF_MODELS else len(_KINDS_OF_MODELS)


def _chosen(runs: Mapping[str, RunFile], tasks: Sequence[str] | None, methods: Sequence[str] | None) -> Frames:
    frames = {}
    for name, run in runs.items():
        frames[name] = run.frame()
        if frames[name].empty:
            raise InputError(f"{run.path}: holds no graded generation yet; run it first")
    for column, names in {"task": tasks, "method": methods}.items():
        if names:
            _refuse_unknown(column, names, {name for frame in frames.values() for name in frame[column]} - {"none"})
            frames = {name: frame[frame[column].isin(names)] for name, frame in frames.items()}
    return frames


def _refuse_unknown(what: str, names: Sequence[str] | None, known: set[str]) -> None:
    for name in names or ():
        if name not in known:
            here = ", ".join(sorted(known)) or "none"
            raise InputError(f"no {what} {name!r} in these runs; they have: {here}")


def _groups(frames: Frames) -> Iterator[tuple[str, tuple, pd.DataFrame]]:
    """(run, (protocol, task, method), rows) of everything that a confidence was asked for."""
    for run, frame in frames.items():
        for key, rows in frame[frame["method"] != "none"].groupby(_GROUP, sort=True):
            yield run, key, rows


def _series(run: str, key: Sequence[str], points: Sequence[Record]) -> Iterator[PlotSeries]:
    """One series, if it has points."""
    if points:
        yield PlotSeries(run=run, **dict(zip(_GROUP, key, strict=True)), points=tuple(points))


def _scorecards(frames: Frames) -> Iterator[tuple[str, Scorecard]]:
    from calibench.metrics.scorecard import scorecard

    for run, frame in frames.items():
        if not frame.empty:
            stage(f"scoring {run}")
            yield run, scorecard(frame.assign(subject=None, level=float("nan")), seed=0)


def _reliability(frames: Frames) -> Iterator[PlotSeries]:
    for run, card in _scorecards(frames):
        for diagram in card.reliability:
            if diagram.n_used:
                yield from _series(run, (diagram.protocol, diagram.task, diagram.method), diagram.bins)


def _risk(frames: Frames) -> Iterator[PlotSeries]:
    for run, card in _scorecards(frames):
        for curve in card.risk_coverage:
            yield from _series(run, (curve.protocol, curve.task, curve.method), curve.points)


def lengths(frames: Frames, resamples: int = 1000) -> Iterator[PlotSeries]:
    """Accuracy and confidence by length, where lengths are known."""
    from calibench.metrics.length import by_length

    for run, key, rows in _groups(frames):
        yield from _series(run, key, by_length(rows, resamples=resamples))


def thresholds(frames: Frames) -> Iterator[PlotSeries]:
    """What goes out from each confidence on, from the highest down; one answer per question."""
    from calibench.metrics.threshold import GRID, exact_interval

    for run, key, rows in _groups({run: frame[[*_GROUP, *_ANSWER]] for run, frame in frames.items()}):
        chosen = one_per_question(rows[rows["outcome"] != "failed"], seed=0)
        counts = counts_of(chosen)
        points: list[ThresholdPoint] = []
        for limit, n, right in zip(GRID.tolist(), *(of.tolist() for of in counts), strict=True):
            if n and (not points or n > points[-1].n or limit == 0):
                low, high = exact_interval(right, n)
                points.append(
                    ThresholdPoint(
                        threshold=limit,
                        share=n / len(chosen),
                        precision=right / n,
                        precision_low=low,
                        precision_high=high,
                        n=n,
                        n_right=right,
                    )
                )
        yield from _series(run, key, points)


def _budget(frames: Frames) -> Iterator[PlotSeries]:
    from calibench.metrics.budget import by_budget

    for run, frame in frames.items():
        draws = frame.drop_duplicates(["task", "protocol", "question_id", "draw"])
        for (protocol, task), rows in draws.groupby(["protocol", "task"], sort=True):
            yield from _series(run, (protocol, task, "none"), by_budget(rows))


def _votes(runs: Sequence[RunFile], tasks: Sequence[str] | None, methods: Sequence[str] | None) -> Iterator[PlotSeries]:
    drawn = {"majority_accuracy", "weighted_accuracy"}
    result = votes(runs, methods)
    known = {m.task for run in result.runs for m in run.metrics}
    _refuse_unknown("task with several draws", tasks, known)
    wanted = set(tasks or known - {"macro"})
    for run in result.runs:
        points: dict[tuple, list[VotePoint]] = {}
        for m in run.metrics:
            if m.metric in drawn and m.task in wanted and m.subset.startswith("k=") and m.value is not None:
                draws = int(m.subset.removeprefix("k="))
                point = VotePoint(draws=draws, accuracy=m.value, low=m.low, high=m.high, n=m.n_used)
                points.setdefault((m.protocol, m.task, m.method), []).append(point)
        for key, of_key in points.items():
            of_key.sort(key=lambda point: point.draws)
            yield from _series(run.name, key, of_key)


def _ladder(frames: Frames) -> Iterator[PlotSeries]:
    """The means over the tasks that all runs have: over others, they would not be of the same thing."""
    if len(frames) < 2:
        raise InputError(f"a ladder holds runs against each other: expected at least two, found {len(frames)}")
    asked = {name: {*frame[["protocol", "task"]].itertuples(index=False, name=None)} for name, frame in frames.items()}
    shared = set.intersection(*asked.values())
    if not shared:
        held = "; ".join(f"{name} has {', '.join(sorted(task for _, task in of))}" for name, of in asked.items())
        raise InputError(f"a ladder is of tasks that all runs have, under one protocol, and these share none: {held}")
    kept = {
        name: frame[[key in shared for key in zip(frame["protocol"], frame["task"], strict=True)]]
        for name, frame in frames.items()
    }
    for run, card in _scorecards(kept):
        drawn = {m.metric: m for m in card.measures if m.meaning is not None}
        points: dict[tuple, list[LadderPoint]] = {}
        for m in card.metrics:
            if (m.task, m.subset) == ("macro", "all") and m.metric in drawn and m.value is not None:
                about = drawn[m.metric]
                point = LadderPoint(
                    metric=m.metric, title=about.title, value=m.value, low=m.low, high=m.high, n=m.n_used
                )
                # What does not depend on confidences is the same by every method.
                of_key = points.setdefault((m.protocol, m.task, m.method if about.of_confidences else "none"), [])
                if m.metric not in {known.metric for known in of_key}:
                    of_key.append(point)
        for key, of_key in points.items():
            yield from _series(run, key, of_key)


_DRAWN: dict[PlotKind, Callable[[Frames], Iterator[PlotSeries]]] = {
    "reliability": _reliability,
    "histogram": _reliability,
    "risk-coverage": _risk,
    "length": lengths,
    "threshold": thresholds,
    "ladder": _ladder,
    "budget": _budget,
}
_NO_CONFIDENCES = "no graded answer has a confidence; `calibench run ... --confidence NAMES` reads or asks for one"
_LACKS: dict[PlotKind, str] = {
    **dict.fromkeys(get_args(PlotKind), _NO_CONFIDENCES),
    "budget": "no answer has a known number of tokens; they are counted where `calibench run` asks a model",
    "length": "no answer with a confidence has a known number of tokens; they are counted where `calibench run` asks a"
    " model, and are not known of a scored file",
}
