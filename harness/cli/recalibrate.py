"""The command that maps confidences to the accuracy seen at them. It needs no model."""

from __future__ import annotations

import argparse
import contextlib
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from calibench.analysis.options import PROTOCOLS
from calibench.cli import output, values
from calibench.cli.parser import add, renamed
from calibench.errors import InputError
from calibench.errors.characters import one_line
from calibench.errors.terminal import tell

if TYPE_CHECKING:
    from calibench.results import Recalibrated
    from calibench.results.maps import SavedMaps

NOT_BETTER = 1
"""Exit code: no map is shown to be better than the confidences as they are."""


def register(commands: Any) -> None:
    recalibrate = add(
        commands,
        "recalibrate",
        _recalibrate,
        "map a run's confidences to the accuracy seen at them, fitted on other questions, and score both; no model",
        table=True,
    )
    recalibrate.add_argument("run", metavar="RUN")
    recalibrate.add_argument(
        "--fit", metavar="RUN", help="run to fit the maps on, as of the training split (default: one half of RUN)"
    )
    recalibrate.add_argument(
        "--map",
        metavar="NAMES",
        type=values.names,
        help="of temperature, platt, isotonic, beta, histogram, classifier, classifier_mlp"
        " (default: temperature,platt,isotonic, and classifier where a method has its features)",
    )
    renamed(recalibrate, "--method", "--map", type=values.names)
    recalibrate.add_argument("--protocol", metavar="NAMES", type=values.names, help=PROTOCOLS)
    recalibrate.add_argument("--out", metavar="DIR", help="folder of page and numbers (default: the run's)")
    recalibrate.add_argument(
        "--save", metavar="FILE", help="file for the recommended map, fitted on all answers, for use elsewhere"
    )


def _recalibrate(options: argparse.Namespace) -> int:
    from calibench.store import runs_in

    runs, out = runs_in(options.run), Path(options.out) if options.out else None
    if options.save and len(runs) > 1:
        raise InputError(f"--save is of one run, and {options.run} holds {len(runs)}")
    found, maps = {}, None
    for run in runs:
        found[run.name], maps = _recalibrate_one(run, options, out / run.name if out and len(runs) > 1 else out)
    if options.json:
        output.print_json_of(found)
    elif options.format:
        from calibench.reports.recalibration import recalibration_table

        output.print_tables(options.format, recalibration_table(found))
    return 0 if maps is None else _save(maps, Path(options.save), sys.stdout if output.is_text(options) else sys.stderr)


def _recalibrate_one(
    run_path: Path, options: argparse.Namespace, folder: Path | None
) -> tuple[Recalibrated, SavedMaps | None]:
    from calibench.analysis.maps import saved
    from calibench.analysis.recalibrate import publish, recalibrate
    from calibench.reports.recalibration import recalibration_text
    from calibench.store import RunFile

    with contextlib.ExitStack() as open_runs:
        run = open_runs.enter_context(RunFile.open(run_path))
        fit = open_runs.enter_context(RunFile.open(options.fit)) if options.fit else None
        result = recalibrate(run, fit, options.map, options.protocol)
        folder = folder or run.path.parent
        maps = saved(result, run, fit) if options.save else None
    page = publish(result, folder)
    for note in result.notes:
        tell("warning", note)
    if output.is_text(options):
        print(recalibration_text(result))
        output.print_place(page)
    return result, maps


def _save(maps: SavedMaps, file: Path, told: TextIO) -> int:
    """Writes the maps, if any is recommended, and says which; returns the exit code."""
    from calibench.analysis.maps import publish

    for recommendation in maps.recommendations:
        print(f"\n{textwrap.fill(recommendation.words, 100)}", file=told)
    if maps.maps:
        print(f"\nmaps: {one_line(str(publish(maps, file)))}", file=told)
        return 0
    print(f"\nnothing is written to {one_line(str(file))}", file=told)
    return NOT_BETTER
