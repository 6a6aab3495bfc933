"""CSV without quotes is read at once, with quotes row by row: both give the same table, and the same message. So do the
columns of other files, at once where all cells are of one kind."""

import gzip
import json

import pandas as pd
import pytest

from calibench.analysis import predictions
from calibench.analysis.predictions import Columns, TableForm
from calibench.errors import InputError

CELLS = {
    "confidence": ["0.1", ".25", "1", "0", "1.0", "0.123456789012345678", "1e-3", "5E-1", "85%", "", " 0.5", "1.",
                   "nan", "-0", "1.0000001", "n/a", "0.30000000000000004"],
    "correct": ["true", "0", "YES", "incorrect", "Not Attempted", "1.0", "richtig", "[1]", "是"],
    "id": ["a", "b c", "é", "[x]", "~", "0", "q1"],
}  # fmt: skip


def table(rows: int, **changed: dict[int, str]) -> list[list[str]]:
    return [
        [str(i), *(changed.get(name, {}).get(i) or cells[i % len(cells)] for name, cells in CELLS.items())]
        for i in range(rows)
    ]


def read(path, rows, *, quoted=False, delimiter=",", newline="\n", **form):
    lines = [["n", *CELLS], *rows]
    text = newline.join(delimiter.join(f'"{cell}"' if quoted else cell for cell in line) for line in lines)
    data = ("\ufeff" + text).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".GZ" else data)
    return predictions.read(path, Columns(question="id"), TableForm(**form)).frame


@pytest.mark.parametrize("form", [{}, {"missing": ("1e-3",)}, {"missing": ("-1", "z")}])
@pytest.mark.parametrize(("delimiter", "newline"), [(",", "\n"), (";", "\r\n"), ("\t", "\n\n")])
def test_the_same_cells_say_the_same(tmp_path, delimiter, newline, form):
    path = tmp_path / "t.csv"
    frames = [read(path, table(900), quoted=q, delimiter=delimiter, newline=newline, **form) for q in (False, True)]
    pd.testing.assert_frame_equal(*(frame.drop(columns="task") for frame in frames), check_exact=True)


def test_a_packed_file_is_read_as_the_file_itself(tmp_path):
    frames = [read(tmp_path / name, table(100)) for name in ("t.csv", "t.csv.GZ")]
    pd.testing.assert_frame_equal(*(frame.drop(columns="task") for frame in frames))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"confidence": {60_000: "half"}}, "column 'confidence', row 60,001: expected a number"),
        ({"confidence": {60_000: "1.5", 7: "-2"}}, "2 of 60,010 rows are outside, the first is row 8: '-2'"),
        ({"correct": {60_000: "maybe"}}, "column 'correct', row 60,001: expected a verdict"),
        ({"id": {60_000: " "}}, "column 'id', row 60,001: expected a name or id, found ' '"),
        ({"id": {60_000: "x,y"}}, "line 60002: expected 4 fields as in the heading, found 5"),
        ({"id": {55_000: "x,y"}, "confidence": {1: "half"}}, "row 2: expected a number"),
        ({"id": {55_000: "x,y"}, "confidence": {50_001: "half"}}, "line 55002: expected 4 fields"),
        ({"id": {60_000: 'x"y'}, "correct": {60_001: "maybe"}}, "row 60,002: expected a verdict"),
        ({"id": {60_000: "\udcff"}}, "expected UTF-8 text, found the byte 0xff"),
    ],
)
def test_what_is_wrong_is_named_by_its_row(tmp_path, changed, message):
    rows = table(60_010, **changed)
    text = "\n".join(",".join(row) for row in [["n", *CELLS], *rows])
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError) as error:
        predictions.read(path, Columns(question="id"))
    assert message in str(error.value)


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".parquet", ".arrow"])
@pytest.mark.parametrize(
    "cells",
    [
        {"confidence": [0.1, 0.30000000000000004, 1.0, 0.0, 1e-9], "correct": [True, False], "id": ["a", "é", "b c"]},
        {"confidence": [1, 0], "correct": [1, 0, 0], "id": [3, -4, 2**40]},
        {"confidence": ["85%", "0.5", ""], "correct": ["yes", "abstained", "no"], "id": ["[x]", "~", "0"]},
        {"confidence": [0.5], "correct": [1.0, 0.0], "id": [1.5, 2.5]},
        {"confidence": [0.5, None], "correct": [True, False], "id": [True, False]},
    ],
)
def test_cells_of_one_kind_say_what_they_say_among_others(tmp_path, suffix, cells):
    frame = pd.DataFrame({name: (of * 90)[:90] for name, of in cells.items()})
    path = tmp_path / f"t{suffix}"
    match suffix:
        case ".parquet":
            frame.to_parquet(path)
        case ".arrow":
            frame.to_feather(path, compression="uncompressed")
        case ".jsonl":
            path.write_text("\n".join(map(json.dumps, records(frame))))
        case _:
            path.write_text(json.dumps(records(frame)))
    mixed = [{name: str(row[name]) if i == 45 else row[name] for name in row} for i, row in enumerate(records(frame))]
    (tmp_path / "mixed.json").write_text(json.dumps(mixed))
    frames = [predictions.read(of, Columns(question="id")).frame for of in (path, tmp_path / "mixed.json")]
    pd.testing.assert_frame_equal(*(frame.drop(columns="task") for frame in frames), check_exact=True)


def records(frame: pd.DataFrame) -> list[dict]:
    return [
        {name: None if cell != cell else cell for name, cell in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"confidence": [0.5, 1.5]}, "90 rows are outside, the first is row 2: 1.5"),
        ({"confidence": [True]}, "column 'confidence', row 1: expected a number, a percentage or nothing, found True"),
        ({"correct": [1, 2]}, "column 'correct', row 2: expected a verdict: .*, found 2"),
        ({"correct": [0.0, -0.0]}, "column 'correct', row 2: expected a verdict: .*, found -0.0"),
        ({"id": ["a", "N/A "]}, None),
        ({"id": ["a", " "]}, "column 'id', row 2: expected a name or id, found ' '"),
    ],
)
def test_a_bad_cell_among_those_of_its_kind_is_named(tmp_path, cells, message):
    frame = pd.DataFrame({"confidence": [0.5] * 90, "correct": True, "id": "q"})
    frame = frame.assign(**{name: (of * 90)[:90] for name, of in cells.items()})
    frame.to_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.json").write_text(json.dumps(records(frame)))
    for path in (tmp_path / "t.parquet", tmp_path / "t.json"):
        if message:
            with pytest.raises(InputError, match=message):
                predictions.read(path, Columns(question="id"))
        else:
            predictions.read(path, Columns(question="id"))
