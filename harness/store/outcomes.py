"""By which grader an answer's outcome is: the task's own, or the judge that the manifest names for the task.

An answer of a judged task that its judge has not seen has no outcome yet, as one that is not graded, so that nothing
that reads outcomes mixes the two graders. What has no answer to judge keeps its grade: it was truncated, repeats the
form, or failed.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_SEEN = "('correct', 'incorrect', 'abstained', 'unparsed')"
"""Own outcomes of answers that a judge sees."""
_JUDGES = "(SELECT key AS task, value AS judge FROM json_each((SELECT value FROM manifest WHERE key = 'judged_by')))"
_SAME_DRAW = "j.task = g.task AND j.question_id = g.question_id AND j.protocol = g.protocol AND j.draw = g.draw"
OUTCOMES = f"""
SELECT g.task, g.question_id, g.protocol, g.draw, g.answer,
    iif(d.judge IS NULL, g.outcome, j.outcome) AS outcome,
    iif(d.judge IS NULL, g.grader, 'judge ' || d.judge) AS grader,
    iif(d.judge IS NULL, g.detail, j.detail) AS detail
FROM grades AS g
LEFT JOIN {_JUDGES} AS d ON d.task = g.task AND g.outcome IN {_SEEN}
LEFT JOIN judgements AS j ON {_SAME_DRAW} AND j.judge = d.judge
WHERE d.judge IS NULL OR j.judge IS NOT NULL"""
"""Rows as those of `grades`."""
_BOTH = f"""
SELECT g.task, g.protocol, g.question_id, q.cluster, g.draw, g.outcome, g.grader, j.outcome AS judged, j.judge
FROM grades AS g
JOIN {_JUDGES} AS d ON d.task = g.task AND g.outcome IN {_SEEN}
JOIN judgements AS j ON {_SAME_DRAW} AND j.judge = d.judge
LEFT JOIN questions AS q ON q.task = g.task AND q.question_id = g.question_id"""


def source(db: sqlite3.Connection) -> str:
    """What stands behind FROM where outcomes are read."""
    named = db.execute("SELECT value FROM manifest WHERE key = 'judged_by'").fetchone()
    return f"({OUTCOMES})" if named and json.loads(named[0]) else "grades"


def unjudged(judge: str) -> str:
    """The rows of `grades` that this judge is to see, and has not."""
    quoted = judge.replace("'", "''")
    return (
        f"SELECT g.* FROM grades AS g LEFT JOIN judgements AS j ON {_SAME_DRAW} AND j.judge = '{quoted}'"
        f" WHERE g.outcome IN {_SEEN} AND j.judge IS NULL"
    )


def both(db: sqlite3.Connection) -> pd.DataFrame:
    """What grader and judge say of each answer that the judge has seen.

    Columns: task, protocol, question_id, cluster, draw, outcome, grader, judged (the judge's outcome), judge.
    """
    import pandas as pd

    cursor = db.execute(_BOTH)
    names = [column[0] for column in cursor.description]
    return pd.DataFrame([tuple(row) for row in cursor], columns=names)
