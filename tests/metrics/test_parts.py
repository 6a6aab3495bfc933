"""The scorecard of rows that come a part at a time is that of all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibench.metrics import apart, measures, parts
from calibench.metrics.apart import MethodRows, Part, scorecard_apart
from calibench.metrics.histogram import Histogram
from calibench.metrics.measure import Measure
from calibench.metrics.sample import OUTCOMES, sample_of
from calibench.metrics.scorecard import scorecard

SIMULATED = "ece_noise_floor"
NEAR = {
    **dict.fromkeys(("ece", "mce", "signed_gap", "accuracy", "mean_confidence", "wqd"), 1e-9),
    "brier": 4e-5,
    "log_loss": 2e-4,
}
"""How far cells may move a metric; what is of order, of 2,000 rows, by some of them."""
BY_VALUE = {"distinct_confidences", "mode_share", "ece_per_value", "brier_reliability", "brier_resolution"}


def made(questions, draws, *, continuous=False, clusters=False, alike=False) -> pd.DataFrame:
    """Rows of two tasks of levels and subjects, in the order of clusters, with missing answers and confidences."""
    rng = np.random.default_rng(0)
    n = 2 * questions * draws
    question = np.repeat(np.arange(2 * questions), draws)
    confidence = np.clip(rng.beta(3, 2, 2 * questions)[question] + rng.normal(0, 0.1, n), 0, 1)
    right = alike | (rng.random(n) < confidence)
    missing = rng.random(n) < 0.05
    frame = pd.DataFrame({
        "task": np.where(question < questions, "sums", "words"),
        "protocol": "stated",
        "question_id": [f"q{i:06}" for i in question],
        "draw": np.tile(np.arange(draws), 2 * questions),
        "method": "stated",
        "value": np.where(missing, np.nan, confidence if continuous else confidence.round(2)),
        "status": np.where(missing, "missing", "ok"),
        "outcome": rng.choice(["unparsed", "failed", None], n, p=[0.05, 0.02, 0.93]),
        "domain": np.where(question < questions, "math", "fact"),
        "subject": np.where(question % 2, "Algebra", "Topology"),
        "level": np.where(question < questions, question % 3 + 1.0, np.nan),
        "cluster": [f"c{i // 3:06}" for i in question] if clusters else None,
    })  # fmt: skip
    frame["outcome"] = frame["outcome"].fillna(pd.Series(np.where(right, "correct", "incorrect")))
    return frame


def scored_apart(frame, at_once=50, **more):
    """In parts of so many clusters."""

    def parts_of(rows):
        unit = rows["cluster"].fillna(rows["question_id"])
        for some in np.array_split(unit.unique(), max(unit.nunique() // at_once, 1)):
            part = rows[unit.isin(some)]
            yield Part(sample_of(part), part["subject"].to_numpy(object), part["level"].to_numpy(float))

    rows = (MethodRows(*key, lambda of=of: parts_of(of)) for key, of in frame.groupby(["task", "protocol", "method"]))
    return scorecard_apart(rows, {"sums": "math", "words": "fact"}, **more)


def require_equal(whole, found, *, without=()):
    """But for resamples and simulations, whose ends are to be near."""
    metrics = [m for m in whole.metrics if m.metric not in without]
    for there, here in zip(metrics, found.metrics, strict=True):
        for name in ("task", "protocol", "method", "subset", "metric", "n_used", "n_total", "convention", "reason"):
            assert getattr(there, name) == getattr(here, name)
        if there.metric != SIMULATED:
            assert here.value == (there.value and pytest.approx(there.value, abs=1e-9))
        assert (there.low is None) == (here.low is None)
        if there.low is not None:
            assert [here.low, here.high] == pytest.approx([there.low, there.high], abs=0.35 * (there.high - there.low))
    for there, here in zip(whole.reliability, found.reliability, strict=True):
        assert [(b.n, b.n_correct, b.confidence and round(b.confidence, 9)) for b in there.bins] == [
            (b.n, b.n_correct, b.confidence and round(b.confidence, 9)) for b in here.bins
        ]
    for there, here in zip(whole.risk_coverage, found.risk_coverage, strict=True):
        assert [p.risk for p in here.points] == pytest.approx([p.risk for p in there.points], abs=1e-9)


@pytest.mark.parametrize(
    ("draws", "more"),
    [
        (1, {}),
        (1, {"continuous": True}),
        (1, {"alike": True}),
        (3, {}),
        (3, {"continuous": True}),
        (3, {"alike": True}),
        (1, {"clusters": True}),
        (2, {"clusters": True, "continuous": True}),
    ],
)
def test_values_are_those_of_all_rows_together_and_intervals_near_them(draws, more):
    frame = made(300, draws, **more)
    found = scored_apart(frame, resamples=500)
    assert found.left_out == ()
    require_equal(scorecard(frame, resamples=500), found.scorecard)


def test_many_answers_of_one_draw_have_the_very_resamples():
    frame = made(60_000, 1).assign(task="sums", level=None, subject="Algebra")
    whole, found = (
        of(frame, resamples=50) for of in (scorecard, lambda *a, **k: scored_apart(*a, at_once=9000, **k).scorecard)
    )
    for there, here in zip(whole.metrics, found.metrics, strict=True):
        if there.low is not None:
            assert [here.low, here.high] == pytest.approx([there.low, there.high], abs=1e-9)


def test_groups_for_which_there_is_no_room_are_resampled_later(monkeypatch):
    frame = made(60, 3)
    whole = scored_apart(frame, resamples=100).scorecard
    monkeypatch.setattr(apart, "_HELD", 1)
    assert scored_apart(frame, resamples=100).scorecard == whole


def test_a_resample_draws_as_many_clusters_as_there_are(monkeypatch):
    monkeypatch.setattr(parts, "_COUNTS", 100 * 7)  # of seven clusters at a time
    frame = made(100, 2).assign(outcome="correct")
    tally = parts.Tally(())
    sample = sample_of(frame)
    tally.add(sample)
    drawn = parts.PartsResampled(tally, 100, np.random.default_rng(0), simulated=False)
    drawn.add(sample)
    assert drawn.resampled().total["attempted"].tolist() == [400.0] * 100


@pytest.mark.parametrize("draws", [1, 2])
def test_beyond_the_most_values_near_ones_are_counted_together(monkeypatch, draws):
    frame = made(2000, draws, continuous=True)
    whole = scorecard(frame, resamples=100)
    monkeypatch.setattr(Histogram.__init__, "__defaults__", (100,))
    found = scored_apart(frame, resamples=100)
    assert set(found.left_out) == BY_VALUE
    values = {(m.task, m.subset, m.metric): m.value for m in found.scorecard.metrics}
    for m in whole.metrics:
        if m.metric not in BY_VALUE and m.metric != SIMULATED and m.value is not None:
            assert values[m.task, m.subset, m.metric] == pytest.approx(m.value, abs=NEAR.get(m.metric, 2e-3))


def test_cells_hold_near_values_of_one_bin():
    rng = np.random.default_rng(0)
    tiny = 10 ** rng.uniform(-8, 0, 20_000)
    confidence = np.sort(np.concatenate([rng.random(20_000), tiny, 1 - tiny, np.arange(11) / 10]))
    found = Histogram(10)
    found.add(confidence, np.full(len(confidence), OUTCOMES.index("correct")))
    keys = found.key(confidence)
    assert (np.diff(keys) >= 0).all()
    first = np.unique(keys, return_index=True)[1]
    low, high = confidence[first], confidence[np.r_[first[1:], len(keys)] - 1]
    assert (high - low).max() <= 2**-14
    assert ((high - low) / np.maximum(np.minimum(low, 1 - high), 2**-30)).max() <= 1.001 / 4096
    assert (np.ceil(np.round(low * 10, 9)) == np.ceil(np.round(high * 10, 9)))[1:].all()
    assert len(found.values()[0]) == len(first)


def test_a_metric_of_the_rows_themselves_is_left_out_by_name(monkeypatch):
    own = Measure("own", "scored", lambda s: float((s.confidence > 0.9).mean()), "a share")
    monkeypatch.setattr(measures, "CONFIDENCE_MEASURES", (*measures.CONFIDENCE_MEASURES, own))
    monkeypatch.setitem(measures.MEASURES, "own", own)
    found = scored_apart(made(20, 1), resamples=100)
    assert found.left_out == ("own",)
    assert "own" not in {m.metric for m in found.scorecard.metrics}
