"""What calibench has several of, each in a file of its own beside `base.py`: the file's name is the name it goes by."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from calibench.errors import unknown_name


def names(package: str) -> list[str]:
    """Names of all modules of a package but `base` and those that start with `_`; none is imported."""
    modules = pkgutil.iter_modules(importlib.import_module(package).__path__)
    return sorted(m.name for m in modules if m.name != "base" and not m.name.startswith("_"))


def load(package: str, noun: str, name: str) -> Any:
    """The module of that name.

    Raises:
        InputError: unknown name; the message gives the nearest names.
    """
    if name not in names(package):
        raise unknown_name(noun, name, names(package))
    return importlib.import_module(f"{package}.{name}")
