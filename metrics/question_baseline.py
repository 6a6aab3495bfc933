"""A baseline that sees only the question: how likely a run is right, from length, level and subject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

FOLDS = 5
_STEPS = 50
HOW = (
    f"a logistic regression on length, level and subject of the question, fitted on the other of {FOLDS} folds by"
    " question or cluster, and not again in resamples; over pairs within a fold"
)


class Guess(NamedTuple):
    """What the question alone says of a run's answers."""

    chance: pd.Series
    """Of being right, by question; nan where it cannot be fitted."""
    fold: pd.Series
    """The fold of each question, in which it was not fitted on."""


def folds(units: pd.Series, rng: np.random.Generator) -> pd.Series:
    """A fold for each question; units stay together."""
    n = int(units.max()) + 1
    return units.map(dict(enumerate((rng.permutation(n) % FOLDS).tolist())))


def known_of(rows: pd.DataFrame, length: Mapping[str, int]) -> pd.DataFrame:
    """By question what is known of it: logarithm of its length, level, and each subject; what is the same for all of
    them is left out."""
    import pandas as pd

    questions = rows.drop_duplicates("question_id").set_index(rows["question_id"].drop_duplicates().astype(str))
    numbers = pd.DataFrame(
        {
            "length": np.log1p(questions.index.map(length).to_series(index=questions.index).astype(float)),
            "level": pd.to_numeric(questions["level"], errors="coerce").astype(float),
        }
    )
    spread = numbers.std(ddof=0)
    numbers = ((numbers - numbers.mean()) / spread).loc[:, spread > 0].fillna(0.0)
    subjects = pd.get_dummies(questions["subject"].astype(object), dtype=float)
    return pd.concat([numbers, subjects.loc[:, subjects.nunique() > 1]], axis=1)


def guess(rows: pd.DataFrame, known: pd.DataFrame, fold: pd.Series) -> Guess:
    """Cross-fitted on the answers of one run, right and wrong, to questions that are not in the fold."""
    import pandas as pd
    from scipy.special import expit

    chance = pd.Series(np.nan, index=fold.index)
    answers = rows[rows["outcome"].isin(("correct", "incorrect"))].drop_duplicates(["question_id", "draw"])
    question = answers["question_id"].astype(str)
    inside = question.isin(fold.index)
    counts = pd.crosstab(question[inside], answers["outcome"][inside])
    counts = counts.reindex(columns=["correct", "incorrect"], fill_value=0)
    if known.shape[1] and fold.nunique() == FOLDS:
        for one in range(FOLDS):
            fitted, held = counts[fold[counts.index] != one], fold.index[fold == one]
            if not (fitted.sum() > 0).all():
                return Guess(pd.Series(np.nan, index=fold.index), fold)
            of_fitted, of_held = (known.loc[questions].to_numpy() for questions in (fitted.index, held))
            weights = logistic(of_fitted, fitted["correct"].to_numpy(), fitted["incorrect"].to_numpy())
            chance[held] = expit(of_held @ weights[:-1] + weights[-1])
    return Guess(chance, fold)


def logistic(features: np.ndarray, right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Weights [F + 1], the intercept last, of the logistic model with a ridge: half their squared sum, without that of
    the intercept, is added to the negative log-likelihood.

    By Newton's method; the same as scikit-learn's `LogisticRegression` with its defaults.

    Args:
        features: [Q, F].
        right: [Q] right answers to each question.
        wrong: [Q] wrong ones; there are some of each.
    """
    from scipy.special import expit

    design = np.column_stack([features, np.ones(len(features))])
    ridge = np.diag([*np.ones(features.shape[1]), 0.0])
    n, weights = right + wrong, np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = expit(design @ weights)
        slope = design.T @ (right - n * chance) - ridge @ weights
        curvature = (design * (n * chance * (1 - chance))[:, None]).T @ design + ridge
        step = np.linalg.solve(curvature, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return weights
