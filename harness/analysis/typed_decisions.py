"""The typed decisions of a run, held against gold: from what the run file keeps to numbers. Needs no model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, NamedTuple

from calibench.errors import RunFileError
from calibench.fields import Share
from calibench.records import Confidence, Metric, TypedDecision
from calibench.store import RunFile

if TYPE_CHECKING:
    from calibench.metrics.measure import Group
    from calibench.metrics.typed_decisions import Decisions

METHOD = "option_probability"
"""The method whose `raw` holds the probabilities of all options."""


class Answer(NamedTuple):
    """What was predicted of one decision."""

    decision: TypedDecision
    predicted: tuple[float, ...]
    """Of each of its options."""
    cluster: str


def numbers(run: RunFile) -> tuple[Metric, ...]:
    """All numbers of the typed decisions of a run, of `calibench.metrics.typed_decisions`; empty if it has none."""
    groups = decisions(run)
    if not groups:
        return ()
    from calibench.metrics.typed_decisions import scores

    return scores(groups)


def compared(runs: Mapping[str, RunFile], pairs: Sequence[tuple[str, str]], margin: float) -> dict[str, Any]:
    """The fields of `Comparison` that are of typed decisions; empty where no pair of runs shares any."""
    found = {name: decisions(run) for name, run in runs.items()}
    if not any(found[a].keys() & found[b].keys() for a, b in pairs):
        return {}
    from calibench.metrics.typed_differences import differences, infos

    return {"typed_decisions": tuple(differences(found, pairs, margin=margin)), "typed_measures": infos()}


def decisions(run: RunFile) -> dict[Group, Decisions]:
    """Task, protocol and method -> the decisions for which gold and a distribution are known."""
    readings = list(run.confidences(METHOD))
    if not readings:
        return {}
    from calibench.metrics.measure import Group

    gold, clusters = _gold(run), {(q.task, q.question_id): q.cluster for q in run.questions()}
    found: dict[Group, list[Answer]] = {}
    asked: dict[Group, int] = {}
    for reading in readings:
        place = reading.task, reading.question_id
        if place not in gold:
            continue
        group = Group(reading.task, reading.protocol, METHOD, "all")
        asked[group] = asked.get(group, 0) + 1
        answers = found.setdefault(group, [])
        if reading.status == "ok":
            predicted = _predicted(run, gold[place], reading)
            answers.append(Answer(gold[place], predicted, clusters.get(place) or reading.question_id))
    return {group: _arrays(answers, asked[group]) for group, answers in found.items() if answers}


def _predicted(run: RunFile, decision: TypedDecision, reading: Confidence) -> tuple[float, ...]:
    of_letter = run.evidence(reading, dict[str, Share])
    mass = math.fsum(of_letter.values())
    n = len(decision.options)
    fits = len(decision.gold) == n and sorted(decision.shown) == list(range(n))
    if not fits or of_letter.keys() != {*ascii_uppercase[:n]} or not mass:
        raise RunFileError(
            f"{run.path}: {reading.task!r:.60}, {reading.question_id!r:.60}: expected probabilities of the {n} options"
            f" of its typed decision, found {reading.raw!r:.80}"
        )
    letter = dict(zip(decision.shown, ascii_uppercase, strict=False))
    return tuple(of_letter[letter[i]] / mass for i in range(n))


def _gold(run: RunFile) -> Mapping[tuple[str, str], TypedDecision]:
    """What gold says of each question that has lettered options: of a task without probabilities, all to the right
    one."""
    found = {(d.task, d.question_id): d for d in run.select(TypedDecision)}
    for question in run.questions():
        place = question.task, question.question_id
        letters = tuple(ascii_uppercase[: len(question.choices)])
        if place not in found and len(question.gold) == 1 and question.gold[0] in letters:
            found[place] = TypedDecision(
                task=question.task, question_id=question.question_id, item=question.task, kind="choice",
                options=letters, gold=tuple(float(letter in question.gold) for letter in letters),
                shown=tuple(range(len(letters))),
            )  # fmt: skip
    return found


def _arrays(answers: list[Answer], asked: int) -> Decisions:
    import numpy as np
    import pandas as pd

    from calibench.metrics.typed_decisions import Decisions

    most = max(len(answer.predicted) for answer in answers)
    padded = [[*of, *[0.0] * (most - len(of))] for answer in answers for of in (answer.predicted, answer.decision.gold)]
    both = np.array(padded).reshape(len(answers), 2, most)
    cluster, names = pd.factorize(np.array([answer.cluster for answer in answers], dtype=object))
    return Decisions(
        predicted=both[:, 0], gold=both[:, 1],
        options=np.array([len(answer.predicted) for answer in answers]),
        kind=np.array([answer.decision.kind for answer in answers]),
        question=np.array([answer.decision.question_id for answer in answers]),
        item=pd.factorize(np.array([answer.decision.item for answer in answers], dtype=object))[0],
        cluster=cluster, n_clusters=len(names), asked=asked,
    )  # fmt: skip
