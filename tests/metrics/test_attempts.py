"""Abstention between runs: the splits against plain loops, and which draws count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calibench.metrics.attempts import ATTEMPT_RATE, BY_ALL, BY_SOME, DECLINED_KNOWN, attempts


def frame(outcomes: list[str], values: list[float], task: str = "t", method: str = "asked") -> pd.DataFrame:
    n = len(outcomes)
    return pd.DataFrame({
        "task": task, "protocol": "plain", "question_id": [f"q{i}" for i in range(n)], "draw": 0, "method": method,
        "value": values, "status": "ok", "outcome": outcomes, "domain": "fact", "subject": None, "level": None,
        "cluster": None,
    })  # fmt: skip


C, I, N, F, U = "correct", "incorrect", "abstained", "failed", "unparsed"  # noqa: E741
#               0  1  2  3  4  5  6  7
CAREFUL = frame([C, I, N, N, N, F, C, U], [0.9, 0.8, 0.1, 0.1, 0.1, 0.5, 0.7, 0.5])
BOLD = frame([C, C, I, C, I, C, C, I], [0.9, 0.7, 0.9, 0.8, 0.6, 0.9, 1.0, 0.4])


def values(card) -> dict[tuple[str, str], float]:
    return {(m.subset, m.metric): m.value for m in card.metrics if m.task == "t"}


def test_each_split_has_the_numbers_of_its_own_draws():
    found = attempts({"careful": CAREFUL, "bold": BOLD}, resamples=50)
    careful, bold = values(found["careful"]), values(found["bold"])
    both, bold_alone = [0, 1, 6], [2, 3, 4, 7]  # 5 failed in one of them
    assert careful[BY_ALL, "accuracy_answered"] == pytest.approx(2 / 3)
    assert bold[BY_ALL, "accuracy_answered"] == 1
    assert bold[BY_SOME, "accuracy_answered"] == pytest.approx(1 / 4)
    assert (BY_SOME, "accuracy_answered") not in careful
    for which, subset in ((both, BY_ALL), (bold_alone, BY_SOME)):
        rows = BOLD.iloc[which]
        assert bold[subset, "mean_confidence"] == pytest.approx(rows["value"].mean())
        assert bold[subset, "brier"] == pytest.approx(np.mean((rows["value"] - (rows["outcome"] == C)) ** 2))
    assert careful["all", ATTEMPT_RATE] == pytest.approx(3 / 7)
    assert bold["all", ATTEMPT_RATE] == 1
    assert careful["all", DECLINED_KNOWN] == pytest.approx(1 / 3)  # of 2, 3 and 4 the other knows 3
    assert ("all", DECLINED_KNOWN) not in bold
    rate = next(m for m in found["careful"].metrics if m.metric == ATTEMPT_RATE)
    assert (rate.n_used, rate.low < rate.value < rate.high) == (7, True)
    assert "that every run attempted" in next(m for m in found["bold"].metrics if m.subset == BY_ALL).convention


def test_without_a_declined_draw_or_a_shared_task_there_is_nothing_to_split():
    assert attempts({"a": BOLD, "b": BOLD}, resamples=20) == {}
    assert attempts({"a": CAREFUL, "b": BOLD.assign(task="other")}, resamples=20) == {}
    other = pd.concat([BOLD, BOLD.assign(task="sure")], ignore_index=True)
    found = attempts({"a": pd.concat([CAREFUL, BOLD.assign(task="sure")]), "b": other}, resamples=20)
    assert {m.task for m in found["b"].metrics} == {"t", "macro"}
