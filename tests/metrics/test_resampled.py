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


def test_many_clusters_of_one_row_are_resampled_by_kind_with_the_spread_of_the_closed_form():
    """Their standard errors: of a share sqrt(p (1 - p) / n), of a mean s / sqrt(n); known to 1.6 %."""
    rng = np.random.default_rng(5)
    n = 150_000
    confidence, outcome = rng.random(n), rng.integers(0, 3, n).astype(np.int8)
    sample = Sample(np.where(rng.random(n) < 0.1, np.nan, confidence), outcome, rng.permutation(n), n, np.arange(n))
    first, same = resample([sample, sample], 2000, np.random.default_rng(6))
    scored, right = sample.rows("scored"), sample.has("correct")
    p, error = right[scored].mean(), (sample.confidence - right)[scored]
    assert first.ratio("right", "scored").std() == pytest.approx(np.sqrt(p * (1 - p) / scored.sum()), rel=0.08)
    assert first.ratio("right", "scored").mean() == pytest.approx(p, abs=1e-4)
    gap = first.ratio("confidence", "scored") - first.ratio("right", "scored")
    assert gap.std() == pytest.approx(error.std() / np.sqrt(scored.sum()), rel=0.08)
    assert first.gaps.observed.sum() == pytest.approx(error.mean(), abs=1e-12)
    assert first.gaps.replicates.mean(axis=0) == pytest.approx(first.gaps.observed, abs=1e-4)
    assert (first.levels.right[:, 0].sum(), first.levels.wrong[:, 0].sum()) == pytest.approx(
        (right[scored].sum(), (~right)[scored].sum())
    )
    assert (first.total["attempted"] == n).all()
    assert all((first.total[name] == same.total[name]).all() for name in first.total)


def test_many_clusters_that_differ_are_resampled_one_by_one():
    """Of two samples with unrelated confidences, as good as every cluster is of a kind of its own."""
    rng = np.random.default_rng(7)
    n = 100_001
    samples = [sample_of(rng.random(n), rng.random(n) < 0.5) for _ in range(2)]
    (counts,) = draws(n, 3, np.random.default_rng(8))
    found = resample(samples, 3, np.random.default_rng(8))
    for sample, resampled in zip(samples, found, strict=True):
        assert (resampled.total["right"] == sample.has("correct") @ counts).all()
