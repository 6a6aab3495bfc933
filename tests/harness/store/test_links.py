"""Links in folders of strangers: nothing is written through one, and nothing of this machine is copied by one."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from fake_runs import add
from fakes import FakeBackend, tiny_checkpoint
from matplotlib.figure import Figure
from some_runs import whole_run

from calibench.cli import main
from calibench.errors import ModelError, RunFileError, StorageError
from calibench.errors.secrets import Log
from calibench.finetune import averaging, stage
from calibench.model import is_inside, resolve
from calibench.reports import figures
from calibench.store import LOCK, RunFile


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.txt"
    file.write_text("of the user\n")
    return file


@pytest.fixture
def whole_file(tmp_path: Path) -> Path:
    return whole_run(tmp_path / "whole") / "run.sqlite"


@pytest.mark.parametrize("name", [".report.html.partial", ".scorecard.json.partial", "report.html", "scorecard.json"])
def test_a_report_leaves_what_a_link_leads_to(launch, mine, name):
    launch(FakeBackend(add), limit=2)
    (launch.out / name).unlink(missing_ok=True)
    (launch.out / name).symlink_to(mine)
    assert main(["report", str(launch.out)]) == 0
    assert mine.read_text() == "of the user\n"
    assert (launch.out / "report.html").read_text().startswith("<!")


@pytest.mark.parametrize("name", ["run.sqlite", "run.sqlite-wal", "run.sqlite-journal", "run.sqlite-shm", LOCK])
def test_a_run_of_links_is_not_written_to(tmp_path, mine, name):
    folder = tmp_path / "run"
    RunFile.create(folder).close()
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(mine)
    with pytest.raises((RunFileError, StorageError), match=r"found a link|cannot write here"):
        RunFile.create(folder)
    assert mine.read_text() == "of the user\n"


def test_a_journal_removes_no_other_file(whole_file, mine):
    """SQLite ends the rollback of a transaction over several databases by removing the file that its journal names."""
    magic = bytes.fromhex("d9d505f920a163d7")  # https://sqlite.org/fileformat2.html#the_rollback_journal
    name = str(mine).encode()
    header = struct.pack(">8s5I", magic, 0, 1, 10, 512, 4096).ljust(512, b"\0")
    super_journal = struct.pack(">I", 2**30 // 4096 + 1) + name + struct.pack(">2I8s", len(name), sum(name), magic)
    journal = whole_file.with_name("run.sqlite-journal")
    journal.write_bytes(header + super_journal)
    with pytest.raises(RunFileError, match=r"run\.sqlite-journal: .* names another file"):
        RunFile.create(whole_file.parent)
    assert main(["report", str(whole_file.parent)]) == 3
    assert mine.read_text() == "of the user\n"


def test_neither_log_nor_figure_is_written_through_a_link(tmp_path, mine):
    (tmp_path / "engine.log").symlink_to(mine)
    with pytest.raises(OSError, match="symbolic links"):
        Log(tmp_path / "engine.log")
    (tmp_path / ".x.svg.partial").symlink_to(mine)
    figures.save(Figure(), tmp_path / "x.svg")
    assert mine.read_text() == "of the user\n"


def test_a_checkpoint_made_of_another_holds_no_file_that_lies_elsewhere(tmp_path, mine):
    from transformers import AutoModelForCausalLM

    parent = tiny_checkpoint(tmp_path / "parent")
    (parent / "notes.json").symlink_to(mine)
    (parent / "own.json").symlink_to("config.json")
    mine.write_text('{"mine": 1}')
    (parent / "generation_config.json").unlink(missing_ok=True)
    (parent / "generation_config.json").symlink_to(mine)
    loaded = AutoModelForCausalLM.from_pretrained(parent, trust_remote_code=False)
    trained, merged = tmp_path / "trained", tmp_path / "merged"
    trained.mkdir()
    stage.save(trained, loaded, parent, [], trust_remote_code=False)
    averaging.merge([parent, parent], [1.0, 1.0], merged, trust_remote_code=False)
    for made in (trained / stage.CHECKPOINT, merged):
        assert (made / "own.json").is_file()
        assert not (made / "notes.json").exists()
        assert not [file for file in made.glob("*.json") if '"mine"' in file.read_text()]


def test_a_lineage_that_lies_elsewhere_is_refused(tmp_path, mine):
    parent = tiny_checkpoint(tmp_path / "parent")
    mine.write_text('{"mine": 1}')
    (parent / "lineage.json").symlink_to(mine)
    with pytest.raises(ModelError, match=r"lineage.json: expected a file, found a link to one elsewhere"):
        resolve(str(parent)).lineage()


def test_a_snapshot_of_the_hub_is_links_to_its_own_files(tmp_path):
    snapshot = tmp_path / "models--o--m" / "snapshots" / "0123"
    blob = tmp_path / "models--o--m" / "blobs" / "4567"
    for folder in (snapshot, blob.parent):
        folder.mkdir(parents=True)
    blob.write_text("{}")
    (snapshot / "config.json").symlink_to(os.path.relpath(blob, snapshot))
    assert is_inside(snapshot / "config.json", snapshot)
    named_so = tmp_path / "snapshots" / "0123"
    named_so.mkdir(parents=True)
    (named_so / "config.json").symlink_to(blob)
    assert not is_inside(named_so / "config.json", named_so)
