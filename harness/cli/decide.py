"""Commands that decide: how much to ask (plan), which answers go out without a person (threshold, apply, check). None
needs a model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from calibench.analysis.options import ColumnOptions, PlanOptions, ThresholdOptions
from calibench.cli import options, output
from calibench.cli.parser import add
from calibench.errors.characters import one_line
from calibench.errors.terminal import tell

NOT_REACHED = DRIFTED = 1
"""Exit codes: no threshold reaches the precision; the precision has fallen."""


def register(commands: Any) -> None:
    _add_plan(commands)
    threshold = add(
        commands,
        "threshold",
        _threshold,
        "find from which confidence on answers may go out without a person; no model",
        table=True,
    )
    threshold.add_argument(
        "of", metavar="RUN", help="a run, or a file of labelled answers as `calibench score` reads it"
    )
    options.add(threshold, ThresholdOptions)
    options.add(threshold, ColumnOptions)
    threshold.add_argument("--out", metavar="FILE", default="policy.json", help="the policy (default: %(default)s)")

    apply = add(commands, "apply", _apply, "mark each answer automate or review, as a policy says; no model")
    apply.add_argument("policy", metavar="POLICY", help="file that `calibench threshold` wrote")
    apply.add_argument("of", metavar="RUN", help="a run, or a file of answers, which need no verdicts")
    options.add(apply, ColumnOptions, without=("correct",))
    apply.add_argument("--out", metavar="FILE", help="CSV with a row per answer (default: standard output)")
    apply.set_defaults(correct=None)

    check = add(
        commands,
        "check",
        _check,
        "test whether a policy's precision has fallen; ends with 1 if so; no model",
        table=True,
    )
    check.add_argument("policy", metavar="POLICY", help="file that `calibench threshold` wrote")
    check.add_argument(
        "labelled",
        metavar="LABELLED",
        nargs="+",
        help="runs or files of labelled answers: all so far, in the order in which they were labelled",
    )
    options.add(check, ColumnOptions)


def _add_plan(commands: Any) -> None:
    plan = add(commands, "plan", _plan, "say how many questions and draws tell two models apart; no model", table=True)
    options.add(plan, PlanOptions)
    plan.add_argument(
        "--pilot",
        metavar="RUN",
        nargs="+",
        default=(),
        help="a run like one of those to be compared, or two like both: the noise is measured on it",
    )


def _plan(chosen: argparse.Namespace) -> None:
    from calibench.analysis.plan import from_options
    from calibench.reports.decide import plan_table, plan_text

    found = from_options(chosen.pilot, options.given(chosen, PlanOptions))
    output.print_found(chosen, found, plan_table, plan_text, found.assumptions)


def _threshold(chosen: argparse.Namespace) -> int:
    from calibench.analysis.threshold import from_options, publish
    from calibench.reports.decide import thresholds_table, thresholds_text

    found = from_options(chosen.of, options.given(chosen, ThresholdOptions) | options.given(chosen, ColumnOptions))
    place = f"policy: {one_line(str(publish(found, Path(chosen.out))))}"
    output.print_found(chosen, found, thresholds_table, lambda of: f"{thresholds_text(of)}\n\n{place}", found.notes)
    return 0 if found.reached else NOT_REACHED


def _apply(chosen: argparse.Namespace) -> None:
    from calibench.analysis.apply import from_options, publish
    from calibench.reports.decide import applied_text, marked_csv

    applied = from_options(chosen.policy, chosen.of, options.given(chosen, ColumnOptions))
    for note in applied.notes:
        tell("note", note)
    if chosen.out:
        publish(applied, Path(chosen.out))
    if chosen.json:
        output.print_json({"rules": applied.counts, "rows": applied.rows()})
    elif chosen.out:
        print(f"{applied_text(applied.counts)}\n\nrows: {one_line(chosen.out)}")
    else:
        print(marked_csv(applied.frame), end="")
        print(applied_text(applied.counts), file=sys.stderr)


def _check(chosen: argparse.Namespace) -> int:
    from calibench.analysis.check import from_options
    from calibench.reports.decide import checked_table, checked_text

    checked = from_options(chosen.policy, chosen.labelled, options.given(chosen, ColumnOptions))
    output.print_found(chosen, checked, checked_table, checked_text, checked.notes)
    return DRIFTED if checked.drifted else 0
