"""The confidence methods of one run held against each other, on the same answers: `calibench compare RUN --methods`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from calibench.analysis.recalibrate import measures_of_confidences
from calibench.errors import InputError
from calibench.errors.working import stage
from calibench.results.differences import MethodComparison
from calibench.store import RunFile

if TYPE_CHECKING:
    import pandas as pd

_KEY = ["task", "protocol", "question_id", "draw"]


def compare_methods(
    run: RunFile, methods: Sequence[str] | None = None, *, margin: float = 0.02, seed: int = 0
) -> MethodComparison:
    """What changes with the confidence method, of every two methods, on the answers that both have a confidence for.

    Args:
        run: read only.
        methods: those that are compared; None: all that the run has.
        margin: differences that are smaller do not matter.
        seed: of the bootstrap.

    Returns:
        Differences for every pair, task and protocol, and as a mean over tasks (`macro`), of the measures that are of
        confidences alone; `run_a` and `run_b` name the methods, and so does `method` the second. Paired by answer,
        resampled by question with all its draws, `p_holm` corrected over all pairs, tasks and measures; see
        `metrics.compare`.

    Raises:
        InputError: fewer than two methods, an unknown one, or no two that share an answer.
    """
    from calibench.metrics.compare import changes, judge
    from calibench.metrics.measures import infos

    frame = run.frame()
    known = sorted({str(method) for method in frame["method"]} - {"none"})
    chosen = list(dict.fromkeys(methods)) if methods else known
    for method in chosen:
        if method not in known:
            has = ", ".join(known) or "none"
            raise InputError(f"{run.path.parent}: no confidences by {method!r}; this run has: {has}")
    if len(chosen) < 2:
        raise InputError(
            f"{run.path.parent}: expected two confidence methods or more, found {', '.join(chosen) or 'none'};"
            " the command that made the run adds others by --confidence"
        )
    stage(f"comparing {len(chosen)} methods")
    scored = frame[frame["value"].notna() & (frame["status"] == "ok") & frame["outcome"].isin(["correct", "incorrect"])]
    found = []
    for a, b in combinations(chosen, 2):
        frames = _same_answers(scored, a, b)
        if not frames[a].empty:
            found += changes(frames, [(a, b)], measures_of_confidences(), seed=seed, resamples=1000, margin=margin)
    if not found:
        raise InputError(f"{run.path.parent}: no graded answer has confidences by two of {', '.join(chosen)}")
    return MethodComparison(methods=tuple(chosen), differences=tuple(judge(found, margin)), measures=infos())


def _same_answers(scored: pd.DataFrame, a: str, b: str) -> dict[str, pd.DataFrame]:
    """Method -> its rows of the answers that both have a confidence for, under the name of the second."""
    rows = {name: scored[scored["method"] == name].set_index(_KEY, drop=False) for name in (a, b)}
    shared = rows[a].index.intersection(rows[b].index)
    return {name: of.loc[shared].reset_index(drop=True).assign(method=b) for name, of in rows.items()}
