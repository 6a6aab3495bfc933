"""Tables of answers that a person labels: drawn from a run, and read back."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from calibench.analysis.protocols import of_protocols
from calibench.errors import DataError, InputError
from calibench.errors.characters import visible
from calibench.errors.spreadsheet import cell_name, cell_text, csv_line
from calibench.exchange import cells, columns
from calibench.files import write_text
from calibench.prompting import protocols
from calibench.prompting.parsing import parse
from calibench.running.manifest import markup_of
from calibench.store import RunFile

if TYPE_CHECKING:
    import pandas as pd

KEY = ["task", "question_id", "protocol", "draw"]
HEADING = (*KEY, "question", "gold", "answer", "label")
_NAMING = "Columns are named by --question and --label"
_OPTIONAL = ("task", "protocol", "draw")
_SHOWN = 3
"""Of several that are wrong alike, those that are named."""


class LabelRow(NamedTuple):
    """An answer to be labelled, without its grade."""

    task: str
    question_id: str
    protocol: str
    draw: int
    question: str
    gold: str
    """Accepted answers, with ` | ` between them."""
    answer: str
    """As a grader sees it: without reasoning and without a stated confidence."""


def drawn(run: RunFile, n: int, *, seed: int = 0) -> list[LabelRow]:
    """A random sample of a run's answers: of each task and protocol about as many, and in it every answer with the same
    chance. Answers behind a part of a reasoning, which may be those of the whole, are not among them.

    Rows stand in a random order, so that the first of them are a random sample too, and a smaller sample is a part of
    a larger one with the same seed.

    Args:
        run: read only.
        n: rows; all answers if there are fewer.
        seed: another one draws other answers.

    Raises:
        InputError: the run holds no texts.
    """
    if not run.has_texts():
        raise InputError(f"{run.path.parent}: holds no texts to label: `score` keeps verdicts and confidences alone")
    rows = of_protocols(attempted(run), None, run.path.parent.name)[0][KEY].copy()
    rows["place"] = [
        hashlib.sha256("\0".join(map(str, (seed, *key))).encode()).digest()
        for key in rows.itertuples(index=False, name=None)
    ]
    rows = rows.sort_values("place")
    turn = rows.groupby(["task", "protocol"]).cumcount()
    chosen = rows.assign(turn=turn).sort_values("turn", kind="stable").head(n).sort_values("place")
    return [_row(run, *key) for key in chosen[KEY].itertuples(index=False, name=None)]


def _row(run: RunFile, task: str, question_id: str, protocol: str, draw: int) -> LabelRow:
    question = run.question(task, question_id)
    generation, _, _ = run.answer(task, question_id, protocol, draw)
    parsed = parse(
        generation.text,
        reasoning_opened=generation.reasoning_opened,
        scale=protocols.scale_of(protocol),
        finish_reason=generation.finish_reason,
        markup=markup_of(run),
    )
    options = "".join(f"\n- {choice}" for choice in question.choices)
    gold = " | ".join(question.gold)
    return LabelRow(task, question_id, protocol, draw, f"{question.text}{options}", gold, parsed.answer_text.strip())


def publish(rows: list[LabelRow], file: Path) -> Path:
    """Writes the rows as CSV, with an empty column for the labels; returns the file.

    Raises:
        InputError: there is another such file, which may hold somebody's labels.
    """
    lines = [csv_line(HEADING)]
    for task, question_id, protocol, draw, *texts in rows:
        key = (*map(cell_name, (task, question_id, protocol)), draw)
        lines.append(csv_line([*key, *(cell_text(visible(text)) for text in texts), ""]))
    text = "".join(lines)
    if file.exists() and not (file.is_file() and file.read_bytes() == text.encode(errors="replace")):
        raise InputError(f"{file}: is there already, and may hold labels; choose another --out")
    write_text(file, text)
    return file


def attempted(run: RunFile) -> pd.DataFrame:
    """A row for each graded draw of a run that did not fail: `KEY`, `outcome`, `grader` and `cluster`.

    Raises:
        InputError: there is none.
    """
    frame = run.frame()
    rows = frame[frame["outcome"] != "failed"].drop_duplicates(KEY)
    if rows.empty:
        raise InputError(f"{run.path.parent}: holds no graded answer yet; run it first")
    return rows[[*KEY, "outcome", "grader", "cluster"]].reset_index(drop=True)


def read(path: Path, run: RunFile, question: str, label: str) -> tuple[pd.DataFrame, list[str]]:
    """The labels of a table, with the grades of the answers that they are of.

    Args:
        path: a table as `calibench score` reads it. Columns `task`, `protocol` and `draw` are read where it has them,
            and must be there where the run has several tasks or protocols; without `draw`, labels are of draw 0.
        run: that has the answers.
        question, label: columns of question ids and of labels; rows without a label are left out.

    Returns:
        Rows of `attempted` with `label` (an outcome: correct, incorrect or abstained), and what a reader must know.

    Raises:
        InputError: the table cannot be read, no row has a label, a cell is no label, two labels of an answer contradict
            each other, or the run has no such answer; rows are counted from 1, without the heading.
    """
    answers = attempted(run)
    found, notes = _cells(path, question, label), []
    if empty := int(found["label"].isna().sum()):
        notes.append(
            f"{empty:,} of {len(found):,} rows of {path.name} have no label, and are left out. The others are a random"
            " sample only if what was left out does not depend on the answer, as one that is hard to judge does."
        )
    found = found[found["label"].notna()]
    if found.empty:
        raise InputError(
            f"{path}: no row has a label in the column {label!r}; write correct, incorrect or not attempted"
        )
    for name in ("task", "protocol"):
        if name not in found:
            several = sorted(answers[name].unique())
            if len(several) > 1:
                raise InputError(
                    f"{path}: expected a column {name!r}, as {run.path.parent} has several: {', '.join(several)}"
                )
            found[name] = several[0]
    found["draw"] = _draws(path, found["draw"]) if "draw" in found else 0
    _check_labels(path, found)
    joined = found.merge(answers, how="left", on=KEY)
    missing = joined[joined["outcome"].isna()]
    if len(missing):
        first = "; ".join(
            f"row {row.row:,}: question {row.question_id!r}, draw {row.draw}, of task {row.task} ({row.protocol})"
            for row in missing.head(_SHOWN).itertuples()
        )
        raise InputError(
            f"{path}: {len(missing):,} of {len(joined):,} labels are of answers that {run.path.parent} does not have,"
            f" or that failed: {first}"
        )
    return joined.drop_duplicates(KEY).reset_index(drop=True), notes


def _cells(path: Path, question: str, label: str) -> pd.DataFrame:
    """`question_id`, `label` (None where there is none), `row`, and the optional columns that the table has."""
    import pandas as pd

    nothing = cells.Missing()
    ids = cells.Names(f"{path}, column {question!r}", cells.Missing(words=False))
    verdicts, empty = cells.Verdicts(f"{path}, column {label!r}"), []
    for batch in columns.read(path, [question, label], _NAMING):
        ids.add(batch[question])
        written = cells.AsWritten()
        written.add(batch[label])
        without = [cell in nothing for cell in written.all()]
        verdicts.add(["no answer" if none else cell for cell, none in zip(written.all(), without, strict=True)])
        empty += without
    if not empty:
        raise InputError(f"{path}: expected a row per label, found none")
    found = pd.DataFrame({"question_id": ids.all(), "label": verdicts.all(), "row": range(1, len(empty) + 1)})
    found["label"] = found["label"].mask(empty, None)
    for name in _OPTIONAL:
        if name not in (question, label) and (of := _optional(path, name)) is not None:
            found[name] = of
    return found


def _optional(path: Path, name: str) -> Any:
    """The texts of a column; None if the table, which is read already, has none of that name."""
    names = cells.Names(f"{path}, column {name!r}", cells.Missing(words=False))
    try:
        batches = list(columns.read(path, [name], _NAMING))
    except DataError as error:
        if "expected one column" in str(error):
            raise
        return None
    for batch in batches:
        names.add(batch[name])
    return names.all()


def _draws(path: Path, texts: pd.Series) -> pd.Series:
    wrong = texts[~texts.str.fullmatch(r"\d{1,6}(\.0)?")]
    if len(wrong):
        raise InputError(
            f"{path}, column 'draw', row {wrong.index[0] + 1:,}: expected a whole number from 0 on, found"
            f" {wrong.iloc[0]!r:.80}"
        )
    return texts.astype(float).astype(int)


def _check_labels(path: Path, found: pd.DataFrame) -> None:
    """Refuses labels of one answer that contradict each other."""
    for key, rows in found[found.duplicated(KEY, keep=False)].groupby(KEY, sort=False):
        if rows["label"].nunique() > 1:
            said = ", ".join(f"{row.label} in row {row.row:,}" for row in rows.itertuples())
            raise InputError(
                f"{path}: question {key[1]!r} of task {key[0]}, draw {key[3]}, is {said}; keep one of them"
            )
