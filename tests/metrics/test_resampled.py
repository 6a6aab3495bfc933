"""Resamples of whole clusters: what they give is the measure of the repeated rows."""

import numpy as np
import pytest

from calibench.metrics.bootstrap import draws
from calibench.metrics.discrimination import auroc
from calibench.metrics.measures import MEASURES
from calibench.metrics.resampled import resample
from calibench.metrics.sample import Sample


def sample_of(confidence, correct, cluster=None) -> Sample:
    cluster = np.arange(len(confidence)) if cluster is None else cluster
    return Sample(confidence, np.where(correct, 0, 1), cluster, int(cluster.max()) + 1, cluster)


def test_auroc_of_resamples_is_that_of_the_repeated_rows():
    rng = np.random.default_rng(3)
    confidence, correct, cluster = rng.integers(0, 11, 40) / 10, rng.random(40) < 0.6, np.repeat(np.arange(10), 4)
    (counts,) = draws(10, 20, np.random.default_rng(4))
    (resampled,) = resample([sample_of(confidence, correct, cluster)], 20, np.random.default_rng(4))
    found = MEASURES["auroc"].replicates(resampled)
    for r in range(20):
        taken = np.repeat(np.arange(40), counts[cluster, r].astype(int))
        assert found[r] == pytest.approx(auroc(confidence[taken], correct[taken]), nan_ok=True)


def test_levels_of_the_sample_itself_come_first_and_stay_within_1e_5_of_its_auroc():
    """Of more distinct values than there are levels."""
    rng = np.random.default_rng(4)
    confidence = rng.beta(5, 1, 10_000)
    correct = rng.random(10_000) < confidence
    (resampled,) = resample([sample_of(confidence, correct)], 1, rng)
    itself = resampled._replace(levels=resampled.levels._replace(
        right=resampled.levels.right[:, [0, 0]], wrong=resampled.levels.wrong[:, [0, 0]]
    ))  # fmt: skip
    assert len(itself.levels.confidence) < 10_000
    assert MEASURES["auroc"].replicates(itself) == pytest.approx(auroc(confidence, correct), abs=1e-5)
