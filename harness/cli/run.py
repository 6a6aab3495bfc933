"""`calibench run`, and the file that its options can stand in."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calibench.cli import output, values
from calibench.cli.parser import INTERRUPTED, add
from calibench.cli.tasks import TASK_FILE, add_task_file_options, task_of_file, without
from calibench.errors import InputError, unknown_name


def register(commands: Any) -> None:
    text = "benchmark a checkpoint: ask, read confidences, grade, report; continues a run that was stopped"
    _add_run_options(add(commands, "run", _run, text))


def _run(options: argparse.Namespace) -> int:
    from calibench.analysis.report import update
    from calibench.lm_eval import theirs
    from calibench.running.config import RunConfig
    from calibench.running.pipeline import execute
    from calibench.running.progress import Lines, Live

    theirs.register()
    config = RunConfig(**_run_options(options, RunConfig._fields))
    with Live() if sys.stderr.isatty() else contextlib.nullcontext(Lines()) as progress:
        result = execute(config, progress)
    with result.run as run:
        for note in result.notes:
            print(f"note: {note}", file=sys.stderr)
        if result.interrupted:
            print(
                f"Stopped. Everything finished so far is in {run.path}; the same command continues it.", file=sys.stderr
            )
            return INTERRUPTED
        summary = update(run)
    if options.json:
        output.print_json(summary.scorecard.metrics)
    else:
        output.print_headline(summary, run.path.parent / "report.html")
    return 0


def _add_run_options(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "model", metavar="MODEL", nargs="?", help="hub id, local folder, or a name from `calibench models`"
    )
    run.add_argument("--tasks", metavar="NAMES", type=values.names, help="comma-separated; see `calibench tasks`")
    add_task_file_options(run)
    run.add_argument("--suite", metavar="NAME", help="tasks and settings by one name; see `calibench suites`")
    run.add_argument("--out", metavar="DIR", help="folder of the run")
    run.add_argument(
        "-c", "--config", metavar="FILE", help="TOML file with any of these options; the command line wins"
    )
    run.add_argument(
        "--limit",
        metavar="N",
        type=values.positive,
        help="N questions per task; a smaller sample is part of a larger one",
    )
    run.add_argument(
        "--data", metavar="DIR", help="folder of original data files instead of the hub (or CALIBENCH_DATA)"
    )
    run.add_argument("--split", choices=("test", "train"), help="which questions of the tasks (default: test)")
    run.add_argument(
        "--protocol",
        metavar="NAME",
        help="what the prompt asks for: stated (default), plain, ...; options: no text, only the likeliest option",
    )
    run.add_argument(
        "--confidence", metavar="NAMES", type=values.names, help="methods; see `calibench methods` (default: stated)"
    )
    run.add_argument("--draws", metavar="K", type=values.positive, help="generations per question (default: 1)")
    run.add_argument(
        "--temperature", metavar="T", type=values.non_negative, help="default: 0 for one draw, 0.7 for several"
    )
    run.add_argument("--top-p", metavar="P", type=values.fraction, help="nucleus sampling (default: 1)")
    run.add_argument(
        "--max-tokens", metavar="N", type=values.positive, help="output budget, reasoning included (default: 2048)"
    )
    run.add_argument(
        "--force-answer",
        action="store_true",
        default=None,
        help="where an output comes to no answer, close its reasoning and let the model finish 'Answer:'",
    )
    run.add_argument("--thinking", choices=("on", "off", "auto"), help="passed to the chat template; auto: its default")
    run.add_argument("--seed", metavar="N", type=values.seed, help="default: 0")
    run.add_argument("--backend", metavar="NAME", help="see `calibench backends` (default: vllm)")
    run.add_argument(
        "--engine",
        metavar="KEY=VALUE",
        type=values.key_value,
        action="append",
        help="engine argument, passed through; may be repeated",
    )
    run.add_argument("--kind", choices=("base", "instruct", "sft", "rl"), help="label used in comparisons")
    run.add_argument("--name", metavar="TEXT", type=values.text, help="name in reports (default: the model's)")


def _run_options(options: argparse.Namespace, fields: Sequence[str]) -> dict[str, Any]:
    """The suite, then configuration file, then command line, then CALIBENCH_DATA."""
    known = (*fields, *TASK_FILE)
    given = {field: getattr(options, field) for field in known if getattr(options, field, None) is not None}
    from_file = _read_config(options.config) if options.config else {}
    merged = {"data": values.default_data(), **from_file, **given}
    of_file = task_of_file(merged)
    merged = without(merged, *TASK_FILE)
    if of_file:
        merged["tasks"] = (*merged.get("tasks", ()), *of_file)
    if merged.get("suite"):
        from calibench.running import suites

        merged = suites.applied(merged)
    for required, name in (("model", "MODEL"), ("tasks", "--tasks, --suite or --task-file"), ("out", "--out")):
        if not merged.get(required):
            raise InputError(f"run: {name} is missing")
    return {
        **merged,
        "engine": {**from_file.get("engine", {}), **dict(given.get("engine", ()))},
        "tasks": tuple(merged["tasks"]),
        "confidence": None if merged.get("confidence") is None else tuple(merged["confidence"]),
    }


def _read_config(file: str) -> dict[str, Any]:
    """The options in a TOML file, checked as if they stood on the command line."""
    import tomllib

    try:
        table = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot read the configuration ({error})") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file}: not valid TOML: {error}") from error
    parser = _ConfigParser(add_help=False, allow_abbrev=False)
    _add_run_options(parser)
    options = {action.dest: action for action in parser._actions}
    arguments = []
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in options or name == "config":
            known = [option for option in options if option != "config"]
            raise InputError(f"{file}: {unknown_name('option', key, known)}")
        if name == "engine":
            if not isinstance(value, dict):
                raise InputError(f"{file}: engine: expected a table of engine arguments, found {value!r}")
            continue
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        arguments += [text] if name == "model" else [f"{options[name].option_strings[0]}={text}"]
    try:
        parsed = vars(parser.parse_args(arguments))
    except _ConfigError as error:
        raise InputError(f"{file}: {error}") from None
    return {
        **{key: value for key, value in parsed.items() if value is not None},
        **({"engine": table["engine"]} if "engine" in table else {}),
    }


class _ConfigError(Exception):
    pass


class _ConfigParser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        raise _ConfigError(message)
