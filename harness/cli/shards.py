"""`calibench merge`: one run out of shards that were asked apart."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibench.cli import output
from calibench.cli.parser import add
from calibench.errors.terminal import tell

if TYPE_CHECKING:
    from calibench.results import RunSummary


def register(commands: Any) -> None:
    text = "join the shards of a run, as `calibench run --shard I/N` makes them, and report; no model"
    merge = add(commands, "merge", _merge, text, table=True)
    merge.add_argument("shards", metavar="SHARD", nargs="+", help="a folder of runs stands for all of them")
    merge.add_argument("--out", metavar="DIR", required=True, help="folder of the new run")
    merge.add_argument(
        "--partial",
        action="store_true",
        help="join what is there, though shards are missing; the run is then one that was stopped",
    )
    merge.add_argument(
        "--apart",
        action="store_true",
        help="leave the shards apart: write only the report of all of them, in memory that does not grow with the rows",
    )


def _merge(options: argparse.Namespace) -> None:
    from calibench.store import runs_in

    shards = [run for shard in options.shards for run in runs_in(shard)]
    summary = (_apart if options.apart else _joined)(shards, options)
    if options.json:
        output.print_json(summary.scorecard.metrics)
    elif options.format:
        output.print_headline_tables({summary.name: summary}, options.format)
    else:
        output.print_headline(summary, Path(options.out) / "report.html")


def _joined(shards: Sequence[Path], options: argparse.Namespace) -> RunSummary:
    from calibench.analysis.report import update
    from calibench.running.merging import merge
    from calibench.store import RunFile

    for note in merge(shards, options.out, partial=options.partial).notes:
        tell("warning", note)
    with RunFile.create(Path(options.out)) as run:
        return update(run)


def _apart(shards: Sequence[Path], options: argparse.Namespace) -> RunSummary:
    from calibench.analysis.apart import report_apart

    summary, notes = report_apart(shards, options.out, partial=options.partial)
    for note in notes:
        tell("warning", note)
    tell("note", summary.manifest["notes"][-1])
    return summary
