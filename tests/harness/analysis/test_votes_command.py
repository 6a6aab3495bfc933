"""`calibench votes`: from run files to the table, the page and the JSON; what it refuses."""

import json
from concurrent.futures import Future

import pytest
from msgspec.structs import replace
from some_records import generation, question
from some_runs import identity_of

from calibench.analysis.votes import votes
from calibench.cli import main
from calibench.grading.pool import GradingPool
from calibench.metrics.vote_measures import VOTE_MEASURES
from calibench.records import Confidence, Grade
from calibench.store import RunFile

# Two ways to write one number, a wrong one, and no answer. Every fourth question is one that the model cannot do.
DRAWS = (("5", "correct", 0.9), ("5.0", "correct", 0.8), ("6", "incorrect", 0.2), (None, "abstained", None))
SINGLE = {"task": "single", "protocol": "stated", "question_id": "q0", "draw": 0}
HARD = (("6", "incorrect", 0.4), ("7", "incorrect", 0.3), ("5", "correct", 0.6), ("7", "incorrect", 0.1))


def make_run(folder, name="a model", n_draws=4, questions=12, method="p_true", protocol="stated"):
    key = {"task": "t", "protocol": protocol}
    with RunFile.create(folder) as run:
        for i in range(questions):
            run.write([question(i)])
            for draw in range(n_draws):
                answer, outcome, value = (HARD if i % 4 == 0 else DRAWS)[draw % 4]
                of = key | {"question_id": f"q{i}", "draw": draw}
                run.write([
                    replace(generation(i, draw), protocol=protocol),
                    Grade(**of, answer=answer, outcome=outcome, grader="number/1"),
                    Confidence(
                        **of, method=method, value=value, status="missing" if value is None else "ok", raw=None
                    ),
                ])  # fmt: skip
        run.update_manifest(
            name=name,
            kind=None,
            model={"name": "folder/model"},
            complete=True,
            configuration={},
            identity=identity_of("t"),
        )
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Two runs, and what was printed and written for one of them and for both."""
    folder = tmp_path_factory.mktemp("votes")
    make_run(folder / "a", "alpha")
    make_run(folder / "b", "beta <b>&", n_draws=12, questions=10)
    return folder


def test_one_run_gets_its_table_page_and_numbers_beside_it(done, capsys):
    assert main(["votes", str(done / "a")]) == 0
    out = capsys.readouterr().out
    assert "t · p_true" in out
    row = next(line for line in out.splitlines() if line.startswith("t · p_true"))
    assert "0.438" in row  # (9 x 0.5 + 3 x 0.25) / 12
    assert "0.750" in row  # by majority 5 wins with two votes of four; of the hard questions 7 does
    written = json.loads((done / "a" / "votes.json").read_text())
    (run,) = written["runs"]
    assert (run["name"], run["draws"], written["reaches"]) == ("alpha", {"t": 4}, [])
    found = {(m["task"], m["method"], m["subset"], m["metric"]): m["value"] for m in run["metrics"]}
    assert found["t", "none", "k=4", "majority_accuracy"] == 0.75
    assert found["t", "p_true", "all", "wqd"] == pytest.approx(1.0)
    assert found["t", "none", "all", "vote_share"] == pytest.approx((9 * 3 + 3 * 4) / 48)
    assert found["t", "none", "all", "distinct_answers"] == pytest.approx((9 * 2 + 3 * 3) / 12)
    assert {metric for *_, metric in found} == set(VOTE_MEASURES)
    assert "<svg" in (done / "a" / "votes.html").read_text()


def test_scaling_is_votes_and_says_so(tmp_path, capsys):
    assert main(["scaling", str(tmp_path), "--confidence", "p_true"]) == 2
    note, error = capsys.readouterr().err.splitlines()
    assert note.startswith("note: `calibench scaling` is called `calibench votes`")
    assert f"{tmp_path}: no run here" in error
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "scaling" not in capsys.readouterr().out


def test_several_runs_are_held_against_each_other(done, capsys):
    assert main(["votes", str(done / "a"), str(done / "b"), "--out", str(done / "both"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((done / "both" / "votes.json").read_text())
    assert {(r["run"], r["k"], r["other"], r["other_k"]) for r in printed["reaches"]} == {
        ("alpha", 4, "beta <b>&", 12),
        ("beta <b>&", 10, "alpha", 4),
    }
    assert {m["n_used"] for run in printed["runs"] for m in run["metrics"] if m["metric"] == "majority_accuracy"} == {
        10
    }
    page = (done / "both" / "votes.html").read_text()
    assert "beta &lt;b&gt;&amp;" in page
    assert "Who reaches whom" in page


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        ({"n_draws": 1}, [], "one draw per question, and a vote needs several"),
        ({}, ["--confidence", "stated"], "no confidences by 'stated'; this run has: p_true"),
        ({"questions": 0}, [], "holds no graded generation yet"),
        (None, [], "no run here"),
    ],
)
def test_a_run_that_has_no_votes_is_refused_in_one_message(tmp_path, capsys, make, arguments, message):
    if make is not None:
        make_run(tmp_path / "run", **make)
    assert main(["votes", str(tmp_path / "run"), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "run" / "votes.json").exists()


def test_tasks_that_cannot_vote_are_left_out_and_named(tmp_path, capsys):
    make_run(tmp_path / "run", "alpha", questions=4)
    make_run(tmp_path / "other", "beta", questions=4)
    with RunFile.create(tmp_path / "run") as run:
        run.write([
            replace(question(0), task="single"),
            replace(generation(0), task="single"),
            Grade(**SINGLE, answer="5", outcome="correct", grader="number/1"),
        ])  # fmt: skip
    assert main(["votes", str(tmp_path / "run"), str(tmp_path / "other"), "--out", str(tmp_path / "both")]) == 0
    assert "note: alpha: left out, having one draw per question: single" in capsys.readouterr().err


def test_runs_that_share_no_question_are_refused(tmp_path, capsys):
    make_run(tmp_path / "run", "alpha", questions=4)
    make_run(tmp_path / "other", "beta", questions=4, protocol="plain")
    assert main(["votes", str(tmp_path / "run"), str(tmp_path / "other"), "--out", str(tmp_path / "both")]) == 2
    assert "there is no question of which every run has all draws" in capsys.readouterr().err
    assert not (tmp_path / "both").exists()


def test_a_run_given_twice_is_refused(tmp_path, capsys):
    make_run(tmp_path / "run")
    assert main(["votes", str(tmp_path / "run"), str(tmp_path / "run")]) == 2
    assert "given twice" in capsys.readouterr().err


def test_answers_are_compared_as_texts_where_the_rule_gives_up(tmp_path, monkeypatch):
    make_run(tmp_path / "run", questions=3)
    nothing = Future()
    nothing.set_result(None)
    monkeypatch.setattr(GradingPool, "answer_classes", lambda *_: nothing)
    with RunFile.open(tmp_path / "run") as run:
        result = votes([run])
    assert "answers to 3 questions were compared as texts" in result.notes[0]
    found = {(m.task, m.metric): m.value for m in result.runs[0].metrics}
    assert found["t", "distinct_answers"] == 3  # 5 and 5.0 are now apart


def test_classes_come_from_the_workers_by_the_graders_rule():
    with GradingPool(1, 30.0) as pool:
        assert len(set(pool.answer_classes("number/1", ["5", "5.0", "1,000", "1000"]).result())) == 2
        assert pool.answer_classes("number/1", [5]).result() is None
