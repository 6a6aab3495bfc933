"""AIME 2025: the 30 problems of the American Invitational Mathematics Examination I and II. See `tasks.aime24`."""

from __future__ import annotations

from calibench.tasks.aime24 import aime_task
from calibench.tasks.data import Hub, Source

SOURCE = Source(
    task="aime25",
    file="aime25/test.jsonl",
    layout="lines",
    sha256=None,
    publisher="math-ai/aime25 on the hub, test.jsonl",
    hub=Hub("math-ai/aime25", None, "test"),
)
TASK = aime_task("aime25", 2025, SOURCE)
