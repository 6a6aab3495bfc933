"""From the answers and draws of one task of one cell to estimates: values with their resamples. Needs no model.

All estimates of a task are made of the same resamples of its questions, so that they are paired over kinds and seeds.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np

from calibench.metrics import recalibration, voting
from calibench.metrics.bootstrap import draws
from calibench.metrics.estimate import BOOTSTRAP, LOGIT, Estimate
from calibench.metrics.measure import Measure, estimates
from calibench.metrics.measures import MEASURES, NO_METHOD
from calibench.metrics.resampled import resample
from calibench.metrics.sample import OUTCOMES as OUTCOME_NAMES
from calibench.metrics.sample import Sample
from calibench.metrics.selective import mean_precision
from calibench.metrics.vote_measures import VOTE_MEASURES, Questions
from calibench.study.cells import OUTCOMES, GreedyAnswers, SampledAnswers, decode

BUDGETS = (1, 2, 3, 5, 10, 15, 20, 30)
"""Numbers of draws at which votes are counted."""
RECALIBRATIONS = ("temperature", "platt")
"""Post-hoc maps of a confidence, fitted on one half of a task's test questions and scored on the other."""
AS_READ = "as read"
"""A confidence on that other half, without a map: `p_true + as read`."""
UNCHOSEN = "weighted_1"
"""The weighted vote at temperature 1, where nothing is chosen."""
CLASSIFIER = "classifier"
"""The method of confidences that a classifier of token features gives on that other half."""


def measures() -> list[Measure]:
    """Those of greedy answers: the columns of main tables that have intervals, but for coverage, which is 1 or near it
    wherever an answer is read."""
    found = [m for m in MEASURES.values() if m.interval and m.place is not None and m.name != "coverage"]
    return sorted(found, key=lambda m: m.place or 0)


PRECISION = (
    MEASURES["auprc_correct"]._replace(
        interval=LOGIT, replicates=lambda r: mean_precision(r.levels.right[:, 1:], r.levels.wrong[:, 1:])
    ),
    MEASURES["auprc_incorrect"]._replace(
        interval=LOGIT, replicates=lambda r: mean_precision(r.levels.wrong[::-1, 1:], r.levels.right[::-1, 1:])
    ),
)
"""Of greedy answers too. Of 130 or 250 simulated answers this interval held the true value in 92 to 96 %, percentiles
of the bootstrap in 89 to 95; with 17 of one class among 250, both held the AUPRC of that class in 89 to 90."""
SPREAD = Measure(
    "spread_within",
    "questions",
    lambda of, per, questions: questions.ratio(of, per),
    "standard deviation of the confidences of a question, mean over questions that have any",
    interval=BOOTSTRAP,
)


def measure_of(metric: str) -> Measure:
    """The measure of a number of the study, which may be of votes of so many draws (`majority@10`)."""
    name, _, of_draws = metric.partition("@")
    known = {**MEASURES, **VOTE_MEASURES, **{m.name: m for m in (*PRECISION, SPREAD)}}
    same = {"least": "best", UNCHOSEN: "weighted"}
    return known[f"{same.get(name, name)}_accuracy" if of_draws else name]


def _random(task: str, part: str) -> np.random.Generator:
    """The same for every kind and seed."""
    return np.random.default_rng(zlib.crc32(f"{task} {part}".encode()))


def clusters(cluster: tuple[int, ...] | None, n: int) -> tuple[np.ndarray, int]:
    """Cluster [N] of each question, and how many there are."""
    return (np.arange(n), n) if cluster is None else (np.array(cluster), max(cluster) + 1)


def of_answers(task: str, test: GreedyAnswers, resamples: int) -> dict:
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
    out: dict[tuple[str, str], Estimate | None] = {}
    for method, confidence in confidences.items():
        sample = Sample(confidence, outcome, cluster, n_clusters, np.arange(len(outcome)))
        (resampled,) = resample([sample], resamples, _random(task, "test"))
        out |= {(method, name): e for name, e in estimates((*measures(), *PRECISION), sample, resampled).items()}
    return _defined(out)


def _defined(found: dict) -> dict:
    return {key: e for key, e in found.items() if not np.isnan(e.value)}


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


def votes_of(of: SampledAnswers, method: str | None, first: int | None = None) -> voting.Draws:
    """The (first) draws of each question, with the confidences of a method, or with none."""
    n_questions = len(of.correct) // of.draws
    shape = n_questions, of.draws
    answer = np.array([-1 if digit == "-" else int(digit, 36) for digit in of.answer]).reshape(shape)
    correct = np.array([bit == "1" for bit in of.correct]).reshape(shape)
    confidence = decode(of.confidence[method]).reshape(shape) if method else np.full(shape, np.nan)
    return voting.checked(voting.Draws(*(part[:, :first] for part in (answer, correct, confidence))))


def _members(n_draws: int) -> dict[int, np.ndarray]:
    """Number of draws -> subsets of as many."""
    return {
        k: voting.subsets(n_draws, k, np.random.default_rng(k)) for k in sorted({*BUDGETS, n_draws}) if k <= n_draws
    }


def vote_temperatures(of_tasks: Mapping[str, SampledAnswers], method: str) -> dict[str, np.ndarray]:
    """Task -> the temperature [Q] of each question's vote, chosen on the other folds of all tasks, each of the same
    weight; empty where there is one fold."""
    right, fold, weight = [], [], []
    for task, of in of_tasks.items():
        votes = votes_of(of, method)
        chosen_on = [member for k, member in _members(of.draws).items() if k > 1]
        right.append(voting.right_at_temperatures(votes, chosen_on))
        n_questions = len(votes.answer)
        fold.append(voting.folds(*clusters(of.cluster, n_questions), _random(task, "folds")))
        weight.append(np.full(n_questions, 1 / n_questions))
    if not fold or len(np.unique(np.concatenate(fold))) < 2:
        return {}
    chosen = voting.temperatures(*(np.concatenate(part, axis=-1) for part in (right, fold, weight)))
    return dict(zip(of_tasks, np.split(chosen, np.cumsum([len(part) for part in fold])[:-1]), strict=True))


def of_draws(task: str, of: SampledAnswers, temperatures: Mapping[str, np.ndarray], resamples: int) -> dict:
    """(method, metric) -> estimate, from several draws; `temperatures` [Q] of the methods' weighted votes."""
    plain = votes_of(of, None)
    n_questions, n_draws = plain.answer.shape
    cluster, n_clusters = clusters(of.cluster, n_questions)
    rng = _random(task, "draws")
    counts = np.concatenate(list(draws(n_clusters, resamples, rng)), axis=1)
    questions = Questions(cluster, counts, n_questions, _random(task, "unseen").standard_normal(resamples))
    members = _members(n_draws)
    out = {(NO_METHOD, "distinct_answers"): questions.ratio(_distinct(plain))}
    for k, member in members.items():
        out[NO_METHOD, f"majority@{k}"] = questions.share(voting.vote(plain, member).right)
    for method in of.confidence:
        votes = votes_of(of, method)
        out[method, "wqd"] = questions.share(*voting.within_question_pairs(votes))
        out[method, "spread_within"] = SPREAD.compute(*_spread_within(votes.confidence), questions)
        least = voting.best_of(votes._replace(confidence=1 - votes.confidence), n_draws)
        out[method, f"least@{n_draws}"] = questions.share(least)
        for k, member in members.items():
            out[method, f"best@{k}"] = questions.share(voting.best_of(votes, k))
            out[method, f"{UNCHOSEN}@{k}"] = questions.share(voting.vote(votes, member, 1.0).right)
            if method in temperatures:
                out[method, f"weighted@{k}"] = questions.share(voting.vote(votes, member, temperatures[method]).right)
    return _defined(out)


def _distinct(votes: voting.Draws) -> np.ndarray:
    """Number of distinct answers [Q]."""
    return np.array([len(set(row[row >= 0])) for row in votes.answer], dtype=float)


def _spread_within(confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviation [Q] of the confidences [Q, K] of each question, and whether it has any [Q]."""
    known = [row[~np.isnan(row)] for row in confidence]
    return np.array([row.std() if len(row) else 0.0 for row in known]), np.array([len(row) > 0 for row in known])


def spread(of: dict[str, SampledAnswers], first: int | None = None) -> dict[str, float | None]:
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
    return {name: _mean(values) for name, values in parts.items()}


def _mean(values: list[float | None]) -> float | None:
    """Over tasks; undefined where it is for one of them."""
    defined = [value for value in values if value is not None]
    return round(float(np.mean(defined)), 4) if len(defined) == len(values) else None
