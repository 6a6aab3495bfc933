"""`calibench compare`: which runs are paired, in which order, and what is refused."""

import contextlib
import json

import pytest
from some_runs import identity_of

from calibench.analysis.compare import compare
from calibench.cli import main
from calibench.records import Confidence, Generation, Grade, Question
from calibench.store import RunFile

KEY = {"task": "sums", "draw": 0}


def make_run(folder, name, *, kind=None, right=30, questions=40, protocol="stated", **manifest):
    """A run whose first `right` of its questions are answered right."""
    with RunFile.create(folder) as run:
        for i in range(questions):
            key = KEY | {"question_id": f"q{i:03}", "protocol": protocol}
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
        asked = {protocol: {"questions": questions, "draws": 1, "methods": ["stated"]}}
        scope = {"sums": run.manifest().get("scope", {}).get("sums", {}) | asked}
        about = {"name": name, "kind": kind, "model": {"name": "m"}, "scope": scope, "identity": identity_of("sums")}
        run.update_manifest(**about | manifest)


@pytest.fixture
def ladder(tmp_path, monkeypatch):
    """Four runs, one of each kind, in a working folder."""
    monkeypatch.chdir(tmp_path)
    for kind, right in (("rl", 38), ("base", 10), ("sft", 30), ("instruct", 20)):
        make_run(tmp_path / kind, f"my {kind}", kind=kind, right=right)
    return tmp_path


def pairs(*folders, **options):
    """(run A, run B) of the differences of these runs."""
    with contextlib.ExitStack() as opened:
        comparison = compare([opened.enter_context(RunFile.open(folder)) for folder in folders], **options)
    found = list(dict.fromkeys((d.run_a, d.run_b) for d in comparison.differences))
    assert found == [pair for pair in comparison.pairs if pair in found]
    return found


def test_every_run_is_held_against_the_first_and_against_the_one_before_it_on_the_ladder(ladder, capsys):
    assert main(["compare", "rl", "sft", "base", "instruct", "--json"]) == 0
    differences = json.loads(capsys.readouterr().out)["differences"]
    assert list(dict.fromkeys((d["run_a"], d["run_b"]) for d in differences)) == [
        ("my rl", "my base"), ("my rl", "my instruct"), ("my rl", "my sft"),
        ("my base", "my instruct"), ("my instruct", "my sft"),
    ]  # fmt: skip
    page = (ladder / "runs/compare/report.html").read_text()
    places = [page.index(f"<bdi>my {kind}</bdi>") for kind in ("base", "instruct", "sft", "rl")]
    assert places[:3] == sorted(places[:3])
    assert "3 runs</bdi> against <bdi>my rl" in page


def test_three_runs_or_more_say_what_each_knows_beyond_difficulty(ladder, capsys):
    """All confidences are equal, so that none tells right from wrong."""
    assert main(["compare", "sft", "base", "instruct"]) == 0
    assert "Self-knowledge beyond the difficulty of questions" in capsys.readouterr().out
    known = json.loads((ladder / "runs/compare/comparison.json").read_text())["self_knowledge"]
    assert list(known) == ["my base", "my instruct", "my sft"]
    of_sft = {m["metric"]: m for m in known["my sft"] if m["task"] == "sums"}
    # The others have 0, 1/2 or 1 right of a question; sft is wrong on ten questions, all of which are hard for both.
    assert of_sft["auroc"]["value"] == of_sft["auroc_within_difficulty"]["value"] == 0.5
    assert of_sft["auroc_within_difficulty"]["n_used"] == 40
    assert main(["compare", "sft", "base", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["self_knowledge"] == {}


def test_runs_of_one_kind_and_of_none_stay_in_the_order_given(ladder):
    for name in ("star", "epicar"):
        make_run(ladder / name, name, kind="sft")
    make_run(ladder / "unknown", "unknown")
    found = pairs("instruct", "unknown", "sft", "star", "rl", "epicar")
    steps = [("my sft", "star"), ("star", "epicar"), ("epicar", "my rl"), ("my rl", "unknown")]
    assert found[5:] == steps


@pytest.mark.parametrize("baseline", ["my sft", "sft", "sft/run.sqlite"])
def test_baseline_is_named_by_name_or_folder(ladder, baseline):
    found = pairs("base", "sft", "rl", baseline=baseline)
    assert found == [("my sft", "my base"), ("my sft", "my rl")]


def test_two_runs_are_compared_as_b_minus_a_with_one_pair(ladder, capsys):
    assert pairs("base", "rl", baseline="rl") == [("my rl", "my base")]
    assert main(["compare", "rl", "base", "--json"]) == 0
    differences = json.loads(capsys.readouterr().out)["differences"]
    assert {(d["run_a"], d["run_b"]) for d in differences} == {("my rl", "my base")}
    (accuracy,) = [d for d in differences if (d["task"], d["metric"]) == ("sums", "accuracy")]
    assert (accuracy["a"], accuracy["b"], accuracy["verdict"]) == (38 / 40, 10 / 40, "worse")
    assert set(accuracy) == {
        "run_a", "run_b", "task", "protocol", "method", "subset", "metric", "a", "b", "difference", "low", "high",
        "p_value", "p_holm", "verdict", "n_questions", "convention", "reason", "detectable",
    }  # fmt: skip
    assert main(["compare", "rl", "base"]) == 0
    assert "What the changes are made of, mean over tasks" in capsys.readouterr().out
    page = (ladder / "runs/compare/report.html").read_text()
    assert '<h2 id="made-of">What the changes are made of</h2>' in page


def test_text_of_several_runs_has_the_means_against_the_baseline(ladder, capsys):
    assert main(["compare", "base", "rl", "sft"]) == 0
    out = capsys.readouterr().out
    assert "Against my base, mean over tasks" in out
    assert "report: runs/compare/report.html" in out


def test_runs_of_one_name_are_told_apart_by_their_folders(ladder, capsys):
    make_run(ladder / "again", "my sft", kind="sft", right=31)
    assert pairs("sft", "again") == [("my sft (sft)", "my sft (again)")]
    assert pairs("sft", "again", baseline="again") == [("my sft (again)", "my sft (sft)")]
    assert main(["compare", "sft", "again", "base", "--baseline", "my sft"]) == 2
    assert "several runs have this name; name the folder: sft, again" in capsys.readouterr().err


def test_a_run_called_first_is_that_run(ladder):
    make_run(ladder / "other", "first")
    assert pairs("base", "other", baseline="first") == [("first", "my base")]
    assert pairs("base", "rl", baseline="first") == [("my base", "my rl")]


def test_an_unfinished_run_is_warned_of_on_the_terminal_and_on_the_page(ladder, capsys):
    scope = {"sums": {"stated": {"questions": 50, "draws": 1, "methods": ["stated"]}}}
    make_run(ladder / "cut", "cut", complete=False, scope=scope)
    assert main(["compare", "base", "sft", "cut"]) == 0
    assert "cut is not finished: 40 of 50 generations are graded" in capsys.readouterr().err
    assert "cut is not finished" in (ladder / "runs/compare/report.html").read_text()


def test_settings_that_differ_are_named_on_the_terminal(ladder, capsys):
    make_run(ladder / "hot", "hot", configuration={"top_k": 20}, identity=identity_of("sums") | {"prompts": {}})
    make_run(ladder / "cold", "cold", configuration={"top_k": 0}, identity=identity_of("sums") | {"prompts": {}})
    assert main(["compare", "cold", "hot"]) == 0
    told = capsys.readouterr().err
    assert "warning: Setting top_k: 0 (cold); 20 (hot)." in told
    assert "Setting top_k" in (ladder / "runs/compare/report.html").read_text()


def test_a_run_that_shares_nothing_with_any_other_is_refused(ladder, capsys):
    make_run(ladder / "plain", "plain", protocol="plain")
    assert main(["compare", "base", "sft", "plain"]) == 2
    err = capsys.readouterr().err
    assert "no shared question under the same task, protocol and method for plain (my base" in err
    assert "my base has sums under stated; my sft has sums under stated; plain has sums under plain" in err
    assert not (ladder / "runs").exists()


def test_a_pair_that_shares_nothing_is_left_out_and_said(ladder, capsys):
    make_run(ladder / "plain", "plain", protocol="plain", kind="sft")
    make_run(ladder / "both", "both", kind="rl")
    make_run(ladder / "both", "both", kind="rl", protocol="plain")
    assert pairs("base", "plain", "both") == [("my base", "both"), ("plain", "both")]
    assert main(["compare", "base", "plain", "both"]) == 0
    page = (ladder / "runs/compare/report.html").read_text()
    assert "plain and my base share no question under the same task, protocol and method." in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["base", "sft", "base"], "found one twice: base/run.sqlite and base/run.sqlite"),
        (["base", "./base/run.sqlite"], "found one twice"),
        (["base", "link"], "found one twice"),
        (["base", "sft", "--baseline", "my sf"], "unknown baseline 'my sf'. Did you mean my sft"),
        (["base", "sft", "nowhere"], "nowhere: no run here"),
        (["base", "sft", "--baseline", "rl"], "unknown baseline 'rl'"),
    ],
)
def test_bad_input_is_answered_in_one_message_and_nothing_is_written(ladder, capsys, arguments, message):
    (ladder / "link").symlink_to(ladder / "base")
    assert main(["compare", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.splitlines()[-1].startswith("calibench: ")
    assert captured.out == ""
    assert not (ladder / "runs").exists()


def test_one_run_is_not_enough(ladder, capsys):
    assert main(["compare", "base"]) == 2
    assert "at least two runs, found one: base" in capsys.readouterr().err


def test_a_folder_of_runs_stands_for_all_of_them(ladder, capsys):
    assert main(["compare", ".", "--baseline", "rl"]) == 0
    assert "my sft" in capsys.readouterr().out
    assert main(["compare", "none", "base"]) == 2
    assert "none: no run here" in capsys.readouterr().err
