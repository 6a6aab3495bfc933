"""The report of shards that stay apart: the numbers of the run that they are parts of, without a file or a table that
holds all of it."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibench.analysis.spending import counted_spending
from calibench.analysis.spreads import counted_spread
from calibench.errors import IdentityError, InputError
from calibench.errors.secrets import masked
from calibench.errors.working import stage
from calibench.results import OutcomeCount, RunSummary, Spending, Spread
from calibench.results.thinking import is_whole
from calibench.running.merging import checked_shards
from calibench.store import FILE_NAME, locked
from calibench.store.apart import FilesApart

if TYPE_CHECKING:
    from calibench.metrics.apart import Part
    from calibench.metrics.histogram import Histogram
    from calibench.records import Domain

NOT_THERE = (
    "examples of answers, label mass, thresholds, lengths, token budgets, seconds, wordings, confidence targets,"
    " thinking budgets, looks of a stopping rule, agreement with a judge, differences of methods, diagrams of subjects"
    " and levels"
)
"""What a report has that needs the answers themselves."""


def report_apart(
    shards: Sequence[str | Path], out: str | Path, *, partial: bool = False
) -> tuple[RunSummary, list[str]]:
    """Scores shards together, and writes `scorecard.json` and `report.html` of all of them.

    Args:
        shards, partial: as of `calibench.running.merging.merge`, which refuses the same.
        out: folder of the report.

    Returns:
        What the report shows, and what a reader must know of the shards.

    Raises:
        InputError: also where no generation is graded.
        IdentityError: also where `out` holds a run.
        RunFileError, StorageError: as `merge`.
    """
    from calibench.analysis.report import publish

    if (Path(out) / FILE_NAME).exists():
        raise IdentityError(f"{out} holds a run, and its report is left as it is; choose another --out")
    found = checked_shards(shards, partial=partial)
    lock = locked(Path(out), f"{out}: another calibench process is writing here")  # before the work, and not after it
    try:
        stage(f"scoring {len(found.files)} shards")
        with FilesApart(found.files) as files:
            summary = _summary(files, masked(found.manifest))
        publish(summary, Path(out))
    finally:
        os.close(lock)
    return summary, found.notes


def _summary(files: FilesApart, manifest: dict[str, Any]) -> RunSummary:
    from calibench.metrics.apart import MethodRows, scorecard_apart

    keys = [key for key in files.methods() if is_whole(key[1])]
    if not keys:
        raise InputError("the shards hold no graded generation of a whole reasoning; expected some to score")
    domains = {task: files.domain(task) for task, _, _ in keys}
    rows = (MethodRows(*key, functools.partial(_parts, files, key)) for key in keys)
    found = scorecard_apart(rows, domains)
    note = f"Scored from sums over shards that stay apart, so that this page is without {NOT_THERE}"
    if found.left_out:
        note += f"; and without the metrics {', '.join(found.left_out)}"
    return RunSummary(
        name=manifest["name"],
        kind=manifest["kind"],
        model=manifest["model"]["name"],
        manifest={**manifest, "notes": [*manifest["notes"], note]},
        scorecard=found.scorecard,
        counts=tuple(_counts(files, keys, domains)),
        gallery=None,
        spending=tuple(_spending(files, keys)),
        spreads=tuple(filter(None, map(_spread, found.histograms.items()))),
    )


def _spread(of_method: tuple[tuple[str, str, str], Histogram]) -> Spread | None:
    key, found = of_method
    return counted_spread(*key, *found.values(), exact=found.exact)


def _parts(files: FilesApart, key: tuple[str, str, str]) -> Iterator[Part]:
    from calibench.metrics.apart import Part
    from calibench.metrics.sample import Sample

    for rows in files.rows(*key):
        n_clusters = int(rows.cluster[-1]) + 1
        sample = Sample(rows.value, rows.outcome, rows.cluster, n_clusters, rows.question)
        yield Part(sample, rows.subject, rows.level)


def _spending(files: FilesApart, keys: Sequence[tuple[str, str, str]]) -> Iterator[Spending]:
    for task, protocol in dict.fromkeys(key[:2] for key in keys):
        if counts := files.tokens(task, protocol):
            yield counted_spending(task, protocol, counts)


def _counts(
    files: FilesApart, keys: Sequence[tuple[str, str, str]], domains: dict[str, Domain]
) -> Iterator[OutcomeCount]:
    for task, protocol in dict.fromkeys(key[:2] for key in keys):
        methods = [method for *of, method in keys if of == [task, protocol] and method != "none"]
        yield OutcomeCount(
            task=task,
            protocol=protocol,
            domain=domains[task],
            outcomes=files.outcomes(task, protocol),
            confidences={
                method: found for method in methods if any((found := files.statuses(task, protocol, method)).values())
            },
        )
