"""Small reliability diagrams of the levels and subjects of a run's tasks, for its page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from calibench.records import Reliability
from calibench.reports import small_multiples, text
from calibench.reports.page import groups
from calibench.results import RunSummary


def strips(summary: RunSummary) -> dict[str, list[dict]]:
    """Kind of subset (`level`, `subject`) -> per protocol, task and method the diagrams of its values, all to one
    scale, that of the whole task behind each of them."""
    by_kind = groups(summary.by_subset, lambda d: d.subset.partition("=")[0])
    return {kind: list(_of_kind(summary, diagrams)) for kind, diagrams in by_kind}


def _of_kind(summary: RunSummary, diagrams: list[Reliability]) -> Iterator[dict]:
    whole = {(d.protocol, d.task, d.method): d for d in summary.scorecard.reliability}
    errors = {(m.protocol, m.task, m.method, m.subset): m.value for m in summary.scorecard.metrics if m.metric == "ece"}
    for place, of_place in groups(diagrams, lambda d: (d.protocol, d.task, d.method)):
        tallest = max(map(small_multiples.tallest_share, of_place))
        bins = [
            ((b.low, b.high), [d.bins[i] for d in of_place])
            for i, b in enumerate(of_place[0].bins)
            if any(d.bins[i].n for d in of_place)
        ]
        yield {
            "protocol": place[0],
            "task": place[1],
            "method": place[2],
            "n_panels": len(of_place),
            "panels": [_panel(d, whole.get(place), tallest, errors.get((*place, d.subset))) for d in of_place],
            "bins": bins,
        }


def _panel(diagram: Reliability, whole: Reliability | None, tallest: float, error: float | None) -> dict[str, Any]:
    kind, _, value = diagram.subset.partition("=")
    name = f"Reliability of {diagram.task} by {diagram.method}, {kind} {value}; the numbers are in the table below"
    return {
        "value": value,
        "ece": error,
        "n": diagram.n_used,
        "svg": Markup(small_multiples.small_multiple(diagram, whole, tallest, text.visible(name))),
    }
