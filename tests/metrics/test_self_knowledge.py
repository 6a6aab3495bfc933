"""Self-knowledge beyond difficulty, on runs whose self-knowledge is known, and against plain loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibench.metrics.discrimination import auroc, stratified_auroc
from calibench.metrics.question_baseline import logistic
from calibench.metrics.self_knowledge import self_knowledge

ROWS = st.lists(st.tuples(st.integers(0, 10), st.booleans(), st.integers(0, 3)), min_size=1, max_size=40)


@given(ROWS)
def test_only_pairs_of_one_stratum_count(rows):
    confidence, correct, stratum = (np.array(column) for column in zip(*rows, strict=True))
    won = [
        (c > d) + (c == d) / 2
        for c, right, s in rows
        for d, other, t in rows
        if right and not other and s == t
    ]  # fmt: skip
    found = stratified_auroc(confidence / 10, correct, stratum)
    assert found == pytest.approx(np.mean(won) if won else np.nan, nan_ok=True)
    assert stratified_auroc(confidence / 10, correct, 0 * stratum) == pytest.approx(
        auroc(confidence / 10, correct), nan_ok=True
    )


def simulated(rng, *, questions=300, others=2, known=0.0, difficulty=None, draws=1):
    """Frames of one run `A` and of others on questions that are hard, even or easy.

    The confidence of A is the chance of being right, and by `known` nearer to what the answer turned out to be.
    """
    hard = rng.choice([0.1, 0.5, 0.9], questions) if difficulty is None else difficulty
    frames = {}
    for name in ("A", *(f"other {i}" for i in range(others))):
        right = rng.random((questions, draws)) < hard[:, None]
        value = (1 - known) * hard[:, None] + known * (0.5 + rng.normal(0.3 * (2 * right - 1), 0.2))
        frames[name] = pd.DataFrame(
            {
                "task": "sums", "protocol": "stated", "method": "stated", "domain": "math", "subject": None,
                "level": np.repeat((10 * hard).astype(int), draws), "cluster": None, "status": "ok",
                "question_id": np.repeat([f"q{i}" for i in range(questions)], draws),
                "draw": np.tile(range(draws), questions),
                "value": np.clip(value, 0, 1).ravel(),
                "outcome": np.where(right, "correct", "incorrect").ravel(),
            }
        )  # fmt: skip
    return frames


def numbers(frames, run="A", task="sums", resamples=100, **options):
    card = self_knowledge(frames, resamples=resamples, **options)[run]
    return {m.metric: m for m in card.metrics if m.task == task}


def test_confidence_that_is_only_the_difficulty_knows_nothing_beyond_it():
    """The level is the difficulty, so that the question alone says as much as the confidence.

    AUROC of the three difficulties: 1.925 / 2.25, by counting pairs.
    """
    found = [numbers(simulated(np.random.default_rng(seed), others=6, draws=4), resamples=2) for seed in range(4)]
    for name, expected, near in (
        ("auroc", 0.856, 0.02), ("auroc_within_difficulty", 0.5, 0.03), ("auroc_of_question", 0.856, 0.02),
        ("auroc_beyond_question", 0.0, 0.01), ("auroc_beyond_others", 0.0, 0.01),
    ):  # fmt: skip
        assert np.mean([n[name].value for n in found]) == pytest.approx(expected, abs=near), name


def test_self_knowledge_is_kept_and_intervals_hold_it():
    """Two normals 3 deviations apart, of right and of wrong answers: AUROC 0.983, however hard the questions."""
    found = [numbers(simulated(np.random.default_rng(seed), known=1.0)) for seed in range(10)]
    values = [n["auroc_within_difficulty"].value for n in found]
    assert np.mean(values) == pytest.approx(0.983, abs=0.008)
    held = sum(n["auroc_within_difficulty"].low < 0.983 < n["auroc_within_difficulty"].high for n in found)
    assert held >= 8
    for name in ("auroc_beyond_question", "auroc_beyond_others"):
        assert all(n[name].low > 0 for n in found), name


def test_difficulty_that_the_shares_of_two_runs_hide_is_no_self_knowledge():
    """All confidences follow a difficulty of which two verdicts tell little: within their shares that looks like
    knowledge, and the other runs' confidences show that it is none."""
    found = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        found.append(numbers(simulated(rng, difficulty=rng.uniform(0.05, 0.95, 300))))
    assert np.mean([n["auroc_within_difficulty"].value for n in found]) > 0.7
    assert [n["auroc_beyond_others"].value for n in found] == pytest.approx([0.0] * 5, abs=1e-12)


def test_the_share_of_the_others_itself_has_exactly_half():
    frames = simulated(np.random.default_rng(0), others=3)
    rest = [frames[name].set_index("question_id")["outcome"] == "correct" for name in frames if name != "A"]
    frames["A"]["value"] = frames["A"]["question_id"].map(sum(of.astype(float) for of in rest) / 3)
    assert numbers(frames)["auroc_within_difficulty"].value == 0.5


def test_the_interval_of_nothing_known_holds_half():
    """Several draws of a question are resampled together."""
    held = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        frames = simulated(rng, questions=60, draws=4, difficulty=np.full(60, 0.5))
        frames["A"]["value"] = np.repeat(rng.random(60).round(1), 4)
        found = numbers(frames)["auroc_within_difficulty"]
        held += found.low < 0.5 < found.high
    assert held >= 17


def test_what_failed_or_is_not_in_every_run_is_left_out():
    frames = simulated(np.random.default_rng(0), questions=50)
    frames["other 0"] = frames["other 0"].iloc[:40]
    frames["other 1"].loc[0, "outcome"] = "failed"
    frames["other 1"].loc[1, "outcome"] = "unparsed"
    found = numbers(frames)
    assert {m.n_used for m in found.values()} == {39}
    assert self_knowledge({name: frames[name] for name in ("A", "other 0")}) == {}, "one other run is no share"


def test_without_anything_known_of_the_questions_the_baseline_is_undefined_with_a_reason():
    frames = {name: frame.assign(level=None) for name, frame in simulated(np.random.default_rng(0)).items()}
    found = numbers(frames)
    assert found["auroc_within_difficulty"].value is not None
    assert found["auroc_of_question"].value is None
    assert "nothing known of the questions" in found["auroc_of_question"].reason
    lengths = {("sums", f"q{i}"): 10 + i for i in range(300)}
    assert numbers(frames, lengths=lengths)["auroc_of_question"].value is not None


def test_a_baseline_without_anything_to_see_is_at_half():
    """Pairs within a fold: over all folds, one that had more right answers left out would be guessed lower."""
    values = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        frames = {name: frame.assign(level=rng.integers(1, 6, 100)) for name, frame in
                  simulated(rng, questions=100, difficulty=np.full(100, 0.5)).items()}  # fmt: skip
        value = numbers(frames, resamples=2)["auroc_of_question"].value
        values.append(value)
    assert np.mean(values) == pytest.approx(0.5, abs=0.04)


def test_the_baseline_is_scikit_learns_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    features, right, wrong = rng.normal(size=(40, 3)), rng.integers(0, 4, 40), rng.integers(0, 3, 40)
    model = LogisticRegression(tol=1e-10, max_iter=10_000).fit(
        np.tile(features, (2, 1)), np.repeat([True, False], 40), np.concatenate([right, wrong])
    )
    expected = [*model.coef_[0], model.intercept_[0]]
    np.testing.assert_allclose(logistic(features, right, wrong), expected, atol=1e-6)


def test_the_mean_weighs_tasks_alike():
    frames = {}
    one, two = (simulated(np.random.default_rng(seed), questions=n, known=0.3) for seed, n in ((0, 200), (1, 50)))
    for name in one:
        frames[name] = pd.concat([one[name], two[name].assign(task="terms")], ignore_index=True)
    for name in ("auroc_within_difficulty", "auroc_beyond_question"):
        mean = numbers(frames, task="macro")[name]
        assert mean.value == pytest.approx(
            (numbers(frames)[name].value + numbers(frames, task="terms")[name].value) / 2
        )
        assert mean.low < mean.value < mean.high
