"""What the runs of a comparison do not share, so that their numbers may not be comparable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from calibench.records import UNSAID
from calibench.reports import tables, text
from calibench.reports.page import groups
from calibench.results import ChangeSplit, Comparison, Difference, RunSummary
from calibench.results.judging import graders, judge_notes

_NOTABLE = 0.02
"""Differences of coverage and truncation between runs that are warned of."""
_NOT_STATED = "not stated"
_NAMING = {"model", "kind", "name"}
"""What a configuration says of the run itself, which is what differs by intention."""


def warnings(comparison: Comparison) -> Iterator[str]:
    """A sentence for each thing that keeps numbers of the runs from being comparable."""
    for run in comparison.runs:
        if run.manifest.get("complete") is False:
            yield f"{_short(run.name)} is not finished: its numbers are of what was graded when this page was made."
    yield from asked_otherwise(comparison.runs)
    for note, runs in _judge_notes(comparison.runs):
        yield f"{', '.join(map(_short, runs))}: {note}."
    yield from _question_warnings(comparison)
    yield from _share_warnings(comparison.runs)


def asked_otherwise(runs: Sequence[RunSummary]) -> Iterator[str]:
    """The part of `warnings` that is about how the runs were made: protocol, settings, prompts, graders, data."""
    protocols = by_value({run.name: ", ".join(sorted({m.protocol for m in run.scorecard.metrics})) for run in runs})
    if len(protocols) > 1:
        yield f"Protocol: {_said(protocols)}. Answers to different prompts are not compared."
    settings = {run.name: _settings(run) for run in runs}
    for name in dict.fromkeys(name for of_run in settings.values() for name in of_run):
        unsaid = _worded(UNSAID[name]) if name in UNSAID else _NOT_STATED
        if len({of_run.get(name, unsaid) for of_run in settings.values()}) > 1:
            values = by_value({run: of_run.get(name, _NOT_STATED) for run, of_run in settings.items()})
            yield f"Setting {name}: {_said(values)}."
    yield from _identity_warnings(runs)


def _settings(run: RunSummary) -> dict[str, str]:
    """Every setting that a run says it was made with, in words; of engine options those that may change an answer."""
    said = dict(run.manifest.get("configuration") or {})
    if "engine_options" in (run.manifest.get("identity") or {}):
        said["engine"] = run.manifest["identity"]["engine_options"]
    settings = {name: _worded(value) for name, value in said.items() if name not in _NAMING}
    asked = {str(of_protocol["draws"]) for _, _, of_protocol in _scope(run)}
    return settings | ({"draws": ", ".join(sorted(asked))} if asked else {})


def _worded(value: Any) -> str:
    if value in (None, "", {}):
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}={value[key]}" for key in sorted(value))
    return value if isinstance(value, str) else json.dumps(value)


def _scope(run: RunSummary) -> Iterator[tuple[str, str, dict]]:
    """(task, protocol, what was asked for)."""
    for task, of_task in (run.manifest.get("scope") or {}).items():
        for protocol, asked in of_task.items():
            yield task, protocol, asked


def _identity_warnings(runs: Sequence[RunSummary]) -> Iterator[str]:
    held_graders = {run.name: graders(run.manifest) for run in runs}
    for task in sorted(set().union(*held_graders.values())):
        by_grader = by_value({run: of_run[task] for run, of_run in held_graders.items() if task in of_run})
        if len(by_grader) > 1:
            yield f"The graders of {text.clip(task, 60)} differ: {_said(by_grader)}. What is right is not the same."
    for field, what in (("prompts", "prompts"), ("data", "versions of the data")):
        held = {run.name: (run.manifest.get("identity") or {}).get(field) or {} for run in runs}
        for name in sorted(set().union(*held.values())):
            values = by_value({run: of_run[name] for run, of_run in held.items() if name in of_run})
            if len(values) > 1:
                parts = "; ".join(", ".join(map(_short, names)) for _, names in values)
                yield f"The {what} of {text.clip(name, 60)} differ: {parts}."
    parsers = {run.name: (run.manifest.get("identity") or {}).get("parser") for run in runs}
    versions = by_value({run: parser for run, parser in parsers.items() if parser})
    if len(versions) > 1:
        yield f"The rules by which texts are read differ: {_said(versions)}."


def _question_warnings(comparison: Comparison) -> Iterator[str]:
    tasks = {run.name: {count.task for count in run.counts} for run in comparison.runs}
    for task in sorted(set().union(*tasks.values())):
        without = [_short(name) for name, held in tasks.items() if task not in held]
        if without:
            yield f"Task {text.clip(task, 40)} is not in {', '.join(without)}: means there are of other tasks."
    asked = {
        (run.name, protocol, task): scope["questions"]
        for run in comparison.runs
        for task, protocol, scope in _scope(run)
    }
    compared = {pair_of(d) for d in comparison.differences}
    for a, b in comparison.pairs:
        if (a, b) not in compared:
            yield f"{_short(b)} and {_short(a)} share no question under the same task, protocol and method."
    for pair, differences in groups(comparison.differences, pair_of):
        shared = {(d.protocol, d.task): d.n_questions for d in differences if d.task != "macro"}
        totals = [sum(asked.get((name, *key), n) for key, n in shared.items()) for name in pair]
        if any(total != sum(shared.values()) for total in totals):
            of_a, of_b = (f"{_short(name)} ({total:,})" for name, total in zip(pair, totals, strict=True))
            yield f"Questions: {of_b} and {of_a} share {sum(shared.values()):,}; their differences are of these."


def _share_warnings(runs: Sequence[RunSummary]) -> Iterator[str]:
    for (_, task), of_runs in counts(runs):
        shares = {
            name: count.outcomes.get("truncated", 0) / max(1, sum(count.outcomes.values()))
            for name, count in of_runs.items()
        }
        if apart := _apart(shares):
            yield f"Truncation of {text.clip(task, 40)}: {apart}."
    for _, rows in side_by_side(runs):
        for (_, task, method), of_runs in rows:
            values = {name: row["coverage"]["value"] for name, row in of_runs.items()}
            apart = _apart({name: value for name, value in values.items() if value is not None})
            if task != "macro" and apart:
                yield f"Coverage of {text.label(task, method, 40)}: {apart}. Their calibration is of different answers."


def _apart(shares: dict[str, float]) -> str | None:
    """The least and the greatest share, if they are notably apart."""
    if not shares or max(shares.values()) - min(shares.values()) <= _NOTABLE:
        return None
    least, most = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
    return f"{_short(least)} {100 * shares[least]:.1f} %, {_short(most)} {100 * shares[most]:.1f} %"


def side_by_side(runs: Sequence[RunSummary]) -> list[tuple[Any, list]]:
    """protocol -> [((protocol, task, method), {run: headline row})] of what at least one run has."""
    rows: dict[tuple, dict] = {}
    for run in runs:
        for row in tables.headline(run.scorecard):
            rows.setdefault((row["protocol"], row["task"], row["method"]), {})[run.name] = row
    return groups(rows.items(), lambda item: item[0][0])


def counts(runs: Sequence[RunSummary]) -> list[tuple[Any, dict]]:
    """(protocol, task) -> {run: outcome counts}."""
    counted = [((count.protocol, count.task), run.name, count) for run in runs for count in run.counts]
    return [(key, {name: count for _, name, count in rows}) for key, rows in groups(counted, lambda row: row[0])]


def _judge_notes(runs: Sequence[RunSummary]) -> list[tuple[str, list[str]]]:
    """What is to be known of judges, and the runs that it is of."""
    found: dict[str, list[str]] = {}
    for run in runs:
        for note in judge_notes(run.manifest):
            found.setdefault(note, []).append(run.name)
    return list(found.items())


def pair_of(difference: Difference | ChangeSplit) -> tuple[str, str]:
    return difference.run_a, difference.run_b


def by_value(values: dict[str, Any]) -> list[tuple[Any, list[str]]]:
    """From run -> value to (value, runs that have it)."""
    return groups(values, values.get)


def _said(values: list[tuple[Any, list[str]]]) -> str:
    return "; ".join(f"{text.clip(value, 80)} ({', '.join(map(_short, names))})" for value, names in values)


def _short(name: str) -> str:
    return text.clip(name, 40)
