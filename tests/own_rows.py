"""Rows of our own in the published form, for tasks of whose data there is no original file at hand."""

from __future__ import annotations

from pathlib import Path

ROWS = Path(__file__).parent / "tasks" / "rows"
"""A `--data` folder."""
OWN_ROWS = (
    "abstention_bench",
    "aime24",
    "aime25",
    "gpqa_diamond",
    "humaneval",
    "humaneval_plus",
    "math",
    "mbpp_plus",
    "mmlu_pro",
    "scifact",
    "simpleqa",
    "simpleqa_verified",
    "supergpqa",
    "typed_decisions",
)
"""The tasks."""
