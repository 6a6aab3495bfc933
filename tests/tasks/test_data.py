"""Where rows come from: local original files, and data sets that the real `datasets` library loads from a folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from calibench.errors import DataError
from calibench.tasks import popqa
from calibench.tasks.data import Hub, Source, content_id, open_rows, text_field

LINES = Source(
    task="toy",
    file="toy/test.jsonl",
    layout="lines",
    sha256=hashlib.sha256(b'{"a": 1}\n\n{"a": 2}\n').hexdigest(),
    publisher="https://example.org/toy",
    hub=None,
)
ARRAY = LINES._replace(file="toy/test.json", layout="array")


def write(folder: Path, source: Source, content: bytes) -> str:
    path = folder / source.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def test_lines_come_with_their_places_and_fingerprint(tmp_path: Path):
    path = write(tmp_path, LINES, b'{"a": 1}\n\n{"a": 2}\n')
    opened = open_rows(LINES, str(tmp_path))
    assert list(opened.rows) == [(f"{path}:1", {"a": 1}), (f"{path}:3", {"a": 2})]
    assert (opened.fingerprint, opened.origin, opened.note) == (f"sha256:{LINES.sha256}", "toy/test.jsonl", None)


def test_another_content_than_published_is_noted(tmp_path: Path):
    write(tmp_path, LINES, b'{"a": 1}\n')
    opened = open_rows(LINES, str(tmp_path))
    assert f"not the published file: expected sha256 {LINES.sha256}" in opened.note
    assert [row for _, row in opened.rows] == [{"a": 1}]


def test_an_array_comes_row_by_row(tmp_path: Path):
    path = write(tmp_path, ARRAY, b'[{"a": 1}, {"a": 2}]')
    assert list(open_rows(ARRAY, str(tmp_path)).rows) == [(f"{path}, row 1", {"a": 1}), (f"{path}, row 2", {"a": 2})]


def test_a_missing_file_is_named_with_its_task_and_publisher(tmp_path: Path):
    with pytest.raises(DataError, match=r"task toy.*toy/test\.jsonl.*No such file.*https://example\.org/toy"):
        open_rows(LINES, str(tmp_path))


def test_without_folder_and_hub_the_message_says_how_to_get_the_file():
    with pytest.raises(DataError, match=r"task toy.*https://example\.org/toy.*toy/test\.jsonl.*--data"):
        open_rows(LINES, None)


@pytest.mark.parametrize(
    ("source", "content", "message"),
    [
        (LINES, b"", "empty data set"),
        (LINES, b"\n\n", "empty data set"),
        (ARRAY, b"[]", "empty data set"),
        (LINES, b'{"a": 1}\n{"a": \n', r"test\.jsonl:2: not valid JSON"),
        (LINES, b'{"a": 1}\n[1]\n', r"test\.jsonl:2: expected one JSON object on the line, found \[1\]"),
        (LINES, b'{"a": "\xff"}\n', r"test\.jsonl:1: not valid JSON"),
        (LINES, b'{"a": "\\ud800"}\n', r"test\.jsonl:1: not valid JSON \(half a surrogate pair"),
        (ARRAY, b'[{"a": 1},\n {"a": ]', r"test\.json: not valid JSON .*line 2"),
        (ARRAY, b'{"a": 1}', "expected a JSON array of objects, found dict"),
        (ARRAY, b'[{"a": 1}, 2]', "row 2: expected a JSON object, found 2"),
    ],
)
def test_malformed_data_are_refused_with_their_place(tmp_path: Path, source: Source, content: bytes, message: str):
    write(tmp_path, source, content)
    with pytest.raises(DataError, match=message):
        list(open_rows(source, str(tmp_path)).rows)


@pytest.mark.parametrize(
    ("row", "found"),
    [({}, r"the fields \(none\)"), ({"b": 1}, "the fields 'b'"), ({"a": 1}, "1"), ({"a": " "}, "' '")],
)
def test_text_field_says_what_it_found(row: dict, found: str):
    with pytest.raises(DataError, match=f"there: expected text in the field 'a', found {found}"):
        text_field(row, "a", "there")


def test_content_ids_tell_parts_apart():
    assert content_id("ab", "c") != content_id("a", "bc")


@pytest.fixture
def hub_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set in a folder: `load_dataset` takes its path for an id and runs its usual code, without a network."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "hub"
    folder.mkdir()
    rows = [{"question": f"Who is {n}?", "possible_answers": json.dumps([n, n.upper()])} for n in ("ann", "bob")]
    configs = [{"config_name": "main", "data_files": [{"split": "test", "path": "test.jsonl"}]}]
    (folder / "README.md").write_text(f"---\nconfigs: {json.dumps(configs)}\n---\n")
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_hub_rows_have_place_origin_and_a_fingerprint_of_their_content(hub_folder: Path):
    source = LINES._replace(hub=Hub(str(hub_folder), "main", "test"))
    opened, again = open_rows(source, None), open_rows(source, None)
    rows = list(opened.rows)
    assert rows[1] == (
        f"{hub_folder}, config main, split test, row 2",
        {"question": "Who is bob?", "possible_answers": '["bob", "BOB"]'},
    )
    assert opened.origin == f"{hub_folder}, config main, split test"
    assert opened.fingerprint == again.fingerprint
    assert opened.fingerprint.startswith("rows-sha256:")


def test_a_data_set_that_the_hub_lacks_is_named(hub_folder: Path):
    source = LINES._replace(hub=Hub(str(hub_folder), None, "validation"))
    with pytest.raises(
        DataError, match=r"task toy: expected the data set .*split validation on the hub, found .*--data"
    ):
        open_rows(source, None)


def test_popqa_gives_the_same_questions_from_file_and_hub(
    hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    local = [{"question": f"Who is {n}?", "answer": n, "aliases": [n.upper(), n]} for n in ("ann", "bob")]
    write(tmp_path, popqa.SOURCE, json.dumps(local).encode())
    monkeypatch.setattr(popqa, "SOURCE", popqa.SOURCE._replace(hub=Hub(str(hub_folder), None, "test")))
    by_road = [
        [popqa.to_question(row, place).question_id for place, row in popqa.open_data(data).rows]
        for data in (str(tmp_path), None)
    ]
    assert by_road[0] == by_road[1]


def test_popqa_tells_equal_rows_apart_in_any_order(tmp_path: Path):
    pilot = {"question": "What genre is Pilot?", "answer": "drama", "aliases": ["drama", "dramedy"]}
    other = {"question": "What genre is Pilot?", "answer": "pop", "aliases": ["pop"]}
    ids = []
    for rows in ([pilot, other, pilot], [pilot, pilot, other]):
        write(tmp_path, popqa.SOURCE, json.dumps(rows).encode())
        questions = [popqa.to_question(row, place) for place, row in popqa.open_data(str(tmp_path)).rows]
        assert {q.cluster for q in questions} == {"What genre is Pilot?"}
        ids.append({q.question_id for q in questions})
    assert ids[0] == ids[1]
    assert len(ids[0]) == 3
