"""A cell of the study: what one checkpoint answered, small enough to be committed.

A cell holds what its numbers are computed from, question by question, so that the page needs no model and differences
of two checkpoints are paired. Questions are in the order of their ids. A row of confidences is one text of four
characters each: a number of base 36, in units of 1 / `UNIT`, or `----` where there is none.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import numpy as np

from calibench.errors import DataError
from calibench.metrics.bootstrap import partition
from calibench.records import Domain, Outcome, Record

if TYPE_CHECKING:
    import pandas as pd

UNIT = 1_600_000
"""Fine enough that P(True) of draws stays without ties; whole percents are exact, so that they stay in their bins."""
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_WIDTH = 4
_NONE = "-"
OUTCOMES = {name[0]: name for name in get_args(Outcome)}
"""Letter -> outcome."""
_ANSWERED = ("correct", "incorrect")


def _require(holds: bool, expected: str) -> None:
    """Tells msgspec that a record is none."""
    if not holds:
        raise ValueError(f"expected {expected}")


def _require_confidences(confidence: dict[str, str], n: int) -> None:
    for text in confidence.values():
        parts = re.fullmatch(rf"(?:[{DIGITS}]{{{_WIDTH}}}|{_NONE * _WIDTH}){{{n}}}", text)
        _require(bool(parts) and not (decode(text) > 1).any(), "a confidence from 0 to 1 for each answer")


class GreedyAnswers(Record, kw_only=True, frozen=True):
    """One greedy answer to each of N questions of a task."""

    domain: Domain
    questions: str
    """Hash of the question ids, in order: cells with the same one are paired question by question."""
    cluster: tuple[int, ...] | None
    """[N]; questions of one cluster are not independent. None: each is its own."""
    outcomes: str
    """[N] keys of `OUTCOMES`."""
    confidence: dict[str, str]
    """Method -> [N] confidences."""

    def __post_init__(self) -> None:
        n = len(self.outcomes)
        _require(set(self.outcomes) <= OUTCOMES.keys(), "as outcomes first letters of outcomes")
        _require(self.cluster is None or len(self.cluster) == n, "a cluster for each question")
        _require_confidences(self.confidence, n)


class SampledAnswers(Record, kw_only=True, frozen=True):
    """K answers to each of Q questions of a task, all of a question's together."""

    domain: Domain
    questions: str
    cluster: tuple[int, ...] | None
    """[Q]"""
    draws: int
    """K"""
    answer: str
    """[Q K] answer class within the question, one digit of base 36; `-` where there is no answer."""
    correct: str
    """[Q K] 1 or 0."""
    confidence: dict[str, str]
    """Method -> [Q K] confidences."""

    def __post_init__(self) -> None:
        n = len(self.answer)
        _require(self.draws > 0 and n % self.draws == 0, "as many answers to each question as draws")
        _require(set(self.answer) <= {*DIGITS, _NONE}, "as answers their classes")
        _require(len(self.correct) == n and set(self.correct) <= {"0", "1"}, "1 or 0 for each answer")
        _require(self.cluster is None or len(self.cluster) * self.draws == n, "a cluster for each question")
        _require_confidences(self.confidence, n)


class Cell(Record, kw_only=True, frozen=True):
    """One kind of checkpoint, made with one seed."""

    kind: str
    seed: int
    settings: dict[str, Any]
    """Everything that decides the cell: how the checkpoint is made, and what it is asked."""
    fingerprint: str
    """Of the checkpoint."""
    parent: str | None
    """Fingerprint of the checkpoint that a recipe made it of; None if it was trained from scratch."""
    bundled: bool
    """The checkpoint came with calibench and was not trained for this cell."""
    cpu_seconds: dict[str, float]
    """`training` (without that of its parents) and `evaluation`."""
    summary: dict[str, dict[str, dict[str, float | None]]]
    """Task or `macro` -> method -> metric -> value, for whoever reads the file; the page computes its own."""
    test: dict[str, GreedyAnswers]
    draws: dict[str, SampledAnswers]
    sampled: tuple[dict[str, Any], ...]
    """What each round of self-training sampled, from the lineage; empty for other recipes."""
    rounds: tuple[dict[str, float | None], ...]
    """`spread` of the checkpoint after each round but the last, on `draws` questions; empty for other recipes."""

    @property
    def name(self) -> str:
        return f"seed{self.seed}-{self.kind}"


def encode(values: np.ndarray) -> str:
    """Confidences [N] in [0, 1], nan where there is none, as text."""
    return "".join(_NONE * _WIDTH if np.isnan(v) else _base36(round(v * UNIT)) for v in values)


def decode(text: str) -> np.ndarray:
    """Confidences [N] from text; nan where there is none."""
    parts = (text[i : i + _WIDTH] for i in range(0, len(text), _WIDTH))
    return np.array([np.nan if part[0] == _NONE else int(part, 36) / UNIT for part in parts])


def _base36(number: int) -> str:
    digits = ""
    for _ in range(_WIDTH):
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits


def answers_of(frame: pd.DataFrame) -> dict[str, GreedyAnswers]:
    """Task -> answers, from a frame of `RunFile.frame` with one draw per question."""
    out = {}
    for task, rows in frame.groupby("task"):
        first = rows.drop_duplicates("question_id").sort_values("question_id")
        by_method = {
            method: of.set_index("question_id").reindex(first["question_id"]) for method, of in rows.groupby("method")
        }
        out[task] = GreedyAnswers(
            **_questions(first),
            outcomes="".join(outcome[0] for outcome in first["outcome"]),
            confidence={method: encode(_values(of)) for method, of in by_method.items()},
        )
    return out


def draws_of(frame: pd.DataFrame) -> dict[str, SampledAnswers]:
    """Task -> draws, from a frame of `RunFile.frame` with the column `answer_class`."""
    import pandas as pd

    out = {}
    for task, rows in frame.groupby("task"):
        rows = rows.sort_values(["question_id", "draw"], kind="stable")
        once = rows.drop_duplicates(["question_id", "draw"])
        key = pd.MultiIndex.from_frame(once[["question_id", "draw"]])
        by_method = {m: of.set_index(["question_id", "draw"]).reindex(key) for m, of in rows.groupby("method")}
        votes = once["outcome"].isin(_ANSWERED) & once["answer_class"].notna()
        classes = once["answer_class"].where(votes).groupby(once["question_id"]).transform(lambda c: pd.factorize(c)[0])
        out[task] = SampledAnswers(
            **_questions(once.drop_duplicates("question_id")),
            draws=int(once.groupby("question_id").size().max()),
            answer="".join(_NONE if c < 0 else DIGITS[int(c)] for c in classes),
            correct="".join("1" if right else "0" for right in (once["outcome"] == "correct") & votes),
            confidence={method: encode(_values(of)) for method, of in by_method.items()},
        )
    return out


def _questions(rows: pd.DataFrame) -> dict[str, Any]:
    ids = list(rows["question_id"])
    cluster, n_clusters = partition(rows["cluster"].to_numpy(), ids)
    return {
        "domain": rows["domain"].iloc[0],
        "questions": hashlib.sha256("\n".join(ids).encode()).hexdigest()[:12],
        "cluster": None if n_clusters == len(ids) else tuple(int(c) for c in cluster),
    }


def _values(rows: pd.DataFrame) -> np.ndarray:
    return rows["value"].where(rows["status"] == "ok").to_numpy(dtype=float, na_value=np.nan)


def read(file: Path) -> Cell:
    """The cell in a file.

    Raises:
        DataError: it is not a cell.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Cell)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(f"{file}: expected a cell of the study, as `make study` writes it ({error})") from error
