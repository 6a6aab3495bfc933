"""The page that holds several runs against a baseline and against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from markupsafe import Markup

from calibench.records import MeasureInfo, Metric
from calibench.reports import (
    attempts,
    equal_budgets,
    figures,
    headline,
    overlay,
    self_knowledge,
    small_multiples,
    tables,
    text,
    thinking,
    until,
    wording,
)
from calibench.reports.comparability import by_value, counts, pair_of, side_by_side, warnings
from calibench.reports.page import figure_maker, flatten, glossary, groups, render
from calibench.results import ChangeSplit, Comparison, Difference, HeldVerdict, RunSummary, Spending
from calibench.results.thinking import is_whole

T = TypeVar("T", Difference, ChangeSplit, attempts.Attempted)
_ALL = ("macro", "all")
"""Task and subset of the mean over tasks."""


def comparison_report(comparison: Comparison) -> str:
    """The page of a comparison."""
    runs, figure = comparison.runs, figure_maker()
    measures = tables.measures_of(run.scorecard for run in runs)
    columns = tables.columns(measures)
    found = {
        (m.protocol, m.method, m.metric, m.task, m.subset, run.name): m for run in runs for m in run.scorecard.metrics
    }
    verdicts = {
        (d.protocol, d.method, d.metric, d.task, d.subset, d.run_b): d
        for d in comparison.differences
        if d.run_a == comparison.baseline
    }
    return render(
        "comparison.html",
        measures=measures | {m.metric: m for m in comparison.typed_measures},
        columns=columns,
        ladder_columns=[m for m in columns if m.metric != "mean_confidence"],
        runs=runs,
        numbers={run.name: i for i, run in enumerate(runs, start=1)},
        baseline=comparison.baseline,
        others=[run.name for run in runs if run.name != comparison.baseline],
        protocols=list(dict.fromkeys(m.protocol for run in runs for m in run.scorecard.metrics)),
        findings=_findings(comparison),
        warnings=list(warnings(comparison)),
        decisions=list(until.decision_rows(comparison.decisions)),
        decided_warning=until.DECIDED_WARNING,
        ladder=_ladder(runs, verdicts, columns),
        ladder_figures=[
            *_ladder_figures(figure, comparison, found, columns),
            *(_plane_figures(figure, comparison, found, measures) if len(runs) > 2 else ()),
        ],
        steps=_steps(_whole(comparison.differences)),
        budgets=equal_budgets.sections(comparison, figure),
        of_thinking=thinking,
        matrices=list(_matrices(runs, found, verdicts, columns)),
        strips=list(_strips(runs, found, comparison.baseline)),
        swatches=[overlay.swatch(i) for i in range(len(runs))] if len(runs) <= overlay.MOST_RUNS else [],
        headlines=side_by_side(runs),
        differences=_by_pair(comparison.differences),
        extents=_extents(comparison.differences),
        held=_held(comparison),
        typed_decisions=groups(comparison.typed_decisions, lambda d: (d.run_a, d.run_b)),
        splits=_splits(comparison, from_baseline=True),
        split_steps=_splits(comparison, from_baseline=False),
        known=_known(comparison),
        known_columns=tables.columns(tables.measures_of(comparison.self_knowledge.values())),
        attempts=groups(_whole(attempts.attempted(comparison)), lambda of: (of.protocol, of.task, of.method)),
        attempts_of=attempts,
        counts=counts(runs),
        spending=_spending(runs),
        conventions=glossary(
            [
                *comparison.differences,
                *(m for of in (comparison.self_knowledge, comparison.attempts) for c in of.values() for m in c.metrics),
            ]
        ),
        fields=_differing_fields(runs),
    )


def _by_pair(differences: Iterable[Difference]) -> list[tuple[tuple[str, str], int, list]]:
    """((run A, run B), how many differences, these by protocol and metric)."""
    return [
        (pair, len(of_pair), groups(of_pair, lambda d: (d.protocol, d.metric)))
        for pair, of_pair in groups(differences, pair_of)
    ]


def _held(comparison: Comparison) -> list[tuple[tuple[str, str], list[tuple[HeldVerdict, str, str]]]]:
    """Per pair, the verdicts that were looked at under several wordings, in words."""
    return groups(
        [(v, wording.held(v), wording.changes(v)) for v in wording.shown(comparison)],
        lambda row: (row[0].run_a, row[0].run_b),
    )


def _whole(items: Iterable[T]) -> list[T]:
    """Those that are of whole reasonings; budgets have a section of their own."""
    return [item for item in items if is_whole(item.protocol)]


def _methods(found: dict[tuple, Metric]) -> list[tuple[str, list[str]]]:
    """(protocol, its methods)."""
    of_protocols = groups(dict.fromkeys(key[:2] for key in found), lambda key: key[0])
    return [(protocol, [method for _, method in keys]) for protocol, keys in of_protocols]


def _by_method(measure: MeasureInfo, methods: list[str]) -> list[tuple[str | None, list[str]]]:
    """(method, methods to look it up by): one that is None and has all of them for a metric that they share."""
    return [(method, [method]) for method in methods] if measure.of_confidences else [(None, methods)]


def _drawn(columns: Sequence[MeasureInfo]) -> Iterator[tuple[MeasureInfo, str]]:
    """The measures that the runs are shown by, each with what it means in a line."""
    return ((m, m.meaning) for m in columns if m.meaning is not None)


def _any(table: dict[tuple, Any], protocol: str, methods: list[str], metric: str, place: tuple, run: str) -> Any:
    """What a table has for the first of the methods that it has anything for; None if there is none."""
    keys = ((protocol, method, metric, *place, run) for method in methods)
    return next((table[key] for key in keys if key in table), None)


# -- in words ---------------------------------------------------------------------------------------------------------


def _findings(comparison: Comparison) -> list[tuple[Any, list]]:
    """(protocol, method) -> [(run, what its numbers say, what its change from the baseline is made of)]."""
    splits = {
        (s.run_b, s.protocol, s.method): s
        for s in comparison.splits
        if (s.run_a, s.task, s.metric) == (comparison.baseline, "macro", "ece")
    }
    verdicts = {
        (d.run_b, d.protocol, d.method): d.verdict
        for d in comparison.differences
        if (d.run_a, d.task, d.metric, d.subset) == (comparison.baseline, "macro", "ece", "all")
    }

    said = [
        (run.name, finding, _change(splits.get(key), verdicts.get(key), comparison.baseline))
        for run in comparison.runs
        for finding in headline.findings(run.scorecard)
        for key in [(run.name, finding.protocol, finding.method)]
    ]
    return groups(said, lambda item: (item[1].protocol, item[1].method))


def _splits(comparison: Comparison, *, from_baseline: bool) -> list[tuple[Any, list]]:
    """(run A, run B) -> what the changes of the means over tasks are made of, with the baseline as run A or without."""
    return groups(
        [
            s
            for s in _whole(comparison.splits)
            if s.task == "macro" and (s.run_a == comparison.baseline) == from_baseline
        ],
        pair_of,
    )


def _change(split: ChangeSplit | None, verdict: str | None, baseline: str) -> str:
    if split is None:
        return ""
    judged = f" ({verdict})" if verdict else ""
    parts = f"{text.signed(split.by_accuracy)} by accuracy, {text.signed(split.by_confidence)} by confidence"
    return f"ECE against {text.clip(baseline, 40)}: {text.signed(split.difference)}{judged}, of it {parts}."


# -- means over tasks -------------------------------------------------------------------------------------------------


def _ladder(runs: Sequence[RunSummary], verdicts: dict, columns: Sequence[MeasureInfo]) -> list[dict]:
    """Per protocol and method, the headline row of every run over all tasks, and its verdicts against the baseline."""
    means = {
        (row["protocol"], row["method"], run.name): row
        for run in runs
        for row in tables.headline(run.scorecard)
        if row["task"] == "macro"
    }
    before = [None, *runs]
    return [
        {
            "protocol": protocol,
            "method": method,
            "rows": [
                {
                    "run": run,
                    "cells": means.get((protocol, method, run.name)),
                    "verdicts": {
                        m.metric: verdicts.get((protocol, method, m.metric, *_ALL, run.name)) for m in columns
                    },
                    "same_kind": last is not None and last.kind == run.kind,
                }
                for last, run in zip(before, runs, strict=False)
            ],
        }
        for protocol, method in dict.fromkeys(key[:2] for key in means)
    ]


def _ladder_figures(
    figure: Callable, comparison: Comparison, found: dict, columns: Sequence[MeasureInfo]
) -> Iterator[dict]:
    """One figure for each protocol and main metric."""
    names = [run.name for run in comparison.runs]
    for protocol, methods in _methods(found):
        for measure, meaning in _drawn(columns):
            series = {
                method or "": [_any(found, protocol, of, measure.metric, _ALL, name) for name in names]
                for method, of in _by_method(measure, methods)
            }
            if any(m and m.value is not None for of_method in series.values() for m in of_method):
                heading = measure.title
                drawn = figures.ladder_figure(names, series, names.index(comparison.baseline))
                described = f"{heading} of every run, mean over tasks; its numbers are in the table above"
                yield _figure(heading, meaning, protocol, figure(drawn, described))


def _plane_figures(figure: Callable, comparison: Comparison, found: dict, measures: tables.Measures) -> Iterator[dict]:
    """Accuracy against ECE and against AUROC for each protocol and method, where there are three runs or more."""
    names = [run.name for run in comparison.runs]
    for protocol, methods in _methods(found):
        for method in methods:
            for measure in (measures["ece"], measures["auroc"]):
                axes = ("accuracy", measure.metric)
                points = [tuple(_any(found, protocol, [method], m, _ALL, name) for m in axes) for name in names]
                if sum(all(m and m.value is not None for m in point) for point in points) > 2:
                    heading = f"Accuracy and {measure.title}"
                    labels = "accuracy", measure.title
                    best = "upper" if measure.better == "higher" else "lower"
                    drawn = figures.plane_figure(names, points, labels, names.index(comparison.baseline))
                    described = f"{heading} of every run by method {method}; the numbers are in the table above"
                    meaning = f"By {text.clip(method, 24)}; the {best} right corner is best."
                    yield _figure(heading, meaning, protocol, figure(drawn, described))


def _figure(heading: str, meaning: str, protocol: str, svg: Markup) -> dict:
    return {"heading": heading, "meaning": meaning, "protocol": protocol, "svg": svg}


def _steps(differences: Iterable[Difference]) -> list[tuple[Any, list]]:
    """(protocol, method) -> [((run A, run B), {metric: difference of the mean over tasks})]."""
    means = [d for d in differences if d.task == "macro"]
    return [
        (key, [(pair, {d.metric: d for d in of_pair}) for pair, of_pair in groups(rows, pair_of)])
        for key, rows in groups(means, lambda d: (d.protocol, d.method))
    ]


def _known(comparison: Comparison) -> dict[str, list]:
    """What each run knows beyond difficulty, on average and by task: ((protocol, method, task), of every run)."""
    rows = groups(self_knowledge.known(comparison), lambda of: (of.row["protocol"], of.row["method"], of.row["task"]))
    return {
        "means": [item for item in rows if item[0][2] == "macro"],
        "tasks": [item for item in rows if item[0][2] != "macro"],
    }


# -- by domain and task -----------------------------------------------------------------------------------------------


def _matrices(
    runs: Sequence[RunSummary], found: dict, verdicts: dict, columns: Sequence[MeasureInfo]
) -> Iterator[dict]:
    """For every protocol, main metric and method: a row per domain and task, with a cell and a verdict per run."""
    for protocol, methods in _methods(found):
        for measure, _ in _drawn(columns):
            for method, of in _by_method(measure, methods):
                rows = []
                for place in _places(runs):
                    cells, signs = (
                        [_any(table, protocol, of, measure.metric, place["key"], run.name) for run in runs]
                        for table in (found, verdicts)
                    )
                    if any(cells):
                        rows.append(place | {"cells": cells, "verdicts": signs})
                if rows:
                    yield {"protocol": protocol, "metric": measure.metric, "method": method, "rows": rows}


def _places(runs: Sequence[RunSummary]) -> list[dict]:
    """The rows of a matrix: each domain of several tasks with its tasks below it, other tasks, the mean over all."""
    domains = {count.task: count.domain for run in runs for count in run.counts}
    places = []
    for domain, tasks in groups(sorted(domains, key=lambda task: (domains[task], task)), domains.get):
        several = 1 < len(tasks) < len(domains)
        if several:
            places.append(_place("macro", f"domain={domain}", domain))
        places += [_place(task, "all", None if several else domain, below=several) for task in tasks]
    return [*places, _place(*_ALL, None)]


def _place(task: str, subset: str, domain: str | None, *, below: bool = False) -> dict:
    return {"key": (task, subset), "domain": domain, "below": below}


def _strips(runs: Sequence[RunSummary], found: dict, baseline: str) -> Iterator[dict]:
    """Per protocol, task and method the diagrams of the runs, all to one scale, the baseline behind each of them."""
    strips, curves = (
        _by_place(runs, lambda run: [d for d in run.scorecard.reliability if d.n_used]),
        _by_place(runs, lambda run: run.scorecard.risk_coverage),
    )
    for key, diagrams in strips.items():
        protocol, task, method, subset = key
        tallest = max((small_multiples.tallest_share(d) for d in diagrams.values()), default=0)
        panels = []
        for run in runs:
            shown = diagrams.get(run.name)
            panel = {
                "run": run.name,
                "diagram": shown,
                "ece": found.get((protocol, method, "ece", task, subset, run.name)),
            }
            if shown:
                behind = None if run.name == baseline else diagrams.get(baseline)
                name = text.visible(f"Reliability of {run.name} in {task} by {method}; the numbers are below")
                panel["svg"] = Markup(small_multiples.small_multiple(shown, behind, tallest, name))
            panels.append(panel)
        edges = [(b.low, b.high) for b in next(iter(diagrams.values())).bins]
        bins = [(edge, [_bin(p["diagram"], edge) for p in panels]) for edge in edges]
        filled = [(edge, cells) for edge, cells in bins if any(b and b.n for b in cells)]
        place = {"protocol": protocol, "task": task, "method": method, "subset": subset}
        yield place | {
            "panels": panels,
            "bins": filled,
            "overlays": _overlays(runs, place, diagrams, curves.get(key, {})),
        }


def _by_place(runs: Sequence[RunSummary], of: Callable) -> dict[tuple, dict[str, Any]]:
    """(protocol, task, method, subset) -> run -> what it has there."""
    found: dict[tuple, dict[str, Any]] = {}
    for run in runs:
        for one in of(run):
            found.setdefault((one.protocol, one.task, one.method, one.subset), {})[run.name] = one
    return found


def _overlays(runs: Sequence[RunSummary], place: dict, diagrams: dict, curves: dict) -> list[dict]:
    """All runs in one axes: reliability, and risk against coverage; nothing for more runs than can be told apart."""
    if not 1 < len(runs) <= overlay.MOST_RUNS:
        return []
    where = text.visible(f"all runs in {place['task']} by {place['method']}; the numbers are below")
    shown = [
        {
            "title": "Accuracy against confidence",
            "svg": overlay.reliability_overlay([diagrams.get(run.name) for run in runs], f"Reliability: {where}"),
        }
    ]
    if any(curve.points for curve in curves.values()):
        risks = overlay.risk_overlay([curves.get(run.name) for run in runs], f"Risk against coverage: {where}")
        shown.append({"title": "Share of errors against share kept", "svg": risks})
    return shown


def _bin(diagram: Any, edge: tuple[float, float]) -> Any:
    return next((b for b in diagram.bins if (b.low, b.high) == edge), None) if diagram else None


def _spending(runs: Sequence[RunSummary]) -> list[tuple[str, Spending]]:
    """(run, what its answers cost), by task."""
    rows = [(run.name, spent) for run in runs for spent in run.spending]
    return [row for _, of_task in groups(rows, lambda row: (row[1].protocol, row[1].task)) for row in of_task]


def _extents(differences: Iterable[Difference]) -> dict[str, float]:
    """Per metric the largest distance from 0 that an interval reaches: the half width of its axis."""
    ends = [(d.metric, abs(end)) for d in differences for end in (d.low, d.high) if end is not None]
    return {metric: max(0.01, *(end for _, end in group)) for metric, group in groups(ends, lambda pair: pair[0])}


def _differing_fields(runs: Sequence[RunSummary]) -> list[tuple[str, list]]:
    """Field of the manifest -> [(value, names of the runs)], value None where the field is not there."""
    flat = {run.name: dict(flatten(run.manifest)) for run in runs}
    fields = dict.fromkeys(field for of_run in flat.values() for field in of_run)
    by_field = ((field, by_value({name: of_run.get(field) for name, of_run in flat.items()})) for field in fields)
    return [(field, values) for field, values in by_field if len(values) > 1]
