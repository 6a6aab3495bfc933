"""Commands on tasks: check-task and lm-eval-tasks; and the options that describe a user's own file as a task."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from calibench.cli import output, values
from calibench.cli.parser import add
from calibench.errors import InputError


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


def _check_task(options: argparse.Namespace) -> int:
    from calibench import tasks
    from calibench.grading.check import check_task

    names = [*options.names, *task_of_file(vars(options))]
    if not names:
        raise InputError("check-task: expected a task's name, or --task-file, found neither")
    results = [check_task(name, options.data, options.limit) for name in tasks.expand(names)]
    if options.json:
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


TASK_FILE = {
    "task_file": ("FILE", "your questions: CSV, TSV, JSON Lines or a JSON array, or a Python file that defines TASK"),
    "grader": ("NAME", "how their answers are graded: number, math, choice, alias or code"),
    "question": ("COLUMN", "default: question"),
    "answer": ("COLUMN", "default: answer"),
    "id": ("COLUMN", "default: ids from the content"),
    "choices": ("COLUMNS", "options: one column of lists, or a column each"),
    "level": ("COLUMN", "difficulty from 1"),
    "subject": ("COLUMN", "category"),
    "tests": ("COLUMN", "Python asserts, for --grader code"),
    "labels": ("NAMES", "the possible answers, for --grader choice without --choices"),
    "instruction": ("TEXT", "the form that the answer takes (default: what suits the grader)"),
    "separator": ("TEXT", "what separates several accepted answers, or options, in one cell"),
    "train_file": ("FILE", "questions of the same form to tune on"),
}
"""Option -> its value's name and its help; the options describe the file of `--task-file`."""


def add_task_file_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("a task of your own")
    for name, (metavar, text) in TASK_FILE.items():
        group.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, type=values.text, help=text)


def task_of_file(options: dict[str, Any]) -> tuple[str, ...]:
    """The name of the task that the options of `TASK_FILE` describe; nothing if none of them is given."""
    described = {name: options[name] for name in TASK_FILE if options.get(name) is not None}
    if not described:
        return ()
    if "task_file" not in described:
        raise InputError(f"--{next(iter(described)).replace('_', '-')} describes a file: name it by --task-file")
    from calibench.tasks.user.description import Description

    return (f"file:{Description(described['task_file'], **without(described, 'task_file')).reference()}",)


def without(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}
