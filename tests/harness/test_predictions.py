"""`calibench score`: tables of predictions, read, refused and scored."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calibench.analysis.predictions import Columns, read, summarize
from calibench.cli import main
from calibench.errors import InputError


@pytest.fixture
def table(tmp_path):
    """A function (text or bytes, name) -> path of a file with that content."""

    def write(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def values(path: Path, *options: str) -> list[float | None]:
    """The confidences as read, None where there is none."""
    frame = read(path, Columns(), *options).frame
    return [None if np.isnan(value) else value for value in frame["value"]]


def numbers(summary) -> dict[tuple[str, str, str], float | None]:
    return {(m.task, m.method, m.metric): m.value for m in summary.scorecard.metrics if m.subset == "all"}


# -- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0.85", 0.85),
        (" 1 ", 1.0),
        ("1e-2", 0.01),
        ("85%", 0.85),
        ("85.5 %", 0.855),
        ("100%", 1.0),
        ("", None),
        ("NaN", None),
        ("null", None),
        ("None", None),
        ("N/A", None),
    ],
)
def test_a_confidence_is_a_fraction_a_percentage_or_nothing(table, cell, value):
    assert values(table(f"confidence,correct\n{cell},1\n")) == [value if value is None else pytest.approx(value)]


def test_the_percent_scale_divides_plain_numbers_alone(table):
    path = table("confidence,correct\n85,1\n85%,1\n0,0\n100,1\n,0\n")
    assert values(path, "percent") == [0.85, 0.85, 0.0, 1.0, None]


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [(cell, "correct") for cell in ("1", "true", "TRUE", "Yes", "correct", "1.0", " true")]
    + [(cell, "incorrect") for cell in ("0", "false", "False", "NO", "Incorrect", "0.0")],
)
def test_a_verdict_may_be_written_in_the_usual_ways(table, cell, outcome):
    assert list(read(table(f"confidence,correct\n.5,{cell}\n"), Columns()).frame["outcome"]) == [outcome]


ROWS = pd.DataFrame(
    {
        "n": [1, 1, 2, 3],
        "p": [0.9, None, 0.35, 1.0],
        "ok": [True, False, False, True],
        "text": ["a, b", 'say "yes"\nor no', "é", ""],
    }
)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.csv", lambda path: ROWS.to_csv(path, index=False)),
        ("t.CSV", lambda path: ROWS.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")),
        ("t.tsv.gz", lambda path: ROWS.to_csv(path, sep="\t", index=False)),
        ("t.jsonl", lambda path: ROWS.to_json(path, orient="records", lines=True)),
        ("t.ndjson.gz", lambda path: ROWS.to_json(path, orient="records", lines=True)),
        ("t.parquet", lambda path: ROWS.to_parquet(path)),
    ],
)
def test_every_format_gives_the_same_frame(tmp_path, name, write):
    write(tmp_path / name)
    frame = read(tmp_path / name, Columns("p", "ok", question="n")).frame
    assert list(frame["value"].fillna(-1)) == [0.9, -1, 0.35, 1.0]
    assert list(frame["status"]) == ["ok", "missing", "ok", "ok"]
    assert list(frame["outcome"]) == ["correct", "incorrect", "incorrect", "correct"]
    assert list(frame["question_id"]) == ["1", "1", "2", "3"]
    assert list(frame["draw"]) == [0, 1, 0, 0]
    assert set(frame["task"]) == {name}
    assert set(frame["method"]) == {"p"}


def test_json_written_by_python_may_hold_bare_nan_and_lack_the_confidence(table):
    lines = ['{"correct": 1, "confidence": NaN}', "", '{"correct": 0}', '{"correct": true, "confidence": "7%"}']
    path = table("\n".join(lines), "t.jsonl")
    assert values(path) == [None, None, 0.07]


def test_a_long_output_beside_the_columns_is_no_obstacle(table):
    assert values(table(f"text,confidence,correct\n{'x' * 300_000},0.5,1\n")) == [0.5]


# -- what is refused --------------------------------------------------------------------------------------------------

CSV = "confidence,correct\n"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", CSV + "0.5,1\n85,0\n90,1\n", ["2 of 3 rows", "row 2: '85'", "--scale percent"]),
        ("t.csv", CSV + "0.5,1\n150%,0\n", ["1 of 2 rows", "row 2: '150%'", "leave them empty"]),
        ("t.csv", CSV + "-0.1,1\n", ["from 0 to 1", "row 1: '-0.1'"]),
        ("t.csv", CSV + "inf,1\n", ["row 1: 'inf'"]),
        ("t.csv", CSV + "0.5,1\nhigh,0\n", ["'confidence', row 2", "a number", "'high'"]),
        ("t.csv", CSV + "0.5,1\n0.5,maybe\n", ["'correct', row 2", "true/false", "'maybe'"]),
        ("t.csv", CSV + "0.5,0.5\n", ["'correct', row 1", "'0.5'"]),
        ("t.csv", CSV + "0.5,\n", ["'correct', row 1", "found nothing"]),
        ("t.csv", "confidnce,correct\n0.5,1\n", ["Did you mean confidnce?", "--confidence"]),
        ("t.csv", "confidence;correct\n0.5;1\n", ["confidence;correct"]),
        ("t.csv", "confidence,correct,confidence\n1,1,1\n", ["one column 'confidence', found 2"]),
        ("t.csv", "", ["found none"]),
        ("t.csv", CSV, ["found none"]),
        ("t.csv", CSV + "0.5,1\n0.5,1,2\n", ["line 3", "expected 2 fields", "found 3"]),
        ("t.csv", CSV + '0.5,1\n"0.5,1\n', ["line 3", "not valid CSV"]),
        ("t.csv", CSV.encode() + "0.5,réel".encode("latin-1"), ["UTF-8", "0xe9"]),
        ("t.csv", (CSV + "0.5,1\n").encode("utf-16"), ["UTF-8", "0xff"]),
        ("t.csv.gz", CSV + "0.5,1\n", ["not a gzipped file"]),
        ("t.csv.gz", gzip.compress((CSV + "0.5,1\n").encode(), mtime=0)[:-6], ["end-of-stream"]),
        ("t.jsonl", '{"confidence": 0.5, "correct": 1}\n{"confidence": 0.', ["line 2", "not valid JSON"]),
        ("t.jsonl", "[0.5, 1]\n", ["line 1", "an object per line"]),
        ("t.jsonl", "[" * 100_000, ["line 1", "not valid JSON"]),
        ("t.jsonl", '{"confidence": true, "correct": 1}\n', ["'confidence', row 1", "found True"]),
        ("t.jsonl", f'{{"confidence": 1{"0" * 400}, "correct": 1}}\n', ["'confidence', row 1"]),
        ("t.jsonl", '{"Confidence": 0.5, "correct": 1}\n', ["Did you mean Confidence?"]),
        ("t.jsonl", "\n", ["found none"]),
        ("t.parquet", "no Parquet", ["not a readable Parquet file"]),
        ("t.xlsx", "", [".csv", ".parquet", "'.xlsx'"]),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_scored_is_refused_with_place_and_reason(table, capsys, name, content, words):
    path = table(content, name)
    assert main(["score", str(path), "--out", str(path.parent / "out")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"calibench: {path}")
    assert [word for word in words if word.lower() not in said.err.lower()] == []
    assert not (path.parent / "out").exists()


def test_a_missing_file_and_a_folder_are_named(tmp_path, capsys):
    assert main(["score", str(tmp_path / "none.csv")]) == 2
    assert main(["score", str(tmp_path)]) == 2
    missing, folder = capsys.readouterr().err.splitlines()
    assert "none.csv" in missing
    assert "No such file" in missing
    assert "directory" in folder


def test_the_percent_scale_still_has_an_end(table):
    with pytest.raises(InputError, match=r"from 0 to 100 .*1 of 2 rows.*row 2: '150'"):
        read(table(CSV + "85,1\n150,0\n"), Columns(), "percent")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(correct="confidence"), "cannot be the same column"),
        (Columns(group="g"), "'macro'"),
        (Columns(model="m"), "'none'"),
        (Columns(question="q"), r"column 'q', row 2: expected a name or id, found nothing"),
    ],
)
def test_names_that_reports_need_for_themselves_are_refused(table, columns, message):
    with pytest.raises(InputError, match=message):
        read(table("confidence,correct,g,m,q\n.5,1,a,b,1\n.5,0,macro,none,\n"), columns)


def test_ids_in_place_of_groups_are_refused(table):
    rows = "".join(f"0.5,1,{i}\n" for i in range(501))
    with pytest.raises(InputError, match="at most 500 groups by task and model, found 501"):
        read(table("confidence,correct,id\n" + rows), Columns(group="id"))


# -- what comes out ---------------------------------------------------------------------------------------------------


def ece(confidence, correct) -> float:
    """ECE over ten right-closed bins of equal width, zero in the first, as a plain loop."""
    total = 0.0
    for k in range(10):
        rows = [i for i, c in enumerate(confidence) if (k == 0 or c > k / 10 + 1e-12) and c <= (k + 1) / 10 + 1e-12]
        total += abs(sum(confidence[i] - correct[i] for i in rows))
    return total / len(confidence)


@pytest.mark.data
@pytest.mark.slow
def test_published_numbers_are_reproduced(benchmark_data, tmp_path):
    """55 published cases; accuracy, Brier and AUROC are defined as here. Published ECEs have bins of other edges."""
    with gzip.open(benchmark_data / "recorded" / "calibration_cases.jsonl.gz", "rt") as file:
        cases = [json.loads(line) for line in file]
    path = tmp_path / "cases.jsonl"
    with path.open("w") as file:
        for case in cases:
            for confidence, correct in zip(case["confidence"], case["correct"], strict=True):
                print(json.dumps({"case": case["id"], "confidence": confidence, "correct": correct}), file=file)
    found = numbers(summarize(read(path, Columns(group="case"))))
    compared = 0
    for case in cases:
        # One publisher prints six decimals, all others the float itself.
        tolerance = 6e-7 if "6 decimals" in case["note"] else 1e-12
        for metric in {"accuracy", "brier", "auroc"} & case["published"].keys():
            key = (case["id"], "confidence", metric)
            assert found[key] == pytest.approx(case["published"][metric], abs=tolerance), key
            compared += 1
        own = ece(case["confidence"], case["correct"])
        assert found[case["id"], "confidence", "ece"] == pytest.approx(own, abs=1e-9), case["id"]
    assert compared == 55 + 15 + 55  # Brier is published by one of the two publishers


def write_models(table, *, questions: bool) -> Path:
    rng = np.random.default_rng(0)
    lines = []
    for model, bias in (("model-a", 0.0), ("model-b", 0.2)):
        for task in ("sums", "facts"):
            for q in range(40 if (model, task) == ("model-b", "facts") else 50):
                p = rng.uniform(0.5, 1)
                shown = "" if q == 7 else f"{p:.2f}"
                lines.append(f"{task}{q},{task},{model},{shown},{int(rng.random() < p - bias)}")
    heading = "id,data,model,confidence,correct\n" if questions else "other,data,model,confidence,correct\n"
    return table(heading + "\n".join(lines) + "\n")


def test_score_writes_report_numbers_and_figure(table, capsys):
    path = write_models(table, questions=True)
    out = path.parent / "deep" / "out"
    words = ["--group", "data", "--model", "model", "--question", "id", "--out", str(out)]
    assert main(["score", str(path), *words]) == 0
    said = capsys.readouterr()
    assert f"report: {out / 'report.html'}" in said.out
    assert re.search(r"^sums · model-a +0\.\d{3} \[", said.out, re.MULTILINE)
    assert said.err == (
        "note: facts: 40 of 50 questions were answered by every model; numbers over different questions cannot be "
        "compared.\n"
    )
    assert {f.name for f in out.iterdir()} == {"report.html", "scorecard.json", "reliability.svg"}
    assert (out / "reliability.svg").read_text().startswith("<?xml")
    rows = json.loads((out / "scorecard.json").read_text())
    assert {(r["task"], r["method"]) for r in rows} == {
        (task, model) for task in ("sums", "facts", "macro") for model in ("model-a", "model-b")
    }
    coverage = {(r["task"], r["method"]): r for r in rows if r["metric"] == "coverage"}
    assert coverage["sums", "model-a"]["value"] == 49 / 50
    assert coverage["facts", "model-b"]["n_total"] == 40
    assert {r["metric"] for r in rows} >= {"ece", "ece_missing_worst", "auroc", "brier"}
    assert not any(r["metric"].endswith("_rate") for r in rows)


def test_the_report_shows_what_the_file_can_tell_and_nothing_else(table):
    path = write_models(table, questions=False)
    out = path.parent / "out"
    assert main(["score", str(path), "--group", "data", "--model", "model", "--out", str(out)]) == 0
    page = (out / "report.html").read_text()
    for shown in ("by model <bdi>model-a", ">Model</th>", "table.csv", "sha256", "not known whether the models"):
        assert shown in page
    for hidden in ("Confident errors", "Domain</th>", ">Abstained<", "out of range", "Methods of one", "benchmark"):
        assert hidden not in page


def test_rows_of_one_question_are_drawn_together(table):
    # Each question is asked 20 times with one verdict: 10 independent facts, not 200.
    rows = "".join(f"{q},0.7,{int(q < 7)}\n" for q in range(10) for _ in range(20))
    path = table("id,confidence,correct\n" + rows)

    def width(columns: Columns) -> float:
        metrics = summarize(read(path, columns)).scorecard.metrics
        (gap,) = (m for m in metrics if m.metric == "signed_gap" and m.task != "macro")
        return gap.high - gap.low

    # The standard error of a share over n facts goes with 1 / sqrt(n): here sqrt(20) = 4.5 times.
    assert width(Columns(question="id")) / width(Columns()) == pytest.approx(20**0.5, rel=0.2)


def test_one_class_and_no_confidence_give_undefined_numbers_with_a_reason(table, capsys):
    path = table(CSV + ",1\n,1\n")
    assert main(["score", str(path), "--out", str(path.parent / "out"), "--json"]) == 0
    rows = {r["metric"]: r for r in json.loads(capsys.readouterr().out) if r["task"] == path.name}
    assert rows["accuracy"]["value"] == 1
    assert rows["coverage"]["value"] == 0
    assert rows["ece"]["value"] is None
    assert rows["ece"]["reason"] == "no answered generation has a confidence"
    assert rows["auroc"]["value"] is None


def test_fractions_given_as_percent_are_doubted(table):
    notes = summarize(read(table(CSV + "0.5,1\n0.9,0\n"), Columns(), "percent")).manifest["notes"]
    assert notes == ["No confidence is above 1 %: the scale may be that of fractions, not percent."]


def test_a_folder_that_cannot_be_written_is_named(table, capsys):
    path = table(CSV + "0.5,1\n")
    assert main(["score", str(path), "--out", str(path)]) == 4
    assert "cannot write" in capsys.readouterr().err
