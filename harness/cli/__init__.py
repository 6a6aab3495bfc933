"""The command line. A file holds a group of commands: their options, and beside them what they do.

Heavy modules are imported by the command that needs them, so that `calibench --help` answers at once.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from calibench.cli import lists, look, run, runs, score, tasks, tune
from calibench.cli.parser import INTERRUPTED, Parser
from calibench.errors import CalibenchError
from calibench.errors.stopping import stoppable
from calibench.errors.terminal import guarded
from calibench.version import __version__

_GROUPS = (run, runs, look, score, tasks, tune, lists)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code (see `calibench.errors`)."""
    with guarded():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    of_all = parser()
    options, further = of_all.parse_known_args(arguments)
    if hasattr(options, "further"):  # a command that takes options that are not known here
        options.further = further
    elif further:
        of_all.error(f"unrecognized arguments: {' '.join(further)}")
    for note in getattr(options, "notes", ()):
        print(f"note: {note}", file=sys.stderr)
    try:
        if getattr(options, "out", None) and not hasattr(options, "out_is_file"):
            from calibench.store import check_folder

            check_folder(Path(options.out))
        with stoppable():
            return options.command(options) or 0
    except CalibenchError as error:
        print(f"calibench: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("calibench: interrupted; what was finished is kept", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`); nothing is left to say, not even at exit.
        sys.stdout = None
        return 0
    except Exception:  # a fault of ours: what Python would print at the end would go past the guard
        traceback.print_exc()
        return 1


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    whole = Parser(
        prog="calibench", description="Measures whether a language model knows when it is right.", allow_abbrev=False
    )
    whole.add_argument("--version", action="version", version=f"calibench {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in _GROUPS:
        group.register(commands)
    return whole
