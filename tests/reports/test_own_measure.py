"""A measure of one's own is one function and one row: it stands in scorecards, comparisons and their pages."""

import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace
from synthetic_run import build
from test_html import Page

from calibench.metrics import measures
from calibench.metrics.compare import compare
from calibench.metrics.estimate import BOOTSTRAP
from calibench.metrics.measure import Measure
from calibench.metrics.scorecard import scorecard
from calibench.reports import formats, tables
from calibench.reports.comparison import comparison_report
from calibench.reports.run import run_report
from calibench.results import Comparison


def confidence_of_errors(sample) -> float:
    """Mean confidence of wrong answers."""
    wrong = sample.confidence[sample.has("incorrect")]
    return float(wrong.mean()) if len(wrong) else np.nan


def _resampled(resampled) -> np.ndarray:
    wrong = resampled.levels.wrong[:, 1:]
    return resampled.levels.confidence @ wrong / wrong.sum(axis=0)


ROW = Measure(
    "confidence_of_errors",
    "scored",
    confidence_of_errors,
    "mean confidence of incorrect answers",
    "all these answers are correct",
    heading="Sure errors",
    better="lower",
    place=9,
    interval=BOOTSTRAP,
    replicates=_resampled,
)


def frame(lift: float) -> pd.DataFrame:
    """Two tasks; wrong answers are as sure as `lift` says."""
    rng = np.random.default_rng(0)
    right = rng.random(240) < 0.5
    return pd.DataFrame({
        "task": np.repeat(["sums", "claims"], 120), "protocol": "stated", "draw": 0, "method": "stated",
        "question_id": np.tile([f"q{i}" for i in range(120)], 2), "status": "ok", "domain": "math",
        "value": np.where(right, 0.9, lift) - 0.1 * rng.random(240),
        "outcome": np.where(right, "correct", "incorrect"), "subject": None, "level": None, "cluster": None,
    })  # fmt: skip


@pytest.fixture
def own(monkeypatch):
    monkeypatch.setitem(measures.MEASURES, ROW.name, ROW)
    frames = {"sure": frame(0.9), "careful": frame(0.4)}
    runs = [replace(build(name), scorecard=scorecard(of, resamples=100)) for name, of in frames.items()]
    differences = compare(frames, [("sure", "careful")], resamples=100)
    pairs = (("sure", "careful"),)
    return Comparison(runs=tuple(runs), baseline="sure", pairs=pairs, differences=tuple(differences))


def test_a_row_stands_in_scorecard_and_comparison(own):
    found = {(m.task, m.metric): m for m in own.runs[0].scorecard.metrics}
    for task in ("sums", "claims", "macro"):
        row = found[task, ROW.name]
        assert row.low < row.value < row.high
        assert row.value == pytest.approx(0.85, abs=0.02)
    verdicts = {(d.task, d.metric): d.verdict for d in own.differences}
    assert {verdicts[task, ROW.name] for task in ("sums", "claims", "macro")} == {"better"}


def test_a_row_stands_in_pages_and_tables(own):
    page = run_report(own.runs[0])
    assert "Sure errors" in Page(page).text
    assert "mean confidence of incorrect answers" in page
    compared = Page(comparison_report(own)).text
    assert compared.count("Sure errors") >= 3  # headline, steps, every difference
    assert "Sure errors" in formats.markdown(tables.headline_table({"own": own.runs[0].scorecard}))
    assert "confidence_of_er" in tables.comparison_text(own)
