"""`calibench import`: logs of other tools as runs."""

from __future__ import annotations

import argparse
from typing import Any

from calibench.analysis.options import ImportOptions
from calibench.cli import options as of_struct
from calibench.cli import output
from calibench.cli.parser import add
from calibench.errors.terminal import tell


def register(commands: Any) -> None:
    importing = add(
        commands,
        "import",
        _import,
        "make a run of the logs of another tool, such as lm-eval or Inspect; no model",
    )
    importing.add_argument(
        "files", metavar="FILE", nargs="+", help="logs of one format; a folder stands for the logs in it"
    )
    of_struct.add(importing, ImportOptions)


def _import(options: argparse.Namespace) -> None:
    from calibench.analysis.imports import import_log
    from calibench.lm_eval import theirs

    theirs.register()
    found = import_log(options.files, ImportOptions(**of_struct.given(options, ImportOptions)))
    for note in found.notes:
        tell("note", note)
    cards = {name: summary.scorecard for name, summary in found.summaries.items()}
    if options.json:
        metrics = {name: card.metrics for name, card in cards.items()}
        output.print_json(metrics if len(metrics) > 1 else next(iter(metrics.values())))
    elif found.comparison is None:
        output.print_headline(next(iter(found.summaries.values())), found.page)
    else:
        output.print_headlines(cards, found.comparison, found.page)
