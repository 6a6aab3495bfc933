"""The parser that every command is added to."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

Command = Callable[[argparse.Namespace], int | None]
"""What a command does with its options; returns its exit code, None for 0."""
INTERRUPTED = 130
"""Exit code after Ctrl-C."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Says what is wrong, without the list of all options, which would push it off the screen."""
        self.exit(2, f"{self.prog}: {message}\n{self.prog} --help lists the options\n")


def add(commands: Any, name: str, command: Command, text: str, *, hidden: bool = False) -> argparse.ArgumentParser:
    """Adds a command; returns its parser, for the options.

    Args:
        commands: what `ArgumentParser.add_subparsers` returned.
        name: of the command.
        command: what it does.
        text: one line for `calibench --help`.
        hidden: leaves the command out of that list.
    """
    sub = commands.add_parser(name, description=text, allow_abbrev=False, **({} if hidden else {"help": text}))
    sub.set_defaults(command=command)
    sub.add_argument("--json", action="store_true", help="print JSON")
    return sub
