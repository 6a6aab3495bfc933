"""The command line. A file holds a group of commands: their options, and beside them what they do.

Heavy modules are imported by the command that needs them, so that `calibench --help` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback
from collections.abc import Sequence

from calibench.cli import (
    completion,
    decide,
    export,
    imports,
    labels,
    lists,
    look,
    plot,
    recalibrate,
    run,
    runs,
    score,
    shards,
    tasks,
    tune,
)
from calibench.cli.parser import INTERRUPTED, Parser
from calibench.errors import CalibenchError, InputError
from calibench.errors.stopping import stoppable
from calibench.errors.terminal import guarded, tell
from calibench.errors.working import working
from calibench.version import __version__

_GROUPS = (run, shards, runs, recalibrate, plot, look, decide, labels, score, imports, export, tasks, tune, lists)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code (see `calibench.errors`)."""
    # No process that is started takes a module from the folder that the command is run in: it may be a stranger's.
    os.environ["PYTHONSAFEPATH"] = "1"
    with guarded():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    try:
        options = _options(arguments)
        with stoppable(), working(options.named) if options.named else contextlib.nullcontext():
            code = options.command(options) or 0
            if sys.stdout is not None:
                sys.stdout.flush()
            return code
    except CalibenchError as error:
        tell("calibench", str(error))
        return error.exit_code
    except KeyboardInterrupt:
        tell("calibench", "interrupted; what was finished is kept")
        return INTERRUPTED
    except OSError as error:
        if error.filename is None:
            raise
        tell("calibench", f"{error.filename}: {error.strerror}")  # a name is too long, a folder may not be read
        return InputError.exit_code
    except Exception:  # a fault of ours: what Python would print at the end would go past the guard
        traceback.print_exc()
        return 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    of_all = parser()
    options, further = of_all.parse_known_args(arguments)
    if hasattr(options, "further"):  # a command that takes options that are not known here
        options.further = further
    elif further:
        of_all.error(f"unrecognized arguments: {' '.join(further)}")
    for note in getattr(options, "notes", ()):
        tell("note", note)
    from calibench.store.places import check_places

    check_places((options.named or "").removeprefix("calibench "), vars(options))
    return options


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    whole = Parser(
        prog="calibench", description="Measures whether a language model knows when it is right.", allow_abbrev=False
    )
    whole.add_argument("--version", action="version", version=f"calibench {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in _GROUPS:
        group.register(commands)
    completion.register(commands, parser)
    return whole
