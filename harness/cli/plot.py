"""`calibench plot`: a figure of one run or of several. Needs no model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from calibench.analysis.options import PlotOptions
from calibench.cli import options, output, values
from calibench.cli.parser import add, renamed
from calibench.errors.terminal import tell
from calibench.results.judging import graders_told


def register(commands: Any) -> None:
    plot = add(commands, "plot", _plot, "draw a figure of one run or of several, for a paper or a talk; no model")
    plot.add_argument("runs", metavar="RUN", nargs="+", help="a folder of runs stands for all of them")
    options.add(plot, PlotOptions)
    plot.add_argument("--out", metavar="FILE", required=True, help="file to write: .svg, .pdf or .png")
    plot.add_argument("--data", metavar="FILE", help="CSV with the numbers that are drawn")
    renamed(plot, "--method", "--confidence", type=values.names)


def _plot(chosen: argparse.Namespace) -> None:
    from calibench.analysis.plot import drawn, publish
    from calibench.reports import figures
    from calibench.store.opening import all_opened

    figures.check_path(Path(chosen.out))
    with all_opened(*chosen.runs) as runs:
        for run in runs:
            output.warn_if_unfinished(run)
        for note in graders_told([run.manifest() for run in runs]):
            tell("note", note)
        found, figure = drawn(runs, PlotOptions(**options.given(chosen, PlotOptions)))
    publish(found, figure, chosen.out, chosen.data)
    if chosen.json:
        output.print_json(found)
    else:
        print(chosen.out)
