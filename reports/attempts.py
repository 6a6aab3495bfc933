"""What compared runs attempt and decline, and how they do on what all of them attempt or only some: rows, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from calibench.records import Metric
from calibench.reports import tables
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.text import UNDEFINED, clip, interval, label, number
from calibench.results import Comparison
from calibench.results.thinking import is_whole

SUBSETS = {"attempted=by all": "By all", "attempted=by some": "By some only"}
METRICS = {"accuracy_answered": "accuracy", "ece": "ECE", "brier": "Brier", "auroc": "AUROC"}
SHARES = {"attempt_rate": "Attempted", "declined_known": "Declined, another knows"}


class Attempted(NamedTuple):
    """One run, in one task or on average, by one method."""

    run: str
    protocol: str
    task: str
    method: str
    found: dict[tuple[str, str], Metric]
    """(subset, metric) -> its row."""


def attempted(comparison: Comparison) -> Iterator[Attempted]:
    """By protocol, task and method, the mean over several tasks last; runs in their order."""
    rows: dict[tuple[str, str, str, str], dict[tuple[str, str], Metric]] = {}
    for run, card in comparison.attempts.items():
        shares = {(m.protocol, m.task, m.metric): m for m in card.metrics if m.subset == "all"}
        for m in card.metrics:
            if m.subset != "all":
                of = rows.setdefault((m.protocol, m.task, m.method, run), {})
                of[m.subset, m.metric] = m
                of |= {("all", n): s for n in SHARES if (s := shares.get((m.protocol, m.task, n)))}
    tasks = {(protocol, task) for protocol, task, *_ in rows if task != "macro"}
    one = {protocol for protocol, _ in tasks if sum(of == protocol for of, _ in tasks) == 1}
    order = list(comparison.attempts)
    for key in sorted(rows, key=lambda key: (key[0], key[1] == "macro", key[1], key[2], order.index(key[3]))):
        protocol, task, method, run = key
        if task != "macro" or protocol not in one:
            yield Attempted(run, protocol, task, method, rows[key])


def attempts_text(comparison: Comparison) -> str:
    """Plain text for a terminal, of whole reasonings; empty where no run declined what another attempted."""
    lines = [["", *SHARES.values(), *(f"{title}: n, accuracy, ECE" for title in SUBSETS.values())]]
    for of in filter(lambda of: is_whole(of.protocol), attempted(comparison)):
        cells = [number(m.value, 2) if (m := of.found.get(("all", name))) else UNDEFINED for name in SHARES]
        for subset in SUBSETS:
            right, ece = (of.found.get((subset, name)) for name in ("accuracy_answered", "ece"))
            cells.append(
                f"{right.n_used:,}, {number(right.value)} {interval(right.low, right.high, 2)},"
                f" {number(ece.value if ece else None)}" if right else "none"
            )  # fmt: skip
        lines.append([f"{clip(of.run, 18)}: {label(of.task, of.method, 24)}", *cells])
    return f"Attempted by all runs, and by some only\n\n{tables.align(lines)}" if len(lines) > 1 else ""


def attempts_table(comparison: Comparison) -> Table:
    """A row per protocol, task, method and run."""
    names = [name_column(title) for title in ("Run", "Protocol", "Task", "Method")]
    of_all = [("all", name, title) for name, title in SHARES.items()]
    parts = [(subset, name, f"{title}: {m}") for subset, title in SUBSETS.items() for name, m in METRICS.items()]
    columns = [
        Column(title, tuple(f"{subset.partition('=')[2].replace(' ', '_') or 'all'}_{name}{end}" for end in _ENDS))
        for subset, name, title in (*of_all, *parts)
    ]
    rows = [
        (
            *map(name_cell, (of.run, of.protocol, of.task, of.method)),
            *(_cell(of.found.get((subset, name))) for subset, name, _ in (*of_all, *parts)),
        )
        for of in attempted(comparison)
    ]
    return Table((*names, *columns), tuple(rows))


_ENDS = ("", "_low", "_high", "_n")


def _cell(m: Metric | None) -> TableCell:
    if m is None:
        return TableCell(UNDEFINED, (None,) * len(_ENDS))
    return TableCell(f"{number(m.value)} {interval(m.low, m.high)}".strip(), (m.value, m.low, m.high, m.n_used))
