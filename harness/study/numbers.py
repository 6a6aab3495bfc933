"""From cells to numbers with intervals, and to verdicts on published findings. Needs no model.

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

import zlib
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from calibench.errors import InputError
from calibench.metrics import recalibration, voting
from calibench.metrics.bootstrap import (
    LEVEL,
    absolute_sum_difference,
    absolute_sum_interval,
    draws,
    logit_interval,
    percentile_interval,
    unbiased_absolute_sum,
)
from calibench.metrics.measures import MEASURES, Group, points
from calibench.metrics.sample import OUTCOMES as OUTCOME_NAMES
from calibench.metrics.sample import Sample, resample
from calibench.study.cells import OUTCOMES, Answers, Cell, Draws, decode

RESAMPLES = 1000
MARGIN = 0.02
"""Differences smaller than this do not matter, as in `metrics.compare`."""
SHARE = 0.1
"""Nor do those of a spread or a number of answers that are a smaller share of what they are the difference from."""
_COUNTS_AND_SPREADS = ("distinct_answers", "spread_within")
BUDGETS = (1, 2, 3, 5, 10, 15, 20, 30)
"""Numbers of draws at which votes are counted."""
SAMPLE_METRICS = ("accuracy", "mean_confidence", "signed_gap", "ece", "brier", "auroc")
RECALIBRATIONS = ("temperature", "platt")
"""Post-hoc maps of a confidence, fitted on one half of a task's test questions and scored on the other."""
AS_READ = "as read"
"""A confidence on that other half, without a map: `p_true + as read`."""
CLASSIFIER = "classifier"
"""The method of confidences that a classifier of token features gives on that other half."""
NO_METHOD = "none"
"""Of votes that no confidence weighs."""
Expectation = Literal["higher", "lower", "not higher", "not lower"]
Verdict = Literal["appears", "does not appear", "undecided"]


class Estimate(NamedTuple):
    value: float
    replicates: np.ndarray
    """[R]"""
    gaps: tuple[np.ndarray, np.ndarray] | None = None
    """Gaps [B] whose absolute sum is an ECE, and their replicates [R, B]; None for every other number."""


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
                self._found[key] |= _of_answers(task, cell.test[task], self.resamples)
            if task in cell.draws:
                self._found[key] |= _of_draws(task, cell.draws[task], self.resamples)
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


# -- one task of one cell ---------------------------------------------------------------------------------------------


def _random(task: str, part: str) -> np.random.Generator:
    """The same for every kind and seed."""
    return np.random.default_rng(zlib.crc32(f"{task} {part}".encode()))


def clusters(cluster: tuple[int, ...] | None, n: int) -> tuple[np.ndarray, int]:
    """Cluster [N] of each question, and how many there are."""
    return (np.arange(n), n) if cluster is None else (np.array(cluster), max(cluster) + 1)


def _of_answers(task: str, test: Answers, resamples: int) -> dict:
    """(method, metric) -> estimate, from greedy answers."""
    outcome = np.array([OUTCOME_NAMES.index(OUTCOMES[letter]) for letter in test.outcomes])
    cluster, n_clusters = clusters(test.cluster, len(outcome))
    confidences = {method: decode(text) for method, text in test.confidence.items()}
    confidences |= {
        f"{method} + {name}": values
        for method, confidence in confidences.items()
        if method != CLASSIFIER
        for name, values in _recalibrated(task, confidence, outcome, cluster).items()
    }
    out = {}
    for method, confidence in confidences.items():
        sample = Sample(confidence, outcome, cluster, n_clusters, np.arange(len(outcome)))
        (replicates,) = resample([sample], resamples, _random(task, "test"))
        found = points(Group(task, "", method, "all"), [MEASURES[name] for name in SAMPLE_METRICS], sample)
        for name, metric in found.items():
            if metric.value is not None:
                of_ece = name == "ece"
                values = np.abs(replicates.gaps).sum(axis=1) if of_ece else replicates.values[name]
                gaps = (replicates.observed_gaps, replicates.gaps) if of_ece else None
                out[method, name] = Estimate(metric.value, values, gaps)
    return out


def scored_half(task: str, cluster: np.ndarray) -> np.ndarray:
    """Mask [N] of the questions that post-hoc maps are scored on; they are fitted on the others."""
    return ~recalibration.fit_half(cluster, zlib.crc32(f"{task} half".encode()))


def _recalibrated(task: str, confidence: np.ndarray, outcome: np.ndarray, cluster: np.ndarray) -> dict[str, np.ndarray]:
    """Map, or `AS_READ` -> confidences [N] of the scored half, nan in the other; without maps that cannot be fitted."""
    half = scored_half(task, cluster)
    known = ~np.isnan(confidence) & np.isin(outcome, [OUTCOME_NAMES.index(name) for name in ("correct", "incorrect")])
    fit, scored = known & ~half, known & half
    right = outcome[fit] == OUTCOME_NAMES.index("correct")
    out = {AS_READ: np.where(scored, confidence, np.nan)}
    for name in RECALIBRATIONS:
        result = recalibration.transferred(
            name, (confidence[fit], right, cluster[fit]), confidence[scored], cluster[scored]
        )
        if result.confidence is not None:
            out[name] = np.full(len(confidence), np.nan)
            out[name][scored] = result.confidence
    return out


class _Resampled(NamedTuple):
    """Questions whose clusters are drawn counts [C, R] times."""

    cluster: np.ndarray
    counts: np.ndarray

    def ratio(self, of: np.ndarray, per: np.ndarray) -> Estimate | None:
        """Sum of [Q] over the sum of [Q]; None if that is zero."""
        if not per.sum():
            return None
        above, below = (np.bincount(self.cluster, x, minlength=len(self.counts)) @ self.counts for x in (of, per))
        with np.errstate(invalid="ignore", divide="ignore"):
            return Estimate(float(of.sum() / per.sum()), above / below)


def votes_of(of: Draws, method: str | None, first: int | None = None) -> voting.Draws:
    """The (first) draws of each question, with the confidences of a method, or with none."""
    n_questions = len(of.correct) // of.draws
    shape = n_questions, of.draws
    answer = np.array([-1 if digit == "-" else int(digit, 36) for digit in of.answer]).reshape(shape)
    correct = np.array([bit == "1" for bit in of.correct]).reshape(shape)
    confidence = decode(of.confidence[method]).reshape(shape) if method else np.full(shape, np.nan)
    return voting.checked(voting.Draws(*(part[:, :first] for part in (answer, correct, confidence))))


def _of_draws(task: str, of: Draws, resamples: int) -> dict:
    """(method, metric) -> estimate, from several draws."""
    plain = votes_of(of, None)
    n_questions, n_draws = plain.answer.shape
    cluster, n_clusters = clusters(of.cluster, n_questions)
    rng = _random(task, "draws")
    resampled = _Resampled(cluster, np.concatenate(list(draws(n_clusters, resamples, rng)), axis=1))
    ones = np.ones(n_questions)
    fold = voting.folds(cluster, n_clusters, _random(task, "folds"))
    members = {
        k: voting.subsets(n_draws, k, np.random.default_rng(k)) for k in sorted({*BUDGETS, n_draws}) if k <= n_draws
    }
    out = {(NO_METHOD, "distinct_answers"): resampled.ratio(_distinct(plain), ones)}
    for k, member in members.items():
        out[NO_METHOD, f"majority@{k}"] = resampled.ratio(voting.vote(plain, member).right, ones)
    for method in of.confidence:
        votes = votes_of(of, method)
        out[method, "wqd"] = resampled.ratio(*voting.within_question_pairs(votes))
        out[method, "spread_within"] = resampled.ratio(*_spread_within(votes.confidence))
        if len(np.unique(fold)) > 1:
            chosen_on = [member for k, member in members.items() if k > 1]
            temperature = voting.temperatures(votes, chosen_on, fold)
        least = voting.best_of(votes._replace(confidence=1 - votes.confidence), n_draws)
        out[method, f"least@{n_draws}"] = resampled.ratio(least, ones)
        for k, member in members.items():
            out[method, f"best@{k}"] = resampled.ratio(voting.best_of(votes, k), ones)
            if len(np.unique(fold)) > 1:
                out[method, f"weighted@{k}"] = resampled.ratio(voting.vote(votes, member, temperature).right, ones)
    return {key: estimate for key, estimate in out.items() if estimate is not None}


def _distinct(votes: voting.Draws) -> np.ndarray:
    """Number of distinct answers [Q]."""
    return np.array([len(set(row[row >= 0])) for row in votes.answer], dtype=float)


def _spread_within(confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviation [Q] of the confidences [Q, K] of each question, and whether it has any [Q]."""
    known = [row[~np.isnan(row)] for row in confidence]
    return np.array([row.std() if len(row) else 0.0 for row in known]), np.array([len(row) > 0 for row in known])


def spread(of: dict[str, Draws], first: int | None = None) -> dict[str, float | None]:
    """How much the (first) draws of all questions differ, averaged over tasks.

    Returns:
        accuracy and distinct_answers per question; per method its mean, its standard deviation over all draws
        (`METHOD_spread`) and the mean one within a question (`METHOD_spread_within`); None where there is none.
    """
    parts: dict[str, list[float | None]] = {}
    for draws_of_task in of.values():
        plain = votes_of(draws_of_task, None, first)
        parts.setdefault("accuracy", []).append(float(plain.correct.mean()))
        parts.setdefault("distinct_answers", []).append(float(_distinct(plain).mean()))
        for method in draws_of_task.confidence:
            confidence = votes_of(draws_of_task, method, first).confidence
            known = confidence[~np.isnan(confidence)]
            within, has = _spread_within(confidence)
            figures = (known.mean(), known.std(), within[has].mean()) if len(known) else (None, None, None)
            for name, value in zip(("mean", "spread", "spread_within"), figures, strict=True):
                parts.setdefault(f"{method}_{name}", []).append(value)
    return {
        name: None if None in values else round(float(np.mean(values)), 4)  # undefined for a task
        for name, values in parts.items()
    }


# -- findings ---------------------------------------------------------------------------------------------------------


class Finding(NamedTuple):
    """A published statement, and the difference b - a that decides whether it holds here."""

    source: str
    claim: str
    a: Side
    b: Side
    expected: Expectation


REASONING = ("math", "code")
FACTS = ("fact",)


def _pair(a: str, b: str, metric: str, method: str, domains: tuple[str, ...] | None = None) -> tuple[Side, Side]:
    return Side(a, metric, method, domains), Side(b, metric, method, domains)


def _findings() -> tuple[Finding, ...]:
    epicar, zeng = "EpiCaR (Yeom et al. 2026)", "Thinking Out Loud (Zeng et al. 2025)"
    rlcr, cisc, ours = "RLCR (Damani et al. 2025)", "CISC (Taubenfeld et al. 2025)", "this project"
    outside = ("fact", "code")
    return (
        Finding(epicar, "Training on right traces alone (STaR) raises accuracy above its parent (sft)",
                *_pair("sft", "star", "accuracy", "stated"), "higher"),
        Finding(epicar, "STaR makes P(True) more over-confident than its parent's (mean confidence - accuracy)",
                *_pair("sft", "star", "signed_gap", "p_true"), "higher"),
        Finding(epicar, "EpiCaR's P(True) has a lower ECE than STaR's",
                *_pair("star", "epicar", "ece", "p_true"), "lower"),
        Finding(epicar, "EpiCaR's P(True) has a higher AUROC than STaR's",
                *_pair("star", "epicar", "auroc", "p_true"), "higher"),
        Finding(epicar, "EpiCaR's P(True) has a lower Brier score than STaR's",
                *_pair("star", "epicar", "brier", "p_true"), "lower"),
        Finding(epicar, "EpiCaR is not more accurate than STaR (equal or lower in the paper's rebuttal tables)",
                *_pair("star", "epicar", "accuracy", "stated"), "not higher"),
        Finding(epicar, "EpiCaR with 10 draws weighted by P(True) reaches STaR's majority vote of 30",
                Side("star", "majority@30", NO_METHOD), Side("epicar", "weighted@10", "p_true"), "not lower"),
        Finding(epicar, "Self-training on right traces alone narrows P(True) within a question (STaR below sft)",
                *_pair("sft", "star", "spread_within", "p_true"), "lower"),
        Finding(epicar, "EpiCaR keeps P(True) wider within a question than STaR",
                *_pair("star", "epicar", "spread_within", "p_true"), "higher"),
        Finding(epicar, "Self-training on right traces alone narrows the answers (distinct ones, STaR below sft)",
                *_pair("sft", "star", "distinct_answers", NO_METHOD), "lower"),
        Finding(epicar, "STaR with a classifier of token features has a lower ECE than EpiCaR's P(True)",
                Side("epicar", "ece", f"p_true + {AS_READ}"), Side("star", "ece", CLASSIFIER), "lower"),
        Finding(epicar, "STaR with a classifier of token features has a lower Brier score than EpiCaR's P(True)",
                Side("epicar", "brier", f"p_true + {AS_READ}"), Side("star", "brier", CLASSIFIER), "lower"),
        Finding(epicar, "Trained on math alone, EpiCaR's P(True) has a lower ECE than STaR's on programs and facts",
                *_pair("star_math", "epicar_math", "ece", "p_true", outside), "lower"),
        Finding(epicar, "Trained on math alone, EpiCaR's P(True) has a higher AUROC than STaR's on programs and facts",
                *_pair("star_math", "epicar_math", "auroc", "p_true", outside), "higher"),
        Finding(cisc, "EpiCaR's votes weighted by P(True) beat its majority vote (10 draws)",
                Side("epicar", "majority@10", NO_METHOD), Side("epicar", "weighted@10", "p_true"), "higher"),
        Finding(cisc, "What tells draws of one question apart (WQD of P(True)) is higher for EpiCaR than for STaR",
                *_pair("star", "epicar", "wqd", "p_true"), "higher"),
        Finding(zeng, "Reasoning (sft) lowers the stated ECE on math and programs against instruct",
                *_pair("instruct", "sft", "ece", "stated", REASONING), "lower"),
        Finding(zeng, "Reasoning (sft) raises the stated AUROC on math and programs against instruct",
                *_pair("instruct", "sft", "auroc", "stated", REASONING), "higher"),
        Finding(zeng, "On facts the stated ECE of sft is higher than that of instruct",
                *_pair("instruct", "sft", "ece", "stated", FACTS), "higher"),
        Finding(zeng, "Reinforcement (rl) lowers the stated ECE on math and programs against sft",
                *_pair("sft", "rl", "ece", "stated", REASONING), "lower"),
        Finding(zeng, "On facts reinforcement (rl) recovers some of the stated ECE that sft lost",
                *_pair("sft", "rl", "ece", "stated", FACTS), "lower"),
        Finding(rlcr, "A Brier reward (rlcr) lowers the stated ECE against a reward for right answers alone (rl)",
                *_pair("rl", "rlcr", "ece", "stated"), "lower"),
        Finding(rlcr, "A Brier reward (rlcr) raises the stated AUROC against rl",
                *_pair("rl", "rlcr", "auroc", "stated"), "higher"),
        Finding(rlcr, "A Brier reward (rlcr) costs no accuracy against rl",
                *_pair("rl", "rlcr", "accuracy", "stated"), "not lower"),
        Finding(ours, "EpiCaR with new questions in each round (epicar_fresh) has a P(True) of lower ECE than EpiCaR",
                *_pair("epicar", "epicar_fresh", "ece", "p_true"), "lower"),
        Finding(ours, "With new questions in each round, EpiCaR's P(True) is less over-confident (mean - accuracy)",
                *_pair("epicar", "epicar_fresh", "signed_gap", "p_true"), "lower"),
        Finding(ours, "With new questions in each round, EpiCaR's P(True) has a higher AUROC",
                *_pair("epicar", "epicar_fresh", "auroc", "p_true"), "higher"),
        Finding(ours, "EpiCaR with new questions in each round has a P(True) of lower ECE than STaR",
                *_pair("star", "epicar_fresh", "ece", "p_true"), "lower"),
        Finding(ours, "Distilled success rates (confidence_sft) lower the stated ECE against sft",
                *_pair("sft", "confidence_sft", "ece", "stated"), "lower"),
        Finding(ours, "Distilled success rates (confidence_sft) raise the stated AUROC against sft",
                *_pair("sft", "confidence_sft", "auroc", "stated"), "higher"),
    )  # fmt: skip


FINDINGS = _findings()


def verdict(expected: Expectation, of_seed: Sequence[float], interval: Interval, margin: float = MARGIN) -> Verdict:
    """Whether a finding holds, by rule.

    An effect (`higher`, `lower`) appears where every seed has its sign and the interval excludes 0; it does not appear
    where the interval leaves no room for one of `margin` or more. That there is none (`not higher`, `not lower`)
    appears where the interval leaves no room for one of `margin` or more, and does not where the effect appears. All
    else is undecided, as is what has no interval.
    """
    if interval is None:
        return "undecided"
    sign = 1 if expected.endswith("higher") else -1
    low, high = sorted(sign * end for end in interval)
    effect, no_room = low > 0 and all(sign * d > 0 for d in of_seed), high < margin
    if expected.startswith("not"):
        return "does not appear" if effect and not no_room else "appears" if no_room else "undecided"
    return "appears" if effect else "does not appear" if no_room else "undecided"
