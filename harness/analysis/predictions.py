"""Predictions that were made elsewhere, read from a table: one row is one answer, with a confidence and a verdict.

Of a row nothing is made up. What a table does not hold (texts, tokens, how the question was asked) stays unknown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from calibench.errors import InputError
from calibench.exchange import cells, columns
from calibench.grading import table

if TYPE_CHECKING:
    import pandas as pd

PROTOCOL = "predictions"
"""Stands where the protocol does: how the questions were asked is not known."""
FILE_GRADER = "file"
"""Stands where the grader does: the file gives the verdicts."""
KEY = ["task", "question_id", "protocol", "draw"]
"""Of a generation, in the order of the records."""
_NAMING = (
    "Columns are named by --confidence-column, --correct, --question, --group, --model, --answer, --gold and --choices"
)
_MAX_GROUPS = 500
"""Each group has intervals and a figure of its own; more of them are ids, not tasks or models."""
_RESERVED = {"task": ("macro", "the mean over tasks"), "model": ("none", "answers without a confidence method")}


class Columns(NamedTuple):
    """The names of a table's columns; None for what it does not have."""

    confidence: str = "confidence"
    correct: str | None = "correct"
    """None where `gold` stands in its place, or where nothing says what is right."""
    question: str | None = None
    """Rows that share a value are not independent."""
    group: str | None = None
    model: str | None = None
    answer: str | None = None
    """What the model answered: it is graded where there is a `gold`, and votes."""
    gold: str | None = None
    """Accepted answer, or a list of them."""
    choices: str | None = None
    """List of options, for the grader `option`."""


class TableForm(NamedTuple):
    """How the cells are meant."""

    scale: cells.Scale = "fraction"
    """Of confidences without a percent sign."""
    missing: tuple[str, ...] = ()
    """What also stands for no confidence, as `-1`."""
    grader: str | None = None
    """Grades `answer` against `gold`; of `calibench.grading.table.GRADERS`."""
    labels: str | None = None
    """The possible answers, for the grader `choice`, separated by commas."""


class Predictions(NamedTuple):
    """What was read of a file."""

    path: Path
    columns: Columns
    form: TableForm
    sha256: str
    frame: pd.DataFrame
    """Columns of `RunFile.frame` as far as they are known, in the order of its key, and `model` (empty where none is
    named)."""
    outcomes: tuple[str, ...]
    """The outcomes that the file distinguishes."""


def read(path: Path, names: Columns, form: TableForm = TableForm()) -> Predictions:  # noqa: B008
    """Reads a file of predictions; see `calibench.exchange` for formats, and for what cells may hold.

    Raises:
        InputError: as `in_file_order`.
    """
    found = in_file_order(path, names, form)
    return found._replace(frame=found.frame.sort_values(["model", *KEY], ignore_index=True))


def in_file_order(path: Path, names: Columns, form: TableForm = TableForm()) -> Predictions:  # noqa: B008
    """As `read`, with the rows as they stand in the file. Where neither `correct` nor `gold` is named, the answers are
    not labelled: their outcome is missing.

    Raises:
        InputError: the file cannot be read, lacks a column or has no row, a cell cannot be understood, or options do
            not go together; rows are counted from 1, without the heading.
    """
    import pandas as pd

    _check_options(path, names, form)
    found = _read_columns(path, names, form)
    digest = _sha256(path)
    n = len(found["confidence"])
    value = pd.Series(found["confidence"])
    if names.gold:
        graded = _graded(path, names, form, found)
    else:
        outcome = pd.Series(found.get("correct", [None] * n), dtype="str")
        graded = {"outcome": outcome, "answer": found.get("answer"), "grader": FILE_GRADER, "detail": None}
    frame = pd.DataFrame({
        "model": found.get("model", ""),
        "task": found.get("group", path.name),
        "protocol": PROTOCOL,
        # Of rows that name no question, those of another file are other ones.
        "question_id": found.get("question", pd.Series([f"{digest[:8]}:{i:0{len(str(n))}}" for i in range(1, n + 1)])),
        "method": names.confidence,
        "value": value,
        "status": value.isna().map({True: "missing", False: "ok"}),
        "domain": "other",
        **dict.fromkeys(("subject", "level", "cluster")),
        **graded,
    })  # fmt: skip
    _check_names(path, frame)
    frame["draw"] = frame.groupby(["model", "task", "question_id"]).cumcount() if names.question else 0
    graded_here = ("unparsed", "failed") if names.gold else ()
    abstained = ("abstained",) if names.gold or (frame["outcome"] == "abstained").any() else ()
    outcomes = ("correct", "incorrect", *abstained, *graded_here)
    return Predictions(path, names, form, digest, frame, outcomes)


def _check_options(path: Path, names: Columns, form: TableForm) -> None:
    for role, name in {**names._asdict(), "grader": form.grader, "labels": form.labels}.items():
        if name == "":  # as of a variable of the shell that is not set
            option = "confidence-column" if role == "confidence" else role
            raise InputError(f"{path}: --{option}: expected a name, found nothing")
    if bool(names.gold) != bool(form.grader) or (names.gold and not names.answer):
        raise InputError(f"{path}: --answer, --gold and --grader are given together, or a verdict column by --correct")
    if form.labels and form.grader != "choice":
        raise InputError(f"{path}: --labels are the possible answers for --grader choice; give both, or leave them out")
    if names.choices and form.grader != "option":
        raise InputError(f"{path}: --choices holds the options for --grader option; give both, or leave it out")
    named = [name for name in names if name is not None]
    if twice := next((name for name in named if named.count(name) > 1), None):
        raise InputError(f"{path}: the column {twice!r} cannot stand for two things; name another one")


def _read_columns(path: Path, names: Columns, form: TableForm) -> dict[str, Any]:
    """Role -> the whole column."""
    roles = {role: name for role, name in names._asdict().items() if name and not (role == "correct" and names.gold)}
    missing = cells.Missing(form.missing)
    no_name = cells.Missing(form.missing, words=False)
    readers: dict[str, Any] = {}
    for role, name in roles.items():
        place = f"{path}, column {name!r}"
        match role:
            case "confidence":
                readers[role] = cells.Confidences(place, form.scale, missing)
            case "correct":
                readers[role] = cells.Verdicts(place)
            case "answer":
                readers[role] = cells.AnswerCells(place, no_name)
            case "gold" | "choices":
                readers[role] = cells.AsWritten()
            case _:
                readers[role] = cells.Names(place, no_name)
    rows = 0
    for batch in columns.read(path, list(roles.values()), _NAMING):
        rows += len(batch[names.confidence])
        for role, name in roles.items():
            readers[role].add(batch[name])
    if not rows:
        raise InputError(f"{path}: expected a row per answer, found none")
    return {role: reader.all() for role, reader in readers.items()}


def _graded(path: Path, names: Columns, form: TableForm, found: dict[str, Any]) -> dict[str, Any]:
    """Columns of the grades that our grader gives."""
    import pandas as pd

    assert names.gold
    assert form.grader
    choices = found.get("choices") or [None] * len(found["gold"])
    answers = found["answer"].fillna("")
    rows = (table.AnswerRow(*row) for row in zip(answers, found["gold"], choices, strict=True))
    verdicts, grader = table.grade(rows, form.grader, str(path), names.gold, form.labels)
    columns_of = {name: pd.Series([getattr(v, name) for v in verdicts], dtype="str") for name in ("answer", "detail")}
    return {"outcome": pd.Series([v.outcome for v in verdicts], dtype="str"), "grader": grader, **columns_of}


def _sha256(path: Path) -> str:
    """Of the file, or of all files in the folder, each with its name."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for part in sorted(of for of in path.rglob("*") if of.is_file()):
        digest.update(f"{part.relative_to(path)} {_sha256(part)}\n".encode())
    return digest.hexdigest()


def _check_names(path: Path, frame: pd.DataFrame) -> None:
    for column, (name, meaning) in _RESERVED.items():
        if (frame[column] == name).any():
            raise InputError(f"{path}: nothing can be named {name!r}, which stands for {meaning} in every report")
    if (n_groups := frame.groupby(["task", "model"]).ngroups) > _MAX_GROUPS:
        raise InputError(f"{path}: expected at most {_MAX_GROUPS} groups by task and model, found {n_groups:,}")


def on_shared(predictions: Predictions) -> Predictions:
    """The predictions of the questions that every model answered.

    Raises:
        InputError: no question or model column is named, or nothing is shared.
    """
    path, names, frame = predictions.path, predictions.columns, predictions.frame
    if not names.model or not names.question:
        raise InputError(f"{path}: --shared needs --model and --question, the columns that say what is shared")
    kept = frame[_answered_by_all(frame)].reset_index(drop=True)
    if kept.empty:
        raise InputError(f"{path}: no question was answered by every model; drop --shared")
    return predictions._replace(frame=kept)


def _answered_by_all(frame: pd.DataFrame) -> pd.Series:
    """[N] bool: every model answered the row's question."""
    answered = frame.drop_duplicates(["model", "task", "question_id"]).groupby(["task", "question_id"]).size()
    n_models = frame["model"].nunique()
    shared = answered.index[answered == n_models]
    return frame.set_index(["task", "question_id"]).index.isin(shared)


def notes(predictions: Predictions, *, shared: bool = False) -> Iterator[str]:
    """What a reader must know before the numbers."""
    frame, names, form = predictions.frame, predictions.columns, predictions.form
    if form.scale == "percent" and frame["value"].max() <= 0.01:
        yield "No confidence is above 1 %: the scale may be that of fractions, not percent."
    if shared:
        questions = len(frame.drop_duplicates(["task", "question_id"]))
        yield f"Only the {questions:,} questions that every model answered are scored."
    elif frame["model"].nunique() > 1 and names.question is None:
        yield "No question column is named: it is not known whether the models answered the same questions."
    elif frame["model"].nunique() > 1:
        questions = frame.assign(shared=_answered_by_all(frame)).drop_duplicates(["task", "question_id"])
        for task, held in questions.groupby("task")["shared"]:
            if not held.all():
                yield (
                    f"{task}: {int(held.sum()):,} of {len(held):,} questions were answered by every model; numbers over"
                    " different questions cannot be compared. --shared scores the shared ones alone."
                )
