"""From cells to numbers with intervals. Needs no model.

An interval joins two parts as root of squares: a bootstrap over the questions of each task, which are the same for
every seed and kind, and Student's interval of the mean over seeds, which a bootstrap of three seeds would cut to a
third. What differs between seeds by their answers to these questions is in both, so that an interval is rather too wide
than too short. With one seed it is over questions alone. All numbers of a study share their resamples, so that
differences are paired.

ECE is biased upward where a model is nearly calibrated, and its replicates more so, as is every absolute sum of noisy
parts. Its interval in one seed is that of its measure, by inverting a test; over seeds, the mean distance of
its ends from the value without bias, joined with Student's of the values without bias.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from calibench.errors import InputError
from calibench.metrics.bootstrap import LEVEL
from calibench.metrics.estimate import BOOTSTRAP, Ends, Estimate, mean
from calibench.study.cells import Cell
from calibench.study.estimates import measure_of, of_answers, of_draws, vote_temperatures

RESAMPLES = 1000
MARGIN = 0.02
"""Differences smaller than this do not matter, as in `metrics.compare`."""
SHARE = 0.1
"""Nor do those of a spread or a number of answers that are a smaller share of what they are the difference from."""
_COUNTS_AND_SPREADS = ("distinct_answers", "spread_within")


class Side(NamedTuple):
    """A number of a kind of checkpoint."""

    kind: str
    metric: str
    """One of `estimates.measures`; `majority@10`, `weighted@10`, `weighted_1@10`, the most confident of 10 draws,
    `best@10`, and the least confident of all, `least@30`; `wqd`; `distinct_answers`; `spread_within`."""
    method: str
    domains: tuple[str, ...] | None = None
    """None: all tasks."""


class SeedDifference(NamedTuple):
    """b - a over the seeds that both have."""

    seeds: tuple[int, ...]
    of_seed: tuple[float, ...]
    value: float
    interval: Ends
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
        self._chosen: dict[tuple[str, int], dict[str, dict[str, np.ndarray]]] = {}
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
        return _mean([of and of._replace(parts=None) for of in of_seeds])

    def _of_seed(self, side: Side, seed: int) -> Estimate | None:
        """The mean over tasks."""
        key, tasks = (side, seed), self.tasks(side.domains)
        if key not in self._means:
            parts = [self._of(side.kind, seed, task).get((side.method, side.metric)) for task in tasks]
            self._means[key] = _mean(parts)
        return self._means[key]

    def interval(self, side: Side) -> Ends:
        """95 % interval of `estimate`; None where there is none."""
        found = self.estimate(side)
        if found is None:
            return None
        of_seeds = self._of_seeds(side, self.seeds(side.kind))
        measure = measure_of(side.metric)
        over_tasks = (measure.interval or BOOTSTRAP).over_tasks()
        if over_tasks.of_parts:
            ends = _over_seeds_without_bias([over_tasks.without_bias(of) for of in of_seeds])
        else:
            ends = _over_seeds([of.value for of in of_seeds], over_tasks.ends(found) or BOOTSTRAP.ends(found))
        return _holding(found.value, _cut(ends, *measure.range))

    def difference(self, a: Side, b: Side) -> SeedDifference | None:
        """b - a; None where one of them is undefined or they share no seed."""
        seeds = self.seeds(a.kind, b.kind)
        first, second = self.estimate(a, seeds), self.estimate(b, seeds)
        if first is None or second is None:
            return None
        pairs = list(zip(self._of_seeds(a, seeds), self._of_seeds(b, seeds), strict=True))
        of_seed = tuple(after.value - before.value for before, after in pairs)
        of_a, of_b = measure_of(a.metric), measure_of(b.metric)
        if of_a is of_b and of_a.interval and of_a.interval.of_parts:
            changes = [of_a.interval.difference([pair]) for pair in pairs]
            ends = _over_seeds_without_bias([c and c.ends and (c.value, *c.ends) for c in changes])
        else:
            found = BOOTSTRAP.difference([(first, second)])
            ends = _over_seeds(of_seed, found and found.ends)
        change = second.value - first.value
        (least, most), (other_least, other_most) = of_a.range, of_b.range
        ends = _cut(ends, other_least - most, other_most - least)
        margin = SHARE * abs(first.value) if a.metric in _COUNTS_AND_SPREADS else MARGIN
        return SeedDifference(seeds, of_seed, change, _holding(change, ends), margin)

    def _of_seeds(self, side: Side, seeds: Sequence[int]) -> list[Estimate]:
        """The means over tasks of seeds that all have them."""
        found = [self._of_seed(side, seed) for seed in seeds]
        return [estimate for estimate in found if estimate is not None]

    def _of(self, kind: str, seed: int, task: str) -> dict[tuple[str, str], Estimate]:
        key = kind, seed, task
        if key not in self._found:
            cell = self.cells[kind, seed]
            self._found[key] = {}
            if task in cell.test:
                self._found[key] |= of_answers(task, cell.test[task], self.resamples)
            if task in cell.draws:
                chosen = {
                    method: of_tasks[task]
                    for method, of_tasks in self._temperatures(kind, seed).items()
                    if task in of_tasks
                }
                self._found[key] |= of_draws(task, cell.draws[task], chosen, self.resamples)
        return self._found[key]

    def _temperatures(self, kind: str, seed: int) -> dict[str, dict[str, np.ndarray]]:
        """Method -> task -> temperatures of the weighted votes."""
        if (kind, seed) not in self._chosen:
            draws = self.cells[kind, seed].draws
            methods = {method for of in draws.values() for method in of.confidence}
            self._chosen[kind, seed] = {method: vote_temperatures(draws, method) for method in sorted(methods)}
        return self._chosen[kind, seed]


def _over_seeds(of_seeds: Sequence[float], ends: Ends) -> Ends:
    """Interval of the mean over seeds, given the one over questions."""
    from scipy.stats import t

    n, mean = len(of_seeds), float(np.mean(of_seeds))
    if ends is None or n == 1:
        return ends
    half = t.ppf((1 + LEVEL) / 2, n - 1) * np.std(of_seeds, ddof=1) / np.sqrt(n)
    return float(mean - np.hypot(mean - ends[0], half)), float(mean + np.hypot(ends[1] - mean, half))


def _over_seeds_without_bias(of_seeds: Sequence[tuple[float, float, float] | None]) -> Ends:
    """The same, from (value, low, high) of each seed."""
    if None in of_seeds:
        return None
    value, low, high = np.array(of_seeds).T
    return _over_seeds(value, (low.mean(), high.mean()))


def _mean(estimates: Sequence[Estimate | None]) -> Estimate | None:
    defined = [estimate for estimate in estimates if estimate is not None]
    return mean(defined) if len(defined) == len(estimates) else None


def _cut(ends: Ends, least: float, most: float) -> Ends:
    return None if ends is None else (max(ends[0], least), min(ends[1], most))


def _holding(value: float, ends: Ends) -> Ends:
    """The interval, widened to hold the value, which for an ECE may lie above it."""
    return None if ends is None else (min(ends[0], value), max(ends[1], value))
