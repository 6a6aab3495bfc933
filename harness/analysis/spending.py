"""What the answers of a run cost: tokens and time, beside the accuracy that they bought."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from calibench.results import Spending
from calibench.store.apart import TokenCounts

if TYPE_CHECKING:
    import pandas as pd

_DRAW = ["question_id", "draw"]


def spending(frame: pd.DataFrame) -> Iterator[Spending]:
    """Of each task and protocol whose tokens are known of every generation that did not fail.

    Args:
        frame: of `RunFile.frame`.
    """
    if "answer_tokens" not in frame:  # of predictions that were scored from a file
        return
    for (task, protocol), rows in frame.groupby(["task", "protocol"], sort=True):
        draws = rows.drop_duplicates(_DRAW)
        draws = draws[draws["outcome"] != "failed"]
        if draws.empty or draws["answer_tokens"].isna().any():
            continue
        generated = draws["reasoning_tokens"].fillna(0) + draws["answer_tokens"]
        right = int((draws["outcome"] == "correct").sum())
        seconds = draws["latency"].median()
        yield Spending(
            task=str(task),
            protocol=str(protocol),
            n=len(draws),
            accuracy=right / len(draws),
            tokens=float(generated.mean()),
            reasoning_tokens=float(draws["reasoning_tokens"].fillna(0).mean()),
            tokens_per_correct=float(generated.sum()) / right if right else None,
            latency=None if seconds != seconds else float(seconds),
        )


def counted_spending(task: str, protocol: str, counts: TokenCounts) -> Spending:
    """That of a task and protocol from its sums, which do not tell the median of seconds."""
    tokens = counts.answer_tokens + counts.reasoning_tokens
    return Spending(
        task=task,
        protocol=protocol,
        n=counts.n,
        accuracy=counts.n_correct / counts.n,
        tokens=tokens / counts.n,
        reasoning_tokens=counts.reasoning_tokens / counts.n,
        tokens_per_correct=tokens / counts.n_correct if counts.n_correct else None,
        latency=None,
    )
