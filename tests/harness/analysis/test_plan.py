"""`calibench plan`: how many questions and draws tell two models apart."""

from __future__ import annotations

import json

import pytest
from some_runs import identity_of

from calibench.analysis.plan import from_options
from calibench.cli import main
from calibench.errors import InputError
from calibench.records import Confidence, Generation, Grade, Question
from calibench.store import RunFile


def plan(*pilots, **options):
    return from_options(pilots, options)


def test_without_a_pilot_the_textbooks_number_and_what_was_assumed(capsys):
    words = "plan --metric accuracy --difference 0.1 --draws 1 --tests 1 --correlation 0 --accuracy 0.5 --gap 0.1"
    assert main([*words.split(), "--json"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    # (1.96 + 0.84)^2 x 2 x 0.5 x 0.5 / 0.1^2 = 392
    assert found["rows"][0]["questions"] == pytest.approx(392, rel=0.1)
    assert "both models are right in 50 %" in shown.err
    assert "correlates by 0 between the two models" in shown.err


def test_more_draws_need_fewer_questions_but_more_generations():
    rows = plan(metric="brier", difference=0.05).rows
    assert [row.draws for row in rows] == [1, 2, 4, 8, 16]
    assert [row.questions for row in rows] == sorted((row.questions for row in rows), reverse=True)
    assert [row.generations for row in rows] == sorted(row.generations for row in rows)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metric": "mean_confidence", "difference": 0.1}, "unknown metric"),
        ({"metric": "ece", "difference": 0.0}, "difference"),
        ({"metric": "ece", "difference": 1e-300}, r"difference: expected .*at least 0\.0001"),
        ({"metric": "ece"}, "expected difference"),
        ({"metric": "ece", "difference": 0.1, "gap": 0.5}, "expected a sum between 0 and 1"),
    ],
)
def test_what_cannot_be_planned_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        plan(**given)


def test_the_noise_is_that_of_the_pilots(tmp_path):
    """Right on 10 and on 20 of the same 40 questions, the 10 among the 20: the variance of the differences is 3/16."""
    for name, right in (("a", 10), ("b", 20)):
        fake_run(tmp_path / name, right)
    pair = plan(tmp_path / "a", tmp_path / "b", metric="accuracy", difference=0.1, draws=1, tests=1)
    assert [(row.task, row.method) for row in pair.rows] == [("sums", "stated")]
    assert pair.rows[0].questions == pytest.approx((1.96 + 0.84) ** 2 * 3 / 16 / 0.1**2, rel=0.12)
    # One pilot, on other questions: twice p (1 - p).
    one = plan(tmp_path / "b", metric="accuracy", difference=0.1, draws=1, tests=1, correlation=0.0)
    assert one.rows[0].questions == pytest.approx((1.96 + 0.84) ** 2 * 2 / 4 / 0.1**2, rel=0.12)
    assert any("fewer than 100 questions of sums" in note for note in one.assumptions)


def fake_run(folder, right, questions=40):
    with RunFile.create(folder) as run:
        for i in range(questions):
            key = {"task": "sums", "question_id": f"q{i:03}", "protocol": "stated", "draw": 0}
            run.write([
                Question(task="sums", question_id=key["question_id"], text="?", gold=("1",), domain="math", split="t"),
                Generation(
                    **key, seed=None, prompt_tokens=1, cached_tokens=None, reasoning_tokens=0, answer_tokens=1,
                    latency=None, finish_reason="stop", reasoning_opened=False, reasoning=None, text="1",
                    token_ids=None,
                ),
                Confidence(**key, method="stated", value=0.8, status="ok", raw=None),
                Grade(**key, answer="1", outcome="correct" if i < right else "incorrect", grader="number/1"),
            ])  # fmt: skip
        run.update_manifest(identity=identity_of("sums"))


def test_no_more_than_two_pilots():
    with pytest.raises(InputError, match="found 3"):
        plan("a", "b", "c", metric="ece", difference=0.1)
