"""Recalibration: golden values of published implementations, and that no map scores what it was fitted on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibench.metrics.calibration import expected_calibration_error
from calibench.metrics.discrimination import auroc
from calibench.metrics.proper import brier_score, log_loss
from calibench.metrics.recalibration import MAPS, MIN_QUESTIONS, TEMPERATURES, Unfit, fit, fit_half, transferred

OF_CONFIDENCE = [name for name, method in MAPS.items() if not method.of_features]
OF_FEATURES = [name for name, method in MAPS.items() if method.of_features]

# 40 answers of an over-confident model; no confidence lies on an edge of a bin, where conventions differ.
CONFIDENCE = np.array([
    .665, .795, .045, .795, .475, .515, .625, .295, .965, .075, .285, .385, .565, .415, .145, .065, .025, .065, .165,
    .975, .205, .645, .745, .245, .295, .435, .275, .955, .195, .885, .785, .835, .135, .395, .625, .495, .655, .665,
    .655, .075,
])  # fmt: skip
CORRECT = np.isin(np.arange(40), [1, 3, 6, 8, 11, 19, 22, 27, 28, 30, 37])
QUESTIONS = np.array([f"q{i}" for i in range(40)])
GRID = np.array([0.055, 0.305, 0.555, 0.805, 0.955])

# Each computed once on these 40 rows and this grid, by:
GOLDEN = {
    # scikit-learn 1.9.1, sklearn.calibration._TemperatureScaling on logit(confidence), probability of class 1
    "temperature": [0.0740745714, 0.3248728398, 0.5488891272, 0.7788942704, 0.9378064755],
    # scikit-learn 1.9.1, sklearn.calibration._SigmoidCalibration on logit(confidence)
    "platt": [0.0299467798, 0.1410572342, 0.2804144106, 0.5119606213, 0.8025554771],
    # scikit-learn 1.9.1, IsotonicRegression(out_of_bounds="clip")
    "isotonic": [0.0, 2 / 15, 2 / 15, 2 / 3, 1.0],
    # betacal 1.1.0, BetaCalibration("abm"), its logistic regression run without penalty and to convergence
    "beta": [0.0260135122, 0.1082465332, 0.2463410247, 0.5607975303, 0.9131571692],
    # netcal 1.4.0, binning.HistogramBinning(bins=10)
    "histogram": [0.0, 0.5, 0.0, 0.0, 1.0],
}


def others(n: int) -> np.ndarray:
    """Questions that no fit of these tests has seen."""
    return np.array([f"other {i}" for i in range(n)])


def same_rows(method: str, inputs, correct) -> np.ndarray:
    """A map applied to the very rows of its fit, which only a lie about their questions makes possible."""
    questions = [f"q{i}" for i in range(len(correct))]
    return fit(method, inputs, correct, questions)(inputs, others(len(correct)))


@st.composite
def answers(draw, least_values: int = 2):
    """Confidences in whole percents and correctness of both classes."""
    n = draw(st.integers(MIN_QUESTIONS, 60))
    values = st.integers(0, 100).map(lambda percent: percent / 100)
    confidence = draw(st.lists(values, min_size=n, max_size=n).filter(lambda c: len(set(c)) >= least_values))
    correct = draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda c: 0 < sum(c) < n))
    return np.array(confidence), np.array(correct)


@pytest.mark.parametrize("method", OF_CONFIDENCE)
def test_maps_equal_published_implementations(method):
    assert fit(method, CONFIDENCE, CORRECT, QUESTIONS)(GRID, others(5)) == pytest.approx(GOLDEN[method], abs=2e-7)


def mapped(method: str, inputs, correct, questions, seed=0):
    """One half mapped by what is fitted on the other: the mask of the scored rows, and the result."""
    to_fit = fit_half(questions, seed)
    known = inputs[to_fit], correct[to_fit], questions[to_fit]
    return ~to_fit, transferred(method, known, inputs[~to_fit], questions[~to_fit])


def test_a_planted_temperature_is_found_and_undone():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.07, 0.93, 20_000)
    correct = rng.random(20_000) < truth
    stated = 1 / (1 + ((1 - truth) / truth) ** 2.5)  # the logit times 2.5
    scored, found = mapped("temperature", stated, correct, np.arange(20_000))
    assert found.map.parameters["temperature"] == pytest.approx(2.5, rel=0.07)  # its standard error is 1.8 %
    assert expected_calibration_error(stated[scored], correct[scored]) > 0.08
    assert expected_calibration_error(found.confidence, correct[scored]) < 0.02


@pytest.mark.parametrize("method", MAPS)
def test_no_row_is_scored_by_a_map_that_saw_its_question(method):
    """Three draws a question."""
    rng = np.random.default_rng(1)
    questions = np.repeat([f"q{i}" for i in range(50)], 3)
    inputs = rng.uniform(size=150) if method in OF_CONFIDENCE else rng.normal(size=(150, 3))
    correct = rng.random(150) < 0.6
    scored, result = mapped(method, inputs, correct, questions)
    assert scored.sum() == 75
    assert (result.map.n_rows, len(result.map.fitted_on)) == (75, 25)
    assert not set(result.map.fitted_on) & set(questions[scored])
    assert np.isfinite(result.confidence).all()
    for function in (result.map, lambda *rows: transferred(method, (inputs, correct, questions), *rows)):
        with pytest.raises(ValueError, match=r"fitted on .*cannot score"):
            function(inputs, questions)


@pytest.mark.parametrize("method", MAPS)
def test_inputs_that_say_nothing_rank_nothing(method):
    """On their own rows, most maps would rank well."""
    rng = np.random.default_rng(2)
    areas = []
    for _ in range(16):
        inputs = rng.uniform(size=120) if method in OF_CONFIDENCE else rng.normal(size=(120, 6))
        correct = rng.random(120) < 0.5
        scored, result = mapped(method, inputs, correct, np.arange(120))
        areas.append(auroc(result.confidence, correct[scored]))
    assert 0.44 < np.mean(areas) < 0.56  # standard deviation .02


def test_the_error_of_a_fit_is_seen():
    """Where all confidences are about the same, a map can only learn the accuracy, and is wrong by its sampling error.

    Fitted on 125 answers of an accuracy of .7, that error is .033 in the mean. Folds that score each other would show
    .01, since their maps share the accuracy of what they score.
    """
    rng = np.random.default_rng(3)
    shown = []
    for _ in range(100):
        correct = rng.random(250) < 0.7
        scored, result = mapped("histogram", np.full(250, 0.91), correct, np.arange(250))
        shown.append(expected_calibration_error(result.confidence, correct[scored]))
    # The two halves differ by the difference of two such shares: sqrt(2 / pi) sqrt(2 * .7 * .3 / 125) = .046.
    assert np.mean(shown) == pytest.approx(0.046, abs=0.01)


@given(st.integers(0, 60), st.integers(0, 5))
def test_a_half_of_the_questions_is_fitted_on_whatever_the_order_of_rows(n, seed):
    questions = np.repeat([f"q{i}" for i in range(n)], 2)
    order = np.random.default_rng(seed).permutation(2 * n)
    half = fit_half(questions, seed)
    assert half.dtype == bool
    assert half.sum() == n // 2 * 2
    assert (half[::2] == half[1::2]).all()
    assert np.array_equal(fit_half(questions[order], seed), half[order])


def test_the_half_follows_the_seed():
    assert not np.array_equal(fit_half(QUESTIONS, 4), fit_half(QUESTIONS, 5))


@given(answers())
def test_temperature_keeps_the_order_exactly(rows):
    confidence, correct = rows
    if (confidence == 0.5).all():
        return
    after = same_rows("temperature", confidence, correct)
    assert auroc(after, correct) == auroc(confidence, correct)
    assert np.array_equal(np.argsort(after, kind="stable"), np.argsort(confidence, kind="stable"))


@given(answers())
def test_platt_keeps_the_order_exactly_where_its_slope_is_positive(rows):
    confidence, correct = rows
    fitted = fit("platt", confidence, correct, np.arange(len(correct)))
    after = fitted(confidence, others(len(correct)))
    area = auroc(confidence, correct)
    if abs(fitted.parameters["slope"]) > 1e-6:
        assert auroc(after, correct) == pytest.approx(area if fitted.parameters["slope"] > 0 else 1 - area, abs=1e-12)


@given(answers(least_values=1))
def test_isotonic_never_raises_the_brier_score_of_its_own_rows(rows):
    confidence, correct = rows
    after = same_rows("isotonic", confidence, correct)
    assert brier_score(after, correct) <= brier_score(confidence, correct) + 1e-12
    assert (np.diff(after[np.argsort(confidence, kind="stable")]) >= 0).all()


@given(answers())
def test_beta_and_temperature_never_raise_the_log_loss_of_their_own_rows(rows):
    """Both hold the identity; the confidences of 0 and 1 are clipped before and after alike."""
    confidence, correct = np.clip(rows[0], 0.01, 0.99), rows[1]
    if np.ptp(confidence) == 0:
        return
    before = log_loss(confidence, correct, clip=1e-12)
    for method in ("beta", "temperature"):
        if method == "temperature" and (confidence == 0.5).all():
            continue
        assert log_loss(same_rows(method, confidence, correct), correct, clip=1e-12) <= before + 1e-9


@given(answers())
def test_every_map_gives_probabilities_for_any_confidence(rows):
    confidence, correct = rows
    asked = np.array([0.0, 1e-12, 0.5, 1 - 1e-12, 1.0])
    for method in OF_CONFIDENCE:
        try:
            after = fit(method, confidence, correct, np.arange(len(correct)))(asked, others(5))
        except Unfit:
            assert method == "temperature"
            continue
        assert ((after >= 0) & (after <= 1)).all()
        if method in ("temperature", "platt", "beta"):
            assert ((after > 0) & (after < 1)).all(), "no infinity at 0 or 1"


def test_certainties_are_moved_inside_without_losing_the_order():
    fitted = fit("temperature", CONFIDENCE, CORRECT, QUESTIONS)
    after = fitted(np.array([0.9985, 0.999, 0.9995, 1.0]), others(4))
    assert (np.diff(after) > 0).all()
    assert after[-1] == pytest.approx(fitted(np.array([0.999]), others(1))[0], abs=0.002), "1 stands for 0.9995"


def test_confidences_that_say_the_opposite_flatten_but_keep_their_order():
    confidence = np.tile([0.1, 0.9], 20)
    fitted = fit("temperature", confidence, confidence < 0.5, np.arange(40))
    assert fitted.parameters["temperature"] == pytest.approx(TEMPERATURES[1])
    low, high = fitted(np.array([0.1, 0.9]), others(2))
    assert 0.49 < low < 0.5 < high < 0.51
    assert fit("platt", confidence, confidence < 0.5, np.arange(40)).parameters["slope"] < 0


def test_perfectly_separated_classes_still_give_a_finite_map():
    confidence = np.linspace(0.01, 0.99, 40)
    for method in OF_CONFIDENCE:
        fitted = fit(method, confidence, confidence > 0.5, np.arange(40))
        assert all(np.isfinite(value) for value in fitted.parameters.values())
        assert (fitted(np.array([0.2, 0.8]), others(2)) > 0.5).tolist() == [False, True]


def test_one_constant_confidence_becomes_the_accuracy_or_is_refused():
    constant = np.full(40, 0.9)
    for method in ("isotonic", "histogram", "temperature"):
        assert same_rows(method, constant, CORRECT) == pytest.approx(
            CORRECT.mean() if method != "temperature" else 0.5, abs=0.01
        )
    for method in ("platt", "beta"):
        with pytest.raises(Unfit, match=r"all confidences of the fit are 0\.9"):
            fit(method, constant, CORRECT, QUESTIONS)
    with pytest.raises(Unfit, match="one half"):
        fit("temperature", np.full(40, 0.5), CORRECT, QUESTIONS)


def test_a_confidence_in_a_bin_without_rows_stays():
    fitted = fit("histogram", CONFIDENCE[CONFIDENCE < 0.7], CORRECT[CONFIDENCE < 0.7], QUESTIONS[CONFIDENCE < 0.7])
    assert fitted(np.array([0.65, 0.87]), others(2)) == pytest.approx([2 / 7, 0.87])


@pytest.mark.parametrize("method", MAPS)
def test_what_cannot_be_fitted_is_none_with_a_reason(method):
    inputs = CONFIDENCE if method in OF_CONFIDENCE else CONFIDENCE[:, None]
    one_class = mapped(method, inputs, np.ones(40, dtype=bool), QUESTIONS)[1]
    assert (one_class.confidence, one_class.map) == (None, None)
    assert "all 20 answers of the fit are correct" in one_class.reason
    repeated = mapped(
        method, np.repeat(inputs[:10], 20, axis=0), np.tile([True, False], 100), np.repeat([*"abcdefghij"], 20)
    )[1]
    assert "found 5" in repeated.reason, "draws of few questions are few questions"
    moved = transferred(method, (inputs[:5], CORRECT[:5], QUESTIONS[:5]), inputs[5:], QUESTIONS[5:])
    assert moved.confidence is None
    assert "found 5" in moved.reason


@pytest.mark.parametrize("method", OF_FEATURES)
def test_a_classifier_learns_what_the_features_hold(method):
    """The first feature decides, the others are noise; on another scale each."""
    rng = np.random.default_rng(6)
    features = rng.normal(size=(400, 4)) * [1, 1000, 0.001, 1] + [0, 5, 0, 0]
    features[:, 3] = 7
    correct = rng.random(400) < 1 / (1 + np.exp(-3 * features[:, 0]))
    scored, result = mapped(method, features, correct, np.arange(400))
    # The true probabilities rank such rows with an AUROC of about .90.
    assert auroc(result.confidence, correct[scored]) > 0.85
    assert expected_calibration_error(result.confidence, correct[scored]) < 0.1
    assert mapped(method, features, correct, np.arange(400))[1].confidence.tolist() == result.confidence.tolist()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.full(40, 1.5), r"confidence: expected values in \[0, 1\], found 1.5"),
        (np.full(40, np.nan), r"confidence: expected values in \[0, 1\], found nan"),
        (np.full((40, 2), 0.5), "confidence"),
        (np.full(39, 0.5), r"expected \[N\] twice"),
    ],
)
def test_malformed_confidences_are_refused(inputs, message):
    with pytest.raises(ValueError, match=message):
        fit("platt", inputs, CORRECT, QUESTIONS)


@pytest.mark.parametrize("features", [np.full((40, 2), np.inf), np.full((40, 2), np.nan), np.zeros(40)])
def test_malformed_features_are_refused(features):
    with pytest.raises(ValueError, match=r"expected finite numbers \[N, F\]"):
        fit("classifier", features, CORRECT, QUESTIONS)
