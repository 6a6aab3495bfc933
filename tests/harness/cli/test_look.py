"""`calibench ls` and `calibench show`: what there is, and one question with all that the run says of it."""

from __future__ import annotations

import csv
import io
import json
import subprocess

import pytest
from some_runs import DRAWS, QUESTIONS, TASK, whole_run

from calibench.cli import main
from calibench.store import FILE_NAME, RunFile


@pytest.fixture
def runs(tmp_path):
    whole_run(tmp_path / "runs" / "one")
    whole_run(tmp_path / "runs" / "deep" / "two")
    return tmp_path / "runs"


def test_every_run_below_a_folder_has_a_line(runs, capsys):
    (runs / "torn").mkdir()
    (runs / "torn" / FILE_NAME).write_text("not a database")
    with RunFile.create(runs / "one") as run:
        run.update_manifest(complete=False)
    assert main(["report", str(runs / "deep" / "two")]) == 0
    capsys.readouterr()
    assert main(["ls", str(runs), "--json"]) == 0
    rows = {row["run"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == ["deep/two", "one", "torn"]
    assert (
        rows["one"]["state"] == f"stopped, {QUESTIONS * DRAWS} of {QUESTIONS * DRAWS} graded, confidences left to ask"
    )
    assert rows["one"]["headline"] == []
    assert rows["deep/two"]["tasks"] == [TASK]
    with RunFile.open(runs / "deep" / "two") as run:
        known = {(m.method, m.metric): m for m in run.metrics() if (m.task, m.subset) == ("macro", "all")}
    assert [row["method"] for row in rows["deep/two"]["headline"]] == ["p_true", "sequence_probability", "stated"]
    for row in rows["deep/two"]["headline"]:
        for metric in ("accuracy", "ece", "brier", "auroc"):
            of = known[row["method"], metric]
            assert (row[metric]["value"], row[metric]["low"], row[metric]["high"]) == (of.value, of.low, of.high)
    assert FILE_NAME in rows["torn"]["state"]
    assert main(["ls", str(runs)]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == ["Run", "Model", "Tasks", "State", "Method", "Accuracy", "ECE", "Brier", "AUROC"]
    assert [line.split()[0] for line in lines] == ["deep/two", "sequence_probability", "stated", "one", "torn"]
    of = known["stated", "ece"]
    assert f"{of.value:.3f} [{of.low:.3f}, {of.high:.3f}]" in lines[2]
    assert main(["ls", str(runs), "--format", "csv"]) == 0
    (row, *_) = (r for r in csv.DictReader(io.StringIO(capsys.readouterr().out)) if r["method"] == "stated")
    assert (float(row["ece"]), float(row["ece_low"]), float(row["ece_high"])) == (of.value, of.low, of.high)


@pytest.mark.parametrize(("words", "offered"), [(["rep"], "report"), (["report", "--conv"], "--convention")])
def test_bash_completes_commands_and_options(capsys, words, offered):
    assert main(["completion", "bash"]) == 0
    asked = f"COMP_WORDS=(calibench {' '.join(words)}); COMP_CWORD={len(words)}"
    program = f"{capsys.readouterr().out}\n{asked}; _shtab_calibench; echo ${{COMPREPLY[@]}}"
    assert subprocess.run(["bash", "-c", program], capture_output=True, text=True).stdout.split() == [offered]


def test_a_question_is_shown_with_prompt_output_grade_and_confidences(runs, capsys):
    with RunFile.open(runs / "one") as run:
        question = next(run.questions(TASK))
    assert main(["show", str(runs / "one"), question.question_id]) == 0
    out = capsys.readouterr().out
    for part in (question.text, *question.gold, "draw 0", "draw 1", "-- grade", "-- confidence: p_true"):
        assert part in out
    assert main(["show", str(runs / "one"), question.question_id, "--draw", "1", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["generation"]["draw"] for one in shown["generations"]] == [1]
    assert {one["method"] for one in shown["generations"][0]["confidences"]} == {
        "p_true", "sequence_probability", "stated",
    }  # fmt: skip


def test_control_characters_of_an_output_are_made_visible(runs, capsys):
    with RunFile.create(runs / "one") as run:
        question = next(run.questions(TASK))
        run._db.execute("UPDATE generations SET text = 'Answer: \x1b[2J5'")
    assert main(["show", str(runs / "one"), question.question_id]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "[2J5" in out


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["ls", "{runs}/nowhere"], "found no run.sqlite there or below"),
        (["show", "{runs}/one", "nobody"], "12 questions, none with the id 'nobody'; has "),
        (["show", "{runs}/one", "{part}"], "12 questions, none with the id '{part}'; has {question}"),
        (["show", "{runs}/one", "{question}", "--draw", "7"], "holds no generation of draw 7 of question"),
        (["show", "{runs}/one", "{question}", "--task", "gsm8k"], "task 'gsm8k' of"),
        (["show", "{runs}/scored", "nobody"], "holds no texts"),
    ],
)
def test_what_is_not_there_is_told_in_a_line(runs, tmp_path, capsys, command, told):
    with RunFile.open(runs / "one") as run:
        question = next(run.questions(TASK)).question_id
    (tmp_path / "scored.csv").write_text("confidence,correct\n0.9,1\n0.4,0\n")
    assert main(["score", str(tmp_path / "scored.csv"), "--out", str(runs / "scored")]) == 0
    capsys.readouterr()
    places = {"runs": runs, "question": question, "part": question[1:]}
    assert main([part.format(**places) for part in command]) == 2
    error = capsys.readouterr().err
    assert told.format(**places) in error
    assert error.count("\n") == 1
