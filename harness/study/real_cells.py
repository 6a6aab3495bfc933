"""A cell of a real checkpoint: what one model answered in each pass, small enough to be committed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from calibench.errors import DataError
from calibench.records import Record
from calibench.results import Spread
from calibench.study.cells import OUTCOMES, GreedyAnswers, decode

if TYPE_CHECKING:
    import pandas as pd


class Asked(Record, kw_only=True, frozen=True):
    """What one pass gave for one task."""

    ids: tuple[str, ...]
    """[N] of the questions, in the order of the answers."""
    answers: GreedyAnswers
    tokens: float
    """Mean tokens of an answer."""
    spreads: tuple[Spread, ...]
    """One per method."""

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.answers.outcomes) or not self.ids:
            raise ValueError("expected an id for each answer")

    def accuracy(self) -> float:
        return self.answers.outcomes.count("c") / len(self.ids)


class RealCell(Record, kw_only=True, frozen=True):
    """What one model answered."""

    model: str
    weights: str
    """Fingerprint of the checkpoint."""
    settings: dict[str, Any]
    """Budget, and the last session: library versions and machine."""
    lineage: dict[str, Any] = {}
    """Of a checkpoint that calibench trained: how, of what, and from which draws."""
    passes: dict[str, dict[str, Asked]]
    """Pass -> task -> answers."""
    cpu_seconds: float
    """Of the sessions that made it, all processes together."""


def read(file: Path) -> RealCell:
    """The cell in a file.

    Raises:
        DataError: it is not a cell.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=RealCell)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(f"{file}: expected a cell of a real checkpoint, as `make real` writes it ({error})") from error


def frame_of(passed: dict[str, Asked], protocol: str, with_confidences: bool = True) -> pd.DataFrame:
    """The answers of one pass as a frame for `calibench.metrics`.

    Args:
        passed: task -> answers.
        protocol: name of the pass.
        with_confidences: False gives a row per answer, without a confidence.
    """
    import numpy as np
    import pandas as pd

    frames = []
    for task, asked in passed.items():
        answers, n = asked.answers, len(asked.ids)
        confidences = {m: decode(text) for m, text in answers.confidence.items() if m != "none"}
        if not confidences or not with_confidences:
            confidences = {"none": np.full(n, np.nan)}
        for method, values in confidences.items():
            frames.append(
                pd.DataFrame(
                    {
                        "task": task,
                        "protocol": protocol,
                        "question_id": asked.ids,
                        "draw": 0,
                        "method": method,
                        "value": values,
                        "status": np.where(np.isnan(values), "missing", "ok"),
                        "outcome": [OUTCOMES[letter] for letter in answers.outcomes],
                        "domain": answers.domain,
                        "subject": None,
                        "level": np.nan,
                        "cluster": asked.ids if answers.cluster is None else [f"c{c}" for c in answers.cluster],
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)
