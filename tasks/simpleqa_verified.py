"""SimpleQA Verified: 1,000 questions of SimpleQA whose labels, topics and sources were checked again.

Haas et al. 2025, "SimpleQA Verified: A Reliable Factuality Benchmark to Measure Parametric Knowledge" (arXiv
2509.07968). Graded as `simpleqa`; numbers are published with an accepted range in words, which is not read: only the
number itself is right here. The loader is tested on rows of this project's own in the published form: see
`tests/tasks/rows`.
"""

from __future__ import annotations

import re

from calibench.records import Question
from calibench.tasks.data import Hub, Source, text_field
from calibench.tasks.simpleqa import TASK as SIMPLEQA
from calibench.tasks.simpleqa import fact, noted_rows

_RANGE = re.compile(r"(?s)\s*\((?:an )?acceptable (?:range|answer).*", re.IGNORECASE)

SOURCE = Source(
    task="simpleqa_verified",
    file="simpleqa_verified/simpleqa_verified.csv",
    layout="csv",
    sha256=None,
    publisher="google/simpleqa-verified on the hub, simpleqa_verified.csv",
    hub=Hub("google/simpleqa-verified", None, "eval"),
)


def to_question(row: dict, place: str) -> Question:
    answer = _RANGE.sub("", text_field(row, "answer", place))
    return fact("simpleqa_verified", {**row, "answer": answer}, place, text_field(row, "topic", place))


TASK = SIMPLEQA._replace(
    name="simpleqa_verified",
    description="SimpleQA, its labels checked again (1,000 questions)",
    open=lambda data: noted_rows(SOURCE, data),
    to_question=to_question,
)
