"""`calibench tune`, and the recipes that it has."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from typing import Any

from calibench.cli import output, values
from calibench.cli.parser import add
from calibench.cli.tasks import add_task_file_options, task_of_file
from calibench.errors import InputError


def register(commands: Any) -> None:
    tune = add(commands, "tune", _tune, "train a checkpoint by a recipe; continues where a stopped command was")
    _add_tune_options(tune)
    add(commands, "recipes", _recipes, "list the recipes of `calibench tune` and their options")


def _tune(options: argparse.Namespace) -> None:
    from calibench.finetune.job import TuneConfig
    from calibench.finetune.tune import tune
    from calibench.lm_eval import theirs
    from calibench.running.progress import Lines, Live

    theirs.register()
    given = {field: getattr(options, field, None) for field in TuneConfig._fields}
    given = {field: value for field, value in given.items() if value is not None}
    given |= {"engine": dict(given.get("engine", ())), "options": recipe_options(options.further)}
    given["tasks"] = (*given.get("tasks", ()), *task_of_file(vars(options)))
    config = TuneConfig(**{"data": values.default_data(), **given})
    with Live() if sys.stderr.isatty() else contextlib.nullcontext(Lines()) as progress:
        folder = tune(config, progress)
    if options.json:
        output.print_json(json.loads((folder / "lineage.json").read_text()))
    else:
        print(f"checkpoint: {folder}")


def _add_tune_options(tune: argparse.ArgumentParser) -> None:
    tune.set_defaults(further=())
    tune.epilog = "Every option of the recipe may follow, as --name VALUE; `calibench recipes` lists them."
    tune.add_argument("recipe", metavar="RECIPE", help="see `calibench recipes`")
    tune.add_argument("--model", metavar="MODEL", required=True, help="parent: bundled name, local folder or hub id")
    tune.add_argument("--tasks", metavar="NAMES", type=values.names, help="tasks whose training split is learned from")
    add_task_file_options(tune)
    tune.add_argument("--out", metavar="DIR", required=True, help="folder of the new checkpoint")
    tune.add_argument("--data", metavar="DIR", help="folder of original data files (or CALIBENCH_DATA)")
    tune.add_argument("--limit", metavar="N", type=values.positive, help="training questions per task")
    tune.add_argument(
        "--eval-tasks",
        metavar="NAMES",
        type=values.names,
        help="tasks whose questions may not be learned (default: --tasks)",
    )
    tune.add_argument(
        "--drop-leaks", action="store_true", default=None, help="train without the questions that leak, not refuse"
    )
    tune.add_argument("--protocol", metavar="NAME", help="what the prompts ask for (default: stated)")
    tune.add_argument(
        "--max-tokens", metavar="N", type=values.positive, help="budget of a sampled answer (default: 2048)"
    )
    tune.add_argument("--thinking", choices=("on", "off", "auto"), help="passed to the chat template")
    tune.add_argument("--validation", metavar="N", type=values.seed, help="training questions held out (default: 64)")
    tune.add_argument(
        "--validate-every", metavar="N", type=values.positive, help="steps (default: at the end of a stage)"
    )
    tune.add_argument(
        "--processes", metavar="N", type=values.positive, help="processes that train, one per GPU (default: 1)"
    )
    tune.add_argument(
        "--engine", metavar="KEY=VALUE", type=values.key_value, action="append", help="of the sampling engine"
    )
    tune.add_argument("--seed", metavar="N", type=values.seed, help="default: 0")


def recipe_options(words: Sequence[str]) -> dict[str, str]:
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
        output.print_json(
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
