"""A small ensemble of a run's confidence methods: `calibench report RUN --ensemble asked,p_true`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from calibench.errors import InputError, unknown_name

if TYPE_CHECKING:
    import pandas as pd

ENSEMBLE = "ensemble"
"""The name of its method."""
_KEY = ["task", "protocol", "question_id", "draw"]
"""In the order of a frame's rows."""


def note(names: Sequence[str]) -> str:
    """What a reader must know of its numbers."""
    return (
        f"{ENSEMBLE} joins {', '.join(names)} by a logistic model of each task, fitted on other questions of this run"
        " (ten folds). Its AUROC can be compared; its calibration error is flattered, as its models are fitted to the"
        " accuracy of these answers."
    )


def with_ensemble(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The rows of a run and, as method `ensemble`, those of an ensemble; see `metrics.ensemble`.

    Args:
        frame: of `RunFile.frame`.
        names: its members, methods of the run. An answer has its confidence where it has all of theirs.

    Raises:
        InputError: fewer than two members, one that the run does not have, or a run whose answers fit no ensemble.
    """
    import pandas as pd

    from calibench.metrics.ensemble import cross_fitted

    known = sorted({*frame["method"].unique()} - {"none"})
    names = list(dict.fromkeys(names))
    if missing := [name for name in names if name not in known]:
        raise unknown_name("confidence method of this run", missing[0], known)
    if len(names) < 2:
        raise InputError(f"--ensemble: expected two confidence methods or more, found {', '.join(names) or 'none'}")
    if ENSEMBLE in known:
        raise InputError(f"--ensemble: expected a run without a method of that name, found one with {ENSEMBLE}")
    read = frame[frame["status"] == "ok"].pivot(index=_KEY, columns="method", values="value").reindex(columns=names)
    added = []
    for _, rows in frame.drop_duplicates(_KEY).groupby(["task", "protocol"]):
        members = read.reindex(pd.MultiIndex.from_frame(rows[_KEY])).to_numpy()
        graded = rows["outcome"].isin(["correct", "incorrect"])
        value = cross_fitted(members, rows["correct"], graded, rows["cluster"])
        added.append(rows.assign(method=ENSEMBLE, value=value, status="ok"))
        added[-1].loc[added[-1]["value"].isna(), "status"] = "missing"
    found = pd.concat(added)
    if found["value"].isna().all():
        raise InputError(
            f"--ensemble: expected answers with confidences by all of {', '.join(names)}, right and wrong ones in each"
            " of two questions or more; found too few"
        )
    return pd.concat([frame, found]).sort_values([*_KEY, "method"], kind="stable", ignore_index=True)
