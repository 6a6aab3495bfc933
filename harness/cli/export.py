"""`calibench export`: a run in the form of another tool."""

from __future__ import annotations

import argparse
from typing import Any

from calibench.cli import output
from calibench.cli.parser import add
from calibench.errors.characters import one_line
from calibench.errors.terminal import tell
from calibench.exchange.writers import base


def register(commands: Any) -> None:
    export = add(commands, "export", _export, "write a run in the form of another tool, or as a table; no model")
    export.add_argument("run", metavar="RUN")
    export.add_argument("--to", metavar="FORMAT", required=True, help=", ".join(base.own_names()))
    export.add_argument("--out", metavar="PATH", required=True, help="the file, or the folder of formats of several")


def _export(options: argparse.Namespace) -> None:
    from calibench.analysis.export import export

    path = export(options.run, options.to, options.out, lambda note: tell("note", note))
    if options.json:
        output.print_json({"format": options.to, "path": str(path)})
    else:
        print(f"{options.to}: {one_line(str(path))}")
