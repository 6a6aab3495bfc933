"""`calibench score`: tables of predictions, read, refused and scored."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shlex
import tracemalloc
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pyarrow
import pytest

from calibench.analysis.predictions import Columns, TableForm, read
from calibench.analysis.report import report
from calibench.analysis.score import publish, score
from calibench.cli import main
from calibench.errors import InputError
from calibench.exchange import columns
from calibench.store import RunFile


def parquet_of(confidence: object) -> bytes:
    """A file with one row."""
    written = io.BytesIO()
    pd.DataFrame({"confidence": [confidence], "correct": [1]}).to_parquet(written)
    return written.getvalue()


@pytest.fixture
def table(tmp_path):
    """A function (text or bytes, name) -> path of a file with that content."""

    def write(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def values(path: Path, *form) -> list[float | None]:
    """The confidences as read, None where there is none."""
    frame = read(path, Columns(), TableForm(*form)).frame
    return [None if np.isnan(value) else value for value in frame["value"]]


def outcomes(path: Path, **columns: str) -> list[str]:
    return list(read(path, Columns(**columns)).frame["outcome"])


def summary_of(path: Path, **options):
    """What the only model's report says."""
    (model,) = score(path, **options).models.values()
    return model.summary


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
        ('"0,85"', 0.85),
        ('"85,5 %"', 0.855),
        ("[0.9]", 0.9),
        ('"[""90%""]"', 0.9),
        ("[]", None),
    ],
)
def test_a_confidence_is_a_fraction_a_percentage_or_nothing(table, cell, value):
    assert values(table(f"confidence,correct\n{cell},1\n")) == [value if value is None else pytest.approx(value)]


@pytest.mark.parametrize("scale", ["fraction", "percent"])
def test_floating_point_noise_beside_0_and_1_is_no_reason_to_refuse(table, scale):
    """As a sum of probabilities has it: 1.0000001 is 1, and 1.00001 is not."""
    unit = 100 if scale == "percent" else 1
    rows = "".join(f"{value * unit!r},1\n" for value in (1.0000001, -1e-9, 0.5))
    assert values(table(CSV + rows), scale) == [1, 0, 0.5]
    with pytest.raises(InputError, match="outside by rounding alone"):
        values(table(f"{CSV}{1.00001 * unit!r},1\n"), scale)


def test_the_percent_scale_divides_plain_numbers_alone(table):
    path = table("confidence,correct\n85,1\n85%,1\n0,0\n100,1\n,0\n")
    assert values(path, "percent") == [0.85, 0.85, 0.0, 1.0, None]


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [(cell, "correct") for cell in ("1", "true", "TRUE", "Yes", "correct", "1.0", " true", "WAHR", "vrai", "sí", "да")]
    + [(cell, "incorrect") for cell in ("0", "false", "False", "NO", "Incorrect", "0.0", "Falsch", "faux", "нет")]
    + [(cell, "abstained") for cell in ("NOT_ATTEMPTED", "not attempted", "Abstained", "refused")]
    + [("[True]", "correct"), ('"[""incorrect""]"', "incorrect")],
)
def test_a_verdict_may_be_written_in_the_usual_ways(table, cell, outcome):
    assert outcomes(table(f"confidence,correct\n.5,{cell}\n")) == [outcome]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("C I N", ["correct", "incorrect", "abstained"]),
        ("y N n", ["correct", "incorrect", "incorrect"]),
        ("T F", ["correct", "incorrect"]),
        ("i NOT_ATTEMPTED", ["incorrect", "abstained"]),
    ],
)
def test_letters_mean_what_the_column_they_stand_in_says(table, cells, expected):
    assert outcomes(table("confidence,correct\n" + "".join(f".5,{cell}\n" for cell in cells.split()))) == expected


def test_a_marker_stands_for_no_confidence(table):
    path = table(CSV + "-1,1\n-1.0,1\n0.5,1\n?,1\n")
    assert values(path, "fraction", ("-1", "?")) == [None, None, 0.5, None]


ROWS = pd.DataFrame(
    {
        "n": [1, 1, 2, 3],
        "p": [0.9, None, 0.35, 1.0],
        "ok": [True, False, False, True],
        "text": ["a, b", 'say "yes"\nor no', "é", ""],
    }
)


def write_arrow(path: Path, writer) -> None:
    rows = pyarrow.Table.from_pandas(ROWS)
    with writer(path, rows.schema) as file:
        file.write_table(rows)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.csv", lambda path: ROWS.to_csv(path, index=False)),
        ("t.CSV", lambda path: ROWS.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")),
        ("t.tsv.gz", lambda path: ROWS.to_csv(path, sep="\t", index=False)),
        ("t.jsonl", lambda path: ROWS.to_json(path, orient="records", lines=True)),
        ("t.ndjson.gz", lambda path: ROWS.to_json(path, orient="records", lines=True)),
        ("t.parquet", lambda path: ROWS.to_parquet(path)),
        ("fewer bits.parquet", lambda path: ROWS.astype({"p": "float32"}).to_parquet(path)),
        ("t.json", lambda path: ROWS.to_json(path, orient="records")),
        ("t.json.gz", lambda path: ROWS.to_json(path, orient="records", lines=True)),
        ("semicolons.csv", lambda path: ROWS.to_csv(path, sep=";", decimal=",", index=False)),
        ("t.arrow", lambda path: write_arrow(path, pyarrow.ipc.new_stream)),
        ("indexed.arrow", lambda path: write_arrow(path, pyarrow.ipc.new_file)),
        ("folder", lambda path: datasets.Dataset.from_pandas(ROWS).save_to_disk(path)),
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
        ("t.csv", CSV + "0.5,1\n0_1,0\n", ["'confidence', row 2", "a number", "'0_1'"]),
        ("t.csv", CSV + "0.5,1\nhigh,0\n", ["'confidence', row 2", "a number", "'high'"]),
        ("t.csv", CSV + "0.5,1\n0.5,maybe\n", ["'correct', row 2", "true/false", "'maybe'"]),
        ("t.csv", CSV + "0.5,0.5\n", ["'correct', row 1", "'0.5'"]),
        ("t.csv", CSV + "0.5,\n", ["'correct', row 1", "found nothing"]),
        ("t.csv", CSV + "0.5,1\n1.00001,0\n", ["1 of 2 rows", "row 2: '1.00001'", "by rounding alone"]),
        ("t.csv", CSV + "0.5,1\n0.6,0\n90,1\n", ["row 3: '90'", "leave them empty"]),
        ("t.csv", CSV + '"1,000",1\n', ["row 1", "decimal comma or thousands", "'1,000'"]),
        ("t.csv", CSV + "0.5,B\n0.5,A\n", ["'correct', row 1", "in words", "--grader option", "'B'"]),
        ("t.csv", CSV + "0.5,N\n", ["in words", "'N'"]),
        ("t.csv", CSV + "0.5,C\n0.5,N\n", ["in words", "'C'"]),
        ("t.csv", CSV + '0.5,1\n"[0.5, 0.6]",0\n', ["'confidence', row 2", "one value, not a list of 2"]),
        ("t.json", '{"confidence": {"0": 0.5},\n "correct": {"0": 1}}', ["an array of objects", 'orient="records"']),
        ("t.json", '[{"confidence": 0.5, "correct": 1}, 7]', ["element 2", "expected an object", "found 7"]),
        ("t.json", '[{"confidence": 0.5,', ["not valid JSON"]),
        ("t.arrow", "no Arrow", ["not a readable Arrow file"]),
        ("t.csv", "confidnce,correct\n0.5,1\n", ["Did you mean confidnce?", "--confidence-column"]),
        ("t.csv", "confidence;right\n0.5;1\n", ["unknown column 'correct'", "confidence, right"]),
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
        ("t.jsonl", '{"confidence": 0.5, "correct": 1, "confidence": 0.9}\n', ["line 1", "'confidence' twice"]),
        ("t.json", '[{"confidence": 0.5, "correct": 1, "correct": 0}]', ["element 1", "'correct' twice"]),
        ("t.json", '[{"confidence": NaN, "correct": 1, "correct": 0}]', ["'correct' twice"]),
        ("t.jsonl", "[0.5, 1]\n", ["line 1", "an object per line"]),
        ("t.jsonl", "[" * 100_000, ["line 1", "not valid JSON"]),
        ("t.jsonl", '{"confidence": 0.5, "correct": 1, "x": "\\ud83d"}\n', ["line 1", "half a surrogate pair"]),
        ("t.json", '[{"confidence": 0.5, "correct": 1, "x": "\\ud83d"}]', ["half a surrogate pair"]),
        ("t.json", '[{"confidence": 1e999, "correct": 1}]', ["row 1", "confidences from 0 to 1", "inf"]),
        ("t.json", '[{"confidence": NaN, "correct": 1, "x": "\\ud83d"}]', ["half a surrogate pair"]),
        ("t.json", "[" * 100_000, ["element 1", "not valid JSON"]),
        ("t.json", '[{"confidence": 0.5, "correct": 1}] 7', ["not valid JSON", "after element 1"]),
        ("t.json", b"\xff\xfe", ["UTF-8", "0xff"]),
        ("t.json", '[{"confidence": 9' + "9" * 5000 + "}]", ["element 1", "not valid JSON"]),
        ("t.json.gz", gzip.compress(b'[{"confidence": 0.5, "correct": 1}]' * 9, mtime=0)[:-6], ["end-of-stream"]),
        ("t.parquet", parquet_of(b"0.\xff")[:-20], ["not a readable Parquet file"]),
        ("t.parquet", parquet_of(pd.Timestamp("2020-01-01")), ["'confidence', row 1", "a number"]),
        ("t.parquet", parquet_of(b"0.\xff"), ["'confidence', row 1", "a number"]),
        ("t.parquet", parquet_of({"a": 0.5}), ["'confidence', row 1", "a number"]),
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


@pytest.mark.parametrize(
    ("name", "begin", "said"),
    [
        ("t.csv.gz", CSV + "0.5,", "line 2: expected at most 16,777,216 characters in a row"),
        ("t.csv.gz", CSV + '0.5,"', "line 2: expected at most 16,777,216 characters in a row"),
        ("t.csv.gz", "", "line 1: expected at most 16,777,216 characters in a row"),
        ("t.jsonl.gz", '{"correct": "', "line 1: expected at most 16,777,216 characters"),
    ],
)
def test_a_small_file_does_not_unpack_to_one_row_of_any_size(table, capsys, name, begin, said):
    path = table(gzip.compress(begin.encode() + b"y" * 2**24 + b"y", compresslevel=1), name)
    assert main(["threshold", str(path), "--precision", "0.9"]) == 2
    assert said in capsys.readouterr().err
    assert not (path.parent / "out").exists()


def test_nor_to_any_number_of_rows(table, capsys):
    path = table(gzip.compress((CSV + "0.5,yes\n" * 2**23).encode() + b"0.5,yes\n"), "t.csv.gz")
    assert main(["threshold", str(path), "--precision", "0.9"]) == 2
    assert f"expected at most {2**26:,} bytes in a packed file of {path.stat().st_size:,}" in capsys.readouterr().err


def test_nor_does_one_in_parquet(tmp_path, capsys):
    rows = {"confidence": [0.5, 0.5], "correct": [True, False], "id": ["a", "y" * 2**24]}
    pd.DataFrame(rows).to_parquet(path := tmp_path / "t.parquet", compression="zstd")
    assert main(["threshold", str(path), "--precision", "0.9", "--question", "id"]) == 2
    assert "row 2: expected at most 16,777,216 bytes in a row" in capsys.readouterr().err


def test_the_objects_of_an_array_are_decoded_one_by_one(table):
    path = table('[{"confidence": 0.5, "correct": 1}' + ",{}" * 2**17 + "]", "t.json")
    list(columns.read(path, ["confidence"], ""))  # what is imported for it
    batches = columns.read(path, ["confidence"], "")
    tracemalloc.start()
    for _ in batches:
        held, _ = tracemalloc.get_traced_memory()
        assert held < 2**23  # of 131,073 objects; all of them at once would take more
    tracemalloc.stop()


@pytest.mark.parametrize("role", ["_data_files", "_indices_data_files"])
def test_a_saved_data_set_names_no_file_outside_of_its_folder(tmp_path, capsys, role):
    rows = datasets.Dataset.from_pandas(ROWS)
    rows.save_to_disk(tmp_path / "other")
    rows.save_to_disk(folder := tmp_path / "folder")
    state = json.loads((folder / "state.json").read_text())
    outside = f"../other/{state['_data_files'][0]['filename']}"
    (folder / "state.json").write_text(json.dumps(state | {role: [{"filename": outside}]}))
    assert main(["score", str(folder), "--out", str(tmp_path / "out")]) == 2
    assert f"expected in {role} names of files beside it, found '{outside}'" in capsys.readouterr().err


def test_nor_does_a_row_that_never_ends_or_a_heading_without_end(table, capsys):
    heading = CSV.replace(",", "\t")
    for content, said in (
        (heading + '0.5\t"' + f'{"y" * 1000}\n"\t"' * 17_000, "expected at most 16,777,216 characters in a row"),
        ("x\t" * 100_000 + heading, "expected at most 100,000 columns, found 100,00"),
    ):
        path = table(gzip.compress(content.encode(), compresslevel=1), "t.tsv.gz")
        assert main(["threshold", str(path), "--precision", "0.9"]) == 2
        assert said in capsys.readouterr().err


def test_a_missing_file_and_a_folder_are_named(tmp_path, capsys):
    assert main(["score", str(tmp_path / "none.csv")]) == 2
    assert main(["score", str(tmp_path)]) == 2
    missing, folder = capsys.readouterr().err.splitlines()
    assert "none.csv" in missing
    assert "No such file" in missing
    assert "a folder; expected a file" in folder
    assert "save_to_disk" in folder


def test_of_several_saved_data_sets_one_is_to_be_named(tmp_path, capsys):
    rows = datasets.Dataset.from_pandas(ROWS)
    datasets.DatasetDict({"test": rows, "train": rows}).save_to_disk(tmp_path / "both")
    assert main(["score", str(tmp_path / "both")]) == 2
    assert f"{tmp_path / 'both' / 'test'}, {tmp_path / 'both' / 'train'}" in capsys.readouterr().err


def test_the_percent_scale_still_has_an_end(table):
    with pytest.raises(InputError, match=r"from 0 to 100 .*1 of 2 rows.*row 2: '150'"):
        values(table(CSV + "85,1\n150,0\n"), "percent")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(correct="confidence"), "'confidence' cannot stand for two things"),
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
    """55 published cases; accuracy, Brier and AUROC are defined as here. The published ECEs are
    those of `tests/metrics/test_conventions.py`."""
    with gzip.open(benchmark_data / "recorded" / "calibration_cases.jsonl.gz", "rt") as file:
        cases = [json.loads(line) for line in file]
    path = tmp_path / "cases.jsonl"
    with path.open("w") as file:
        for case in cases:
            for confidence, correct in zip(case["confidence"], case["correct"], strict=True):
                print(json.dumps({"case": case["id"], "confidence": confidence, "correct": correct}), file=file)
    found = numbers(summary_of(path, group="case"))
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
    for model, bias in (("org/model-a", 0.0), ("org/model-b", 0.2)):
        for task in ("sums", "facts"):
            for q in range(40 if (model, task) == ("org/model-b", "facts") else 50):
                p = rng.uniform(0.5, 1)
                shown = "" if q == 7 else f"{p:.2f}"
                lines.append(f"{task}{q},{task},{model},{shown},{int(rng.random() < p - bias)}")
    heading = "id,data,model,confidence,correct\n" if questions else "other,data,model,confidence,correct\n"
    return table(heading + "\n".join(lines) + "\n")


def test_one_model_is_a_run_like_any_other(table, capsys):
    rng = np.random.default_rng(0)
    rows = [f"q{q},{d},{p:.3f},{int(rng.random() < p)}" for q in range(60) for d in range(2) for p in [rng.random()]]
    path = table("id,answer,confidence,correct\n" + "\n".join(rows) + "\n")
    out = path.parent / "deep" / "out"
    assert main(["score", str(path), "--question", "id", "--answer", "answer", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert (said.err, f"report: {out / 'report.html'}" in said.out) == ("", True)
    assert {f.name for f in out.iterdir()} == {
        ".lock", "run.sqlite", "report.html", "scorecard.json", "reliability.svg",
    }  # fmt: skip
    before = {name: (out / name).read_bytes() for name in ("report.html", "scorecard.json")}
    assert main(["report", str(out)]) == 0
    assert {name: (out / name).read_bytes() for name in before} == before
    assert main(["recalibrate", str(out), "--map", "platt"]) == 0
    assert main(["plot", str(out), "--out", str(out / "plot.svg")]) == 0
    assert main(["votes", str(out)]) == 0
    rows = json.loads((out / "scorecard.json").read_text())["metrics"]
    assert {r["metric"] for r in rows} >= {"ece", "ece_missing_worst", "auroc", "brier"}
    assert not any(r["metric"].endswith("_rate") for r in rows)


def test_several_models_are_runs_that_are_compared_in_pairs(table, capsys):
    path = write_models(table, questions=True)
    out = path.parent / "out"
    words = ["--group", "data", "--model", "model", "--question", "id", "--out", str(out)]
    assert main(["score", str(path), *words]) == 0
    said = capsys.readouterr()
    assert f"report: {out / 'report.html'}" in said.out
    assert re.search(r"^sums · org/model-a +0\.\d{3} \[", said.out, re.MULTILINE)
    assert re.search(r"^org/model-b · confidence +brier .* 90$", said.out, re.MULTILINE), (
        "90 of 100 questions are shared"
    )
    assert said.err == (
        "note: facts: 40 of 50 questions were answered by every model; numbers over different questions cannot be "
        "compared. --shared scores the shared ones alone.\n"
    )
    assert {f.name for f in out.iterdir()} == {
        "report.html", "comparison.json", "reliability.svg", "org_model-a", "org_model-b",
    }  # fmt: skip
    rows = json.loads((out / "org_model-b" / "scorecard.json").read_text())["metrics"]
    coverage = {r["task"]: r for r in rows if r["metric"] == "coverage"}
    assert coverage["sums"]["value"] == 49 / 50
    assert coverage["facts"]["n_total"] == 40
    # What reads runs takes the folder for all of them.
    for command in (["compare"], ["report"], ["recalibrate", "--map", "platt"], ["plot"]):
        extra = ["--out", str(path.parent / ("p.svg" if command == ["plot"] else "of" + command[0]))]
        words = [*command, str(out), *([] if command == ["report"] else extra)]
        assert main(words) == 0, capsys.readouterr().err


def test_a_model_may_have_the_name_of_a_page(table):
    path = table("model,confidence,correct\ncomparison.json,.5,1\nreport.html,.4,0\n")
    out = path.parent / "out"
    assert main(["score", str(path), "--model", "model", "--out", str(out)]) == 0
    assert (out / "comparison.json").is_file()
    assert len(list(out.glob("*/run.sqlite"))) == 2


@pytest.mark.parametrize("command", [["report"], ["recalibrate", "--map", "platt"]])
def test_of_several_runs_json_is_one_document_by_run(table, capsys, command):
    path = write_models(table, questions=True)
    out = path.parent / "out"
    publish(score(path, group="data", model="model", question="id"), out)
    assert main([command[0], str(out), *command[1:], "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"org_model-a", "org_model-b"}


def test_of_several_runs_every_table_says_which_it_belongs_to(table, capsys):
    out = table(CSV).parent / "out"
    publish(score(write_models(table, questions=True), group="data", model="model", question="id"), out)
    capsys.readouterr()
    assert main(["report", str(out)]) == 0
    told = capsys.readouterr().out
    places = [told.index(f"{out / name}:\n") for name in ("org_model-a", "org_model-b")]
    assert places[0] == 0 < told.index("Accuracy") < places[1] < told.rindex("Accuracy")


def test_models_are_scored_on_the_questions_that_all_answered(table, capsys):
    path = write_models(table, questions=True)
    scored = score(path, group="data", model="model", question="id", shared=True)
    totals = {
        (name, m.task): m.n_total
        for name, of in scored.models.items()
        for m in of.summary.scorecard.metrics
        if (m.metric, m.subset) == ("ece", "all") and m.task != "macro"
    }
    assert totals == {(f"org/model-{m}", task): n for m in "ab" for task, n in (("sums", 50), ("facts", 40))}
    assert scored.notes == ("Only the 90 questions that every model answered are scored.",)
    assert main(["score", str(path), "--shared", "--model", "model"]) == 2
    assert "--shared needs --model and --question" in capsys.readouterr().err


def test_names_of_models_become_folders_of_their_own(table):
    names = ["a/b", "a_b", "..", "report.html", "é" * 100, "A_B"]
    path = table("model,confidence,correct\n" + "".join(f"{name},0.5,1\n" for name in names))
    out = path.parent / "out"
    publish(score(path, model="model"), out)
    found = {}
    for folder in (file.parent for file in out.glob("*/run.sqlite")):
        with RunFile.open(folder) as run:
            found[run.manifest()["name"]] = folder.name
    assert set(found) == set(names)
    assert len({name.lower() for name in found.values()}) == len(names)


def test_the_manifest_says_which_file_it_was_and_makes_nothing_up(table):
    path = table("id,confidence,ok\na,50,yes\nb,-1,refused\n")
    out = path.parent / "out"
    publish(score(path, question="id", correct="ok", scale="percent", missing=["-1"]), out)
    with RunFile.open(out) as run:
        manifest, summary = run.manifest(), report(run)
        assert (list(run.questions()), run.has_texts()) == ([], False)
    identity = manifest["identity"]
    assert identity["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert identity["columns"] == {"confidence": "confidence", "correct": "ok", "question": "id"}
    assert (identity["scale"], identity["missing"], manifest["file"]) == ("percent", ["-1"], "table.csv")
    assert manifest["model"] == {"name": "not stated"}
    assert summary.counts[0].outcomes == {"correct": 1, "incorrect": 0, "abstained": 1}
    rates = {m.metric: m.value for m in summary.scorecard.metrics if m.metric.endswith("_rate") and m.task != "macro"}
    assert rates == {"abstained_rate": 0.5}


def test_what_a_model_wrote_is_never_replaced_by_a_file_and_another_file_is(table, capsys):
    path = table(CSV + "0.5,1\n0.6,0\n")
    out = path.parent / "out"
    for _ in range(2):
        assert main(["score", str(path), "--out", str(out)]) == 0
    with RunFile.create(out) as run:
        run.replace_rows({}, {"name": "a model's"})
    capsys.readouterr()
    assert main(["score", str(path), "--out", str(out)]) == 3
    assert "not scored from a file" in capsys.readouterr().err
    assert main(["score", str(write_models(table, questions=True)), "--model", "model", "--out", str(out)]) == 3
    assert "runs of none of these models" in capsys.readouterr().err


def test_votes_and_maps_of_other_questions_need_what_a_file_may_lack(table, capsys):
    path = table("id,confidence,correct\n" + "a,0.5,1\na,0.6,0\nb,0.7,1\nb,0.2,0\n" * 5)
    out = path.parent / "out"
    assert main(["score", str(path), "--question", "id", "--out", str(out)]) == 0
    other = path.parent / "other"
    assert main(["score", str(path), "--question", "id", "--out", str(other)]) == 0
    capsys.readouterr()
    assert main(["votes", str(out)]) == 2
    assert "--answer" in capsys.readouterr().err
    assert main(["recalibrate", str(out), "--fit", str(other)]) == 2
    assert "share 2 questions" in capsys.readouterr().err


GRADED = """id,confidence,answer,gold
a,0.9,18,18
b,0.8,"The answer is 7.",8
c,0.7,I don't know,3
d,0.6,"1,000","[""1000"", ""1,000.0""]"
e,0.5,,5
"""


def test_answers_are_graded_against_gold_in_place_of_a_verdict(table):
    path = table(GRADED)
    scored = score(path, answer="answer", gold="gold", grader="number", question="id")
    frame = scored.models[""].frame.set_index("question_id")
    expected = {"a": "correct", "b": "incorrect", "c": "abstained", "d": "correct", "e": "unparsed"}
    assert frame["outcome"].to_dict() == expected
    assert frame["answer"].to_dict()["b"] == "7"
    assert {grader.partition("/")[0] for grader in frame["grader"]} == {"number"}


@pytest.mark.parametrize(
    ("grader", "rows", "right"),
    [
        ("math", [(r"\\frac{1}{2}", "0.5"), ("x", "y")], [True, False]),
        ("alias", [("The USA", ["United States", "USA"]), ("Paris", ["Lyon"])], [True, False]),
        ("choice", [("Yes", "yes"), ("no", "yes")], [True, False]),
        ("option", [("(B)", "B"), ("A", "B")], [True, False]),
        ("number", [(18, 18), (["7"], 8)], [True, False]),
    ],
)
def test_each_grader_takes_what_stands_in_the_columns(table, grader, rows, right):
    lines = [json.dumps({"confidence": 0.5, "answer": answer, "gold": gold}) for answer, gold in rows]
    scored = score(table("\n".join(lines), "t.jsonl"), answer="answer", gold="gold", grader=grader)
    assert list(scored.models[""].frame["outcome"] == "correct") == right


def test_options_are_known_where_a_column_has_them(table):
    row = {"confidence": 0.5, "answer": "Paris", "gold": "B", "options": ["Rome", "Paris"]}
    scored = score(table(json.dumps(row), "t.jsonl"), answer="answer", gold="gold", grader="option", choices="options")
    assert list(scored.models[""].frame["answer"]) == ["B"]


@pytest.mark.parametrize("gold", ['{"7": 5}', "[[5]]", '[{"7": 5}]', "[]", "null"])
def test_gold_that_is_no_text_is_refused(table, capsys, gold):
    path = table(f'{{"confidence": 0.5, "answer": "5", "gold": {gold}}}\n', "t.jsonl")
    options = ["--answer", "answer", "--gold", "gold", "--grader", "number", "--out", str(path.parent / "out")]
    assert main(["score", str(path), *options]) == 2
    assert "row 1, column 'gold': expected a text or a list of texts" in capsys.readouterr().err


NAMES = ("confidence-column", "correct", "question", "group", "model", "answer", "gold", "choices", "grader", "labels")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        *(([f"--{name}", ""], [f"--{name}: expected a name, found nothing"]) for name in NAMES),
        (["--gold", "gold"], ["--answer, --gold and --grader are given together"]),
        (["--labels", "yes,no"], ["--labels", "--grader choice"]),
        (["--choices", "gold"], ["--choices", "--grader option"]),
        (["--answer", "answer", "--gold", "gold", "--grader", "number", "--labels", "a,b"], ["--labels"]),
        (["--correct", "ok", "--answer", "answer", "--gold", "gold", "--grader", "number"], ["--correct and --gold"]),
        (["--answer", "answer", "--gold", "gold", "--grader", "numbr"], ["unknown grader", "Did you mean number?"]),
        (["--answer", "answer", "--gold", "id", "--grader", "number"], ["row 1", "'id'", "a number", "'a'"]),
    ],
)
def test_what_cannot_be_graded_is_refused(table, capsys, options, words):
    path = table(GRADED)
    assert main(["score", str(path), "--out", str(path.parent / "out"), *options]) == 2
    said = capsys.readouterr().err
    assert [word for word in words if word not in said] == []


def test_many_groups_are_scored_and_their_pages_left_for_later(table):
    rng = np.random.default_rng(0)
    rows = [f"m{m},t{t},{rng.random():.3f},{rng.integers(2)}" for m in range(6) for t in range(8) for _ in range(4)]
    path = table("model,data,confidence,correct\n" + "\n".join(rows) + "\n")
    out = path.parent / "out"
    scored = score(path, model="model", group="data")
    publish(scored, out)
    assert "48 reliability diagrams" in scored.notes[-1]
    assert sorted(f.name for f in (out / "m3").iterdir()) == [".lock", "run.sqlite", "scorecard.json"]
    assert (out / "report.html").is_file()


def test_the_report_shows_what_the_file_can_tell_and_nothing_else(table):
    path = write_models(table, questions=False)
    out = path.parent / "out"
    assert main(["score", str(path), "--group", "data", "--model", "model", "--out", str(out)]) == 0
    page = (out / "org_model-a" / "report.html").read_text()
    for shown in ("org/model-a", "table.csv", "sha256", "not known whether the models"):
        assert shown in page
    for hidden in ("Confident errors", "Domain</th>", ">Abstained<", "out of range", "Methods of one", "benchmark"):
        assert hidden not in page
    assert "share no question" in (out / "report.html").read_text()


def test_rows_of_one_question_are_drawn_together(table):
    # Each question is asked 20 times with one verdict: 10 independent facts, not 200.
    rows = "".join(f"{q},0.7,{int(q < 7)}\n" for q in range(10) for _ in range(20))
    path = table("id,confidence,correct\n" + rows)

    def width(**columns: str) -> float:
        metrics = summary_of(path, **columns).scorecard.metrics
        (gap,) = (m for m in metrics if m.metric == "signed_gap" and m.task != "macro")
        return gap.high - gap.low

    # The standard error of a share over n facts goes with 1 / sqrt(n): here sqrt(20) = 4.5 times.
    assert width(question="id") / width() == pytest.approx(20**0.5, rel=0.2)


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
    notes = score(table(CSV + "0.5,1\n0.9,0\n"), scale="percent").notes
    assert list(notes) == ["No confidence is above 1 %: the scale may be that of fractions, not percent."]


def test_a_folder_that_cannot_be_written_is_named(table, capsys):
    path = table(CSV + "0.5,1\n")
    assert main(["score", str(path), "--out", str(path)]) == 4
    assert "cannot write" in capsys.readouterr().err


def test_the_examples_of_the_page_run(tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[3] / "docs" / "score.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    ran = []
    for name, language, code in re.findall(
        r"(?:^`([\w.]+)`:\n\n)?^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    ):
        if language:
            Path(name).write_text(code)
        for command in [] if language else code.splitlines():
            ran.append(command)
            assert main(shlex.split(command)[1:]) == 0, capsys.readouterr().err
    assert len(ran) == 4
    with RunFile.open("runs/sums") as run:
        assert list(run.frame()["outcome"]) == ["correct", "correct", "abstained"]
    assert capsys.readouterr().err == ""
