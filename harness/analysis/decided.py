"""Whether two runs differ, looked at while they grow: `calibench compare A B --until decided`. Needs no model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from calibench.analysis.names import unique
from calibench.analysis.until import looked_at, looks_until, measure_of, metric_named, nested
from calibench.errors import InputError
from calibench.results.decisions import Decision, RuleLook
from calibench.running.config import RunConfig
from calibench.running.progress import Progress
from calibench.store import RunFile
from calibench.store.finished import unfinished
from calibench.store.opening import opened

if TYPE_CHECKING:
    import pandas as pd

    from calibench.metrics.sequential import Change, Look, Verdict

_DECIDED = re.compile(r"(?:([a-z_0-9]+)\s+)?decided")
_DEFAULT = "ece"
MARGIN = 0.02
"""Differences that are smaller do not matter, unless `compare` is told otherwise."""
_KEY = ["task", "protocol", "method"]


class Held(NamedTuple):
    """The questions of one task, protocol and method that both of two runs have."""

    a: pd.DataFrame
    b: pd.DataFrame
    finished: int
    """Of the questions, in the order in which runs ask them, so many are finished in both."""
    available: int
    """Questions that there are."""


def metric_of(rule: str) -> str:
    """Which metric a rule for two runs is about: `decided` alone is about ECE.

    Raises:
        InputError: it is none, or its measure is none that rules can be about.
    """
    found = _DECIDED.fullmatch(rule.strip().lower())
    if not found:
        raise InputError(f'--until: expected decided, or a measure before it, as "accuracy decided", found {rule!r}')
    return metric_named(found[1] or _DEFAULT)


class Against:
    """A `calibench.running.steps.StoppingRule`: enough is when every method of a task is told apart from another run's.

    Args:
        other: folder or file of the other run, A.
        metric: that is compared.
        methods: of the run that is stopped, B.
        tell: is told what a look saw.

    Raises:
        CalibenchError: the other run cannot be read.
    """

    def __init__(self, other: str, metric: str, methods: Sequence[str], tell: Callable[[str], None]):
        self._other, self._metric, self._tell = Path(other), metric, tell
        with RunFile.open(self._other) as run:
            frame, self._asked = run.frame(), _asked(run)
        of_method = frame if metric == "accuracy" else frame[frame["method"].isin(methods)]
        key = ["task"] if metric == "accuracy" else ["task", "method"]
        self._numbers = of_method.groupby(key).ngroups
        if not self._numbers:
            raise InputError(f"--against {other}: holds no graded answer that {metric} could be compared on")

    def sizes(self, total: int) -> list[int]:
        return _sizes(total)

    def enough(self, run: RunFile, task: str, protocol: str, size: int, total: int) -> bool:
        from calibench.metrics.sequential import looks

        with RunFile.open(self._other) as other:
            pairs = [
                pair
                for pair in shared([other, run], self._metric)
                if (pair.a["task"].iloc[0], pair.a["protocol"].iloc[0]) == (task, protocol)
            ]
        if not pairs:
            raise InputError(f"--against {self._other}: shares no question of {task} under protocol {protocol}")
        if min(pair.finished for pair in pairs) < size:
            self._tell(f"{task}: {self._other} has not finished the {size:,} questions that this run has")
            return True
        look = next(look for look in looks(total, self._numbers) if look.questions == size)
        verdicts = [look_at(pair, self._metric, look, MARGIN).verdict for pair in pairs]
        self._tell(f"{task}: after {size:,} questions {self._metric} is {', '.join(verdicts)}")
        larger = min((n for n in self.sizes(total) if n > size), default=size)
        if ends := "undecided" in verdicts and larger > self._asked[task]:
            self._tell(f"{task}: {self._other} ends before the next look, after {larger:,} questions")
        return ends or "undecided" not in verdicts


class UpTo:
    """A `calibench.running.steps.StoppingRule`: enough is when a task has as many questions as are to be looked at.

    Args:
        goals: task -> questions; the first look where it is not named.
    """

    def __init__(self, goals: Mapping[str, int]):
        self._goals = goals

    def sizes(self, total: int) -> list[int]:
        return _sizes(total)

    def enough(self, run: RunFile, task: str, protocol: str, size: int, total: int) -> bool:
        return size >= self._goals.get(task, 0)


def grow(
    pair: Sequence[RunConfig | str], rule: str, margin: float, progress: Progress, go: Callable[[RunConfig, UpTo], bool]
) -> bool:
    """Lets runs ask on, one after the other, from look to look until each task is decided or there is no more to ask.

    Args:
        pair: A and B; what a run is asked to do where it grows, the folder of one that is there.
        rule: `decided`, or a measure before it.
        margin: differences that are smaller do not matter.
        progress: is told what a look saw.
        go: continues a run as far as this rule says; False if it was interrupted.

    Returns:
        False if a run was interrupted.

    Raises:
        InputError: not two runs, a rule that does not fit them, or an unfinished run that does not grow.
    """
    metric, there = _check_pair(pair, rule)
    goals: dict[str, int] = {}
    while True:
        for each in pair:
            if isinstance(each, RunConfig) and not go(each, UpTo(goals)):
                return False
        with opened(*(each.out if isinstance(each, RunConfig) else each for each in pair)) as runs:
            found = decisions(runs, rule, margin)
        further: dict[str, int] = {}
        for decision in found:
            larger = min((n for n in _sizes(decision.available) if n > decision.finished), default=0)
            progress.stage(f"{decision.task}: after {decision.finished:,} questions {metric} is {decision.verdict}")
            may_grow = decision.finished >= goals.get(decision.task, 0) and larger <= there.get(decision.task, larger)
            if decision.verdict == "undecided" and larger and may_grow:
                further[decision.task] = larger
        if not further:
            return True
        goals |= further


def _check_pair(pair: Sequence[RunConfig | str], rule: str) -> tuple[str, dict[str, int]]:
    """The metric of the rule, and the questions of each task of a run that does not grow; refuses before any work what
    could not be decided."""
    if len(pair) != 2:
        raise InputError(f"--until: expected two runs, as a rule decides one pair, found {len(pair)}")
    metric, there = metric_of(rule), {}
    for each in pair:
        if isinstance(each, RunConfig):
            if metric != "accuracy" and not each.methods():
                raise InputError(f"--until {rule}: needs confidences, and --confidence none asks for none")
        else:
            with opened(each) as (run,):
                there = _asked(run)
    a, b = (Path(each.out if isinstance(each, RunConfig) else each).resolve() for each in pair)
    if a == b:
        raise InputError(f"expected different runs to compare, found one twice: {a}")
    return metric, there


def _sizes(total: int) -> list[int]:
    from calibench.metrics.sequential import looks

    return [look.questions for look in looks(total)]


def decisions(runs: Sequence[RunFile], rule: str, margin: float) -> tuple[Decision, ...]:
    """After which question two runs were told apart, of each task, protocol and method that both have.

    Args:
        runs: the two, A and B.
        rule: `decided`, or a measure before it.
        margin: differences that are smaller do not matter.

    Raises:
        InputError: not two runs, an unfinished one, or two that share no question.
    """
    if len(runs) != 2:
        raise InputError(f"--until: expected two runs, as a rule decides one pair, found {len(runs)}")
    metric = metric_of(rule)
    names = unique(runs)
    held = shared(runs, metric)
    if not held:
        raise InputError(f"--until {rule}: {names[0]} and {names[1]} share no question with what {metric} needs")
    return tuple(_decided(pair, names, metric, margin, len(held)) for pair in held)


def shared(runs: Sequence[RunFile], metric: str) -> list[Held]:
    """What two runs can be compared on, of each task, protocol and method; of one method, for what no confidence
    changes."""
    from calibench.metrics.measures import measures_of

    frames = []
    for run in runs:
        frame = run.frame()
        if frame.empty:
            raise InputError(f"{run.path}: holds no graded generation yet; run it first")
        frames.append(dict(iter(frame.groupby(_KEY))))
    found: list[Held] = []
    keys = sorted(frames[0].keys() & frames[1].keys())
    for key in keys:
        task, protocol, method = key
        first = next(each for each in keys if each[:2] == (task, protocol))
        if measure_of(metric) not in measures_of(method) or (metric == "accuracy" and key != first):
            continue
        ids = set(frames[0][key]["question_id"]) & set(frames[1][key]["question_id"])
        if ids:
            a, b = (of[key][of[key]["question_id"].isin(ids)] for of in frames)
            places = [_finished(run, task, len(ids)) for run in runs]
            found.append(Held(a, b, min(of for of, _ in places), max(of for _, of in places)))
    return found


def _asked(run: RunFile) -> dict[str, int]:
    """Task -> questions that a run has finished."""
    held = run.frame().groupby("task")["question_id"].nunique()
    return {str(task): _finished(run, str(task), int(n))[0] for task, n in held.items()}


def _finished(run: RunFile, task: str, held: int) -> tuple[int, int]:
    """How many of a task's questions a run has finished, in the order in which it asks them, and how many there are.

    Raises:
        InputError: the run is unfinished, and what it holds are the questions that were answered first.
    """
    of_rule = (run.manifest().get("until") or {}).get("tasks", {}).get(task)
    if of_rule:
        return of_rule["questions"], of_rule["of"]
    if warning := unfinished(run):
        raise InputError(f"--until: expected finished runs, as the first answers to come are no sample; {warning}")
    return held, held


def look_at(pair: Held, metric: str, look: Look, margin: float) -> Change:
    """What a look sees of two runs."""
    from calibench.metrics.compare import aligned
    from calibench.metrics.measure import Group
    from calibench.metrics.scorecard import random_source
    from calibench.metrics.sequential import RESAMPLES, change

    task, protocol, method = (str(pair.a[column].iloc[0]) for column in _KEY)
    rng = random_source(0, Group(task, protocol, method, f"first {look.questions}"))
    samples = aligned([nested(rows, look.questions) for rows in (pair.a, pair.b)])
    return change(measure_of(metric), samples, look.alpha, margin, rng, RESAMPLES)


def _decided(pair: Held, names: Sequence[str], metric: str, margin: float, numbers: int) -> Decision:
    seen: list[RuleLook] = []
    verdict: Verdict = "undecided"
    for look in looks_until(pair.finished, pair.available, numbers):
        if verdict != "undecided":
            break
        found, verdict = look_at(pair, metric, look, margin)
        seen.append(looked_at(look, found))
    task, protocol, method = (str(pair.a[column].iloc[0]) for column in _KEY)
    asked = seen[-1].questions if seen else 0
    return Decision(
        run_a=names[0], run_b=names[1], task=task, protocol=protocol, method=method, metric=metric, margin=margin,
        verdict=verdict, looks=tuple(seen), finished=pair.finished, available=pair.available,
        generations=(len(nested(pair.a, asked)), len(nested(pair.b, asked))),
    )  # fmt: skip
