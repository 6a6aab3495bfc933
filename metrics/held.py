"""Whether a verdict on two runs holds when the question for the confidence is worded otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from calibench.metrics.compare import JudgedChange, changes, judge
from calibench.metrics.measures import MEASURES, main
from calibench.records import WORDING
from calibench.results import Difference, HeldVerdict

if TYPE_CHECKING:
    import pandas as pd

_KEY = ("run_a", "run_b", "task", "protocol", "method", "metric")


def held_verdicts(
    frames: Mapping[str, pd.DataFrame],
    pairs: Sequence[tuple[str, str]],
    *,
    seed: int = 0,
    resamples: int = 1000,
    margin: float = 0.02,
) -> tuple[HeldVerdict, ...]:
    """Every verdict on confidences, under each wording that both runs of a pair were asked in.

    A wording makes the comparison that `metrics.compare.compare` makes of the runs, with its confidences in the place
    of those of the method's own wording; methods that have it in one run only stay as they are.

    Args:
        frames: as for `compare`, with methods such as `asked#2` for other wordings of `asked`.
        pairs, seed, resamples, margin: as for `compare`.
    """
    found = changes(frames, pairs, list(main()), seed=seed, resamples=resamples, margin=margin)
    own = [change for change in found if WORDING not in change.row["method"]]
    worded: dict[int, dict[tuple, JudgedChange]] = {}
    for change in found:
        method, _, number = change.row["method"].partition(WORDING)
        if number:
            worded.setdefault(int(number), {})[_key(change.row | {"method": method})] = change
    verdicts = [judge(own, margin)]
    verdicts += [judge([of.get(_key(c.row), c) for c in own], margin) for _, of in sorted(worded.items())]
    return tuple(
        _held(differences)
        for differences in (
            [first, *(d for d in others if WORDING in d.method)] for first, *others in zip(*verdicts, strict=True)
        )
        if len(differences) > 1 and MEASURES[differences[0].metric].population == "scored"
    )


def _key(row: dict) -> tuple:
    return tuple(row[name] for name in _KEY)


def _held(differences: Sequence[Difference]) -> HeldVerdict:
    first = differences[0]
    return HeldVerdict(
        **{name: getattr(first, name) for name in _KEY},
        verdict=first.verdict,
        holds=sum(d.verdict == first.verdict for d in differences),
        differences=tuple(differences),
    )
