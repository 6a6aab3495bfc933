"""Confidence methods of one run held against each other, on the same answers."""

import numpy as np
import pytest
from scipy.stats import norm
from some_runs import whole_run

from calibench.analysis.methods import compare_methods
from calibench.cli import main
from calibench.errors import InputError
from calibench.records import Confidence, Grade
from calibench.store import RunFile

KEY = {"task": "t", "protocol": "plain", "draw": 0}


def made(folder, n=300):
    """One answer of each question; one method knows a lot, one a little, and a third is there for half of them."""
    rng = np.random.default_rng(1)
    correct = rng.random(n) < 0.6
    values = {"much": norm.cdf(rng.normal(1.5 * correct)), "little": norm.cdf(rng.normal(0.7 * correct))}
    values["half"] = np.where(np.arange(n) % 2, values["much"], np.nan)
    with RunFile.create(folder) as run:
        for i in range(n):
            of = KEY | {"question_id": f"q{i}"}
            outcome = "correct" if correct[i] else "incorrect"
            readings = [
                Confidence(**of, method=name, value=None if np.isnan(v[i]) else float(v[i]),
                           status="missing" if np.isnan(v[i]) else "ok", raw=None)
                for name, v in values.items()
            ]  # fmt: skip
            run.write([Grade(**of, answer="1", outcome=outcome, grader="number/1"), *readings])
        run.update_manifest(name="a", kind=None, model={"name": "a"}, complete=True)
    return correct, values


def delong(correct, a, b) -> tuple[float, float]:
    """AUROC of b minus that of a and its standard error, by DeLong et al. 1988 from the placements of each answer."""
    wins = [(v[correct][:, None] > v[~correct][None]) + (v[correct][:, None] == v[~correct][None]) / 2 for v in (a, b)]
    right, wrong = (wins[1].mean(axis) - wins[0].mean(axis) for axis in (1, 0))
    return wins[1].mean() - wins[0].mean(), (right.var(ddof=1) / len(right) + wrong.var(ddof=1) / len(wrong)) ** 0.5


def test_the_difference_of_auroc_is_that_of_delong(tmp_path):
    correct, values = made(tmp_path)
    with RunFile.open(tmp_path) as run:
        found = compare_methods(run, ["much", "little"])
    (of,) = [d for d in found.differences if (d.task, d.metric) == ("t", "auroc")]
    difference, error = delong(correct, values["much"], values["little"])
    assert (of.run_a, of.run_b, of.n_questions) == ("much", "little", 300)
    assert of.difference == pytest.approx(difference, abs=1e-12)
    assert (of.high - of.low) / (2 * 1.96) == pytest.approx(error, rel=0.15)
    assert of.verdict == "worse"


def test_two_methods_are_compared_on_the_answers_that_both_have(tmp_path):
    made(tmp_path)
    with RunFile.open(tmp_path) as run:
        found = compare_methods(run)
    pairs = {(d.run_a, d.run_b): d for d in found.differences if (d.task, d.metric) == ("t", "brier")}
    assert list(pairs) == [("half", "little"), ("half", "much"), ("little", "much")]
    assert {pair: d.n_questions for pair, d in pairs.items()} == dict(zip(pairs, (150, 150, 300), strict=True))
    assert pairs["half", "much"].difference == 0
    assert pairs["half", "much"].p_holm == 1


def test_the_command_prints_and_refuses(tmp_path, capsys):
    whole_run(tmp_path / "a")
    assert main(["compare", str(tmp_path / "a"), "--methods"]) == 0
    assert "stated (B) against p_true (A)" in capsys.readouterr().out
    assert main(["compare", str(tmp_path / "a"), "--methods", "--format", "csv"]) == 0
    assert "p_true,stated" in capsys.readouterr().out
    whole_run(tmp_path / "b", methods=("stated",))
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--methods"]) == 2
    assert "expected one run, whose methods are compared; found 2" in capsys.readouterr().err
    assert main(["compare", str(tmp_path / "b"), "--methods"]) == 2
    assert "expected two confidence methods or more, found stated" in capsys.readouterr().err
    with RunFile.open(tmp_path / "b") as run, pytest.raises(InputError, match="no confidences by 'asked'"):
        compare_methods(run, ["asked", "stated"])
