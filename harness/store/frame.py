"""A run as a table: one row per generation and method, without texts."""

from __future__ import annotations

import sqlite3

import pandas as pd

_FETCHED_ROWS = 20_000
_NUMBERS = {
    **dict.fromkeys(("value", "level", "latency"), float),
    **dict.fromkeys(("prompt_tokens", "cached_tokens", "reasoning_tokens", "answer_tokens"), float),
    "draw": int,
    "correct": bool,
}
"""The columns that are no texts, and their types."""
_QUERY = """
    SELECT r.task, r.protocol, r.question_id, r.draw, coalesce(c.method, 'none') AS method, c.value, c.status,
           r.outcome, r.outcome = 'correct' AS correct, r.answer, r.grader,
           coalesce(q.domain, 'other') AS domain, q.subject, q.level,
           coalesce(q.cluster, r.question_id) AS cluster, g.finish_reason, g.prompt_tokens, g.cached_tokens,
           g.reasoning_tokens, g.answer_tokens, g.latency
    FROM grades r
    LEFT JOIN generations g USING (task, question_id, protocol, draw)
    LEFT JOIN questions q USING (task, question_id)
    LEFT JOIN confidences c USING (task, question_id, protocol, draw)
    ORDER BY r.task, r.protocol, r.question_id, r.draw, method
"""


def frame(db: sqlite3.Connection) -> pd.DataFrame:
    """The table of `RunFile.frame`."""
    cursor = db.execute(_QUERY)
    types = {column: _NUMBERS.get(column, "str") for column, *_ in cursor.description}
    # In parts: as Python objects, the cells of a long run take ten times the memory of the table.
    parts = [pd.DataFrame([], columns=list(types)).astype(types)]
    while rows := cursor.fetchmany(_FETCHED_ROWS):
        parts.append(pd.DataFrame.from_records(rows, columns=list(types)).astype(types))
    return pd.concat(parts, ignore_index=True)
