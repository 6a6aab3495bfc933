"""`calibench run`, and the file that its options can stand in."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any

from calibench.cli import options, output, values
from calibench.cli.parser import INTERRUPTED, add
from calibench.cli.tasks import COLUMNS, add_task_file_options, task_of_file
from calibench.errors import InputError
from calibench.errors.regular import regular
from calibench.errors.terminal import tell
from calibench.fields import fields, read
from calibench.running import suites
from calibench.running.config import RunConfig
from calibench.tasks.user.description import Description


def register(commands: Any) -> None:
    text = "benchmark a checkpoint: ask, read confidences, grade, report; continues a run that was stopped"
    run = add(commands, "run", _run, text, table=True)
    run.add_argument(
        "-c", "--config", metavar="FILE", help="TOML file with any of these options; the command line wins"
    )
    run.set_defaults(named=None)  # it shows how far it is
    options.add(run, RunConfig, positional="model", may_lack=True)
    add_task_file_options(run)


def _run(chosen: argparse.Namespace) -> int:
    from calibench.analysis.report import update
    from calibench.analysis.rules import rule_of
    from calibench.errors.working import working
    from calibench.lm_eval import theirs
    from calibench.running.pipeline import execute
    from calibench.running.progress import Lines, Live

    theirs.register()
    config = _configuration(chosen)
    with Live() if sys.stderr.isatty() else contextlib.nullcontext(Lines()) as progress:
        result = execute(config, progress, rule=rule_of(config, progress.stage))
    with result.run as run:
        for note in result.notes:
            tell("note", note)
        if result.interrupted:
            print(
                f"Stopped. Everything finished so far is in {run.path}; the same command continues it.", file=sys.stderr
            )
            return INTERRUPTED
        with working("calibench run"):
            summary = update(run)
    if chosen.json:
        metrics = summary.scorecard.metrics
        output.print_json({"until": summary.until, "metrics": metrics} if summary.until else metrics)
    elif chosen.format:
        output.print_headline_tables({summary.name: summary}, chosen.format)
    else:
        output.print_headline(summary, run.path.parent / "report.html")
    return 0


def _configuration(chosen: argparse.Namespace) -> RunConfig:
    """The command line wins over the configuration file, that over the suite, and all over CALIBENCH_DATA."""
    from_file = _read_file(chosen.config) if chosen.config else {}
    given = from_file | options.given(chosen, RunConfig) | options.given(chosen, Description)
    for table in ("engine", "template"):
        given[table] = from_file.get(table, {}) | given.get(table, {})
    of_file = task_of_file({name: given.pop(name) for name in fields(Description) if name in given})
    given["tasks"] = (*given.get("tasks", ()), *of_file)
    for name, is_there in (
        ("MODEL", given.get("model")),
        ("--tasks, --suite or --task-file", given["tasks"] or given.get("suite")),
        ("--out", given.get("out")),
    ):
        if not is_there:
            raise InputError(f"run: {name} is missing")
    return suites.configured({"data": values.default_data(), **given})


def _read_file(file: str) -> dict[str, Any]:
    """The options in a TOML file, checked."""
    import tomllib

    try:
        table = tomllib.loads(regular(Path(file)).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot read the configuration ({getattr(error, 'strerror', error)})") from error
    except (ValueError, RecursionError) as error:  # its own, and of integers that are too long or tables too deep
        raise InputError(f"{file}: not valid TOML: {error}") from error
    joined = {name: ",".join(map(str, table[name])) for name in COLUMNS if isinstance(table.get(name), list)}
    return read((RunConfig, Description), table | joined, f"{file}: ")
