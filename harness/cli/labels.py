"""The command that holds a run against a person's labels of its answers. It needs no model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from calibench.analysis.options import LabelOptions
from calibench.cli import options, output
from calibench.cli.options import reader
from calibench.cli.parser import add
from calibench.errors import InputError
from calibench.errors.characters import one_line
from calibench.fields import Count


def register(commands: Any) -> None:
    labels = add(
        commands,
        "labels",
        _labels,
        "hold a run's grader against labels of your own, and correct the run's numbers for its errors; no model",
        table=True,
    )
    labels.add_argument("run", metavar="RUN")
    options.add(labels, LabelOptions)
    labels.add_argument(
        "--sample",
        metavar="N",
        type=reader(Count),
        help="draw a random sample of N answers to label, without their grades",
    )
    labels.add_argument("--out", metavar="FILE", help="with --sample: CSV to write your labels into")


def _labels(chosen: argparse.Namespace) -> None:
    given = LabelOptions(**options.given(chosen, LabelOptions))
    if (chosen.sample is None) == (given.labels is None):
        raise InputError("labels: expected --labels FILE, or --sample N and --out FILE to draw answers to label")
    if (chosen.sample is None) != (chosen.out is None):
        raise InputError("--sample and --out go together: N answers to label are written to FILE")
    if chosen.sample is None:
        _held(chosen, given)
    else:
        _sample(chosen, given)


def _held(chosen: argparse.Namespace, given: LabelOptions) -> None:
    from calibench.analysis.labels import from_options
    from calibench.reports.labels import labelled_table, labelled_text

    found = from_options(chosen.run, given, given.of)
    output.print_found(chosen, found, labelled_table, labelled_text, found.notes)


def _sample(chosen: argparse.Namespace, given: LabelOptions) -> None:
    from calibench.analysis.label_table import drawn, publish
    from calibench.store import RunFile

    with RunFile.open(chosen.run) as run:
        output.warn_if_unfinished(run)
        rows = drawn(run, chosen.sample, seed=given.seed)
    file = publish(rows, Path(chosen.out))
    if chosen.json:
        output.print_json({"rows": len(rows), "file": str(file)})
    else:
        print(f"{len(rows):,} answers to label, in the column `label`: {one_line(str(file))}")
