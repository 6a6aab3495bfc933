"""Finds plug-ins: what calibench has several of, each in a file of its own, and what installed packages add to them.

A file's name, or that of a package's entry point, is the name that the plug-in goes by.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from calibench.errors import PluginError, unknown_name
from calibench.registry.foreign import Foreign
from calibench.version import __version__

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Family(NamedTuple):
    """Plug-ins of one kind."""

    noun: str
    """What messages call one of them."""
    package: str
    """Where calibench's own are: its modules but `base` and those that start with `_`."""
    group: str
    """The group of entry points that others stand in."""
    attribute: str
    """What a module of `package` defines; an entry point names the like, as `module:attribute`."""


def names(family: Family) -> list[str]:
    """Names of all plug-ins of a family; none is imported."""
    return sorted({*own_names(family), *added(family.group)})


def own_names(family: Family) -> list[str]:
    """Names of those that are calibench's own."""
    modules = pkgutil.iter_modules(importlib.import_module(family.package).__path__)
    return [m.name for m in modules if m.name != "base" and not m.name.startswith("_")]


def load(family: Family, name: str, kind: type) -> Any:
    """The plug-in of that name, an instance of `kind`, or a subclass of it where a family's plug-ins are classes.

    Raises:
        InputError: unknown name; the message gives the nearest names.
        PluginError: another package's, and not to be had.
    """
    entry = entry_of(family.noun, family.group, name, own_names(family))
    if entry is None:
        return getattr(importlib.import_module(f"{family.package}.{name}"), family.attribute)
    return load_entry(family.noun, entry, kind)


# -- other packages ---------------------------------------------------------------------------------------------------


@functools.cache
def added(group: str) -> dict[str, list[EntryPoint]]:
    """What installed packages add to a group, by name; a name that several give has several."""
    from importlib.metadata import entry_points

    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=group):
        found.setdefault(entry.name, []).append(entry)
    return found


def entry_of(noun: str, group: str, name: str, own: Collection[str], groups: Collection[str] = ()) -> EntryPoint | None:
    """The entry point of that name; None if the name is one of calibench's own. `groups` may have been meant too.

    Raises:
        InputError: unknown name.
        PluginError: several give it.
    """
    entries = added(group).get(name, [])
    givers = [f"calibench {__version__}"] * (name in own) + [_package_of(entry) for entry in entries]
    if not givers:
        raise unknown_name(noun, name, [*own, *sorted(added(group)), *groups])
    if len(givers) > 1:
        raise PluginError(
            f"{noun} {name} is given by {' and by '.join(givers)}\n"
            f"It is not clear which of them is meant: rename the entry point in {givers[-1]}, or remove that package"
        )
    return entries[0] if entries else None


def _package_of(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def load_entry(noun: str, entry: EntryPoint, kind: type) -> Any:
    """What an entry point names, guarded.

    Raises:
        PluginError: it cannot be imported, or is no `kind`.
    """
    spec = importlib.util.find_spec(entry.module.partition(".")[0])
    file = Path(spec.origin) if spec and spec.origin else None
    root = file and (file.parent if file.name == "__init__.py" else file)
    foreign = Foreign(f"{noun} {entry.name}", f"package {_package_of(entry)}", entry.value, root)
    with foreign.blamed():
        plugin = entry.load()
    return foreign.checked(plugin, kind)
