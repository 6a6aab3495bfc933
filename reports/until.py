"""What a stopping rule saw, for a terminal and for the page of a run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from calibench.reports import text
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.tables import Measures, align
from calibench.results import RunSummary
from calibench.results.decisions import Decision, RuleOutcome

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
            "spent": f"{100 * sum(look.level for look in outcome.looks):.2g} of 4 %",
            "value": text.number(last.value),
            "interval": text.interval(last.low, last.high) or text.UNDEFINED,
            "reason": reason,
        }


def notices(summary: RunSummary) -> list[str]:
    """What a reader must know of a run that a rule about two runs stopped."""
    rule = (summary.manifest.get("until") or {}).get("rule")
    if not rule or summary.until:
        return []
    return [
        f"How many questions were asked was decided by a rule about two runs, {text.clip(rule, 40)}. The intervals"
        " here are for a size that was fixed beforehand; `calibench compare --until` shows those that hold."
    ]


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


DECIDED_WARNING = (
    "Looked at in the order in which runs ask, by tests that share a chance of 5 % among all looks: of all these"
    " verdicts, the chance that any is wrong is at most that. Of runs that were stopped by what was seen, the"
    " differences of the comparison, whose tests are for a size that was fixed beforehand, are wrong more often."
)


def decision_rows(decisions: Sequence[Decision]) -> Iterator[dict[str, str]]:
    """Of each task and method, whether and where the two runs were told apart."""
    for decision in decisions:
        last = decision.looks[-1] if decision.looks else None
        at = last.questions if last else 0
        place = f"after {at:,} of {decision.available:,}"
        yield {
            "task": decision.task,
            "method": decision.method,
            "run_a": decision.run_a,
            "run_b": decision.run_b,
            "metric": decision.metric,
            "verdict": decision.verdict,
            "questions": f"not in {at:,} of {decision.available:,}" if decision.verdict == "undecided" else place,
            "looks": ", ".join(f"{look.questions:,}" for look in decision.looks) or text.UNDEFINED,
            "difference": text.signed(last.value if last else None),
            "interval": (text.interval(last.low, last.high) if last else "") or text.UNDEFINED,
            "generations": " + ".join(f"{n:,}" for n in decision.generations),
        }


def decisions_text(decisions: Sequence[Decision]) -> str:
    """When two runs were told apart; empty where no rule asked for it."""
    if not decisions:
        return ""
    names = [text.clip(name, 40) for name in (decisions[0].run_b, decisions[0].run_a)]
    heading = f"{' against '.join(names)} by {decisions[0].metric}, looked at while they grow:"
    lines = [["", "verdict", "decided", "difference", INTERVAL, "generations"]]
    for row in decision_rows(decisions):
        name = text.label(row["task"], row["method"], 40)
        lines.append([name, *(row[key] for key in ("verdict", "questions", "difference", "interval", "generations"))])
    return "\n\n".join([heading, align(lines), textwrap.fill(DECIDED_WARNING, _WIDTH)])


def decisions_table(decisions: Sequence[Decision]) -> Table:
    """A row for each task and method."""
    names = [name_column(title) for title in ("Run A", "Run B", "Task", "Protocol", "Method", "Metric")]
    numbers = (
        Column("Verdict", ("verdict",)), Column("Questions", ("questions",)), Column("Of", ("available",)),
        Column("Difference", ("difference", "low", "high")), Column("Generations", ("generations_a", "generations_b")),
    )  # fmt: skip
    found = []
    for d in decisions:
        last = d.looks[-1] if d.looks else None
        ends = (last.value, last.low, last.high) if last else (None, None, None)
        at = last.questions if last else 0
        found.append((
            *map(name_cell, (d.run_a, d.run_b, d.task, d.protocol, d.method, d.metric)),
            TableCell(d.verdict, (d.verdict,)), TableCell(f"{at:,}", (at,)),
            TableCell(f"{d.available:,}", (d.available,)),
            TableCell(f"{text.signed(ends[0])} {text.interval(*ends[1:])}".strip(), ends),
            TableCell(" + ".join(f"{n:,}" for n in d.generations), d.generations),
        ))  # fmt: skip
    return Table((*names, *numbers), tuple(found))
