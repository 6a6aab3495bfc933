"""Simulations of what the intervals of a scorecard promise: how often do they hold the population's value?

`python tests/intervals.py` simulates (an hour of one core) and writes the table of docs/intervals.md, and its
figures to docs/intervals.json; `--render` only writes the page anew. `--places` (ten minutes) prints how often ECE's
interval holds the truth wherever its error sits, and `--ends` (three minutes) the table of samples that have seen one
side alone. The tests do the same at a smaller size.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from calibench.metrics.calibration import equal_width_bins
from calibench.metrics.discrimination import area
from calibench.metrics.estimate import mean
from calibench.metrics.inversion import absolute_sum_interval
from calibench.metrics.measure import Group, estimates, metric
from calibench.metrics.measures import MEASURES
from calibench.metrics.resampled import resample
from calibench.metrics.sample import OUTCOMES, Sample

METRICS = ("accuracy", "brier", "auroc", "signed_gap", "calibration_error_debiased", "ece")
GAPS = (0.0, 0.02, 0.2)
DRAWS = (1, 10)
QUESTIONS = 200
REPEATS = 4000
RESAMPLES = 400
CORRELATION = 0.5
"""Of being right, between two draws of a question."""
_VALUES = np.array([0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
_SHARES = np.array([0.05, 0.08, 0.07, 0.1, 0.15, 0.25, 0.1, 0.2])


DOCS = Path(__file__).parent.parent / "docs"
_BEGIN, _END = "<!-- python tests/intervals.py -->", "<!-- end -->"


class Population(NamedTuple):
    """Questions, and draws of answers to them. Confidences are those that models write, most of them high."""

    gap: float | np.ndarray
    """Confidence minus the chance of being right, the same at every confidence or [8] for each of `_VALUES`."""
    draws: int
    """Answers to each question. Three of five repeat the question's confidence, and they are right together."""


def truth(population: Population) -> dict[str, float]:
    """Metric -> its value in the population."""
    chance = _VALUES - population.gap
    bins = equal_width_bins(_VALUES)
    share = np.bincount(bins, _SHARES)
    excess = np.bincount(bins, _SHARES * (_VALUES - chance))
    return {
        "accuracy": float(_SHARES @ chance),
        "brier": float(_SHARES @ (chance * (1 - _VALUES) ** 2 + (1 - chance) * _VALUES**2)),
        "auroc": float(area(_SHARES * chance, _SHARES * (1 - chance))),
        "signed_gap": float(_SHARES @ (_VALUES - chance)),
        "calibration_error_debiased": float((excess[share > 0] ** 2 / share[share > 0]).sum()),
        "ece": float(np.abs(excess).sum()),
    }


def drawn(population: Population, questions: int, rng: np.random.Generator) -> Sample:
    """Every draw has its confidence's chance of being right, whatever the other draws do."""
    question = np.repeat(np.arange(questions), population.draws)
    n = len(question)
    shared = rng.choice(len(_VALUES), questions, p=_SHARES)[question]
    value = np.where(rng.random(n) < 0.4, rng.choice(len(_VALUES), n, p=_SHARES), shared)
    together = rng.random(n) < np.sqrt(CORRELATION)
    uniform = np.where(together, rng.random(questions)[question], rng.random(n))
    right = uniform < (_VALUES - population.gap)[value]
    outcome = np.where(right, OUTCOMES.index("correct"), OUTCOMES.index("incorrect")).astype(np.int8)
    return Sample(_VALUES[value], outcome, question, questions, question)


def intervals(sample: Sample, rng: np.random.Generator, resamples: int = RESAMPLES) -> dict[str, tuple | None]:
    """Metric -> (low, high) as a scorecard has it, None where it is undefined; and, as METRIC by rows, the percentiles
    of a bootstrap that takes every row for an independent one."""
    (resampled,) = resample([sample], resamples, rng)
    by_rows = sample._replace(cluster=np.arange(len(sample.cluster)), n_clusters=len(sample.cluster))
    (naive,) = resample([by_rows], resamples, rng)
    found: dict[str, tuple | None] = {}
    measures = [MEASURES[name] for name in METRICS]
    for name, estimate in estimates(measures, sample, resampled).items():
        row = metric(Group("task", "protocol", "method", "all"), MEASURES[name], estimate)
        found[name] = None if row.low is None else (row.low, row.high)
    for name, estimate in estimates(measures, by_rows, naive).items():
        if estimate.replicates is not None:
            found[f"{name} by rows"] = tuple(np.nanquantile(estimate.replicates, [0.025, 0.975]))
    return found


def coverage(
    population: Population, questions: int, repeats: int, rng: np.random.Generator, resamples: int = RESAMPLES
) -> dict[str, dict[str, float]]:
    """Metric -> of the defined intervals, the shares that hold the truth, lie above it and lie below it; their mean
    width; and the share of the data sets that leave it undefined."""
    true = truth(population)
    found = [intervals(drawn(population, questions, rng), rng, resamples) for _ in range(repeats)]
    table = {}
    for name in found[0]:
        value = true[name.removesuffix(" by rows")]
        defined = np.array([each[name] for each in found if each[name] is not None]).reshape(-1, 2)
        above, below = defined[:, 0] > value + 1e-9, defined[:, 1] < value - 1e-9
        table[name] = {
            "covers": float((~above & ~below).mean()) if len(defined) else float("nan"),
            "above": float(above.mean()) if len(defined) else float("nan"),
            "below": float(below.mean()) if len(defined) else float("nan"),
            "width": float((defined[:, 1] - defined[:, 0]).mean()) if len(defined) else float("nan"),
            "undefined": 1 - len(defined) / repeats,
        }
    return table


def simulated(repeats: int) -> list[dict[str, Any]]:
    """One row per number of draws, gap and metric."""
    rows = []
    for draws in DRAWS:
        for gap in GAPS:
            rng = np.random.default_rng([draws, round(100 * gap)])
            found = coverage(Population(gap, draws), QUESTIONS, repeats, rng)
            for name in METRICS:
                rows.append({"draws": draws, "gap": gap, "metric": name, "by_rows": found.get(f"{name} by rows")})
                rows[-1] |= {**found[name], "repeats": repeats}
            print(draws, gap, {name: round(row["covers"], 3) for name, row in found.items()}, flush=True)
    return rows


def _at(*values: float) -> np.ndarray:
    """Where these confidences are stated."""
    return np.isin(_VALUES, values)


PLACES = {
    "the same at every confidence": np.full(len(_VALUES), 0.02),
    "over and under, at four": 0.05 * (_at(0.5) - 1.0 * _at(0.6)) + 0.06 * _at(0.8) + 0.02 * _at(1.0),
    "at .8 alone": _at(0.8) * 0.02 / 0.15,
    "at .9 alone": _at(0.9) * 0.02 / 0.25,
    "at 1 alone": _at(1.0) * 0.02 / 0.2,
}
"""Where a population's error sits -> its gaps: each has an ECE of .02."""


def print_places(repeats: int) -> None:
    """The table of docs/intervals.md."""
    print("| where the error sits | holds the truth, % | lies above it | lies below it |")
    print("|---|---|---|---|")
    for name, gap in PLACES.items():
        population, rng = Population(gap, draws=1), np.random.default_rng(7)
        true, ends = truth(population)["ece"], []
        for _ in range(repeats):
            sample = drawn(population, QUESTIONS, rng)
            found = estimates([MEASURES["ece"]], sample, resample([sample], RESAMPLES, rng)[0])["ece"]
            ends.append(absolute_sum_interval(*found.parts) or (np.nan, np.nan))
        low, high = np.array(ends).T
        above, below = (low > true).mean(), (high < true).mean()
        shares = (1 - above - below, above, below)
        print(f"| {name} | " + " | ".join(f"{100 * share:.1f}" for share in shares) + " |", flush=True)


class Task(NamedTuple):
    """One answer to each of some questions, of equally frequent confidences."""

    questions: int
    confidences: tuple[float, ...]
    gap: float

    def drawn(self, rng: np.random.Generator) -> Sample:
        confidence = rng.choice(self.confidences, self.questions)
        return _sample(confidence, rng.random(self.questions) < confidence - self.gap)


def _sample(confidence: np.ndarray, right: np.ndarray) -> Sample:
    question = np.arange(len(right))
    outcome = np.where(right, OUTCOMES.index("correct"), OUTCOMES.index("incorrect")).astype(np.int8)
    return Sample(confidence, outcome, question, len(question), question)


MEANS = {
    "10 of ECE .1, 200 of .1": (Task(10, (1.0,), 0.1), Task(200, (0.5, 0.7, 0.9), 0.1)),
    "25 of ECE .05, 400 of 0": (Task(25, (1.0,), 0.05), Task(400, (0.3, 0.5, 0.7, 0.9), 0.0)),
    "25 of ECE .03, 100 of .2": (Task(25, (1.0,), 0.03), Task(100, (0.5, 0.7, 0.9), 0.2)),
}
"""Two tasks, of the first of which all answers are often right."""


class Held(NamedTuple):
    """Of the intervals of some data sets."""

    seen: float
    """Share of the data sets that show one side alone."""
    of_all: float
    """Share of all intervals that hold the truth."""
    of_seen: float
    """The same of those data sets."""
    before: float
    """The same, without the doubt of what is unseen; an interval that there is none of holds nothing."""


def mean_of_ends(tasks: tuple[Task, ...], repeats: int, rng: np.random.Generator) -> Held:
    """How often the interval of the mean ECE over tasks holds the truth, where all answers of one of them are right."""
    true = np.mean([task.gap for task in tasks])
    found = []
    for _ in range(repeats):
        of_tasks = []
        for sample in (task.drawn(rng) for task in tasks):
            of_tasks.append(estimates([MEASURES["ece"]], sample, resample([sample], RESAMPLES, rng)[0])["ece"])
        parts = mean(of_tasks).parts
        assert parts is not None
        ends = [absolute_sum_interval(*parts), absolute_sum_interval(*parts[:2])]
        found.append((bool(np.any(parts.one_sided)), *(_holds(each, true) for each in ends)))
    return _held(found)


def perfect_order(share: float, right: float, questions: int, repeats: int, rng: np.random.Generator) -> Held:
    """How often the interval of AUROC holds the truth, where no wrong answer has more confidence than a right one.

    Wrong answers either have less confidence than all right ones, which is the AUROC, or more: the hardest case, as one
    wrong answer turns all its pairs.
    """
    found = []
    for _ in range(repeats):
        is_right = rng.random(questions) < right
        below = np.where(rng.random(questions) < share, 0.2, 0.9)
        sample = _sample(np.where(is_right, rng.uniform(0.4, 0.8, questions), below), is_right)
        estimate = estimates([MEASURES["auroc"]], sample, resample([sample], RESAMPLES, rng)[0])["auroc"]
        row = metric(Group("task", "protocol", "method", "all"), MEASURES["auroc"], estimate)
        if row.low is not None:
            found.append(
                (
                    row.value == 1,
                    _holds((row.low, row.high), share),
                    row.value != 1 and _holds((row.low, row.high), share),
                )
            )
    return _held(found)


def _holds(ends: Any, true: float) -> bool:
    return ends is not None and ends[0] - 1e-9 <= true <= ends[1] + 1e-9


def _held(found: list[tuple[bool, bool, bool]]) -> Held:
    seen, now, before = np.array(found, dtype=bool).T
    of_seen = now[seen].mean() if seen.any() else float("nan")
    return Held(float(seen.mean()), float(now.mean()), float(of_seen), float(before.mean()))


def print_ends(repeats: int) -> None:
    """The table of docs/intervals.md."""
    rows = [
        ("mean `ece` of two tasks: " + name, mean_of_ends(MEANS[name], repeats, np.random.default_rng(7)))
        for name in MEANS
    ]
    for share, right, questions in ((0.9, 0.5, 30), (0.97, 0.5, 30), (0.9, 0.8, 60), (0.97, 0.8, 60)):
        name = f"`auroc` of {share:g}, {questions} questions, {100 * right:.0f} % right"
        rows.append((name, perfect_order(share, right, questions, repeats, np.random.default_rng(7))))
    print("| number | one side seen, % | holds the truth, % | where one side is seen | without that doubt |")
    print("|---|---|---|---|---|")
    for name, held in rows:
        print(f"| {name} | " + " | ".join(f"{100 * share:.1f}" for share in held) + " |", flush=True)


def rendered(rows: list[dict[str, Any]]) -> str:
    """The table of docs/intervals.md."""
    lines = [
        "| draws | gap | metric | holds the truth, % | lies above it | lies below it | rows as independent, % |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        naive = "" if row["by_rows"] is None else f"{100 * row['by_rows']['covers']:.1f}"
        covers = "undefined" if row["undefined"] == 1 else f"{100 * row['covers']:.1f}"
        marked = covers if covers == "undefined" or 0.93 <= row["covers"] <= 0.97 else f"**{covers}**"
        lines.append(
            f"| {row['draws']} | {row['gap']:g} | `{row['metric']}` | {marked} | {100 * row['above']:.1f} |"
            f" {100 * row['below']:.1f} | {naive} |"
        )
    return "\n".join(lines)


def write(rows: list[dict[str, Any]], page: Path) -> None:
    """Puts the table between the marks of the page."""
    text = page.read_text()
    before, rest = text.split(_BEGIN)
    page.write_text(before + _BEGIN + "\n" + rendered(rows) + "\n" + _END + rest.split(_END)[1])


if __name__ == "__main__":
    if "--places" in sys.argv:
        sys.exit(print_places(REPEATS))
    if "--ends" in sys.argv:
        sys.exit(print_ends(1000))
    figures = DOCS / "intervals.json"
    if "--render" not in sys.argv:
        figures.write_text(json.dumps(simulated(REPEATS), indent=1) + "\n")
    write(json.loads(figures.read_text()), DOCS / "intervals.md")
