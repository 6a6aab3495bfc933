"""Reliability bins by hand."""

import numpy as np
import pytest

from calibench.metrics.bootstrap import wilson_interval
from calibench.metrics.calibration import equal_width_bins
from calibench.metrics.reliability import reliability_bins


def bins_of(confidence, correct, cluster=None):
    confidence, correct = np.array(confidence, dtype=float), np.array(correct, dtype=bool)
    cluster = np.arange(len(confidence)) if cluster is None else np.array(cluster)
    rng = np.random.default_rng(0)
    bins = equal_width_bins(confidence)
    units = np.array([len(np.unique(cluster[bins == k])) for k in range(10)])
    return reliability_bins(
        confidence, correct, units, bin_accuracy=rng.random((200, 10)), simulated=np.tile(np.arange(10), (200, 1))
    )


def test_counts_means_and_edges():
    bins = bins_of([0.3, 0.25, 0.95, 1.0, 0.0], [True, False, True, True, False])
    assert [b.n for b in bins] == [1, 0, 2, 0, 0, 0, 0, 0, 0, 2]
    assert [(b.low, b.high) for b in bins] == [(k / 10, (k + 1) / 10) for k in range(10)]
    third = bins[2]
    assert (third.confidence, third.accuracy, third.n_correct, third.n_incorrect) == (0.275, 0.5, 1, 1)
    assert bins[9].confidence == pytest.approx(0.975)


def test_empty_bin_has_no_numbers():
    empty = bins_of([0.95], [True])[4]
    assert empty.n == 0
    assert {empty.confidence, empty.accuracy, empty.accuracy_low, empty.accuracy_high} == {None}
    assert {empty.noise_low, empty.noise_high} == {None}


def test_one_row_per_cluster_gets_the_wilson_interval():
    nine = bins_of([0.9] * 10, [True] * 7 + [False] * 3)[8]
    assert (nine.accuracy_low, nine.accuracy_high) == wilson_interval(7, 10)


def test_several_rows_per_cluster_get_the_bootstrap_interval():
    clustered = bins_of([0.9] * 4, [True, False, True, False], [0, 0, 1, 1])[8]
    replicates = np.random.default_rng(0).random((200, 10))[:, 8]
    assert (clustered.accuracy_low, clustered.accuracy_high) == pytest.approx(np.quantile(replicates, [0.025, 0.975]))


def test_noise_band_is_the_central_share_of_simulated_accuracies():
    top = bins_of([0.95] * 10, [True] * 10)[9]
    assert (top.noise_low, top.noise_high) == (0.9, 0.9)
