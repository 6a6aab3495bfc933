"""What a recipe is: a way of making a checkpoint out of another.

A recipe is one file in this folder that defines `RECIPE`; the file's name is the recipe's name. Its options are the
fields of a Struct: `calibench tune RECIPE --FIELD VALUE`. Defaults are ours unless a field names their source.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import inspect

from calibench import registry
from calibench.errors import InputError, unknown_name
from calibench.finetune.job import Job, Taught, TuneConfig
from calibench.finetune.options import Options


class Recipe(NamedTuple):
    description: str
    """One line for `calibench recipes`."""
    source: str
    """The paper, and what of it is ours."""
    kind: Literal["sft", "rl"] | None
    """What comparisons call a checkpoint made so; None: what its parent is called."""
    options: type[Options]
    train: Callable[[Job], Path]
    """Makes the checkpoint; returns its folder, somewhere below the job's work folder."""
    questions: Callable[[TuneConfig, Any], list[Taught]] | None = None
    """(configuration, options) -> what is trained on; None: the training split of the tasks."""
    contents: Callable[[Any], dict[str, Any]] | None = None
    """(options) -> for each option that names files, what these hold: they make the checkpoint, wherever they lie."""


def names() -> list[str]:
    """Names of all recipes; none is imported."""
    return registry.names("calibench.finetune.recipes")


def load(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        InputError: unknown name; the message gives the nearest names.
    """
    return registry.load("calibench.finetune.recipes", "recipe", name).RECIPE


class OptionHelp(NamedTuple):
    name: str
    default: Any
    description: str
    expected: str
    """What its value may be, in words."""


def options_of(recipe: Recipe) -> list[OptionHelp]:
    """Name, default, meaning and values of each option."""
    found = []
    for field in inspect.type_info(recipe.options).fields:
        about = field.type.extra_json_schema if isinstance(field.type, inspect.Metadata) else {}
        description = (about or {}).get("description", "")
        found.append(OptionHelp(field.name, field.default, description, _expected(field.type)))
    return found


def _expected(kind: inspect.Type) -> str:
    """What the text of a value of this type may be."""
    match kind:
        case inspect.Metadata(type=inner):
            return _expected(inner)
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() | inspect.FloatType():
            number = "a whole number" if isinstance(kind, inspect.IntType) else "a finite number"
            bounds = {"at least": kind.ge, "above": kind.gt, "at most": kind.le, "below": kind.lt}
            given = [f"{words} {bound:g}" for words, bound in bounds.items() if bound is not None]
            return " ".join([number, *([f"({', '.join(given)})"] if given else [])])
    return "text"


def read_options(name: str, given: Mapping[str, str]) -> Options:
    """The options of a recipe from their texts on the command line; an empty one, of an option alone, sets a switch.

    Raises:
        InputError: an unknown option, or a value that does not fit; names the option and what was expected.
    """
    recipe = load(name)
    known = {field.name: field.type for field in inspect.type_info(recipe.options).fields}
    for option in given:
        if option not in known:
            raise unknown_name(f"option of recipe {name}", _flag(option), [_flag(other) for other in known])
    given = {option: value or ("true" if _is_switch(known[option]) else "") for option, value in given.items()}
    for option, value in given.items():
        if not value:
            raise _misfit(option, given, known)
    try:
        options = msgspec.convert(given, recipe.options, strict=False)
    except msgspec.ValidationError as error:
        raise _misfit(str(error).partition(" - at `$.")[2].rstrip("`"), given, known) from error
    for option in given:
        value = getattr(options, option)
        if isinstance(value, float) and not math.isfinite(value):
            raise _misfit(option, given, known)
    return options


def _misfit(option: str, given: Mapping[str, str], types: Mapping[str, inspect.Type]) -> InputError:
    found = repr(given[option]) if given[option] else "nothing"
    return InputError(f"{_flag(option)}: expected {_expected(types[option])}, found {found}")


def _is_switch(kind: inspect.Type) -> bool:
    return isinstance(kind.type if isinstance(kind, inspect.Metadata) else kind, inspect.BoolType)


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"
