"""Simulations of stopping rules: how often do intervals miss that are looked at again and again, how often is a pair
decided that does not differ, and what does a rule save?

`python tests/sequential.py` simulates (half an hour of one core) and writes the tables of docs/stopping.md; with
`--render` from the figures of the last time, which are in docs/stopping.json. The tests do the same at a smaller size.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from intervals import Population, drawn, truth

from calibench.metrics import sequential
from calibench.metrics.compare import paired
from calibench.metrics.measures import MEASURES
from calibench.metrics.plan import Assumed, simulated
from calibench.metrics.sample import Sample

METRICS = ("accuracy", "brier", "ece", "auroc", "signed_gap")
RESAMPLES = 400
DOCS = Path(__file__).parent.parent / "docs"
ALIKE = (Assumed(accuracy=0.7, gap=0.1), Assumed(accuracy=0.7, gap=0.1))
"""Two models that do not differ in anything."""
APART = (Assumed(accuracy=0.6, gap=0.2), Assumed(accuracy=0.7, gap=0.1))
"""Two models whose accuracy, ECE and gap differ by .10; the Brier score differs with them, the AUROC hardly."""
CORRELATION = 0.5
AGREEMENT = 0.5
MARGIN = 0.02


class World(NamedTuple):
    """Two models, and how they are asked."""

    models: tuple[Assumed, Assumed]
    total: int
    """Questions that there are."""
    draws: int


WORLDS = {
    "alike, 1 draw": World(ALIKE, 168, 1),
    "alike, 8 draws": World(ALIKE, 168, 8),
    "apart, 1 draw": World(APART, 1000, 1),
    "apart, 8 draws": World(APART, 1000, 8),
}


class Ended(NamedTuple):
    """How one pair of runs ended under a rule."""

    verdict: str
    questions: int


def first(sample: Sample, questions: int) -> Sample:
    """The answers to the first questions; the questions of a simulation have no order."""
    rows = sample.question < questions
    return Sample(sample.confidence[rows], sample.outcome[rows], sample.cluster[rows], questions, sample.question[rows])


def ended(world: World, rng: np.random.Generator, metrics: tuple[str, ...] = METRICS) -> dict[str, Ended]:
    """Metric -> how a new pair of runs ends, each metric by itself."""
    pair = simulated(world.models, world.total, world.draws, CORRELATION, AGREEMENT, rng)
    found: dict[str, Ended] = {}
    for look in sequential.looks(world.total):
        open_ = [MEASURES[name] for name in metrics if name not in found]
        of_a, of_b = paired(open_, [first(sample, look.questions) for sample in pair], RESAMPLES, rng)
        for measure in open_:
            change = sequential.judged_change(
                measure, of_a[measure.name], of_b[measure.name], look.questions, look.alpha, MARGIN
            )
            if change.verdict != "undecided":
                found[measure.name] = Ended(change.verdict, look.questions)
        if len(found) == len(metrics):
            break
    return {name: found.get(name, Ended("undecided", world.total)) for name in metrics}


def chunk(name: str, number: int, repeats: int = 100) -> dict[str, list[Ended]]:
    """Metric -> how each of the pairs of one part of a simulation ended."""
    rng = np.random.default_rng([list(WORLDS).index(name), number])
    all_ended = [ended(WORLDS[name], rng) for _ in range(repeats)]
    return {metric: [each[metric] for each in all_ended] for metric in METRICS}


def missed(population: Population, total: int, repeats: int, seed: int = 0) -> dict[str, dict[str, float]]:
    """Metric -> in which share of the growing samples some look's interval misses the truth, and some 95 % interval
    that is looked at in the same way."""
    rng, true = np.random.default_rng([seed, population.draws, round(100 * population.gap)]), truth(population)
    measures = [MEASURES[name] for name in METRICS]
    some = {name: {"at the level of the look": 0, "at 95 %": 0} for name in METRICS}
    for _ in range(repeats):
        sample, seen = drawn(population, total, rng), []
        for look in sequential.looks(total):
            part = first(sample, look.questions)
            for how, alpha in (("at the level of the look", look.alpha), ("at 95 %", 0.05)):
                found = sequential.seen(measures, part, alpha, rng, RESAMPLES)
                seen += [(name, how) for name in METRICS if _misses(found[name], true[name])]
        for name, how in set(seen):
            some[name][how] += 1
    return {name: {how: n / repeats for how, n in of.items()} for name, of in some.items()}


def _misses(seen: sequential.Seen, true: float) -> bool:
    return seen.low is not None and not seen.low - 1e-9 <= true <= seen.high + 1e-9


# -- docs/stopping.md -------------------------------------------------------------------------------------------------

CHUNKS = {"alike, 1 draw": 20, "alike, 8 draws": 20, "apart, 1 draw": 2, "apart, 8 draws": 1}
"""Parts of 100 pairs."""
POPULATIONS = [Population(gap, draws) for draws in (1, 10) for gap in (0.0, 0.2)]
GROWN, GROWING = 378, 300
"""Questions of a growing sample, and how many of these there are."""
PLANNED = 1000
"""The fixed size that the saving is of: all questions of the simulated benchmark."""


def simulated_all() -> dict[str, Any]:
    """All figures of the page."""
    found: dict[str, Any] = {"pairs": {}, "missed": []}
    for name, n in CHUNKS.items():
        parts = [chunk(name, number) for number in range(n)]
        found["pairs"][name] = {metric: [each for part in parts for each in part[metric]] for metric in METRICS}
        print(name, flush=True)
    for population in POPULATIONS:
        found["missed"].append([*population, missed(population, GROWN, GROWING)])
        print(population, flush=True)
    return summarized(found)


def summarized(found: dict[str, Any]) -> dict[str, Any]:
    """The figures with shares in the place of single pairs."""
    pairs = {
        name: {
            metric: {
                "pairs": len(ends),
                **{v: sum(e[0] == v for e in ends) / len(ends) for v in ("better", "worse", "equivalent")},
                "questions": float(np.mean([e[1] for e in ends])),
            }
            for metric, ends in of.items()
        }
        for name, of in found["pairs"].items()
    }
    return {"pairs": pairs, "missed": found["missed"]}


def rendered(found: dict[str, Any]) -> dict[str, str]:
    """Mark of the page -> the table that stands there."""
    lines = {key: [] for key in ("alike", "apart", "missed")}
    lines["alike"] = ["| metric | draws | pairs | decided, % |", "|---|---:|---:|---:|"]
    lines["apart"] = [
        "| metric | draws | pairs | rightly decided, % | wrongly, % | questions asked, mean | saved of 1,000, % |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, of in found["pairs"].items():
        kind, draws = name.split(", ")
        for metric, row in of.items():
            start = f"| `{metric}` | {draws.split()[0]} | {row['pairs']:,} |"
            if kind == "alike":
                lines[kind].append(f"{start} {100 * (row['better'] + row['worse']):.1f} |")
            elif metric in ("accuracy", "ece", "signed_gap"):  # those that differ by .10
                shares = f" {100 * row['better']:.1f} | {100 * row['worse']:.1f} | {row['questions']:.0f} |"
                lines[kind].append(f"{start}{shares} {100 * (1 - row['questions'] / PLANNED):.0f} |")
    lines["missed"] = [
        "| draws | gap | metric | some look misses, % | 95 % looked at so, % |",
        "|---|---|---|---:|---:|",
    ]
    for gap, draws, of in found["missed"]:
        for metric, row in of.items():
            shares = [100 * row[how] for how in ("at the level of the look", "at 95 %")]
            lines["missed"].append(f"| {draws} | {gap:g} | `{metric}` | {shares[0]:.1f} | {shares[1]:.1f} |")
    return {key: "\n".join(of) for key, of in lines.items()}


def write(found: dict[str, Any], page: Path) -> None:
    """Puts the tables between the marks of the page."""
    text = page.read_text()
    for key, table in rendered(found).items():
        before, rest = text.split(f"<!-- {key} -->")
        text = f"{before}<!-- {key} -->\n{table}\n<!-- end -->{rest.split('<!-- end -->', 1)[1]}"
    page.write_text(text)


if __name__ == "__main__":
    figures = DOCS / "stopping.json"
    if "--render" not in sys.argv:
        figures.write_text(json.dumps(simulated_all(), indent=1) + "\n")
    write(json.loads(figures.read_text()), DOCS / "stopping.md")
