"""From cells to numbers with intervals. Needs no model.

An interval joins two parts as root of squares: a bootstrap over the questions of each task, which are the same for
every seed and kind, and Student's interval of the mean over seeds, which a bootstrap of three seeds would cut to a
third. What differs between seeds by their answers to these questions is in both, so that an interval is rather too wide
than too short. With one seed it is over questions alone. All numbers of a study share their resamples, so that
differences are paired.

ECE is biased upward where a model is nearly calibrated, and its replicates more so. Its interval in one seed is that of
`metrics.bootstrap.absolute_sum_interval` (of a difference: `absolute_sum_difference`); over seeds, the mean distance of
its ends from the value without bias, joined with Student's of the values without bias.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from calibench.errors import InputError
from calibench.metrics.bootstrap import (
    LEVEL,
    absolute_sum_difference,
    absolute_sum_interval,
    logit_interval,
    percentile_interval,
    unbiased_absolute_sum,
)
from calibench.study.cells import Cell
from calibench.study.estimates import Estimate, of_answers, of_draws

RESAMPLES = 1000
MARGIN = 0.02
"""Differences smaller than this do not matter, as in `metrics.compare`."""
SHARE = 0.1
"""Nor do those of a spread or a number of answers that are a smaller share of what they are the difference from."""
_COUNTS_AND_SPREADS = ("distinct_answers", "spread_within")
Interval = tuple[float, float] | None


class Side(NamedTuple):
    """A number of a kind of checkpoint."""

    kind: str
    metric: str
    """One of `SAMPLE_METRICS`; `majority@10`, `weighted@10`, and the most confident of 10 draws, `best@10`, and
    the least confident of all, `least@30`; `wqd`; `distinct_answers`; `spread_within`."""
    method: str
    domains: tuple[str, ...] | None = None
    """None: all tasks."""


class Difference(NamedTuple):
    """b - a over the seeds that both have."""

    seeds: tuple[int, ...]
    of_seed: tuple[float, ...]
    value: float
    interval: Interval
    margin: float
    """A difference smaller than this does not matter."""


class Numbers:
    """All numbers of some cells.

    Args:
        cells: of which no two have the same kind and seed.
        resamples: of the bootstrap.

    Raises:
        InputError: cells of one task that were asked other questions, so that they cannot be paired.
    """

    def __init__(self, cells: Sequence[Cell], resamples: int = RESAMPLES) -> None:
        self.cells = {(cell.kind, cell.seed): cell for cell in cells}
        self.resamples = resamples
        self._found: dict[tuple[str, int, str], dict[tuple[str, str], Estimate]] = {}
        self._means: dict[tuple[Side, int], Estimate | None] = {}
        self._refuse_other_questions(cells)

    def _refuse_other_questions(self, cells: Sequence[Cell]) -> None:
        seen: dict[tuple[str, str], tuple[str, str]] = {}
        for cell in cells:
            for part in ("test", "draws"):
                for task, of_task in getattr(cell, part).items():
                    first = seen.setdefault((part, task), (of_task.questions, cell.name))
                    if first[0] != of_task.questions:
                        raise InputError(
                            f"{cell.name} and {first[1]}: expected the same questions of {task}, found others; make"
                            " one of them anew with --again"
                        )

    def kinds(self) -> list[str]:
        return list(dict.fromkeys(kind for kind, _ in self.cells))

    def seeds(self, *kinds: str) -> tuple[int, ...]:
        """Seeds of which all these kinds have a cell."""
        return tuple(sorted({s for _, s in self.cells if all((kind, s) in self.cells for kind in kinds)}))

    def tasks(self, domains: Iterable[str] | None = None) -> list[str]:
        found = {t: a.domain for cell in self.cells.values() for t, a in cell.test.items()}
        return sorted(task for task, domain in found.items() if domains is None or domain in domains)

    def domains(self) -> list[str]:
        return sorted({answers.domain for cell in self.cells.values() for answers in cell.test.values()})

    def estimate(self, side: Side, seeds: Sequence[int] | None = None) -> Estimate | None:
        """The mean over tasks, then over seeds; None where it is undefined for one of them."""
        seeds = self.seeds(side.kind) if seeds is None else seeds
        tasks = self.tasks(side.domains)
        if not seeds or not tasks:
            return None
        of_seeds = [self._of_seed(side, seed) for seed in seeds]
        return _mean([of and of._replace(gaps=None) for of in of_seeds])

    def _of_seed(self, side: Side, seed: int) -> Estimate | None:
        """The mean over tasks."""
        key, tasks = (side, seed), self.tasks(side.domains)
        if key not in self._means:
            parts = [self._of(side.kind, seed, task).get((side.method, side.metric)) for task in tasks]
            self._means[key] = _mean(parts)
        return self._means[key]

    def interval(self, side: Side) -> Interval:
        """95 % interval of `estimate`; None where there is none."""
        found = self.estimate(side)
        if found is None:
            return None
        of_seeds = self._of_seeds(side, self.seeds(side.kind))
        if side.metric == "ece":
            ends = _over_seeds_without_bias([_without_bias(of.gaps) for of in of_seeds])
        else:
            ends = _over_seeds([of.value for of in of_seeds], _interval(side.metric, found))
        return _holding(found.value, _cut(ends, *_range(side.metric)))

    def difference(self, a: Side, b: Side) -> Difference | None:
        """b - a; None where one of them is undefined or they share no seed."""
        seeds = self.seeds(a.kind, b.kind)
        first, second = self.estimate(a, seeds), self.estimate(b, seeds)
        if first is None or second is None:
            return None
        pairs = list(zip(self._of_seeds(a, seeds), self._of_seeds(b, seeds), strict=True))
        of_seed = tuple(of_b.value - of_a.value for of_a, of_b in pairs)
        if a.metric == b.metric == "ece":
            ends = _over_seeds_without_bias([absolute_sum_difference(of_a.gaps, of_b.gaps) for of_a, of_b in pairs])
        else:
            ends = _over_seeds(of_seed, percentile_interval(second.replicates - first.replicates))
        change = second.value - first.value
        (least, most), (other_least, other_most) = _range(a.metric), _range(b.metric)
        ends = _cut(ends, other_least - most, other_most - least)
        margin = SHARE * abs(first.value) if a.metric in _COUNTS_AND_SPREADS else MARGIN
        return Difference(seeds, of_seed, change, _holding(change, ends), margin)

    def _of_seeds(self, side: Side, seeds: Sequence[int]) -> list[Estimate]:
        """The means over tasks of seeds that all have them."""
        return [self._of_seed(side, seed) for seed in seeds]

    def _of(self, kind: str, seed: int, task: str) -> dict[tuple[str, str], Estimate]:
        key = kind, seed, task
        if key not in self._found:
            cell = self.cells[kind, seed]
            self._found[key] = {}
            if task in cell.test:
                self._found[key] |= of_answers(task, cell.test[task], self.resamples)
            if task in cell.draws:
                self._found[key] |= of_draws(task, cell.draws[task], self.resamples)
        return self._found[key]


def _over_seeds(of_seeds: Sequence[float], ends: Interval) -> Interval:
    """Interval of the mean over seeds, given the one over questions."""
    from scipy.stats import t

    n, mean = len(of_seeds), float(np.mean(of_seeds))
    if ends is None or n == 1:
        return ends
    half = t.ppf((1 + LEVEL) / 2, n - 1) * np.std(of_seeds, ddof=1) / np.sqrt(n)
    return float(mean - np.hypot(mean - ends[0], half)), float(mean + np.hypot(ends[1] - mean, half))


def _over_seeds_without_bias(of_seeds: Sequence[tuple[float, float, float] | None]) -> Interval:
    """The same, from (value, low, high) of each seed."""
    if None in of_seeds:
        return None
    value, low, high = np.array(of_seeds).T
    return _over_seeds(value, (low.mean(), high.mean()))


def _mean(parts: Sequence[Estimate | None]) -> Estimate | None:
    """The mean; the gaps of an ECE stand side by side, as their absolute sum is its mean."""
    if any(part is None for part in parts):
        return None
    value = float(np.mean([part.value for part in parts]))
    replicates = np.mean([part.replicates for part in parts], axis=0)
    if parts[0].gaps is None:
        return Estimate(value, replicates)
    gaps = [np.concatenate([p.gaps[i] for p in parts], axis=i) / len(parts) for i in (0, 1)]
    return Estimate(value, replicates, (gaps[0], gaps[1]))


def _without_bias(gaps: tuple[np.ndarray, np.ndarray]) -> tuple[float, float, float] | None:
    """(value, low, high) of an ECE, the value without its bias."""
    ends = absolute_sum_interval(*gaps)
    return None if ends is None else (unbiased_absolute_sum(*gaps)[0], *ends)


def _interval(metric: str, of: Estimate) -> Interval:
    found = logit_interval(of.value, of.replicates) if metric in ("auroc", "wqd") else None
    return found or percentile_interval(of.replicates)


def _range(metric: str) -> tuple[float, float]:
    """Least and greatest value that is possible."""
    return -1.0 if metric == "signed_gap" else 0.0, np.inf if metric == "distinct_answers" else 1.0


def _cut(ends: Interval, least: float, most: float) -> Interval:
    return None if ends is None else (max(ends[0], least), min(ends[1], most))


def _holding(value: float, ends: Interval) -> Interval:
    """The interval, widened to hold the value, which for an ECE may lie above it."""
    return None if ends is None else (min(ends[0], value), max(ends[1], value))
