"""A run as a table: one row per generation and method."""

from __future__ import annotations

import json
import sqlite3

import pandas as pd
import pyarrow

from calibench.records import WORDING
from calibench.store import outcomes

_FETCHED_ROWS = 300
"""Their cells stay in the processor's cache until they are columns."""
_NUMBERS = {
    **dict.fromkeys(("value", "level", "latency"), pyarrow.float64()),
    **dict.fromkeys(("prompt_tokens", "cached_tokens", "reasoning_tokens", "answer_tokens"), pyarrow.float64()),
    "draw": pyarrow.int64(),
}
"""The columns that are no texts, and their types."""
_KEY = ["task", "question_id", "protocol", "draw"]
_COLUMNS = {
    "grades": [*_KEY, "outcome", "answer", "grader"],
    "questions": ["task", "question_id", "domain", "subject", "level", "cluster"],
    "generations": [
        *_KEY, "finish_reason", "prompt_tokens", "cached_tokens", "reasoning_tokens", "answer_tokens", "latency",
    ],
    "confidences": [*_KEY, "method", "value", "status"],
}  # fmt: skip
_TEXTS = {
    "questions": {"question": "text", "gold": "gold"},
    "generations": {"reasoning": "reasoning", "output": "text"},
    "confidences": {"raw": "raw"},
}
"""Column of the frame -> column of the table."""
_ORDER = [
    "task", "protocol", "question_id", "draw", "method", "value", "status", "outcome", "correct", "answer", "grader",
    "domain", "subject", "level", "cluster", "finish_reason", "prompt_tokens", "cached_tokens", "reasoning_tokens",
    "answer_tokens", "latency",
]  # fmt: skip


def frame(db: sqlite3.Connection, texts: bool, wordings: bool) -> pd.DataFrame:
    """The table of `RunFile.frame`, without the column `run`."""
    more = _TEXTS if texts else {}
    # Each table is read once, as it lies: SQLite would join them by looking up every row.
    found = _table(db, "grades", {}, source=outcomes.source(db))
    found = _joined(found, _table(db, "questions", more.get("questions", {})), _KEY[:2])
    found = _joined(found, _table(db, "generations", more.get("generations", {})), _KEY)
    asked = "" if wordings else f" WHERE method NOT LIKE '%{WORDING}%'"
    found = _joined(found, _table(db, "confidences", more.get("confidences", {}), asked), _KEY)
    found["method"] = found["method"].fillna("none")
    found["correct"] = found["outcome"] == "correct"
    found["domain"] = found["domain"].fillna("other")
    found["cluster"] = found["cluster"].fillna(found["question_id"])
    # The tables' own order has the protocol behind the question.
    of_protocol = found.groupby(["task", "protocol"]).ngroup().to_numpy()
    if (of_protocol[1:] < of_protocol[:-1]).any():
        found = found.iloc[of_protocol.argsort(kind="stable")]
    if texts:
        found["gold"] = found["gold"].map(lambda text: tuple(json.loads(text)), na_action="ignore").astype(object)
    return found[[*_ORDER, *(column for of in more.values() for column in of)]].reset_index(drop=True)


def _joined(left: pd.DataFrame, right: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    if right.empty:  # as of predictions that were scored from a file
        new = right.drop(columns=key).dtypes
        return left.reindex(columns=[*left, *new.index]).astype(new)
    return left.merge(right, how="left", on=key)


def _table(
    db: sqlite3.Connection, name: str, texts: dict[str, str], where: str = "", source: str | None = None
) -> pd.DataFrame:
    """Columns of a table, or of what is read in its place."""
    columns = [*_COLUMNS[name], *texts]
    wanted = [*_COLUMNS[name], *(f"{of_table} AS {column}" for column, of_table in texts.items())]
    schema = pyarrow.schema([(column, _NUMBERS.get(column, pyarrow.large_string())) for column in columns])
    cursor = db.cursor()
    cursor.row_factory = None  # plain tuples
    cursor.execute(f"SELECT {', '.join(wanted)} FROM {source or name}{where}")
    # In parts: as Python objects, the cells of a long run take ten times the memory of the table.
    parts = [schema.empty_table()]
    while rows := cursor.fetchmany(_FETCHED_ROWS):
        cells = zip(schema.types, zip(*rows, strict=True), strict=True)
        parts.append(pyarrow.table([pyarrow.array(of, kind) for kind, of in cells], schema=schema))
    return pyarrow.concat_tables(parts).to_pandas()
