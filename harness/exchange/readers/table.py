"""Tables with the texts of answers: CSV, TSV, JSON Lines, a JSON array, Parquet, Arrow, or a saved data set.

Columns are named by options. Rows that share a question are draws, in the order of the rows. A table of confidences and
verdicts alone is read by `calibench.analysis.score`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from calibench.errors import DataError, InputError
from calibench.exchange import cells, columns
from calibench.exchange.readers.base import AnswerLog, Columns, Logged, Reader, Start, Tell

_NAMING = (
    "Columns are named by --text, --question, --prompt, --group, --model, --gold, --choices, --correct, --answer and"
    " --confidence-column"
)
_SUFFIXES = (".csv", ".tsv", ".parquet", ".arrow")


def _recognizes(start: Start) -> bool:
    name = start.path.name.lower().removesuffix(".gz")
    return name.endswith(_SUFFIXES) or {"confidence", "correct"} <= start.row.keys()


def _read(paths: Sequence[Path], tell: Tell, columns: Columns) -> AnswerLog:
    if "text" not in columns:
        raise InputError(f"{paths[0]}: expected the column with the answers' texts, by --text")
    return AnswerLog(
        "table", (answer for path in paths for answer in _answers(path, columns)), {"columns": dict(columns)}
    )


def _answers(path: Path, names: Columns) -> Iterator[Logged]:
    named = {role: name for role, name in names.items() if role not in ("scale", "missing")}
    if twice := next((name for name in named.values() if [*named.values()].count(name) > 1), None):
        raise InputError(f"{path}: the column {twice!r} cannot stand for two things; name another one")
    judged = _judged(path, named, names)
    rows = count(1)
    for batch in columns.read(path, list(named.values()), _NAMING):
        taken = {role: _plain(batch[name]) for role, name in named.items()}
        for i in range(len(taken["text"])):
            number = next(rows)
            row = {role: of[i] for role, of in taken.items()}
            yield _of_row(f"{path}, row {number:,}", path, row, named, {k: v[number - 1] for k, v in judged.items()})


def _plain(of: Any) -> Sequence:
    return of if isinstance(of, list) else of.to_pylist()


def _judged(path: Path, named: Mapping[str, str], given: Columns) -> dict[str, Any]:
    """Columns whose cells can only be read as a whole: verdicts, of which letters mean what they all mean, and
    confidences, which have one scale."""
    readers: dict[str, Any] = {}
    missing = cells.Missing(filter(None, given.get("missing", "").split(",")))
    if "correct" in named:
        readers["correct"] = cells.Verdicts(f"{path}, column {named['correct']!r}")
    if "confidence" in named:
        scale: cells.Scale = "percent" if given.get("scale") == "percent" else "fraction"
        readers["confidence"] = cells.Confidences(f"{path}, column {named['confidence']!r}", scale, missing)
    if not readers:
        return {}
    empty = True
    for batch in columns.read(path, [named[role] for role in readers], _NAMING):
        empty = False
        for role, reader in readers.items():
            reader.add(batch[named[role]])
    return {} if empty else {role: reader.all() for role, reader in readers.items()}


def _of_row(
    place: str, path: Path, row: Mapping[str, Any], named: Mapping[str, str], judged: Mapping[str, Any]
) -> Logged:
    def text(role: str) -> str | None:
        cell = row.get(role)
        if isinstance(cell, str) or (cell is None and role != "text"):
            return cell
        if isinstance(cell, bool | int | float) and role != "text":
            return str(cell)
        raise DataError(f"{place}, column {named[role]!r}: expected a text, found {cells.shown(cell)}")

    def texts(role: str) -> tuple[str, ...]:
        cell = row.get(role)
        of = cell if isinstance(cell, list) else [cell]
        return tuple(str(one) for one in of if one not in (None, ""))

    value = judged.get("confidence")
    return Logged(
        place=place,
        task=text("group") or path.name.partition(".")[0],
        model=text("model"),
        sample=text("question"),
        prompt=text("prompt"),
        choices=texts("choices"),
        gold=texts("gold"),
        text=text("text"),
        verdict=judged.get("correct"),
        judged_by=named.get("correct"),
        answer=text("answer"),
        confidence=None if value is None or value != value else float(value),
        confidence_column=named.get("confidence"),
    )


READER = Reader(
    description="CSV, JSON Lines, Parquet and others, with columns named by options",
    recognizes=_recognizes,
    read=_read,
)
