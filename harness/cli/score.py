"""`calibench score`: predictions from a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from calibench.cli import output
from calibench.cli.parser import add


def register(commands: Any) -> None:
    score = add(
        commands, "score", _score, "score predictions from a file, with a confidence and a verdict per row; no model"
    )
    score.add_argument("file", metavar="FILE", help="CSV, TSV, JSON Lines (each also with .gz) or Parquet")
    score.add_argument("--confidence", metavar="NAME", default="confidence", help="column (default: %(default)s)")
    score.add_argument("--correct", metavar="NAME", default="correct", help="column (default: %(default)s)")
    score.add_argument("--question", metavar="NAME", help="column with an id; rows that share one are not independent")
    score.add_argument("--group", metavar="NAME", help="column with a task or data set; each is scored on its own")
    score.add_argument("--model", metavar="NAME", help="column with a model; each is scored on its own")
    score.add_argument(
        "--scale", choices=("fraction", "percent"), default="fraction", help="of confidences (default: %(default)s)"
    )
    score.add_argument("--out", metavar="DIR", default="runs/score", help="folder of the report (default: %(default)s)")


def _score(options: argparse.Namespace) -> None:
    from calibench.analysis.predictions import Columns, score

    columns = Columns(*(getattr(options, role) for role in Columns._fields))
    summary = score(Path(options.file), Path(options.out), columns, options.scale)
    for note in summary.manifest["notes"]:
        print(f"note: {note}", file=sys.stderr)
    if options.json:
        output.print_json(summary.scorecard.metrics)
    else:
        output.print_headline(summary, Path(options.out) / "report.html")
