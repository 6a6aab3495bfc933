"""`calibench tune`, and the recipes that it has."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from typing import Any

from calibench.cli import options, output, values
from calibench.cli.parser import add
from calibench.cli.tasks import add_task_file_options, task_of_file
from calibench.errors import InputError, unknown_name
from calibench.fields import Field, fields, flag
from calibench.finetune.config import TuneConfig
from calibench.tasks.user.description import Description


def register(commands: Any) -> None:
    tune = add(commands, "tune", _tune, "train a checkpoint by a recipe; continues where a stopped command was")
    tune.set_defaults(further=(), named=None)  # it shows how far it is
    tune.epilog = "Every option of the recipe may follow, as --name VALUE; `calibench recipes` lists them."
    options.add(tune, TuneConfig, positional="recipe", without=("options",))
    add_task_file_options(tune)
    add(commands, "recipes", _recipes, "list the recipes of `calibench tune` and their options")


def _tune(chosen: argparse.Namespace) -> None:
    from calibench.finetune.tune import tune
    from calibench.lm_eval import theirs
    from calibench.running.progress import Lines, Live

    theirs.register()
    given = {"data": values.default_data(), **options.given(chosen, TuneConfig)}
    given["tasks"] = (*given.get("tasks", ()), *task_of_file(options.given(chosen, Description)))
    config = TuneConfig(**given, options=recipe_options(chosen.recipe, chosen.further))
    with Live() if sys.stderr.isatty() else contextlib.nullcontext(Lines()) as progress:
        folder = tune(config, progress)
    if chosen.json:
        output.print_json(json.loads((folder / "lineage.json").read_text()))
    else:
        print(f"checkpoint: {folder}")


def recipe_options(recipe: str, words: Sequence[str]) -> dict[str, Any]:
    """The options of a recipe, given as `--name value`, `--name=value`, or, of a switch, `--name`.

    Raises:
        InputError: an option that the recipe has not, or a value that does not fit.
    """
    from calibench.finetune.recipes import base

    known = fields(base.load(recipe).options)
    found: dict[str, Any] = {}
    words = list(words)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            raise InputError(f"tune: expected an option of the recipe, as --name VALUE, found {word!r}")
        called, equals, value = word.partition("=")
        name = called[2:].replace("-", "_")
        if name not in known:
            raise unknown_name(f"option of recipe {recipe}", called, [flag(other) for other in known])
        if not equals:
            value = words.pop(0) if words and not words[0].startswith("--") else ""
        found[name] = known[name].read_text(value, called)
    return found


def _recipes(chosen: argparse.Namespace) -> None:
    from calibench.finetune.recipes import base

    rows = output.loaded(base.names(), base.load)
    if chosen.json:
        output.print_json(
            [
                {
                    "name": name,
                    "description": recipe.description,
                    "source": recipe.source,
                    "options": [_described(field) for field in fields(recipe.options).values()],
                }
                for name, recipe in rows
            ]
        )
        return
    for name, recipe in rows:
        print(f"{name}: {recipe.description}\n  source: {recipe.source}")
        for field in fields(recipe.options).values():
            expected = field.expected(text=True)
            notes = [expected] if expected.startswith("one of ") else []
            notes += [] if field.default is None else [f"default: {field.default!r}"]
            shown = f"{field.description} ({'; '.join(notes)})" if notes else field.description
            print(f"  {flag(field.name):20} {shown}")
        print()


def _described(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "default": field.default,
        "description": field.description,
        "expected": field.expected(text=True),
    }
