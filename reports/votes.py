"""Votes by number of draws: their page, and their table for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from calibench.records import Metric
from calibench.reports import figures, text
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.page import figure_maker, glossary, groups, render
from calibench.reports.tables import Measures, align
from calibench.results import Reach, Votes, VotesRun

_NONE = "none"
_VOTE_ROLES = ("correct", "incorrect", "muted")
_RUN_ROLES = ("correct", "incorrect", "ink", "muted")
_MARKERS = "sD^v"
_FIGURES = ("accuracy", "ece", "brier")
"""Quantities of votes by their number."""
_COLUMNS = {
    "single": "majority_accuracy",
    "majority": "majority_accuracy",
    "weighted": "weighted_accuracy",
    "gain": "weighted_gain",
    "best": "best_accuracy",
    "oracle": "oracle_accuracy",
}
"""Column of the headline -> its metric; `single` is that of one draw, the others are of all."""


def rows(run: VotesRun) -> list[dict[str, Any]]:
    """The headline rows of a run: per protocol and task, macro last, one per method (`none` without any).

    A row has `protocol`, `task`, `method`, `k` (all draws), `reference` (10 draws, or half of them where there are no
    more), and metrics, None where there is none: `_COLUMNS` at k, `wqd`, `wqd_by_question`, `equals` at the reference.
    """
    found = {(m.protocol, m.task, m.method, m.subset, m.metric): m for m in run.metrics}
    keys = list(dict.fromkeys((m.protocol, m.task) for m in run.metrics))
    return [
        _row(found, protocol, task, method)
        for protocol, task in sorted(keys, key=lambda key: (key[0], key[1] == "macro"))
        for method in sorted({key[2] for key in found if key[:2] == (protocol, task)} - {_NONE}) or [_NONE]
    ]


def _row(found: dict[tuple, Metric], protocol: str, task: str, method: str) -> dict[str, Any]:
    k = max(_draws(m) for key, m in found.items() if key[:2] == (protocol, task) and m.subset != "all")
    reference = 10 if k > 10 else max(1, k // 2)

    def metric(of: str, subset: str, name: str) -> Metric | None:
        return found.get((protocol, task, of, subset, name))

    return {
        "protocol": protocol,
        "task": task,
        "method": method,
        "k": k,
        "reference": reference,
        "single": metric(_NONE, "k=1", _COLUMNS["single"]),
        "majority": metric(_NONE, f"k={k}", _COLUMNS["majority"]),
        "weighted": metric(method, f"k={k}", _COLUMNS["weighted"]),
        "gain": metric(method, f"k={k}", _COLUMNS["gain"]),
        "best": metric(method, f"k={k}", _COLUMNS["best"]),
        "oracle": metric(_NONE, f"k={k}", _COLUMNS["oracle"]),
        "wqd": metric(method, "all", "wqd"),
        "wqd_by_question": metric(method, "all", "wqd_by_question"),
        "equals": metric(method, f"k={reference}", "weighted_equals"),
    }


def votes_text(votes: Votes) -> str:
    """Plain text for a terminal: accuracy of votes with all draws, what else the draws hold, who reaches whom."""
    parts = []
    titles = {m.metric: m.title for m in votes.measures}
    several = len({m.protocol for run in votes.runs for m in run.metrics}) > 1
    shown = [titles[_COLUMNS[column]] for column in ("majority", "weighted", "gain", "best", "oracle")]
    for run in votes.runs:
        first = [["", "K", "Single", *shown[:3]]]
        second = [["", *shown[3:], titles["wqd"], titles["weighted_equals"]]]
        for row in rows(run):
            name = text.label(row["task"], row["method"], 26) + (f" ({row['protocol']})" if several else "")
            single, gain = text.number(row["single"].value), _cell(row["gain"], sign=True)
            first.append([name, str(row["k"]), single, _cell(row["majority"]), _cell(row["weighted"]), gain])
            second.append([name, *(_cell(row[c]) for c in ("best", "oracle", "wqd")), _equal(row)])
        parts += [text.clip(run.name, 100)] * (len(votes.runs) > 1) + [align(first), align(second)]
    parts.append(
        "Equal draws: how many weighted by the confidence are as accurate as how many by majority;\n"
        f"{text.UNDEFINED} where the run has no such number."
    )
    macro = [reach for reach in votes.reaches if reach.task == "macro"]
    parts.append("\n".join(_sentence(reach) + (f" ({reach.protocol})" if several else "") for reach in macro))
    return "\n\n".join(part for part in parts if part)


def votes_table(votes: Votes) -> Table:
    """What `votes_text` shows of each run."""
    titles = {m.metric: m.title for m in votes.measures}
    names = [name_column(title) for title in ("Run", "Protocol", "Task", "Method")]
    shown = {**_COLUMNS, "wqd": "wqd"}
    numbers = [
        Column("Single" if column == "single" else titles[metric], (column, f"{column}_low", f"{column}_high"))
        for column, metric in shown.items()
    ]
    equals = Column(titles["weighted_equals"], ("reference_draws", "equal_draws"))
    lines = []
    for run in votes.runs:
        for row in rows(run):
            cells = [name_cell(name) for name in (run.name, row["protocol"], row["task"], row["method"])]
            cells.append(TableCell(str(row["k"]), (row["k"],)))
            for column in shown:
                m = row[column]
                values = (None, None, None) if m is None else (m.value, m.low, m.high)
                cells.append(TableCell(_cell(m, sign=column == "gain"), values))
            cells.append(TableCell(_equal(row), (row["reference"], row["equals"] and row["equals"].value)))
            lines.append(tuple(cells))
    return Table((*names, Column("K", ("draws",)), *numbers, equals), tuple(lines))


def _cell(metric: Metric | None, sign: bool = False) -> str:
    if metric is None:
        return text.UNDEFINED
    shown = text.signed(metric.value) if sign else text.number(metric.value)
    return f"{shown} {text.interval(metric.low, metric.high)}".strip()


def _equal(row: dict[str, Any]) -> str:
    """With how many draws the majority vote does what the weighted one does with the reference number."""
    if row["equals"] is None:
        return text.UNDEFINED
    value = row["equals"].value
    return f"{row['reference']} equal {text.UNDEFINED if value is None else text.number(value, 1)}"


def _sentence(reach: Reach) -> str:
    names = text.clip(reach.run, 40), text.clip(reach.other, 40)
    verb = {"reaches": "reaches", "falls short": "falls short of", "undecided": "may or may not reach"}[reach.verdict]
    change = f"{text.signed(reach.difference)} {text.interval(reach.low, reach.high)}".strip()
    equals = f"; equal to {text.number(reach.equals, 1)} of its draws" if reach.equals is not None else ""
    return (
        f"{names[0]} with {reach.k} draws weighted by {reach.method} ({text.number(reach.value)}) {verb} {names[1]} "
        f"with {reach.other_k} by majority ({text.number(reach.other_value)}): "
        f"{change}{equals}"
    )


def votes_report(votes: Votes) -> str:
    """The page."""
    figure, measures = figure_maker(), {m.metric: m for m in votes.measures}
    of_runs = [(run, rows(run)) for run in votes.runs]
    protocols = sorted({row["protocol"] for _, of in of_runs for row in of})
    return render(
        "votes.html",
        runs=votes.runs,
        notes=votes.notes,
        protocols=protocols,
        columns={name: "One draw" if name == "single" else measures[m].title for name, m in _COLUMNS.items()},
        signed=[name for name, m in _COLUMNS.items() if measures[m].signed],
        measures=measures,
        tables=[
            (key, groups(of_run, lambda row: row["task"]))
            for run, of in of_runs
            for key, of_run in groups(of, lambda row, run=run: (row["protocol"], run.name))
        ],
        findings=[_finding(run, row) for run, of in of_runs for row in of if row["task"] == "macro"],
        reaches=groups(votes.reaches, lambda r: (r.protocol, r.run, r.other, r.method)),
        sentence=_sentence,
        figures=list(_figures(figure, votes, measures)),
        conventions=glossary(m for run in votes.runs for m in run.metrics if m.task != "macro"),
    )


def _finding(run: VotesRun, row: dict[str, Any]) -> dict[str, str]:
    """What the mean over tasks says about votes weighted by one method."""
    gain, single, majority = row["gain"], row["single"], row["majority"]
    words = [
        f"One draw is right in {text.number(single.value)} of the questions, the most frequent of {row['k']} in "
        f"{text.number(majority.value)}."
    ]
    verdict, title = "undefined", "Majority vote only"
    if gain is not None and gain.value is not None:
        shown = gain.low is not None and gain.high is not None
        up, down = shown and gain.low > 0, shown and gain.high < 0
        verdict = "better" if up else "worse" if down else "undecided"
        title = {"better": "Weighing helps", "worse": "Weighing hurts", "undecided": "No gain shown"}[verdict]
        words.append(f"Weighing by the confidence changes that by {_cell(gain, sign=True)}.")
    equals = row["equals"]
    if equals is not None and equals.value is not None:
        words.append(f"{row['reference']} weighted draws do what {text.number(equals.value, 1)} do by majority.")
    wqd = row["wqd"]
    if wqd is not None and wqd.value is not None:
        words.append(
            f"Of a right and a wrong draw of one question, the right one has more confidence with {_cell(wqd)}."
        )
    return {"run": run.name, "method": row["method"], "verdict": verdict, "title": title, "text": " ".join(words)}


def _figures(figure: Callable, votes: Votes, measures: Measures) -> Iterator[dict[str, Any]]:
    """Per protocol and task, macro first: the three figures, the names of their lines, and all their points."""
    keys = list(dict.fromkeys((m.protocol, m.task) for run in votes.runs for m in run.metrics))
    for protocol, task in sorted(keys, key=lambda key: (key[0], key[1] != "macro", key[1])):
        of_runs = [(run, [m for m in run.metrics if (m.protocol, m.task) == (protocol, task)]) for run in votes.runs]
        panels = []
        for quantity in _FIGURES:
            measure = measures[f"majority_{quantity}"]
            ylabel = quantity if quantity == "accuracy" else measure.title
            curves = list(_curves(of_runs, quantity))
            label = f"{ylabel} of {task} by number of draws; its numbers are in the table below it"
            svg = figure(figures.curve_figure(curves, ylabel), label)
            panels.append({"svg": svg, "title": ylabel, "text": measure.meaning, "curves": curves})
        ks = sorted({_draws(m) for _, of in of_runs for m in of if m.subset != "all"})
        yield {"protocol": protocol, "task": task, "panels": panels, "ks": [f"k={k}" for k in ks]}


def _curves(of_runs: Sequence[tuple[VotesRun, list[Metric]]], quantity: str) -> Iterator[figures.Curve]:
    """One run's votes by colour; of several runs, the runs by colour."""
    several = len(of_runs) > 1
    for i, (run, metrics) in enumerate(of_runs):
        lines: dict[tuple[str, str], list[Metric]] = {}
        for m in metrics:
            lines.setdefault((m.metric, m.method), []).append(m)
        methods = sorted({method for _, method in lines} - {_NONE})
        prefix = f"{text.clip(run.name, 24)}: " if several else ""
        role = _RUN_ROLES[i % len(_RUN_ROLES)] if several else "ink"
        yield figures.Curve(f"{prefix}majority", lines.get((f"majority_{quantity}", _NONE), []), role, "o")
        for j, method in enumerate(methods):
            of_method = role if several else _VOTE_ROLES[j % len(_VOTE_ROLES)]
            name, marker = f"{prefix}weighted by {text.clip(method, 24)}", _MARKERS[j % len(_MARKERS)]
            yield figures.Curve(name, lines.get((f"weighted_{quantity}", method), []), of_method, marker)
            if not several and quantity == "accuracy":
                best = lines.get(("best_accuracy", method), [])
                yield figures.Curve(f"most confident by {text.clip(method, 24)}", best, of_method, "")
        if not several and quantity == "accuracy":
            yield figures.Curve("any right", lines.get(("oracle_accuracy", _NONE), []), "ink", "")


def _draws(metric: Metric) -> int:
    return int(metric.subset.removeprefix("k="))
