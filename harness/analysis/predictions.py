"""Scores predictions that were made elsewhere: a table with a confidence and a verdict per row. Needs no model.

A row is one answer. It becomes one generation of the task that its group column names (else of the file), judged by one
method: the model's name if there is a model column, else the name of the confidence column.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from calibench.analysis.report import count_outcomes, publish
from calibench.errors import InputError
from calibench.results import RunSummary
from calibench.tasks import table
from calibench.version import __version__

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Scale = Literal["fraction", "percent"]

_PROTOCOL = "predictions"
_MISSING = {"", "nan", "null", "none", "na", "n/a", "<na>"}
_VERDICTS = {
    **dict.fromkeys(("true", "yes", "correct", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "incorrect", "0", "0.0"), False),
}
_NAMING = "Columns are named by --confidence, --correct, --question, --group and --model"
_MAX_GROUPS = 500
"""Each group has intervals and a figure of its own; more of them are ids, not tasks or models."""
_RESERVED = {"task": ("macro", "the mean over tasks"), "method": ("none", "answers without a confidence method")}
_UNKNOWN = ("abstained_rate", "unparsed_rate", "truncated_rate", "failed_rate")
"""Metrics of outcomes that a table of right and wrong answers does not tell."""


class Columns(NamedTuple):
    """The names of a table's columns; None for what it does not have."""

    confidence: str = "confidence"
    correct: str = "correct"
    question: str | None = None
    """Rows that share a value are not independent."""
    group: str | None = None
    model: str | None = None


class Predictions(NamedTuple):
    """What was read of a file."""

    path: Path
    columns: Columns
    scale: Scale
    frame: pd.DataFrame
    """As `metrics.scorecard.scorecard` takes it."""


def score(path: Path, folder: Path, columns: Columns, scale: Scale = "fraction") -> RunSummary:
    """Scores a file; writes `report.html`, `scorecard.json` and `reliability.svg` into the folder.

    Raises:
        InputError: see `read`.
        StorageError: the folder cannot be written.
    """
    from calibench.reports import figures

    summary = summarize(read(path, columns, scale))
    publish(summary, folder)
    figures.save(
        figures.reliability_figure(summary.scorecard.reliability, title=summary.name), folder / "reliability.svg"
    )
    return summary


def read(path: Path, columns: Columns, scale: Scale = "fraction") -> Predictions:
    """Reads CSV, TSV, JSON Lines (each also with .gz) or Parquet.

    Args:
        columns: which hold what. A confidence is a number or a percentage (`85%`); an empty one is a row without
            confidence. A verdict is a boolean, 0 or 1, true/false, yes/no or correct/incorrect in any case.
        scale: of confidences without a percent sign.

    Raises:
        InputError: the file cannot be read, lacks a column or has no row, or a cell cannot be understood; rows are
            counted from 1, without the heading.
    """
    import pandas as pd

    if columns.confidence == columns.correct:
        raise InputError(f"{path}: confidence and verdict cannot be the same column {columns.correct!r}")
    cells = _cells(path, list(dict.fromkeys(filter(None, columns))))
    value = pd.Series(_confidences(cells[columns.confidence], scale, f"{path}, column {columns.confidence!r}"))
    correct = pd.Series(_each(_verdict, cells[columns.correct], f"{path}, column {columns.correct!r}"))

    def names(column: str | None, default: Any) -> Any:
        return default if column is None else _each(_name, cells[column], f"{path}, column {column!r}")

    frame = pd.DataFrame({"value": value}).assign(
        task=names(columns.group, path.name),
        protocol=_PROTOCOL,
        question_id=names(columns.question, range(len(value))),
        method=names(columns.model, columns.confidence),
        status=value.isna().map({True: "missing", False: "ok"}),
        outcome=correct.map({True: "correct", False: "incorrect"}),
        domain="other",
        **dict.fromkeys(("subject", "level", "cluster")),
    )
    _check_names(path, frame)
    # Every row is a generation of its own, also where several models answered the same question.
    draw = 0 if columns.question is None else frame.groupby(["task", "question_id"]).cumcount()
    return Predictions(path, columns, scale, frame.assign(draw=draw))


def _check_names(path: Path, frame: pd.DataFrame) -> None:
    for column, (name, meaning) in _RESERVED.items():
        if (frame[column] == name).any():
            raise InputError(f"{path}: nothing can be named {name!r}, which stands for {meaning} in every report")
    if (n_groups := frame.groupby(["task", "method"]).ngroups) > _MAX_GROUPS:
        raise InputError(f"{path}: expected at most {_MAX_GROUPS} groups by task and model, found {n_groups:,}")


def summarize(predictions: Predictions) -> RunSummary:
    """Computes all that a report needs."""
    from calibench.metrics.scorecard import scorecard

    path, columns, scale, frame = predictions
    card = scorecard(frame, seed=0)
    models = sorted(frame["method"].unique()) if columns.model else ["not stated"]
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return RunSummary(
        name=path.name,
        kind=None,
        model=", ".join(models),
        manifest={
            "file": path.name,
            "sha256": digest,
            "rows": len(frame),
            "columns": {role: name for role, name in columns._asdict().items() if name},
            "scale": scale,
            "calibench": __version__,
            "notes": list(_notes(predictions)),
        },
        scorecard=msgspec.structs.replace(card, metrics=tuple(m for m in card.metrics if m.metric not in _UNKNOWN)),
        counts=count_outcomes(frame, outcomes=("correct", "incorrect"), statuses=("ok", "missing")),
        gallery=None,
        rows="model" if columns.model else "method",
    )


def _notes(predictions: Predictions) -> Iterator[str]:
    _, columns, scale, frame = predictions
    if scale == "percent" and frame["value"].max() <= 0.01:
        yield "No confidence is above 1 %: the scale may be that of fractions, not percent."
    models = frame["method"].nunique()
    if models > 1 and columns.question is None:
        yield "No question column is named: it is not known whether the models answered the same questions."
    elif models > 1:
        answered = frame.groupby(["task", "question_id"])["method"].nunique()
        for task, n_models in answered.groupby(level="task"):
            if (shared := int((n_models == models).sum())) < len(n_models):
                yield (
                    f"{task}: {shared:,} of {len(n_models):,} questions were answered by every model; numbers over "
                    "different questions cannot be compared."
                )


# -- cells ------------------------------------------------------------------------------------------------------------


def _each(parse: Callable[[Any], Any], cells: Sequence, place: str) -> list:
    """The parsed cells; the first that is refused is named with its row."""
    out = []
    for row, cell in enumerate(cells, 1):
        try:
            out.append(parse(cell))
        except ValueError as error:
            raise InputError(f"{place}, row {row:,}: expected {error}, found {_shown(cell)}") from None
    return out


def _shown(cell: Any) -> str:
    return "nothing" if _is_missing(cell) else f"{cell!r:.80}"


def _is_missing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell)) or cell == ""


def _name(cell: Any) -> str:
    if _is_missing(cell):
        raise ValueError("a name or id")
    return str(cell)


def _verdict(cell: Any) -> bool:
    verdict = _VERDICTS.get(str(cell).strip().lower())
    if verdict is None:
        raise ValueError("a verdict: true/false, 1/0, yes/no or correct/incorrect")
    return verdict


def _confidences(cells: Sequence, scale: Scale, place: str) -> np.ndarray:
    """[N] float in [0, 1]; nan where there is none."""
    import numpy as np

    values = np.array(_each(partial(_confidence, unit=100 if scale == "percent" else 1), cells, place), dtype=float)
    outside = np.flatnonzero((values < 0) | (values > 1))
    if len(outside):
        percent = scale == "fraction" and any(0 < values[i] <= 100 and not _is_percentage(cells[i]) for i in outside)
        remedy = "add --scale percent if they are percentages" if percent else "correct them, or leave them empty"
        raise InputError(
            f"{place}: expected confidences from 0 to {'100 (--scale percent)' if scale == 'percent' else '1'}; "
            f"{len(outside):,} of {len(cells):,} rows are outside, the first is row {outside[0] + 1:,}: "
            f"{cells[outside[0]]!r:.80}; {remedy}"
        )
    return values


def _confidence(cell: Any, unit: int) -> float:
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in _MISSING):
        return math.nan
    try:
        if isinstance(cell, bool):
            raise TypeError
        return float(cell.strip()[:-1]) / 100 if _is_percentage(cell) else float(cell) / unit
    except (ValueError, TypeError, OverflowError):
        raise ValueError("a number, a percentage or nothing") from None


def _is_percentage(cell: Any) -> bool:
    return isinstance(cell, str) and cell.strip().endswith("%")


# -- files ------------------------------------------------------------------------------------------------------------


def _cells(path: Path, wanted: list[str]) -> dict[str, Sequence]:
    """The cells of the wanted columns."""
    with table.file_errors(path):
        path.open("rb").close()
    read = _READERS[table.suffix_of(path, list(_READERS))]
    with table.file_errors(path):
        cells = read(path, wanted)
    if not cells[wanted[0]]:
        raise InputError(f"{path}: expected a row per answer, found none")
    return cells


def _read_csv(path: Path, wanted: list[str], delimiter: str = ",") -> dict[str, Sequence]:
    records = table.records(path, delimiter)
    _, heading = next(records, (0, []))
    if not heading:
        return dict.fromkeys(wanted, ())
    table.check_columns(path, wanted, heading, _NAMING)
    pick = itemgetter(*map(heading.index, wanted))
    rows = [pick(fields) for _, fields in records]
    return {name: [row[i] for row in rows] for i, name in enumerate(wanted)}


def _read_json_lines(path: Path, wanted: list[str]) -> dict[str, Sequence]:
    cells: dict[str, list] = {name: [] for name in wanted}
    found: dict[str, Any] = {}
    for _, row in table.objects(path):
        found.update(row)
        for name in wanted:
            cells[name].append(row.get(name))
    if found:
        table.check_columns(path, wanted, list(found), _NAMING)
    return cells


def _read_parquet(path: Path, wanted: list[str]) -> dict[str, Sequence]:
    import pyarrow
    from pyarrow import parquet

    try:
        with path.open("rb") as source, parquet.ParquetFile(source) as file:
            table.check_columns(path, wanted, file.schema_arrow.names, _NAMING)
            found = file.read(columns=wanted)
    except pyarrow.ArrowException as error:
        raise InputError(f"{path}: not a readable Parquet file ({error})") from error
    return {name: found[name].to_pylist() for name in wanted}


_READERS: dict[str, Callable[[Path, list[str]], dict[str, Sequence]]] = {
    ".csv": _read_csv,
    ".tsv": partial(_read_csv, delimiter="\t"),
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".parquet": _read_parquet,
}
