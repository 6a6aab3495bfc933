"""The options of a Struct (`calibench.fields`) on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from typing import Any

import msgspec
from msgspec import inspect

from calibench.errors import InputError
from calibench.fields import Field, Options, fields, flag

_METAVARS = {
    inspect.IntType: "N", inspect.FloatType: "X", inspect.DictType: "KEY=VALUE", inspect.VarTupleType: "NAMES",
}  # fmt: skip


def add(
    parser: argparse._ActionsContainer,
    struct: type[Options],
    *,
    positional: str | None = None,
    without: Collection[str] = (),
    may_lack: bool = False,
) -> None:
    """Adds an option for every field; one that is not given is None.

    Args:
        parser: or a group of one.
        struct: has the fields.
        positional: the field that stands without a name.
        without: fields that are no options of this command.
        may_lack: whether what has no default may be given elsewhere, as in a file.
    """
    for name, field in fields(struct).items():
        if name in without:
            continue
        required = field.required and not may_lack
        about: dict[str, Any] = {"default": None, "help": _help(field)}
        if isinstance(field.kind, inspect.BoolType):
            about["action"] = argparse.BooleanOptionalAction
        else:
            about |= {"metavar": _metavar(field), "type": _reader(field)}
            if isinstance(field.kind, inspect.DictType):
                about["action"] = "append"
            elif field.repeated:
                about["action"] = "extend"
        if name == positional:
            parser.add_argument(name, nargs=None if required else "?", **about)
        else:
            parser.add_argument(flag(name), required=required, **about)


def given(options: argparse.Namespace, struct: type[Options]) -> dict[str, Any]:
    """The fields whose options were given, by name."""
    found = {name: value for name in fields(struct) if (value := getattr(options, name, None)) is not None}
    for name, value in found.items():
        if isinstance(fields(struct)[name].kind, inspect.DictType):
            found[name] = {key: each for entry in value for key, each in entry.items()}
    return found


def reader(type_: Any) -> Callable[[str], Any]:
    """Reads one value of a type, for the `type` of an argument that is no field of a Struct."""
    struct = msgspec.defstruct("One", [("value", type_)], bases=(Options,), frozen=True, kw_only=True)
    return _reader(fields(struct)["value"])


def _reader(field: Field) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return field.read_text(text, "")
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def _metavar(field: Field) -> str:
    if isinstance(field.kind, inspect.LiteralType):
        return "{" + ",".join(map(str, field.kind.values)) + "}"
    return field.metavar or _METAVARS.get(type(field.kind), "TEXT")


def _help(field: Field) -> str:
    shown = field.default is not False and field.default not in (None, "", (), {}, msgspec.NODEFAULT)
    default = f"default: {field.default:g}" if isinstance(field.default, float) else f"default: {field.default}"
    both = [field.description, f"({default})" if field.description else default] if shown else [field.description]
    return " ".join(filter(None, both)).replace("%", "%%")
