import contextlib
import sqlite3
import subprocess
import sys
import threading

import pytest
from msgspec.structs import replace
from some_records import confidence, generation, grade, question
from some_runs import identity_of

from calibench.errors import InputError, RunFileError, StorageError
from calibench.records import Confidence, Grade, Metric
from calibench.store import FILE_NAME, RunFile


def test_records_come_back_as_they_went_in(tmp_path):
    with RunFile.create(tmp_path) as run:
        run.update_manifest(identity=identity_of("t"))
        run.write([question(1), generation(1), generation(1, draw=3)])
    with RunFile.open(tmp_path) as run:
        assert list(run.questions()) == [question(1)]
        assert run.question("t", "q1") == question(1)
        assert run.draws("t", "q1", "stated") == {0: generation(1), 3: generation(1, draw=3)}


def test_a_key_is_stored_once_and_its_first_row_stays(tmp_path):
    with RunFile.create(tmp_path) as run:
        run.update_manifest(identity=identity_of("t"))
        run.write([question(1), generation(1), confidence(1, 0.9)])
        run.write([confidence(1, 0.1), confidence(1, None, draw=1), generation(1, draw=1)])
        rows = run.frame()
    assert rows.empty, "an ungraded generation is no row of the frame"
    with RunFile.open(tmp_path) as run:
        assert run.finished("t", "q1", "stated") == {0: {"stated"}, 1: {"stated"}}


def test_finished_tells_what_is_there_of_each_draw(tmp_path):
    with RunFile.create(tmp_path) as run:
        run.write([generation(1), generation(1, draw=1), grade(1, "correct"), confidence(1, 0.5)])
        assert run.finished("t", "q1", "stated") == {0: {"stated", "grade"}, 1: set()}
        assert run.finished("t", "q2", "stated") == {}


def test_a_confidence_without_its_generation_does_not_close_the_run(tmp_path):
    with RunFile.create(tmp_path) as run:
        run.write([confidence(1, 0.5)])
        assert run.finished("t", "q1", "stated") == {0: {"stated"}}


def test_verdicts_alone_are_rows_too_and_what_is_unknown_is_missing(tmp_path):
    rows = {
        Grade: [[["t"], ["q1"], ["p"], [0], [None], ["incorrect"], ["file"], [None]]],
        Confidence: [[["t"], ["q1"], ["p"], [0], ["m"], [0.5], ["ok"], [None], [None]]],
    }
    with RunFile.create(tmp_path) as run:
        run.write([question(1), generation(1), grade(1, "correct")])
        run.update_manifest(name="before", complete=False)
        run.replace_rows(rows, {"name": "after"})
        (row,) = run.frame().to_dict("records")
        assert run.manifest() == {"name": "after"}
        assert list(run.questions()) == []
    known = ("task", "question_id", "protocol", "draw", "method", "value", "status", "outcome", "domain", "cluster")
    assert [row[k] for k in known] == ["t", "q1", "p", 0, "m", 0.5, "ok", "incorrect", "other", "q1"]
    assert all(row[k] != row[k] for k in ("answer", "level", "prompt_tokens", "latency", "finish_reason"))


def test_frame_has_one_row_per_generation_and_method(tmp_path):
    with RunFile.create(tmp_path) as run:
        run.write([question(1), question(2), generation(1), generation(2)])
        run.write([grade(1, "correct"), grade(2, "abstained"), confidence(1, 0.75)])
        frame = run.frame()
    assert frame["method"].tolist() == ["stated", "none"]
    assert frame["value"].iloc[0] == 0.75
    assert frame["value"].isna().iloc[1]
    assert frame["correct"].tolist() == [True, False]
    assert frame["cluster"].tolist() == ["q1", "q2"]


def test_a_frame_with_texts_holds_what_was_asked_said_and_read(tmp_path):
    with RunFile.create(tmp_path) as run:
        run.update_manifest(name="mine")
        run.write([question(1), generation(1), generation(2), grade(1, "correct"), grade(2, "abstained")])
        run.write([replace(confidence(1, 0.75), raw="75%")])
        plain, frame = run.frame(), run.frame(texts=True)
    assert frame[[*plain]].equals(plain)
    new = ["run", "question", "gold", "reasoning", "output", "raw"]
    assert {*frame} - {*plain} == {*new}
    assert frame[["run", "question", "gold", "output", "raw"]].iloc[0].tolist() == [
        "mine", "text 1", ("a",), generation(1).text, "75%",
    ]  # fmt: skip
    assert frame["question"].isna().tolist() == [False, True], "nothing is known of question 2"
    assert frame["answer_tokens"].tolist() == [2, 2]


def test_the_frame_is_ordered_by_protocol_before_question(tmp_path):
    """Unlike the tables; of a generation with two confidences, both rows have all that is known of it."""
    records = [
        replace(record, protocol=protocol)
        for i in (1, 2)
        for protocol in ("stated", "plain")
        for record in (generation(i), grade(i, "correct"), confidence(i, 0.5), replace(confidence(i, 0.25), method="b"))
    ]
    with RunFile.create(tmp_path) as run:
        run.write([question(1), *records])
        frame = run.frame()
    assert frame[["protocol", "question_id", "method"]].to_numpy().tolist() == [
        [protocol, f"q{i}", method] for protocol in ("plain", "stated") for i in (1, 2) for method in ("b", "stated")
    ]
    assert frame["value"].tolist() == [0.25, 0.5] * 4
    assert frame["latency"].tolist() == [0.25] * 8
    assert frame["domain"].tolist() == ["math", "math", "other", "other"] * 2


def test_metrics_are_replaced_not_added(tmp_path):
    row = Metric(
        task="t",
        protocol="stated",
        method="stated",
        subset="all",
        metric="ece",
        value=None,
        n_used=0,
        n_total=1,
        convention="c",
        reason="no confidence",
    )
    with RunFile.create(tmp_path) as run:
        run.replace_metrics([row])
        run.replace_metrics([row])
        assert run.metrics() == [row]


def test_second_writer_is_refused(tmp_path):
    with RunFile.create(tmp_path), pytest.raises(RunFileError, match="another calibench process"):
        RunFile.create(tmp_path)
    RunFile.create(tmp_path).close()


def test_missing_foreign_newer_and_corrupt_files_are_refused_by_name(tmp_path):
    with pytest.raises(InputError, match="no run here"):
        RunFile.open(tmp_path)
    file = tmp_path / FILE_NAME
    foreign = sqlite3.connect(file)
    foreign.execute("CREATE TABLE x (y)")
    foreign.close()
    for open_it in (RunFile.open, RunFile.create):
        with pytest.raises(RunFileError, match="not a calibench run"):
            open_it(tmp_path)
    file.write_bytes(b"these bytes are no database" * 100)
    for open_it in (RunFile.open, RunFile.create):
        with pytest.raises(RunFileError, match=r"run\.sqlite: not a readable run file"):
            open_it(tmp_path)
    file.unlink()
    with RunFile.create(tmp_path) as run:
        run.update_manifest(calibench="9.9.9")
        run._db.execute("PRAGMA user_version = 99")
    for open_it in (RunFile.open, RunFile.create):
        with pytest.raises(RunFileError, match=r"schema 99 of calibench 9\.9\.9; this is .* up to schema 4: install"):
            open_it(tmp_path)


def test_full_disk_is_a_storage_error_and_keeps_what_was_committed(tmp_path):
    with RunFile.create(tmp_path) as run:
        run.write([question(1)])
        pages = run._db.execute("PRAGMA page_count").fetchone()[0]
        run._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageError, match=r"full.*Everything committed before is kept"):
            run.write([question(i) for i in range(2, 2000)])
    with RunFile.open(tmp_path) as run:
        assert [q.question_id for q in run.questions()] == ["q1"]


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write here"):
        RunFile.create(tmp_path / "file" / "run")


def test_a_killed_writer_loses_no_committed_row(tmp_path):
    """kill -9 after a commit: the write-ahead log holds it, and the next process reads it."""
    program = (
        "import os, signal, sys; sys.path[:0] = sys.argv[2:]\n"
        "from calibench.store import RunFile\nfrom some_records import question\n"
        "run = RunFile.create(sys.argv[1])\nrun.write([question(i) for i in range(50)])\n"
        "run._db.execute('BEGIN'); run._db.execute('DELETE FROM questions')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path, ".", "tests"], capture_output=True)
    assert done.returncode == -9, done.stderr
    with RunFile.open(tmp_path) as run:
        assert len(list(run.questions())) == 50


def test_what_a_file_that_is_gone_left_behind_is_no_part_of_the_next_one(tmp_path):
    with RunFile.create(tmp_path) as run:
        run.write([question(1), generation(1)])
        left = {kind: (tmp_path / f"{FILE_NAME}-{kind}").read_bytes() for kind in ("wal", "shm")}
    (tmp_path / FILE_NAME).unlink()
    for kind, content in left.items():
        (tmp_path / f"{FILE_NAME}-{kind}").write_bytes(content)
    with RunFile.create(tmp_path) as run:
        assert list(run.questions()) == []
        run.write([question(2)])
    with RunFile.open(tmp_path) as run:
        assert list(run.questions()) == [question(2)]


def test_who_looks_while_a_run_file_is_made_finds_a_run_or_none(tmp_path):
    folders = [tmp_path / str(i) for i in range(12)]
    making = threading.Thread(target=lambda: [RunFile.create(folder).close() for folder in folders])
    making.start()
    for folder in folders:
        while True:
            with contextlib.suppress(InputError):
                RunFile.open(folder).close()
                break
    making.join()
