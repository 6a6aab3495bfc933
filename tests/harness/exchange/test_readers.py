"""The contract of all formats of logs: what is told of the same answers, and of a log that is damaged."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from some_logs import LOGS, WRITERS, Written, answers, lines, rows

from calibench.cli import main
from calibench.errors import CalibenchError
from calibench.exchange.readers import base as readers
from calibench.metrics.scorecard import scorecard
from calibench.store import RunFile

FORMATS = sorted(readers.names())


@pytest.fixture
def log(request, tmp_path) -> Written:
    folder = tmp_path / "log"
    folder.mkdir()
    return WRITERS[request.param](folder)


def own(*tasks: str) -> pd.DataFrame:
    """What a run on vLLM says of the questions that the logs are about."""
    found = pd.read_csv(LOGS / "own.csv", dtype={"question_id": str})
    return found[found["task"].isin(tasks)].reset_index(drop=True)


def numbers(frame: pd.DataFrame) -> dict[tuple[str, ...], tuple[float | None, ...]]:
    return {
        (m.task, m.protocol, m.method, m.subset, m.metric): (m.value, m.low, m.high)
        for m in scorecard(frame, seed=0).metrics
    }


def require_same(out: Path, wanted: pd.DataFrame) -> None:
    """Every number of the scorecard, intervals included."""
    with RunFile.open(out) as run:
        found = numbers(run.frame())
    expected = numbers(wanted)
    assert found.keys() == expected.keys()
    assert found == {key: pytest.approx(value, abs=1e-9) for key, value in expected.items()}


def test_every_format_has_a_log_here():
    assert list(WRITERS) == FORMATS


@pytest.mark.parametrize("log", FORMATS, indirect=True)
def test_a_log_has_the_numbers_of_our_own_run_of_the_same_generations(log, tmp_path, capsys):
    assert main(["import", *map(str, log.files), *log.options, "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().err
    wanted = own("micro_facts")
    if log.files[0].suffix != ".eval":
        wanted = wanted[wanted["question_id"].isin([answer.question_id for answer in answers()])]
    # With levels and subjects: the questions are those of the task, wherever the log has its gold from.
    require_same(tmp_path / "run", wanted)
    if "--correct" not in log.options and log.files[0].name != "out.jsonl":
        assert "verdicts (" in told


@pytest.mark.parametrize("log", [name for name in FORMATS if name != "table"], indirect=True)
def test_a_log_is_recognized_by_its_content_and_by_one_reader(log, tmp_path):
    for file in log.files:
        renamed = shutil.copy(file, tmp_path / f"x{file.suffix}")
        start = readers.start_of(Path(renamed))
        assert [name for name in FORMATS if readers.load(name).recognizes(start)] == [
            next(name for name in FORMATS if readers.load(name).recognizes(readers.start_of(file)))
        ]


@pytest.mark.parametrize("log", FORMATS, indirect=True)
def test_an_empty_log_is_refused_by_name(log, tmp_path, capsys):
    log.files[0].write_bytes(b"")
    name = log.files[0].name
    assert refused([str(log.files[0])], tmp_path, capsys).count(name) == 1


@pytest.mark.parametrize("log", FORMATS, indirect=True)
@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_a_log_that_is_cut_off_is_never_taken_for_a_whole_one(log, cut, tmp_path):
    """It is refused, or what is left out is told; what is read are answers of the log."""
    file = log.files[0]
    name = readers.recognized(file) or "table"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * cut) - 7])
    told: list[str] = []
    whole = {answer.text for answer in answers()}
    read = None
    said = ""
    try:
        read = [*readers.load(name).read(log.files, told.append, {"text": "output", "question": "id"}).answers]
    except CalibenchError as error:
        said = str(error)
    assert str(file) in (said or "; ".join(told))
    if read is not None:
        assert 0 < len(read) < len(answers())
        assert {answer.text for answer in read} <= whole


@pytest.mark.parametrize("log", [name for name in FORMATS if name != "simple_evals"], indirect=True)
def test_what_an_answer_lacks_is_named_with_its_place(log, tmp_path, capsys):
    file = log.files[0]
    if file.suffix == ".eval":
        with zipfile.ZipFile(tmp_path / "log.eval", "w") as archive:
            sample = {"id": "a", "input": "What?", "target": "b"}
            header = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}}
            archive.writestr("header.json", json.dumps(header))
            archive.writestr("_journal/start.json", json.dumps(header))
            archive.writestr("samples/a_epoch_1.json", json.dumps(sample))
        file, place = tmp_path / "log.eval", "samples/a_epoch_1.json"
    elif file.suffix == ".json":
        state = json.loads(file.read_text())
        del state["request_states"][3]["instance"]
        file.write_text(json.dumps(state, indent=2))
        place = "request_states[3]"
    else:
        some = rows(file)
        del some[3][log.field]
        lines(file, some)
        place = "row 4" if log.field == "output" else "line 4"
    said = refused([str(file), *log.options], tmp_path, capsys)
    assert place in said
    assert log.field in said


def refused(arguments: list[str], tmp_path: Path, capsys) -> str:
    """What is said by an import that leaves nothing behind."""
    out = tmp_path / "refused"
    assert main(["import", *arguments, "--out", str(out)]) == 2
    assert not list(out.glob("**/*.sqlite"))
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def _archive(folder: Path, *samples: tuple[str, dict], version: bytes = b"", flags: bytes = b"") -> Path:
    """A log of Inspect's with these samples by the names of their members; its directory says these bytes."""
    header = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}}
    with zipfile.ZipFile(folder / "log.eval", "w") as archive:
        for name, content in (("header.json", header), *samples):
            archive.writestr(name, json.dumps(content))
    content = bytearray((folder / "log.eval").read_bytes())
    entry = content.find(b"PK\x01\x02")
    content[entry + 6 : entry + 6 + len(version)] = version
    content[entry + 8 : entry + 8 + len(flags)] = flags
    (folder / "log.eval").write_bytes(content)
    return folder / "log.eval"


def _sample(identifier: str = "a", **changed: object) -> dict:
    output = {"choices": [{"message": {"content": "Answer: b"}}]}
    scores = {"match": {"value": "C"}}
    return {"id": identifier, "epoch": 1, "input": "?", "target": "b", "output": output, "scores": scores, **changed}


@pytest.mark.parametrize(
    ("sample", "directory", "said"),
    [
        ({}, {"flags": b"\x01\x00"}, "is encrypted, password required"),
        ({}, {"version": b"\x63\x00"}, "not a readable archive (zip file version 9.9)"),
        ({"epoch": 0}, {}, "samples/a.json: field draw: Expected `int` >= 0"),
        ({"epoch": 10**18}, {}, "samples/a.json: field draw: Expected `int` <="),
        ({"epoch": "x"}, {}, "samples/a.json: field epoch: Expected `int`"),
        ({"output": {"usage": {"input_tokens": 10**17}, **_sample()["output"]}}, {}, "a.json: field prompt_tokens"),
    ],
)  # fmt: skip
def test_what_no_log_says_is_refused_and_leaves_no_run(sample, directory, said, tmp_path, capsys):
    file = _archive(tmp_path, ("samples/a.json", _sample(**sample)), **directory)
    assert main(["import", str(file), "--out", str(tmp_path / "run")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run" / "run.sqlite").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_samples_of_one_name_are_all_read(tmp_path, capsys):
    """The ZIP format allows it; the second is no answer that nobody sees."""
    file = _archive(
        tmp_path, *((f"samples/{name}.json", _sample(i)) for name, i in (("a", "a"), ("a", "b"), ("c", "c")))
    )
    assert main(["import", str(file), "--out", str(tmp_path / "run")]) == 0
    with RunFile.open(tmp_path / "run") as run:
        assert sorted(question.question_id for question in run.questions()) == ["a", "b", "c"]
