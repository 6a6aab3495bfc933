"""A run held against a person's labels of some answers: how good its grader is, and its numbers without the grader's
errors. Needs no model, and works whatever graded the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from calibench.analysis import label_table
from calibench.analysis.options import LabelOptions
from calibench.errors import IdentityError, InputError
from calibench.errors.working import stage
from calibench.records import Metric
from calibench.results.labels import CorrectedNumber, Estimator, Label, LabelCount, Labelled
from calibench.results.thinking import is_whole
from calibench.store import RunFile
from calibench.store.finished import unfinished
from calibench.store.opening import opened

if TYPE_CHECKING:
    import pandas as pd

    from calibench.metrics.corrected import Graded, Judgements

_GROUP = ["task", "protocol"]
_GRADES = {"correct": 0, "incorrect": 1}
_NOT_ATTEMPTED = 2
_FEW = 10
"""Labels of a kind; what is said of fewer is said with a note."""
_WITHHELD = "the labelled answers are no random sample"
_NO_SAMPLE = 1e-4
"""A chance below which labelled answers are no random sample."""


def from_options(run: str | Path | RunFile, given: LabelOptions, other: str | Path | RunFile | None) -> Labelled:
    """As `labels`, of runs as they are given."""
    if given.labels is None:
        raise InputError("labels: expected --labels FILE, or --sample N to draw answers to label")
    with opened(run, *([] if other is None else [other])) as (of, *others):
        return labels(of, Path(given.labels), *others, question=given.question, label=given.label, seed=given.seed)


def of_file(run: RunFile, file: str | None, other: str | Path | RunFile | None = None) -> Labelled | None:
    """As `labels`, of a table that has the columns of one that was drawn; None where there is no table.

    Raises:
        InputError: another run, and no labels of it.
    """
    if file is None:
        if other is not None:
            raise InputError("--of RUN says whose answers are labelled, and goes with --labelled FILE")
        return None
    return from_options(run, LabelOptions(labels=file), other)


def labels(
    run: RunFile,
    file: Path,
    other: RunFile | None = None,
    *,
    question: str = "question_id",
    label: str = "label",
    seed: int = 0,
) -> Labelled:
    """Agreement of a run's grader with labels, and the run's numbers corrected by them.

    Args:
        run: what is corrected; read only.
        file: of labels, see `label_table.read`.
        other: the run whose answers are labelled; None: `run`, and they are a random sample of its answers.
        question, label: columns of the file.
        seed: of the bootstrap.

    Raises:
        InputError: of the file, or no task of the labels is one of the run.
        IdentityError: two runs were not graded alike.
    """
    found, notes = label_table.read(file, other or run, question, label)
    stage(f"correcting {run.path.parent.name}")
    estimator: Estimator = "inverted" if other else "rectified"
    notes += [warning for each in (run, other) if each and (warning := unfinished(each))]
    frame = run.frame()
    frame = frame[frame["outcome"] != "failed"]
    if other:
        _require_alike(run, frame, other, found)
    of_labels = dict(iter(found.groupby(_GROUP, sort=True)))
    chosen = {} if other else _chosen(frame, of_labels)
    notes += chosen.values()
    agreement: list[Metric] = []
    counts: list[LabelCount] = []
    numbers: list[CorrectedNumber] = []
    for (task, protocol), rows in of_labels.items():
        agreement += _agreement(task, protocol, rows, seed)
        counts += _counts(task, protocol, rows)
        notes += _few(task, rows)
    for (task, protocol), rows in frame.groupby(_GROUP, sort=True):
        of_group = _for_group(of_labels, task, protocol, other)
        if of_group is None and is_whole(protocol):
            notes.append(f"{task} ({protocol}): no labels, and no corrected numbers.")
        elif of_group is not None:
            numbers += _numbers(rows, of_group, estimator, seed, withheld=(task, protocol) in chosen)
    return Labelled(
        name=str(run.manifest().get("name", run.path.parent.name)),
        labels=len(found),
        file=file.name,
        of=str(other.manifest().get("name", other.path.parent.name)) if other else None,
        estimator=estimator,
        graders={str(task): str(grader) for task, grader in found.groupby("task")["grader"].first().items()},
        counts=tuple(counts),
        agreement=tuple(agreement),
        numbers=tuple(numbers),
        notes=tuple(notes),
    )


def _for_group(
    of_labels: Mapping[tuple, pd.DataFrame], task: str, protocol: str, other: RunFile | None
) -> pd.DataFrame | None:
    """The labels of a task and protocol; of another run, those of the task, however it was asked."""
    if other is None:
        return of_labels.get((task, protocol))
    import pandas as pd

    of_task = [rows for (name, _), rows in of_labels.items() if name == task]
    return pd.concat(of_task) if of_task else None


def _require_alike(run: RunFile, frame: pd.DataFrame, other: RunFile, found: pd.DataFrame) -> None:
    here, there = (of.groupby("task")["grader"].first() for of in (frame, found))
    shared = here.index.intersection(there.index)
    if shared.empty:
        raise InputError(
            f"{run.path.parent}: has no task that is labelled in {other.path.parent}: {', '.join(there.index)}"
        )
    for task in shared:
        if here[task] != there[task]:
            raise IdentityError(
                f"{task}: graded by {here[task]} in {run.path.parent}, and by {there[task]} in {other.path.parent};"
                " labels tell of the errors of the grader that graded the labelled answers"
            )


def _chosen(frame: pd.DataFrame, of_labels: Mapping[tuple, pd.DataFrame]) -> dict[tuple, str]:
    """(task, protocol) whose labelled answers differ from the others by more than a random sample does -> how."""
    from scipy.stats import fisher_exact

    answers, found = frame.drop_duplicates(label_table.KEY), {}
    for key, rows in of_labels.items():
        right = (answers[(answers[_GROUP] == list(key)).all(axis=1)]["outcome"] == "correct").to_numpy()
        labelled = (rows["outcome"] == "correct").to_numpy()
        n, k = len(right) - len(labelled), int(right.sum() - labelled.sum())
        if n and fisher_exact([[labelled.sum(), (~labelled).sum()], [k, n - k]]).pvalue < _NO_SAMPLE:
            found[key] = (
                f"{key[0]} ({key[1]}): {100 * labelled.mean():.0f} % of the labelled answers are graded correct, and"
                f" {100 * k / n:.0f} % of the others: the labelled ones are no random sample, and correct"
                " nothing. `--sample N` draws one."
            )
    return found


def _few(task: str, rows: pd.DataFrame) -> Iterator[str]:
    for kind in ("correct", "incorrect"):
        if (n := int((rows["label"] == kind).sum())) < _FEW:
            yield (
                f"{task}: {n} of the labels are {kind}. Intervals of numbers that rest on so few are rough; label more"
                " answers."
            )


def _codes(outcomes: pd.Series) -> np.ndarray:
    return outcomes.map(_GRADES).fillna(_NOT_ATTEMPTED).to_numpy(dtype=np.int64)


def _verdicts(outcomes: pd.Series) -> Judgements:
    from calibench.metrics.corrected import Judgements

    return Judgements((outcomes == "correct").to_numpy(), (outcomes == "incorrect").to_numpy())


def _agreement(task: str, protocol: str, rows: pd.DataFrame, seed: int) -> Iterator[Metric]:
    from calibench.metrics.grader_errors import CONVENTIONS, INTERVALS, REASONS, grader_errors
    from calibench.metrics.measure import Group, metric_row
    from calibench.metrics.scorecard import random_source

    group = Group(task, protocol, "none", "all")
    cluster = np.unique(rows["cluster"], return_inverse=True)[1]
    found = grader_errors(
        _codes(rows["outcome"]), _codes(rows["label"]), cluster, len(get_args(Label)), rng=random_source(seed, group)
    )
    for name, e in found.estimates.items():
        yield metric_row(group, name, e, CONVENTIONS[name], INTERVALS[name], REASONS[name])


def _counts(task: str, protocol: str, rows: pd.DataFrame) -> Iterator[LabelCount]:
    grades, of_labels = _codes(rows["outcome"]), _codes(rows["label"])
    for i, grade in enumerate(get_args(Label)):
        for j, label in enumerate(get_args(Label)):
            n = int(((grades == i) & (of_labels == j)).sum())
            yield LabelCount(task=task, protocol=protocol, grade=grade, label=label, n=n)


def _numbers(
    frame: pd.DataFrame, found: pd.DataFrame, estimator: Estimator, seed: int, *, withheld: bool
) -> Iterator[CorrectedNumber]:
    """Of one task and protocol; where they are withheld, the labelled answers are no random sample."""
    from calibench.metrics import corrected
    from calibench.metrics.estimate import Estimate
    from calibench.metrics.measure import Group, metric_row
    from calibench.metrics.measures import NO_METHOD
    from calibench.metrics.scorecard import random_source, scorecard

    graded = {
        (m.method, m.metric): m for m in scorecard(frame, seed=seed).metrics if m.subset == "all" and m.task != "macro"
    }
    task, protocol = str(frame["task"].iloc[0]), str(frame["protocol"].iloc[0])
    for method, rows in frame.groupby("method", sort=True):
        group = Group(task, protocol, str(method), "all")
        rng = random_source(seed, group._replace(method=NO_METHOD))  # the same for all, as their accuracy is
        answers = _graded(rows)
        if estimator == "rectified":
            of = rows[label_table.KEY].reset_index(drop=True).reset_index().merge(found, on=label_table.KEY)
            if of.empty:
                continue
            estimates = corrected.rectified(answers, of["index"].to_numpy(), _verdicts(of["label"]), rng=rng)
        else:
            cluster = np.unique(found["cluster"], return_inverse=True)[1]
            grades, of_labels = _verdicts(found["outcome"]), _verdicts(found["label"])
            estimates = corrected.inverted(answers, grades, of_labels, cluster, rng=rng)
        for name, e in estimates.items():
            if own := graded.get((str(method), name)):
                convention = f"{corrected.CONVENTIONS[estimator]}; {own.convention.partition('; 95 % interval')[0]}"
                reason = _WITHHELD if withheld else corrected.REASONS[estimator]
                e = Estimate(np.nan, n_used=e.n_used, n_total=e.n_total) if withheld else e
                row = metric_row(group, name, e, convention, corrected.INTERVALS[estimator][name], reason)
                yield CorrectedNumber(graded=own, corrected=row)


def _graded(rows: pd.DataFrame) -> Graded:
    from calibench.metrics.corrected import Graded

    known = rows["value"].where(rows["status"] == "ok")
    cluster = np.unique(rows["cluster"], return_inverse=True)[1]
    return Graded(
        known.to_numpy(dtype=np.float64, na_value=np.nan), _verdicts(rows["outcome"]), cluster, int(cluster.max()) + 1
    )
