"""A task of lm-eval whose reader takes a form that its prompt does not ask for is found, and noted in a run of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes import FakeBackend, checkpoint_folder

from calibench import tasks
from calibench.backends import base
from calibench.cli import main
from calibench.lm_eval import theirs
from calibench.store import RunFile

# The reader is lm-eval's own of AIME: it takes a box, what stands between dollar signs, or the whole reply.
DOCUMENTS = """
from datasets import Dataset
from lm_eval.tasks.aime.utils import process_results

def documents(**_):
    rows = [{"Problem": f"What is {n} plus {n}?", "Answer": 2 * n} for n in range(5, 12)]
    return {"test": Dataset.from_list(rows)}
"""
YAML = r"""
task: TASK
custom_dataset: !function documents.documents
test_split: test
output_type: generate_until
doc_to_text: "Question: {{Problem}}\nAnswer:"
doc_to_target: "{{Answer}}"
generation_kwargs: {until: ["Question:"]}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
READERS = {
    "aime": "process_results: !function documents.process_results",
    "last_number": "filter_list: [{name: last, filter: [{function: regex, regex_pattern: '(-?[0-9]+)',"
    " group_select: -1}, {function: take_first}]}]",
    "hashes": "filter_list: [{name: hashes, filter: [{function: regex, regex_pattern: '#### ([0-9]+)'},"
    " {function: take_first}]}]",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(tasks, "SOURCES", {})
    monkeypatch.chdir(tmp_path)
    theirs.load.cache_clear()
    (tmp_path / "documents.py").write_text(DOCUMENTS)
    for name, reader in READERS.items():
        (tmp_path / f"{name}.yaml").write_text(YAML.replace("TASK", name) + reader)
    return tmp_path


def checked(capsys, name: str, *options: str) -> tuple[int, str]:
    code = main(["check-task", f"lm_eval:{name}.yaml", *options])
    return code, capsys.readouterr().out


def test_a_reader_of_boxes_is_found_where_the_prompt_leaves_the_form_open(place, capsys):
    code, out = checked(capsys, "aime", "--protocol", "stated_tags")
    assert code == 1
    assert "NOT READ AS ASKED: protocol stated_tags: the prompt leaves the form of the answer open; " in out
    assert "read: the answer and nothing else or \\boxed{...}; a right answer counts as wrong in the form of" in out
    assert checked(capsys, "aime", "--protocol", "boxed")[0] == 0


def test_a_reader_of_the_last_number_reads_all_that_a_model_may_write(place, capsys):
    code, out = checked(capsys, "last_number", "--json")
    assert code == 0
    (found,) = json.loads(out)
    assert {reading["fits"] for reading in found["readings"]} == {True}


def test_what_the_question_asks_for_by_its_own_text_must_be_read(place, capsys):
    file = place / "hashes.yaml"
    assert checked(capsys, "hashes")[0] == 1
    file.write_text(file.read_text().replace("Question:", "End with #### and the number. Question:", 1))
    (place / "said.yaml").write_text(file.read_text())
    code, out = checked(capsys, "said", "--protocol", "stated")
    assert code == 0
    assert '"#### ...": asked for and read' in out


def test_a_run_notes_that_its_answers_may_be_misread(place, capsys, monkeypatch):
    checkpoint_folder(place / "model")
    monkeypatch.setattr(base, "load", lambda name: _Sums)
    command = ["run", "model", "--tasks", "lm_eval:aime.yaml", "--out", "run"]
    assert main([*command, "--protocol", "plain"]) == 0
    assert "note: lm_eval:aime.yaml: the prompt leaves the form of the answer open; read:" in capsys.readouterr().err
    with RunFile.open("run") as run:
        assert any("counts as wrong" in note for note in run.manifest()["notes"])


class _Sums(FakeBackend):
    def __init__(self, *_arguments):
        super().__init__(lambda prompt, _: "So it is 10.")
