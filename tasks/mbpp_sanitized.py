"""MBPP, sanitized: the rows whose question and tests were verified by hand, many of them reworded.

Austin et al. 2021 (arXiv 2108.07732). The test split is the rows with task_id 11 to 510, 257 of them. See `tasks.mbpp`.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.data import Hub, Source
from calibench.tasks.mbpp import program_question, program_task

SOURCE = Source(
    task="mbpp_sanitized",
    file="mbpp/sanitized-mbpp.json",
    layout="array",
    sha256="ca95deaa9a01ef0a6f439f88bcf0dd3db3563d22f22aad6cae04ebb9a8d8c8e9",
    publisher="https://github.com/google-research/google-research, mbpp/sanitized-mbpp.json",
    hub=Hub("google-research-datasets/mbpp", "sanitized", "test"),
)


def to_question(row: dict, place: str, split: str = "test") -> Question | None:
    imports = row.get("test_imports", [])
    if not isinstance(imports, list) or not all(isinstance(line, str) for line in imports):
        raise DataError(f"{place}: expected a list of imports in the field 'test_imports', found {imports!r:.80}")
    return program_question("mbpp_sanitized", row, place, split, "prompt", "\n".join(imports))


TASK = program_task(
    "mbpp_sanitized",
    "Short Python functions, rows verified by hand (257 questions)",
    {},
    SOURCE,
    to_question,
)
