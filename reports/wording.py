"""How far numbers and verdicts depend on the words that ask for a confidence."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from calibench.errors.characters import one_line
from calibench.records import MeasureInfo, Metric
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.tables import align, measures_of
from calibench.reports.text import UNDEFINED, clip, interval, label, number, signed
from calibench.results import Comparison, HeldVerdict, RunSummary
from calibench.results.wordings import VarianceShare, Wordings

_SHOWN = ("mean_confidence", "ece", "brier", "auroc")
SOURCES = {
    "question": "the question",
    "draw": "the draw",
    "wording": "the wording",
    "question and wording": "question and wording together",
    "rest": "the rest",
}


def spread(found: Wordings, metric: str) -> str:
    """From the least to the greatest value of a metric over the wordings."""
    values = [m.value for wording in found.wordings for m in wording.metrics if m.metric == metric]
    known = [value for value in values if value is not None]
    return f"{number(min(known))} to {number(max(known))}" if len(known) == len(values) and known else UNDEFINED


def share(part: VarianceShare) -> str:
    return UNDEFINED if part.share is None else f"{100 * part.share:.0f} %"


def sentence(found: Wordings, measures: Mapping[str, MeasureInfo]) -> str:
    """What the wordings of a method do to its numbers, in words."""
    moved = ", ".join(
        f"{measures[metric].title} from {spread(found, metric)}"
        for metric in _SHOWN
        if spread(found, metric) != UNDEFINED
    )
    n = [wording.metrics[0].n_used for wording in found.wordings]
    read = "" if len({*n}) == 1 else f", which give {min(n):,} to {max(n):,} confidences"
    words = f"In {len(n)} wordings of the same question, about the same answers{read}: {moved or 'no numbers'}."
    if not found.variances and found.reason is None:
        return words
    if not found.variances:
        return f"{words} What makes the confidences differ is not known: {found.reason}."
    made = ", ".join(f"{SOURCES[part.source]} {share(part)}" for part in found.variances)
    return f"{words} Of the variance of the confidences, {made}."


def wordings_text(summary: RunSummary) -> str:
    """Plain text for a terminal: per task and method a line per wording, and what makes the confidences differ."""
    measures = measures_of([summary.scorecard])
    lines = [["", "wording", *(clip(measures[m].title, 12) for m in _SHOWN), "n used/total"]]
    told = []
    for found in summary.wordings:
        name = label(found.task, found.method, 30)
        told.append(f"{name}: {sentence(found, measures)}")
        for wording in found.wordings:
            lines.append([name, str(wording.number), *map(_value, wording.metrics), _count(wording.metrics[0])])
            name = ""
    words = "\n".join(textwrap.fill(line, 110, subsequent_indent="  ") for line in map(one_line, told))
    return f"Wording\n\n{align(lines)}\n\n{words}"


def _count(m: Metric) -> str:
    return f"{m.n_used}/{m.n_total}"


def _value(m: Metric) -> str:
    return f"{number(m.value)} {interval(m.low, m.high)}".strip()


def wordings_table(summaries: Mapping[str, RunSummary]) -> Table:
    """Of each run, task, protocol and method a row per wording."""
    measures = measures_of(summary.scorecard for summary in summaries.values())
    names = [name_column(title) for title in ("Run", "Protocol", "Task", "Method", "Wording")]
    return Table(
        (
            *names,
            *(Column(measures[m].title, (m, f"{m}_low", f"{m}_high")) for m in _SHOWN),
            Column("n used/total", ("n_used", "n_total")),
        ),
        tuple(
            (
                *map(name_cell, (run, found.protocol, found.task, found.method, str(wording.number))),
                *(TableCell(_value(m), (m.value, m.low, m.high)) for m in wording.metrics),
                TableCell(_count(wording.metrics[0]), (wording.metrics[0].n_used, wording.metrics[0].n_total)),
            )
            for run, summary in summaries.items()
            for found in summary.wordings
            for wording in found.wordings
        ),
    )


def variances_table(summaries: Mapping[str, RunSummary]) -> Table:
    """Of each run, task, protocol and method a row for each thing that makes its confidences differ."""
    names = [name_column(title) for title in ("Run", "Protocol", "Task", "Method", "Source")]
    numbers = (Column("Variance", ("variance",)), Column("Share", ("share", "share_low", "share_high")))
    return Table(
        (*names, *numbers),
        tuple(
            (
                *map(name_cell, (run, found.protocol, found.task, found.method, part.source)),
                TableCell(number(part.variance, 5), (part.variance,)),
                TableCell(
                    f"{number(part.share)} {interval(part.low, part.high)}".strip(), (part.share, part.low, part.high)
                ),
            )
            for run, summary in summaries.items()
            for found in summary.wordings
            for part in found.variances
        ),
    )


def held(verdict: HeldVerdict) -> str:
    """Under how many wordings a verdict holds."""
    return f"holds under {verdict.holds} of {len(verdict.differences)} wordings"


def changes(verdict: HeldVerdict) -> str:
    """From the least to the greatest difference over the wordings."""
    known = [d.difference for d in verdict.differences if d.difference is not None]
    return f"{signed(min(known))} to {signed(max(known))}" if known else UNDEFINED


def shown(comparison: Comparison) -> list[HeldVerdict]:
    """Those of the means over tasks that a page shows: of metrics with a good direction."""
    measures = measures_of(run.scorecard for run in comparison.runs)
    return [
        v for v in comparison.held if v.task == "macro" and measures[v.metric].better and _drawn(measures[v.metric])
    ]


def _drawn(measure: MeasureInfo) -> bool:
    return measure.place is not None


def held_text(comparison: Comparison) -> str:
    """Plain text for a terminal; empty where no two runs were asked in the same wordings."""
    measures = measures_of(run.scorecard for run in comparison.runs)
    several = len(comparison.runs) > 2
    rows = [
        [
            f"{measures[v.metric].title} · {v.method}" + (f", {clip(v.run_b, 30)}" if several else ""),
            changes(v),
            v.verdict,
            held(v),
        ]
        for v in shown(comparison)
        if v.run_a == comparison.baseline
    ]
    if not rows:
        return ""
    heading = "Wording: the same answers, asked about in other words; mean over tasks"
    return f"{heading}\n\n{align([['', 'B − A', 'verdict', ''], *rows])}"


def held_table(comparison: Comparison) -> Table:
    """A row per difference and wording: run B minus run A, and the verdict."""
    measures = measures_of(run.scorecard for run in comparison.runs)
    names = [name_column(title, name) for title, name in (
        ("Run A", "run_a"), ("Run B", "run_b"), ("Protocol", ""), ("Task", ""), ("Method", ""), ("Metric", ""),
        ("Wording", ""),
    )]  # fmt: skip
    numbers = (
        Column("B − A", ("difference", "low", "high")), Column("Verdict", ("verdict",)),
        Column("Holds", ("holds", "wordings")),
    )  # fmt: skip
    return Table((*names, *numbers), tuple(_rows(comparison.held, measures)))


def _rows(verdicts: Iterable[HeldVerdict], measures: Mapping[str, MeasureInfo]) -> Iterable[tuple[TableCell, ...]]:
    for v in verdicts:
        for d in v.differences:
            yield (
                *map(name_cell, (v.run_a, v.run_b, v.protocol, v.task, v.method)),
                TableCell(measures[v.metric].title, (v.metric,)),
                name_cell(d.method.partition("#")[2] or "1"),
                TableCell(f"{signed(d.difference)} {interval(d.low, d.high)}".strip(), (d.difference, d.low, d.high)),
                TableCell(d.verdict, (d.verdict,)),
                TableCell(f"{v.holds}/{len(v.differences)}", (v.holds, len(v.differences))),
            )
