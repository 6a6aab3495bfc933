"""Compared runs at equal thinking budgets: what each is worth where all reasonings end after as many tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from calibench.reports import tables
from calibench.reports.formats import Table
from calibench.reports.length import lines_figure
from calibench.reports.page import groups
from calibench.reports.text import UNDEFINED, clip, interval, label, number, signed
from calibench.reports.thinking import confidences, line, metric, of_total, points_table
from calibench.results import Comparison, Difference
from calibench.results.thinking import WHOLE, ThinkingPoint

_TOLD = {"accuracy": "accuracy", "ece": "ECE"}
"""What a terminal has room for."""


class AtBudget(NamedTuple):
    """One run at one budget, in one task or on average, by one method."""

    protocol: str
    """Of the whole reasonings."""
    task: str
    method: str
    run: str
    point: ThinkingPoint
    changes: dict[str, Difference]
    """By metric, how the run differs from the baseline at this budget, on the questions that both have."""


def at_budgets(comparison: Comparison) -> Iterator[AtBudget]:
    """By protocol, task, method and budget, the runs in their order; of budgets that two runs or more have, whole
    reasonings among them. Nothing where runs share no other budget."""
    changes: dict[tuple[str, str, str, str], dict[str, Difference]] = {}
    for d in comparison.differences:
        if (d.run_a, d.subset) == (comparison.baseline, "all"):
            changes.setdefault((d.run_b, d.protocol, d.task, d.method), {})[d.metric] = d
    points: dict[tuple[str, str, str], dict[str, dict[str, ThinkingPoint]]] = {}
    for run in comparison.runs:
        for curve in run.thinking:
            of_budgets = points.setdefault((curve.protocol, curve.task, curve.method), {})
            for point in curve.points:
                of_budgets.setdefault(point.budget, {})[run.name] = point
    for (protocol, task, method), of_budgets in points.items():
        shared = sorted((budget for budget, of_runs in of_budgets.items() if len(of_runs) > 1), key=_place)
        for budget in shared if shared != [WHOLE] else ():
            for run_name, point in of_budgets[budget].items():
                changed = changes.get((run_name, point.protocol, task, method), {})
                yield AtBudget(protocol, task, method, run_name, point, changed)


def _place(budget: str) -> tuple[bool, bool, int]:
    """By tokens, then by shares, then whole."""
    return (True, True, 0) if budget == WHOLE else (False, budget.endswith("%"), int(budget.removesuffix("%")))


def _is_mean(of: AtBudget, several: set[str]) -> bool:
    """Whether it stands for all tasks: it is their mean, or of the one task of its protocol."""
    return of.task == "macro" or of.protocol not in several


def _by_group(comparison: Comparison) -> list[tuple[tuple[str, str, str], list[AtBudget], bool]]:
    """((protocol, task, method), its rows, whether they stand for all tasks)."""
    rows = list(at_budgets(comparison))
    several = {of.protocol for of in rows if of.task == "macro"}
    found = groups(rows, lambda of: (of.protocol, of.task, of.method))
    return [(key, of_group, _is_mean(of_group[0], several)) for key, of_group in found]


def sections(comparison: Comparison, figure: Callable) -> list[dict[str, Any]]:
    """Per protocol, task and method the rows of each budget; for those that stand for all tasks (`first`), accuracy
    and ECE of the runs by the tokens that they generate."""
    found = []
    for (protocol, task, method), rows, is_mean in _by_group(comparison):
        drawn = []
        for name, title in _TOLD.items() if is_mean else ():
            lines = [
                line(clip(run, 24), [of.point for of in of_run], name, lambda point: point.tokens)
                for run, of_run in groups(rows, lambda of: of.run)
            ]
            if lines := [one for one in lines if one[1]]:
                heading = f"{title[0].upper()}{title[1:]} by mean generated tokens"
                described = f"{heading} of every run, by method {method}; the numbers are in the table below"
                drawn.append((heading, figure(lines_figure(lines, "mean generated tokens"), described)))
        found.append({
            "protocol": protocol, "task": task, "method": method, "first": is_mean, "figures": drawn,
            "budgets": groups(rows, lambda of: of.point.budget),
        })  # fmt: skip
    return found


def equal_budgets_text(comparison: Comparison) -> str:
    """Plain text for a terminal: the means over tasks; empty where runs share no budget."""
    parts = []
    for (protocol, task, method), rows, is_mean in _by_group(comparison):
        if is_mean:
            heads = ["budget", "run", "tokens", "truncated"]
            lines = [[*heads, *(part for title in _TOLD.values() for part in (title, "B − A")), "n used/total"]]
            for budget, of_budget in groups(rows, lambda of: of.point.budget):
                for of in of_budget:
                    lines.append([
                        budget, clip(of.run, 18), number(of.point.tokens, 0), number(of.point.truncated, 2),
                        *(part for name in _TOLD for part in (_value(of.point, name), _change(of.changes.get(name)))),
                        of_total(confidences(of.point)),
                    ])  # fmt: skip
                    budget = ""
            parts.append(f"{label(task, method, 40)}, {protocol}\n{tables.align(lines)}")
    if not parts:
        return ""
    return "\n\n".join([f"At equal thinking budgets, against {clip(comparison.baseline, 60)} (A)", *parts])


def _value(point: ThinkingPoint, name: str) -> str:
    found = metric(point, name)
    return UNDEFINED if found is None else number(found.value)


def _change(found: Difference | None) -> str:
    if found is None or found.difference is None:
        return ""
    return f"{signed(found.difference)} {interval(found.low, found.high, 2)} {found.verdict}"


def equal_budgets_table(comparison: Comparison) -> Table:
    """A row per protocol, task, method, budget and run, with the differences from the baseline."""
    rows: Iterator[tuple[tuple[str, str, str, str], ThinkingPoint, Mapping[str, Difference]]] = (
        ((of.run, of.protocol, of.task, of.method), of.point, of.changes) for of in at_budgets(comparison)
    )
    return points_table(rows, f"against {clip(comparison.baseline, 40)}")
