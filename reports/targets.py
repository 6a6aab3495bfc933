"""Saying and doing: whether a model that is told how sure to be before it answers does what its confidences say."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from calibench.errors.characters import one_line
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.tables import align
from calibench.reports.text import UNDEFINED, interval, label, number, signed
from calibench.results import RunSummary
from calibench.results.targets import Estimated, TargetNumbers

_COLUMNS = {
    "answered": "Answered", "accuracy": "Right", "utility": "Earned", "utility_by_confidence": "By confidence",
    "difference": "Difference", "agreement": "Agreement",
}  # fmt: skip
_BEST = (
    "best_utility",
    "best_threshold",
    "best_answered",
    "answers_unsure",
    "declines_sure",
    "n_agreement",
    "n",
    "n_questions",
)


def _percent(share: float | None) -> str:
    return UNDEFINED if share is None else f"{100 * share:.0f} %"


def sentence(found: TargetNumbers) -> str:
    """What a model does under a target, and what it would do by its confidences, in words."""
    right = "" if found.accuracy.value is None else f" ({_percent(found.accuracy.value)} of them right)"
    words = (
        f"Told to answer only if more than {100 * found.target:g} % sure, it answers {_percent(found.answered.value)}"
        f"{right} and earns {signed(found.utility.value, 2)} per question; by its confidences without a target it would"
        f" earn {signed(found.utility_by_confidence.value, 2)}."
    )
    over = ", as a mean over tasks" if found.task == "macro" else ""
    if not found.n_agreement:
        return f"{words} No answer can be held against a confidence."
    return (
        f"{words} It does what it says in {_percent(found.agreement.value)} of {found.n_agreement:,} cases{over}:"
        f" {found.answers_unsure:,} are answered without being so sure, {found.declines_sure:,} declined although sure."
    )


def best(found: TargetNumbers) -> str:
    """What the best threshold gives."""
    if not found.best_answered:
        return "gives none"
    above = "" if found.best_threshold is None else f" above {number(found.best_threshold, 2)}"
    return f"gives {_percent(found.best_answered)}{above}"


def _shown(name: str, e: Estimated) -> str:
    may_be_negative = name.startswith(("utility", "difference"))
    return f"{(signed if may_be_negative else number)(e.value)} {interval(e.low, e.high)}".strip()


def targets_text(summary: RunSummary) -> str:
    """Plain text for a terminal: a line per task, method and target, then what they say."""
    lines = [["", "target", "answered", "right", "earned", "by confidence", "best threshold", "agreement"]]
    told = []
    for found in summary.targets:
        name = label(found.task, found.method, 30)
        told.append(f"{name}: {sentence(found)}")
        lines.append([
            name, f"{found.target:g}", _percent(found.answered.value), _percent(found.accuracy.value),
            signed(found.utility.value), signed(found.utility_by_confidence.value),
            f"{signed(found.best_utility)}, {best(found)}", _shown("agreement", found.agreement),
        ])  # fmt: skip
    words = "\n".join(textwrap.fill(line, 110, subsequent_indent="  ") for line in map(one_line, told))
    return f"Saying and doing\n\n{align(lines)}\n\n{words}"


def targets_table(summaries: Mapping[str, RunSummary]) -> Table:
    """Of each run, task, protocol and method a row per target."""
    names = [name_column(title) for title in ("Run", "Protocol", "Task", "Method", "Target")]
    numbers = [Column(title, (name, f"{name}_low", f"{name}_high")) for name, title in _COLUMNS.items()]
    rows = []
    for run, summary in summaries.items():
        for found in summary.targets:
            estimates = [(name, getattr(found, name)) for name in _COLUMNS]
            rows.append((
                *map(name_cell, (run, found.protocol, found.task, found.method, f"{found.target:g}")),
                *(TableCell(_shown(name, e), (e.value, e.low, e.high)) for name, e in estimates),
                TableCell(signed(found.best_utility), tuple(getattr(found, name) for name in _BEST)),
            ))  # fmt: skip
    return Table((*names, *numbers, Column("Best threshold", _BEST)), tuple(rows))
