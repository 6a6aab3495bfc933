"""The parser that every command is added to."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from calibench.errors.terminal import indented, shortened

Command = Callable[[argparse.Namespace], int | None]
"""What a command does with its options; returns its exit code, None for 0."""
INTERRUPTED = 130
"""Exit code after Ctrl-C."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Says what is wrong, without the list of all options, which would push it off the screen."""
        self.exit(2, f"{self.prog}: {indented(shortened(message))}\n{self.prog} --help lists the options\n")


def add(
    commands: Any, name: str, command: Command, text: str, *, hidden: bool = False, table: bool = False
) -> argparse.ArgumentParser:
    """Adds a command; returns its parser, for the options.

    Args:
        commands: what `ArgumentParser.add_subparsers` returned.
        name: of the command.
        command: what it does.
        text: one line for `calibench --help`.
        hidden: leaves the command out of that list.
        table: it prints a table, which `--format` asks for in another form.
    """
    sub = commands.add_parser(name, description=text, allow_abbrev=False, **({} if hidden else {"help": text}))
    sub.set_defaults(command=command, named=f"calibench {name}")  # named: under which it gives signs of life
    output = sub.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print JSON")
    if table:
        output.add_argument(
            "--format", choices=("csv", "markdown", "latex"), help="print the table alone, in this form (default: text)"
        )
    return sub


def renamed(command: argparse.ArgumentParser, old: str, new: str, **settings: Any) -> None:
    """Lets an option, which is added before, go by its old name for one version, with a note.

    Args:
        command: what has the option.
        old, new: names, as `--method`.
        settings: `type` and the like, as of the option.
    """

    class Renamed(argparse.Action):
        def __call__(self, _parser: Any, options: Any, value: Any, _called: Any = None) -> None:
            note = f"{old} is called {new}; the old name goes with the next version"
            options.notes = [*getattr(options, "notes", ()), note]  # said when all else is right
            setattr(options, self.dest, value)

    hidden: dict[str, Any] = {"default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
    command.add_argument(old, dest=new.removeprefix("--").replace("-", "_"), action=Renamed, **hidden, **settings)
