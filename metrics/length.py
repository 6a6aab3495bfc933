"""Accuracy and confidence by the length of answers: does a model that writes more know better, or only seem to?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calibench.metrics.measure import Group, estimates, metric
from calibench.metrics.measures import MEASURES
from calibench.metrics.resampled import resample
from calibench.metrics.sample import sample_of
from calibench.results.plots import LengthBin

if TYPE_CHECKING:
    import pandas as pd

BINS = 8
MIN_ANSWERS = 10
"""In a bin, on average; of fewer answers there are fewer bins."""


def by_length(rows: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> tuple[LengthBin, ...]:
    """Bins of equal mass by generated tokens, reasoning included; answers of equal length stay together.

    Args:
        rows: of one task, protocol and method, with `metrics.sample.COLUMNS`, `reasoning_tokens` and `answer_tokens`.
            Those that are not graded, or have no confidence or no known length, are left out.
        seed: of the bootstrap over questions that the intervals are of.

    Returns:
        From the shortest answers to the longest; empty if no answer is left.
    """
    tokens = (rows["reasoning_tokens"].fillna(0) + rows["answer_tokens"]).to_numpy(dtype=float)
    whole = sample_of(rows)
    used = whole.rows("scored") & np.isfinite(tokens)
    sample, tokens = whole.take(used), tokens[used]
    if not len(tokens):
        return ()
    n_bins = max(1, min(BINS, len(tokens) // MIN_ANSWERS))
    edges = np.unique(np.quantile(tokens, np.arange(1, n_bins) / n_bins))
    bins = np.searchsorted(edges, tokens, side="left")
    measures = [MEASURES[name] for name in ("accuracy_answered", "mean_confidence")]
    found = []
    for k in np.unique(bins):
        part, lengths = sample.take(bins == k), tokens[bins == k]
        resampled = resample([part], resamples, np.random.default_rng([seed, k]))[0]
        of = estimates(measures, part, resampled)
        accuracy, confidence = (metric(Group("", "", "", ""), m, of[m.name]) for m in measures)
        assert accuracy.value is not None
        assert confidence.value is not None
        found.append(
            LengthBin(
                tokens_low=lengths.min(),
                tokens_high=lengths.max(),
                tokens=lengths.mean(),
                n=len(lengths),
                accuracy=accuracy.value,
                accuracy_low=accuracy.low,
                accuracy_high=accuracy.high,
                confidence=confidence.value,
                confidence_low=confidence.low,
                confidence_high=confidence.high,
            )
        )
    return tuple(found)
