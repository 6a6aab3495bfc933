"""What `calibench tune` is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from calibench.fields import Count, Names, Options, Text, WholeNumber, fields, option, read


class TuneConfig(Options, frozen=True, kw_only=True):
    """What is asked for: the options of `calibench tune`. Identity is what the lineage of the checkpoint says."""

    recipe: Annotated[Text, option("see `calibench recipes`", "identity", "RECIPE", entry="recipe")]
    model: Annotated[
        Text, option("parent: bundled name, folder, GGUF file or hub id", "identity", "MODEL", entry="parent")
    ]
    tasks: Annotated[Names, option("tasks whose training split is learned from", "identity")] = ()
    out: Annotated[Text, option("folder of the new checkpoint", "neither", "DIR")]
    options: Annotated[dict[str, Any], option("of the recipe", "identity", entry="options")] = {}
    data: Annotated[str | None, option("folder of original data files (or CALIBENCH_DATA)", "neither", "DIR")] = None
    limit: Annotated[Count | None, option("training questions per task", "identity")] = None
    """A smaller sample is part of a larger one."""
    eval_tasks: Annotated[
        Names | None, option("tasks whose questions may not be learned (default: --tasks)", "identity")
    ] = None
    drop_leaks: Annotated[bool, option("train without the questions that leak, not refuse", "identity")] = False
    protocol: Annotated[Text, option("what the prompts ask for", "identity", "NAME")] = "stated"
    max_tokens: Annotated[Count, option("budget of a sampled answer", "identity")] = 2048
    thinking: Annotated[Literal["on", "off", "auto"], option("passed to the chat template", "identity")] = "auto"
    validation: Annotated[WholeNumber, option("training questions held out", "identity")] = 64
    """They are asked while training goes on."""
    validate_every: Annotated[
        WholeNumber, option("steps between two looks at them; 0: only at the end of a stage", "identity")
    ] = 0
    processes: Annotated[Count, option("processes that train, one per GPU", "identity")] = 1
    engine: Annotated[dict[str, Any], option("of the sampling engine; may be repeated", "identity")] = {}
    trust_remote_code: Annotated[bool, option("let the parent's own Python files be executed", "identity")] = False
    seed: Annotated[WholeNumber, option("of all draws and batches", "identity")] = 0


def configured(given: Mapping[str, Any]) -> TuneConfig:
    """Of names and values: those of the fields above, and all others as options of the recipe.

    Raises:
        InputError: a value of a wrong type, word or range.
    """
    general = {name: value for name, value in given.items() if name in fields(TuneConfig)}
    of_recipe = {name: value for name, value in given.items() if name not in general}
    return TuneConfig(**read((TuneConfig,), {"options": of_recipe, **general}))
