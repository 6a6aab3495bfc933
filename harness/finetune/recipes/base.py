"""What a recipe is: a way of making a checkpoint out of another.

A recipe is one file in this folder that defines `RECIPE`; the file's name is the recipe's name. An installed package
gives others by entry points of the group `calibench.recipes`. Its options are the
fields of a Struct: `calibench tune RECIPE --FIELD VALUE`. Defaults are ours unless a field names their source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from calibench import fields, registry
from calibench.fields import Options
from calibench.finetune.config import TuneConfig
from calibench.finetune.job import Job, Taught
from calibench.model import Checkpoint


class Parent(NamedTuple):
    """A checkpoint that another is made of."""

    checkpoint: Checkpoint
    weight: float | None = None
    """Its share; None where nothing is averaged."""


def ancestor(parent: Parent) -> dict[str, Any]:
    """The parent as a lineage names it."""
    checkpoint, weight = parent
    share = {} if weight is None else {"weight": weight}
    return {
        "name": checkpoint.name, "fingerprint": checkpoint.fingerprint(), **share, "lineage": checkpoint.lineage()
    }  # fmt: skip


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
    """(configuration, options) -> what is trained on, in one list or several; None: the training split of the tasks."""
    contents: Callable[[Any], dict[str, Any]] | None = None
    """(options) -> for each option that names files, what these hold: they make the checkpoint, wherever they lie."""
    parents: Callable[[Job], Sequence[Parent]] | None = None
    """(job) -> the checkpoints that it is made of, for the lineage; None: the job's own parent."""
    graded: bool = True
    """Whether it grades answers to all its questions, so that each must have one."""


_FAMILY = registry.Family("recipe", "calibench.finetune.recipes", "calibench.recipes", "RECIPE")


def names() -> list[str]:
    """Names of all recipes; none is imported."""
    return registry.names(_FAMILY)


def load(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        InputError: unknown name; the message gives the nearest names.
        PluginError: another package's, and not to be had.
    """
    return registry.load(_FAMILY, name, Recipe)


def read_options(name: str, given: Mapping[str, Any]) -> Options:
    """The options of a recipe, with its defaults for those that are not given.

    Raises:
        InputError: an unknown option, or a value that does not fit; names the option and what was expected.
    """
    kind = load(name).options
    return kind(**fields.read((kind,), given, noun=f"option of recipe {name}"))
