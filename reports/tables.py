"""The headline table of a scorecard, and the differences of runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from calibench.records import MeasureInfo, Metric, Scorecard
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.text import UNDEFINED, clip, interval, labels, number, p_value, signed
from calibench.results import Comparison, Difference
from calibench.results.thinking import is_whole

Measures = Mapping[str, MeasureInfo]
"""Metric -> what it is."""
_HOW_OFTEN = ("accuracy", "mean_confidence", "coverage")
_HOW_WELL = ("ece", "ece_noise_floor", "brier", "auroc")
"""The metrics of the two tables of a terminal, which has room for no more."""
_CELL = ("value", "low", "high", "n_used", "n_total", "reason")


def measures_of(scorecards: Iterable[Scorecard]) -> dict[str, MeasureInfo]:
    """Metric -> what it is, of all metrics that the scorecards may have."""
    return {m.metric: m for scorecard in scorecards for m in scorecard.measures}


def columns(measures: Measures) -> list[MeasureInfo]:
    """Those of the main tables, from the left."""
    return sorted((m for m in measures.values() if m.place is not None), key=lambda m: m.place or 0)


def headline(scorecard: Scorecard) -> list[dict]:
    """The rows of the headline table.

    One row per protocol, task and method in the scorecard's order, with `macro` last within its protocol. A row has
    the keys `task`, `protocol`, `method` and one key per metric of `columns`; a metric's entry is a dictionary with
    its `title`, `value`, `low` and `high` (95 % interval), `n_used`, `n_total` and `reason` (why `value` is None). All
    but the title are None where the scorecard has no such number.
    """
    titles = {m.metric: m.title for m in columns(measures_of([scorecard]))}
    whole = [m for m in scorecard.metrics if m.subset == "all" and m.metric in titles]
    found = {(m.protocol, m.task, m.method, m.metric): m for m in whole}
    keys = list(dict.fromkeys((m.protocol, m.task, m.method) for m in whole))
    protocols = list(dict.fromkeys(protocol for protocol, _, _ in keys))
    keys.sort(key=lambda key: (protocols.index(key[0]), key[1] == "macro"))
    return [
        {"task": task, "protocol": protocol, "method": method}
        | {name: {"title": title} | _cell(found.get((protocol, task, method, name))) for name, title in titles.items()}
        for protocol, task, method in keys
    ]


def _cell(metric: Metric | None) -> dict:
    if metric is None:
        return dict.fromkeys(_CELL)
    return {key: getattr(metric, key) for key in _CELL}


def text(rows: Sequence[dict]) -> str:
    """Plain text for a terminal, at most 110 columns wide: how often the model is right, then how well it knows."""
    names = _names([(row["protocol"], row["task"], row["method"], "all") for row in rows])
    titles = _titles(rows) | {"ece_noise_floor": "floor"}
    how_often, how_well = ([m for m in of if _held(m, rows)] for of in (_HOW_OFTEN, _HOW_WELL))
    counted = "ece" if "ece" in how_well else "accuracy"
    first = [["", *(titles.get(m, m) for m in how_often), "n used/total"]]
    second = [["", *(titles.get(m, m) for m in how_well)]]
    for name, row in zip(names, rows, strict=True):
        first.append([name, *(_value(row[m]) for m in how_often), _count(row[counted])])
        second.append([name, *(_value(row[m]) for m in how_well)])
    notes = [note for name, row in zip(names, rows, strict=True) for note in _reasons(name, row)]
    return "\n\n".join(part for part in (align(first), align(second) if how_well else "", "\n".join(notes)) if part)


def _held(metric: str, rows: Sequence[dict]) -> bool:
    """Whether any row has the metric: of a run without confidences, accuracy alone is left."""
    return not rows or any(row[metric]["n_total"] is not None for row in rows)


def _reasons(name: str, row: dict) -> list[str]:
    """Why numbers of a row are undefined; metrics with the same reason share a line."""
    reasons: dict[str, list[str]] = {}
    for metric, title in _titles([row]).items():
        if row[metric]["reason"]:
            reasons.setdefault(row[metric]["reason"], []).append(title)
    return [
        clip(f"— {name}, {metrics[0]}{' and others' if len(metrics) > 1 else ''}: {reason}", 110)
        for reason, metrics in reasons.items()
    ]


def _titles(rows: Sequence[dict]) -> dict[str, str]:
    """Metric -> heading of its column."""
    return {name: cell["title"] for row in rows[:1] for name, cell in row.items() if isinstance(cell, dict)}


def _names(keys: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """Of each (protocol, task, method, subset); the protocol is named where there are several."""
    ends = [
        protocol + ("" if key[-1] == "all" else f" ({clip(key[-1], 10)})")
        for protocol, key in zip(_protocols([key[0] for key in keys]), keys, strict=True)
    ]
    names = labels([(task, method) for _, task, method, _ in keys], [30 - len(end) for end in ends])
    return [name + end for name, end in zip(names, ends, strict=True)]


def _protocols(names: Sequence[str]) -> list[str]:
    several = len(set(names)) > 1
    return [f" ({clip(name, 8)})" if several else "" for name in names]


def _value(cell: dict) -> str:
    return f"{number(cell['value'])} {interval(cell['low'], cell['high'])}".strip()


def _count(cell: dict) -> str:
    return UNDEFINED if cell["n_total"] is None else f"{cell['n_used']}/{cell['n_total']}"


def align(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def headline_table(cards: Mapping[str, Scorecard]) -> Table:
    """The headline of each run or model: one row per protocol, task and method."""
    shown = columns(measures_of(cards.values()))
    names = [name_column(title) for title in ("Run", "Protocol", "Task", "Method")]
    return Table(
        (*names, *(Column(m.title, (m.metric, *(f"{m.metric}_{key}" for key in _CELL[1:]))) for m in shown)),
        tuple(
            (
                *map(name_cell, (run, row["protocol"], row["task"], row["method"])),
                *(TableCell(_value(row[m.metric]), tuple(row[m.metric][key] for key in _CELL)) for m in shown),
            )
            for run, card in cards.items()
            for row in headline(card)
        ),
    )


def verdict(difference: Difference, measures: Measures) -> str:
    """The verdict as shown: a dash where the metric has no good direction or the difference does not exist."""
    directionless = measures[difference.metric].better is None and difference.verdict != "equivalent"
    return UNDEFINED if directionless or difference.difference is None else difference.verdict


def could_see(difference: Difference) -> str:
    """Beside `undecided`, the smallest difference that would have been found with a chance of 80 %; else empty."""
    return "" if difference.detectable is None else f"could see {number(difference.detectable)}"


def _judged(difference: Difference, measures: Measures) -> str:
    return ", ".join(filter(None, (verdict(difference, measures), could_see(difference))))


def comparison_text(comparison: Comparison) -> str:
    """Plain text for a terminal: every difference of two runs; of more runs, the means over tasks of each of them and
    their differences from the baseline; all of whole reasonings."""
    if len(comparison.runs) == 2:
        (other,) = (run.name for run in comparison.runs if run.name != comparison.baseline)
        heading = f"{clip(other, 60)} against {clip(comparison.baseline, 60)}, paired on shared questions"
        whole = [d for d in comparison.differences if is_whole(d.protocol)]
        parts = [heading, differences_text(whole, _measures(comparison)), splits_text(comparison)]
        return "\n\n".join(filter(None, parts))
    rows = [
        row | {"task": run.name} for run in comparison.runs for row in headline(run.scorecard) if row["task"] == "macro"
    ]
    return f"{text(rows)}\n\n{baseline_text(comparison)}"


def comparison_tables(comparison: Comparison) -> list[Table]:
    """The means over tasks of each run, every difference of two runs, and what each knows beyond difficulty."""
    means = {
        run.name: replace(run.scorecard, metrics=tuple(m for m in run.scorecard.metrics if m.task == "macro"))
        for run in comparison.runs
    }
    known = [headline_table(comparison.self_knowledge)] if comparison.self_knowledge else []
    measures = {measure.metric: measure for measure in comparison.typed_measures}
    typed = [differences_table(comparison.typed_decisions, measures)] if comparison.typed_decisions else []
    return [headline_table(means), *typed, differences_table(comparison.differences, _measures(comparison)), *known]


def differences_table(differences: Sequence[Difference], measures: Measures) -> Table:
    """Run B minus run A with 95 % interval, p after Holm's correction, and the verdict; a single pair stands in the
    headings, as the columns of names tell nothing then."""
    pairs = {(d.run_a, d.run_b) for d in differences}
    a, b = (clip(run, 40) for run in pairs.pop()) if len(pairs) == 1 else ("A", "B")
    names = [name_column(title, name) for title, name in (
        ("Run A", "run_a"), ("Run B", "run_b"), ("Protocol", ""), ("Task", ""), ("Method", ""), ("Subset", ""),
        ("Metric", ""),
    )]  # fmt: skip
    numbers = (
        Column(a, ("a",)), Column(b, ("b",)), Column(f"{b} − {a}", ("difference", "low", "high")),
        Column("p (Holm)", ("p_holm",)), Column("Verdict", ("verdict", "detectable")),
        Column("Questions", ("n_questions",)),
    )  # fmt: skip
    rows = []
    for d in differences:
        change = f"{signed(d.difference)} {interval(d.low, d.high)}".strip()
        rows.append((
            *map(name_cell, (d.run_a, d.run_b, d.protocol, d.task, d.method, d.subset)),
            TableCell(measures[d.metric].title, (d.metric,)),
            TableCell(number(d.a), (d.a,)),
            TableCell(number(d.b), (d.b,)),
            TableCell(change, (d.difference, d.low, d.high)),
            TableCell(p_value(d.p_holm), (d.p_holm,)),
            TableCell(_judged(d, measures), (d.verdict, d.detectable)),
            TableCell(str(d.n_questions), (d.n_questions,)),
        ))  # fmt: skip
    return Table((*names, *numbers), tuple(rows))


def splits_text(comparison: Comparison) -> str:
    """Plain text for a terminal: what the changes of the means over tasks from the baseline are made of, of whole
    reasonings; empty where no answers of two runs have confidences."""
    measures = _measures(comparison)
    splits = [s for s in comparison.splits if s.task == "macro" and s.run_a == comparison.baseline]
    splits = [s for s in splits if is_whole(s.protocol)]
    rows = [
        [
            f"{measures[s.metric].title} · {s.method}{protocol}",
            signed(s.difference),
            f"{signed(s.by_accuracy)} {interval(s.by_accuracy_low, s.by_accuracy_high)}".strip(),
            f"{signed(s.by_confidence)} {interval(s.by_confidence_low, s.by_confidence_high)}".strip(),
        ]
        for s, protocol in zip(splits, _protocols([s.protocol for s in splits]), strict=True)
    ]
    if not rows:
        return ""
    heading = "What the changes are made of, mean over tasks, on the answers that both runs gave a confidence for"
    return f"{heading}\n\n{align([['', 'change', 'by accuracy', 'by confidence'], *rows])}"


def baseline_text(comparison: Comparison) -> str:
    """Plain text for a terminal: how the means over tasks of each run differ from those of the baseline."""
    measures = _measures(comparison)
    differences = [
        replace(d, task=d.run_b)
        for d in comparison.differences
        if (d.run_a, d.task) == (comparison.baseline, "macro") and _shown(measures[d.metric]) and is_whole(d.protocol)
    ]
    heading = f"Against {clip(comparison.baseline, 60)}, mean over tasks, paired on the questions shared with it"
    return f"{heading}\n\n{differences_text(differences, measures)}"


def _measures(comparison: Comparison) -> dict[str, MeasureInfo]:
    return measures_of(run.scorecard for run in comparison.runs)


def _shown(measure: MeasureInfo) -> bool:
    """A terminal has room for the metrics that figures show, but not for the gap, which others show as well."""
    return measure.meaning is not None and measure.better in ("higher", "lower")


def differences_text(differences: Iterable[Difference], measures: Measures) -> str:
    """Plain text for a terminal: run B minus run A with 95 % interval, p after Holm's correction, and the verdict."""
    lines = [["", "metric", "A", "B", "B − A", "p (Holm)", "verdict", "questions"]]
    differences = list(differences)
    names = _names([(d.protocol, d.task, d.method, d.subset) for d in differences])
    for d, name in zip(differences, names, strict=True):
        change = f"{signed(d.difference)} {interval(d.low, d.high)}".strip()
        lines.append([
            name, clip(d.metric, 17), number(d.a), number(d.b), change,
            p_value(d.p_holm), _judged(d, measures), str(d.n_questions),
        ])  # fmt: skip
    return align(lines)
