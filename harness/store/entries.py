"""What the entries of a manifest are, as far as commands read them: checked once, when a run file is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from calibench.errors import RunFileError
from calibench.errors.secrets import require_shallow
from calibench.records import Outcome, Status

_WholeNumber = Annotated[int, Meta(ge=0, le=2**53)]
_Positive = Annotated[int, Meta(ge=1, le=2**53)]


class _Model(msgspec.Struct):
    name: str
    revision: str | None = None
    lineage: dict[str, Any] = {}
    executed_code: dict[str, str] = {}


class _Asked(msgspec.Struct):
    questions: _WholeNumber
    draws: _WholeNumber
    methods: list[str] = []
    whole: _WholeNumber | None = None
    """Of a shard: the questions of all shards together."""


class _Known(msgspec.Struct):
    outcomes: list[Outcome]
    statuses: list[Status]


class _Data(msgspec.Struct):
    note: str | None


class _Reasoning(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    opening: Annotated[str, Meta(min_length=1)]
    closing: Annotated[str, Meta(min_length=1)]
    answer: str = ""


class _Judge(msgspec.Struct):
    name: str
    weights: str
    controls: dict[str, tuple[_WholeNumber, _WholeNumber]] = {}


class _Identity(msgspec.Struct):
    weights: str | None = None
    backend: str | None = None
    engine_options: str = ""
    template: str = ""
    parser: str = ""
    language: str = "en"
    model: str | None = None
    tool: str | None = None
    scale: str = "fraction"
    sha256: str | dict[str, str] = ""
    columns: dict[str, str] = {}
    predictions: str = ""
    decisions: str = ""
    data: dict[str, str] = {}
    prompts: dict[str, str] = {}
    graders: dict[str, str] = {}
    seed: int = 0
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    thinking: str = ""
    force_answer: bool = False
    reasoning: _Reasoning | None = None
    shard: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,8}/[1-9][0-9]{0,8}\Z")] | None = None


class _Session(msgspec.Struct):
    start: str | None = None
    seconds: Annotated[float, Meta(ge=0)] | None = None
    generated_tokens: _WholeNumber | None = None
    judge: str | None = None
    calibench: str | None = None
    engine: dict[str, Any] | None = None
    libraries: dict[str, str] = {}
    hardware: dict[str, Any] = {}


class _Rescored(msgspec.Struct):
    time: str
    calibench: str
    found: dict[str, Any]


class _Configuration(msgspec.Struct):
    confidence: list[str] | None = None


class _Grown(msgspec.Struct):
    questions: _Positive
    of: _Positive


class _Until(msgspec.Struct):
    rule: str
    tasks: dict[str, _Grown]


_NAMED = 12
"""Of what is missing, so much is named in a message."""

_ENTRIES: dict[str, Any] = {
    "name": str,
    "kind": str | None,
    "model": _Model,
    "scope": dict[str, dict[str, _Asked]],
    "complete": bool,
    "notes": list[str],
    "sessions": list[_Session],
    "identity": _Identity,
    "configuration": _Configuration,
    "data": dict[str, _Data],
    "known": _Known,
    "rescored": list[_Rescored],
    "rows": _WholeNumber,
    "until": _Until | None,
    "judges": dict[str, _Judge],
    "judged_by": dict[str, str],
    "calibench": str,
    "file": str,
    "suite": dict[str, Any] | None,
    "engine": dict[str, Any] | None,
    "libraries": dict[str, str],
    "hardware": dict[str, Any],
}
"""The entries of a manifest that commands read, as far as they read them. Others are only shown."""

_OF_A_RUN = {
    "weights", "backend", "temperature", "top_p", "max_tokens", "thinking", "seed", "prompts", "data", "graders",
}  # fmt: skip
_OF_FILES = (
    {"sha256", "tool", "model", "parser", "graders"},  # a log
    {"sha256", "columns", "graders"},  # a table of verdicts
    {"predictions", "decisions", "graders"},
)
"""What the identity of every run file says, of all versions: of a run, and of what was made from files."""


def manifest(db: sqlite3.Connection, path: Path) -> dict[str, Any]:
    """The manifest's entries.

    Raises:
        RunFileError: one of them is otherwise than calibench writes it.
    """
    entries = {}
    for key, text in db.execute("SELECT key, value FROM manifest"):
        try:
            entries[key] = msgspec.json.decode(text)
            msgspec.convert(entries[key], _ENTRIES.get(key, Any))
            require_shallow(entries[key])
        except (ValueError, msgspec.MsgspecError, TypeError, RecursionError) as error:
            raise RunFileError(
                f"{path}: manifest, {key!r:.40}: holds what calibench does not write there ({error})"
            ) from None
    return entries


def require_identity(entries: Mapping[str, Any], path: Path) -> None:
    """Refuses answers of which it is not said what made them.

    Args:
        entries: of the manifest of a file that holds answers.

    Raises:
        RunFileError: something is missing that calibench writes before the first of them.
    """
    identity = entries.get("identity", {})
    said = {name for name, value in identity.items() if value is not None}
    kinds = _OF_FILES if "rows" in entries else (_OF_A_RUN,)
    missing = min((sorted(kind - said) for kind in kinds), key=len)
    missing += [
        f"{name} of {task!r:.60}"
        for name in ("data", "graders")
        for task in entries.get("scope", {})
        if name in said and task not in identity[name]
    ]
    if missing:
        raise RunFileError(
            f"{path}: manifest, 'identity': expected what made the answers, found no {', no '.join(missing[:_NAMED])}"
        )
