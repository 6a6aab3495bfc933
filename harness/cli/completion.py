"""`calibench completion`: lets a shell complete commands, options and files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from calibench.cli.parser import add

_SHELLS = ("bash", "zsh", "fish")


def register(commands: Any, whole: Callable[[], argparse.ArgumentParser]) -> None:
    """Adds the command; `whole` makes the parser of all commands."""
    text = "print a script that lets a shell complete commands, options and files"
    completion = add(commands, "completion", partial(_completion, whole), text)
    completion.add_argument("shell", choices=_SHELLS, help='of bash: eval "$(calibench completion bash)"')


def _completion(whole: Callable[[], argparse.ArgumentParser], options: argparse.Namespace) -> None:
    import shtab

    parser = whole()
    for action in _actions(parser):
        if action.choices is None and action.nargs != 0:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # by which shtab knows it
    print(shtab.complete(parser, shell=options.shell), end="")


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The options and arguments of all commands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
        else:
            yield action
