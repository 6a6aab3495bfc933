"""The headline table of a scorecard, and the differences of runs, as plain text, Markdown and CSV."""

from __future__ import annotations

import csv as csv_module
import io
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from calibench.records import Metric, Scorecard
from calibench.reports.text import UNDEFINED, clip, interval, label, number, p_value, signed, visible
from calibench.results import Comparison, Difference

HEADLINE = {
    "accuracy": "Accuracy",
    "coverage": "Coverage",
    "mean_confidence": "Mean confidence",
    "signed_gap": "Gap",
    "ece": "ECE",
    "ece_noise_floor": "Noise floor",
    "brier": "Brier",
    "auroc": "AUROC",
}
"""Metric -> heading of its column in the headline table."""

_SHORT = ("accuracy", "ece", "brier", "auroc")
"""The metrics of the differences that a terminal shows when there are more than two runs."""
_CELL = ("value", "low", "high", "n_used", "n_total", "reason")


def headline(scorecard: Scorecard) -> list[dict]:
    """The rows of the headline table.

    One row per protocol, task and method in the scorecard's order, with `macro` last within its protocol. A row has
    the keys `task`, `protocol`, `method` and one key per metric of `HEADLINE`; a metric's entry is a dictionary with
    `value`, `low` and `high` (95 % interval), `n_used`, `n_total` and `reason` (why `value` is None). All of them are
    None where the scorecard has no such number.
    """
    whole = [m for m in scorecard.metrics if m.subset == "all" and m.metric in HEADLINE]
    found = {(m.protocol, m.task, m.method, m.metric): m for m in whole}
    keys = list(dict.fromkeys((m.protocol, m.task, m.method) for m in whole))
    protocols = list(dict.fromkeys(protocol for protocol, _, _ in keys))
    keys.sort(key=lambda key: (protocols.index(key[0]), key[1] == "macro"))
    return [
        {"task": task, "protocol": protocol, "method": method}
        | {name: _cell(found.get((protocol, task, method, name))) for name in HEADLINE}
        for protocol, task, method in keys
    ]


def _cell(metric: Metric | None) -> dict:
    if metric is None:
        return dict.fromkeys(_CELL)
    return {key: getattr(metric, key) for key in _CELL}


def text(rows: Sequence[dict]) -> str:
    """Plain text for a terminal, at most 110 columns wide: how often the model is right, then how well it knows."""
    names = [_name(row, rows) for row in rows]
    first = [["", "Accuracy", "Mean confidence", "Coverage", "n used/total"]]
    second = [["", "ECE", "floor", "Brier", "AUROC"]]
    for name, row in zip(names, rows, strict=True):
        first.append([name, *(_value(row[m]) for m in ("accuracy", "mean_confidence", "coverage")), _count(row["ece"])])
        floor = number(row["ece_noise_floor"]["value"])
        second.append([name, _value(row["ece"]), floor, _value(row["brier"]), _value(row["auroc"])])
    notes = [note for name, row in zip(names, rows, strict=True) for note in _reasons(name, row)]
    return "\n\n".join(part for part in (align(first), align(second), "\n".join(notes)) if part)


def _reasons(name: str, row: dict) -> list[str]:
    """Why numbers of a row are undefined; metrics with the same reason share a line."""
    reasons: dict[str, list[str]] = {}
    for metric, heading in HEADLINE.items():
        if row[metric]["reason"]:
            reasons.setdefault(row[metric]["reason"], []).append(heading)
    return [
        clip(f"— {name}, {metrics[0]}{' and others' if len(metrics) > 1 else ''}: {reason}", 110)
        for reason, metrics in reasons.items()
    ]


def _name(row: dict, rows: Sequence[dict]) -> str:
    several = len({r["protocol"] for r in rows}) > 1
    protocol = f" ({clip(row['protocol'], 8)})" if several else ""
    return label(row["task"], row["method"], 30 - len(protocol)) + protocol


def _value(cell: dict) -> str:
    return f"{number(cell['value'])} {interval(cell['low'], cell['high'])}".strip()


def _count(cell: dict) -> str:
    return UNDEFINED if cell["n_total"] is None else f"{cell['n_used']}/{cell['n_total']}"


def align(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown(rows: Sequence[dict]) -> str:
    """A Markdown table, one line per row of `headline`."""
    heading = ["Protocol", "Task", "Method", *HEADLINE.values(), "n used/total"]
    lines = [heading, ["---"] * 3 + ["---:"] * (len(heading) - 3)]
    for row in rows:
        names = [_markdown_escape(row[key]) for key in ("protocol", "task", "method")]
        lines.append([*names, *(_value(row[m]) for m in HEADLINE), _count(row["ece"])])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _markdown_escape(name: str) -> str:
    for mark in "\\`*_[]<>|&":
        name = name.replace(mark, "\\" + mark)
    return clip(name, 200)


def csv(rows: Sequence[dict]) -> str:
    """Comma-separated values with all digits: `accuracy`, `accuracy_low`, ... `accuracy_reason`; so for each metric."""
    out = io.StringIO()
    columns = [m if key == "value" else f"{m}_{key}" for m in HEADLINE for key in _CELL]
    writer = csv_module.writer(out, lineterminator="\n")
    writer.writerow(["protocol", "task", "method", *columns])
    for row in rows:
        names = [visible(row[key]) for key in ("protocol", "task", "method")]
        writer.writerow([*names, *(row[m][key] for m in HEADLINE for key in _CELL)])
    return out.getvalue()


def verdict(difference: Difference) -> str:
    """The verdict as shown: a dash where B is neither better nor worse because the metric has no good direction."""
    directionless = difference.metric == "mean_confidence" and difference.verdict != "equivalent"
    return UNDEFINED if directionless else difference.verdict


def comparison_text(comparison: Comparison) -> str:
    """Plain text for a terminal: every difference of two runs; of more runs, the means over tasks of each of them and
    their differences from the baseline."""
    if len(comparison.runs) == 2:
        (other,) = (run.name for run in comparison.runs if run.name != comparison.baseline)
        heading = f"{clip(other, 60)} against {clip(comparison.baseline, 60)}, paired on shared questions"
        return f"{heading}\n\n{differences_text(comparison.differences)}"
    rows = [
        row | {"task": run.name} for run in comparison.runs for row in headline(run.scorecard) if row["task"] == "macro"
    ]
    return f"{text(rows)}\n\n{baseline_text(comparison)}"


def baseline_text(comparison: Comparison) -> str:
    """Plain text for a terminal: how the means over tasks of each run differ from those of the baseline."""
    differences = [
        replace(d, task=d.run_b)
        for d in comparison.differences
        if d.run_a == comparison.baseline and d.task == "macro" and d.metric in _SHORT
    ]
    heading = f"Against {clip(comparison.baseline, 60)}, mean over tasks, paired on the questions shared with it"
    return f"{heading}\n\n{differences_text(differences)}"


def differences_text(differences: Iterable[Difference]) -> str:
    """Plain text for a terminal: run B minus run A with 95 % interval, p after Holm's correction, and the verdict."""
    lines = [["", "metric", "A", "B", "B − A", "p (Holm)", "verdict", "questions"]]
    for d in differences:
        subset = "" if d.subset == "all" else f" ({clip(d.subset, 10)})"
        change = f"{signed(d.difference)} {interval(d.low, d.high)}".strip()
        lines.append([
            label(d.task, d.method, 30 - len(subset)) + subset, clip(d.metric, 17), number(d.a), number(d.b), change,
            p_value(d.p_holm), verdict(d), str(d.n_questions),
        ])  # fmt: skip
    return align(lines)
