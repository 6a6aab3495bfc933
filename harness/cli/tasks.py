"""Commands on tasks: check-task and lm-eval-tasks; and the options that describe a user's own file as a task."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from calibench.cli import options, output, values
from calibench.cli.parser import add, renamed
from calibench.errors import InputError
from calibench.fields import flag
from calibench.tasks.user.description import Description


def register(commands: Any) -> None:
    check = add(
        commands,
        "check-task",
        _check_task,
        "check a task's grader: gold, wrong, empty and refusing answers, and the form that each protocol asks for",
    )
    check.add_argument("names", metavar="NAME", nargs="*")
    add_task_file_options(check)
    check.add_argument("--data", metavar="DIR", default=values.default_data(), help="folder of original data files")
    check.add_argument("--rows", metavar="N", type=values.positive, help="only the first N rows of the data")
    check.add_argument("--protocol", metavar="NAME", help="check the form of answers under this protocol only")
    renamed(check, "--limit", "--rows", type=values.positive)

    bridge = add(commands, "lm-eval-tasks", _lm_eval_tasks, "write the tasks as configurations for the lm_eval command")
    bridge.add_argument("--out", metavar="DIR", required=True, help="folder for `lm_eval --include_path`")


def _check_task(chosen: argparse.Namespace) -> int:
    from calibench import tasks
    from calibench.grading.check import check_task
    from calibench.lm_eval import theirs

    theirs.register()
    names = [*chosen.names, *task_of_file(options.given(chosen, Description))]
    if not names:
        raise InputError("check-task: expected a task's name, or --task-file, found neither")
    results = [check_task(name, chosen.data, chosen.rows, chosen.protocol) for name in tasks.expand(names)]
    if chosen.json:
        output.print_json([result.as_dict() for result in results])
    else:
        print("\n\n".join(result.text() for result in results))
    return 0 if all(result.passed for result in results) else 1


def _lm_eval_tasks(options: argparse.Namespace) -> None:
    from calibench.lm_eval.ours import write_configurations

    files = [str(file) for file in write_configurations(Path(options.out))]
    if options.json:
        output.print_json(files)
    else:
        print("\n".join(files))


COLUMNS = ("choices", "labels")
"""The fields of a `Description` that may be lists in a configuration file; as texts they have commas."""


def add_task_file_options(command: argparse.ArgumentParser) -> None:
    options.add(command.add_argument_group("a task of your own"), Description, may_lack=True)


def task_of_file(described: dict[str, Any]) -> tuple[str, ...]:
    """The name of the task that these fields of a `Description` describe; nothing if none of them is given."""
    if not described:
        return ()
    if "task_file" not in described:
        raise InputError(f"{flag(next(iter(described)))} describes a file: name it by --task-file")
    return (f"file:{Description(**described).reference()}",)
