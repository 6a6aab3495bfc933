"""How many questions and draws tell two models apart: `calibench plan`. Needs no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from calibench.analysis.options import PlanOptions
from calibench.errors import InputError, unknown_name
from calibench.fields import read
from calibench.results.decisions import Plan, PlannedComparison
from calibench.store import RunFile
from calibench.store.opening import opened

if TYPE_CHECKING:
    import numpy as np

    from calibench.metrics.measure import Measure
    from calibench.metrics.plan import Noise
    from calibench.metrics.sample import Sample

_ASSUMED_QUESTIONS, _ASSUMED_DRAWS = 2000, 4
"""Of the simulated pilot."""
_TRIED_FROM = 600
"""Questions of a pilot of which comparisons of some hundreds can be drawn."""
_KEY = ["task", "protocol", "method"]


class Pilot(NamedTuple):
    """What the noise is measured on."""

    task: str
    protocol: str
    method: str
    samples: list[Sample]
    places: list[np.ndarray]
    """Place [N] of each row among the draws of its question, of each sample."""
    per_cluster: float
    """Questions in an independent unit."""


def from_options(pilots: Sequence[str | Path | RunFile], given: Mapping[str, Any]) -> Plan:
    """Plans a comparison with the fields of `PlanOptions`, from no, one or two pilot runs.

    Raises:
        InputError: an option that does not fit, more than two pilots, or two that share no question under the same
            task, protocol and method, or a metric that no comparison judges.
    """
    told = read((PlanOptions,), dict(given))
    if missing := [name for name in ("metric", "difference") if name not in told]:
        raise InputError(f"plan: expected {' and '.join(missing)}, as --metric ece --difference 0.03; found none")
    chosen = PlanOptions(**told)
    measure = _measure(chosen.metric)
    if len(pilots) > 2:
        raise InputError(
            f"--pilot: expected one run, or the two that are like those to be compared, found {len(pilots)}"
        )
    with opened(*pilots) as runs:
        found = list(_pilots(runs, measure)) if runs else [_assumed(chosen)]
    level = 0.05 / chosen.tests
    return Plan(
        metric=chosen.metric,
        difference=chosen.difference,
        power=chosen.power,
        level=level,
        assumptions=tuple(_assumptions(chosen, measure, len(pilots), found)),
        rows=tuple(row for pilot in found for row in _rows(pilot, measure, chosen, level)),
    )


def _measure(name: str) -> Measure:
    from calibench.metrics.measures import MEASURES, main

    judged = [each for each in main() if MEASURES[each].better]
    if name not in judged:
        raise unknown_name("metric", name, judged)
    return MEASURES[name]


def _pilots(runs: Sequence[RunFile], measure: Measure) -> Iterator[Pilot]:
    from calibench.metrics.compare import aligned
    from calibench.metrics.measures import measures_of

    groups = [dict(iter(run.frame().groupby(_KEY))) for run in runs]
    n = 0
    for key in sorted(set.intersection(*(set(of) for of in groups))):
        shared = set.intersection(*(set(of[key]["question_id"]) for of in groups))
        if not shared or measure not in measures_of(key[2]):
            continue
        n += 1
        rows = [of[key][of[key]["question_id"].isin(shared)].sort_values(["question_id", "draw"]) for of in groups]
        samples = aligned(rows)
        places = [each.groupby("question_id").cumcount().to_numpy() for each in rows]
        task, protocol, method = key
        yield Pilot(task, protocol, method, samples, places, len(shared) / samples[0].n_clusters)
    if not n:
        of = " and ".join(str(run.path) for run in runs)
        raise InputError(f"--pilot {of}: no question under one task, protocol and method that has {measure.name}")


def _assumed(chosen: PlanOptions) -> Pilot:
    import numpy as np

    from calibench.metrics.plan import Assumed, simulated

    if not 0 < chosen.accuracy + chosen.gap < 1:
        raise InputError(f"--accuracy {chosen.accuracy} --gap {chosen.gap}: expected a sum between 0 and 1")
    model = Assumed(chosen.accuracy, chosen.gap)
    shape = (_ASSUMED_QUESTIONS, _ASSUMED_DRAWS)
    samples = simulated((model, model), *shape, chosen.correlation, chosen.agreement, np.random.default_rng(0))
    places = [np.tile(np.arange(_ASSUMED_DRAWS), _ASSUMED_QUESTIONS)] * 2
    return Pilot("assumed", "", "", samples, places, 1.0)


def _draws(chosen: PlanOptions) -> tuple[int, ...]:
    return (1, 2, 4, 8, 16) if chosen.draws is None else (chosen.draws,)


def _has_draws(pilot: Pilot) -> bool:
    return all(place.max() > 0 for place in pilot.places)


def _rows(pilot: Pilot, measure: Measure, chosen: PlanOptions, level: float) -> Iterator[PlannedComparison]:
    from calibench.metrics.plan import Planner

    planner = Planner(measure, pilot.samples, pilot.places)
    planned = planner.noise and _planned(planner.noise, pilot, chosen)
    for draws in _draws(chosen):
        needed = planned and planner.questions(planned, draws, chosen.difference, level, chosen.power)
        questions = None if needed is None else round(needed * pilot.per_cluster + 0.5 * (pilot.per_cluster > 1))
        yield PlannedComparison(
            task=pilot.task,
            protocol=pilot.protocol,
            method=pilot.method,
            draws=draws,
            questions=questions,
            generations=None if questions is None else questions * draws,
        )


def _planned(noise: Noise, pilot: Pilot, chosen: PlanOptions) -> Noise:
    """That of the models to be compared, from the pilot's and what is assumed."""
    if not _has_draws(pilot) and _draws(chosen) != (1,):
        noise = noise._replace(between=noise.between * chosen.agreement, within=noise.between * (1 - chosen.agreement))
    return noise.correlated(chosen.correlation) if len(pilot.samples) == 1 else noise


def _assumptions(chosen: PlanOptions, measure: Measure, n_pilots: int, found: Sequence[Pilot]) -> Iterator[str]:
    if n_pilots == 0:
        yield (
            f"assumed, for want of a pilot: both models are right in {100 * chosen.accuracy:g} % and their mean"
            f" confidence is {chosen.gap:+g} away from that"
        )
    if n_pilots < 2:
        yield f"assumed: what questions contribute correlates by {chosen.correlation:g} between the two models"
    if n_pilots == 0 or (_draws(chosen) != (1,) and not all(map(_has_draws, found))):
        yield f"assumed: two answers of a model to one question correlate by {chosen.agreement:g}"
    if chosen.difference <= 0.02:
        yield "compare calls differences inside its margin of 0.02 equivalent: give it a smaller --margin"
    few = [p.task for p in found if p.samples[0].n_clusters < 100]
    if few:
        names = ", ".join(dict.fromkeys(few))
        yield f"the pilot has fewer than 100 questions of {names}: its noise is itself uncertain"
    untried = [p.task for p in found if p.samples[0].n_clusters < _TRIED_FROM]
    if untried and measure.interval and measure.interval.of_parts:
        yield (
            f"few answers in a bin make {chosen.metric} noisier than planned: how much is tried out on a pilot of"
            f" {_TRIED_FROM} questions or more, which {', '.join(dict.fromkeys(untried))} has not"
        )
