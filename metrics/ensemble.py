"""An ensemble: one confidence out of several, by a logistic model that is fitted on other questions.

With c_m the confidences of the M methods, it is expit(b + sum_m w_m z(logit c_m)), z standardising over the rows of the
fit. Cross-fitted: the questions are dealt into ten folds, whatever their answers, and each fold's confidences are those
of a model that saw only the others.

Its AUROC can be held against that of its members. Its calibration error cannot: all models are fitted to the accuracy
of the very answers that are scored, which hides a part of their error, as in `metrics.recalibration`.

Source: stacking (Wolpert 1992) with a logistic model; L2 penalty of strength 1 (scikit-learn's default).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from calibench.metrics.recalibration import CLIP

FOLDS = 10
"""Or as many as there are questions, if these are fewer."""


def cross_fitted(confidence: ArrayLike, correct: ArrayLike, graded: ArrayLike, unit: ArrayLike) -> np.ndarray:
    """The ensemble's confidence in each answer, by models that no answer of the same question was shown to.

    Args:
        confidence: [N, M] float in [0, 1], of M methods; a row with nan is neither fitted on nor given a confidence.
        correct: [N] bool.
        graded: [N] bool; only these rows are fitted on.
        unit: [N] identities of what is independent, as questions.

    Returns:
        [N] float in [0, 1]; nan also where the other folds have no right or no wrong answer, or there is one unit.
    """
    from scipy.special import logit
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = logit(np.clip(np.asarray(confidence, dtype=float), CLIP, 1 - CLIP))
    correct, graded, unit = np.asarray(correct, dtype=bool), np.asarray(graded, dtype=bool), np.asarray(unit)
    found = np.full(len(features), np.nan)
    known = np.flatnonzero(np.isfinite(features).all(axis=1))
    n_units = len(np.unique(unit[known]))
    if n_units < 2:
        return found
    for others, fold in GroupKFold(min(FOLDS, n_units)).split(known, groups=unit[known]):
        fit = known[others][graded[known[others]]]
        if len(np.unique(correct[fit])) == 2:
            model = make_pipeline(StandardScaler(), LogisticRegression()).fit(features[fit], correct[fit])
            found[known[fold]] = model.predict_proba(features[known[fold]])[:, 1]
    return found
