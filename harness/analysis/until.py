"""Stopping rules: `calibench run --until "ece +-0.02"` asks until a number is known that well.

What a rule saw follows from the run file and the rule alone, so that a run that goes on makes no look twice, and a
report shows what stopped it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from calibench.errors import InputError, unknown_name
from calibench.results.decisions import RuleLook, RuleOutcome
from calibench.running.selection import place_of
from calibench.store import RunFile

if TYPE_CHECKING:
    import pandas as pd

    from calibench.metrics.measure import Measure
    from calibench.metrics.sequential import Look, Seen

MEASURES = {"accuracy": "accuracy", "ece": "ece", "brier": "brier", "gap": "signed_gap", "auroc": "auroc"}
"""As rules call them -> the metric."""
_RULE = re.compile(r"([a-z_0-9]+)\s*(?:±|\+/?-)\s*(\S+)")


def metric_named(name: str) -> str:
    """The metric that rules call so.

    Raises:
        InputError: none that rules can be about.
    """
    metric = MEASURES.get(name, name)
    if metric not in MEASURES.values():
        raise InputError(f"--until: {unknown_name('measure', name, list(MEASURES))}")
    return metric


def measure_of(metric: str) -> Measure:
    from calibench.metrics.measures import MEASURES as all_measures

    return all_measures[metric]


class Width(NamedTuple):
    """A number is to be known to plus or minus a width."""

    metric: str
    width: float


def is_of_pair(rule: str) -> bool:
    """Whether a rule is about two runs, as `decided`."""
    return rule.strip().lower().endswith("decided")


def width(rule: str) -> Width:
    """Reads a rule.

    Raises:
        InputError: it is none, its measure is none that rules can be about, or its width fits no such measure.
    """
    found = _RULE.fullmatch(rule.strip().lower())
    if not found:
        raise InputError(f'--until: expected a measure and how well it is to be known, as "ece +-0.02", found {rule!r}')
    name, number = found.groups()
    metric = metric_named(name)
    least, greatest = measure_of(metric).range
    most = (greatest - least) / 2
    try:
        size = float(number)
    except ValueError:
        size = float("nan")
    if not 0 < size < most:
        raise InputError(
            f"--until: expected a width above 0 and below {most:g}, half of what {name} can be, found {number!r}"
        )
    return Width(metric, size)


class Precision:
    """A `calibench.running.steps.StoppingRule`: enough is when every method of a task has the width."""

    def __init__(self, of: Width, tell: Callable[[str], None]):
        self.of = of
        self._tell = tell

    def sizes(self, total: int) -> list[int]:
        from calibench.metrics.sequential import looks

        return [look.questions for look in looks(total)]

    def enough(self, run: RunFile, task: str, protocol: str, size: int, total: int) -> bool:
        from calibench.metrics.sequential import looks

        frame = run.frame()
        rows = frame[(frame["task"] == task) & (frame["protocol"] == protocol)]
        look = next(look for look in looks(total) if look.questions == size)
        found = [_look(of_method, self.of.metric, look) for of_method in _by_method(rows, self.of.metric)]
        widest = max(found, key=_reach)
        self._tell(f"{task}: after {size:,} questions {_said(self.of.metric, widest)}")
        return _reach(widest) <= self.of.width


def outcomes(frame: pd.DataFrame, manifest: Mapping[str, Any]) -> Iterator[RuleOutcome]:
    """What the rule saw that stopped a run, if one did.

    Args:
        frame: of `RunFile.frame`.
        manifest: of the run.
    """
    until = manifest.get("until")
    if not until or is_of_pair(until["rule"]):  # which two runs show together
        return
    of = width(until["rule"])
    for (task, _), rows in frame.groupby(["task", "protocol"], sort=True):
        if task in until["tasks"]:
            held = until["tasks"][task]
            if looked := looks_until(held["questions"], held["of"]):
                for of_method in _by_method(rows, of.metric):
                    yield _outcome(of_method, of, looked, held["of"])


def looks_until(questions: int, available: int, numbers: int = 1) -> list[Look]:
    """The looks that were made of a task, after so many of its questions are finished.

    Args:
        questions: in the order in which runs ask them.
        available: that there are.
        numbers: how many are looked at.
    """
    from calibench.metrics.sequential import looks

    return [look for look in looks(available, numbers) if look.questions <= questions]


def _outcome(rows: pd.DataFrame, of: Width, looked: list[Look], available: int) -> RuleOutcome:
    seen = tuple(_look(rows, of.metric, look) for look in looked)
    reach, asked = _reach(seen[-1]), seen[-1].questions
    reached = reach <= of.width
    return RuleOutcome(
        task=str(rows["task"].iloc[0]),
        protocol=str(rows["protocol"].iloc[0]),
        method=str(rows["method"].iloc[0]),
        metric=of.metric,
        width=of.width,
        looks=seen,
        reason="reached" if reached else "all asked" if asked == available else "not reached",
        available=available,
        needed=None if reached or reach == float("inf") else round(asked * (reach / of.width) ** 2),
    )


def _by_method(rows: pd.DataFrame, metric: str) -> list[pd.DataFrame]:
    """The rows of each method; of one, for what no confidence changes."""
    found = [of for _, of in rows.groupby("method", sort=True)]
    return found[:1] if metric == "accuracy" else found


def nested(rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """The rows of the first questions of a task, in the order in which a run asks them."""
    task = str(rows["task"].iloc[0])
    order = sorted(rows["question_id"].unique(), key=lambda question: place_of(task, question))
    return rows[rows["question_id"].isin(order[:size])]


def _look(rows: pd.DataFrame, metric: str, look: Look) -> RuleLook:
    """What a look sees of the rows of one task, protocol and method."""
    from calibench.metrics.measure import Group
    from calibench.metrics.sample import sample_of
    from calibench.metrics.scorecard import random_source
    from calibench.metrics.sequential import seen

    task, protocol, method = (str(rows[column].iloc[0]) for column in ("task", "protocol", "method"))
    rng = random_source(0, Group(task, protocol, method, f"first {look.questions}"))
    first = nested(rows, look.questions).sort_values(["question_id", "draw"])
    found = seen([measure_of(metric)], sample_of(first), look.alpha, rng)[metric]
    return looked_at(look, found)


def looked_at(look: Look, found: Seen) -> RuleLook:
    value = None if math.isnan(found.value) else found.value
    return RuleLook(questions=look.questions, level=look.alpha, value=value, low=found.low, high=found.high)


def _reach(look: RuleLook) -> float:
    """From the value to the farther end of the interval."""
    if look.value is None or look.low is None or look.high is None:
        return float("inf")
    return max(look.high - look.value, look.value - look.low)


def _said(metric: str, look: RuleLook) -> str:
    if look.value is None or look.low is None:
        return f"{metric} is undefined"
    return f"{metric} is {look.value:.3f}, within [{look.low:.3f}, {look.high:.3f}]"
