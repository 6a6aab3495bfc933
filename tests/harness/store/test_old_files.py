"""Files of earlier versions open, and files of later ones are refused by name.

`cases/schema1.sql` is the dump of a run of calibench 0.1.0 at schema 1: `calibench run micro-sft --tasks micro
--limit 60 --confidence stated,p_true`, of which three questions of micro_words, one row of metrics and the kind of the
lineage are kept.
"""

import json
import sqlite3
from pathlib import Path

import pytest
from fakes import checkpoint_folder

from calibench import tasks
from calibench.cli import main
from calibench.errors import ModelError
from calibench.model import resolve
from calibench.records import AnswerClass
from calibench.store import FILE_NAME, RunFile

DUMP = Path(__file__).parent / "cases" / "schema1.sql"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    for folder in (tmp_path / "old", tmp_path / "other"):
        folder.mkdir()
        db = sqlite3.connect(folder / FILE_NAME)
        db.executescript(f"PRAGMA application_id = 827675; PRAGMA user_version = 1; {DUMP.read_text()}")
        db.close()
    return tmp_path / "old"


@pytest.mark.parametrize(
    "command",
    [
        ["report", "OLD"],
        ["compare", "OLD", "OLD/../other", "--out", "OLD/compared"],
        ["plot", "OLD", "--out", "OLD/plot.svg"],
    ],
    ids=lambda command: command[0],
)
def test_a_run_of_schema_1_is_read_by_every_command(old: Path, command: list[str], capsys):
    assert main([word.replace("OLD", str(old)) for word in command]) == 0, capsys.readouterr().err


def test_a_run_of_schema_1_gets_the_tables_of_today_when_it_is_written_to(old: Path):
    with RunFile.open(old) as run:
        assert list(run.select(AnswerClass)) == []
    before = (old / FILE_NAME).read_bytes()
    with RunFile.open(old) as run:
        assert list(run.select(AnswerClass, task="micro_words")) == []
    assert (old / FILE_NAME).read_bytes() == before
    for _ in range(2):
        with RunFile.create(old) as run:
            assert run._db.execute("PRAGMA user_version").fetchone()[0] == 4
    with RunFile.open(old) as run:
        assert list(run.select(AnswerClass)) == []


def test_a_run_of_schema_1_is_read_and_graded_again(old: Path, capsys):
    assert main(["report", str(old), "--rescore"]) == 0
    assert capsys.readouterr().out.startswith("0 of 3 grades changed\n0 of 3 stated confidences changed\n")
    with RunFile.open(old) as run:
        assert run.manifest()["identity"]["graders"] == {"micro_words": tasks.load("micro_words").grader}
        frame = run.frame()
    assert frame[frame.method == "stated"].value.tolist() == [0.99, 0.94, 0.85]
    assert frame[frame.method == "p_true"].value.notna().all()


DEEP = '{"x": ' + "[" * 500 + "]" * 500 + "}"


def test_a_lineage_without_a_version_is_read_and_a_newer_one_is_refused(tmp_path: Path):
    checkpoint = resolve(str(checkpoint_folder(tmp_path / "model")))
    file = checkpoint.path / "lineage.json"
    file.write_text(json.dumps({"kind": "sft"}))
    assert checkpoint.lineage() == {"kind": "sft"}
    file.write_text(json.dumps({"kind": "sft", "schema": 2, "calibench": "9.9.9"}))
    for damaged in (
        "{",
        "[]",
        "",
        '{"kind": 5}',
        '{"schema": "1"}',
        '{"parents": {}}',
        '{"parents": [5]}',
        "[" * 9999,
        DEEP,
    ):
        file.write_text(damaged)
        with pytest.raises(ModelError, match=r"lineage\.json: expected a lineage"):
            checkpoint.lineage()
    file.write_text(json.dumps({"kind": "sft", "schema": 2, "calibench": "9.9.9"}))
    with pytest.raises(ModelError, match=r"lineage\.json: schema 2 of calibench 9\.9\.9; this is .* up to schema 1"):
        checkpoint.lineage()
