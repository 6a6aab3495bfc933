"""Commands on tasks: check-task and lm-eval-tasks; and the options that describe a user's own file as a task."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Annotated, Any

from calibench.cli import options, output, values
from calibench.cli.parser import add
from calibench.errors import InputError
from calibench.fields import Line, Options, flag, option


def register(commands: Any) -> None:
    check = add(
        commands,
        "check-task",
        _check_task,
        "grade every gold answer, and wrong, empty and refusing ones, through a task's grader",
    )
    check.add_argument("names", metavar="NAME", nargs="*")
    add_task_file_options(check)
    check.add_argument("--data", metavar="DIR", default=values.default_data(), help="folder of original data files")
    check.add_argument("--limit", metavar="N", type=values.positive, help="only the first N rows")

    bridge = add(commands, "lm-eval-tasks", _lm_eval_tasks, "write the tasks as configurations for the lm_eval command")
    bridge.add_argument("--out", metavar="DIR", required=True, help="folder for `lm_eval --include_path`")


def _check_task(chosen: argparse.Namespace) -> int:
    from calibench import tasks
    from calibench.grading.check import check_task

    names = [*chosen.names, *task_of_file(options.given(chosen, TaskFile))]
    if not names:
        raise InputError("check-task: expected a task's name, or --task-file, found neither")
    results = [check_task(name, chosen.data, chosen.limit) for name in tasks.expand(names)]
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


class TaskFile(Options, frozen=True, kw_only=True):
    """A user's own file as a task; see `calibench.tasks.user.Description`."""

    task_file: Annotated[
        Line | None,
        option(
            "your questions: CSV, TSV, JSON Lines or a JSON array, or a Python file that defines TASK", "scope", "FILE"
        ),
    ] = None
    grader: Annotated[
        Line | None, option("how their answers are graded: number, math, choice, alias or code", "scope", "NAME")
    ] = None
    question: Annotated[Line | None, option("default: question", "scope", "COLUMN")] = None
    answer: Annotated[Line | None, option("default: answer", "scope", "COLUMN")] = None
    id: Annotated[Line | None, option("default: ids from the content", "scope", "COLUMN")] = None
    choices: Annotated[Line | None, option("options: one column of lists, or a column each", "scope", "COLUMNS")] = None
    level: Annotated[Line | None, option("difficulty from 1", "scope", "COLUMN")] = None
    subject: Annotated[Line | None, option("category", "scope", "COLUMN")] = None
    tests: Annotated[Line | None, option("Python asserts, for --grader code", "scope", "COLUMN")] = None
    labels: Annotated[
        Line | None, option("the possible answers, for --grader choice without --choices", "scope", "NAMES")
    ] = None
    instruction: Annotated[
        Line | None, option("the form that the answer takes (default: what suits the grader)", "scope", "TEXT")
    ] = None
    separator: Annotated[
        Line | None, option("what separates several accepted answers, or options, in one cell", "scope", "TEXT")
    ] = None
    train_file: Annotated[Line | None, option("questions of the same form to tune on", "scope", "FILE")] = None


COLUMNS = ("choices", "labels")
"""The fields of `TaskFile` that may be lists in a configuration file; as texts they have commas."""


def add_task_file_options(command: argparse.ArgumentParser) -> None:
    options.add(command.add_argument_group("a task of your own"), TaskFile)


def task_of_file(described: dict[str, Any]) -> tuple[str, ...]:
    """The name of the task that these fields of `TaskFile` describe; nothing if none of them is given."""
    if not described:
        return ()
    file, form = described.get("task_file"), {k: v for k, v in described.items() if k != "task_file"}
    if file is None:
        raise InputError(f"{flag(next(iter(form)))} describes a file: name it by --task-file")
    from calibench.tasks.user.description import Description

    return (f"file:{Description(file, **form).reference()}",)
