"""Recalibration: maps from a confidence, or from features, to the probability that the answer is right.

A map remembers the questions that it was fitted on and refuses to score them. One set of answers is divided by
`fit_half`: maps are fitted on one half and scored on the other. Cross-fitting would use every answer for both, but its
maps share the accuracy of the very answers that they are scored on, which hides most of the error of the fit: at 250
answers, a quarter of the true ECE is left. What cannot be fitted is None with a reason.

The maps that work on the logit pull confidences closer than `CLIP` to 0 or 1 away from that end, so that a stated 100 %
counts as 99.95 %: infinities go, and the order stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics.arrays import checked
from calibench.metrics.calibration import N_BINS, equal_width_bins
from calibench.metrics.proper import LOG_LOSS_CLIP

CLIP = LOG_LOSS_CLIP
MIN_QUESTIONS = 20
"""Distinct questions below which nothing is fitted."""
TEMPERATURES = (0.01, 100.0)
"""Where the temperature is sought. Without the upper end, confidences that say nothing would all become one half."""
_MAX_WEIGHT = 100.0
"""Largest weight of the beta map. Only classes that one threshold separates reach it, whose likelihood has no
maximum."""

Apply = Callable[[np.ndarray], np.ndarray]


class Fitted(NamedTuple):
    """What one method made of the rows of a fit."""

    apply: Apply
    parameters: dict[str, float]
    knots: tuple[tuple[float, float], ...] = ()
    """Of maps without a formula: (confidence, what it becomes), rising; of `histogram`, (middle of a bin, accuracy)."""


Fit = Callable[[np.ndarray, np.ndarray, int], Fitted]
"""(inputs, correct [N], seed) -> the map. Raises Unfit."""


class Unfit(ValueError):
    """These rows do not determine a map; the message says why."""


class MapKind(NamedTuple):
    description: str
    of_features: bool
    """The inputs are features [N, F], not confidences [N]."""
    fit: Fit


class Recalibration(NamedTuple):
    """A fitted map."""

    method: str
    parameters: dict[str, float]
    n_rows: int
    """Rows of the fit."""
    fitted_on: np.ndarray
    """Questions of the fit, sorted."""
    apply: Apply
    knots: tuple[tuple[float, float], ...]
    """See `Fitted`."""

    def __call__(self, inputs: ArrayLike, questions: ArrayLike) -> np.ndarray:
        """Recalibrated confidences [N] of rows of other questions.

        Raises:
            ValueError: a question is one of the fit, or the inputs are not as `fit` expects them.
        """
        inputs = _inputs(MAPS[self.method], inputs)
        seen = np.isin(np.asarray(questions), self.fitted_on)
        if seen.any():
            raise ValueError(
                f"questions: the map was fitted on {np.asarray(questions)[seen][0]!r}, so it cannot score it"
            )
        return np.clip(self.apply(inputs), 0.0, 1.0)


class Mapped(NamedTuple):
    confidence: np.ndarray | None
    """[N] float in [0, 1]; None if no map could be fitted."""
    map: Recalibration | None
    reason: str | None
    """Why there is none."""


def fit(method: str, inputs: ArrayLike, correct: ArrayLike, questions: ArrayLike, *, seed: int = 0) -> Recalibration:
    """Fits one map.

    Args:
        method: a key of `MAPS`.
        inputs: [N] confidences in [0, 1], or [N, F] finite features, as `MAPS[method].of_features` says.
        correct: [N] bool.
        questions: [N] identities of what is independent: a row's question, or the cluster of its question.
        seed: of methods that start at random.

    Raises:
        Unfit: fewer than `MIN_QUESTIONS` questions, all answers right or all wrong, or inputs that do not vary where
            the method needs it.
        ValueError: malformed arguments.
    """
    inputs = _inputs(MAPS[method], inputs)
    correct, questions = np.asarray(correct), np.asarray(questions)
    checked(np.zeros(len(inputs)), correct)
    if questions.shape != correct.shape:
        raise ValueError(f"questions: expected [N] as correct, found {questions.shape} and {correct.shape}")
    correct, units = correct.astype(bool), np.unique(questions)
    if len(units) < MIN_QUESTIONS:
        raise Unfit(f"fitting needs {MIN_QUESTIONS} questions, found {len(units)}")
    if correct.all() or not correct.any():
        raise Unfit(f"all {len(correct)} answers of the fit are {'correct' if correct.all() else 'incorrect'}")
    fitted = MAPS[method].fit(inputs, correct, seed)
    return Recalibration(method, fitted.parameters, len(correct), units, fitted.apply, fitted.knots)


def restored(method: str, parameters: Mapping[str, float], knots: Sequence[tuple[float, float]]) -> Apply:
    """A map of confidences from what `fit` gave of it, for answers to questions that it was not fitted on.

    Raises:
        KeyError: another method than one of confidences.
        ValueError: parameters or knots that no fit of the method gives.
    """
    names, make = _RESTORED[method]
    if parameters.keys() != names:
        raise ValueError(f"{method}: expected the parameters {', '.join(sorted(names))}, found "
                         f"{', '.join(map(repr, sorted(parameters))) or 'none'}")  # fmt: skip
    places = np.array(knots, dtype=float).reshape(-1, 2)
    if (method in ("isotonic", "histogram")) != bool(len(places)):
        raise ValueError(f"{method}: expected {'no knots' if len(places) else 'knots'}, found {len(places) or 'none'}")
    if not ((places >= 0) & (places <= 1)).all() or (np.diff(places[:, 0]) <= 0).any():
        raise ValueError(f"{method}: expected knots from 0 to 1, each farther than the one before")
    if method == "isotonic" and (np.diff(places[:, 1]) < 0).any():
        raise ValueError(f"{method}: expected knots that do not fall")
    made = make(parameters, places)
    return lambda confidence: np.clip(made(_inputs(MAPS[method], confidence)), 0.0, 1.0)


def fit_half(questions: ArrayLike, seed: int = 0) -> np.ndarray:
    """Mask [N] of the rows to fit on: those of a random half of the questions; the rest is to be scored.

    Args:
        questions: [N] identities of what is independent, as for `fit`; the order of rows does not matter.
        seed: of the choice.
    """
    units, unit = np.unique(np.asarray(questions), return_inverse=True)
    return (np.random.default_rng(seed).permutation(len(units)) < len(units) // 2)[unit]


def transferred(method: str, known: tuple, inputs: ArrayLike, questions: ArrayLike, *, seed: int = 0) -> Mapped:
    """Scores rows by the map fitted on rows of other questions.

    Args:
        method: a key of `MAPS`.
        known: (inputs, correct, questions) of the fit.
        inputs, questions: of the rows to score, as for `fit`.

    Raises:
        ValueError: a question is on both sides, or malformed arguments.
    """
    try:
        fitted = fit(method, *known, seed=seed)
    except Unfit as why:
        return Mapped(None, None, str(why))
    return Mapped(fitted(inputs, questions), fitted, None)


def _inputs(method: MapKind, inputs: ArrayLike) -> np.ndarray:
    inputs = np.asarray(inputs, dtype=np.float64)
    if not method.of_features:
        return checked(inputs, np.zeros(inputs.shape))[0]
    if inputs.ndim != 2 or not np.isfinite(inputs).all():
        raise ValueError(f"features: expected finite numbers [N, F], found shape {inputs.shape} or a gap in them")
    return inputs


# -- the methods ------------------------------------------------------------------------------------------------------


def _bounded(confidence: np.ndarray) -> np.ndarray:
    """Confidences strictly inside (0, 1), in the same order."""
    inner = np.clip(confidence, CLIP, 1 - CLIP)
    return (confidence + inner) / 2


def _logit(confidence: np.ndarray) -> np.ndarray:
    from scipy.special import logit

    return logit(_bounded(confidence))


def _temperature(confidence: np.ndarray, correct: np.ndarray, _seed: int) -> Fitted:
    from scipy.optimize import brentq
    from scipy.special import expit

    x = _logit(confidence)
    if not x.any():
        raise Unfit("every confidence is one half, which no temperature changes")

    def slope_of_loss(scale: float) -> float:
        return float((expit(scale * x) - correct) @ x)

    low, high = 1 / TEMPERATURES[1], 1 / TEMPERATURES[0]
    if slope_of_loss(low) >= 0:
        scale = low
    elif slope_of_loss(high) <= 0:
        scale = high
    else:
        scale = brentq(slope_of_loss, low, high, xtol=1e-12)
    return Fitted(_on_logit(scale, 0.0), {"temperature": 1 / scale})


def _platt(confidence: np.ndarray, correct: np.ndarray, _seed: int) -> Fitted:
    _needs_two_values(confidence)
    n_right, n_wrong = correct.sum(), (~correct).sum()
    target = np.where(correct, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))
    slope, intercept = _logistic(_logit(confidence)[:, None], target, bounds=(None, None))
    return Fitted(_on_logit(slope, intercept), {"slope": slope, "intercept": intercept})


def _on_logit(slope: float, intercept: float) -> Apply:
    from scipy.special import expit

    return lambda confidence: expit(slope * _logit(confidence) + intercept)


def _beta(confidence: np.ndarray, correct: np.ndarray, _seed: int) -> Fitted:
    _needs_two_values(confidence)
    a, b, c = _logistic(_beta_design(confidence), correct.astype(float), bounds=(0.0, _MAX_WEIGHT))
    return Fitted(_beta_map(a, b, c), {"a": a, "b": b, "c": c})


def _beta_design(confidence: np.ndarray) -> np.ndarray:
    inner = _bounded(confidence)
    return np.stack([np.log(inner), -np.log1p(-inner)], axis=1)


def _beta_map(a: float, b: float, c: float) -> Apply:
    from scipy.special import expit

    return lambda confidence: expit(_beta_design(confidence) @ (a, b) + c)


def _isotonic(confidence: np.ndarray, correct: np.ndarray, _seed: int) -> Fitted:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(confidence, correct)
    knots = zip(fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist(), strict=True)
    return Fitted(fitted.predict, {"levels": float(len(np.unique(fitted.y_thresholds_)))}, tuple(knots))


def _histogram(confidence: np.ndarray, correct: np.ndarray, _seed: int) -> Fitted:
    bins = equal_width_bins(confidence)
    n = np.bincount(bins, minlength=N_BINS)
    filled = np.flatnonzero(n)
    accuracy = np.bincount(bins, correct, minlength=N_BINS)[filled] / n[filled]
    knots = np.stack([(filled + 0.5) / N_BINS, accuracy], axis=1)
    return Fitted(_histogram_map(knots), {"bins": float(len(filled))}, tuple((x, y) for x, y in knots.tolist()))


def _histogram_map(knots: np.ndarray) -> Apply:
    accuracy = np.full(N_BINS, np.nan)
    accuracy[equal_width_bins(knots[:, 0])] = knots[:, 1]

    def apply(confidence: np.ndarray) -> np.ndarray:
        found = accuracy[equal_width_bins(confidence)]
        return np.where(np.isnan(found), confidence, found)

    return apply


def _classifier(features: np.ndarray, correct: np.ndarray, _seed: int) -> Fitted:
    from sklearn.linear_model import LogisticRegression

    return _on_standardised(LogisticRegression(max_iter=1000), features, correct)


def _perceptron(features: np.ndarray, correct: np.ndarray, seed: int) -> Fitted:
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier(hidden_layer_sizes=(8,), alpha=1.0, solver="lbfgs", max_iter=2000, random_state=seed)
    return _on_standardised(network, features, correct)


def _on_standardised(model: Any, features: np.ndarray, correct: np.ndarray) -> Fitted:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fitted = make_pipeline(StandardScaler(), model).fit(features, correct)
    return Fitted(lambda x: fitted.predict_proba(x)[:, 1], {"features": float(features.shape[1])})


def _needs_two_values(confidence: np.ndarray) -> None:
    if np.ptp(confidence) < 1e-12:
        raise Unfit(f"all confidences of the fit are {confidence[0]:.3g}, so that no slope can be fitted")


def _logistic(design: np.ndarray, target: np.ndarray, bounds: tuple[float | None, float | None]) -> list[float]:
    """Weights [F] within the bounds, and an intercept, of the logistic model of greatest likelihood: [F + 1]."""
    from scipy.optimize import minimize
    from scipy.special import expit

    design = np.column_stack([design, np.ones(len(design))])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        score = design @ weights
        return float(np.mean(np.logaddexp(0, score) - target * score)), design.T @ (expit(score) - target) / len(target)

    start = np.append(np.ones(design.shape[1] - 1), 0.0)
    limits = [bounds] * (design.shape[1] - 1) + [(None, None)]
    options = {"maxiter": 10_000, "ftol": 1e-15, "gtol": 1e-10}
    return minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits, options=options).x.tolist()


_RESTORED: dict[str, tuple[set[str], Callable[[Mapping[str, float], np.ndarray], Apply]]] = {
    "temperature": ({"temperature"}, lambda of, _: _on_logit(1 / of["temperature"], 0.0)),
    "platt": ({"slope", "intercept"}, lambda of, _: _on_logit(of["slope"], of["intercept"])),
    "isotonic": ({"levels"}, lambda _, knots: lambda confidence: np.interp(confidence, knots[:, 0], knots[:, 1])),
    "beta": ({"a", "b", "c"}, lambda of, _: _beta_map(of["a"], of["b"], of["c"])),
    "histogram": ({"bins"}, lambda _, knots: _histogram_map(knots)),
}
"""Method -> the names of its parameters, and what makes the map of them and of its knots."""
OF_CONFIDENCES = ("temperature", "platt", "beta", "histogram", "isotonic")
"""The maps that need nothing but a confidence, from the simplest on."""

MAPS: dict[str, MapKind] = {
    "temperature": MapKind(
        # Guo et al. 2017 (arXiv 1706.04599), section 4.2, for the two classes right and wrong.
        "sigmoid(logit(confidence) / T); keeps the order",
        False,
        _temperature,
    ),
    "platt": MapKind(
        # Platt 1999, with his targets (n + 1) / (n + 2) and 1 / (n + 2), on the logit of the confidence.
        "sigmoid(slope logit(confidence) + intercept)",
        False,
        _platt,
    ),
    "isotonic": MapKind(
        # Zadrozny and Elkan 2002; fit by scikit-learn, linear between its steps.
        "the best rising function, in squares",
        False,
        _isotonic,
    ),
    "beta": MapKind(
        # Kull, Silva Filho, Flach 2017, section 3 (abm): a and b at least 0.
        "sigmoid(a ln(confidence) - b ln(1 - confidence) + c)",
        False,
        _beta,
    ),
    "histogram": MapKind(
        # Zadrozny and Elkan 2001; bins as for the ECE.
        f"share of right answers in each of {N_BINS} equal bins; a confidence in a bin without rows stays",
        False,
        _histogram,
    ),
    "classifier": MapKind("logistic regression on standardised token features (L2, C = 1)", True, _classifier),
    "classifier_mlp": MapKind(
        # As the "Thermometer" baseline of EpiCaR (arXiv 2601.06786, rebuttal): a small network on token features. Its
        # size and penalty are not published; these are ours.
        "network with one hidden layer of 8 on standardised token features (L2, alpha = 1)",
        True,
        _perceptron,
    ),
}
