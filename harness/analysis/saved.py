"""Files that one command writes and another one reads: policies and maps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec

from calibench.errors import InputError
from calibench.errors.regular import regular
from calibench.exchange.cells import Scale
from calibench.results.decisions import Policy
from calibench.results.maps import SavedMaps

T = TypeVar("T", Policy, SavedMaps)


def read(path: Path, kind: type[T], schema: str, what: str, command: str) -> T:
    """Reads one.

    Args:
        path: the file.
        kind: what it holds, as JSON.
        schema: its `schema` must be this one.
        what: it holds, for messages: "policy".
        command: that writes it.

    Raises:
        InputError: there is none, or it is damaged, of another schema, has other fields, or no scale of confidences.
    """
    try:
        text = regular(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: expected a {what} file, as `{command}` writes it ({error.strerror})") from error
    try:
        found = msgspec.json.decode(text)
        json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: damaged: expected a {what} as JSON ({error})") from None
    given = found.get("schema") if isinstance(found, dict) else None
    if given != schema:
        raise InputError(f"{path}: expected a {what} with the schema {schema!r}, found {given!r:.60}")
    try:
        made = msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: not a usable {what}: {error}") from None
    if (scale := made.identity.get("scale")) not in get_args(Scale):
        raise InputError(f"{path}: identity: expected the scale {' or '.join(get_args(Scale))}, found {scale!r:.60}")
    return made


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; of two fields of one name, a reader would see one and this program another.

    Raises:
        ValueError: there are two.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the field {next(name for name in names if names.count(name) > 1)!r:.60} stands there twice")
    return found
