"""`calibench merge`: one run out of shards that were asked apart."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from calibench.cli import output
from calibench.cli.parser import add
from calibench.errors.terminal import tell


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
    from calibench.analysis.apart import report_apart
    from calibench.analysis.report import update
    from calibench.running.merging import merge
    from calibench.store import RunFile, runs_in

    shards = [run for shard in options.shards for run in runs_in(shard)]
    if options.apart:
        summary, notes = report_apart(shards, options.out, partial=options.partial)
    else:
        notes = merge(shards, options.out, partial=options.partial).notes
    for note in notes:
        tell("warning", note)
    if options.apart:
        tell("note", summary.manifest["notes"][-1])
    else:
        with RunFile.create(Path(options.out)) as run:
            summary = update(run)
    if options.json:
        output.print_json(summary.scorecard.metrics)
    elif options.format:
        output.print_headline_tables({summary.name: summary}, options.format)
    else:
        output.print_headline(summary, Path(options.out) / "report.html")
