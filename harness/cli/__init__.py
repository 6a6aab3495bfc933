"""The command line. Each command is a function; heavy modules are imported by the command that needs them."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calibench.errors import CalibenchError, InputError

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code (see `calibench.errors`)."""
    parser = _parser()
    options, further = parser.parse_known_args(arguments)
    if options.command is _tune:
        options.further = further
    elif further:
        parser.error(f"unrecognized arguments: {' '.join(further)}")
    try:
        return options.command(options) or 0
    except CalibenchError as error:
        print(f"calibench: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("calibench: interrupted; what was finished is kept", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`); nothing is left to say, not even at exit.
        sys.stdout = None
        return 0


# -- commands ---------------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    from calibench.analysis.report import publish
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
            return _INTERRUPTED
        summary = publish(run)
    if options.json:
        _print_json(summary.scorecard.metrics)
    else:
        _print_headline(summary, run.path.parent / "report.html")
    return 0


def _report(options: argparse.Namespace) -> None:
    from calibench.analysis.report import publish
    from calibench.store import FILE_NAME, RunFile

    with RunFile.open(options.run) as run:
        path = run.path
    if path.name != FILE_NAME:
        raise InputError(f"{path}: expected a run folder, or the file {FILE_NAME} in one")
    folder = path.parent
    with RunFile.create(folder) as run:
        _warn_if_unfinished(run)
        summary = publish(run)
    if options.json:
        _print_json(summary.scorecard.metrics)
    else:
        _print_headline(summary, folder / "report.html")


def _compare(options: argparse.Namespace) -> None:
    from calibench.analysis.compare import compare_runs
    from calibench.files import write_text
    from calibench.reports.comparison import comparison_report
    from calibench.reports.tables import comparison_text
    from calibench.store import RunFile

    with contextlib.ExitStack() as opened:
        runs = [opened.enter_context(RunFile.open(run)) for run in (options.run, *options.others)]
        for run in runs:
            _warn_if_unfinished(run)
        comparison = compare_runs(runs, options.baseline)
    page = Path(options.out) / "report.html"
    write_text(page, comparison_report(comparison))
    if options.json:
        _print_json(comparison.differences)
    else:
        print(comparison_text(comparison))
        print(f"\nreport: {page}")


def _votes(options: argparse.Namespace) -> None:
    from calibench.analysis.votes import votes, write
    from calibench.reports.votes import votes_text
    from calibench.store import RunFile

    with contextlib.ExitStack() as opened:
        runs = [opened.enter_context(RunFile.open(path)) for path in options.runs]
        result = votes(runs, options.method)
        default = runs[0].path.parent if len(runs) == 1 else Path("runs/votes")
    for note in result.notes:
        print(f"note: {note}", file=sys.stderr)
    page = write(result, Path(options.out) if options.out else default)
    if options.json:
        _print_json(result)
    else:
        print(votes_text(result))
        print(f"\nreport: {page}")


def _recalibrate(options: argparse.Namespace) -> None:
    from calibench.analysis.recalibrate import DEFAULT, publish, recalibrate
    from calibench.reports.recalibration import recalibration_text
    from calibench.store import RunFile

    with contextlib.ExitStack() as open_runs:
        run = open_runs.enter_context(RunFile.open(options.run))
        fit = open_runs.enter_context(RunFile.open(options.fit)) if options.fit else None
        result = recalibrate(run, fit, options.method or DEFAULT)
        folder = Path(options.out) if options.out else run.path.parent
    page = publish(result, folder)
    for note in result.notes:
        print(f"warning: {note}", file=sys.stderr)
    if options.json:
        _print_json(result)
    else:
        print(recalibration_text(result))
        print(f"\nreport: {page}")


def _score(options: argparse.Namespace) -> None:
    from calibench.analysis.predictions import Columns, score

    columns = Columns(*(getattr(options, role) for role in Columns._fields))
    summary = score(Path(options.file), Path(options.out), columns, options.scale)
    for note in summary.manifest["notes"]:
        print(f"note: {note}", file=sys.stderr)
    if options.json:
        _print_json(summary.scorecard.metrics)
    else:
        _print_headline(summary, Path(options.out) / "report.html")


def _plot(options: argparse.Namespace) -> None:
    from calibench.analysis.report import summarize
    from calibench.reports import figures
    from calibench.store import RunFile

    with RunFile.open(options.run) as run:
        _warn_if_unfinished(run)
        summary = summarize(run)
    diagrams = [
        diagram
        for diagram in summary.scorecard.reliability
        if diagram.subset == "all" and (not options.method or diagram.method in options.method)
    ]
    if not diagrams:
        methods = ", ".join(sorted({d.method for d in summary.scorecard.reliability})) or "none"
        raise InputError(f"{options.run}: no reliability data for this choice; methods with confidences: {methods}")
    figures.save(figures.reliability_figure(diagrams, title=summary.name), Path(options.out))
    print(options.out)


def _tune(options: argparse.Namespace) -> None:
    from calibench.finetune.job import TuneConfig
    from calibench.finetune.tune import tune
    from calibench.lm_eval import theirs
    from calibench.running.progress import Lines, Live

    theirs.register()
    given = {field: getattr(options, field, None) for field in TuneConfig._fields}
    given = {field: value for field, value in given.items() if value is not None}
    given |= {"engine": dict(given.get("engine", ())), "options": _recipe_options(options.further)}
    given["tasks"] = (*given.get("tasks", ()), *_task_of_file(vars(options)))
    config = TuneConfig(**{"data": _default_data(), **given})
    with Live() if sys.stderr.isatty() else contextlib.nullcontext(Lines()) as progress:
        folder = tune(config, progress)
    if options.json:
        _print_json(json.loads((folder / "lineage.json").read_text()))
    else:
        print(f"checkpoint: {folder}")


def _recipe_options(words: Sequence[str]) -> dict[str, str]:
    """`--name value`, `--name=value` or `--name` -> name and text of the value, which is empty for the last."""
    found: dict[str, str] = {}
    words = list(words)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            raise InputError(f"tune: expected an option of the recipe, as --name VALUE, found {word!r}")
        name, equals, value = word[2:].partition("=")
        if not equals:
            value = words.pop(0) if words and not words[0].startswith("--") else ""
        found[name.replace("-", "_")] = value
    return found


def _recipes(options: argparse.Namespace) -> None:
    from calibench.finetune.recipes import base

    rows = [(name, base.load(name)) for name in base.names()]
    if options.json:
        _print_json(
            [
                {
                    "name": name,
                    "description": recipe.description,
                    "source": recipe.source,
                    "options": [option._asdict() for option in base.options_of(recipe)],
                }
                for name, recipe in rows
            ]
        )
        return
    for name, recipe in rows:
        print(f"{name}: {recipe.description}\n  source: {recipe.source}")
        for option in base.options_of(recipe):
            values = f"{option.expected}; " if option.expected.startswith("one of ") else ""
            print(f"  --{option.name.replace('_', '-'):18} {option.description} ({values}default: {option.default!r})")
        print()


def _check_task(options: argparse.Namespace) -> int:
    from calibench import tasks
    from calibench.grading.check import check_task

    names = [*options.names, *_task_of_file(vars(options))]
    if not names:
        raise InputError("check-task: expected a task's name, or --task-file, found neither")
    results = [check_task(name, options.data, options.limit) for name in tasks.expand(names)]
    if options.json:
        _print_json([result.as_dict() for result in results])
    else:
        print("\n\n".join(result.text() for result in results))
    return 0 if all(result.passed for result in results) else 1


def _tasks(options: argparse.Namespace) -> None:
    from calibench import tasks

    loaded = [tasks.load(name) for name in tasks.names()]
    _print_list([{"name": t.name, "domain": t.domain, "description": t.description} for t in loaded], options.json)


def _lm_eval_tasks(options: argparse.Namespace) -> None:
    from calibench.lm_eval.ours import write_configurations

    files = [str(file) for file in write_configurations(Path(options.out))]
    if options.json:
        _print_json(files)
    else:
        print("\n".join(files))


def _suites(options: argparse.Namespace) -> None:
    from calibench.running.suites import SUITES

    if options.json:
        _print_json([suite.as_dict() for suite in SUITES.values()])
    else:
        print("\n\n".join(suite.text() for suite in SUITES.values()))


def _methods(options: argparse.Namespace) -> None:
    from calibench.confidence import base

    rows = [(name, base.load(name)) for name in base.names()]
    _print_list([{"name": n, "needs": sorted(m.needs), "description": m.description} for n, m in rows], options.json)


def _backends(options: argparse.Namespace) -> None:
    from calibench.backends import base

    rows = [(name, base.load(name)) for name in base.names()]
    _print_list(
        [{"name": n, "capabilities": sorted(b.capabilities), "description": _summary_line(b)} for n, b in rows],
        options.json,
    )


def _models(options: argparse.Namespace) -> None:
    from calibench.model import bundled

    rows = [(c, c.lineage()) for c in bundled()]
    _print_list(
        [
            {"name": c.name, "kind": lineage.get("kind"), "parameters": lineage.get("parameters"), "path": str(c.path)}
            for c, lineage in rows
        ],
        options.json,
    )


# -- options ----------------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="calibench", description="Measures whether a language model knows when it is right.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, function: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        sub.set_defaults(command=function)
        sub.add_argument("--json", action="store_true", help="print JSON")
        return sub

    run = command(
        "run", _run, "benchmark a checkpoint: ask, read confidences, grade, report; continues a run that was stopped"
    )
    _add_run_options(run)

    report = command("report", _report, "score a run again and rewrite its report; no model is needed")
    report.add_argument("run", metavar="RUN")

    compare = command("compare", _compare, "compare runs, paired on the questions that both of a pair answered")
    compare.add_argument("run", metavar="RUN")
    compare.add_argument("others", metavar="RUN", nargs="+")
    compare.add_argument(
        "--baseline",
        metavar="NAME",
        default="first",
        help="name or folder of the run that every other one is held against (default: the first RUN)",
    )
    compare.add_argument(
        "--out", metavar="DIR", default="runs/compare", help="folder of the comparison's report (default: %(default)s)"
    )

    votes = command(
        "votes", _votes, "votes of runs with several draws: accuracy and calibration by number of draws; no model"
    )
    votes.add_argument("runs", metavar="RUN", nargs="+", help="several are held against each other on shared questions")
    votes.add_argument("--method", metavar="NAMES", type=_names, help="confidences that weigh votes (default: all)")
    votes.add_argument(
        "--out", metavar="DIR", help="folder for votes.html and votes.json (default: RUN; runs/votes for several)"
    )

    recalibrate = command(
        "recalibrate",
        _recalibrate,
        "map a run's confidences to the accuracy seen at them, fitted on other questions, and score both; no model",
    )
    recalibrate.add_argument("run", metavar="RUN")
    recalibrate.add_argument(
        "--fit", metavar="RUN", help="run to fit the maps on, as of the training split (default: one half of RUN)"
    )
    recalibrate.add_argument(
        "--method",
        metavar="NAMES",
        type=_names,
        help="of temperature, platt, isotonic, beta, histogram, classifier, classifier_mlp"
        " (default: temperature,platt,isotonic,classifier)",
    )
    recalibrate.add_argument("--out", metavar="DIR", help="folder of page and numbers (default: the run's)")

    score = command("score", _score, "score predictions from a file, with a confidence and a verdict per row; no model")
    score.add_argument("file", metavar="FILE", help="CSV, TSV, JSON Lines (each also with .gz) or Parquet")
    score.add_argument("--confidence", metavar="NAME", default="confidence", help="column (default: %(default)s)")
    score.add_argument("--correct", metavar="NAME", default="correct", help="column (default: %(default)s)")
    score.add_argument("--question", metavar="NAME", help="column with an id; rows that share one are not independent")
    score.add_argument("--group", metavar="NAME", help="column with a task or data set; each is scored on its own")
    score.add_argument("--model", metavar="NAME", help="column with a model; each is scored on its own")
    score.add_argument(
        "--scale", choices=("fraction", "percent"), default="fraction", help="of confidences (default: %(default)s)"
    )
    score.add_argument("--out", metavar="DIR", default="runs/score", help="folder of the report (default: %(default)s)")

    plot = command("plot", _plot, "draw a run's reliability diagrams")
    plot.add_argument("run", metavar="RUN")
    plot.add_argument("--out", metavar="FILE", required=True, help="file to write: .svg, .pdf or .png")
    plot.add_argument("--method", metavar="NAMES", type=_names, help="methods to draw (default: all)")

    check = command(
        "check-task",
        _check_task,
        "grade every gold answer, and wrong, empty and refusing ones, through a task's grader",
    )
    check.add_argument("names", metavar="NAME", nargs="*")
    _add_task_file_options(check)
    check.add_argument("--data", metavar="DIR", default=_default_data(), help="folder of original data files")
    check.add_argument("--limit", metavar="N", type=_positive, help="only the first N rows")

    bridge = command("lm-eval-tasks", _lm_eval_tasks, "write the tasks as configurations for the lm_eval command")
    bridge.add_argument("--out", metavar="DIR", required=True, help="folder for `lm_eval --include_path`")

    tune = command("tune", _tune, "train a checkpoint by a recipe; continues where a stopped command was")
    _add_tune_options(tune)

    command("recipes", _recipes, "list the recipes of `calibench tune` and their options")
    command("tasks", _tasks, "list the tasks")
    command("suites", _suites, "list the suites: tasks and settings by one name, with what differs from their source")
    command("methods", _methods, "list the confidence methods")
    command("backends", _backends, "list the inference backends")
    command("models", _models, "list the checkpoints that come with calibench")
    return parser


def _add_run_options(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "model", metavar="MODEL", nargs="?", help="hub id, local folder, or a name from `calibench models`"
    )
    run.add_argument("--tasks", metavar="NAMES", type=_names, help="comma-separated; see `calibench tasks`")
    _add_task_file_options(run)
    run.add_argument("--suite", metavar="NAME", help="tasks and settings by one name; see `calibench suites`")
    run.add_argument("--out", metavar="DIR", help="folder of the run")
    run.add_argument(
        "-c", "--config", metavar="FILE", help="TOML file with any of these options; the command line wins"
    )
    run.add_argument(
        "--limit", metavar="N", type=_positive, help="N questions per task; a smaller sample is part of a larger one"
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
        "--confidence", metavar="NAMES", type=_names, help="methods; see `calibench methods` (default: stated)"
    )
    run.add_argument("--draws", metavar="K", type=_positive, help="generations per question (default: 1)")
    run.add_argument("--temperature", metavar="T", type=_non_negative, help="default: 0 for one draw, 0.7 for several")
    run.add_argument("--top-p", metavar="P", type=_fraction, help="nucleus sampling (default: 1)")
    run.add_argument(
        "--max-tokens", metavar="N", type=_positive, help="output budget, reasoning included (default: 2048)"
    )
    run.add_argument(
        "--force-answer",
        action="store_true",
        default=None,
        help="where an output comes to no answer, close its reasoning and let the model finish 'Answer:'",
    )
    run.add_argument("--thinking", choices=("on", "off", "auto"), help="passed to the chat template; auto: its default")
    run.add_argument("--seed", metavar="N", type=_seed, help="default: 0")
    run.add_argument("--backend", metavar="NAME", help="see `calibench backends` (default: vllm)")
    run.add_argument(
        "--engine",
        metavar="KEY=VALUE",
        type=_key_value,
        action="append",
        help="engine argument, passed through; may be repeated",
    )
    run.add_argument("--kind", choices=("base", "instruct", "sft", "rl"), help="label used in comparisons")
    run.add_argument("--name", metavar="TEXT", type=_text, help="name in reports (default: the model's)")


def _add_tune_options(tune: argparse.ArgumentParser) -> None:
    tune.epilog = "Every option of the recipe may follow, as --name VALUE; `calibench recipes` lists them."
    tune.add_argument("recipe", metavar="RECIPE", help="see `calibench recipes`")
    tune.add_argument("--model", metavar="MODEL", required=True, help="parent: bundled name, local folder or hub id")
    tune.add_argument("--tasks", metavar="NAMES", type=_names, help="tasks whose training split is learned from")
    _add_task_file_options(tune)
    tune.add_argument("--out", metavar="DIR", required=True, help="folder of the new checkpoint")
    tune.add_argument("--data", metavar="DIR", help="folder of original data files (or CALIBENCH_DATA)")
    tune.add_argument("--limit", metavar="N", type=_positive, help="training questions per task")
    tune.add_argument(
        "--eval-tasks", metavar="NAMES", type=_names, help="tasks whose questions may not be learned (default: --tasks)"
    )
    tune.add_argument(
        "--drop-leaks", action="store_true", default=None, help="train without the questions that leak, not refuse"
    )
    tune.add_argument("--protocol", metavar="NAME", help="what the prompts ask for (default: stated)")
    tune.add_argument("--max-tokens", metavar="N", type=_positive, help="budget of a sampled answer (default: 2048)")
    tune.add_argument("--thinking", choices=("on", "off", "auto"), help="passed to the chat template")
    tune.add_argument("--validation", metavar="N", type=_seed, help="training questions held out (default: 64)")
    tune.add_argument("--validate-every", metavar="N", type=_positive, help="steps (default: at the end of a stage)")
    tune.add_argument("--processes", metavar="N", type=_positive, help="processes that train, one per GPU (default: 1)")
    tune.add_argument("--engine", metavar="KEY=VALUE", type=_key_value, action="append", help="of the sampling engine")
    tune.add_argument("--seed", metavar="N", type=_seed, help="default: 0")


_TASK_FILE = {
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


def _add_task_file_options(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("a task of your own")
    for name, (metavar, text) in _TASK_FILE.items():
        group.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, type=_text, help=text)


def _task_of_file(options: dict[str, Any]) -> tuple[str, ...]:
    """The name of the task that the options of `_TASK_FILE` describe; nothing if none of them is given."""
    described = {name: options[name] for name in _TASK_FILE if options.get(name) is not None}
    if not described:
        return ()
    if "task_file" not in described:
        raise InputError(f"--{next(iter(described)).replace('_', '-')} describes a file: name it by --task-file")
    from calibench.tasks.user import Description

    return (f"file:{Description(described['task_file'], **_without(described, 'task_file')).reference()}",)


def _without(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}


def _run_options(options: argparse.Namespace, fields: Sequence[str]) -> dict[str, Any]:
    """The suite, then configuration file, then command line, then CALIBENCH_DATA."""
    known = (*fields, *_TASK_FILE)
    given = {field: getattr(options, field) for field in known if getattr(options, field, None) is not None}
    from_file = _read_config(options.config) if options.config else {}
    merged = {"data": _default_data(), **from_file, **given}
    of_file = _task_of_file(merged)
    merged = _without(merged, *_TASK_FILE)
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
            raise _unknown_option(file, key, [o for o in options if o != "config"])
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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        """Says what is wrong, without the list of all options, which would push it off the screen."""
        self.exit(2, f"{self.prog}: {message}\n{self.prog} --help lists the options\n")


class _ConfigParser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        raise _ConfigError(message)


def _unknown_option(file: str, key: str, known: list[str]) -> InputError:
    from calibench.errors import unknown_name

    return InputError(f"{file}: {unknown_name('option', key, known)}")


def _default_data() -> str | None:
    import os

    return os.environ.get("CALIBENCH_DATA") or None


def _version() -> str:
    from calibench.version import __version__

    return f"calibench {__version__}"


# -- values -----------------------------------------------------------------------------------------------------------


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError("expected names separated by commas, found none")
    return names


def _text(text: str) -> str:
    if not text.isprintable():
        raise argparse.ArgumentTypeError(f"expected printable text, found {text!r}")
    return text


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= sys.maxsize:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, found {text!r}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 0, found {text!r}")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, found {text!r}") from None


def _non_negative(text: str) -> float:
    if not 0 <= (value := _number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of at least 0, found {text!r}")
    return value


def _fraction(text: str) -> float:
    if not 0 < (value := _number(text)) <= 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0 and up to 1, found {text!r}")
    return value


def _key_value(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, found {text!r}")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, {"True": True, "False": False, "None": None}.get(value, value)


# -- output -----------------------------------------------------------------------------------------------------------


def _warn_if_unfinished(run: Any) -> None:
    from calibench.store import unfinished

    if warning := unfinished(run):
        print(f"warning: {warning}", file=sys.stderr)


def _print_headline(summary: Any, report: Path) -> None:
    from calibench.reports.tables import headline, text

    print(text(headline(summary.scorecard)))
    print(f"\nreport: {report}")


def _print_json(value: Any) -> None:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value), indent=1).decode())


def _print_list(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        _print_json(rows)
        return
    texts = [
        {k: ", ".join(v) if isinstance(v, list) else "-" if v is None else str(v) for k, v in row.items()}
        for row in rows
    ]
    keys = list(texts[0]) if texts else []
    widths = {key: max(len(key), *(len(row[key]) for row in texts)) for key in keys}
    for row in [{key: key for key in keys}, *texts]:
        print("  ".join(row[key].ljust(widths[key]) for key in keys).rstrip())


def _summary_line(thing: Any) -> str:
    return (sys.modules[thing.__module__].__doc__ or "").strip().splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
