"""What a stopping rule saw, for a terminal and for the page of a run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from calibench.reports import text
from calibench.reports.tables import Measures, align
from calibench.results.decisions import RuleOutcome

_WIDTH = 100
INTERVAL = "holds at all looks"
WARNING = (
    "The other 95 % intervals are for a sample whose size was fixed beforehand. Here it depends on what was seen, and"
    " they miss more often; those of the rule hold at all looks at once with a chance of 95 %."
)
_REASONS = {
    "reached": "known well enough",
    "all asked": "all questions are asked",
    "not reached": "not yet known well enough",
}


def rows(outcomes: Sequence[RuleOutcome], measures: Measures) -> Iterator[dict[str, str]]:
    """Of each task and method, what the rule asked for, where the run stands, and why no more was asked."""
    for outcome in outcomes:
        last = outcome.looks[-1]
        reason = _REASONS[outcome.reason]
        if outcome.needed is not None:
            reason += f"; about {outcome.needed:,} questions would be enough"
        yield {
            "task": outcome.task,
            "method": outcome.method,
            "rule": f"{measures[outcome.metric].title} ±{outcome.width:g}",
            "questions": f"{last.questions:,} of {outcome.available:,}",
            "looks": ", ".join(f"{look.questions:,}" for look in outcome.looks),
            "spent": f"{100 * sum(look.level for look in outcome.looks):.2g} of 5 %",
            "value": text.number(last.value),
            "interval": text.interval(last.low, last.high) or text.UNDEFINED,
            "reason": reason,
        }


def until_text(outcomes: Sequence[RuleOutcome], measures: Measures) -> str:
    """What the rule saw last."""
    lines = [["asked until", "questions", "looks", "spent", "value", INTERVAL]]
    said = []
    for row, outcome in zip(rows(outcomes, measures), outcomes, strict=True):
        name = text.label(row["task"], row["method"], 40)
        lines.append([f"{name} {row['rule']}", row["questions"], str(len(outcome.looks)), row["spent"], row["value"]])
        lines[-1].append(row["interval"])
        said.append(f"{name}: {row['reason']}.")
    return "\n\n".join([align(lines), "\n".join(said), textwrap.fill(WARNING, _WIDTH)])
