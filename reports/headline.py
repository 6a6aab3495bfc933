"""What a run's numbers say in words: how sure the model is, how often right, and on which tasks the two differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calibench.records import Record, Reliability, Scorecard
from calibench.reports import tables, text

_FEW = 10
"""Answers of a task below which its most confident ones are no finding."""
_ALMOST_ALL = 0.95
"""Share of the answers from which on the most confident ones say nothing new."""
_NAMED = 4
"""Tasks that a sentence names; of more, it gives the number."""


class Said(Record, kw_only=True, frozen=True):
    """What one method of one protocol says, over all tasks that it can be read on."""

    protocol: str
    method: str
    verdict: str
    """`over`, `under`, `mixed`, `undecided` or `undefined`."""
    title: str
    """The verdict in words."""
    lead: str
    """For a reader who reads one sentence; empty if nothing is defined."""
    details: str
    """The numbers behind it."""


def findings(scorecard: Scorecard) -> list[Said]:
    """One for each protocol and method that a confidence was asked by."""
    by_key: dict[tuple[str, str], list[dict]] = {}
    for row in tables.headline(scorecard):
        by_key.setdefault((row["protocol"], row["method"]), []).append(row)
    return [
        _finding(rows, scorecard.reliability)
        for rows in by_key.values()
        if any(row["task"] == "macro" and row["signed_gap"]["n_total"] is not None for row in rows)
    ]


def _finding(rows: Sequence[dict], diagrams: Sequence[Reliability]) -> Said:
    macro, tasks = rows[-1], list(rows[:-1])
    read = [row for row in tasks if row["signed_gap"]["value"] is not None]
    unread = [row for row in tasks if row["signed_gap"]["value"] is None]
    mean = _mean(read) if read and unread else macro
    gap = mean["signed_gap"]
    key = {"protocol": macro["protocol"], "method": macro["method"]}
    if gap["value"] is None or gap["low"] is None:
        reason = gap["reason"] or "the gap has no interval"
        lead = "" if gap["value"] is None else _sure(mean)
        return Said(**key, verdict="undefined", title="Nothing can be said", lead=lead, details=f"{reason}.")
    over, under = ([row["task"] for row in read if _verdict(row["signed_gap"]) == which] for which in ("over", "under"))
    if over and under:
        verdict, title = "mixed", f"Overconfident on {_names(over)}; underconfident on {_names(under)}"
    else:
        verdict = _verdict(gap)
        title = {"over": "Overconfident", "under": "Underconfident", "undecided": "Neither shown"}[verdict]
    lead = " ".join(filter(None, (_sure(mean), _high(key, read or [macro], diagrams))))
    return Said(**key, verdict=verdict, title=title, lead=lead, details=_details(mean, read, unread))


def _verdict(gap: dict) -> str:
    """As far as the interval supports it."""
    if gap["low"] is None:
        return "undecided"
    return "over" if gap["low"] > 0 else "under" if gap["high"] < 0 else "undecided"


def _sure(mean: dict) -> str:
    confidence, gap = mean["mean_confidence"]["value"], mean["signed_gap"]["value"]
    return f"Is {_percent(confidence)} sure, and right in {_percent(confidence - gap)} of the same answers."


def _high(key: dict, read: Sequence[dict], diagrams: Sequence[Reliability]) -> str:
    """How many of the most confident answers are right; tasks have the same weight."""
    names = {row["task"] for row in read}
    of_tasks = [d for d in diagrams if (d.protocol, d.method) == (key["protocol"], key["method"]) and d.task in names]
    for k in (9, 8, 7, 6):
        bins = [d.bins[k:] for d in of_tasks if d.subset == "all" and len(d.bins) == 10]
        counted = [(sum(b.n_correct for b in of), sum(b.n for b in of)) for of in bins]
        enough = [(right, n) for right, n in counted if n >= _FEW]
        if sum(n for _, n in enough) >= _ALMOST_ALL * sum(d.n_used for d in of_tasks):
            return ""
        if enough:
            share = sum(right / n for right, n in enough) / len(enough)
            over = "" if len(names) == 1 else f", in {len(enough)} {'task' if len(enough) == 1 else 'tasks'}"
            n = sum(n for _, n in enough)
            return f"Where it is more than {10 * k} % sure, {_percent(share)} are right ({n:,} answers{over})."
    return ""


def _details(mean: dict, read: Sequence[dict], unread: Sequence[dict]) -> str:
    gap, auroc, confidence = mean["signed_gap"], mean["auroc"], mean["mean_confidence"]
    zero = ", which includes 0" if gap["low"] <= 0 <= gap["high"] else ""
    ends = f"{text.signed(gap['low'])} to {text.signed(gap['high'])}"
    words = [f"Gap {text.signed(gap['value'])} (95 % interval {ends}{zero})."]
    if auroc["low"] is not None:
        ranking = "The confidence ranks right answers above wrong ones" if auroc["low"] > 0.5 else (
            "It ranks wrong answers above right ones" if auroc["high"] < 0.5
            else "That it ranks right answers above wrong ones is not shown"
        )  # fmt: skip
        words.append(f"{ranking} (AUROC {text.number(auroc['value'])}, {text.interval(auroc['low'], auroc['high'])}).")
    n_tasks = len(read)
    over = "the task" if n_tasks == 1 and not unread else f"{n_tasks} tasks, each with the same weight"
    if n_tasks == 1 and unread:
        over = "one task"
    words.append(
        f"Over {over}; {confidence['n_used']:,} of {confidence['n_total']:,} generations gave answer and confidence."
    )
    if unread:
        words.append(f"Not over {_names([row['task'] for row in unread])}: nothing can be said there.")
    return " ".join(words)


def _mean(rows: Sequence[dict]) -> dict:
    """The unweighted mean of tasks that have a gap.

    An end of its interval is as far from the mean as those of the tasks, which are independent, say together: the root
    of the sum of their squared distances, over their number (MOVER, Zou and Donner 2008).
    """
    return {name: _mean_cell([row[name] for row in rows]) for name in ("signed_gap", "mean_confidence", "auroc")}


def _mean_cell(cells: Sequence[dict]) -> dict[str, Any]:
    value = low = high = None
    if all(cell["value"] is not None for cell in cells):
        value = sum(cell["value"] for cell in cells) / len(cells)
        if all(cell["low"] is not None for cell in cells):
            below, above = (
                sum((cell["value"] - cell[end]) ** 2 for cell in cells) ** 0.5 / len(cells) for end in ("low", "high")
            )
            low, high = value - below, value + above
    counts = {name: sum(cell[name] or 0 for cell in cells) for name in ("n_used", "n_total")}
    return {"value": value, "low": low, "high": high, "reason": "undefined for one of the tasks", **counts}


def _names(tasks: Sequence[str]) -> str:
    return ", ".join(text.clip(task, 40) for task in tasks) if len(tasks) <= _NAMED else f"{len(tasks)} tasks"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
