"""Thresholds, applied policies and checks of them, for a terminal; marked answers as CSV."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from calibench.errors.spreadsheet import cell_name, csv_line
from calibench.reports import text
from calibench.reports.formats import Column, Table, TableCell, name_cell, name_column
from calibench.reports.tables import align
from calibench.results.decisions import Checked, DecisionCount, DriftTest, Plan, RuleCosts, ThresholdRule, Thresholds

if TYPE_CHECKING:
    import pandas as pd

_WIDTH = 100
MARKED = ("task", "question_id", "draw", "confidence", "decision")


def thresholds_text(found: Thresholds) -> str:
    """What was tried, what the policy is, and what it promises."""
    policy = found.policy
    lines = [["", "automate from", "automated", "of them right", "questions", "tokens per correct"]]
    several = len({rule.protocol for rule in found.tried}) > 1
    for rule in found.tried:
        method = f"{rule.method} ({rule.protocol})" if several else rule.method
        mark = "" if len(found.tried) == 1 else "* " if rule in policy.rules else "  "
        lines.append([
            f"{mark}{text.label(rule.task, method, 60 if several else 40)}",
            "never" if rule.threshold is None else f"{rule.threshold:g}",
            f"{_percent(rule.share)} ({rule.n_automated:,})",
            f"{_percent(rule.precision)} {_interval(rule)}".strip(),
            f"{rule.n:,}",
            text.UNDEFINED if rule.tokens_per_correct is None else f"{rule.tokens_per_correct:,.0f}",
        ])  # fmt: skip
    costs = [_costs_text(each, named=len(found.costs) > 1) for each in found.costs]
    promise = textwrap.fill(f"{'* the policy. ' * (len(found.tried) > 1)}{policy.guarantee}", _WIDTH)
    return "\n\n".join([align(lines), *_unreached(found), *costs, promise])


def plan_text(plan: Plan) -> str:
    """What the plan finds, then a line for each number of draws."""
    heading = (
        f"To find a difference of {plan.difference:g} in {plan.metric} with a chance of {_percent(plan.power)}"
        f" at level {plan.level:.2g}:"
    )
    lines = [["", "draws", "questions", "generations of each model"]]
    for row in plan.rows:
        name = text.label(row.task, row.method, 40) if row.method else row.task
        counts = [text.UNDEFINED if n is None else f"{n:,}" for n in (row.questions, row.generations)]
        lines.append([name, str(row.draws), *counts])
    return f"{heading}\n\n{align(lines)}"


def plan_table(plan: Plan) -> Table:
    """A row for each task, method and number of draws."""
    names = tuple(name_column(title) for title in ("Task", "Protocol", "Method"))
    numbers = tuple(Column(title.capitalize(), (title,)) for title in ("draws", "questions", "generations"))
    rows = (
        (
            *map(name_cell, (row.task, row.protocol, row.method)),
            *(
                TableCell(text.UNDEFINED if n is None else f"{n:,}", (n,))
                for n in (row.draws, row.questions, row.generations)
            ),
        )
        for row in plan.rows
    )
    return Table((*names, *numbers), tuple(rows))


def thresholds_table(found: Thresholds) -> Table:
    """Every rule that was tried; those of the policy are marked."""
    names = [name_column(title) for title in ("Protocol", "Task", "Method")]
    numbers = (
        Column("Automate from", ("threshold",)), Column("Automated", ("share", "n_automated")),
        Column("Of them right", ("precision", "precision_low", "precision_high")), Column("Questions", ("n",)),
        Column("Tokens per correct", ("tokens_per_correct",)), Column("Policy", ("policy",)),
    )  # fmt: skip
    rows = []
    for rule in found.tried:
        chosen, tokens = rule in found.policy.rules, rule.tokens_per_correct
        rows.append((
            *map(name_cell, (rule.protocol, rule.task, rule.method)),
            _from(rule.threshold),
            TableCell(_percent(rule.share), (rule.share, rule.n_automated)),
            TableCell(
                f"{_percent(rule.precision)} {_interval(rule)}".strip(),
                (rule.precision, rule.precision_low, rule.precision_high),
            ),
            TableCell(f"{rule.n:,}", (rule.n,)),
            TableCell(text.UNDEFINED if tokens is None else f"{tokens:,.0f}", (tokens,)),
            TableCell("yes" if chosen else "no", (chosen,)),
        ))  # fmt: skip
    return Table((*names, *numbers), tuple(rows))


def _from(threshold: float | None) -> TableCell:
    return TableCell("never" if threshold is None else f"{threshold:g}", (threshold,))


def checked_table(checked: Checked) -> Table:
    """One row per rule of the policy."""
    numbers = (
        Column("Automate from", ("threshold",)), Column("Labelled", ("n",)), Column("Automated", ("n_automated",)),
        Column("Of them right", ("precision",)), Column("Evidence of a fall", ("evidence",)),
        Column("Alarm at", ("limit",)),
    )  # fmt: skip
    rows = tuple(
        (
            name_cell(test.task), _from(test.threshold), TableCell(f"{test.n:,}", (test.n,)),
            TableCell(f"{test.n_automated:,}", (test.n_automated,)),
            TableCell(_percent(test.precision), (test.precision,)),
            TableCell(f"{test.evidence:,.2f}", (test.evidence,)), TableCell(f"{test.limit:g}", (test.limit,)),
        )
        for test in checked.tests
    )  # fmt: skip
    return Table((name_column("Task"), *numbers), rows)


def _costs_text(costs: RuleCosts, *, named: bool) -> str:
    """What checking costs, the policy, and the cheapest threshold; then when to check."""
    lines = [
        ["", "automate from", "checks saved", "errors", "cost"],
        ["check all", "never", "0", "0", _money(costs.all_checked)],
    ]
    for name, point in (("the policy", costs.at_threshold), ("the cheapest", costs.cheapest)):
        if point is not None:
            numbers = (f"{point.threshold:g}", f"{point.automated:.1f}", f"{point.errors:.1f}", _money(point.cost))
            lines.append([name, *numbers])
    said = (
        f"{f'{text.clip(costs.task, 40)}: ' if named else ''}per 100 answers. An answer that is right with a chance"
        f" above {100 * costs.break_even:.1f} % costs less if it goes out than if it is checked."
    )
    return f"{align(lines)}\n{textwrap.fill(said, _WIDTH)}"


def _money(cost: float) -> str:
    return f"{cost:,.2f}"


def _unreached(found: Thresholds) -> list[str]:
    """Why rules of the policy automate nothing."""
    return [
        textwrap.fill(
            f"{text.clip(rule.task, 40)}: no threshold reaches {found.policy.precision:g} with"
            f" {'this one question' if rule.n == 1 else f'these {rule.n:,} questions'}. At least {rule.needed:,} more"
            " labelled ones are needed; so few suffice only if every confident answer among them is right.",
            _WIDTH,
        )
        for rule in found.policy.rules
        if rule.threshold is None
    ]


def applied_text(counts: Sequence[DecisionCount]) -> str:
    """How many answers go out."""
    lines = [["", "automate from", "automate", "review", "of them without confidence"]]
    for count in counts:
        from_ = "never" if count.threshold is None else f"{count.threshold:g}"
        numbers = (f"{n:,}" for n in (count.automate, count.review, count.no_confidence))
        lines.append([text.clip(count.task, 40), from_, *numbers])
    return align(lines)


def checked_text(checked: Checked) -> str:
    """Whether the policy is still kept."""
    lines = [["", "automate from", "labelled", "automated", "of them right", "evidence of a fall", "alarm at"]]
    for test in checked.tests:
        lines.append([
            text.clip(test.task, 40),
            "never" if test.threshold is None else f"{test.threshold:g}",
            f"{test.n:,}",
            f"{test.n_automated:,}",
            _percent(test.precision),
            f"{test.evidence:,.2f}",
            f"{test.limit:g}",
        ])  # fmt: skip
    return "\n\n".join([align(lines), *(_sentence(test, checked) for test in checked.tests)])


def _sentence(test: DriftTest, checked: Checked) -> str:
    target, task = f"{checked.precision:g}", text.clip(test.task, 40)
    if test.found_after is not None:
        return (
            f"{task}: drifted. Fewer than {target} of the automated answers are right, which the first"
            f" {test.found_after:,} show."
        )
    if not test.n_automated:
        return f"{task}: nothing was automated, so that nothing can be said."
    return (
        f"{task}: no sign that fewer than {target} of the automated answers are right. Look again after the next batch."
    )


def marked_csv(frame: pd.DataFrame) -> str:
    """One line per answer: `MARKED`."""
    rows = frame[list(MARKED)].itertuples(index=False, name=None)
    return csv_line(MARKED) + "".join(csv_line(map(_cell, row)) for row in rows)


def _cell(value: Any) -> Any:
    return cell_name(value) if isinstance(value, str) else None if value != value else value


def _percent(share: float | None) -> str:
    return text.UNDEFINED if share is None else f"{100 * share:.1f} %"


def _interval(rule: ThresholdRule) -> str:
    if rule.precision_low is None or rule.precision_high is None:
        return ""
    return f"[{100 * rule.precision_low:.1f}, {100 * rule.precision_high:.1f}]"
