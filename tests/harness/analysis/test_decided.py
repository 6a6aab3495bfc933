"""`calibench compare --until decided` and `run --until "... decided" --against RUN`: where two runs are told apart."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace
from some_records import confidence, generation, grade, question
from some_runs import identity_of

from calibench.analysis.decided import decisions
from calibench.analysis.rules import rule_of
from calibench.cli import main
from calibench.errors import InputError
from calibench.reports.formats import csv
from calibench.reports.until import decisions_table
from calibench.running.config import RunConfig
from calibench.running.selection import place_of
from calibench.store import RunFile

TASK = "micro_words"
QUESTIONS = 200


def write(folder, right, questions=QUESTIONS):
    """A run of 200 questions; `right` says by the place of a question, in the order of asking, whether it is right."""
    order = sorted(range(QUESTIONS), key=lambda i: place_of(TASK, question(i).question_id))
    with RunFile.create(folder) as run:
        for place, i in enumerate(order[:questions]):
            outcome = "correct" if right(place) else "incorrect"
            run.write([
                replace(question(i), task=TASK), replace(generation(i), task=TASK),
                replace(grade(i, outcome), task=TASK), replace(confidence(i, 0.75), task=TASK),
            ])  # fmt: skip
        run.update_manifest(name=folder.name, kind=None, model={"name": "m"}, complete=True, identity=identity_of(TASK))
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Right in one of five; in three of five, of the same questions and others; and as the first, but for one."""
    root = tmp_path_factory.mktemp("runs")
    return {
        "bad": write(root / "bad", lambda i: i % 5 == 0),
        "good": write(root / "good", lambda i: i % 5 < 3),
        "as bad": write(root / "as bad", lambda i: i % 5 == 0 or i == 7),
    }


def test_a_large_difference_is_decided_at_the_first_look(runs, capsys, tmp_path):
    command = ["compare", str(runs["bad"]), str(runs["good"]), "--until", "accuracy decided", "--out", str(tmp_path)]
    assert main(command) == 0
    assert "after 50 of 200" in capsys.readouterr().out
    (decision,) = json.loads((tmp_path / "comparison.json").read_text())["decisions"]
    assert (decision["verdict"], [look["questions"] for look in decision["looks"]]) == ("better", [50])
    assert decision["looks"][0]["value"] == pytest.approx(0.4)
    assert decision["generations"] == [50, 50]
    assert "After how many questions were they told apart?" in (tmp_path / "report.html").read_text()


def test_decisions_are_a_table_too(runs):
    with RunFile.open(runs["bad"]) as a, RunFile.open(runs["good"]) as b:
        table = decisions_table(decisions([a, b], "accuracy decided", 0.02))
    assert csv(table).splitlines()[1].startswith("bad,good,micro_words,stated,stated,accuracy,better,50,200,0.39")


def test_what_all_questions_do_not_decide_is_undecided_and_has_spent_all(runs):
    with RunFile.open(runs["bad"]) as a, RunFile.open(runs["as bad"]) as b:
        (decision,) = decisions([a, b], "accuracy decided", 0.001)
    assert decision.verdict == "undecided"
    assert [look.questions for look in decision.looks] == [50, 75, 112, 168, 200]
    assert sum(look.level for look in decision.looks) == pytest.approx(0.04)
    for look in decision.looks:
        assert look.low <= 0 <= look.high


def test_decided_alone_is_by_ece(runs):
    with RunFile.open(runs["bad"]) as a, RunFile.open(runs["good"]) as b:
        (decision,) = decisions([a, b], "decided", 0.02)
    assert (decision.metric, decision.verdict) == ("ece", "better")  # 75 % sure: .55 and .15 away
    assert decision.looks[-1].value == pytest.approx(-0.4, abs=0.05)


def test_rules_that_fit_no_comparison_are_refused(runs):
    with RunFile.open(runs["bad"]) as a, RunFile.open(runs["good"]) as b, RunFile.open(runs["as bad"]) as c:
        with pytest.raises(InputError, match="expected two runs, as a rule decides one pair, found 3"):
            decisions([a, b, c], "decided", 0.02)
        with pytest.raises(InputError, match="unknown measure 'mce'"):
            decisions([a, b], "mce decided", 0.02)
        with pytest.raises(InputError, match=r"found .ece ±0\.02."):
            decisions([a, b], "ece ±0.02", 0.02)


def test_the_first_answers_to_come_are_no_sample(runs, tmp_path):
    half = write(tmp_path / "half", lambda i: True)
    with RunFile.create(half) as run:
        run.update_manifest(complete=False, scope={TASK: {"stated": {"questions": 400, "draws": 1, "methods": []}}})
    with RunFile.open(runs["bad"]) as a, RunFile.open(half) as b, pytest.raises(InputError, match="finished runs"):
        decisions([a, b], "decided", 0.02)


def config(**options):
    return RunConfig(model="m", tasks=(TASK,), out="b", protocol="stated", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"until": "ece decided"}, "expected --against RUN"),
        ({"until": "ece +-0.1", "against": "a"}, "is about one"),
        ({"against": "a"}, "--against goes with a rule"),
        ({"until": "ece decided", "against": "b"}, "found the one of --out"),
        ({"until": "ece decided", "against": "nowhere"}, "nowhere"),
    ],
)
def test_a_run_is_held_against_another_one(options, message):
    with pytest.raises(InputError, match=message):
        rule_of(config(**options), print)


def test_a_run_stops_where_the_other_one_ends(runs, tmp_path):
    short, told = write(tmp_path / "short", lambda i: i % 5 == 0, questions=100), []
    rule = rule_of(config(until="accuracy decided", against=str(short)), told.append)
    with RunFile.open(runs["as bad"]) as as_bad:
        assert [rule.enough(as_bad, TASK, "stated", size, QUESTIONS) for size in (50, 75)] == [False, True]
    assert "ends before the next look, after 112 questions" in told[-1]


def test_a_run_stops_where_it_is_told_apart(runs):
    """The rule of a run says the same as the comparison afterwards."""
    told = []
    rule = rule_of(config(until="accuracy decided", against=str(runs["bad"])), told.append)
    with RunFile.open(runs["good"]) as good, RunFile.open(runs["as bad"]) as as_bad:
        assert rule.sizes(QUESTIONS) == [50, 75, 112, 168, 200]
        assert rule.enough(good, TASK, "stated", 50, QUESTIONS)
        assert not rule.enough(as_bad, TASK, "stated", 50, QUESTIONS)
    assert told[0] == "micro_words: after 50 questions accuracy is better"
