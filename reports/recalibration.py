"""A run before and after recalibration: its page, and the same numbers as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markupsafe import Markup

from calibench.records import MeasureInfo, Metric, Reliability
from calibench.reports import small_multiples, tables, text
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.page import glossary, groups, render
from calibench.results import Difference, Recalibrated

_MARKS = {"better": "+", "worse": text.MINUS, "equivalent": "=", "undecided": ""}


def recalibration_report(result: Recalibrated) -> str:
    """The page of a recalibrated run."""
    measures, judged = _measures(result), _judged(result)
    return render(
        "recalibration.html",
        result=result,
        measures=measures,
        metrics=judged,
        higher=[title for name, title in judged.items() if measures[name].better == "higher"],
        protocols=list(dict.fromkeys(fit.protocol for fit in result.fits)),
        tables=_tables(result),
        strips=list(_strips(result)),
        fits=groups(result.fits, lambda fit: (fit.protocol, fit.task, fit.method)),
        glossary=glossary(m for m in _metrics(result, result.before) if m.task != "macro" and m.metric in judged),
    )


def recalibration_text(result: Recalibrated) -> str:
    """Plain text for a terminal: every task's numbers before and after, then the differences of the mean over tasks."""
    several, judged = len({fit.protocol for fit in result.fits}) > 1, _judged(result)
    lines = [["", *judged.values()]]
    for (protocol, task, method), rows in _tables(result):
        lines.append([text.label(task, method, 50) + (f" ({protocol})" if several else ""), *[""] * len(judged)])
        cells = [[f"  {row['name']}", *(_cell(row, metric) for metric in judged)] for row in rows]
        lines += [row for row in cells if set(row[1:]) != {text.UNDEFINED}]
    signs = f"+ better, {text.MINUS} worse, = equivalent to what was read (paired differences, Holm)"
    changes = [["mean over tasks", "metric", "from", "to", "difference", "p (Holm)", "verdict"]]
    for d in result.differences:
        if d.task == "macro" and d.metric in judged and d.difference is not None:
            change = f"{text.signed(d.difference)} {text.interval(d.low, d.high)}".strip()
            of = f" ({d.protocol})" if several else ""
            names = [text.label(d.run_b, d.method, 36) + of, judged[d.metric]]
            values = [text.number(d.a), text.number(d.b), change, text.p_value(d.p_holm), d.verdict]
            changes.append([*names, *values])
    undefined = [
        f"{text.UNDEFINED} {text.label(fit.task, fit.method, 40)}, {fit.recalibration}: {fit.reason}"
        for fit in result.fits
        if fit.reason
    ]
    parts = [result.how, tables.align(lines), signs]
    if len(changes) > 1:
        parts.append(tables.align(changes))
    parts.append("\n".join(undefined))
    return "\n\n".join(part for part in parts if part)


def recalibration_table(results: Mapping[str, Recalibrated]) -> Table:
    """Every task's numbers before and after, of each run."""
    judged = {name: title for result in results.values() for name, title in _judged(result).items()}
    names = [name_column(title) for title in ("Run", "Protocol", "Task", "Method", "Map")]
    numbers = [Column(title, (name, f"{name}_low", f"{name}_high")) for name, title in judged.items()]
    lines = []
    of_runs = [(run, *part) for run, result in results.items() for part in _tables(result)]
    for run, (protocol, task, method), rows in of_runs:
        for row in rows:
            cells = [name_cell(name) for name in (run, protocol, task, method, row["name"])]
            for metric in judged:
                found = row["metrics"].get(metric)
                values = (None, None, None) if found is None else (found.value, found.low, found.high)
                cells.append(TableCell(_cell(row, metric), values))
            lines.append(tuple(cells))
    return Table((*names, *numbers), tuple(lines))


def _measures(result: Recalibrated) -> dict[str, MeasureInfo]:
    return tables.measures_of(result.scorecards.values())


def _judged(result: Recalibrated) -> dict[str, str]:
    """The metrics that are shown -> their headings: those that the maps are judged by."""
    measures = _measures(result)
    return {d.metric: measures[d.metric].title for d in result.differences}


def _cell(row: dict, metric: str) -> str:
    found, change = row["metrics"].get(metric), row["changes"].get(metric)
    if found is None or found.value is None:
        return text.UNDEFINED
    mark = _MARKS[change.verdict] if change else ""
    return f"{text.number(found.value)} {text.interval(found.low, found.high)} {mark}".strip()


def _metrics(result: Recalibrated, name: str) -> Iterable[Metric]:
    return result.scorecards[name].metrics


def _tables(result: Recalibrated) -> list[tuple[tuple[str, str, str], list[dict]]]:
    """(protocol, task, method) -> a row before and one per recalibration; the mean over several tasks comes first."""
    found: dict[tuple, dict[str, dict[str, Metric]]] = {}
    for name in result.scorecards:
        for m in _metrics(result, name):
            found.setdefault((m.protocol, m.task, m.method), {}).setdefault(name, {})[m.metric] = m
    changes: dict[tuple, dict[str, Difference]] = {}
    for d in result.differences:
        changes.setdefault((d.protocol, d.task, d.method, d.run_b), {})[d.metric] = d
    reasons = _reasons(result)
    several = len({task for _, task, _ in found}) > 2
    keys = [key for key in found if several or key[1] != "macro"]
    return [
        (key, [
            {
                "name": name, "metrics": of_name, "changes": changes.get((*key, name), {}),
                "reason": reasons.get((*key, name)),
            }
            for name, of_name in found[key].items()
        ])
        for key in sorted(keys, key=lambda key: (key[0], key[1] != "macro", key[1], key[2]))
    ]  # fmt: skip


def _reasons(result: Recalibrated) -> dict[tuple[str, str, str, str], str | None]:
    """(protocol, task, method, recalibration) -> why it has no number; for the mean, if it is the same in all tasks."""
    reasons = {(fit.protocol, fit.task, fit.method, fit.recalibration): fit.reason for fit in result.fits}
    for (protocol, method, name), fits in groups(result.fits, lambda f: (f.protocol, f.method, f.recalibration)):
        of_tasks = {fit.reason for fit in fits}
        reasons[protocol, "macro", method, name] = of_tasks.pop() if len(of_tasks) == 1 else None
    return reasons


def _strips(result: Recalibrated) -> Iterator[dict[str, Any]]:
    """Per protocol, task and method the diagrams before and after, to one scale, the one before behind the others."""
    found: dict[tuple, dict[str, Reliability]] = {}
    for name, card in result.scorecards.items():
        for diagram in card.reliability:
            if diagram.n_used:
                found.setdefault((diagram.protocol, diagram.task, diagram.method), {})[name] = diagram
    eces = {
        (m.protocol, m.task, m.method, name): m
        for name in result.scorecards
        for m in _metrics(result, name)
        if m.metric == "ece"
    }
    for key, diagrams in found.items():
        tallest = max(small_multiples.tallest_share(diagram) for diagram in diagrams.values())
        panels = []
        for name, diagram in diagrams.items():
            behind = None if name == result.before else diagrams.get(result.before)
            said = text.visible(f"Reliability of {key[2]} in {key[1]}, {name}; its ECE is in the table above")
            svg = Markup(small_multiples.small_multiple(diagram, behind, tallest, said))
            panels.append({"name": name, "diagram": diagram, "ece": eces.get((*key, name)), "svg": svg})
        yield dict(zip(("protocol", "task", "method"), key, strict=True)) | {"panels": panels}
