"""Logs of other tools become runs whose numbers are those of a run of the same generations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from some_logs import LOGS, every_eval_ever, lines, lm_eval, rows
from some_runs import whole_run

from calibench.cli import main
from calibench.store import RunFile


def imported(tmp_path: Path, *arguments: str | Path) -> RunFile:
    assert main(["import", *map(str, arguments), "--out", str(tmp_path / "run")]) == 0
    return RunFile.open(tmp_path / "run")


def test_a_log_of_lm_eval_says_what_it_is_of(tmp_path, capsys):
    run = imported(tmp_path, LOGS / "lm_eval")
    told = capsys.readouterr().err
    assert "micro_facts: lm-eval 0.4.13's verdicts (accuracy, none) differ from ours on 0 of 40 answers" in told
    with run:
        manifest = run.manifest()
        assert (manifest["model"]["name"], manifest["log"]["tool"]) == ("micro-sft", "lm-eval 0.4.13")
        assert set(manifest["identity"]["sha256"]) >= {path.name for path in (LOGS / "lm_eval").glob("samples_*")}
        assert set(run.frame()["task"]) == {"micro_words", "micro_facts"}
        assert "truncated" not in manifest["known"]["outcomes"], "lm-eval does not say what was cut"


def test_confidences_that_nobody_asked_to_be_read_are_told(tmp_path, capsys):
    with imported(tmp_path, LOGS / "inspect_epochs") as run:
        assert set(run.frame()["method"]) == {"none"}
    assert "24 of the first 24 texts seem to state a confidence, which is not read: --stated percent" in (
        capsys.readouterr().err
    )


def test_epochs_of_inspect_are_draws_that_vote(tmp_path, capsys):
    with imported(tmp_path, LOGS / "inspect_epochs", "--stated", "percent") as run:
        frame = run.frame()
    assert sorted(frame["draw"].value_counts().items()) == [(0, 8), (1, 8), (2, 8)]
    assert main(["votes", str(tmp_path / "run"), "--json"]) == 0
    # As Inspect's own scorer counts them, of 24 samples.
    assert frame["correct"].mean() == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: [*rows, rows[0]], "that are left out: 1"),
        (lambda rows: [*rows, rows[0] | {"resps": [["Answer: 7"]]}], "expected each draw once"),
    ],
)
def test_an_answer_that_is_there_twice_is_told(change, said, tmp_path, capsys):
    """The same text once more is left out, another text refused: nobody can say which one counts."""
    log = lm_eval(tmp_path)
    lines(log.files[0], change(rows(log.files[0])))
    code = main(["import", str(log.files[0]), "--out", str(tmp_path / "run")])
    assert said in capsys.readouterr().err
    assert code == (0 if "left out" in said else 2)
    assert (tmp_path / "run" / "run.sqlite").is_file() == (code == 0)


def test_models_of_one_log_become_runs_that_are_compared(tmp_path, capsys):
    log = every_eval_ever(tmp_path)
    records = rows(log.files[0])
    lines(log.files[0], [*records, *(row | {"model_id": "org/other"} for row in records)])
    out = tmp_path / "run"
    assert main(["import", str(log.files[0]), "--protocol", "stated", "--out", str(out)]) == 0
    assert "Against org/micro-sft" in capsys.readouterr().out
    assert {path.parent.name for path in out.glob("*/run.sqlite")} == {"org_micro-sft", "org_other"}
    assert (out / "comparison.json").is_file()


def test_models_that_share_no_question_become_runs_that_are_not_compared(tmp_path, capsys):
    table = tmp_path / "two.csv"
    table.write_text("model,id,gold,output\na,q1,3,Answer: 3\na,q2,4,Answer: 5\nb,q3,3,Answer: 3\nb,q4,4,Answer: 5\n")
    columns = ["--model", "model", "--text", "output", "--question", "id", "--gold", "gold", "--grader", "number"]
    assert main(["import", str(table), *columns, "--out", str(tmp_path / "runs")]) == 0
    assert "not compared: nothing to compare: no shared question" in capsys.readouterr().err
    for name in ("a", "b"):
        with RunFile.open(tmp_path / "runs" / name) as run:
            assert len(run.frame()) == 2


@pytest.mark.parametrize(
    ("options", "changed", "said"),
    [
        ((), {"evaluation_name": "unheard"}, "is_correct"),
        (("--grader", "alias"), {"evaluation_name": "unheard"}, "differ from ours on 0 of 20 answers"),
        (("--verdicts", "log"), {}, "not known"),
    ],
)
def test_what_grades_is_named(options, changed, said, tmp_path, capsys):
    """The log's verdict where nothing here is asked to grade; else a grader, by the gold of the log."""
    log = every_eval_ever(tmp_path)
    lines(log.files[0], [row | changed for row in rows(log.files[0])])
    with imported(tmp_path, *log.files, *log.options, *options) as run:
        frame = run.frame()
        graders = run.manifest()["identity"]["graders"]
    assert said in capsys.readouterr().err + str(graders)
    assert frame["correct"].mean() == pytest.approx(0.85)


def test_what_nothing_grades_is_refused(tmp_path, capsys):
    file = tmp_path / "samples_unheard_2026-01-01T00-00-00.0.jsonl"
    row = {"doc_id": 1, "doc": {"q": "What?"}, "resps": [["42"]], "filtered_resps": ["42"], "arguments": []}
    lines(file, [row])
    for options, wanted in (
        ((), "--task"),
        (("--grader", "number"), "gold"),
        (("--task", "gsm8k"), "expected its data"),
    ):
        assert main(["import", str(file), *options, "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
        assert wanted in capsys.readouterr().err
    lines(file, [row | {"target": "42"}])
    assert main(["import", str(file), "--grader", "number", "--out", str(tmp_path / "run")]) == 2
    assert "--name" in capsys.readouterr().err, "no results file says which model it was"


def test_a_table_of_verdicts_is_scored_as_by_score(tmp_path, capsys):
    table = tmp_path / "answers.csv"
    table.write_text("q,confidence,correct\n1,0.9,yes\n2,0.8,no\n3,0.4,no\n")
    for command in ("import", "score"):
        assert main([command, str(table), "--question", "q", "--out", str(tmp_path / command), "--json"]) == 0
    imported, scored = (json.loads((tmp_path / name / "scorecard.json").read_text()) for name in ("import", "score"))
    assert imported == scored


def test_a_run_that_a_model_made_is_left_as_it_is(tmp_path, capsys):
    whole_run(tmp_path / "run", "mine")
    before = (tmp_path / "run" / "run.sqlite").read_bytes()
    log = every_eval_ever(tmp_path)
    assert main(["import", str(log.files[0]), "--out", str(tmp_path / "run")]) == 3
    assert (tmp_path / "run" / "run.sqlite").read_bytes() == before
    assert not (tmp_path / "run" / ".importing").exists()
