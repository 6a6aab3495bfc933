"""Commands that read what runs left: report, compare, votes. None needs a model, but a comparison of runs
that grow."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibench.analysis.options import PROTOCOLS
from calibench.cli import output, track, values
from calibench.cli.options import given, reader
from calibench.cli.parser import INTERRUPTED, add, renamed
from calibench.cli.run import grown, is_configuration
from calibench.cli.tasks import add_task_file_options, task_of_file
from calibench.errors import InputError
from calibench.errors.characters import one_line
from calibench.errors.terminal import tell
from calibench.fields import Fraction, flag
from calibench.tasks.user.description import Description

if TYPE_CHECKING:
    from calibench.results import Rescoring
    from calibench.store import RunFile


_FURTHER = {"wordings": "wordings", "targets": "targets", "budgets": "thinking"}
"""Options that add numbers to a table or to JSON -> where a summary has them."""


def register(commands: Any) -> None:
    _add_report(commands)
    _add_compare(commands)
    _add_votes(commands)


def _add_report(commands: Any) -> None:
    report = add(
        commands, "report", _report, "score a run again and rewrite its report; no model is needed", table=True
    )
    report.add_argument("run", metavar="RUN")
    report.add_argument(
        "--rescore",
        action="store_true",
        help="read and grade the stored texts again, by today's rules; reports what changes, then replaces it",
    )
    report.add_argument("--dry-run", action="store_true", help="with --rescore: only report what would change")
    report.add_argument(
        "--tasks",
        metavar="NAMES",
        default="",
        help="with --rescore: tasks of files of your own, comma-separated, as `run --tasks` named them (file:FILE)",
    )
    report.add_argument(
        "--convention",
        metavar="NAMES",
        type=values.names,
        help="also show the numbers as others compute them, such as netcal, torchmetrics, hle; `all`: every convention"
        " that is known",
    )
    report.add_argument(
        "--ensemble",
        metavar="NAMES",
        type=values.names,
        help="also score a method that joins these confidence methods of the run, fitted on other questions",
    )
    report.add_argument(
        "--labelled",
        metavar="FILE",
        help="also show what labels of some answers say of the grader, and the numbers without its errors; the columns"
        " are those of `calibench labels --sample`",
    )
    report.add_argument(
        "--of", metavar="RUN", help="with --labelled: run whose answers are labelled, graded alike (default: RUN)"
    )
    _add_wordings(report)
    report.add_argument(
        "--targets",
        action="store_true",
        help="with --format and --json: the numbers of each confidence target, where runs were made with --targets",
    )
    report.add_argument(
        "--budgets",
        action="store_true",
        help="with --format and --json: the numbers at each thinking budget, where runs were made with --budgets",
    )
    track.add_option(report)
    add_task_file_options(report)


def _add_wordings(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--wordings",
        action="store_true",
        help="with --format and --json: the numbers of each wording, where runs were made with --variants",
    )


def _report(options: argparse.Namespace) -> None:
    from calibench.analysis.report import conventions_named
    from calibench.store import runs_in

    _check_form(options)
    track.require(options)
    options.convention = conventions_named(options.convention)
    runs = runs_in(options.run)
    if options.labelled and len(runs) != 1:
        raise InputError(f"--labelled: expected one run, found {len(runs)} in {options.run}")
    found = {}
    for run in runs:
        if len(runs) > 1 and output.is_text(options):
            print(f"{one_line(str(run))}:\n")
        found[run.name] = _report_one(run, options)
        if len(runs) > 1 and output.is_text(options):
            print()
    if options.format and not options.dry_run:
        further = [name for name in _FURTHER if getattr(options, name)]
        output.print_headline_tables({name: summary for name, (summary, _) in found.items()}, options.format, further)
    elif options.json and not options.dry_run:
        output.print_json_of({name: shown for name, (_, shown) in found.items()})
    for run in runs if not options.dry_run else ():
        track.send(options, found[run.name][0], run if run.is_dir() else run.parent)


def _check_form(options: argparse.Namespace) -> None:
    for name in _FURTHER:
        if getattr(options, name, False) and output.is_text(options):
            raise InputError(f"--{name} goes with --format or --json: the page shows them anyway")


def _report_one(run_path: Path, options: argparse.Namespace) -> Any:
    """Returns the summary, and what `--json` shows of the run; prints the rest."""
    from calibench.analysis.labels import of_file
    from calibench.analysis.report import load, update
    from calibench.store import RunFile

    if options.dry_run and not options.rescore:
        raise InputError("--dry-run goes with --rescore: a report changes nothing of what a run holds")
    if not options.rescore and (named := [*["tasks"] * bool(options.tasks), *given(options, Description)]):
        raise InputError(f"{flag(named[0])} goes with --rescore: a report is of all tasks of a run")
    threading.Thread(target=load).start()
    with RunFile.reopen(run_path) as run:
        found = _rescore(run, options) if options.rescore else None
        if options.dry_run:
            return None
        output.warn_if_unfinished(run)
        labelled = of_file(run, options.labelled, options.of)
        summary = update(run, options.convention, options.ensemble or (), labelled)
    metrics = summary.scorecard.metrics
    if output.is_text(options):
        output.print_headline(summary, run.path.parent / "report.html")
    further = ((name, getattr(summary, of) if getattr(options, name) else ()) for name, of in _FURTHER.items())
    known = (
        ("conventions", summary.conventions), ("typed_decisions", summary.typed_decisions),
        ("labelled", summary.labelled),
    )  # fmt: skip
    parts = (("rescored", found), *known, *further)
    more = {name: of for name, of in parts if of}
    return summary, {**more, "metrics": metrics} if more else metrics


def _rescore(run: RunFile, options: argparse.Namespace) -> Rescoring:
    """Reports what changes, then replaces it."""
    from calibench import tasks
    from calibench.analysis.rescore import keep, rescore
    from calibench.lm_eval import theirs
    from calibench.reports.rescore import rescoring_text

    theirs.register()
    for name in (*filter(None, options.tasks.split(",")), *task_of_file(given(options, Description))):
        tasks.load(name)
    found = rescore(run)
    summary = found.summary()
    if output.is_text(options):
        print(rescoring_text(summary), end="\n\n", flush=True)
    elif options.dry_run:
        output.print_json({"rescored": summary})
    if not options.dry_run:
        keep(run, found)
    return summary


def _add_compare(commands: Any) -> None:
    compare = add(
        commands, "compare", _compare, "compare runs, paired on the questions that both of a pair answered", table=True
    )
    compare.set_defaults(named=None)  # runs that grow show how far they are
    compare.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        help="a folder of runs stands for all of them; with --until also a TOML file of `calibench run -c`, whose run"
        " asks on until the two are told apart",
    )
    compare.add_argument(
        "--baseline",
        metavar="NAME",
        default="first",
        help="name or folder of the run that every other one is held against (default: the first RUN)",
    )
    compare.add_argument(
        "--methods",
        action="store_true",
        help="of one RUN: hold its confidence methods against each other, on the same answers",
    )
    compare.add_argument(
        "--margin",
        metavar="X",
        type=reader(Fraction),
        default=0.02,
        help="differences that are smaller do not matter: `equivalent` is what lies inside it (default: %(default)s)",
    )
    compare.add_argument(
        "--until",
        metavar="RULE",
        help="say after which question two runs are told apart, looked at while they grow: decided (by ECE), or with"
        ' accuracy, ece, brier, gap or auroc before it, as "accuracy decided"',
    )
    compare.add_argument(
        "--out", metavar="DIR", default="runs/compare", help="folder of the comparison's report (default: %(default)s)"
    )
    _add_wordings(compare)
    compare.add_argument(
        "--budgets",
        action="store_true",
        help="with --format: the runs at each thinking budget that two of them have",
    )


def _compare(options: argparse.Namespace) -> int:
    from calibench.errors.working import working

    if options.methods:
        with working("calibench compare"):
            _compare_methods(options)
        return 0
    _check_form(options)
    if any(map(is_configuration, options.runs)):
        if options.baseline != "first":
            raise InputError("--baseline: of two runs that ask until they are told apart, the first is the baseline")
        folders = grown(options.runs, options.until, options.margin)
        if folders is None:
            return INTERRUPTED
        options.runs = folders
    with working("calibench compare"):
        _compare_there(options)
    return 0


def _compare_methods(options: argparse.Namespace) -> None:
    from calibench.analysis.methods import compare_methods
    from calibench.reports.methods import methods_table, methods_text
    from calibench.results.judging import judge_notes
    from calibench.store.opening import all_opened

    with all_opened(*options.runs) as runs:
        if len(runs) != 1:
            raise InputError(f"--methods: expected one run, whose methods are compared; found {len(runs)}")
        output.warn_if_unfinished(runs[0])
        for note in judge_notes(runs[0].manifest()):
            tell("note", note)
        found = compare_methods(runs[0], margin=options.margin)
    if options.json:
        output.print_json(found)
    elif options.format:
        output.print_tables(options.format, methods_table(found))
    else:
        print(methods_text(found))


def _compare_there(options: argparse.Namespace) -> None:
    """Of runs that are there."""
    from calibench.analysis.compare import compare, numbers, publish
    from calibench.reports.attempts import attempts_table, attempts_text
    from calibench.reports.comparability import asked_otherwise
    from calibench.reports.equal_budgets import equal_budgets_table, equal_budgets_text
    from calibench.reports.self_knowledge import self_knowledge_text
    from calibench.reports.tables import comparison_tables, comparison_text
    from calibench.reports.typed_decisions import differences_text
    from calibench.reports.until import decisions_table, decisions_text
    from calibench.reports.wording import held_table, held_text
    from calibench.store.opening import all_opened

    with all_opened(*options.runs) as runs:
        for run in runs:
            output.warn_if_unfinished(run)
        comparison = compare(runs, options.baseline, options.margin, options.until)
    page = publish(comparison, Path(options.out))
    for warning in asked_otherwise(comparison.runs):
        tell("warning", warning)
    if options.json:
        output.print_json(numbers(comparison))
    elif options.format:
        asked = [held_table(comparison)] if options.wordings else []
        asked += [equal_budgets_table(comparison)] if options.budgets else []
        decided = [decisions_table(comparison.decisions)] if comparison.decisions else []
        attempts = [attempts_table(comparison)] if comparison.attempts else []
        output.print_tables(options.format, *(decided or comparison_tables(comparison)), *attempts, asked=asked)
    else:
        decided_text = decisions_text(comparison.decisions)
        parts = (
            decided_text, comparison_text(comparison), differences_text(comparison), self_knowledge_text(comparison),
            attempts_text(comparison), equal_budgets_text(comparison), held_text(comparison),
        )  # fmt: skip
        print("\n\n".join(filter(None, parts)))
        output.print_place(page)


def _add_votes(commands: Any) -> None:
    text = "votes of runs with several draws: accuracy and calibration by number of draws; no model"
    for name, command, hidden in (("votes", _votes, False), ("scaling", _scaling, True)):
        votes = add(commands, name, command, text, hidden=hidden, table=True)
        votes.add_argument(
            "runs", metavar="RUN", nargs="+", help="several are held against each other on shared questions"
        )
        votes.add_argument(
            "--confidence", metavar="NAMES", type=values.names, help="methods that weigh votes (default: all)"
        )
        votes.add_argument("--protocol", metavar="NAMES", type=values.names, help=PROTOCOLS)
        renamed(votes, "--method", "--confidence", type=values.names)
        votes.add_argument(
            "--out", metavar="DIR", help="folder for votes.html and votes.json (default: RUN; runs/votes for several)"
        )


def _scaling(options: argparse.Namespace) -> None:
    tell("note", "`calibench scaling` is called `calibench votes`; the old name goes with the next version")
    _votes(options)


def _votes(options: argparse.Namespace) -> None:
    from calibench.analysis.votes import publish, votes
    from calibench.reports.votes import votes_table, votes_text
    from calibench.store.opening import all_opened

    with all_opened(*options.runs) as runs:
        result = votes(runs, options.confidence, options.protocol)
        default = runs[0].path.parent if len(runs) == 1 else Path("runs/votes")
    for note in result.notes:
        tell("note", note)
    page = publish(result, Path(options.out) if options.out else default)
    if options.json:
        output.print_json(result)
    elif options.format:
        output.print_tables(options.format, votes_table(result))
    else:
        print(votes_text(result))
        output.print_place(page)
