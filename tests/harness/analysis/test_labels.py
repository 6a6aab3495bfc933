"""A run held against labels: tables drawn and read back, the grader's agreement, and corrected numbers."""

import csv
import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from some_runs import identity_of, whole_run

import calibench
from calibench.analysis.label_table import drawn
from calibench.analysis.labels import labels
from calibench.cli import main
from calibench.errors import CalibenchError, IdentityError, InputError
from calibench.records import Confidence, Grade
from calibench.store import RunFile

DOCS = Path(__file__).resolve().parents[3] / "docs"
GRADER = "alias/4"


def graded_run(folder, n=300, task="facts", grader=GRADER, seed=0):
    """One answer to each of n questions; the grader misses three of ten right ones. Returns what is right."""
    rng = np.random.default_rng(seed)
    right = rng.random(n) < 0.6
    called = right & (rng.random(n) < 0.7)
    rows = []
    for i in range(n):
        of = {"task": task, "question_id": f"q{i}", "protocol": "plain", "draw": 0}
        value = 0.3 + 0.2 * right[i] + 0.4 * rng.random()
        outcome = "correct" if called[i] else "incorrect"
        rows.append(Grade(**of, answer="x", outcome=outcome, grader=grader))
        rows.append(Confidence(**of, method="asked", value=value, status="ok", raw=None))
    with RunFile.create(folder) as run:
        run.write(rows)
        run.update_manifest(name=folder.name, kind=None, model={"name": "a"}, complete=True, identity=identity_of(task))
    return right


def write(file, rows, heading=("question_id", "label")):
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([heading, *rows])
    return file


def of_first(right, n):
    return [(f"q{i}", "correct" if right[i] else "incorrect") for i in range(n)]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "a"
    return folder, graded_run(folder)


def held(folder, file, other=None, **options):
    with RunFile.open(folder) as run:
        if other is None:
            return labels(run, file, **options)
        with RunFile.open(other) as of:
            return labels(run, file, of, **options)


def test_labels_say_how_good_the_grader_is_and_what_the_numbers_are_without_its_errors(graded, tmp_path, capsys):
    folder, right = graded
    file = write(tmp_path / "labels.csv", of_first(right, 120))
    assert main(["labels", str(folder), "--labels", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    rates = {row["metric"]: row for row in found["agreement"]}
    assert rates["specificity"]["value"] == 1
    assert rates["sensitivity"]["value"] == pytest.approx(0.7, abs=0.12)
    assert rates["sensitivity"]["low"] < 0.7 < rates["sensitivity"]["high"]
    assert sum(count["n"] for count in found["counts"]) == found["labels"] == 120
    numbers = {each["graded"]["metric"]: each for each in found["numbers"]}
    assert [*numbers] == ["accuracy", "signed_gap", "ece", "brier", "auroc"]
    accuracy = numbers["accuracy"]
    assert accuracy["corrected"]["low"] < right.mean() < accuracy["corrected"]["high"]
    assert accuracy["graded"]["high"] < right.mean()
    assert main(["labels", str(folder), "--labels", str(file)]) == 0
    text = capsys.readouterr().out
    assert f"graded by {GRADER}: 120 labels" in text
    assert main(["labels", str(folder), "--labels", str(file), "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_page_scorecard_and_python_have_what_the_command_says_of_labels(graded, tmp_path, capsys):
    folder, right = graded
    file = write(tmp_path / "labels.csv", of_first(right, 120))
    found = calibench.labels(folder, file)
    summary = calibench.report(folder, labelled=file, out=tmp_path / "page")
    assert summary.labelled == found
    assert found.file == "labels.csv"
    card = json.loads((tmp_path / "page" / "scorecard.json").read_text())
    assert card["labelled"] == json.loads(msgspec.json.encode(found))
    page = (tmp_path / "page" / "report.html").read_text()
    assert "What do labels say of the grader?" in page
    called = 100 * found.numbers[0].graded.value
    assert f"facts: the grader calls {called:.1f}&nbsp;% of the answers correct; by the labels it is" in page
    assert page.count("the grader&#39;s number lies outside") == 2, "at the top, and in the section"
    shutil.copytree(folder, tmp_path / "a")
    assert main(["report", str(tmp_path / "a"), "--labelled", str(file)]) == 0
    assert f"graded by {GRADER}: 120 labels" in capsys.readouterr().out
    assert "What do labels say of the grader?" in (tmp_path / "a" / "report.html").read_text()
    assert calibench.report(folder, out=tmp_path / "plain").labelled is None
    assert "labelled" not in json.loads((tmp_path / "plain" / "scorecard.json").read_text())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--of", "a"], "--of RUN says whose answers are labelled"),
        (["--labelled", "gone.csv"], "gone.csv"),
        (["--labelled", "two.csv"], "question 'q999'"),
    ],
)
def test_labels_that_cannot_be_used_leave_a_report_as_it_is(graded, tmp_path, monkeypatch, capsys, options, message):
    shutil.copytree(graded[0], tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "two.csv", [("q1", "correct"), ("q999", "correct")])
    assert main(["report", "a", *options]) != 0
    assert message in capsys.readouterr().err
    assert not (tmp_path / "a" / "report.html").exists()


def test_labels_are_of_one_run(graded, tmp_path, capsys):
    for name in ("a", "b"):
        shutil.copytree(graded[0], tmp_path / name)
    assert main(["report", str(tmp_path), "--labelled", "labels.csv"]) != 0
    assert "--labelled: expected one run, found 2" in capsys.readouterr().err


def test_labels_of_another_run_correct_by_the_rates_of_its_grader(graded, tmp_path):
    folder, right = graded
    there = graded_run(tmp_path / "b", 150, seed=1)
    found = held(folder, write(tmp_path / "labels.csv", of_first(there, 150)), tmp_path / "b")
    assert (found.estimator, found.of) == ("inverted", "b")
    accuracy = found.numbers[0].corrected
    assert accuracy.low < right.mean() < accuracy.high
    assert "Rogan-Gladen" in accuracy.convention


def test_labels_of_another_grader_are_refused(graded, tmp_path):
    there = graded_run(tmp_path / "b", 20, grader="judge/1")
    file = write(tmp_path / "labels.csv", of_first(there, 20))
    with pytest.raises(IdentityError, match=r"facts: graded by alias/4 in .*, and by judge/1 in "):
        held(graded[0], file, tmp_path / "b")
    graded_run(tmp_path / "c", 20, task="others")
    with pytest.raises(InputError, match=r"has no task that is labelled in .*: others"):
        held(graded[0], file, tmp_path / "c")


def test_by_labels_of_what_is_graded_wrong_alone_nothing_is_corrected(graded, tmp_path):
    folder, right = graded
    with RunFile.open(folder) as run:
        wrong = run.frame().query("outcome == 'incorrect'")["question_id"]
    rows = [row for row in of_first(right, 300) if row[0] in set(wrong)][:60]
    found = held(folder, write(tmp_path / "labels.csv", rows))
    assert any("no random sample" in note and "0 % of the labelled" in note for note in found.notes)
    assert {each.corrected.value for each in found.numbers} == {None}
    sample = held(folder, write(tmp_path / "sample.csv", of_first(right, 60)))
    assert not any("no random sample" in note for note in sample.notes)


def test_few_labels_of_a_kind_and_rows_without_one_are_told(graded, tmp_path):
    folder, right = graded
    rows = [*of_first(right, 12), ("q20", ""), ("q21", "n/a")]
    found = held(folder, write(tmp_path / "labels.csv", rows))
    assert found.labels == 12
    assert any(note.startswith("2 of 14 rows of labels.csv have no label") for note in found.notes)
    assert any("of the labels are correct. Intervals" in note for note in found.notes)


@pytest.mark.parametrize(
    ("rows", "heading", "message"),
    [
        (
            [("q1", "correct"), ("q999", "correct")],
            ("question_id", "label"),
            r"1 of 2 labels .* row 2: question 'q999'",
        ),
        ([("q1", "maybe")], ("question_id", "label"), r"column 'label', row 1: expected a verdict.*found 'maybe'"),
        ([("q1", "correct"), ("q1", "wrong")], ("question_id", "label"), r"'q1'.*correct in row 1, incorrect in row 2"),
        ([("q1", "correct", "x")], ("question_id", "label", "draw"), r"column 'draw', row 1: expected a whole number"),
        ([("q1", "correct", "3")], ("question_id", "label", "draw"), r"does not have, or that failed: .*draw 3"),
        ([("q1", "correct")], ("question_id", "verdict"), r"label.*--question and --label"),
        ([("q1", "correct", 0, 0)], ("question_id", "label", "draw", "draw"), r"expected one column 'draw', found 2"),
        ([("q1", "")], ("question_id", "label"), r"no row has a label"),
        ([], ("question_id", "label"), r"expected a row per label, found none"),
    ],
)
def test_bad_tables_are_refused(graded, tmp_path, capsys, rows, heading, message):
    file = write(tmp_path / "labels.csv", rows, heading)
    with pytest.raises(CalibenchError, match=message) as refused:
        held(graded[0], file)
    assert main(["labels", str(graded[0]), "--labels", str(file)]) == refused.value.exit_code != 0
    assert "Traceback" not in capsys.readouterr().err


def test_a_label_that_stands_twice_counts_once(graded, tmp_path):
    rows = [("q1", "correct"), ("q1", "correct"), ("q2", "not attempted")]
    found = held(graded[0], write(tmp_path / "labels.csv", rows))
    assert found.labels == 2
    assert sum(count.n for count in found.counts if count.label == "not attempted") == 1


@pytest.fixture(scope="module")
def two_tasks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    whole_run(folder, tasks=("gsm8k", "creak"), methods=("stated",))
    return folder


def test_of_several_tasks_labels_must_say_which(two_tasks, tmp_path):
    with pytest.raises(InputError, match=r"expected a column 'task', as .* has several: creak, gsm8k"):
        held(two_tasks, write(tmp_path / "labels.csv", [("q1", "correct")]))


def test_a_drawn_table_is_blind_nested_and_read_back(two_tasks, tmp_path, capsys):
    folder = two_tasks
    with RunFile.open(folder) as run:
        few, many = ({row[:4] for row in drawn(run, n)} for n in (10, 20))
        other = {row[:4] for row in drawn(run, 10, seed=1)}
    assert few < many
    assert few != other
    assert sum(key[0] == "gsm8k" for key in few) == 5
    for _ in range(2):  # the second time nothing is lost
        assert main(["labels", str(folder), "--sample", "16", "--out", str(tmp_path / "mine.csv")]) == 0
    table = pd.read_csv(tmp_path / "mine.csv", dtype=str)
    assert [*table] == ["task", "question_id", "protocol", "draw", "question", "gold", "answer", "label"]
    assert table["label"].isna().all()
    assert not table["answer"].str.contains("75%|Confidence|correct").any()
    table["label"] = np.where(np.arange(16) % 2, "correct", "incorrect")
    table.to_csv(tmp_path / "mine.csv", index=False)
    assert held(folder, tmp_path / "mine.csv").labels == 16
    capsys.readouterr()
    assert main(["labels", str(folder), "--sample", "16", "--out", str(tmp_path / "mine.csv")]) != 0
    assert "may hold labels" in capsys.readouterr().err
    assert pd.read_csv(tmp_path / "mine.csv")["label"].notna().all()


def test_a_run_without_texts_has_nothing_to_draw(graded):
    with RunFile.open(graded[0]) as run, pytest.raises(InputError, match="holds no texts to label"):
        drawn(run, 5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "expected --labels FILE, or --sample N"),
        (["--sample", "5"], "--sample and --out go together"),
        (["--labels", "x.csv", "--out", "y.csv"], "--sample and --out go together"),
        (["--labels", "x.csv", "--sample", "5", "--out", "y.csv"], "expected --labels FILE, or --sample N"),
    ],
)
def test_options_that_do_not_go_together_are_refused(graded, capsys, options, message):
    assert main(["labels", str(graded[0]), *options]) == InputError.exit_code
    assert message in capsys.readouterr().err


def test_the_page_shows_what_its_table_of_labels_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(DOCS / "labels-triviaqa.csv", tmp_path)
    page = (DOCS / "labels.md").read_text()
    commands = [line.split()[1:] for line in page.splitlines() if line.startswith("calibench ") and "triviaqa" in line]
    assert [command[0] for command in commands] == ["score", "labels"]
    for command in commands:
        capsys.readouterr()
        assert main(command) == 0
    assert capsys.readouterr().out.strip() in page
