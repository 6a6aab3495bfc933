"""`calibench export`: what is written is read by the tools that it is for, and says what the run says."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from pathlib import Path

import msgspec
import pandas
import pytest
from some_logs import answers, every_eval_ever, lines
from some_logs import rows as logged_rows
from some_runs import DRAWS, METHODS, QUESTIONS, whole_run

from calibench.cli import main
from calibench.exchange.writers import base
from calibench.records import Grade, Question
from calibench.store import RunFile

ROWS = QUESTIONS * DRAWS
TEXTS = ("csv", "jsonl", "parquet")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = whole_run(tmp_path_factory.mktemp("runs") / "sft", "an sft", ("gsm8k", "micro_words"))
    with RunFile.create(folder) as file:
        file._db.execute("UPDATE generations SET reasoning = '=1+1,\"\n' WHERE draw = 1")
        grade = next(file.select(Grade, task="gsm8k"))
        file.replace([msgspec.structs.replace(grade, outcome="failed", answer=None)])
    assert main(["report", str(folder)]) == 0
    return folder


def export(run, to, out, *more) -> Path:
    assert main(["export", str(run), "--to", to, "--out", str(out), *more]) == 0
    return out


def metrics(run) -> dict:
    with RunFile.open(run) as file:
        return {(m.task, m.method, m.metric): m for m in file.metrics() if m.subset == "all"}


@pytest.mark.parametrize("name", base.own_names())
def test_every_writer_writes_all_or_nothing_and_tells_where(run, tmp_path, capsys, name):
    before = (run / "run.sqlite").read_bytes()
    out = export(run, name, tmp_path / "out")
    assert str(out) in capsys.readouterr().out
    files = [out] if out.is_file() else [path for path in out.rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_size for path in files)
    assert not any("partial" in path.name for path in tmp_path.rglob("*"))
    assert (run / "run.sqlite").read_bytes() == before
    assert isinstance(base.load(name), base.Writer)
    assert main(["export", str(tmp_path / "nowhere"), "--to", name, "--out", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists()
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "file").mkdir()
    place = tmp_path / ("taken/out" if out.is_dir() else "file")
    assert main(["export", str(run), "--to", name, "--out", str(place)]) in (2, 4)
    assert capsys.readouterr().err.count("calibench: ") == 2


@pytest.mark.parametrize("name", [name for name in base.own_names() if base.load(name).in_folder])
def test_a_folder_gets_the_files_when_all_are_whole_beside_what_it_holds(run, tmp_path, monkeypatch, name):
    folder = tmp_path / "out"
    (folder / ".exporting").mkdir(parents=True)
    (folder / ".exporting" / "of one that was killed").touch()
    (folder / "mine").touch()
    writer = base.load(name)

    def stops(content, path):
        writer.write(content, path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(base, "load", lambda _: writer._replace(write=stops))
    assert main(["export", str(run), "--to", name, "--out", str(folder)]) == 4
    assert [file.name for file in folder.rglob("*")] == ["mine"]
    monkeypatch.setattr(base, "load", lambda _: writer)
    export(run, name, folder)
    assert {"mine"} < {file.name for file in folder.rglob("*")}
    assert not (folder / ".exporting").exists()


@pytest.mark.parametrize("name", [name for name in base.own_names() if base.load(name).in_folder])
def test_a_set_that_is_stopped_between_two_places_says_so_and_is_completed(run, tmp_path, monkeypatch, capsys, name):
    def held(folder):
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    n, folder, move, moves = len(held(export(run, name, tmp_path / "whole"))), tmp_path / "out", os.replace, []

    def stops(source, place):
        if ".exported" in Path(source).parts:
            moves.append(place)
            if len(moves) == n:
                raise KeyboardInterrupt
        move(source, place)

    monkeypatch.setattr(os, "replace", stops)
    command = ["export", str(run), "--to", name, "--out", str(folder)]
    assert main(command) == 130
    monkeypatch.undo()
    stopped = held(folder)
    assert (len(stopped), len([file for file in stopped if file.startswith(".exported/")])) == (n, 1)
    capsys.readouterr()
    assert main(command) == 0
    assert "files of an export that was stopped" in capsys.readouterr().err
    assert held(folder) >= {file.removeprefix(".exported/") for file in stopped}
    assert [path.name for path in folder.rglob(".export*")] == []


def test_a_link_is_no_folder_of_an_export(run, tmp_path, capsys):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").touch()
    for name in (".exporting", ".exported"):
        folder = tmp_path / f"out{name}"
        folder.mkdir()
        (folder / name).symlink_to(mine)
        assert main(["export", str(run), "--to", "lm-eval", "--out", str(folder)]) == 4
        assert f"{folder / name}: cannot write here (expected a folder, found a link)" in capsys.readouterr().err
    assert [path.name for path in mine.iterdir()] == ["file"]


def read(path: Path) -> list[dict]:
    if path.suffix == ".parquet":
        from pyarrow import parquet

        return parquet.read_table(path).to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return list(csv.DictReader(io.StringIO(path.read_text(), newline="")))


@pytest.mark.parametrize("name", TEXTS)
def test_a_row_has_everything_that_is_known_of_a_draw(run, tmp_path, name):
    rows = read(export(run, name, tmp_path / f"out.{name}"))
    assert len(rows) == 2 * ROWS
    with RunFile.open(run) as file:
        question = file.question("gsm8k", rows[1]["question_id"])
        generation, grade, readings = file.answer("gsm8k", question.question_id, "stated", 1)
    row, empty, flag = rows[1], *(("", "true") if name == "csv" else (None, True))
    assert (row["task"], int(row["draw"]), row["run"], row["model"]) == ("gsm8k", 1, "an sft", "a model")
    reasoning = '=1+1,"\n'
    assert row["reasoning"] == (f"'{reasoning}" if name == "csv" else reasoning)
    assert (row["question"], row["output"]) == (question.text, generation.text)
    assert row["gold"] == (json.dumps(list(question.gold)) if name == "csv" else list(question.gold))
    assert (row["answer"], row["outcome"], row["grader"]) == (grade.answer, grade.outcome, grade.grader)
    assert row["correct"] == (flag if grade.outcome == "correct" else "false" if name == "csv" else False)
    assert (rows[0]["outcome"], rows[0]["correct"]) == ("failed", empty)
    for reading in readings:
        assert float(row[f"confidence.{reading.method}"]) == reading.value
        assert (row[f"status.{reading.method}"], row[f"raw.{reading.method}"]) == ("ok", reading.raw)
    assert int(row["prompt_tokens"]) == generation.prompt_tokens
    assert float(row["latency"]) == generation.latency


@pytest.mark.parametrize("name", TEXTS)
def test_rows_of_predictions_without_texts(tmp_path, name):
    (tmp_path / "mine.csv").write_text("confidence,correct\n0.9,1\n0.25,0\n")
    assert main(["score", str(tmp_path / "mine.csv"), "--out", str(tmp_path / "run")]) == 0
    rows = read(export(tmp_path / "run", name, tmp_path / f"out.{name}"))
    assert [float(row["confidence.confidence"]) for row in rows] == [0.9, 0.25]
    assert [str(row["correct"]).lower() for row in rows] == ["true", "false"]
    for other in ("lm-eval",):
        assert main(["export", str(tmp_path / "run"), "--to", other, "--out", str(tmp_path / other)]) == 2


@pytest.mark.parametrize("name", ["markdown", "latex"])
def test_tables_have_the_numbers_of_the_page_to_the_last_digit(run, tmp_path, name):
    page = (run / "report.html").read_text()
    text = export(run, name, tmp_path / "out").read_text()
    text = text.replace("{[}", "[").replace("{]}", "]").replace("$-$", "\u2212")
    shown = set(re.findall(r"\d\.\d{3} \[[^]]*\]", text))
    assert len(shown) > 20
    assert [cell for cell in shown if not all(part in page for part in re.findall(r"[\d.]+", cell))] == []
    of = metrics(run)["macro", "stated", "ece"]
    assert f"{of.value:.3f} [{of.low:.3f}, {of.high:.3f}]" in shown


def test_lm_eval_shows_the_results_and_finds_the_samples(run, tmp_path):
    from lm_eval.utils import get_latest_filename, get_results_filenames, get_sample_results_filenames, make_table

    out = export(run, "lm-eval", tmp_path / "log")
    names = list(map(str, out.iterdir()))
    results = json.loads(Path(get_latest_filename(get_results_filenames(names))).read_text())
    value = metrics(run)["gsm8k", "stated", "accuracy"].value
    assert results["results"]["calibench_gsm8k"]["exact_match,none"] == value
    assert f"{value:.4f}" in make_table(results)
    (samples,) = (name for name in get_sample_results_filenames(names) if "_gsm8k_" in name)
    rows = [json.loads(line) for line in Path(samples).read_text().splitlines()]
    assert [len(row["resps"][0]) for row in rows] == [1, *[DRAWS] * (QUESTIONS - 1)]
    with RunFile.open(run) as file:
        known = list(file.questions("gsm8k"))
    assert [msgspec.json.decode(row["doc"]["question"], type=Question) for row in rows] == known


# Required fields of the schemas of Every Eval Ever 0.3.0, whose own validator accepts such a folder: docs/export.md.
_AGGREGATE = {
    "schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata", "eval_library", "model_info",
    "evaluation_results",
}  # fmt: skip
_INSTANCE = {
    "schema_version", "evaluation_id", "model_id", "evaluation_name", "sample_id", "interaction_type", "input",
    "answer_attribution", "evaluation",
}  # fmt: skip


def test_every_eval_ever_has_its_fields_and_the_numbers(run, tmp_path):
    out = export(run, "eee", tmp_path / "eee")
    (path,) = out.glob("data/*/*/*/*.json")
    aggregate = json.loads(path.read_text())
    assert aggregate.keys() >= _AGGREGATE
    known = metrics(run)
    found = {result["evaluation_result_id"]: result for result in aggregate["evaluation_results"]}
    assert len(found) == len(aggregate["evaluation_results"]) == 2 * (1 + 4 * len(METHODS))
    ece, of = found["gsm8k/stated/p_true/ece"], known["gsm8k", "p_true", "ece"]
    assert ece["score_details"]["score"] == of.value
    ends = ece["score_details"]["uncertainty"]["confidence_interval"]
    assert (ends["lower"], ends["upper"]) == (of.low, of.high)
    assert ece["metric_config"]["lower_is_better"] is True
    assert ece["source_data"]["hf_repo"] == "openai/gsm8k"
    of_samples = aggregate["detailed_evaluation_results"]
    samples = (out / of_samples["file_path"]).read_bytes()
    assert (hashlib.sha256(samples).hexdigest(), samples.count(b"\n")) == (of_samples["checksum"], 2 * ROWS - 1)
    for line in samples.splitlines():
        row = json.loads(line)
        assert row.keys() >= _INSTANCE
        assert row["evaluation_result_id"] in found
        assert all(isinstance(value, str) for value in row["metadata"].values())
    right = [json.loads(line)["evaluation"]["is_correct"] for line in samples.splitlines() if b'"gsm8k"' in line]
    assert sum(right) / len(right) == known["gsm8k", "stated", "accuracy"].value


def test_the_hub_reads_its_evaluation_results(run, tmp_path, capsys):
    import yaml
    from huggingface_hub import parse_eval_result_entries

    out = export(run, "hf-eval-results", tmp_path / "hub")
    assert "micro_words has no data set on the hub" in capsys.readouterr().err
    (file,) = (out / ".eval_results").iterdir()
    (entry,) = parse_eval_result_entries(yaml.safe_load(file.read_text()))
    of = metrics(run)
    assert (entry.dataset_id, entry.value) == ("openai/gsm8k", of["gsm8k", "stated", "accuracy"].value)
    for method in METHODS:
        assert f"confidence {method}: ECE {of['gsm8k', method, 'ece'].value:.3f} [" in entry.notes


def test_an_unknown_format_is_named_with_the_nearest(run, tmp_path, capsys):
    assert main(["export", str(run), "--to", "lmeval", "--out", str(tmp_path / "out")]) == 2
    assert "unknown export format 'lmeval'. Did you mean lm_eval" in capsys.readouterr().err


_TABLE = (
    *("--text", "output", "--question", "question_id", "--group", "task", "--model", "model"),
    *("--protocol", "stated"),
)
BACK = {
    "parquet": _TABLE,
    "jsonl": (*_TABLE, "--format", "table"),
    "csv": _TABLE,
    "lm-eval": (),
    "eee": ("--protocol", "stated"),
}
"""Format that has texts -> what its import needs besides."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """A run with two draws of a model's answers, of which the second are those to other questions, less sure."""
    folder = tmp_path_factory.mktemp("drawn")
    (log,), options, _ = every_eval_ever(folder)
    texts = [answer.text for answer in answers()]
    records = logged_rows(log)
    for i, record in enumerate(records):
        record["output"]["raw"] = [texts[i], re.sub(r"\d+%", f"{40 + i}%", texts[i - 1])]
    assert main(["import", str(lines(log, records)), *options, "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.mark.parametrize("name", BACK)
def test_what_is_written_is_read_back_as_the_same_run(drawn, tmp_path, name):
    out = export(drawn, name, tmp_path / f"out.{name}")
    files = [out] if out.is_file() else sorted(out.rglob("*samples*"))
    assert main(["import", *map(str, files), *BACK[name], "--out", str(tmp_path / "again")]) == 0
    columns = ["task", "question_id", "draw", "method", "outcome", "answer", "status", "value", "correct"]
    with RunFile.open(drawn) as first, RunFile.open(tmp_path / "again") as second:
        one, other = (run.frame()[columns].sort_values(columns[:4], ignore_index=True) for run in (first, second))
    assert len(one) == 2 * len(answers())
    assert one["outcome"].nunique() > 1
    pandas.testing.assert_frame_equal(one, other)
    assert {k: m.value for k, m in metrics(drawn).items()} == {
        k: m.value for k, m in metrics(tmp_path / "again").items()
    }
