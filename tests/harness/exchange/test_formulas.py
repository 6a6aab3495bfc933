"""No cell of a CSV file is a formula, and what is read from the file is what was written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from some_runs import whole_run

from calibench.cli import main
from calibench.errors.spreadsheet import cell_name, cell_text, read_cell
from calibench.exchange import columns
from calibench.store import FILE_NAME, RunFile

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "'=1",
    "''@x",
    "-1+cmd|' /C calc'!A0",
    '=1,"2"',
]
PLAIN = ["'quoted'", "it's", "a=b", "1-2", ""]
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two draws of a dozen questions, whose ids, texts and answers are hostile."""
    whole_run(folder := tmp_path / "run")
    with RunFile.create(folder) as file, file.transaction():
        for i, name in enumerate(HOSTILE):
            for table in ("questions", "generations", "confidences", "grades", "answer_classes"):
                file._db.execute(f"UPDATE {table} SET question_id = ? WHERE question_id = ?", (name, f"q{i}"))
            file._db.execute("UPDATE questions SET text = question_id")
            file._db.execute("UPDATE grades SET answer = question_id")
    assert (folder / FILE_NAME).is_file()
    return folder


@pytest.mark.parametrize("text", [*HOSTILE, *PLAIN, "-0.5"])
def test_what_is_written_is_read_back(text):
    for write in (cell_name, cell_text):
        assert read_cell(write(text)) == text
    assert not cell_name(text).startswith(FORMULA)
    assert cell_text("-0.5") == "-0.5"


def written(path: Path) -> list[dict[str, str]]:
    found = list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))
    numbers = {"draw", "logprob", "confidence", "seed"}
    for row in found:
        of_texts = {name: cell for name, cell in row.items() if name not in numbers and cell != "-1"}
        assert [cell for cell in of_texts.values() if cell.startswith(FORMULA)] == []
    return found


def test_labels_and_exported_rows_hold_no_formula_and_keep_their_ids(run, tmp_path, capsys):
    drawn, exported = tmp_path / "labels.csv", tmp_path / "rows.csv"
    assert main(["labels", str(run), "--sample", "24", "--out", str(drawn)]) == 0
    rows = written(drawn)
    with drawn.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(row | {"label": "correct"} for row in rows)
    assert main(["labels", str(run), "--labels", str(drawn), "--json"]) == 0
    assert '"labels":24' in capsys.readouterr().out.replace(" ", "")
    assert main(["export", str(run), "--to", "csv", "--out", str(exported)]) == 0
    assert len(written(exported)) == 24
    (batch,) = columns.read(exported, ["question_id", "answer"], "")
    assert {*batch["question_id"]} == {*batch["answer"]} == {*HOSTILE}


def test_marked_answers_hold_no_formula_and_keep_their_ids(run, tmp_path):
    policy, marked = str(tmp_path / "policy.json"), tmp_path / "marked.csv"
    assert main(["threshold", str(run), "--precision", "0.1", "--out", policy]) == 0
    assert main(["apply", policy, str(run), "--out", str(marked)]) == 0
    written(marked)
    (batch,) = columns.read(marked, ["question_id"], "")
    assert {*batch["question_id"]} == {*HOSTILE}


def test_both_ways_to_read_a_table_take_the_apostrophe_away_where_it_was_put(tmp_path):
    cells = ["'=1", "''=1", "'quoted'", "x"]
    for heading, found in (("task,question_id,draw", ["=1", "'=1", "'quoted'", "x"]), ("a,question_id,b", cells)):
        for quote in ("", '"'):
            rows = "".join(f"t,{quote}{cell}{quote},0\n" for cell in cells)
            (path := tmp_path / "t.csv").write_text(f"{heading}\n{rows}")
            (batch,) = columns.read(path, ["question_id"], "")
            assert [str(cell) for cell in batch["question_id"]] == found
