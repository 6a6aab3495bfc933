"""How often each confidence occurs with each outcome: all that most measures need of a sample, however large it is."""

from __future__ import annotations

import numpy as np

from calibench.metrics.calibration import equal_width_bins
from calibench.metrics.sample import OUTCOMES, Sample

MOST_VALUES = 200_000
"""Of more distinct confidences, near ones are counted together."""
_CELLS = 1 << 12
"""Cells in which near confidences are counted together, of each stretch in which the confidence, or what it lacks to 1,
doubles: none is wider than 1/4096 of the smaller of both, nor than 2^-14, and none reaches over the edge of a bin."""
_LEAST = 2.0**-30
"""What is nearer to 0 or 1 is in the first or last cell."""
_STRETCHES = 31
_ANSWERED = [OUTCOMES.index("correct"), OUTCOMES.index("incorrect")]


class Histogram:
    """Rows per confidence and outcome, which parts of a sample are added to."""

    def __init__(self, most_values: int = MOST_VALUES) -> None:
        self._most = most_values
        self._keys: np.ndarray = np.empty(0)
        """[L], rising: the confidences themselves, or the cells."""
        self._rows: np.ndarray = np.zeros((0, len(OUTCOMES)), dtype=np.int64)
        """[L, outcomes]"""
        self._sums: np.ndarray = np.empty((0, 2))
        """[L, 2] of the confidences of answers that are neither right nor wrong, and of those that are."""
        self._without = np.zeros(len(OUTCOMES), dtype=np.int64)
        """[outcomes] rows without a confidence."""
        self.exact = True
        """No confidences are counted together that are not equal."""

    def add(self, confidence: np.ndarray, outcome: np.ndarray) -> None:
        """Rows: [N] float in [0, 1] or nan, and [N] int, index into `OUTCOMES`."""
        known = ~np.isnan(confidence)
        self._without += np.bincount(outcome[~known], minlength=len(OUTCOMES))
        confidence, outcome = confidence[known], outcome[known]
        keys, level = np.unique(self.key(confidence), return_inverse=True)
        cell = level * len(OUTCOMES) + outcome
        rows = np.bincount(cell, minlength=len(keys) * len(OUTCOMES)).reshape(-1, len(OUTCOMES))
        cell = 2 * level + np.isin(outcome, _ANSWERED)
        self._merge(keys, rows, np.bincount(cell, confidence, minlength=2 * len(keys)).reshape(-1, 2))
        if self.exact and len(self._keys) > self._most:
            held, rows, sums = self._keys, self._rows, self._sums
            self.exact = False
            self._keys, self._rows, self._sums = held[:0], rows[:0], sums[:0]
            self._merge(self.key(held), rows, sums)

    def _merge(self, keys: np.ndarray, rows: np.ndarray, sums: np.ndarray) -> None:
        """Adds counts, in the order of their keys."""
        every, place = np.unique(np.concatenate([self._keys, keys]), return_inverse=True)
        self._keys = every
        self._rows, self._sums = (_added(place, len(every), both) for both in ((self._rows, rows), (self._sums, sums)))

    def key(self, confidence: np.ndarray) -> np.ndarray:
        """What confidences [N] are counted by: rises with them."""
        if self.exact:
            return confidence
        mantissa, exponent = np.frexp(np.maximum(np.minimum(confidence, 1 - confidence), _LEAST))
        cell = np.floor((exponent + _STRETCHES - 1 + 2 * mantissa - 1) * _CELLS)
        cell = np.where(confidence <= 0.5, cell, 2 * _STRETCHES * _CELLS - cell)
        return equal_width_bins(confidence) * (2.0 * _STRETCHES * _CELLS + 1) + cell

    def values(self) -> tuple[np.ndarray, np.ndarray]:
        """Confidences [L], rising, and rows [L] of each; of those that are counted together, the mean of right and
        wrong answers, or of all where there is none of these."""
        n = self._rows.sum(axis=1)
        if self.exact:
            return self._keys, n
        answered = self._rows[:, _ANSWERED].sum(axis=1)
        return np.where(answered > 0, self._sums[:, 1] / np.maximum(answered, 1), self._sums.sum(axis=1) / n), n

    def scored_keys(self) -> np.ndarray:
        """The `key`s of confidences that a right or wrong answer has, rising."""
        return self._keys[self._rows[:, _ANSWERED].any(axis=1)]

    def sample(self) -> Sample:
        """A row per confidence and outcome, with its weight, in the order of both; then those without a confidence."""
        level, outcome = np.nonzero(self._rows)
        without = np.flatnonzero(self._without)
        weight = np.concatenate([self._rows[level, outcome], self._without[without]])
        kinds = np.arange(len(weight))
        return Sample(
            confidence=np.concatenate([self.values()[0][level], np.full(len(without), np.nan)]),
            outcome=np.concatenate([outcome, without]).astype(np.int8),
            cluster=kinds,
            n_clusters=len(kinds),
            question=kinds,
            weight=weight,
        )


def _added(place: np.ndarray, n: int, tables: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """[n, columns]: the rows of both tables, each added where its place is."""
    found = np.zeros((n, tables[0].shape[1]), dtype=tables[0].dtype)
    np.add.at(found, place, np.concatenate(tables))
    return found
