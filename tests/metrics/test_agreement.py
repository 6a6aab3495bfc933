"""How far two graders agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from calibench.metrics.agreement import agreements


def rows(own, judged) -> pd.DataFrame:
    """Two draws of each question."""
    n = len(own)
    return pd.DataFrame(
        {
            "task": "t", "protocol": "plain", "question_id": [str(i // 2) for i in range(n)], "cluster": None,
            "draw": [i % 2 for i in range(n)], "outcome": own, "grader": "alias/4", "judged": judged, "judge": "j#1",
        }
    )  # fmt: skip


def test_agreement_and_kappa_are_those_of_scikit_learn_over_the_classes_of_both():
    rng = np.random.default_rng(1)
    own = rng.choice(["correct", "incorrect", "abstained", "unparsed"], 300, p=[0.4, 0.3, 0.2, 0.1])
    judged = np.where(rng.random(300) < 0.7, own, rng.choice(["correct", "incorrect", "failed"], 300))
    (found,) = agreements(rows(own, judged))
    used = np.isin(own, ["correct", "incorrect", "abstained"]) & np.isin(judged, ["correct", "incorrect", "abstained"])
    assert (found.n_used, found.n_total) == (used.sum(), 300)
    assert found.agreement == pytest.approx((own == judged)[used].mean())
    assert found.kappa == pytest.approx(cohen_kappa_score(own[used], judged[used]))
    assert found.agreement_low < found.agreement < found.agreement_high
    assert found.kappa_low < found.kappa < found.kappa_high
    assert sum(n for of in found.counts.values() for n in of.values()) == 300


def test_draws_of_a_question_are_no_independent_votes():
    own = np.repeat(["correct", "incorrect"] * 20, 2)
    judged = np.repeat(["correct", "incorrect", "correct", "correct"] * 10, 2)
    (both,), (single,) = agreements(rows(own, judged)), agreements(rows(own, judged).query("draw == 0"))
    assert both.agreement == single.agreement == 0.75
    # Wilson's interval of 80 answers would be .19 wide, that of 40 questions is .26.
    assert both.agreement_high - both.agreement_low == pytest.approx(0.25, abs=0.02)
    assert single.agreement_high - single.agreement_low == pytest.approx(0.26, abs=0.01)


def test_kappa_is_undefined_where_both_give_one_class_and_full_agreement_has_an_interval():
    (found,) = agreements(rows(["correct"] * 40, ["correct"] * 40))
    assert (found.agreement, found.kappa, found.kappa_low) == (1.0, None, None)
    assert found.agreement_high == 1.0
    assert 0.8 < found.agreement_low < 0.9  # Wilson, 20 questions
    (none,) = agreements(rows(["unparsed"] * 2, ["correct"] * 2))
    assert (none.n_used, none.agreement, none.kappa) == (0, None, None)
